"""Build the pages a second time, elsewhere, and compare every file with the first.

Elsewhere is a copy of the sources in a folder of another name, on another day, in another time
zone and language, with another seed for the order of sets: what none of these may decide. The
executed chapters and their record are the same, and so must be the pages, byte for byte.
"""

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path

from unrolled import assignments

from bindery.build import output_folder, read_record

# Files of a site, by their paths in it, that may differ between two builds; at most three.
EXCEPTIONS: tuple[str, ...] = ()

# What a build writes itself. Of all else below `_build` it takes what is there.
WRITTEN = {"html", ".doctrees", "cache", "vendor", "execution.json", "claims.json"}
FAR = {
    "PYTHONHASHSEED": "4711",
    "TZ": "Pacific/Kiritimati",  # no other is further ahead
    "LC_ALL": "C",
}
DAYS = 400  # further on: another year, month and day
BUILD = (
    "import sys, datetime, time_machine; from jupyter_book.cli.main import main; "
    "later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=int(sys.argv.pop(1))); "
    "time_machine.travel(later).start(); main()"
)


def copy_sources(root: Path, profile: str, target: Path) -> None:
    """Copy a book with its executed chapters, but with no page that was built from them."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name[0] == "." or name in ("_build", "__pycache__")}

    shutil.copytree(root, target, ignore=left_out)
    output = output_folder(root, profile)
    record = read_record(output)
    for name in (record["cache"], *(output.relative_to(root) / n for n in _records(output))):
        origin, copy = root / name, target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(origin, copy) if origin.is_dir() else shutil.copy(origin, copy)
    for folder in {root / "_build", output}:
        for path in folder.iterdir():
            if path.name not in WRITTEN and path not in (output, *output.parents):
                (target / path.relative_to(root)).symlink_to(path)


def _records(output: Path) -> list[str]:
    return [name for name in ("execution.json", "claims.json") if (output / name).exists()]


def build(root: Path, output: Path) -> Path:
    """Build the pages as `make book` does, but under other circumstances; return their folder.

    Raises:
        RuntimeError: they could not be built.
    """
    environment = {**os.environ, **FAR}
    if (root / "code" / "bindery").is_dir():
        environment["PYTHONPATH"] = str(root / "code")
    command = [sys.executable, "-c", BUILD, str(DAYS), "build", ".", "-Wnq", "--keep-going"]
    run = subprocess.run(
        [*command, f"--path-output={output}"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if run.returncode:
        raise RuntimeError(f"the second build failed:\n{run.stdout}{run.stderr}".rstrip())
    return output / "_build" / "html"


def files(site: Path) -> set[str]:
    """Return every file of a site, by its path in it."""
    return {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}


def differences(one: Path, other: Path) -> list[str]:
    """List, a sentence each, the files in which two sites differ, exceptions left out."""
    said = []
    for name in sorted(files(one) | files(other)):
        first, second = one / name, other / name
        if name in EXCEPTIONS:
            continue
        if not (first.is_file() and second.is_file()):
            said.append(f"{name}: only in the {'first' if first.is_file() else 'second'} build")
        elif not filecmp.cmp(first, second, shallow=False):
            said.append(f"{name}: {_first_difference(first, second)}")
    return said


def _first_difference(first: Path, second: Path) -> str:
    """Show where two files part, as text."""
    pairs = zip_longest(*(path.read_text(errors="replace").split("\n") for path in (first, second)))
    for number, (a, b) in enumerate(pairs, start=1):
        if a != b:
            a, b = a or "", b or ""
            same = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), 0)
            start = max(0, same - 30)
            return f"line {number}: {a[start : start + 90]!r}, then {b[start : start + 90]!r}"
    return "differs in bytes that are no text"


def compare(root: Path, site: Path, profile: str, folder: Path) -> list[str]:
    """Build a book's pages anew below `folder`, and list how they differ from those of `site`.

    Raises:
        RuntimeError: the pages could not be built.
    """
    elsewhere = folder / "another place"
    copy_sources(root, profile, elsewhere)
    return differences(site, build(elsewhere, folder / "built"))


def main(argv: Iterable[str] | None = None) -> int:
    """Compare; the exit status is 0, 1 (some file differs) or 2 (there is nothing to compare)."""
    parser = argparse.ArgumentParser(prog="bindery.reproducible", description=main.__doc__)
    parser.add_argument("site", nargs="?", type=Path, default=Path("_build/html"))
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the folder of _toc.yml")
    chosen = parser.parse_args(None if argv is None else list(argv))
    site, root = chosen.site.resolve(), chosen.root.resolve()
    if not (site / "index.html").is_file():
        print(f"No pages in {site}: run `make book` first.", file=sys.stderr)
        return 2
    try:
        with tempfile.TemporaryDirectory() as folder:
            wrong = compare(root, site, assignments.profile().name, Path(folder))
    except (RuntimeError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    excepted = f", {len(EXCEPTIONS)} left out" if EXCEPTIONS else ""
    print(
        f"Of {len(files(site))} files, {len(wrong)} differ from those of a second build{excepted}."
    )
    print("\n".join(wrong), file=sys.stderr) if wrong else None
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
