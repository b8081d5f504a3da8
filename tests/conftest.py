"""What must be set before NumPy, PyTorch or TensorFlow is imported: one thread, and little talk."""

import os
import sys

for name, value in {
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "OMP_NUM_THREADS": "1",
    "MPLBACKEND": "Agg",
}.items():
    os.environ[name] = value


def pytest_runtest_setup(item):
    """Give every test the floats of the standard, whichever module was imported before it.

    `unrolled.torch_training` lets PyTorch flush denormal numbers to zero, and that holds for the
    whole process; Hypothesis rightly refuses to draw floats then.
    """
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)
