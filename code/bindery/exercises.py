"""The exercises of the chapters, as their sources hold them, and what is wrong with them.

An exercise is a box, the cells below it, and its solution:

    :::{exercise} Repair: the wrong end
    :label: ex-demo
    :points: 2
    :minutes: 15
    What is asked.
    :::

    a cell tagged `answer`, whose solution stands between two markers
    a cell tagged `check`, the visible check, and other cells as needed

    :::{guide} ex-demo
    What earns which point: for the instructor.
    :::

    ```{solution} ex-demo          (or solution-start … solution-end)

The complete code runs when the chapter does. A reader sees the stub, in which each marked block is
`...`. The exercise's cells need the page's first cell and nothing else of the page, so they can
stand in a notebook of their own.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from sphinx_external_toc.parsing import parse_toc_yaml

from bindery.sources import Piece, pieces

ANSWER, CHECK = "answer", "check"
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
_LINE = r"[ \t]*(?:\n|\Z)"
# A value's stub is a line of its own, `answer = ...`; elsewhere `...` takes the solution's place.
_VALUE = r"(?P<value>^[^\n]*= \.\.\.(?:, \.\.\.)*(?:[ \t]*#[^\n]*)?\n)?"
_BLOCK = re.compile(
    rf"{_VALUE}(?P<indent>^[ \t]*){BEGIN}{_LINE}(?P<code>.*?)^[ \t]*{END}{_LINE}",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Cell:
    """A code cell of an exercise: its source, and whether it is an `answer`, a `check` or given."""

    source: str
    kind: str = ""


@dataclass
class Exercise:
    """An exercise as its chapter's source has it.

    Args:
        label: its name, for references and files.
        title: what stands after the number.
        path: the chapter's file.
        line: where it begins there.
        options: of the directive: `points`, `minutes`; `written`, those of the points that are
            given by hand; `words`, the most that a written answer may have.
        setup: the page's first cell.
        cells: those between the box and the solution.
        solved: whether it has a solution.
        guided: whether it has a marking guide.
    """

    label: str
    title: str
    path: Path
    line: int
    options: dict[str, str]
    setup: str = ""
    cells: list[Cell] = field(default_factory=list)
    solved: bool = False
    guided: bool = False

    def number(self, name: str) -> float:
        """Return a numeric option, 0 where it is not given or not a number."""
        text = self.options.get(name, "0")
        return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else 0.0

    @property
    def checks(self) -> int:
        """How many visible checks it has."""
        return sum(cell.kind == CHECK for cell in self.cells)

    @property
    def points_of_check(self) -> float:
        """What each of its checks is worth."""
        return (self.number("points") - self.number("written")) / self.checks

    def faults(self) -> Iterator[str]:
        """Say what is missing, or not as it should be."""
        kinds = Counter(cell.kind for cell in self.cells)
        for name in ("points", "minutes"):
            if not self.number(name):
                yield f"expected a positive number of {name}, got {self.options.get(name, 'none')}"
        for name in ("written", "words"):
            given = self.options.get(name)
            if given is not None and not self.number(name):
                yield f"expected a positive number in `:{name}:`, got {given or 'none'}"
        if not self.solved:
            yield "expected a solution, got none"
        if not kinds[ANSWER]:
            yield f"expected a cell tagged `{ANSWER}`, got none"
        if not kinds[CHECK]:
            yield f"expected a cell tagged `{CHECK}`, got none"
        if self.number("written") > self.number("points"):
            yield "expected at most all points for the written part, got more"
        if self.number("written") and not self.guided:
            yield "expected a marking guide, as part of the points are given by hand, got none"
        for cell in self.cells:
            try:
                marked = stub(cell.source) != cell.source.rstrip("\n")
            except ValueError as error:
                yield str(error)
                continue
            if marked != (cell.kind == ANSWER):
                yield f"expected solution markers in cells tagged `{ANSWER}`, and only there"


def stub(code: str) -> str:
    """Put `...` in the place of each marked solution, unless the line above it is a value's stub.

    >>> print(stub("a = ...  # whole\\n### BEGIN SOLUTION\\na = 2\\n### END SOLUTION"))
    a = ...  # whole

    Raises:
        ValueError: a marker has no partner.
    """
    return _replaced(code, lambda block: block["value"] or f"{block['indent']}...\n")


def complete(code: str) -> str:
    """Leave out the markers and the stubs, and keep the solutions.

    Raises:
        ValueError: a marker has no partner.
    """
    return _replaced(code, lambda block: block["code"])


def _replaced(code: str, by: Callable[[re.Match[str]], str]) -> str:
    left = _BLOCK.sub(by, code)
    if BEGIN in left or END in left:
        raise ValueError(f"expected {BEGIN} and {END} in pairs, got one without the other")
    return left.rstrip("\n")


def read_page(path: Path, text: str, extensions: tuple[str, ...]) -> tuple[list[Exercise], list]:
    """Read the exercises of one page.

    Args:
        path: the page's file, for messages.
        text: what stands in it.
        extensions: MyST's, as in `_config.yml`.

    Returns:
        The exercises, in order; and the faults of what belongs to none of them.
    """
    found: list[Exercise] = []
    read = pieces(text, extensions)
    faults = list(_gates(path, read))
    setup, current = "", None
    for piece in read:
        if piece.name == "code-cell":
            setup = setup or _source(piece)
            if current and not current.solved:
                current.cells.append(Cell(_source(piece), _kind(piece)))
            elif _kind(piece):
                faults.append(
                    f"{path}:{piece.line}: a cell tagged `{_kind(piece)}` without exercise"
                )
        elif piece.name == "exercise":
            label = piece.options.get("label", "")
            current = Exercise(label, piece.argument, path, piece.line, piece.options, setup)
            found.append(current)
        elif piece.name in ("solution", "solution-start", "guide"):
            of = next((e for e in found if e.label == piece.argument), None)
            if of is None:
                faults.append(
                    f"{path}:{piece.line}: {piece.name}: "
                    f"expected the label of an exercise above it, got {piece.argument or 'none'}"
                )
            elif piece.name == "guide":
                of.guided = True
            else:
                of.solved = True
        elif piece.token.type == "heading_open" and current and not current.solved:
            current = None
    return found, faults


def _gates(path: Path, read: Sequence[Piece]) -> Iterator[str]:
    """Say which `solution-start` has no `solution-end` before what comes next, and the reverse."""
    opened: Piece | None = None
    for piece in read:
        if piece.name in ("exercise", "solution", "solution-start"):
            if opened:
                yield _unclosed(path, opened)
            opened = piece if piece.name == "solution-start" else None
        elif piece.name == "solution-end":
            if not opened:
                yield f"{path}:{piece.line}: solution-end: expected a solution-start above it"
            opened = None
    if opened:
        yield _unclosed(path, opened)


def _unclosed(path: Path, start: Piece) -> str:
    return f"{path}:{start.line}: {start.argument}: expected solution-end below solution-start"


def _kind(piece: Piece) -> str:
    tags = _options(piece).get("tags", [])
    return next((kind for kind in (ANSWER, CHECK) if kind in tags), "")


def _options(piece: Piece) -> dict:
    """Read a cell's options, both ways of writing them, lists included."""
    if piece.body.startswith("---\n"):
        text = piece.body.split("---\n")[1]
    else:
        rows = re.match(r"(?::[\w-]+:.*\n)*", piece.body)
        text = "".join(row[1:] for row in (rows[0] if rows else "").splitlines(keepends=True))
    return yaml.safe_load(text) or {}


def _source(piece: Piece) -> str:
    if piece.body.startswith("---\n"):
        body = piece.body.split("---\n", 2)[2]
    else:
        body = re.sub(r"^(?::[\w-]+:.*\n)*", "", piece.body)
    return body.strip("\n")


def read(root: Path) -> tuple[list[Exercise], list[str]]:
    """Read all exercises of a book, in reading order, and say what is wrong with them.

    Args:
        root: the folder of `_toc.yml` and `_config.yml`.

    Returns:
        The exercises; and the faults, each a sentence with file, line and exercise.
    """
    settings = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    extensions = tuple(settings["parse"]["myst_enable_extensions"])
    found: list[Exercise] = []
    faults: list[str] = []
    for name in parse_toc_yaml(root / "_toc.yml"):
        path = root / f"{name}.md"
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8")
        exercises, strays = read_page(path.relative_to(root), text, extensions)
        found += exercises
        faults += strays
    places: dict[str, Exercise] = {}
    for e in found:
        here = f"{e.path}:{e.line}: {e.label or e.title or 'an exercise'}"
        faults += [f"{here}: {fault}" for fault in e.faults()]
        if not e.label:
            faults.append(f"{here}: expected a label, got none")
        elif e.label in places:
            other = places[e.label]
            faults.append(f"{here}: the label is taken, at {other.path}:{other.line}")
        places.setdefault(e.label, e)
    return found, faults
