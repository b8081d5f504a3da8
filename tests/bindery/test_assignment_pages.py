"""`bindery.assignment_pages`: the tables of assignments and of plans, built in small books."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from bindery import exercises
from bindery.assignment_pages import tasks_of
from bindery.coursework import ASSIGNMENTS
from bindery.execute import main
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[2]
A2 = next(a for a in ASSIGNMENTS if a.key == "a2")
PAGE = "# Assignment\n\nA sentence.\n\n```{assignment} a2\n```\n"
PLAN = "# Plan\n\n```{plan} 3\n```\n"
RECORD = {
    "profile": "smoke",
    "device": "CPU (2 cores)",
    "reaches": {"parity": "1", "extra": "2"},
    "chapters": {"parity": {"seconds": 61.4}, "extra": {"seconds": 2.2}},
}
CONF = """
from bindery import assignment_pages, plans
from bindery.plans import Week
extensions = ["myst_parser", "sphinx_exercise", "bindery.editions", "bindery.assignment_pages"]
root_doc = "intro"
html_theme = "basic"
myst_enable_extensions = ["colon_fence"]
bindery_record = {record!r}
assignment_pages.PLANS = {{"3": {weeks}}}
def setup(app): app.add_config_value("bindery_record", {{}}, "env", types=[dict])
"""
WEEKS = 'Week(("parity",), set=("a2",)), Week(("extra", "notes")), Week(due=("a2",))'


def exercise(label, **options):
    lines = "".join(f":{name}: {value}\n" for name, value in options.items())
    return f":::{{exercise}} Title of `{label}`\n:label: {label}\n{lines}Asked.\n:::\n"


def chapter(labels, title="Parity"):
    """Exercises of 2 points and 30 minutes; the last has half a point by hand, and 80 words."""
    boxes = [exercise(label, points=2, minutes=30) for label in labels[:-1]]
    boxes.append(exercise(labels[-1], points="2.5", minutes=45, written="0.5", words=80))
    return f"# {title}\n\nTwo words.\n\n## Exercises\n\n" + "\n".join(boxes)


def whole(label):
    """What stands below an exercise's box."""
    answer = ":tags: [answer]\n\na = ...\n### BEGIN SOLUTION\na = 1\n### END SOLUTION"
    cells = "".join(
        f"```{{code-cell}} ipython3\n{text}\n```\n\n"
        for text in (answer, ":tags: [check]\n\nassert a == 1")
    )
    boxes = "".join(f":::{{{name}}} {label}\nSo.\n:::\n\n" for name in ("guide", "solution"))
    return f"\n{cells}{boxes}"


@pytest.fixture
def small(book):
    """Build a book with plain Sphinx, warnings fatal: (status, what it said, its pages)."""
    book.page("parity", chapter(A2.exercises[:5]))
    book.page("extra", chapter(A2.exercises[5:], "Extra"))
    book.page("notes", "# Notes\n\n" + "Three more words.\n" * 400)
    book.page("a2", PAGE)
    book.page("plan", PLAN)

    def build(builder="html", weeks=WEEKS, record=RECORD):
        (book.root / "conf.py").write_text(CONF.format(weeks=f"({weeks})", record=record))
        config = {"parse": {"myst_enable_extensions": ["colon_fence"]}}
        (book.root / "_config.yml").write_text(yaml.safe_dump(config))
        toc = "\n".join(["```{toctree}", ":numbered:", *book.names[1:], "```"])
        (book.root / "intro.md").write_text(f"# Intro\n\n{toc}\n")
        command = [sys.executable, "-m", "sphinx", "-EWq", "--keep-going", "-b", builder]
        run = subprocess.run([*command, ".", "out"], cwd=book.root, capture_output=True, text=True)
        return run.returncode, run.stderr

    return book, build


def rows(book, page, of):
    """Read a table, cell by cell; what stands in one cell on several lines is joined by `|`."""
    soup = BeautifulSoup((book.root / "out" / f"{page}.html").read_bytes(), "html.parser")
    cells = [row.select("td, th") for row in soup.select_one(f"table.{of}").select("tr")]
    return [["|".join(p.get_text() for p in cell.select("p")) for cell in row] for row in cells]


def test_the_tables_and_their_totals(small):
    book, build = small
    assert build() == (0, "")
    header, *tasks, together, extra = rows(book, "a2", "assignment")
    assert header == ["task", "chapter", "points", "by check", "by hand", "minutes", "words"]
    first = "Exercise 1.1 Title of ex-a2-data"
    assert tasks[0] == [first, "Parity", "2", "2", "0", "30", ""]
    assert tasks[4][:3] == ["Exercise 1.5 Title of ex-a2-lstm (extra)", "Parity", "2.5"]
    assert tasks[5][:3] == ["Exercise 2.1 Title of ex-a2-last (extra)", "Extra", "2.5"]
    assert tasks[5][3:] == ["2", "0.5", "45", "80"]
    assert len(tasks) == len(A2.exercises)
    assert together == ["Together", "", "8", "8", "0", "2.0 h", ""]
    assert extra == ["Extra, on top", "", "5", "4", "1", "1.5 h", ""]

    header, *weeks, together = rows(book, "plan", "plan")
    assert len(header) == 7
    assert weeks == [
        ["1", "Parity", "3", "0", "0", "61", "A2 set, 2.0 h"],
        ["2", "Extra|Notes", "1,204", "0", "12", "2", ""],
        ["3", "", "", "", "", "", "A2 due"],
    ]
    assert together == ["", "Together", "1,207", "0", "0.2 h", "64", ""]
    page = (book.root / "out" / "plan.html").read_text()
    assert "100 words of prose and 10 lines of code" in page
    assert "profile smoke, CPU (2 cores)" in page


def test_print_has_them_too_and_a_chapter_that_did_not_run_is_said_not_to_have(small):
    book, build = small
    record = RECORD | {"chapters": {"parity": {"seconds": 1.0}}}
    assert build("latex", record=record) == (0, "")
    (page,) = (book.root / "out").glob("*.tex")
    tex = page.read_text()
    for part in ("Extra, on top", "1.5 h", "by check", "set, 2.0 h", "Together"):
        assert part in tex
    assert tex.count("not run yet") == 2  # in its week, and of the sum


def failure(small, **given):
    status, said = small[1](**given)
    assert status != 0
    return re.sub(r"\s+", " ", said)


def test_a_label_that_is_missing_is_named_with_file_and_line(small):
    small[0].page("parity", chapter(["ex-a2-data", "ex-a2-ragged", "ex-else"]))
    said = failure(small)
    missing = "ex-a2-model, ex-a2-architecture, ex-a2-lstm"
    assert (
        f"a2.md:5: ERROR: assignment: a2: expected in the chapters, got none of {missing}" in said
    )
    assert f"plan.md:3: ERROR: plan 3: a2: expected in the chapters, got none of {missing}" in said


def test_what_there_is_not_is_named_with_file_and_line(small):
    book = small[0]
    book.page("a2", PAGE.replace("a2", "a6"))
    book.page("plans", PLAN.replace("} 3", "} 4"))
    weeks = 'Week(("parity", "nowhere"), set=("a2",)), Week(), Week(("extra",), due=("a2",))'
    said = failure(small, weeks=weeks)
    assert "a2.md:5: ERROR: assignment: expected one of the assignments a1, a2" in said
    assert "plans.md:3: ERROR: plan: expected one of 3 weeks, got 4" in said
    assert "plan.md:3: ERROR: plan 3: expected a page nowhere, got none; a2: expected extra" in said


@pytest.mark.parametrize("edition", ["student", "instructor"])
def test_with_the_books_own_settings_in_every_edition(book, monkeypatch, edition):
    monkeypatch.setenv("UNROLLED_EDITION", edition)
    text = chapter(A2.exercises).partition("\n")[2]
    for label in A2.exercises:
        text = re.sub(rf"(:label: {label}\n.*?\n:::\n)", rf"\1{whole(label)}", text, flags=re.S)
    book.chapter("parity", "import math", text)
    book.page("a2", PAGE)
    assert main(["--root", str(book.root)]) == 0
    table = book.html()["a2"].select_one("table.assignment")
    assert [tag["href"] for tag in table.select("a")[:2]] == [
        "parity.html#ex-a2-data",
        "parity.html",
    ]
    assert table.select("tr")[-1].get_text("|", strip=True) == "Extra, on top|4.5|4|0.5|1.2 h"


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda a: a.key)
def test_the_book_has_a_page_for_each_assignment(assignment):
    text = (ROOT / "chapters" / f"{assignment.key}.md").read_text(encoding="utf-8")
    assert f"# Assignment {assignment.key[1:]}: {assignment.title}\n" in text
    assert f"```{{assignment}} {assignment.key}\n```" in text
    assert "\n## Rubric\n" in text
    assert "kernelspec" not in text


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda a: a.key)
def test_every_written_answer_has_its_limit_of_words(assignment):
    _, tasks = tasks_of(assignment.key, {e.label: e for e in exercises.read(ROOT)[0]})
    written = {e.label for e in tasks if e.number("written")}
    assert written == {e.label for e in tasks if e.number("words")}
    text = (ROOT / "chapters" / f"{assignment.key}.md").read_text(encoding="utf-8")
    assert "The last column of the table is the most that a written answer may have" in text


def test_the_book_lists_the_pages():
    toc = (ROOT / "_toc.yml").read_text()
    for name in ("instructors", *(a.key for a in ASSIGNMENTS)):
        assert f"file: chapters/{name}\n" in toc
    text = (ROOT / "chapters" / "instructors.md").read_text(encoding="utf-8")
    assert "```{plan} 14\n```" in text
    assert "```{plan} 5\n```" in text
