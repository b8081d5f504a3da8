"""The plans of a course, week by week, and how long their chapters take to read."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bindery.sources import pieces

WORDS_A_MINUTE, LINES_A_MINUTE = 100, 10
LAST = "Exercises"  # the section whose time the exercises themselves state
UNSEEN = {"hide-input", "hide-cell", "remove-input", "remove-cell"}


@dataclass(frozen=True)
class Week:
    """A week: the chapters to read, the assignments set, and those handed in at its end."""

    chapters: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    due: tuple[str, ...] = ()


PLANS = {
    "14": (
        Week(("prerequisites", "state")),
        Week(("bptt",)),
        Week(("numpy-rnn",), set=("a4",)),
        Week(("how-long",)),
        Week(("gradients",)),
        Week(("parity",), set=("a2",), due=("a4",)),
        Week(("gate-algebra",)),
        Week(("own-lstm",), set=("a1",), due=("a2",)),
        Week(("xnor",)),
        Week(("adding",), set=("a3",), due=("a1",)),
        Week(("mnist-rows",), set=("a5",)),
        Week(("decision",), due=("a3",)),
        Week(("numbers",)),
        Week(due=("a5",)),
    ),
    "5": (
        Week(("prerequisites", "state", "bptt")),
        Week(("numpy-rnn", "how-long"), set=("a4",)),
        Week(("gradients", "own-lstm")),
        Week(("adding",), set=("a3",), due=("a4",)),
        Week(("numbers",), due=("a3",)),
    ),
}


@dataclass(frozen=True)
class Reading:
    """What there is to read: words of prose, and lines of the code that is shown."""

    words: int = 0
    lines: int = 0

    def __add__(self, other: "Reading") -> "Reading":
        """Read both."""
        return Reading(self.words + other.words, self.lines + other.lines)

    @property
    def minutes(self) -> float:
        """The time it takes, at the rates of this module."""
        return self.words / WORDS_A_MINUTE + self.lines / LINES_A_MINUTE


def reading(text: str, extensions: tuple[str, ...]) -> Reading:
    """Count what there is to read in a page, its exercises left out.

    A word is what stands between two blanks of the source, so a long formula counts as several.

    Args:
        text: MyST.
        extensions: MyST's, as in `_config.yml`.
    """
    total, heading = Reading(), False
    for piece in pieces(text, extensions):
        if piece.name == "code-cell" and not UNSEEN & set(_tags(piece.options)):
            total += Reading(lines=len(_code(piece.body)))
        elif piece.token.type == "inline":
            if heading and piece.token.content == LAST:
                break
            total += Reading(words=len(_prose(piece.token.content).split()))
        heading = piece.token.type == "heading_open"
    return total


def _tags(options: Mapping[str, str]) -> list[str]:
    return re.findall(r"[\w-]+", options.get("tags", ""))


def _code(body: str) -> list[str]:
    code = body.split("---\n", 2)[-1] if body.startswith("---\n") else body
    return [row for row in code.splitlines() if row.strip() and not row.startswith(":")]


def _prose(text: str) -> str:
    """Leave out the options of a directive, which the parser takes for its first sentence."""
    return re.sub(r"^:[\w-]+:.*$", "", text, flags=re.MULTILINE)


def faults(name: str, weeks: Sequence[Week], homes: Mapping[str, set[str]]) -> Iterator[str]:
    """Say what is wrong with a plan.

    Args:
        name: the number of its weeks.
        weeks: the plan.
        homes: assignment → the chapters that hold what it asks.
    """
    if str(len(weeks)) != name:
        yield f"expected {name} weeks, got {len(weeks)}"
    read = [(chapter, number) for number, week in enumerate(weeks, 1) for chapter in week.chapters]
    for chapter, times in Counter(chapter for chapter, _ in read).items():
        if times > 1:
            yield f"{chapter}: expected to be read in one week, got {times}"
    begun = [(key, number) for number, week in enumerate(weeks, 1) for key in week.set]
    ended = [(key, number) for number, week in enumerate(weeks, 1) for key in week.due]
    for key in sorted({key for key, _ in begun + ended}):
        starts, ends = ([n for k, n in some if k == key] for some in (begun, ended))
        if len(starts) != 1 or len(ends) != 1 or starts[0] >= ends[0]:
            yield f"{key}: expected to be set once and due once in a later week"
        elif key not in homes:
            yield f"{key}: expected one of {', '.join(homes)}"
        else:
            for chapter in sorted(homes[key]):
                if dict(read).get(chapter, len(weeks)) >= ends[0]:
                    yield f"{key}: expected {chapter} to be read in a week before it is due"
