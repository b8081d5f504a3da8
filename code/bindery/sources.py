"""Checks of the chapters' sources: every displayed equation comes from the table, and from it all.

The sources are read with the parser that builds the pages, so that what counts as a displayed
equation here is what is one there.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser
from sphinx_external_toc.parsing import parse_toc_yaml
from unrolled.derivations.equations import EQUATIONS, Equation

CODE = ("code-cell", "code", "code-block", "sourcecode", "literalinclude")
OTHER_MARKUP = ("raw", "eval-rst")
TYPED_TOKENS = ("math_block", "math_block_label", "amsmath", "math_inline_double")
BY_HAND = "a displayed equation typed by hand: paste it from the table with {glue:math}"
MARK = "or mark a student's mistake with `:class: mistake`"


@dataclass(frozen=True)
class Piece:
    """A directive, or anything else that stands in a page.

    Args:
        line: where it begins.
        token: as the parser read it.
        name: the directive's name; empty if it is none.
        argument: what follows the name.
        options: the directive's options.
        body: what stands in a directive, options included.
    """

    line: int
    token: Token
    name: str = ""
    argument: str = ""
    options: dict[str, str] = field(default_factory=dict)
    body: str = ""


def pieces(text: str, extensions: Iterable[str]) -> tuple[Piece, ...]:
    """Return what a page consists of; what stands in a directive comes after it.

    A page is read once, however many ask for it.

    Args:
        text: MyST.
        extensions: MyST's, as in `_config.yml`.
    """
    return _pieces(text, frozenset(extensions))


@cache
def _pieces(text: str, extensions: frozenset[str]) -> tuple[Piece, ...]:
    # MyST's own parser: it tells an escaped bracket from a bracket.
    settings = MdParserConfig(enable_extensions=set(extensions))
    markdown = create_md_parser(settings, RendererHTML).disable("text_join")
    return tuple(_read(markdown, text, 1))


def _read(markdown: MarkdownIt, text: str, line: int) -> Iterator[Piece]:
    for token in markdown.parse(text):
        here = line + (token.map[0] if token.map else 0)
        opened = re.fullmatch(r"\{([\w:.-]+)\}\s*(.*)", token.info.strip())
        if token.type not in ("fence", "colon_fence") or not opened:
            yield Piece(here, token)
            continue
        name, argument = opened.groups()
        yield Piece(here, token, name, argument, _options(token.content), token.content)
        if name not in (*CODE, *OTHER_MARKUP, "math"):
            yield from _read(markdown, token.content, here + 1)


def _options(body: str) -> dict[str, str]:
    """Read a directive's options, written as `:key: value` or between two lines of `---`."""
    if body.startswith("---\n"):
        read = yaml.safe_load(body.split("---\n")[1])
        return {str(key): str(value) for key, value in (read or {}).items()}
    options = {}
    for row in body.splitlines():
        found = re.fullmatch(r":([\w-]+):\s*(.*)", row)
        if not found:
            break
        options[found[1]] = found[2].strip()
    return options


def typed(piece: Piece) -> str:
    """Say in what way a piece is an equation typed by hand; empty if it is none."""
    token = piece.token
    if piece.name == "math":
        return _of_math_directive(piece)
    if piece.name in OTHER_MARKUP and re.search(r"math|\\\[|\\begin|\$\$", piece.body):
        return f"{BY_HAND} ({{{piece.name}}} is not read by the checks)"
    if piece.name == "code-cell":
        return _of_code(piece.body)
    if token.type in TYPED_TOKENS:
        return f"{BY_HAND}, {MARK} in a {{math}} directive"
    if token.type == "inline" and _displays(token.children or []):
        return f"{BY_HAND}; inside a sentence, $…$ sets a symbol"
    return ""


def _of_math_directive(piece: Piece) -> str:
    if "mistake" not in piece.options.get("class", "").split():
        return f"{BY_HAND}, {MARK}"
    if piece.options.get("label"):
        return "a mistake with a label: nothing may refer to it as if it were true"
    return ""


def _displays(children: list[Token]) -> bool:
    r"""Find `\[` and `$$` in a paragraph: the one is shown as a bracket, the other with dollars."""
    if any(c.type in TYPED_TOKENS for c in children):
        return True
    if any(c.type == "text_special" and c.markup == r"\[" for c in children):
        return True
    inline = any(c.type == "math_inline" for c in children)
    return inline and any(c.type == "text" and "$" in c.content for c in children)


def _of_code(body: str) -> str:
    """Look for cells that display LaTeX of their own; `equations.show` displays the table's."""
    code = body.split("---\n", 2)[-1] if body.startswith("---\n") else body  # without its options
    rows = ("" if row.startswith((":", "%", "!")) else row for row in code.split("\n"))
    try:
        nodes = list(ast.walk(ast.parse("\n".join(rows))))
    except SyntaxError as error:
        return f"expected a cell of Python, got {error.text!r}"
    for node in nodes:
        if isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if called in ("Math", "Latex"):
                return f"{BY_HAND}, or show it with `equations.show`, not with {called}(…)"
        if isinstance(node, ast.Constant) and "$$" in str(node.value):
            return f"{BY_HAND}, not by a cell that prints $$"
    return ""


def faults(root: Path, table: Sequence[Equation] = EQUATIONS) -> list[str]:
    """List what is wrong with the equations of the book's sources, a sentence each.

    Args:
        root: the folder of `_toc.yml` and `_config.yml`.
        table: the equations there are.
    """
    settings = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    extensions = settings["parse"]["myst_enable_extensions"]
    known, found = {e.label: e for e in table}, []
    pasted: dict[str, list[str]] = defaultdict(list)
    for name in parse_toc_yaml(root / "_toc.yml"):
        path = root / f"{name}.md"
        if not path.is_file():
            continue
        for piece in pieces(path.read_text(encoding="utf-8"), extensions):
            where = f"{path.relative_to(root)}:{piece.line}"
            fault = typed(piece)
            if piece.name.startswith("glue"):
                fault = _of_paste(piece, known, path.stem)
                pasted[piece.argument].append(where)
            found += [f"{where}: {fault}"] if fault else []
    return found + _unpasted(table, pasted)


def _of_paste(piece: Piece, known: dict[str, Equation], page: str) -> str:
    """Say what is wrong with one pasted equation."""
    label = piece.argument
    if piece.name != "glue:math":
        return f"{label}: expected {{glue:math}}, got {{{piece.name}}}" if label in known else ""
    if label not in known:
        return f"{label}: expected the label of an equation of the table, got an unknown one"
    if piece.options.get("label") != label:
        given = piece.options.get("label", "none")
        return f"{label}: expected the option `:label: {label}`, got {given}"
    if known[label].chapter != page:
        return f"{label}: expected in its chapter {known[label].chapter}, got it in {page}"
    return ""


def _unpasted(table: Sequence[Equation], pasted: dict[str, list[str]]) -> list[str]:
    """Name the equations of the table that stand nowhere, and those that stand twice."""
    found = []
    for e in table:
        places = pasted.get(e.label, [])
        if not places:
            found.append(f"{e.label}: expected on the page of {e.chapter}, pasted on none")
        if len(places) > 1:
            found.append(f"{e.label}: expected once, pasted at {', '.join(places)}")
    return found
