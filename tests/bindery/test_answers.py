"""Each exercise's visible check, tried against the right answer, the stub and wrong answers.

The wrong answers stand in `tests/wrong/CHAPTER.py`, each below a line that names the exercise and
what the hint has to say: `# %% ex-label: part of the hint`.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from bindery import exercises
from bindery.exercises import ANSWER, CHECK, Exercise
from unrolled import selfcheck

ROOT = Path(__file__).parents[2]
FOUND, FAULTS = exercises.read(ROOT)
BY_LABEL = {e.label: e for e in FOUND}
PAGES = sorted({e.path.stem for e in FOUND})
FEWEST = 2


def wrong_answers(page: str) -> list[tuple[str, str, str]]:
    """Read a page's wrong answers: exercise, part of the hint, code."""
    path = ROOT / "tests" / "wrong" / f"{page}.py"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    parts = re.split(r"^# %% (ex-[\w-]+): (.+)\n", text, flags=re.MULTILINE)
    return list(zip(parts[1::3], parts[2::3], parts[3::3], strict=True))


WRONG = [answer for page in PAGES for answer in wrong_answers(page)]


@cache
def setup(page: str) -> dict[str, Any]:
    """Run a page's first cell."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(next(e.setup for e in FOUND if e.path.stem == page), page, "exec"), names)
    return names


def attempt(exercise: Exercise, shown: Any, instead: str = "") -> None:
    """Run an exercise's cells, its answers as `shown` makes them, `instead` in their place."""
    names = dict(setup(exercise.path.stem))
    for cell in exercise.cells:
        source = shown(cell.source) if cell.kind == ANSWER else cell.source
        exec(compile(source, exercise.label, "exec"), names)
        if cell.kind == ANSWER:
            exec(compile(instead, exercise.label, "exec"), names)


def test_nothing_is_wrong_with_the_exercises():
    assert FAULTS == []


@pytest.mark.parametrize("label", BY_LABEL)
def test_the_right_answer_passes(label, capsys):
    exercise = BY_LABEL[label]
    attempt(exercise, exercises.complete)
    checks = [cell for cell in exercise.cells if cell.kind == CHECK]
    assert capsys.readouterr().out.splitlines().count(selfcheck.PASSED) == len(checks)


@pytest.mark.parametrize("label", BY_LABEL)
def test_the_stub_is_not_attempted(label, capsys):
    exercise = BY_LABEL[label]
    attempt(exercise, exercises.stub)
    said = capsys.readouterr().out.splitlines()
    assert said.count(selfcheck.UNTOUCHED) == sum(cell.kind == CHECK for cell in exercise.cells)
    assert selfcheck.PASSED not in said


@pytest.mark.parametrize(("label", "hint", "code"), WRONG, ids=[f"{w[0]}: {w[1]}" for w in WRONG])
def test_a_wrong_answer_gets_the_fitting_hint(label, hint, code):
    with pytest.raises(selfcheck.Hint, match=re.escape(hint)) as raised:
        attempt(BY_LABEL[label], exercises.complete, code)
    said = str(raised.value)
    assert "\n" not in said
    assert re.search(r"[.?]$", said), "a hint is a sentence"


@pytest.mark.parametrize("label", BY_LABEL)
def test_wrong_answers_are_tried(label):
    assert sum(wrong[0] == label for wrong in WRONG) >= FEWEST
