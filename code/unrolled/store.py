"""The store: results kept in a folder each, under a key made of all that they depend on.

Change the settings, the data, a framework's version or the code that takes part, and the key is
another; change prose, comments or plots, and it is the same.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import json
import os
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from filelock import FileLock
from platformdirs import user_cache_dir

Arrays = dict[str, np.ndarray]

FRAMEWORKS = {
    "numpy": ("numpy",),
    "torch": ("numpy", "torch"),
    "keras": ("numpy", "tensorflow", "keras"),
    "all": ("numpy", "torch", "numba", "tensorflow", "keras"),
}


class Kept(NamedTuple):
    """A result, and the folder in which it is kept."""

    record: dict[str, Any]
    arrays: Arrays
    folder: Path


def folder_of_store() -> Path:
    """Return the folder of the runs: UNROLLED_RUNS, or one in the user's cache."""
    named = os.environ.get("UNROLLED_RUNS")
    return Path(named) if named else Path(user_cache_dir("unrolled")) / "runs"


def digest(what: dict[str, Any]) -> str:
    """Return the key under which the result that depends on `what` is kept."""
    text = json.dumps(what, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def stored(
    what: dict[str, Any],
    make: Callable[[], tuple[dict[str, Any], Arrays]],
    *,
    again: bool = False,
) -> Kept:
    """Return the record and arrays kept for `what`, making and keeping them first if need be.

    A lock makes a second process wait for the first instead of training the same beside it. What
    an interrupted run reached is kept in a folder of its own: nobody should find half a result
    where a whole one is looked for. A damaged result is made again.

    Raises:
        ValueError: the folder cannot be written.
    """
    folder = folder_of_store() / digest(what)
    lock = FileLock(folder.with_suffix(".lock"))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise ValueError(
            f"runs: cannot write in {folder.parent}; set UNROLLED_RUNS to another folder"
        ) from error
    try:
        if not again and (folder / "record.json").is_file():
            with suppress(ValueError):
                return Kept(*read(folder), folder)
        record, arrays = make()
        if record.get("interrupted"):
            folder = folder.with_name(f"{folder.name}-interrupted")
        write(folder, record, arrays)
    finally:
        lock.release()
    return Kept(record, arrays, folder)


def read(folder: Path) -> tuple[dict[str, Any], Arrays]:
    """Read a record and its arrays from a folder.

    Raises:
        ValueError: they are damaged, or not there.
    """
    try:
        record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
        with (folder / "arrays.npz").open("rb") as file, np.load(file) as arrays:
            return record, {name: arrays[name] for name in arrays.files}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{folder}: expected a run, got a damaged one ({error})") from error


def make_room(folder: Path) -> None:
    """See to it that a run can be written to a folder, which it will replace whole.

    Raises:
        ValueError: the folder holds other things, or may not be written.
    """
    refuse_strangers(folder)
    try:
        folder.resolve().parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder.resolve().parent):
            pass
    except OSError as error:
        raise ValueError(f"{folder}: cannot be written here ({error.strerror})") from error


def refuse_strangers(folder: Path) -> None:
    """Refuse a folder that holds anything but a run.

    Raises:
        ValueError: it does.
    """
    strangers = {f.name for f in folder.glob("*")} - {"record.json", "arrays.npz"}
    if strangers or folder.is_file():
        raise ValueError(
            f"{folder}: expected a new folder or one that holds a run, and nothing else"
        )


def write(folder: Path, record: dict[str, Any], arrays: Arrays) -> None:
    """Write a record and its arrays into a folder: beside it first, then renamed, never half.

    Raises:
        ValueError: the folder holds other things, which would be lost.
    """
    refuse_strangers(folder)
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        (beside / "record.json").write_text(json.dumps(record, indent=1, default=_plain) + "\n")
        np.savez_compressed(beside / "arrays.npz", **arrays)  # type: ignore[arg-type]
        old = beside.with_name(f"{beside.name}-old")
        if folder.exists():
            folder.rename(old)
        beside.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _plain(value: Any) -> Any:
    """Turn a value that JSON does not know into one it does."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"no JSON for {type(value).__name__}")


@cache
def versions(framework: str) -> dict[str, str]:
    """Return the versions of what a framework's runs depend on, Python's among them."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for package in FRAMEWORKS[framework]:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            # TensorFlow comes under either name; the CPU build has one of its own.
            found[package] = _version_or_none(f"{package}-cpu")
    return found


def _version_or_none(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


@cache
def source_digest(module: str) -> str:
    """Return a hash of the code of a module and of all modules of the package it imports.

    Comments, docstrings and layout are left out, so that better words do not train anything anew.
    """
    found: dict[str, str] = {}
    todo = [module]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        tree = _code_only(_source_of(name))
        found[name] = ast.dump(tree)
        todo += [other for other in _imports(tree) if _source_of(other, missing="")]
    text = json.dumps({k: v for k, v in sorted(found.items()) if k != "unrolled.assignments"})
    return hashlib.sha256(text.encode()).hexdigest()


def _source_of(module: str, missing: str | None = None) -> str:
    root = Path(__file__).parent
    parts = module.split(".")[1:]
    for path in (root.joinpath(*parts).with_suffix(".py"), root.joinpath(*parts, "__init__.py")):
        if path.is_file():
            return path.read_text()
    if missing is None:
        raise ValueError(f"module: no source for {module!r}")
    return missing


def _imports(tree: ast.AST) -> list[str]:
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unrolled"):
            names.append(node.module or "")
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def _code_only(source: str) -> ast.Module:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            body[0] = ast.Pass()
    return tree


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
