"""Nothing that students must not see is in anything made for them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bindery import handouts
from bindery.leaks import MARK, marked_files, plant, planted_book

ROOT = Path(__file__).parents[2]
BUILD = ("jupyter-book", "build", ".", "--path-output", "made", "-n", "--keep-going", "--quiet")
TYPESET = shutil.which("xelatex") and shutil.which("pdftotext")
NOTEBOOKS = ("--builder", "custom", "--custom-builder", "notebooks")


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The marked copy of the book."""
    if not (ROOT / "_build" / "execution.json").is_file():
        pytest.skip("the book has not been executed: `make book` does")
    folder = tmp_path_factory.mktemp("planted")
    planted_book(ROOT, folder)
    return folder


def make(book: Path, edition: str, *builder: str) -> Path:
    """Build an edition of the marked book, and return the folder it is in."""
    bin = Path(sys.executable).parent
    environment = os.environ | {
        "UNROLLED_EDITION": edition,
        "UNROLLED_PROFILE": "cpu",
        "UNROLLED_PRIVATE": str(book / "private"),
        "PATH": f"{bin}{os.pathsep}{os.environ['PATH']}",
    }
    command = [bin / BUILD[0], *BUILD[1:], *builder]
    run = subprocess.run(command, cwd=book, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    return book / "made" / "_build"


def test_the_mark_is_put_everywhere():
    source = """\
:::{exercise} Demo
:label: ex-demo
:::

```{code-cell} ipython3
:tags: [answer]
a = ...
### BEGIN SOLUTION
a = 2
### END SOLUTION
```

:::{guide} ex-demo
- 1 point: for all.
:::

```{solution-start} ex-demo
:class: dropdown
```

Why.

```{code-cell} ipython3
b = 3
```

```{solution-end}
```

```{code-cell} ipython3
c = 4
```
"""
    planted = plant(source)
    assert planted.count(MARK) == 4
    assert f"# {MARK}\na = 2" in planted
    assert f"b = 3\n# {MARK}\n```" in planted
    assert "c = 4\n```" in planted


def test_the_student_site_and_notebooks_hold_no_solution(book):
    made = make(book, "student", *NOTEBOOKS)
    assert list((made / "notebooks" / "student").glob("*.ipynb"))
    assert marked_files(made / "notebooks" / "student") == []
    masters = {Path(name).name for name in marked_files(made / "notebooks" / "nbgrader")}
    assert "parity.ipynb" in masters, "what is marked would be seen"
    offer(book, made / "notebooks")
    make(book, "student")
    assert list((made / "html").rglob("*.html"))
    assert marked_files(made / "html") == []
    offered = {path.name for path in (made / "html" / "downloads").iterdir()}
    assert {"parity.ipynb", "a2.ipynb", "parity.pdf"} <= offered


def offer(book: Path, notebooks: Path) -> None:
    """Lay beside the site what it may offer and, marked, what it may not."""
    shutil.copytree(notebooks, book / "_build" / "notebooks")
    for kind, text in {"student": "%PDF-", "instructor": f"%PDF- {MARK}"}.items():
        path = book / "_build" / "handouts" / "a4" / kind / "parity.pdf"
        path.parent.mkdir(parents=True)
        path.write_text(text)


def test_the_student_handouts_hold_no_solution(book, monkeypatch):
    monkeypatch.setenv("UNROLLED_PROFILE", "cpu")
    monkeypatch.setenv("UNROLLED_PRIVATE", str(book / "private"))
    asked = handouts.printed(book)
    two = ["parity", "a2"]
    instructor = handouts.write_latex(book, "instructor", two, book / "printed")
    assert set(marked_files(instructor)) == {"parity.tex", "a2.tex"}, "what is marked would be seen"
    student = handouts.write_latex(book, "student", list(asked), book / "printed")
    assert {path.stem for path in student.glob("*.tex")} == set(asked)
    assert marked_files(student) == []
    for name in two if TYPESET else ():
        job = handouts.Job(student / f"{name}.tex", student / "pdf" / f"{name}.pdf")
        handouts.typeset(job, book)
        assert MARK not in handouts.text_of(job.pdf), name
