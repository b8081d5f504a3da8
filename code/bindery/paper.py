r"""Sphinx extension: the builder `paper`, which writes the LaTeX of the book and of its handouts.

One reading of the sources serves them all: the book, a handout for each page, and one for each
assignment, which is its page followed by its exercises, taken from their chapters.

Every number is the website's: it is written out, where LaTeX would count anew, and so a reference
to another chapter holds in a handout too. Links are LaTeX's plainest, a name at both ends, which
one run of xelatex resolves. How it all looks is said in `latex/unrolled.sty`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
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
from sphinx_exercise.nodes import exercise_latex_number_reference
from unrolled import __version__

from bindery import exercises
from bindery.sheets import (
    BOOK,
    Sheet,
    home,
    parts_of,
    place_of,
    places,
    printed_page,
    setup_cell,
    sheets,
    tex,
)
from bindery.typeset import (
    Box,
    Highlighter,
    PaperTranslator,
    depart_exercise_reference,
    visit_exercise_reference,
)

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


def paper() -> str:
    """Return the paper that the environment asks for, A4 if it asks for none.

    Raises:
        ValueError: there is no such paper.
    """
    name = (os.environ.get(VARIABLE) or "a4").lower()
    if name not in PAPERS:
        raise ValueError(f"{VARIABLE}: expected one of {', '.join(PAPERS)}, got {name!r}")
    return name


class PaperBuilder(LaTeXBuilder):
    """Writes the LaTeX of every sheet."""

    name = "paper"
    default_translator_class = PaperTranslator

    def init(self) -> None:
        """Prepare what all sheets share."""
        super().init()
        self.places: set[str] = set()
        self.read_once = cache(self.env.get_doctree)
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
        self.places = set(places(tree))
        with self.remembered_pages():
            self.env.resolve_references(tree, indexfile, self)
        self.add_bibliography(tree)
        return tree

    @contextmanager
    def remembered_pages(self) -> Iterator[None]:
        """Let Sphinx read each page once, where it would for every reference by number."""
        self.env.get_doctree = self.read_once  # type: ignore[method-assign]
        try:
            yield
        finally:
            del self.env.get_doctree  # the instance's: the class's remains

    def page(self, name: str) -> addnodes.start_of_file:
        """Read one page, as it is printed: with its first cell, on which its exercises stand."""
        numbers = self.env.toc_fignumbers.get(name, {}).get("exercise", {})
        page = printed_page(name, self.env.get_doctree(name), numbers)
        first = next((b for b in page.findall(Box) if b["kind"] == "exercise"), None)
        if first is not None and first["label"] in self.known:
            setup = self.known[first["label"]].setup
            if not any(block.astext() == setup for block in page.findall(nodes.literal_block)):
                place = first.parent.index(first)
                first.parent[place:place] = setup_cell(setup, "this page")
        return page

    def handout(self) -> nodes.section:
        """Put together a page, and below it the exercises that an assignment takes from others."""
        page = self.page(self.sheet.page)
        section = next(page.findall(nodes.section))
        foreign = {home(self.known[label]) for label in self.tasks()}
        if foreign - {self.sheet.page}:
            section += nodes.section("", nodes.title("", "The tasks"), *self.taken())
            section += self.equations(section)
        return section

    def equations(self, sheet: nodes.section) -> list[nodes.Node]:
        """Repeat the equations that a sheet refers to and does not show, with their numbers."""
        known = self.env.get_domain("math").equations  # type: ignore[attr-defined]
        shown = {block.get("label") for block in sheet.findall(nodes.math_block)}
        links = (r for r in sheet.findall(addnodes.pending_xref) if r["refdomain"] == "math")
        repeated = []
        for label in sorted({r["reftarget"] for r in links} & set(known) - shown):
            page = known[label][0]
            tree = self.read_once(page)
            block = next(b for b in tree.findall(nodes.math_block) if b.get("label") == label)
            number = self.numbers(page, "displaymath", nodes.make_id(f"equation-{label}"))
            piece = addnodes.start_of_file("", block.deepcopy(), docname=page)
            repeated.append((number, piece))
        pieces = [piece for _, piece in sorted(repeated, key=lambda pair: pair[0])]
        title = nodes.title("", "Equations referred to")
        return [nodes.section("", title, *pieces)] if pieces else []

    def numbers(self, page: str, kind: str, place: str) -> tuple[int, ...]:
        """Return the number that the website gives a figure, an exercise, an equation."""
        return self.env.toc_fignumbers.get(page, {}).get(kind, {}).get(place, ())

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
                piece += setup_cell(self.known[label].setup, self.heading(name))
                shown = name
            box = next(b for b in pages[name].findall(Box) if b.get("label") == label)
            piece += [box, *parts_of(box)]
            yield piece

    def book(self) -> nodes.section:
        """Put together the whole book: its pages, part by part; not what stands below a page.

        That is the library's reference, which is looked up and not read.
        """
        sitemap = self.config.external_site_map
        whole = nodes.section("", nodes.title("", BOOK), self.page(sitemap.root.docname))
        for part in sitemap.root.subtrees:
            caption = tex(part.caption or "")
            whole += nodes.raw("", rf"\unrolledpart{{{caption}}}", format="latex")
            whole += [self.page(name) for name in part.files()]
        return whole

    def add_bibliography(self, tree: nodes.document) -> None:
        """Append the entries that are cited, or in the book all."""
        cited = {
            place_of(r["refuri"]) for r in tree.findall(nodes.reference) if "refuri" in r.attributes
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
        book = tex(self.config.html_title)
        shown = book if sheet.name == BOOK else tex(self.heading(sheet.page))
        super().update_doc_context(shown, tex(self.config.author), theme)
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
            rf"{{{'* extra' if extra else ''}}}"
        )

    def worth(self, label: str) -> str:
        """Return what the student's sheet leaves room for, an exercise's points; else nothing."""
        student = self.config.bindery_edition == "student"
        return f"{self.known[label].number('points'):g}" if student else ""

    def number(self, label: str) -> str:
        """Return an exercise's number, as on the website."""
        found = self.numbers(home(self.known[label]), "exercise", label)
        return ".".join(map(str, found))


def configure(app: Sphinx, config: Config) -> None:
    """Set what LaTeX needs, and which form of an output is printed.

    Raises:
        ExtensionError: there is no such paper.
    """
    try:
        paper()
    except ValueError as error:
        raise ExtensionError(str(error)) from None
    config.nb_mime_priority_overrides = (
        *config.nb_mime_priority_overrides,
        *((PaperBuilder.name, kind, 10 * rank) for rank, kind in enumerate(ORDER, 1)),
    )
    config.latex_engine = "xelatex"
    config.latex_elements = ELEMENTS
    config.latex_use_xindy = False
    config.latex_domain_indices = False  # of the library's modules, whose pages are not printed


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.add_builder(PaperBuilder)
    reference = (visit_exercise_reference, depart_exercise_reference)
    app.add_node(exercise_latex_number_reference, override=True, latex=reference)
    app.connect("config-inited", configure, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
