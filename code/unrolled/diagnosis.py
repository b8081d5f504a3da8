"""What this machine has, and the command that mends what is missing (`unrolled doctor`)."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shlex
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from unrolled import __version__, assignments, mnist, store

NEEDED = {
    "numpy": "",
    "sympy": "",
    "matplotlib": "",
    "torch": "torch",
    "tensorflow": "tensorflow",
    "keras": "tensorflow",
}
OPTIONAL = {
    "numba": ("fast", "the NumPy cells run several times slower"),
    "onnx": ("onnx", "networks cannot be written for other programs"),
    "distributed": ("cluster", "sweeps stay on one machine"),
}


PROBES = {
    "torch": """import torch
for card in range(torch.cuda.device_count()):
    print(torch.cuda.get_device_name(card))""",
    "tensorflow": """import tensorflow as tf
for card in tf.config.list_physical_devices("GPU"):
    print(tf.config.experimental.get_device_details(card).get("device_name", card.name))""",
}


@dataclass
class Item:
    """One line of the report.

    Args:
        name: what was looked for.
        found: what was found.
        remedy: the command that mends it; empty if nothing is to be mended.
        optional: whether all of the book's models run without it.
    """

    name: str
    found: str
    remedy: str = ""
    optional: bool = False


def examine() -> list[Item]:
    """Look at versions, devices, data, profile, store and, in a checkout of the book, its build.

    Nothing is downloaded or mended. PyTorch and TensorFlow are loaded, if installed, to see the
    devices that they see; it takes seconds, and the report says how many.
    """
    report = [
        Item("unrolled", f"{__version__}, Python {platform.python_version()} ({sys.executable})"),
        Item("machine", f"{platform.system()} {platform.machine()}, {os.cpu_count()} threads"),
    ]
    report += [package(name, extra) for name, extra in NEEDED.items()]
    for name, (extra, without) in OPTIONAL.items():
        report.append(package(name, extra, without))
    kept = runs("runs", store.folder_of_store())
    return [*report, *devices(), data(), profile(), kept, *book(Path.cwd())]


def missing(report: list[Item]) -> list[Item]:
    """Return the items of a report that have to be mended."""
    return [item for item in report if item.remedy and not item.optional]


def distribution(package: str) -> str:
    """Return the name under which a package is installed, or an empty string."""
    for name in (package, f"{package}-cpu"):  # TensorFlow's CPU build has a name of its own
        with suppress(importlib.metadata.PackageNotFoundError):
            importlib.metadata.version(name)
            return name
    return ""


def version(package: str) -> str:
    """Return a package's version, or an empty string."""
    name = distribution(package)
    return importlib.metadata.version(name) if name else ""


def package(name: str, extra: str = "", without: str = "") -> Item:
    """Say which version of a package is installed; `without` says what is lost if none is."""
    found = version(name)
    if found:
        return Item(name, found)
    told = f"not installed (optional: {without})" if without else "not installed"
    return Item(name, told, install(f"unrolled[{extra}]" if extra else name), bool(without))


def install(*what: str) -> str:
    """Return the command that installs into this very Python."""
    return shlex.join([sys.executable, "-m", "pip", "install", *what])


def devices() -> list[Item]:
    """Say what PyTorch and TensorFlow compute on, each only if it is installed."""
    found = [device(name, probe) for name, probe in PROBES.items() if version(name)]
    return found or [Item("devices", "CPU; no framework is installed that could use a GPU")]


def device(name: str, probe: str) -> Item:
    """Say which GPUs a framework sees, and how long it took to ask.

    It is asked in a process of its own: what it prints when it is loaded, and a crash, stay there.
    If it is installed but cannot be loaded, the remedy installs the same version again, and
    nothing that it depends on.
    """
    begin = time.perf_counter()
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    if run.returncode:
        last = (run.stderr.strip() or f"exit status {run.returncode}").splitlines()[-1]
        exact = f"{distribution(name)}=={version(name)}"
        again = install("--force-reinstall", "--no-deps", exact)
        return Item(f"{name} on", f"cannot be loaded: {last}", again)
    gpus = ", ".join(f"cuda: {line}" for line in run.stdout.splitlines())
    took = f"asked in {time.perf_counter() - begin:.0f} s"
    return Item(f"{name} on", f"{gpus or 'CPU, no CUDA device'} ({took})")


def folder_of_data() -> Path:
    """Return the folder in which MNIST is looked for: UNROLLED_DATA, or one in the user's cache."""
    named = os.environ.get("UNROLLED_DATA")
    if named:
        return Path(named).expanduser()
    return Path(platformdirs.user_cache_dir("unrolled")) / "mnist"


def data() -> Item:
    """Say which MNIST there is, without downloading any."""
    try:
        return Item("data", mnist.find(folder_of_data()).message)
    except (ValueError, OSError) as error:
        # Asked for by hand, it may be downloaded though chapters may not.
        offline = "UNROLLED_OFFLINE= " if os.environ.get("UNROLLED_OFFLINE") else ""
        return Item("data", str(error), f"{offline}unrolled data --download")


def profile() -> Item:
    """Say which profile is set."""
    try:
        return Item("profile", assignments.profile().name)
    except ValueError as error:
        return Item("profile", str(error), "export UNROLLED_PROFILE=cpu")


def runs(name: str, folder: Path) -> Item:
    """Say how many runs a store holds; whether they are whole, and more can be written."""
    kept = [path.parent for path in sorted(folder.glob("*/record.json"))]
    size = sum(path.stat().st_size for run in kept for path in run.iterdir()) / 1e6
    found = f"{len(kept)} stored in {folder}, {size:.1f} MB"
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not (nearest.is_dir() and os.access(nearest, os.W_OK)):
        other = shlex.quote(str(Path.home() / "unrolled-runs"))
        return Item(name, f"{found}, not writable", f"export UNROLLED_RUNS={other}")
    broken = [run for run in kept if damaged(run)]
    if broken:
        found = f"{found}, {len(broken)} damaged (made again when next asked for)"
        return Item(name, found, shlex.join(["rm", "-r", *map(str, broken)]))
    return Item(name, found)


def damaged(run: Path) -> bool:
    """Say whether a stored run cannot be read."""
    with suppress(ValueError):
        store.read(run)
        return False
    return True


def book(root: Path) -> list[Item]:
    """Say how much of the book is executed and built, if this is the folder of its sources."""
    if not (root / "_toc.yml").is_file() or not (root / "code" / "bindery").is_dir():
        return []
    chosen = os.environ.get("UNROLLED_PROFILE") or "cpu"
    build = f"make book PROFILE={chosen}"
    # Where `bindery.build` puts them; this library does not know that package.
    output = root / "_build" / ("" if chosen == "cpu" else f"{chosen}/_build")
    try:
        record = json.loads((output / "execution.json").read_text(encoding="utf-8"))
        found, whole = _executed(root, record)
    except FileNotFoundError:
        found, whole = "none executed yet", False
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        found, whole = f"{output / 'execution.json'} is damaged ({error})", False
    chapters = Item("chapters", found, "" if whole else build, optional=True)
    pages = output / "html" / "index.html"
    if pages.is_file():
        built = Item("pages", str(pages))
    else:
        built = Item("pages", "not built", build, optional=True)
    return [chapters, built, runs("book's runs", root / "_build" / "runs")]


def _executed(root: Path, record: dict[str, Any]) -> tuple[str, bool]:
    """Say what the record tells of the chapters, and whether all of them are kept."""
    names, costs = list(record["reaches"]), record["chapters"]
    kept = [costs[name] for name in names if name in costs]
    if not (root / record["cache"] / "global.db").is_file():
        return f"none of {len(names)} kept: {root / record['cache']} is gone", False
    last = max((cost["finished"] for cost in kept), default="never")
    of = f", of commit {record['commit']}" if record["commit"] else ""
    found = f"{len(kept)} of {len(names)} kept, the last executed {last}{of}"
    return found, len(kept) == len(names)
