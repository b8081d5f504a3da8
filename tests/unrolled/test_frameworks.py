"""TensorFlow comes after PyTorch, whoever asks for it, and keeps quiet."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("name", ["keras", "tensorflow"])
def test_tensorflow_is_loaded_after_torch_and_warns_of_no_retracing(name):
    probe = (
        "import sys; from unrolled import frameworks; "
        f"module = frameworks.{name}(); loaded = list(sys.modules); "
        "print(module.__name__, loaded.index('torch') < loaded.index('tensorflow')); "
        "import tensorflow as tf; "
        "[tf.function(lambda x: x + 1)(tf.constant(n)) for n in range(8)]"
    )
    environment = {"PATH": "", "HOME": ""}
    done = subprocess.run(
        [sys.executable, "-c", probe], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [name, "True"]
    assert "retracing" not in done.stderr  # the oneDNN notice of its start cannot be switched off
