r"""How the nodes of a page become LaTeX, as far as Sphinx's own way does not do for paper.

Numbers are written out, links are `\hypertarget` and `\hyperlink`, and a link whose end is on no
page of the sheet is plain text.
"""

import re
from collections.abc import Sequence
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.builders.latex.nodes import math_reference
from sphinx.highlighting import PygmentsBridge
from sphinx.writers.latex import CR, LaTeXTranslator

MISSING = re.compile("([⁰⁴-⁹⁺⁻ⁿ₀-₉⅐-⅞]+)")  # in the text's font
LINE, GAP = 100, 3  # a line, and the gap between two columns, in signs of small print
ROWS, SIGNS = 6, 1000  # a table with more of either may break across pages


class Box(nodes.Admonition, nodes.Element):
    """An exercise, a solution or a marking guide, with a title that needs nothing more."""


def columns(table: nodes.table) -> str:
    """Say how wide each column of a table is to be: as its text, or if all is too wide, a share.

    As on a web page, a column first gets the room of its longest word, then its part of the rest.
    """
    texts = list(zip(*(_cells(row) for row in table.findall(nodes.row)), strict=True))
    most = [max(map(len, column)) + GAP for column in texts]
    if sum(most) < 0.9 * LINE and not any(map(is_break, table.findall(nodes.raw))):
        return "{" + "l" * len(most) + "}"
    least = [_longest(column) + GAP for column in texts]
    rest = max(LINE - sum(least), 0)
    wish = [max(b - a, 0) ** 0.5 for a, b in zip(least, most, strict=True)]
    widths = [round(a + rest * w / (sum(wish) or 1)) for a, w in zip(least, wish, strict=True)]
    ragged = r">{\raggedright\arraybackslash}"
    return "{" + "".join(rf"{ragged}\X{{{w}}}{{{sum(widths)}}}" for w in widths) + "}"


def may_break(table: nodes.table) -> bool:
    """Say whether a table is to break across pages: a long one, unless LaTeX boxes it in."""
    long = len(list(table.findall(nodes.row))) > ROWS or len(table.astext()) > SIGNS
    boxes: list[nodes.Element] = []
    parent = table.parent
    while parent is not None:
        boxes += [parent] if isinstance(parent, nodes.Admonition | nodes.entry) else []
        parent = parent.parent
    return long and all(isinstance(box, Box) for box in boxes)


def _longest(cells: Sequence[str]) -> float:
    """Return the room for the longest word: some letters are wide, and heads are bold."""
    return 1.2 * max(len(word) for cell in cells for word in [*re.split(r"[\s_.]", cell), "x"])


def is_break(node: nodes.Element) -> bool:
    """Say whether this is a line's break in a cell, which Markdown can only write as HTML."""
    return "html" in node["format"] and node.astext().startswith("<br")


def _cells(row: nodes.row) -> list[str]:
    """Return a row's texts, each formula as long as it looks; a wide cell is left out."""
    found: list[str] = []
    for entry in row:
        text = "" if "morecols" in entry else _text(entry)
        found += [text] + [""] * entry.get("morecols", 0)
    return found


def _text(entry: nodes.Element) -> str:
    """Return a cell's text; a formula's commands and a number to come count as signs."""
    seen: list[str] = []
    for node in entry.findall():
        if isinstance(node, math_reference):
            seen.append("(10.10)")
        elif isinstance(node, nodes.Text) and isinstance(node.parent, nodes.math):
            signs = re.sub(r"\\(?:[a-zA-Z]+|.)|[{}^_\s]", "", node)
            seen.append("m" * min(len(signs), LINE // 5))
        elif isinstance(node, nodes.Text):
            seen.append(node)
    return "".join(seen)


class Highlighter(PygmentsBridge):
    """Colours code; what stands in a handout stands in the book, and is coloured once."""

    def __init__(self, style: str) -> None:
        super().__init__("latex", style, latex_engine="xelatex")
        self.done: dict[str, str] = {}

    def highlight_block(self, source: str, lang: str, *args: Any, **more: Any) -> str:
        """Return the LaTeX of a piece of code."""
        settings = {name: value for name, value in more.items() if name != "location"}
        key = repr((source, lang, args, settings))
        if key not in self.done:
            self.done[key] = super().highlight_block(source, lang, *args, **more)
        return self.done[key]


class PaperTranslator(LaTeXTranslator):
    """Writes the LaTeX of one sheet."""

    builder: Any  # a PaperBuilder

    def __init__(self, document: nodes.document, builder: Any, theme: Any) -> None:
        super().__init__(document, builder, theme)
        self.highlighter = builder.highlighter

    def render(self, template_name: str, variables: dict[str, Any]) -> str:
        """Fill a template in; Sphinx would compile it anew for each table."""
        return self.builder.renderer.render(template_name, variables)

    def hypertarget(self, id: str, withdoc: bool = True, anchor: bool = True) -> str:
        """Name this place."""
        return rf"\unrolledplace{{{self.idescape(self._place(id) if withdoc else id)}}}"

    def hyperlink(self, id: str) -> str:
        """Begin a link to a place."""
        return rf"{{\hyperlink{{{self.idescape(id)}}}{{"

    def _place(self, id: str) -> str:
        return f"{self.curfilestack[-1]}:{id}"

    def _number(self, kind: str, node: nodes.Element) -> str:
        numbers = self.builder.env.toc_fignumbers.get(self.curfilestack[-1], {}).get(kind, {})
        found = (numbers[i] for i in node["ids"] if i in numbers)
        return ".".join(map(str, next(found, ())))

    def visit_start_of_file(self, node: nodes.Element) -> None:
        """Begin another page of the website."""
        self.curfilestack.append(node["docname"])
        self.body.append(CR + self.hypertarget(":doc") + CR)

    def visit_title(self, node: nodes.Element) -> None:
        """Set a heading, with its number."""
        super().visit_title(node)
        if isinstance(node.parent, nodes.section):
            anchors = self.builder.env.toc_secnumbers.get(self.curfilestack[-1], {})
            keys = [f"#{i}" for i in node.parent["ids"]]
            number = next((anchors[k] for k in keys if k in anchors), None)
            if number is None and isinstance(node.parent.parent, addnodes.start_of_file):
                number = anchors.get("")
            if number:
                self.body.append(".".join(map(str, number)) + r".\enspace{}")

    def visit_reference(self, node: nodes.Element) -> None:
        """Begin a link, if it leads to a place of this sheet or out of the book."""
        uri = node.get("refuri", "")
        if not uri and node.get("refid"):
            here = self.builder.sheet.page
            uri = node["refuri"] = f"%{here}#{node['refid']}"
        name, _, anchor = uri[1:].partition("#")
        if uri.startswith("%") and f"{name}:{anchor or ':doc'}" not in self.builder.places:
            self.context.append("")
        else:
            super().visit_reference(node)

    visit_number_reference = visit_reference  # the number is written out already
    depart_number_reference = LaTeXTranslator.depart_reference

    def visit_math(self, node: nodes.Element) -> None:
        """Set a formula of the line; in a table, made smaller where it is too wide for its cell."""
        if not self.table:
            super().visit_math(node)
        self.body.append(rf"\unrolledcell{{{node.astext()}}}")
        raise nodes.SkipNode

    def visit_math_reference(self, node: nodes.Element) -> None:
        """Refer to an equation by its number."""
        anchor = nodes.make_id(f"equation-{node['target']}")
        numbers = self.builder.env.toc_fignumbers.get(node["docname"], {}).get("displaymath", {})
        number = f"({'.'.join(map(str, numbers.get(anchor, ())))})"
        place = f"{node['docname']}:{anchor}"
        known = place in self.builder.places
        self.body.append(f"{self.hyperlink(place)}{number}}}}}" if known else number)
        raise nodes.SkipNode

    def visit_math_block(self, node: nodes.Element) -> None:
        """Set a displayed formula, with its number, made smaller where it is too wide."""
        if node.get("nowrap"):
            self.body.append(node.astext())
            raise nodes.SkipNode
        rows = [part.strip() for part in node.astext().split("\n\n") if part.strip()]
        number = ""
        if node.get("label"):
            anchor = nodes.make_id(f"equation-{node['label']}")
            self.body.append(CR + self.hypertarget(anchor) + "%")
            numbers = self.builder.env.toc_fignumbers.get(node["docname"], {})
            number = ".".join(map(str, numbers.get("displaymath", {}).get(anchor, ())))
        separator = r"\\" + CR
        self.body.append(f"{CR}\\unrolledmath{{{number}}}{{{separator.join(rows)}}}{CR}")
        raise nodes.SkipNode

    def visit_caption(self, node: nodes.Element) -> None:
        """Begin a caption, with its number."""
        if isinstance(node.parent, nodes.figure):
            number = self._number("figure", node.parent)
            self.body.append(rf"\renewcommand{{\thefigure}}{{{number}}}{CR}")
        super().visit_caption(node)

    def depart_table(self, node: nodes.Element) -> None:
        """Set a table; its caption has its number, its columns the width that they need."""
        assert self.table is not None
        if "colwidths-given" not in node["classes"]:
            self.table.colspec = columns(node)
        number = self._number("table", node)
        wide = r"\X" in self.table.get_colspec()
        if wide and may_break(node):  # a narrow one is low, and would need LaTeX to run twice
            self.table.classes = [*self.table.classes, "longtable"]
        size = r"\footnotesize" if wide else r"\small"
        self.body.append(rf"{CR}{{{size}\renewcommand{{\thetable}}{{{number}}}")
        super().depart_table(node)
        self.body.append(f"}}{CR}")

    def visit_raw(self, node: nodes.Element) -> None:
        """Break the line where the website's cell breaks it; other HTML is not for paper."""
        if self.table and is_break(node):
            self.body.append(r"\newline ")
            raise nodes.SkipNode
        super().visit_raw(node)

    def visit_Text(self, node: nodes.Text) -> None:
        """Set text; a name in code may break after its parts."""
        super().visit_Text(node)
        if not isinstance(node.parent, nodes.literal):
            self.body[-1] = MISSING.sub(r"{\\unrolledother \1}", self.body[-1])
        elif not self.in_title:
            self.body[-1] = re.sub(r"(\\_|[.(,=])(?=\w)", r"\1\\allowbreak{}", self.body[-1])

    def visit_Box(self, node: nodes.Element) -> None:
        """Begin an exercise, a solution or a marking guide."""
        self.body.append(CR + "".join(map(self.hypertarget, node["ids"])))
        self.body.append(rf"\begin{{unrolledbox}}{{{node['kind']}}}")
        self.no_latex_floats += 1

    def depart_Box(self, node: nodes.Element) -> None:
        """End it."""
        self.body.append(rf"\end{{unrolledbox}}{CR}")
        self.no_latex_floats -= 1

    def visit_paragraph(self, node: nodes.Element) -> None:
        """Begin a paragraph; one says what an exercise is worth."""
        super().visit_paragraph(node)
        if "effort" in node["classes"]:
            self.body.append(r"\unrolledeffort{")

    def depart_paragraph(self, node: nodes.Element) -> None:
        """End it, on the student's sheet with room for the points that were earned."""
        if "effort" in node["classes"]:
            worth = self.builder.worth(node.parent["label"])
            self.body.append(f"}}{{{worth}}}")
        super().depart_paragraph(node)

    def visit_container(self, node: nodes.Element) -> None:
        """Mark what a cell gave, which looks unlike its code; other containers are of no use."""
        kind = next((c for c in ("cell_output", "tag_small") if c in node["classes"]), "")
        self.body.append(rf"{CR}\begin{{sphinxuseclass}}{{{kind}}}" if kind else CR)
        self.context.append(rf"{CR}\end{{sphinxuseclass}}" if kind else CR)

    def depart_container(self, node: nodes.Element) -> None:
        """End it."""
        self.body.append(self.context.pop())

    def visit_thebibliography(self, node: nodes.Element) -> None:
        """Begin the list of what is cited."""
        self.body.append(rf"{CR}\begin{{unrolledreferences}}{CR}")

    def depart_thebibliography(self, node: nodes.Element) -> None:
        """End it."""
        self.body.append(rf"\end{{unrolledreferences}}{CR}")

    def visit_citation(self, node: nodes.Element) -> None:
        """Begin an entry; its short name is not shown, as no citation shows it."""
        self.body.append(r"\item ")
        self.body.append(self.hypertarget(f"{node['docname']}:{node['ids'][0]}", withdoc=False))

    def visit_label(self, node: nodes.Element) -> Any:
        """Leave out an entry's short name."""
        raise nodes.SkipNode


def visit_exercise_reference(self: Any, node: nodes.Element) -> None:
    """Begin a reference to an exercise, as to anything else."""
    self.visit_reference(node)


def depart_exercise_reference(self: Any, node: nodes.Element) -> None:
    """End it."""
    self.depart_reference(node)
