"""What this machine has, and the command that mends what is missing (`unrolled doctor`)."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import dataclass

from unrolled import __version__, assignments, mnist, store

EXTRAS = {"torch": "torch", "tensorflow": "tensorflow", "keras": "tensorflow"}


@dataclass
class Item:
    """One line of the report: what was looked for, what was found, and the remedy, if any."""

    name: str
    found: str
    remedy: str = ""


def version(package: str) -> str:
    """Return a package's version, or an empty string."""
    for name in (package, f"{package}-cpu"):  # TensorFlow's CPU build has a name of its own
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return ""


def examine() -> list[Item]:
    """Look at versions, devices, data, profile and store."""
    report = [
        Item("unrolled", f"{__version__}, Python {platform.python_version()}"),
        Item("machine", f"{platform.system()} {platform.machine()}, {os.cpu_count()} threads"),
    ]
    for package in ("numpy", "matplotlib", "sympy", "torch", "tensorflow", "keras"):
        found = version(package)
        remedy = f"pip install 'unrolled[{EXTRAS[package]}]'" if package in EXTRAS else ""
        report.append(Item(package, found or "not installed", "" if found else remedy))
    return [*report, device(), data(), profile(), runs_folder()]


def device() -> Item:
    """Say whether PyTorch sees a GPU."""
    if not version("torch"):
        return Item("device", "unknown without PyTorch")
    import torch

    if torch.cuda.is_available():
        return Item("device", f"cuda: {torch.cuda.get_device_name()}")
    return Item("device", "cpu (no CUDA device)")


def data() -> Item:
    """Say which MNIST there is."""
    try:
        found = mnist.find()
    except (ValueError, OSError) as error:
        return Item("data", str(error), "mend or unset UNROLLED_DATA")
    remedy = "" if found.kind == "real" else "set UNROLLED_DATA to a folder with MNIST's four files"
    return Item("data", found.message, remedy)


def profile() -> Item:
    """Say which profile is set."""
    try:
        return Item("profile", assignments.profile().name)
    except ValueError as error:
        return Item("profile", str(error), "set UNROLLED_PROFILE to smoke, cpu or gpu")


def runs_folder() -> Item:
    """Say how many runs are stored, and where."""
    folder = store.folder_of_store()
    kept = len(list(folder.glob("*/record.json"))) if folder.is_dir() else 0
    writable = os.access(next(p for p in (folder, *folder.parents) if p.exists()), os.W_OK)
    remedy = "" if writable else "set UNROLLED_RUNS to a folder you may write in"
    return Item("runs", f"{kept} stored in {folder}", remedy)
