"""Writes the branch from which Colab and Binder open the notebooks: one commit in the local git.

The branch holds the students' notebooks, a README with a link for each, and the folder `.binder/`.
It has no history: what it holds can be made again from the sources, of which its message names the
commit. The working tree, the index and the branch checked out stay as they are.

The tool ghp-import does much the same, but commits even if nothing has changed, needs a git
identity, which a runner lacks, and throws away a local branch for the remote's.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import nbformat
from sphinx_external_toc.parsing import parse_toc_yaml

from bindery.build import revision
from bindery.launch import BINDER, COLAB, Published, published

README = """\
# Notebooks of *Unrolled*

Each chapter and each assignment of the course book as a notebook: run it in Colab, on Binder, or at
home. This branch is made from the book's sources by `make branch`: mend things there, not here.

| notebook | run it in | or on |
|---|---|---|
{rows}

Colab needs an account with Google. Binder needs none, but takes some minutes to start, and runs
with small settings (the profile `smoke`): draw no conclusion from its numbers.
"""


class BranchError(Exception):
    """What keeps the branch from being written, in one sentence."""


def title(path: Path) -> str:
    """Return a notebook's title: its first heading."""
    cells = nbformat.read(path, as_version=4).cells
    lines = (line for c in cells if c.cell_type == "markdown" for line in c.source.splitlines())
    return next((line[2:].strip() for line in lines if line.startswith("# ")), path.stem)


def in_reading_order(root: Path, folder: Path) -> list[Path]:
    """List the notebooks of a folder as `_toc.yml` has their pages.

    Raises:
        BranchError: there are none, or the book has no page for one of them.
    """
    names = [PurePosixPath(page).name for page in parse_toc_yaml(root / "_toc.yml")]
    found = {path.stem: path for path in folder.glob("*.ipynb")}
    strange = sorted(found.keys() - set(names))
    if not found or strange:
        what = f"no page for {', '.join(strange)}" if strange else f"none in {folder}"
        raise BranchError(f"Notebooks: expected those of the book, got {what}.")
    return [found[name] for name in names if name in found]


def readme(notebooks: Sequence[Path], at: Published) -> str:
    """Write the README: a row for each notebook."""
    rows = [
        f"| [{title(path)}]({path.name}) | [Colab]({at.address(COLAB, path.stem)}) "
        f"| [Binder]({at.address(BINDER, path.stem)}) |"
        for path in notebooks
    ]
    return README.format(rows="\n".join(rows))


def fill(root: Path, notebooks: Sequence[Path], at: Published, target: Path) -> None:
    """Put what the branch holds into an empty folder."""
    for path in notebooks:
        shutil.copyfile(path, target / path.name)
    (target / "README.md").write_text(readme(notebooks, at), encoding="utf-8")
    if (root / ".binder").is_dir():
        shutil.copytree(root / ".binder", target / ".binder")


def git(root: Path, *arguments: str, **settings: str) -> str:
    """Run git in a repository; return what it prints.

    Raises:
        BranchError: git is missing, or refuses.
    """
    try:
        run = subprocess.run(
            ["git", "-C", str(root), *arguments],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        raise BranchError("git is missing: on Debian or Ubuntu, 'apt install git'.") from None
    if run.returncode:
        raise BranchError(f"git {arguments[0]}: {' '.join(run.stderr.split())}")
    return run.stdout.strip()


def commit(root: Path, branch: str, folder: Path) -> tuple[str, bool]:
    """Make a branch hold a folder's files and nothing else.

    Author and date are those of the sources' last commit, so that the same sources give the same
    commit everywhere, and no identity has to be set.

    Returns:
        The branch's commit, and whether it is new: if not, this branch or the one of the same name
        that was last fetched held the files already.

    Raises:
        BranchError: git refuses, for example because the branch is checked out.
    """
    with tempfile.TemporaryDirectory() as aside:
        at = {"GIT_DIR": git(root, "rev-parse", "--absolute-git-dir")}
        at |= {"GIT_WORK_TREE": str(folder), "GIT_INDEX_FILE": str(Path(aside) / "index")}
        # Byte for byte, whatever this machine ignores or makes of the ends of lines.
        git(folder, "-c", "core.autocrlf=false", "add", "--all", "--force", ".", **at)
        tree = git(folder, "write-tree", **at)
    places = (f"refs/heads/{branch}", f"refs/remotes/*/{branch}")
    held = git(root, "for-each-ref", "--format=%(tree) %(objectname)", *places).splitlines()
    made = next((row.split()[1] for row in held if row.split()[0] == tree), "")
    new = not made
    if new:
        who, mail, when = git(root, "log", "-1", "--format=%an%n%ae%n%ct +0000").splitlines()
        signed = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", who), ("EMAIL", mail), ("DATE", when))
        }
        made = git(root, "commit-tree", tree, "-m", f"Notebooks of {revision(root)}", **signed)
    git(root, "branch", "--force", branch, made)
    return made, new


def main(argv: list[str] | None = None) -> int:
    """Write the branch of the notebooks; the exit status is 2 if it cannot be written."""
    parser = argparse.ArgumentParser(prog="bindery.branch", description=main.__doc__)
    parser.add_argument("notebooks", type=Path, help="the folder of the students' notebooks")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the folder of _toc.yml")
    chosen = parser.parse_args(argv)
    root = chosen.root.resolve()
    try:
        at = published(root)
        notebooks = in_reading_order(root, chosen.notebooks)
        with tempfile.TemporaryDirectory() as folder:
            fill(root, notebooks, at, Path(folder))
            made, new = commit(root, at.branch, Path(folder))
    except (BranchError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    how = f"{len(notebooks)} notebooks" if new else "nothing has changed"
    print(f"The branch {at.branch}: {how}, {made[:10]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
