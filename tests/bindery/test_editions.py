"""What each edition shows of an exercise, of practice and of an assignment."""

import pytest
from bindery import editions
from bindery.execute import main

EXERCISE = """
:::{{exercise}} Predict: a sum
:label: {label}
:points: 3
:minutes: 10
:written: 1
:words: 50
What is 1 + 1?
:::

```{{code-cell}} ipython3
:tags: [answer]

total = ...
### BEGIN SOLUTION
total = 20 // 10  # the answer in code
### END SOLUTION
```

```{{code-cell}} ipython3
:tags: [check]

assert total == 2, "A visible hint."
print("printed by the check".upper())
```

:::{{guide}} {label}
The marking guide says so.
:::

```{{solution-start}} {label}
:class: dropdown
```

The solution in prose.

```{{code-cell}} ipython3
print("printed by the solution".upper())
```

```{{solution-end}}
```

Afterwards.
"""
PRACTICE, GRADED = "ex-practice", "ex-a2-data"


@pytest.fixture
def pages(book, monkeypatch):
    """Build an edition of a page with two exercises; return the page's text and the boxes'."""
    text = EXERCISE.format(label=PRACTICE) + EXERCISE.format(label=GRADED)
    book.chapter("a", "import math", text)

    def build(edition):
        monkeypatch.setenv(editions.VARIABLE, edition)
        assert main(["--root", str(book.root)]) == 0
        page = book.html()["a"].article
        return page.get_text(), {box["id"]: box for box in page.select(".admonition[id]")}

    return build


def solutions(boxes):
    return [box for box in boxes.values() if "solution" in box["class"]]


def test_the_reader_sees_stubs_and_solutions_of_practice(pages):
    text, boxes = pages("reader")
    (solution,) = solutions(boxes)
    assert "dropdown" in solution["class"]
    assert f"#{PRACTICE}" in str(solution)
    assert "the answer in code" in solution.get_text()
    assert "PRINTED BY THE SOLUTION" in solution.get_text()
    assert text.count("the answer in code") == 1
    assert text.count("total = ...") == 2
    assert "### BEGIN" not in text
    assert "A visible hint." in text
    assert "PRINTED BY THE CHECK" not in text
    assert "marking guide" not in text
    assert text.count("Afterwards.") == 2


def test_the_student_sees_no_solution(pages):
    text, boxes = pages("student")
    assert solutions(boxes) == []
    assert text.count("total = ...") == 2
    assert text.count("A visible hint.") == 2
    for hidden in ("answer in code", "in prose", "BY THE SOLUTION", "guide", "BY THE CHECK"):
        assert hidden not in text
    assert text.count("Afterwards.") == 2


def test_the_instructor_sees_everything_in_the_open(pages, tmp_path, monkeypatch):
    private = tmp_path / "private"
    private.mkdir()
    (private / f"{GRADED}.py").write_text("assert total != 3  # the hidden check\n")
    monkeypatch.setenv(editions.PRIVATE, str(private))
    text, boxes = pages("instructor")
    assert len(solutions(boxes)) == 2
    assert not any("dropdown" in box["class"] for box in solutions(boxes))
    for shown in ("answer in code", "in prose", "PRINTED BY THE CHECK", "guide says so"):
        assert text.count(shown) == 2, shown
    assert text.count("the hidden check") == 1


def test_the_line_on_what_an_exercise_is_worth(pages):
    _, boxes = pages("reader")
    line = boxes[PRACTICE].select_one(".effort").get_text()
    assert line == "3 points (1 marked by hand) · about 10 minutes · at most 50 words"
    assert boxes[GRADED].select_one(".effort").get_text() == f"Assignment 2 · {line}"


def test_all_editions_share_one_execution(pages, book, capsys):
    pages("reader")
    capsys.readouterr()
    pages("student")
    assert "1 unchanged, 0 to run" in capsys.readouterr().out


def test_an_edition_that_does_not_exist_is_refused_before_anything_runs(book, monkeypatch, capsys):
    book.chapter("a", book.counting("a"))
    monkeypatch.setenv(editions.VARIABLE, "teacher")
    assert main(["--root", str(book.root)]) == 2
    said = capsys.readouterr().err
    assert said == "UNROLLED_EDITION: expected one of reader, student, instructor, got 'teacher'\n"
    assert book.runs("a") == 0


def test_a_faulty_exercise_is_refused_before_anything_runs(book, monkeypatch, capsys):
    text = EXERCISE.format(label=PRACTICE).replace(":points: 3\n", "")
    book.chapter("a", book.counting("a"), text)
    assert main(["--root", str(book.root)]) == 2
    said = capsys.readouterr().err
    assert f"a.md:14: {PRACTICE}: expected a positive number of points, got none" in said
    assert book.runs("a") == 0


def test_a_missing_folder_of_hidden_checks(monkeypatch, tmp_path):
    monkeypatch.setenv(editions.PRIVATE, str(tmp_path / "none"))
    with pytest.raises(ValueError, match="expected a folder of hidden checks"):
        editions.hidden_checks()


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        (GRADED, "assert (1\n", "ex-a2-data.py: expected Python, got '(' was never closed"),
        (GRADED, b"\xff", "ex-a2-data.py: expected Python, got 'utf-8' codec"),
        ("ex-a2-dta", "assert True\n", "ex-a2-dta.py: expected a file called by an exercise's"),
    ],
)
def test_a_faulty_hidden_check_is_refused_before_anything_runs(
    book, monkeypatch, tmp_path, capsys, name, code, said
):
    book.chapter("a", book.counting("a"), EXERCISE.format(label=GRADED))
    private = tmp_path / "private"
    private.mkdir()
    (private / f"{name}.py").write_bytes(code if isinstance(code, bytes) else code.encode())
    monkeypatch.setenv(editions.PRIVATE, str(private))
    assert main(["--root", str(book.root)]) == 2
    assert said in capsys.readouterr().err
    assert book.runs("a") == 0


def test_a_missing_folder_of_hidden_checks_is_refused_before_anything_runs(
    book, monkeypatch, tmp_path, capsys
):
    book.chapter("a", book.counting("a"))
    monkeypatch.setenv(editions.PRIVATE, str(tmp_path / "none"))
    assert main(["--root", str(book.root)]) == 2
    said = capsys.readouterr().err
    assert said == f"UNROLLED_PRIVATE: expected a folder of hidden checks, got {tmp_path}/none\n"
    assert book.runs("a") == 0
