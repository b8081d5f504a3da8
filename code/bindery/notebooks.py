"""Sphinx builder: each chapter and each assignment as notebooks.

The student's edition gives the student's notebooks and nbgrader's masters, the instructor's edition
the notebooks with the solutions. The text is what the page says, its references, numbers and
citations resolved; the code is the source's. A notebook needs no file beside it.
"""

import ast
import builtins
import re
import symtable
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import nbformat
from docutils import nodes
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx_exercise.nodes import is_exercise_node
from sphinx_markdown_builder.builder import MarkdownBuilder

from bindery import exercises
from bindery.celltext import CELL, MARK, CellText
from bindery.coursework import ASSIGNMENTS, Assignment
from bindery.editions import exercise_parts, hidden_checks
from bindery.execute import chapters
from bindery.exercises import ANSWER, CHECK

HEADING = re.compile(r"\n(?=#{2,3} )")
HIDDEN = "### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS\n"
STRICT = "from unrolled import selfcheck\n\nselfcheck.grade()"
ANSWER_HERE = "*Write your answer here.*"
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
EXTRAS = "torch,onnx"  # what the notebooks need; `tensorflow` would fetch a second one in Colab
COLAB = f"""\
# In Colab this adds the book's library, and replaces nothing; elsewhere it does nothing.
import sys

if "google.colab" in sys.modules:
    %pip list --format=freeze --exclude unrolled > colab-versions.txt
    %pip install -q -c colab-versions.txt "unrolled[{EXTRAS}] @ git+{{repository}}"
"""
ABOUT = """\
*{kind} of [{title}]({page}), from “Unrolled — recurrent networks, derived, trained and checked”.*
"""
MARKED = f"""
*A number marked {MARK} comes from the published run (profile `{{profile}}`, sources of {{date}}).
What you run here may give another; `%env UNROLLED_PROFILE=smoke`, above all else, makes it quick.*
"""
KINDS = {
    "student": "Notebook",
    "solution": "Notebook with the solutions",
    "nbgrader": "Master for nbgrader",
}


def tags_of(cell: NotebookNode) -> list[str]:
    """Return a cell's tags."""
    return list(cell.metadata.get("tags", []))


def kind_of(cell: NotebookNode) -> str:
    """Say whether a cell is an exercise's `answer` or `check`; empty if neither."""
    return next((kind for kind in (ANSWER, CHECK) if kind in tags_of(cell)), "")


def code_cell(cell: NotebookNode, identity: str, edition: str) -> NotebookNode:
    """Make a notebook's cell of a source's: a student gets the stub of an answer.

    Args:
        cell: the source's.
        identity: its name in the notebook.
        edition: `student`, `solution` or `nbgrader`; the last keeps the markers.
    """
    source = cell.source
    if kind_of(cell) == ANSWER and edition != "nbgrader":
        source = exercises.stub(source) if edition == "student" else exercises.complete(source)
    made = new_code_cell(source, id=identity)
    if "hide-input" in tags_of(cell):
        made.metadata["jupyter"] = {"source_hidden": True}
    if kind_of(cell):
        made.metadata["tags"] = [kind_of(cell)]
    return made


def text_cells(text: str, identity: str) -> Iterator[NotebookNode]:
    """Make Markdown cells, a new one at each heading."""
    parts = [part.strip() for part in HEADING.split(text) if part.strip()]
    for number, part in enumerate(parts, 1):
        yield new_markdown_cell(part, id=f"{identity}-{number}")


class Names:
    """The names that some code binds in its module, and those that it needs from there."""

    def __init__(self, code: str) -> None:
        top = symtable.symtable(code, "cell", "exec")
        self.bound = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
        self.needed = {s.get_name() for s in top.get_symbols() if s.is_referenced()}
        waiting = list(top.get_children())
        while waiting:
            table = waiting.pop()
            waiting += table.get_children()
            self.needed |= {s.get_name() for s in table.get_symbols() if s.is_global()}


def carried(cells: list[NotebookNode], shown: Iterable[int]) -> dict[int, list[str]]:
    """Find what shown cells need of cells that the page does not show, statement by statement.

    A cell tagged `remove-cell` pastes numbers into the page, which a notebook cannot; but now and
    then it also defines what a later cell uses.

    Args:
        cells: the chapter's.
        shown: the indices of those in the notebook.

    Returns:
        Index of a shown cell → the statements that have to stand before it.
    """
    stock = [
        (index, statement, Names(statement))
        for index, cell in enumerate(cells)
        if cell.cell_type == "code" and "remove-cell" in tags_of(cell)
        for statement in statements(cell.source)
    ]
    bound = set(dir(builtins))
    before: dict[int, list[str]] = {}

    def fetch(names: set[str], index: int) -> Iterator[str]:
        for name in sorted(names - bound):
            usable = [s for s in stock if s[0] < index and name in s[2].bound]
            if usable and name not in bound:
                _, statement, has = usable[-1]
                bound.update(has.bound)
                yield from fetch(has.needed, index)
                yield statement

    for index in sorted(shown):
        has = Names(cells[index].source)
        found = list(fetch(has.needed, index))
        if found:
            before[index] = found
        bound |= has.bound
    return before


def statements(code: str) -> list[str]:
    """Split a cell into its statements, with their comments left out."""
    return [ast.get_source_segment(code, node) or "" for node in ast.parse(code).body]


class Notebooks(MarkdownBuilder):
    """Writes the notebooks of one edition."""

    name = "notebooks"
    epilog = "The notebooks are in %(outdir)s."
    allow_parallel = False
    default_translator_class = CellText
    kinds: ClassVar = {"student": ("student", "nbgrader"), "instructor": ("solution",)}

    def init(self) -> None:
        """Read the sources.

        Raises:
            ExtensionError: the edition has no notebooks, or something is wrong with the exercises.
        """
        super().init()
        edition = self.config.bindery_edition
        if edition not in self.kinds:
            expected = " or ".join(self.kinds)
            raise ExtensionError(f"Notebooks: expected the edition {expected}, got {edition}.")
        root = Path(self.app.confdir)
        found, faults = exercises.read(root)
        if faults:
            raise ExtensionError("\n".join(faults))
        self.exercises = {e.label: e for e in found}
        self.cells = {chapter.name: chapter.notebook.cells for chapter in chapters(root)}
        self.pages: dict[str, nodes.document] = {}

    def get_outdated_docs(self) -> Iterator[str]:
        """Take all pages: their numbers depend on each other."""
        yield from self.env.found_docs

    def write_doc(self, docname: str, doctree: nodes.document) -> None:
        """Write a chapter's notebooks; keep every page for the assignments."""
        self.pages[docname] = doctree
        if docname not in self.cells:
            return
        for kind in self.kinds[self.config.bindery_edition]:
            body = self.body(docname, doctree, kind)
            self.write_notebook(docname, Path(docname).name, kind, body)

    def finish(self) -> None:
        """Write the assignments' notebooks."""
        for assignment in ASSIGNMENTS:
            page = f"chapters/{assignment.key}"
            if page not in self.pages:
                continue
            for kind in self.kinds[self.config.bindery_edition]:
                body = list(self.assignment(page, assignment, kind))
                self.write_notebook(page, assignment.key, kind, body)

    def assignment(self, page: str, task: Assignment, kind: str) -> Iterator[NotebookNode]:
        """Yield the cells of an assignment: its page, then each exercise as its chapter has it."""
        yield from self.body(page, self.pages[page], kind)
        last = ""
        for label in task.exercises:
            docname = str(self.exercises[label].path.with_suffix(""))
            if docname != last:
                setup = next(c for c in self.cells[docname] if c.cell_type == "code")
                yield code_cell(setup, f"{label}-setup", kind)
            last = docname
            yield from self.body(docname, excerpt(self.pages[docname], label), kind, label)

    def body(
        self, docname: str, doctree: nodes.document, kind: str, name: str = ""
    ) -> list[NotebookNode]:
        """Make the cells of a page, or of a part of one, whose names begin with the page's."""
        self.current_doc_name = docname
        translator = self.create_translator(doctree, self)
        doctree.walkabout(translator)
        first, *rest = CELL.split(translator.astext())
        marks = list(zip(rest[::3], rest[1::3], rest[2::3], strict=True))
        cells = self.cells.get(docname, [])
        before = carried(cells, [int(at) for what, at, _ in marks if what == "cell"])
        name, label = name or Path(docname).name, ""
        made = list(text_cells(first, f"{name}-0"))
        roles: Counter[str] = Counter()
        for what, at, text in marks:
            if what == "cell":
                for statement in before.get(int(at), []):
                    made.append(new_code_cell(statement, id=f"{name}-{at}-{len(made)}"))
                role = kind_of(cells[int(at)])
                roles[f"{label}-{role}"] += 1
                again = roles[f"{label}-{role}"]
                identity = f"{label}-{role}" + f"-{again}" * (again > 1) if role else f"{name}-{at}"
                last = role == CHECK and again == self.exercises[label].checks
                made.append(self.cell(cells[int(at)], identity, label, kind, last))
            elif what == "exercise":
                label = at
            elif kind != "solution":
                made.append(self.written(at, kind))
            made += text_cells(text, f"{name}-{len(made)}")
        return made

    def cell(
        self, cell: NotebookNode, identity: str, label: str, kind: str, last: bool
    ) -> NotebookNode:
        """Make a code cell; in nbgrader's master one that is filled in, or marked.

        The hidden check stands behind the last visible one: then all answers have been given.
        """
        role = kind_of(cell)
        made = code_cell(cell, identity, kind)
        if role and kind == "nbgrader":
            points = self.exercises[label].points_of_check if role == CHECK else 0
            made.metadata["nbgrader"] = grading(made.id, points, solution=role == ANSWER)
            if role == CHECK:
                hidden = hidden_checks().get(label) if last else None
                made.source = HIDDEN.format(STRICT) + cell.source
                made.source += f"\n\n\n{HIDDEN.format(hidden)}" if hidden else ""
        return made

    def written(self, label: str, kind: str) -> NotebookNode:
        """Make the cell for an answer in prose."""
        made = new_markdown_cell(ANSWER_HERE, id=f"{label}-written")
        if kind == "nbgrader":
            points = self.exercises[label].number("written")
            made.metadata["nbgrader"] = grading(made.id, points, solution=True)
        return made

    def write_notebook(self, page: str, name: str, kind: str, body: list[NotebookNode]) -> None:
        """Write a notebook, the cell for Colab and a note on its numbers first."""
        record, base = self.config.bindery_record, self.config.markdown_http_base
        title = self.env.titles[page].astext()
        about = ABOUT.format(
            kind=KINDS[kind], title=title, page=f"{base}/{self.get_target_uri(page)}"
        )
        if any(MARK in cell.source for cell in body):
            about += MARKED.format(profile=record["profile"], date=record["commit_date"])
        repository = self.config.html_theme_options["repository_url"]
        head = [
            new_code_cell(COLAB.format(repository=repository).rstrip(), id="colab"),
            new_markdown_cell(about.strip(), id="about"),
        ]
        notebook = new_notebook(cells=head + body, metadata={"kernelspec": KERNEL})
        nbformat.validate(notebook)
        target = Path(self.outdir) / kind / f"{name}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target)


def grading(identity: str, points: float, *, solution: bool) -> dict[str, Any]:
    """Return nbgrader's marks on a cell."""
    return {
        "schema_version": 3,
        "grade_id": identity,
        "grade": points > 0,
        "points": int(points) if points == int(points) else points,
        "solution": solution,
        "locked": not solution,
        "task": False,
    }


def excerpt(doctree: nodes.document, label: str) -> nodes.document:
    """Return a document of one exercise and what belongs to it."""
    box = next(b for b in doctree.findall(is_exercise_node) if b["label"] == label)
    parts = next(parts for name, parts in exercise_parts(doctree) if name == label)
    part = nodes.document(doctree.settings, doctree.reporter)
    part += [node.deepcopy() for node in (box, *parts)]
    return part


def configure(app: Sphinx, config: Any) -> None:
    """Let links lead to the published site."""
    config.markdown_http_base = config.html_baseurl.rstrip("/")
    config.markdown_uri_doc_suffix = ".html"
    config.nb_mime_priority_overrides = (
        *config.nb_mime_priority_overrides,
        (Notebooks.name, "text/plain", 10),
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.setup_extension("sphinx_markdown_builder")
    app.add_builder(Notebooks)
    app.connect("config-inited", configure, priority=200)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
