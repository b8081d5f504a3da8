"""Sphinx extension: the reader's, the student's and the instructor's edition of one source.

| edition | exercises | solutions | marking guides and hidden checks |
|---|---|---|---|
| reader | stubs | of practice, closed | – |
| student | stubs | – | – |
| instructor | stubs | all, open | all |

The chapters run complete, once for all editions. What an edition does not show is taken out before
Sphinx takes note of anything on the page, so that no index, search or reference can know of it.
"""

import ast
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective
from sphinx_exercise.directive import ExerciseDirective
from sphinx_exercise.nodes import is_exercise_node, solution_node

from bindery import coursework
from bindery.exercises import ANSWER, CHECK, complete, stub

EDITIONS = ("reader", "student", "instructor")
VARIABLE, PRIVATE = "UNROLLED_EDITION", "UNROLLED_PRIVATE"


class guide_node(nodes.Admonition, nodes.Element):
    """A marking guide."""


def edition() -> str:
    """Return the edition that the environment asks for, the reader's if it asks for none.

    Raises:
        ValueError: there is no such edition.
    """
    name = os.environ.get(VARIABLE) or EDITIONS[0]
    if name not in EDITIONS:
        raise ValueError(f"{VARIABLE}: expected one of {', '.join(EDITIONS)}, got {name!r}")
    return name


def hidden_checks(labels: Collection[str] | None = None) -> dict[str, str]:
    """Read the instructor's hidden checks: exercise → code; none without the folder.

    Args:
        labels: those of the book's exercises, if they are known.

    Raises:
        ValueError: UNROLLED_PRIVATE names no folder, a file in it is called by none of the labels,
            or is no Python.
    """
    if not os.environ.get(PRIVATE):
        return {}
    folder = Path(os.environ[PRIVATE])
    if not folder.is_dir():
        raise ValueError(f"{PRIVATE}: expected a folder of hidden checks, got {folder}")
    found = {}
    for path in sorted(folder.glob("*.py")):
        if labels is not None and path.stem not in labels:
            raise ValueError(f"{path}: expected a file called by an exercise's label")
        found[path.stem] = _python(path)
    return found


def _python(path: Path) -> str:
    try:
        code = path.read_text(encoding="utf-8")
        ast.parse(code, path.name)
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"{path}: expected Python, got {error}") from None
    return code.rstrip("\n")


class Exercise(ExerciseDirective):
    """An exercise with its points, the time it takes, and where it counts."""

    option_spec = ExerciseDirective.option_spec | dict.fromkeys(
        ("points", "minutes", "written", "words"), directives.unchanged_required
    )

    def run(self) -> list[nodes.Node]:
        """Return the box, with a line on what the exercise is worth below its title."""
        made = super().run()
        for box in filter(is_exercise_node, made):
            line = effort(self.options)
            box["written"] = self.options.get("written", "")
            box.insert(1, nodes.paragraph(line, line, classes=["effort"]))
        return made


def effort(options: dict[str, str]) -> str:
    """Say what an exercise is worth and costs.

    >>> effort({"label": "ex-demo", "points": "1", "minutes": "20"})
    '1 point · about 20 minutes'
    """
    points = options.get("points", "0")
    worth = f"{points} point{'s' * (points != '1')}"
    written = options.get("written")
    by_hand = f" ({'all' if written == points else written} marked by hand)" if written else ""
    parts = [worth + by_hand, f"about {options.get('minutes', 0)} minutes"]
    if "words" in options:
        parts.append(f"at most {options['words']} words")
    task = coursework.OF.get(options.get("label", ""))
    if task:
        extra = ", extra" if options["label"] in task.optional else ""
        parts.insert(0, f"Assignment {task.key[1:]}{extra}")
    return " · ".join(parts)


class Guide(SphinxDirective):
    """A marking guide: what earns which point."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the box."""
        box = guide_node("", nodes.title("", "Marking guide"), label=self.arguments[0])
        self.state.nested_parse(self.content, self.content_offset, box)
        return [box]


class Edition(SphinxTransform):
    """Leaves of the exercises what the edition shows."""

    default_priority = 20  # after the gated solutions are whole, before labels are taken note of

    def apply(self, **_: Any) -> None:
        """Change the page."""
        name = self.config.bindery_edition
        for label, parts in exercise_parts(self.document):
            answers = [p for p in parts if _tagged(p, ANSWER)]
            code = [_code(answer) for answer in answers]
            sources = [literal.astext() for literal in code]
            for literal in code:
                _retype(literal, stub(literal.astext()))
            for part in parts:
                if _tagged(part, CHECK) and name != "instructor":
                    _drop(part, lambda n: n.get("nb_element") == "cell_code_output")
                if isinstance(part, solution_node):
                    self.show_solution(part, label, sources)
                if isinstance(part, guide_node) and name != "instructor":
                    part.parent.remove(part)

    def show_solution(self, box: solution_node, label: str, sources: list[str]) -> None:
        """Keep a solution, with the code of the answers, or take it out."""
        name = self.config.bindery_edition
        if name == "student" or (name == "reader" and label in coursework.OF):
            box.parent.remove(box)
            return
        content = box.children[-1]
        for source in reversed(sources):
            content.insert(0, _block(complete(source)))
        if name == "instructor":
            box["classes"] = [c for c in box["classes"] if c != "dropdown"]
            hidden = hidden_checks().get(label)
            if hidden:
                content += nodes.paragraph("", "Hidden checks:", classes=["hidden-checks"])
                content += _block(hidden, "hidden-check")


def exercise_parts(document: nodes.document) -> Iterator[tuple[str, list[nodes.Element]]]:
    """Yield each exercise's label with what belongs to it: cells, solution, marking guide."""
    for box in list(document.findall(is_exercise_node)):
        parts: list[nodes.Element] = []
        later = box.parent.children[box.parent.index(box) + 1 :]
        for node in later:
            if is_exercise_node(node) or isinstance(node, nodes.section | solution_node):
                break
            parts.append(node)
        label = box["label"]
        parts += [s for s in document.findall(solution_node) if s["target_label"] == label]
        parts += [g for g in document.findall(guide_node) if g["label"] == label and g not in parts]
        yield label, parts


def _tagged(node: nodes.Node, tag: str) -> bool:
    return isinstance(node, nodes.container) and f"tag_{tag}" in node["classes"]


def _code(cell: nodes.Element) -> nodes.literal_block:
    return next(cell.findall(nodes.literal_block))


def _retype(literal: nodes.literal_block, text: str) -> None:
    literal.rawsource = text  # where it differs from the text, Sphinx does not highlight it
    literal.children = [nodes.Text(text)]


def _block(code: str, name: str = "solution-code") -> nodes.literal_block:
    return nodes.literal_block(code, code, language="ipython3", classes=[name])


def _drop(cell: nodes.Element, which: Any) -> None:
    for node in [c for c in cell.children if isinstance(c, nodes.Element) and which(c)]:
        cell.remove(node)


def visit_guide(self: Any, node: guide_node) -> None:
    """Open a marking guide's box, as an admonition."""
    self.visit_admonition(node)


def depart_guide(self: Any, node: guide_node) -> None:
    """Close it."""
    self.depart_admonition(node)


def configure(app: Sphinx, config: Config) -> None:
    """Take note of the edition.

    Raises:
        ExtensionError: there is no such edition, or the hidden checks cannot be read.
    """
    try:
        config.bindery_edition = edition()
        hidden_checks()
    except ValueError as error:
        raise ExtensionError(str(error)) from None
    app.tags.add(config.bindery_edition)
    config.html_copy_source = False  # a source holds all answers: bindery.launch offers it, or not


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.add_config_value("bindery_edition", EDITIONS[0], "env", types=[str])
    app.add_directive("exercise", Exercise, override=True)
    app.add_directive("guide", Guide)
    writers = (visit_guide, depart_guide)
    app.add_node(guide_node, html=writers, latex=writers)
    app.add_transform(Edition)
    app.connect("config-inited", configure)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
