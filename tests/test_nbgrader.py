"""The masters go through the real nbgrader: released, answered three ways, marked, exported.

Run by `make nbgrader`, which makes nbgrader's own environment and the notebooks first.
`UNROLLED_GRADED` names the assignments, all of them if it does not.
"""

import csv
import os
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import nbformat
import pytest
from bindery.coursework import ASSIGNMENTS
from bindery.exercises import ANSWER

pytestmark = pytest.mark.nbgrader

ROOT = Path(__file__).parents[1]
BIN = ROOT / ".venv-nbgrader" / "bin"
MADE = ROOT / "_build" / "notebooks"
CHOSEN = os.environ.get("UNROLLED_GRADED", "").split() or [a.key for a in ASSIGNMENTS]
CHAPTER = (ROOT / "chapters" / "instructors.md").read_text(encoding="utf-8")
(CONFIG,) = re.findall(r"^```python\n(c = get_config\(\)\n.*?)^```$", CHAPTER, re.M | re.S)


def nbgrader(course: Path, *arguments: str) -> None:
    """Run nbgrader in its environment, its kernel the book's."""
    environment = os.environ | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "JUPYTER_PATH": str(course / "jupyter"),
        "UNROLLED_PROFILE": "smoke",
    }
    run = subprocess.run(
        [BIN / "nbgrader", *arguments], cwd=course, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr[-3000:]


def settled(folder: Path) -> Path:
    """Make a folder a course, with the settings of the chapter for instructors."""
    if not (BIN / "nbgrader").exists():
        pytest.skip("nbgrader's environment is missing: `make nbgrader` makes it")
    (folder / "nbgrader_config.py").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course of the chosen assignments, released to the students."""
    folder = settled(tmp_path_factory.mktemp("course"))
    subprocess.run(
        [sys.executable, "-m", "ipykernel", "install", "--prefix", folder / "kernel"], check=True
    )
    (folder / "jupyter").symlink_to(folder / "kernel" / "share" / "jupyter")
    for key in CHOSEN:
        source = folder / "source" / key
        source.mkdir(parents=True)
        (source / f"{key}.ipynb").write_bytes((MADE / "nbgrader" / f"{key}.ipynb").read_bytes())
        nbgrader(folder, "generate_assignment", key)
    return folder


def wrong_answer() -> dict[str, str]:
    """Return a wrong answer to one exercise of each assignment: cell → code."""
    text = "".join(p.read_text() for p in sorted((ROOT / "tests" / "wrong").glob("*.py")))
    parts = re.split(r"^# %% (ex-[\w-]+): .+\n", text, flags=re.MULTILINE)
    given = dict(zip(parts[1::2], parts[2::2], strict=True))
    first = (next(label for label in a.exercises if label in given) for a in ASSIGNMENTS)
    return {f"{label}-answer": given[label] for label in first}


def answers(key: str) -> dict[str, str]:
    """Return the right answers: cell → code."""
    solved = nbformat.read(MADE / "solution" / f"{key}.ipynb", as_version=4)
    return {c.id: c.source for c in solved.cells if ANSWER in c.metadata.get("tags", [])}


def submit(course: Path, key: str, student: str, given: dict[str, str]) -> None:
    """Hand in the released notebook with some answers filled in."""
    notebook = nbformat.read(course / "release" / key / f"{key}.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = given.get(cell.id, cell.source)
    folder = course / "submitted" / student / key
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{key}.ipynb")


def test_what_a_platform_collected_is_found_with_its_time(tmp_path):
    course = settled(tmp_path)
    name, student, time = re.search(r"`((\w+)_(\d{8}T\d{6})_a2\.ipynb)`", CHAPTER).groups()
    for path in (course / "release/a2/a2.ipynb", course / "downloaded/a2/archive" / name):
        path.parent.mkdir(parents=True)
        nbformat.write(nbformat.v4.new_notebook(), path)
    nbgrader(course, "zip_collect", "a2")
    found = course / "submitted" / student / "a2"
    assert (found / "a2.ipynb").is_file()
    assert (found / "timestamp.txt").read_text() == f"{datetime.fromisoformat(time)}"


@pytest.mark.parametrize("key", CHOSEN)
def test_a_released_notebook_holds_no_solution(course, key):
    text = (course / "release" / key / f"{key}.ipynb").read_text()
    assert "NotImplementedError" not in text
    assert "SOLUTION" not in text
    assert "HIDDEN" not in text
    assert "selfcheck.grade" not in text


@pytest.mark.parametrize("key", CHOSEN)
def test_full_partial_and_no_points(course, key):
    right = answers(key)
    wrong = {cell: code for cell, code in wrong_answer().items() if cell in right}
    assert wrong
    for student, given in {"right": right, "wrong": right | wrong, "blank": {}}.items():
        submit(course, key, student, given)
    nbgrader(course, "autograde", "--create", key, "--ExecutePreprocessor.timeout=600")
    nbgrader(course, "export", "--to", str(course / "grades.csv"))
    with (course / "grades.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["assignment"] == key]
    scores = {row["student_id"]: float(row["score"]) for row in rows}
    master = nbformat.read(MADE / "nbgrader" / f"{key}.ipynb", as_version=4)
    marks = [c.metadata["nbgrader"] for c in master.cells if "nbgrader" in c.metadata]
    by_check = sum(m["points"] for m in marks if m["grade"] and not m["solution"])
    assert scores["right"] == pytest.approx(by_check)
    assert 0 < scores["wrong"] < by_check
    assert scores["blank"] == 0
    assert float(rows[0]["max_score"]) == sum(m["points"] for m in marks if m["grade"])
