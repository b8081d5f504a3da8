"""What is wrong with an exercise is said with file, line and name."""

from pathlib import Path

import pytest
from bindery import exercises
from bindery.exercises import complete, stub

PAGE = Path("chapters/demo.md")
EXTENSIONS = ("colon_fence", "dollarmath")
SETUP = "```{code-cell} ipython3\nimport numpy as np\n```\n\n"
BOX = """\
:::{exercise} Predict: a sum
:label: ex-demo
:points: 2
:minutes: 10
What is 1 + 1?
:::

"""
ANSWER = """\
```{code-cell} ipython3
:tags: [answer]

a = ...
### BEGIN SOLUTION
a = 2
### END SOLUTION
```

"""
CHECK = """\
```{code-cell} ipython3
:tags: [check]

@check(a)
def hints():
    assert a == 2, "One and one."
```

"""
GUIDE = ":::{guide} ex-demo\n- 1 point: the sum.\n:::\n\n"
SOLUTION = ":::{solution} ex-demo\nTwo.\n:::\n"
WHOLE = SETUP + BOX + ANSWER + CHECK + GUIDE + SOLUTION


def faults(text):
    found, strays = exercises.read_page(PAGE, text, EXTENSIONS)
    return strays + [fault for e in found for fault in e.faults()]


def test_a_whole_exercise():
    (found,), strays = exercises.read_page(PAGE, WHOLE, EXTENSIONS)
    assert strays == []
    assert list(found.faults()) == []
    assert (found.label, found.title, found.line) == ("ex-demo", "Predict: a sum", 5)
    assert found.setup == "import numpy as np"
    assert [cell.kind for cell in found.cells] == ["answer", "check"]
    assert found.points_of_check == 2


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (":points: 2\n", "", "number of points, got none"),
        (":points: 2", ":points: two", "number of points, got two"),
        (":minutes: 10\n", "", "number of minutes, got none"),
        (ANSWER, "", "tagged `answer`, got none"),
        (CHECK, "", "tagged `check`, got none"),
        (SOLUTION, "", "expected a solution, got none"),
        ("### END SOLUTION\n", "", "in pairs, got one without the other"),
        ("### BEGIN SOLUTION\n", "", "in pairs, got one without the other"),
        ("### BEGIN SOLUTION\na = 2\n### END SOLUTION\n", "a = 2\n", "expected solution markers"),
        ('"One and one."', '"One."\n### BEGIN SOLUTION\n### END SOLUTION', "and only there"),
        (":minutes: 10", ":minutes: 10\n:written: 3", "at most all points"),
        (":minutes: 10", ":minutes: 10\n:written: one", "number in `:written:`, got one"),
        (":minutes: 10", ":minutes: 10\n:words: many", "number in `:words:`, got many"),
        (GUIDE, "", None),
        (
            "{solution} ex-demo",
            "{solution} ex-other",
            "label of an exercise above it, got ex-other",
        ),
        ("{guide} ex-demo", "{guide} ex-other", "label of an exercise above it, got ex-other"),
        (BOX, "", "a cell tagged `answer` without exercise"),
    ],
)
def test_what_is_missing_is_named(old, new, said):
    assert old in WHOLE
    found = faults(WHOLE.replace(old, new))
    assert (said is None and found == []) or any(said in fault for fault in found), found


GATED = "```{solution-start} ex-demo\n```\n\nTwo.\n\n```{solution-end}\n```\n\n"


def test_a_solution_between_gates_has_both():
    text = WHOLE.replace(SOLUTION, GATED)
    assert faults(text + text.replace("ex-demo", "ex-other")) == []
    open_end = text.replace("```{solution-end}\n```\n", "")
    line = text.splitlines().index("```{solution-start} ex-demo") + 1
    said = f"chapters/demo.md:{line}: ex-demo: expected solution-end below solution-start"
    assert faults(open_end) == [said]
    assert faults(open_end + text.replace("ex-demo", "ex-other")) == [said]
    (stray,) = faults(WHOLE + "```{solution-end}\n```\n")
    assert stray.endswith("solution-end: expected a solution-start above it")


def test_written_points_need_a_marking_guide():
    text = WHOLE.replace(":minutes: 10", ":minutes: 10\n:written: 1")
    assert faults(text) == []
    assert any("marking guide" in fault for fault in faults(text.replace(GUIDE, "")))


def book(tmp_path, *pages):
    (tmp_path / "_config.yml").write_text("parse:\n  myst_enable_extensions: [colon_fence]\n")
    names = [f"chapters/page{n}" for n, _ in enumerate(pages)]
    rows = "".join(f"  - file: {name}\n" for name in names[1:])
    (tmp_path / "_toc.yml").write_text(f"format: jb-book\nroot: {names[0]}\nchapters:\n{rows}")
    (tmp_path / "chapters").mkdir()
    for name, text in zip(names, pages, strict=True):
        (tmp_path / f"{name}.md").write_text(text)
    return tmp_path


def test_a_label_is_taken_once_in_the_book(tmp_path):
    found, said = exercises.read(book(tmp_path, WHOLE, WHOLE))
    assert [e.label for e in found] == ["ex-demo", "ex-demo"]
    assert said == [
        "chapters/page1.md:5: ex-demo: the label is taken, at chapters/page0.md:5",
    ]


def test_a_fault_names_file_line_and_exercise(tmp_path):
    _, said = exercises.read(book(tmp_path, "# Intro\n", WHOLE.replace(":points: 2\n", "")))
    assert said == [
        "chapters/page1.md:5: ex-demo: expected a positive number of points, got none",
    ]
    (tmp_path / "two").mkdir()
    _, said = exercises.read(book(tmp_path / "two", WHOLE, WHOLE.replace(":label: ex-demo\n", "")))
    assert any("page1.md:5: Predict: a sum: expected a label" in fault for fault in said)


def test_stub_and_solution_of_a_function():
    body = "    ### BEGIN SOLUTION\n    y = x\n    return 2 * y\n    ### END SOLUTION\n"
    head = 'def f(x):\n    """Twice."""\n'
    assert stub(head + body) == f"{head}    ..."
    assert complete(head + body) == f"{head}    y = x\n    return 2 * y"


def test_stub_and_solution_of_values_and_of_a_class():
    values = "a, b = ..., ...  # whole\n### BEGIN SOLUTION\na, b = 1, 2\n### END SOLUTION\n"
    assert stub(values) == "a, b = ..., ...  # whole"
    assert complete(values) == "a, b = 1, 2"
    begin, end = "        ### BEGIN SOLUTION\n", "        ### END SOLUTION\n"
    methods = "".join(f"    def {m}(self):\n{begin}        return {m!r}\n{end}" for m in ("a", "b"))
    assert stub(f"class A:\n{methods}").count("...") == 2
    assert "SOLUTION" not in complete(f"class A:\n{methods}")


def test_a_function_may_stand_above_a_value():
    code = """\
def f(x):
    ### BEGIN SOLUTION
    return x
    ### END SOLUTION


a = ...  # whole
### BEGIN SOLUTION
a = f(1)
### END SOLUTION
"""
    assert stub(code) == "def f(x):\n    ...\n\n\na = ...  # whole"
    assert complete(code) == "def f(x):\n    return x\n\n\na = f(1)"
