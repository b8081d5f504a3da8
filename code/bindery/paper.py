r"""Sphinx extension: the builder `paper`, which writes the LaTeX of the book and of its handouts.

One reading of the sources serves them all: the book, a handout for each page, and one for each
assignment, which is its page followed by its exercises, taken from their chapters.

Every number is the website's: it is written out, where LaTeX would count anew, and so a reference
to another chapter holds in a handout too. Links are LaTeX's plainest, a name at both ends, which
one run of xelatex resolves. How it all looks is said in `latex/unrolled.sty`.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import Path, PurePosixPath
from typing import Any

from docutils import nodes
from docutils.utils import new_document
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.latex import LaTeXBuilder
from sphinx.builders.latex.nodes import thebibliography
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util.fileutil import copy_asset_file
from sphinx.util.nodes import clean_astext
from sphinx.util.template import LaTeXRenderer
from sphinx.util.texescape import escape
from sphinx_exercise.nodes import (
    exercise_latex_number_reference,
    is_exercise_node,
    solution_node,
)
from sphinx_external_toc.api import SiteMap
from sphinxcontrib.bibtex.nodes import bibliography
from unrolled import __version__

from bindery import coursework, exercises
from bindery.editions import guide_node
from bindery.typeset import (
    Box,
    Highlighter,
    PaperTranslator,
    depart_exercise_reference,
    visit_exercise_reference,
)

BOOK = "unrolled"
BIBLIOGRAPHY = "chapters/bibliography"
PAPERS = {"a4": "a4paper", "letter": "letterpaper"}
VARIABLE, ONLY = "UNROLLED_PAPER", "UNROLLED_SHEETS"
STYLE = Path(__file__).with_name("latex") / "unrolled.sty"
ORDER = ("application/pdf", "image/png", "image/jpeg", "text/latex", "text/markdown", "text/plain")
ELEMENTS = {
    "pointsize": "10pt",
    "extraclassoptions": "oneside,openany",
    "fncychap": "",
    "polyglossia": "",
    "fontpkg": r"\usepackage{unrolled}",
    "sphinxsetup": (
        "hmargin=2.2cm,vmargin={2cm,2.4cm},verbatimwithframe=false,"
        "VerbatimColor={HTML}{F4F6F8},InnerLinkColor={HTML}{0D55BB},"
        "OuterLinkColor={HTML}{0D55BB},TitleColor={rgb}{0,0,0}"
    ),
    "fvset": r"\fvset{fontsize=\small}",
    "hyperref": r"\usepackage{hyperref}\usepackage{hypcap}\usepackage{bookmark}\urlstyle{same}",
    "makeindex": "",
    "printindex": "",
    "preamble": r"\unrolledlast",
}
SETUP = "The cells of these exercises stand on the first cell of the page:"


def paper() -> str:
    """Return the paper that the environment asks for, A4 if it asks for none.

    Raises:
        ValueError: there is no such paper.
    """
    name = (os.environ.get(VARIABLE) or "a4").lower()
    if name not in PAPERS:
        raise ValueError(f"{VARIABLE}: expected one of {', '.join(PAPERS)}, got {name!r}")
    return name


@dataclass(frozen=True)
class Sheet:
    """One PDF.

    Args:
        name: of its file.
        page: the page that it shows, or the book's first.
        tasks: the labels of the exercises to hand in.
        extra: those of them that earn extra points.
    """

    name: str
    page: str
    tasks: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()


def sheets(book: SiteMap, known: Mapping[str, exercises.Exercise]) -> list[Sheet]:
    """Say which PDFs a book is printed as.

    Args:
        book: its parts and pages, as `_toc.yml` has them.
        known: label → exercise, of the whole book.

    Returns:
        The book; then a sheet for each assignment and for each chapter, a page of a numbered part.
    """
    made = [Sheet(BOOK, book.root.docname)]
    assignments = {a.key: a for a in coursework.ASSIGNMENTS}
    for part in book.root.subtrees:
        for page in part.files():
            name = PurePosixPath(page).name
            if name in assignments:
                of = assignments[name]
                made.append(Sheet(name, page, of.exercises, of.optional))
            elif part.numbered:
                made.append(
                    Sheet(name, page, tuple(e.label for e in known.values() if home(e) == page))
                )
    return made


def home(exercise: exercises.Exercise) -> str:
    """Return the page on which an exercise stands."""
    return exercise.path.with_suffix("").as_posix()


class PaperBuilder(LaTeXBuilder):
    """Writes the LaTeX of every sheet."""

    name = "paper"

    def init(self) -> None:
        """Prepare what all sheets share."""
        super().init()
        self.places: set[str] = set()
        self.sheet = Sheet("", "")
        self.highlighter = Highlighter(self.config.pygments_style)
        self.renderer = LaTeXRenderer(latex_engine=self.config.latex_engine)

    @cached_property
    def known(self) -> dict[str, exercises.Exercise]:
        """The book's exercises: label → exercise."""
        return {e.label: e for e in exercises.read(Path(self.app.confdir))[0]}

    @cached_property
    def citations(self) -> dict[str, nodes.citation]:
        """The bibliography's entries, resolved: place → entry."""
        if BIBLIOGRAPHY not in self.env.found_docs:
            return {}
        tree = self.env.get_and_resolve_doctree(BIBLIOGRAPHY, self)
        return {f"{BIBLIOGRAPHY}:{c['ids'][0]}": c for c in tree.findall(nodes.citation)}

    def get_contentsname(self, indexfile: str) -> str:
        """Leave the name of the table of contents as it is."""
        return ""

    def get_target_uri(self, docname: str, typ: str | None = None) -> str:
        """Name every page, also those of other sheets: the translator leaves out dead links."""
        return f"%{docname}"

    def init_document_data(self) -> None:
        """Say what is to be written: the sheets of this book."""
        only = os.environ.get(ONLY, "").split()
        every = sheets(self.config.external_site_map, self.known)
        self.sheets = {s.page: s for s in every if not only or s.name in only}
        self.titles = []
        self.document_data = [
            (s.page, f"{s.name}.tex", "", "", "manual" if s.name == BOOK else "howto", False)
            for s in self.sheets.values()
        ]

    def copy_assets(self) -> None:
        """Put the style beside what is written."""
        super().copy_assets()
        copy_asset_file(str(STYLE), str(self.outdir))

    def assemble_doctree(
        self, indexfile: str, toctree_only: bool, appendices: list[str]
    ) -> nodes.document:
        """Put one sheet together, and resolve its references."""
        self.sheet = self.sheets[indexfile]
        self.citations  # noqa: B018 (before the first sheet: the extension counts on one reading)
        tree = new_document("<paper>")
        tree["docname"] = indexfile
        tree += self.book() if self.sheet.name == BOOK else self.handout()
        self.places = set(_places(tree))
        self.env.resolve_references(tree, indexfile, self)
        self.add_bibliography(tree)
        return tree

    def page(self, name: str) -> addnodes.start_of_file:
        """Read one page, as it is printed."""
        tree = self.env.get_doctree(name)
        for node in list(tree.findall(addnodes.toctree)):
            node.parent.remove(node)
        for node in list(tree.findall(bibliography)):
            node.parent.remove(node)
        _hide(tree)
        self.make_boxes(tree, name)
        return addnodes.start_of_file("", *tree.children, docname=name)

    def make_boxes(self, tree: nodes.document, name: str) -> None:
        """Turn exercises, solutions and guides into boxes with complete titles."""
        numbers = self.env.toc_fignumbers.get(name, {}).get("exercise", {})
        titles = {}
        for node in list(tree.findall(is_exercise_node)):
            number = ".".join(map(str, numbers.get(node["ids"][0], ())))
            label = node["label"]
            title = nodes.title("", f"Exercise {number}".strip())
            for rest in node[0].children[1:]:
                title += [nodes.Text(" · "), *rest.children]
            titles[label] = title
            _box(node, "exercise", title, label)
        for node in list(tree.findall(lambda n: isinstance(n, solution_node | guide_node))):
            of = node["target_label"] if isinstance(node, solution_node) else node["label"]
            kind = "solution" if isinstance(node, solution_node) else "guide"
            word = {"solution": "Solution to ", "guide": "Marking guide for "}[kind]
            title = nodes.title("", word, *(c.deepcopy() for c in titles[of].children))
            _box(node, kind, title, of)

    def handout(self) -> nodes.section:
        """Put together a page, and below it the exercises that an assignment takes from others."""
        page = self.page(self.sheet.page)
        section = next(page.findall(nodes.section))
        foreign = {home(self.known[label]) for label in self.tasks()}
        if foreign - {self.sheet.page}:
            section += self.taken()
        elif self.tasks():
            first = next(b for b in section.findall(Box) if b["kind"] == "exercise")
            setup = self.known[first["label"]].setup
            if not any(block.astext() == setup for block in section.findall(nodes.literal_block)):
                place = first.parent.index(first)
                first.parent[place:place] = _setup(setup)
        return section

    def tasks(self) -> tuple[str, ...]:
        """Return the labels of what is asked.

        Raises:
            ExtensionError: the book lacks an exercise of an assignment.
        """
        missing = [label for label in self.sheet.tasks if label not in self.known]
        if missing:
            raise ExtensionError(
                f"{self.sheet.name}: expected in the chapters, got none of {', '.join(missing)}"
            )
        return self.sheet.tasks

    def taken(self) -> Iterator[addnodes.start_of_file]:
        """Take an assignment's exercises out of their chapters, with what belongs to them."""
        shown = ""
        pages: dict[str, addnodes.start_of_file] = {}
        for label in self.tasks():
            name = home(self.known[label])
            pages.setdefault(name, self.page(name))
            piece = addnodes.start_of_file("", docname=name)
            if shown != name:
                piece += _setup(self.known[label].setup)
                shown = name
            box = next(b for b in pages[name].findall(Box) if b.get("label") == label)
            piece += [box, *_parts(box)]
            yield piece

    def book(self) -> nodes.section:
        """Put together the whole book: its pages, part by part."""
        sitemap = self.config.external_site_map
        whole = nodes.section("", nodes.title("", BOOK), self.page(sitemap.root.docname))
        for part in sitemap.root.subtrees:
            caption = _tex(part.caption or "")
            whole += nodes.raw("", rf"\unrolledpart{{{caption}}}", format="latex")
            whole += [self.page(name) for name in part.files()]
        return whole

    def add_bibliography(self, tree: nodes.document) -> None:
        """Append the entries that are cited, or in the book all."""
        cited = {
            _place(r["refuri"]) for r in tree.findall(nodes.reference) if "refuri" in r.attributes
        }
        entries = [
            entry.deepcopy()
            for place, entry in self.citations.items()
            if self.sheet.name == BOOK or place in cited
        ]
        if entries:
            tree += thebibliography("", *entries)
            self.places |= set(self.citations) & cited

    def update_doc_context(self, title: str, author: str, theme: Any) -> None:
        """Set what differs from sheet to sheet: title, foot, lines for names, points."""
        sheet, edition = self.sheet, self.config.bindery_edition
        book = _tex(self.config.html_title)
        shown = book if sheet.name == BOOK else _tex(self.heading(sheet.page))
        super().update_doc_context(shown, _tex(self.config.author), theme)
        self.context["papersize"] = PAPERS[paper()]
        made = self.config.bindery_record["commit_date"]
        settings = {
            "book": book,
            "sheet": shown,
            "version": f"version {__version__}, {made}",
            "edition": "" if edition == "reader" else f"{edition}’s edition",
        }
        lines = [rf"\unrolledset{{{key}}}{{{value}}}" for key, value in settings.items()]
        self.context["maketitle"] = "\n".join(
            [*lines, r"\unrolledtitle", *(self.lines_for_names() if sheet.tasks else ())]
        )
        self.context["tableofcontents"] = r"\unrolledcontents" if sheet.name == BOOK else ""

    def heading(self, page: str) -> str:
        """Return a page's title with its number."""
        number = self.env.toc_secnumbers.get(page, {}).get("", ())
        return " ".join(
            [f"{'.'.join(map(str, number))}."] * bool(number)
            + [clean_astext(self.env.titles[page])]
        )

    def lines_for_names(self) -> Iterator[str]:
        """Yield the lines for name and number, and the table of points with their total."""
        student = self.config.bindery_edition == "student"
        if student:
            yield r"\unrollednames"
        tasks = [self.known[label] for label in self.tasks()]
        numbers = [self.number(e.label) for e in tasks]
        worth = [e.number("points") for e in tasks]
        own = sum(w for e, w in zip(tasks, worth, strict=True) if e.label not in self.sheet.extra)
        extra = f" + {sum(worth) - own:g}" if self.sheet.extra else ""
        heads = [
            f"{number}*" if e.label in self.sheet.extra else number
            for number, e in zip(numbers, tasks, strict=True)
        ]
        yield (
            rf"\unrolledpoints{{{len(tasks)}}}{{{' & '.join(heads)}}}"
            rf"{{{' & '.join(f'{w:g}' for w in worth)}}}{{{own:g}{extra}}}"
            rf"{{{'&' * len(tasks) if student else ''}}}"
        )

    def worth(self, label: str) -> str:
        """Return what the student's sheet leaves room for, an exercise's points; else nothing."""
        student = self.config.bindery_edition == "student"
        return f"{self.known[label].number('points'):g}" if student else ""

    def number(self, label: str) -> str:
        """Return an exercise's number, as on the website."""
        page = home(self.known[label])
        found = self.env.toc_fignumbers.get(page, {}).get("exercise", {}).get(label, ())
        return ".".join(map(str, found))


def _tex(text: str) -> str:
    return escape(text, "xelatex")


def _box(node: nodes.Element, kind: str, title: nodes.title, label: str) -> None:
    """Replace an exercise, a solution or a guide by its box."""
    content = [c for part in node.children[1:] for c in _unwrapped(part)]
    box = Box("", title, *content, kind=kind, label=label, ids=node["ids"])
    node.replace_self(box)


def _unwrapped(node: nodes.Node) -> list[nodes.Node]:
    return list(node.children) if isinstance(node, nodes.section) else [node]


def _parts(box: Box) -> list[nodes.Node]:
    """Return what stands below an exercise's box and belongs to it."""
    later = box.parent.children[box.parent.index(box) + 1 :]
    return list(takewhile(lambda n: _is_cell(n) or _belongs(n, box), later))


def _is_cell(node: nodes.Node) -> bool:
    return isinstance(node, nodes.container) and "cell" in node["classes"]


def _belongs(node: nodes.Node, box: Box) -> bool:
    if isinstance(node, Box):
        return node["label"] == box["label"] and node["kind"] != "exercise"
    return isinstance(node, nodes.target | nodes.comment)


def _hide(tree: nodes.document) -> None:
    """Take out the code that the website shows on demand: what it draws is what is read."""
    for cell in [c for c in tree.findall(nodes.container) if _is_cell(c)]:
        hidden = {c.removeprefix("tag_hide-") for c in cell["classes"] if "tag_hide-" in c}
        for part in list(cell.children):
            kind = str(part.get("nb_element", "")).removeprefix("cell_code_")
            if hidden & {"cell", {"source": "input"}.get(kind, kind)}:
                cell.remove(part)


def _setup(code: str) -> list[nodes.Node]:
    """Show the cell on which a page's exercises stand."""
    literal = nodes.literal_block(code, code, language="ipython3")
    return [nodes.paragraph(SETUP, SETUP), literal]


def _places(tree: nodes.document) -> Iterator[str]:
    """Yield every place of a sheet that can be linked to: its page, a colon, its id."""
    for file in tree.findall(addnodes.start_of_file):
        name = file["docname"]
        yield f"{name}::doc"
        for node in file.findall(nodes.Element):
            yield from (f"{name}:{id}" for id in node["ids"])


def _place(uri: str) -> str:
    return uri.removeprefix("%").replace("#", ":", 1)


def configure(app: Sphinx, config: Config) -> None:
    """Set what LaTeX needs, and which form of an output is printed.

    Raises:
        ExtensionError: there is no such paper.
    """
    try:
        paper()
    except ValueError as error:
        raise ExtensionError(str(error)) from None
    config.nb_mime_priority_overrides = [
        (PaperBuilder.name, kind, 10 * rank) for rank, kind in enumerate(ORDER, 1)
    ]
    config.latex_engine = "xelatex"
    config.latex_elements = ELEMENTS
    config.latex_use_xindy = False


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.add_builder(PaperBuilder)
    app.set_translator(PaperBuilder.name, PaperTranslator)
    reference = (visit_exercise_reference, depart_exercise_reference)
    app.add_node(exercise_latex_number_reference, override=True, latex=reference)
    app.connect("config-inited", configure, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
