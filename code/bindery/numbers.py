"""Check of the chapters' sources: no number that looks like a result is typed by hand.

A result belongs to a run and is pasted from it with `{glue:text}`; typed, it stays when the run
changes. What looks like one: a decimal, a power of ten written with e, a percentage, a count of
something ("38 of 40"), a duration or a size in memory, a factor ("3 times"), a count of a thousand
or more. Smaller whole numbers without such a unit are steps, units, rows, and pass.

Numbers that no run decides look the same: what the task sets (a rate of 0.01, 5,000 strings), what
follows by arithmetic in the same sentence, what an assertion on the page holds. They are marked
where they stand, with the role {given}`5,000`, which shows its text and nothing else. A table of a
page's constants would be shorter, but an entry would excuse every equal number of the page: next to
a rate of 0.01, an error of 0.01 typed by hand would pass. So each number is decided by itself, the
reviewer sees it in the line that is read, and a search for {given} finds them all.

A figure's description for those who do not see it knows no roles. The numbers that may stand in it
are named in a comment right above it, each as often as it stands there: `# given: 0.15; 6 of 40`.

Not looked at: code, formulas, and counts in words alone ("ten of ten").
"""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from markdown_it.token import Token
from sphinx_external_toc.parsing import parse_toc_yaml

from bindery.site import GIVEN as ROLE
from bindery.sources import OTHER_MARKUP, Piece, pieces

TYPED = f"a number typed by hand: glue it from its run, or mark a given number with {{{ROLE}}}`…`"
PASTED = "¤"  # stands for whatever is not plain text: code, a formula, a role
SHOWN = ("text", "text_special", "softbreak", "hardbreak", "image")

_WHOLE = r"\d{1,3}(?:,\d{3})+|\d+"
_NUMBER = rf"(?:(?:{_WHOLE})?\.\d+|{_WHOLE})(?:e[+−-]?\d+)?"
_ANY = rf"(?:{_NUMBER}|{PASTED})"
_SMALL = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
_ROUND = "twenty|thirty|forty|fifty|sixty|eighty|hundred"
_SHARE = r"%|per\s?cent|times|-?fold|[×x](?!\s?[\d¤])"
_COST = r"ms|s|seconds?|minutes?|hours?|days?|[kMG]i?B|megabytes?|gigabytes?"
_OF = r"\s(?:out\s)?of\s(?:(?:the|our|all|these|those)\s)?"
_KINDS = (
    rf"{_NUMBER}(?:(?:\sto\s|[-–]){_ANY})?\s?(?:{_SHARE}|{_COST})(?!\w)",  # 11 to 12 %
    rf"{_NUMBER}{_OF}{_ANY}",  # 38 of 40
    rf"{_NUMBER}\s\w+\sout\sof(?=\s)",  # 38 networks out of
    rf"(?:{_SMALL}){_OF}{_NUMBER}",  # three of 40
    rf"(?:{_SMALL}|{_NUMBER}){_OF}(?:{_ROUND})",  # 38 of forty
    rf"(?:{_NUMBER}|one)\s(?:part\s)?in\s{_NUMBER}",  # 1 in 40
    r"\d+/\d+",
    rf"{_NUMBER}\s(?:thousand|million|billion)",
    rf"(?:{_WHOLE})?\.\d+(?:e[+−-]?\d+)?|\d+e[+−-]?\d+",  # 0.97, 3e-5
    r"10⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+",
    r"\d{1,3}(?:,\d{3})+|(?!(?:19|20)\d\d(?!\d))\d{4,}",  # 1,234 and 1234, but not a year
)
# Not inside a longer number or a name (A3.2, SHA-256), nor the question of an assignment (5.1).
_BEFORE = r"(?<![\w/])(?<!\d[.,])(?<![^\W\d]-)(?<!ssignment\s)"
# Head of a code cell: the comment, the description and the lines it goes on over.
_DESCRIBED = re.compile(rf"^( *)(?:# {ROLE}: (.*)\n\1)?(alt:.*\n(?:\1 +\S.*\n)*)", re.MULTILINE)
LOOKS = re.compile(rf"{_BEFORE}(?:{'|'.join(_KINDS)})(?![\w/]|[.,]\d)", re.IGNORECASE)


def typed_numbers(piece: Piece) -> Iterator[tuple[int, str]]:
    """Yield line and fault of each number in a piece that is typed, or marked without need."""
    token = piece.token
    if token.type == "inline":
        for child in token.children or []:
            excused = child.content if child.meta.get("name") == ROLE else ""
            if excused and not LOOKS.fullmatch(excused):
                yield piece.line, f"{{{ROLE}}}`{excused}`: expected one number that needs the mark"
    if piece.name == "code-cell":
        yield from ((piece.line + line, fault) for line, fault in _needless(token.content))
    for found in LOOKS.finditer(_prose(piece)):
        line = piece.line + found.string.count("\n", 0, found.start())
        yield line, f"{' '.join(found[0].split())}: {TYPED}"


def _prose(piece: Piece) -> str:
    """Return what a piece shows as running text; empty for code, formulas and settings."""
    token = piece.token
    if token.type == "inline":
        text = "".join(map(_shown, token.children or []))
        return "\n".join("" if re.match(r":[\w-]+:", row) else row for row in text.split("\n"))
    if piece.name == "code-cell":
        return _told(token.content)
    if token.type == "html_block" or piece.name in OTHER_MARKUP:
        return token.content
    return re.sub(r"(\{[\w:.-]+\})?`[^`]*`|\$[^$]*\$", PASTED, piece.argument)  # perhaps a title


def _told(cell: str) -> str:
    """Return what a code cell says under its figure, and of it, on the lines where it stands.

    A formula or a role in it counts as pasted, and so does what a description may name.
    """
    kept, depth = [""], -1  # the line of the fence; how far the text's key is indented
    for row in _DESCRIBED.sub(_excused, _head(cell)).split("\n"):
        indent = len(row) - len(row.lstrip())
        if opened := re.match(r"\s*(?:caption|alt):\s*[|>]?[-+]?(.*)", row):
            depth, row = indent, opened[1]
        elif row.strip() and indent <= depth:
            depth = -1
        row = row.lstrip() if depth >= 0 else ""
        kept.append(re.sub(r"(\{[\w:.-]+\})?`[^`]*`|\$[^$]*\$", PASTED, row))
    return "\n".join(kept)


def _head(cell: str) -> str:
    """Return a cell's settings, empty if it has none."""
    head = re.match(r"---\n.*?^---\n", cell, re.DOTALL | re.MULTILINE)
    return head[0] if head else ""


def _named(described: re.Match[str]) -> list[str]:
    """Return the numbers that may stand in a description, longest first."""
    return sorted(filter(None, re.split(r";\s*", described[2] or "")), key=len, reverse=True)


def _excused(described: re.Match[str]) -> str:
    text = described[0][: described.start(3) - described.start()]
    return text + _without(_named(described), described[3])


def _without(numbers: list[str], text: str) -> str:
    """Put a sign in the place of each of some numbers, where it stands by itself, once."""
    for number in numbers:
        words = r"\s+".join(map(re.escape, number.split()))
        alone = re.compile(rf"(?<![\w.,]){words}(?![\w/%]|[.,]\d)")
        # What breaks a line stays, and so does the next one's indent.
        text = alone.sub(lambda found: PASTED + re.sub(r"\S", "", found[0]), text, count=1)
    return text


def _needless(cell: str) -> Iterator[tuple[int, str]]:
    """Yield line and fault of each comment that names a number and excuses nothing by it."""
    head = _head(cell)
    reads = {found.start(): found for found in _DESCRIBED.finditer(head) if found[2]}
    for comment in re.finditer(rf"^ *# {ROLE}:.*", head, re.MULTILINE):
        line = 1 + head.count("\n", 0, comment.start())
        if comment.start() not in reads:
            yield line, f"{comment[0].strip()}: expected a description right below"
            continue
        described = reads[comment.start()]
        text = described[3]
        for number in _named(described):
            left = _without([number], text)
            if not LOOKS.fullmatch(number) or left == text:
                yield line, f"# {ROLE}: {number}: expected numbers that the description below needs"
            text = left


def _shown(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return "\n"
    return token.content if token.type in SHOWN else PASTED * bool(token.content)


def faults(root: Path) -> list[str]:
    """List the numbers of the book's sources that look like results and are typed by hand.

    Args:
        root: the folder of `_toc.yml` and `_config.yml`.
    """
    settings = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    extensions = settings["parse"]["myst_enable_extensions"]
    paths = [root / f"{name}.md" for name in parse_toc_yaml(root / "_toc.yml")]
    return [
        f"{path.relative_to(root)}:{line}: {fault}"
        for path in paths
        if path.is_file()
        for piece in pieces(path.read_text(encoding="utf-8"), extensions)
        for line, fault in typed_numbers(piece)
    ]
