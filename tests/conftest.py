"""What must be set before NumPy, PyTorch or TensorFlow is imported: one thread, and little talk."""

import os

for name, value in {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "OMP_NUM_THREADS": "1",
    "MPLBACKEND": "Agg",
}.items():
    os.environ[name] = value

# Fragments of exercises: read by test_answers.py, and never on their own.
collect_ignore = ["wrong"]
