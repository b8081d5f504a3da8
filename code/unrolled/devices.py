"""Where a network is trained: one choice by name, for PyTorch and TensorFlow alike.

A device is called "cpu", "cuda" (the first GPU) or "cuda:1" (the second), whichever framework is
asked. PyTorch's loops put their tensors where they are told; TensorFlow takes the place from a
scope, which `placed` opens. What is NumPy runs on the CPU and says so.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from contextlib import contextmanager

from unrolled import assignments, frameworks

LIBRARIES = {"torch": "PyTorch", "keras": "TensorFlow"}  # those that know what a GPU is
CARD = re.compile(r"cuda(?::(\d+))?")


def choose(name: str | None = None, *, framework: str = "torch", profile: str | None = None) -> str:
    """Return the device to train on: "cpu", "cuda" or "cuda:1".

    Without a name it is the GPU under the profile `gpu` where the framework sees one, and the CPU
    otherwise: networks this small are faster there.

    Args:
        name: what was asked for.
        framework: "torch", "keras" or "numpy".
        profile: how much is run; UNROLLED_PROFILE's without it.

    Raises:
        ValueError: the name is unknown, there is no such device here, or the model is NumPy and a
            GPU was asked for.
    """
    if name is None:
        wanted = assignments.profile(profile).name == "gpu"
        return "cuda" if wanted and cards(framework) else "cpu"
    if name == "cpu":
        return name
    if not CARD.fullmatch(name):
        raise ValueError(f"device: expected cpu, cuda or cuda:N, the card's number, got {name!r}")
    if framework not in LIBRARIES:
        raise ValueError(f"device: NumPy networks run on cpu and on nothing else, got {name!r}")
    here = [f"cuda:{number}" for number in range(len(cards(framework)))]
    if _number(name) >= len(here):
        found = f"{LIBRARIES[framework]} finds {', '.join(here) or 'no CUDA device'} here"
        raise ValueError(f"device: {name} was asked for, but {found}")
    return name


def cards(framework: str) -> list[str]:
    """Return the names of the GPUs that a framework sees; NumPy sees none."""
    if framework == "torch":
        import torch

        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        return [torch.cuda.get_device_name(n) for n in range(count)]
    if framework == "keras":
        config = frameworks.tensorflow().config
        details = map(config.experimental.get_device_details, config.get_visible_devices("GPU"))
        return [known.get("device_name", "a GPU without a name") for known in details]
    return []


def seen() -> dict[str, list[str] | None]:
    """Return the GPUs that each library sees, by name; None for one that is not installed."""
    packages = {"torch": "torch", "keras": "tensorflow"}
    return {
        library: cards(framework) if importlib.util.find_spec(packages[framework]) else None
        for framework, library in LIBRARIES.items()
    }


def card(device: str, framework: str) -> str:
    """Return the name of the GPU that a framework calls `device`, for a record."""
    return cards(framework)[_number(device)]


@contextmanager
def placed(device: str, framework: str) -> Iterator[str | None]:
    """Let a model be built and trained on a device, and yield what its loop is to be told.

    Args:
        device: as `choose` returned it.
        framework: "torch", "keras" or "numpy". TensorFlow's loops are told nothing: the scope holds
            for all that is made in the block, the graphs that are traced in it among that.
    """
    if framework != "keras":
        yield device
        return
    place = "/CPU:0" if device == "cpu" else f"/GPU:{_number(device)}"
    with frameworks.tensorflow().device(place):
        yield None


def _number(device: str) -> int:
    match = CARD.fullmatch(device)
    return int(match[1] or 0) if match else 0
