"""What the book is printed as, and how a page of the website becomes a page on paper.

A page's exercises, solutions and marking guides become boxes with complete titles, so that they
can stand anywhere; what the website hides until it is asked for is left out.
"""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import PurePosixPath

from docutils import nodes
from sphinx import addnodes
from sphinx.util.texescape import escape
from sphinx_exercise.nodes import is_exercise_node, solution_node
from sphinx_external_toc.api import SiteMap
from sphinxcontrib.bibtex.nodes import bibliography

from bindery import coursework
from bindery.editions import guide_node
from bindery.exercises import Exercise
from bindery.typeset import Box

BOOK = "unrolled"
SUMMARY = re.compile("<summary>(.*?)</summary>", re.DOTALL)
SETUP = "The cells of these exercises stand on the first cell of {}:"


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


def sheets(book: SiteMap, known: Mapping[str, Exercise]) -> list[Sheet]:
    """Say which PDFs a book is printed as.

    Args:
        book: its parts and pages, as `_toc.yml` has them.
        known: label → exercise, of the whole book.

    Returns:
        The book; then a sheet for each assignment and for each chapter, a page of a numbered part
        or one of the appendix with exercises.
    """
    made = [Sheet(BOOK, book.root.docname)]
    assignments = {a.key: a for a in coursework.ASSIGNMENTS}
    for part in book.root.subtrees:
        for page in part.files():
            name = PurePosixPath(page).name
            tasks = tuple(e.label for e in known.values() if home(e) == page)
            if name in assignments:
                of = assignments[name]
                made.append(Sheet(name, page, of.exercises, of.optional))
            elif part.numbered or tasks:
                made.append(Sheet(name, page, tasks))
    return made


def home(exercise: Exercise) -> str:
    """Return the page on which an exercise stands."""
    return exercise.path.with_suffix("").as_posix()


def printed_page(
    name: str, tree: nodes.document, numbers: Mapping[str, tuple[int, ...]]
) -> addnodes.start_of_file:
    """Make of a page of the website what is printed of it.

    Args:
        name: the page.
        tree: what stands on it.
        numbers: label → number of its exercises.
    """
    for kind in (addnodes.toctree, bibliography):
        for node in list(tree.findall(kind)):
            node.parent.remove(node)
    _hide(tree)
    _unfold(tree)
    _make_boxes(tree, numbers)
    return addnodes.start_of_file("", *tree.children, docname=name)


def _make_boxes(tree: nodes.document, numbers: Mapping[str, tuple[int, ...]]) -> None:
    """Turn exercises, solutions and guides into boxes with complete titles."""
    titles = {}
    for node in list(tree.findall(is_exercise_node)):
        number = ".".join(map(str, numbers.get(node["ids"][0], ())))
        title = nodes.title("", f"Exercise {number}".strip())
        for rest in node[0].children[1:]:
            title += [nodes.Text(" · "), *rest.children]
        titles[node["label"]] = title
        _box(node, "exercise", title, node["label"])
    for node in list(tree.findall(_is_answer)):
        solution = isinstance(node, solution_node)
        of = node["target_label"] if solution else node["label"]
        words = "Solution to " if solution else "Marking guide for "
        title = nodes.title("", words, *(c.deepcopy() for c in titles[of].children))
        _box(node, "solution" if solution else "guide", title, of)


def _is_answer(node: nodes.Node) -> bool:
    return isinstance(node, solution_node | guide_node)


def tex(text: str) -> str:
    """Write plain text as LaTeX."""
    return escape(text, "xelatex")


def _box(node: nodes.Element, kind: str, title: nodes.title, label: str) -> None:
    """Replace an exercise, a solution or a guide by its box."""
    content = [c for part in node.children[1:] for c in _unwrapped(part)]
    box = Box("", title, *content, kind=kind, label=label, ids=node["ids"])
    node.replace_self(box)


def _unwrapped(node: nodes.Node) -> list[nodes.Node]:
    return list(node.children) if isinstance(node, nodes.section) else [node]


def parts_of(box: Box) -> list[nodes.Node]:
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


def _unfold(tree: nodes.document) -> None:
    """Turn the title of what opens on a click into a heading: on paper it stands open."""
    for node in list(tree.findall(nodes.raw)):
        title = SUMMARY.search(node.astext())
        if title:
            text = html.unescape(title[1])
            room = nodes.raw("", r"\needspace{12\baselineskip}", format="latex")
            node.replace_self([room, nodes.rubric(text, text)])


def setup_cell(code: str, page: str) -> list[nodes.Node]:
    """Show the cell on which a page's exercises stand."""
    literal = nodes.literal_block(code, code, language="ipython3")
    text = SETUP.format(page)
    return [nodes.paragraph(text, text), literal]


def places(tree: nodes.document) -> Iterator[str]:
    """Yield every place of a sheet that can be linked to: its page, a colon, its id."""
    for file in tree.findall(addnodes.start_of_file):
        name = file["docname"]
        yield f"{name}::doc"
        for node in file.findall(nodes.Element):
            yield from (f"{name}:{id}" for id in node["ids"])


def place_of(uri: str) -> str:
    """Return the place that a link leads to, as `places` names it."""
    return uri.removeprefix("%").replace("#", ":", 1)
