"""Gathers what a release offers beside the site: the wheel, the students' PDFs, their checksums.

The instructors' PDFs, which hold the solutions, stay at home. `make release` makes wheel and PDFs
first.
"""

import argparse
import hashlib
import shutil
import sys
import tomllib
from pathlib import Path

from unrolled import assignments

from bindery import handouts, paper
from bindery.build import output_folder
from bindery.sheets import BOOK

SUMS = "SHA256SUMS"


class ReleaseError(Exception):
    """What keeps the release from being gathered, in one sentence."""


def version(root: Path) -> str:
    """Return the version that pyproject.toml names."""
    settings = (root / "pyproject.toml").read_text(encoding="utf-8")
    return tomllib.loads(settings)["project"]["version"]


def gather(root: Path, made: Path, names: list[str]) -> list[Path]:
    """Put a PDF for each name beside the wheel in `dist`; return all files there, sums left out.

    Args:
        root: the folder that holds `dist`.
        made: the folder of the students' PDFs.
        names: what has to be there.

    Raises:
        ReleaseError: a PDF or this version's wheel is missing, or there is another wheel.
    """
    dist = root / "dist"
    wheels = [path.name.split("-")[1] for path in dist.glob("*.whl")]
    if wheels != [version(root)]:
        raise ReleaseError(f"{dist}: expected one wheel, of {version(root)}, got {wheels}.")
    missing = [name for name in names if not (made / f"{name}.pdf").is_file()]
    if missing:
        raise ReleaseError(f"{made}: there is no PDF of {', '.join(missing)}.")
    for old in dist.glob("*.pdf"):
        old.unlink()
    for name in names:
        kind = BOOK if name == BOOK else f"{BOOK}-{name}"
        shutil.copyfile(made / f"{name}.pdf", dist / f"{kind}.pdf")
    return sorted([*dist.glob("*.whl"), *dist.glob("*.pdf")])


def sums(files: list[Path]) -> str:
    """Return the lines that `sha256sum --check` reads."""
    return "".join(f"{hashlib.sha256(f.read_bytes()).hexdigest()}  {f.name}\n" for f in files)


def main(argv: list[str] | None = None) -> int:
    """Gather a release in dist/; the exit status is 2 if anything is missing."""
    parser = argparse.ArgumentParser(prog="bindery.release", description=main.__doc__)
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the folder of _toc.yml")
    parser.add_argument("--tag", default="", help="the tag of the release, which names its version")
    chosen = parser.parse_args(argv)
    root = chosen.root.resolve()
    try:
        if chosen.tag not in ("", f"v{version(root)}"):
            raise ReleaseError(f"--tag: expected v{version(root)}, got {chosen.tag}.")
        output = output_folder(root, assignments.profile().name)
        made = output / "handouts" / paper.paper() / "student"
        files = gather(root, made, list(handouts.printed(root)))
    except (ReleaseError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    (root / "dist" / SUMS).write_text(sums(files), encoding="utf-8")
    print(f"{len(files)} files and {SUMS} in {root / 'dist'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
