"""How the library loads TensorFlow and Keras where it needs PyTorch too."""

from __future__ import annotations

import importlib
import logging
import os
from types import ModuleType


def keras() -> ModuleType:
    """Import Keras on TensorFlow; see `tensorflow`."""
    tensorflow()
    return importlib.import_module("keras")


def tensorflow() -> ModuleType:
    """Import TensorFlow quietly, after PyTorch: the other order can crash.

    Its notices about processors and retraced functions say nothing about a result.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    importlib.import_module("torch")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return importlib.import_module("tensorflow")
