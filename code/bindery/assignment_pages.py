"""Sphinx extension: the directives `{assignment}`, what one consists of, and `{plan}`, a course.

Both are made from what the chapters' sources say of their exercises, so that points and hours stand
in one place, and from the two literal tables: `bindery.coursework.ASSIGNMENTS` and
`bindery.plans.PLANS`.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from posixpath import dirname, join
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from bindery import exercises, plans
from bindery.coursework import ASSIGNMENTS, Assignment
from bindery.exercises import Exercise
from bindery.plans import LINES_A_MINUTE, PLANS, WORDS_A_MINUTE, Reading, Week
from bindery.tables import link, reference, row, table, text
from bindery.times import NEVER

TASK = ("task", "chapter", "points", "by check", "by hand", "minutes", "words")
TASK_WIDTHS = (32, 20, 10, 10, 10, 10, 8)
WEEK = ("week", "read", "words", "code lines", "reading, min", "running, s", "assignments")
WEEK_WIDTHS = (7, 30, 9, 10, 12, 12, 20)


@cache
def exercises_of(app: Sphinx) -> dict[str, Exercise]:
    """Read the book's exercises, once a build: label → exercise."""
    found, _ = exercises.read(Path(app.confdir))
    return {e.label: e for e in found}


def tasks_of(key: str, known: Mapping[str, Exercise]) -> tuple[Assignment, list[Exercise]]:
    """Find an assignment and what it asks.

    Args:
        key: its name, `a1`.
        known: label → exercise, of the whole book.

    Raises:
        ValueError: there is no such assignment, or the book lacks an exercise of it.
    """
    found = next((a for a in ASSIGNMENTS if a.key == key), None)
    if found is None:
        expected = ", ".join(a.key for a in ASSIGNMENTS)
        raise ValueError(f"expected one of the assignments {expected}, got {key}")
    missing = [label for label in found.exercises if label not in known]
    if missing:
        raise ValueError(f"{key}: expected in the chapters, got none of {', '.join(missing)}")
    return found, [known[label] for label in found.exercises]


def asked(assignment: Assignment, tasks: Sequence[Exercise]) -> list[Exercise]:
    """Leave out the tasks that earn extra points."""
    return [e for e in tasks if e.label not in assignment.optional]


def hours(tasks: Sequence[Exercise]) -> str:
    """Say how long some tasks take together, in hours."""
    return f"{sum(e.number('minutes') for e in tasks) / 60:.1f} h"


class AssignmentTable(SphinxDirective):
    """Lists what an assignment asks, with points and times, and their totals."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        try:
            assignment, tasks = tasks_of(self.arguments[0], exercises_of(self.env.app))
        except ValueError as error:
            raise self.error(f"assignment: {error}") from None
        for task in tasks:
            self.env.note_dependency(str(Path(self.env.app.confdir) / task.path))
        extra = [e for e in tasks if e.label in assignment.optional]
        rows = [self.task(e, e in extra) for e in tasks]
        rows.append(total("Together", asked(assignment, tasks)))
        rows += [total("Extra, on top", extra)] if extra else []
        return [table(TASK, TASK_WIDTHS, rows, "assignment")]

    def task(self, exercise: Exercise, extra: bool) -> nodes.row:
        """Make the row of one task: its number and title, its chapter, points, minutes, words."""
        title, _ = self.state.inline_text(exercise.title, self.lineno)
        number = reference("numref", exercise.label, exercise.label, refdoc=self.env.docname)
        named = nodes.paragraph("", "", number, nodes.Text(" "), *title)
        named += nodes.Text(" (extra)" if extra else "")
        minutes = text(f"{exercise.number('minutes'):g}", "number")
        words = text(exercise.options.get("words", ""), "number")
        page = exercise.path.with_suffix("").as_posix()
        return row([named, link(page), *points([exercise]), minutes, words])


def points(tasks: Sequence[Exercise]) -> list[nodes.paragraph]:
    """Say how many points some tasks give: in all, by their checks, by hand."""
    whole = sum(e.number("points") for e in tasks)
    by_hand = sum(e.number("written") for e in tasks)
    return [text(f"{number:g}", "number") for number in (whole, whole - by_hand, by_hand)]


def total(name: str, tasks: Sequence[Exercise]) -> nodes.row:
    """Make a row of totals: points, and the time in hours."""
    cells = [text(name), None, *points(tasks), text(hours(tasks), "number"), None]
    return row(cells, "total")


class PlanTable(SphinxDirective):
    """Lists a course's weeks: chapters, the time to read and run them, assignments."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table, and below it how the times were found."""
        name = self.arguments[0]
        weeks = PLANS.get(name)
        if weeks is None:
            raise self.error(f"plan: expected one of {', '.join(PLANS)} weeks, got {name}")
        known = exercises_of(self.env.app)
        pages = [self.page(chapter) for week in weeks for chapter in week.chapters]
        named = sorted({key for week in weeks for key in (*week.set, *week.due)})
        try:
            tasks = dict(tasks_of(key, known) for key in named)
        except ValueError as error:
            raise self.error(f"plan {name}: {error}") from None
        wrong = [f"expected a page {page}, got none" for page in pages if not self.exists(page)]
        homes = {a.key: {e.path.stem for e in of} for a, of in tasks.items()}
        times = {a.key: hours(asked(a, of)) for a, of in tasks.items()}
        wrong += plans.faults(name, weeks, homes)
        if wrong:
            raise self.error(f"plan {name}: {'; '.join(wrong)}")
        rows = [self.week(number, week, times) for number, week in enumerate(weeks, 1)]
        rows.append(self.sums(pages))
        return [table(WEEK, WEEK_WIDTHS, rows, "plan"), text(self.method())]

    def page(self, chapter: str) -> str:
        """Return a chapter's full name: it stands beside the page of the plan."""
        return join(dirname(self.env.docname), chapter)

    def exists(self, page: str) -> bool:
        """Say whether the book has this page."""
        return page in self.env.found_docs

    def week(self, number: int, week: Week, times: Mapping[str, str]) -> nodes.row:
        """Make the row of one week."""
        pages = [self.page(chapter) for chapter in week.chapters]
        read = self.reading(pages)
        work = [self.assignment(key, f" set, {times[key]}") for key in week.set]
        work += [self.assignment(key, " due") for key in week.due]
        numbers = [f"{read.words:,}", f"{read.lines:,}", f"{read.minutes:.0f}"]
        cells = [text(n if pages else "", "number") for n in (*numbers, self.seconds(pages))]
        return row([text(str(number), "number"), [link(page) for page in pages], *cells, work])

    def assignment(self, key: str, what: str) -> nodes.paragraph:
        """Link to an assignment, and say what happens to it."""
        to = reference("doc", key, key.upper(), refexplicit=True, refdoc=self.env.docname)
        return nodes.paragraph("", "", to, nodes.Text(what))

    def reading(self, pages: Sequence[str]) -> Reading:
        """Count what there is to read in some pages."""
        extensions = tuple(sorted(self.config.myst_enable_extensions))
        together = Reading()
        for page in pages:
            path = self.env.doc2path(page)
            self.env.note_dependency(path)
            together += plans.reading(Path(path).read_text(encoding="utf-8"), extensions)
        return together

    def seconds(self, pages: Sequence[str]) -> str:
        """Say how long it took to run some pages; pages without code take no time."""
        record = self.config.bindery_record
        run = [page for page in pages if page in record["reaches"]]
        if any(page not in record["chapters"] for page in run):
            return NEVER
        return f"{sum(record['chapters'][page]['seconds'] for page in run):,.0f}" if run else ""

    def sums(self, pages: Sequence[str]) -> nodes.row:
        """Make the row of totals."""
        read = self.reading(pages)
        numbers = (f"{read.words:,}", f"{read.lines:,}", f"{read.minutes / 60:.1f} h")
        cells = [text(number, "number") for number in (*numbers, self.seconds(pages))]
        return row([None, text("Together"), *cells, None], "total")

    def method(self) -> str:
        """Say how the times were found."""
        record = self.config.bindery_record
        return (
            f"Reading: {WORDS_A_MINUTE} words of prose and {LINES_A_MINUTE} lines of code a "
            "minute, a rate that is assumed, not measured; the words and the shown lines are "
            "counted in the sources, exercises left out. "
            f"Running: as last executed, profile {record['profile']}, {record['device']}; "
            "networks that the store of runs held were not trained anew. "
            "The hours of an assignment are the sum of its tasks' minutes, without the extra ones."
        )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.add_directive("assignment", AssignmentTable)
    app.add_directive("plan", PlanTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
