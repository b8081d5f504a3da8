"""A results file: a JSON line for each finished run, readable after a kill at any moment."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock

Line = dict[str, Any]

START = b'{"key": "'  # of every line: it tells half a line from somebody else's file
FIELDS = {
    "key": str, "name": str, "settings_name": str, "overrides": dict, "seed": int, "metrics": dict,
}  # fmt: skip


class Found(NamedTuple):
    """What a results file holds: key → line, and the number of lines set aside as damaged."""

    lines: dict[str, Line]
    damaged: int


@dataclass(frozen=True)
class Results:
    """A results file: one JSON line for each finished cell.

    Attributes:
        path: the file; it need not exist.
    """

    path: Path

    @property
    def aside(self) -> Path:
        """Where damaged lines are kept."""
        return self.path.with_name(f"{self.path.name}.damaged")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the file's lock.

        Raises:
            ValueError: the file cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_name(f".{self.path.name}.lock")):
                yield
        except OSError as error:
            raise ValueError(f"{self.path}: cannot be written ({error.strerror})") from error

    def read(self) -> Found:
        """Return the lines, and move damaged ones, as a killed writer leaves them, beside the file.

        Raises:
            ValueError: the file cannot be read or written, or holds other things.
        """
        with self._alone():
            text = self.path.read_bytes() if self.path.exists() else b""
            pieces = text.split(b"\n")
            # What follows the last line end is half a line, even where it happens to be JSON.
            good = [piece for piece in pieces[:-1] if _line(piece)]
            bad = [p for p in pieces[:-1] if p and not _line(p)] + [p for p in pieces[-1:] if p]
            if bad and not good and not bad[0].startswith(START[: len(bad[0])]):
                raise ValueError(f"{self.path}: expected results of a sweep, got another file")
            if bad:
                _append(self.aside, b"".join(piece + b"\n" for piece in bad))
                _replace(self.path, b"".join(piece + b"\n" for piece in good))
        return Found({line["key"]: line for line in map(_line, good) if line}, len(bad))

    def append(self, line: Line) -> None:
        """Add one line, whole or not at all: a killed process leaves no part of it behind.

        Raises:
            ValueError: the file cannot be written.
        """
        with self._alone():
            _append(self.path, json.dumps(line).encode() + b"\n")


def _line(text: bytes) -> Line | None:
    """Return a line of the file, or None if it is damaged."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(line, dict):
        return None
    whole = all(isinstance(line.get(name), kind) for name, kind in FIELDS.items())
    return line if whole else None


def _append(path: Path, text: bytes) -> None:
    """Add bytes to a file with one write, and see them on the disk."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b"\n":
            text = b"\n" + text  # half a line stands there: it must not spoil this one
        if os.write(file, text) < len(text):
            raise OSError(28, "the disk is full")  # errno ENOSPC
        os.fsync(file)
    finally:
        os.close(file)


def _replace(path: Path, text: bytes) -> None:
    """Put other bytes in the place of a file: the old ones or the new ones, never a part."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(file.name, path.stat().st_mode)
    os.replace(file.name, path)
