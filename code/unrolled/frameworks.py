"""How the library loads TensorFlow and Keras where it needs PyTorch too."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
from contextlib import suppress
from types import ModuleType


def keras() -> ModuleType:
    """Import Keras on TensorFlow; see `tensorflow`."""
    tensorflow()
    return importlib.import_module("keras")


def tensorflow() -> ModuleType:
    """Import TensorFlow quietly, after PyTorch: the other order can crash.

    Its notices about processors and retraced functions say nothing about a result. Of a GPU's
    memory it then takes what it needs; left alone it takes all at first use, and PyTorch, or a
    second process, finds none.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    if importlib.util.find_spec("torch"):
        importlib.import_module("torch")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    loaded = importlib.import_module("tensorflow")
    for card in loaded.config.list_physical_devices("GPU"):
        with suppress(RuntimeError, ValueError):  # in use already, or divided up by the reader
            loaded.config.experimental.set_memory_growth(card, True)
    return loaded
