"""A copy of the book in which everything that students must not see carries a mark.

The mark is put into the sources line by line, without the parser that the editions use, so that
what the parser overlooks is marked too. The copy has a cache of its own with the marked cells, so
nothing runs again.
"""

import json
import re
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.core.read import read_myst_markdown_notebook
from nbformat.v4 import new_output

from bindery import exercises
from bindery.build import read_record
from bindery.execute import chapters
from bindery.reach import stamp

MARK = "kestrel"
SHARED = ("_config.yml", "_toc.yml", "references.bib", "pyproject.toml", "constraints.txt", "code")
OPENING = re.compile(r"^(:{3,}|`{3,})\{([\w-]+)\}")
OPTION = re.compile(r"^:[\w-]+:")


def plant(text: str) -> str:
    """Mark every solution, marking guide and answer of a chapter's source.

    The mark is a paragraph in a box and after a gate, and a comment in code.
    """
    made: list[str] = []
    name = fence = ""  # the directive that is open, and what closes it
    gated = waits = False  # between two gates; in a box, above its text
    for line in text.split("\n"):
        if waits and not OPTION.match(line):
            made += ["", MARK, ""]
            waits = False
        closes = fence and line.rstrip() == fence
        if closes and name == "code-cell" and gated:
            made.append(f"# {MARK}")
        made.append(line)
        if closes and name == "solution-start":
            made += ["", MARK, ""]
        if closes:
            name = fence = ""
        if "### BEGIN SOLUTION" in line:
            made.append(line.replace("### BEGIN SOLUTION", f"# {MARK}"))
        opening = OPENING.match(line)
        if opening and not fence:
            fence, name = opening.groups()
            waits = name in ("solution", "guide")
            gated = (gated or name == "solution-start") and name != "solution-end"
    return "\n".join(made)


def planted_book(root: Path, target: Path) -> None:
    """Make the marked copy of an executed book, hidden checks included.

    Args:
        root: the book's folder.
        target: an empty folder.
    """
    record = read_record(root / "_build")
    for name in SHARED:
        (target / name).symlink_to(root / name)
    (target / "chapters").mkdir()
    for path in (root / "chapters").iterdir():
        copy = target / "chapters" / path.name
        copy.write_text(plant(path.read_text())) if path.suffix == ".md" else copy.symlink_to(path)
    cache, old = get_cache(target / "_build" / "cache"), get_cache(root / record["cache"])
    for chapter in chapters(root):
        executed = old.get_cache_bundle(old.match_cache_notebook(chapter.notebook).pk).nb
        text = stamp((target / f"{chapter.name}.md").read_text(), record["reaches"][chapter.name])
        marked = read_myst_markdown_notebook(text, path=target / f"{chapter.name}.md")
        marked.metadata["language_info"] = executed.metadata["language_info"]  # to highlight by
        ran = (cell for cell in executed.cells if cell.cell_type == "code")
        for cell in (cell for cell in marked.cells if cell.cell_type == "code"):
            cell.outputs = next(ran).outputs
            if MARK in cell.source and "BEGIN SOLUTION" not in cell.source:
                cell.outputs += [new_output("stream", name="stdout", text=f"{MARK}\n")]
        bundle = CacheBundleIn(marked, str(chapter.path))
        cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    record["cache"] = "_build/cache"
    (target / "_build" / "execution.json").write_text(json.dumps(record))
    (target / "private").mkdir()
    for label in hidden_labels(root):
        (target / "private" / f"{label}.py").write_text(f"# {MARK}\n")


def hidden_labels(root: Path) -> list[str]:
    """List the exercises that may have a hidden check: all."""
    return [e.label for e in exercises.read(root)[0]]


def marked_files(folder: Path) -> list[str]:
    """List the files below a folder that hold the mark, as they are or within."""
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and MARK.encode() in path.read_bytes()
    ]
