"""`bindery.handouts` and what it stands on: a small book is printed, and its PDFs are read."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from bindery import handouts, leaks, paper
from bindery.coursework import ASSIGNMENTS
from bindery.exercises import read
from bindery.handouts import EDITIONS, HandoutError, Job, main
from bindery.sheets import BOOK, sheets
from bindery.typeset import columns
from docutils.core import publish_doctree
from docutils.nodes import table
from sphinx_external_toc.parsing import parse_toc_yaml

ROOT = Path(__file__).parents[2]
LATEX = pytest.mark.skipif(
    not (shutil.which("xelatex") and shutil.which("pdftotext")),
    reason="xelatex and pdftotext are not both installed",
)

FRONT = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
---

(ch-one)=
# Une boîte

A network {cite:p}`elman1990` and a formula too wide for the page.

```{code-cell} ipython3
:tags: [hide-input]

import math  # the first cell
```

```{code-cell} ipython3
:tags: [remove-cell]

from IPython.display import Math
from myst_nb import glue
wide = "x = " + " + ".join(f"a_{{{i}}} b_{{{i}}}" for i in range(60))
glue("one-wide", Math(wide), display=False)
```

```{glue:math} one-wide
:label: eq-wide
```

```{code-cell} ipython3
---
tags: [remove-input]
mystnb:
  markdown_format: myst
---
from IPython.display import Markdown
cells = ("<br>".join(f"line {i}.{j}" for j in range(12)) for i in range(8))
rows = "".join(f"| {cell} | counted |\\n" for cell in cells)
title = "<details><summary>8 claims of &ldquo;One&rdquo;</summary>"
Markdown(f"{title}\\n\\n| a | heading |\\n| --- | --- |\\n{rows}\\n\\n</details>")
```

## Exercises

"""
EXERCISE = """:::{{exercise}} Repair: number {i}
:label: {label}
:points: 2
:minutes: 5
Mend what {{eq}}`eq-wide` says, see {{numref}}`ex-a2-data`.
:::

```{{code-cell}} ipython3
:tags: [answer]

answer_{i} = ...
### BEGIN SOLUTION
answer_{i} = math.factorial({i}) + 100
### END SOLUTION
```

```{{code-cell}} ipython3
:tags: [check]

assert answer_{i} > 100, "More."
```

:::{{guide}} {label}
- 2 points: all of it.
:::

```{{solution-start}} {label}
:class: dropdown
```

Because it is so.

```{{solution-end}}
```

"""
TOC = """format: jb-book
root: intro
parts:
- caption: I First
  numbered: true
  chapters:
  - file: one
- caption: Assignments
  chapters:
  - file: a2
- caption: Appendix
  chapters:
  - file: chapters/bibliography
"""


def write(book):
    """Write the small book; return its exercises' labels."""
    labels = ASSIGNMENTS[1].exercises
    text = FRONT + "".join(EXERCISE.format(i=i, label=label) for i, label in enumerate(labels, 1))
    text = leaks.plant(text)
    assert text.count(leaks.MARK) >= 3 * len(labels)
    book.page("one", text)
    book.page("a2", "# The second\n\nWhat is asked; {ref}`ch-one` teaches it.\n")
    (book.root / "chapters").mkdir()
    book.page("chapters/bibliography", "# Bibliography\n\n```{bibliography}\n```\n")
    (book.root / "_toc.yml").write_text(TOC)
    for name in ("_config.yml", "references.bib"):
        shutil.copy(ROOT / name, book.root)
    return labels


@pytest.fixture
def executed(book):
    """The small book, its cells run."""
    from bindery.execute import main as execute

    write(book)
    assert execute(["--root", str(book.root)]) == 0
    return book


def lines(text):
    """Return the names of the table's lines that are to be seen."""
    return set(re.findall(r"line \d+\.\d+", text))


def pdf(book, edition, name, size="a4"):
    return book.build().output / "handouts" / size / edition / f"{name}.pdf"


@LATEX
def test_pdfs_show_to_students_no_answer_and_to_instructors_all(executed, capsys):
    assert main(["--root", str(executed.root), "--strict"]) == 0, capsys.readouterr().err
    for name in (BOOK, "one", "a2"):
        text = {e: handouts.text_of(pdf(executed, e, name)) for e in EDITIONS}
        assert leaks.MARK not in text["student"], name
        assert text["instructor"].count(leaks.MARK) == 3 * len(ASSIGNMENTS[1].exercises), name
        for seen in text.values():
            assert "Exercise 1.6 · Repair: number 6" in seen
            assert "import math" in seen, "the exercises need the hidden first cell"
            assert "version" in seen
            if name != "a2":
                assert "8 claims of “One”" in seen, "the title of what opens on a click"
                assert {f"line {i}.{j}" for i in range(8) for j in range(12)} <= lines(seen)
                assert len(re.findall(r"a +heading\n", seen)) > 1, "one on each page of the table"
    student = handouts.text_of(pdf(executed, "student", "a2"))
    assert "Student number" in student
    assert "Student number" not in handouts.text_of(pdf(executed, "instructor", "a2"))
    assert re.search(r"Points\s+2\s+2\s+2\s+2\s+2\s+2\s+8 ?\+ ?4", student)
    assert "The second" in student
    assert "first cell of 1. Une boîte" in student
    assert "Une boîte teaches it" in student, "a reference to another sheet is its text"
    assert "Mend what (1.1) says, see Exercise 1.1" in student
    assert re.search(r"Equations referred to\n.*\(1\.1\)", student, re.DOTALL)
    chapter = handouts.text_of(pdf(executed, "student", "one"))
    assert "Finding structure in time" in chapter, "its own references"
    assert "(1.1)" in chapter
    assert "Equations referred to" not in chapter


@LATEX
def test_a_leak_and_a_missing_answer_are_found(executed):
    known, _ = read(executed.root)
    asked = [e for e in known if e.label == "ex-a2-data"]
    row = "answer_1 = math.factorial(1) + 100"
    say = "Exercise 1.1 Repair: number 1 Student number"

    def find(text, edition, alone=True):
        return list(handouts.faults_of_text(text, edition, asked, executed.root, alone))

    assert find(say, "student") == []
    assert find(f"{say} {row}", "student") == [f"ex-a2-data: its answer is shown: {row}"]
    assert find(f"{say} {row}", "student", alone=False) == [], "a chapter may show a line like it"
    assert "Solution to" in find(f"{say} Solution to Exercise 1.1", "student")[0]
    told = f"{say} Solution to Exercise 1.1 Marking guide for Exercise 1.1"
    assert find(f"{told} {row} # {leaks.MARK}", "instructor") == []
    assert row in find(told, "instructor")[0]
    assert "title" in find("Student number", "student")[0]


@LATEX
def test_failing_latex_is_one_sentence_and_leaves_no_pdf(tmp_path):
    tex, target = tmp_path / "bad.tex", tmp_path / "out" / "bad.pdf"
    target.parent.mkdir()
    target.write_bytes(b"old")
    tex.write_text("\\documentclass{article}\\begin{document}\\nonesuch\\end{document}")
    with pytest.raises(HandoutError, match=r"bad: LaTeX failed, see .*bad\.log: ! Undefined"):
        handouts.typeset(Job(tex, target), tmp_path)
    assert not target.exists()
    tex.write_text("\\documentclass{article}\\begin{document}good\\end{document}")
    handouts.typeset(Job(tex, target), tmp_path)
    assert "good" in handouts.text_of(target)
    set_at = target.stat().st_mtime_ns
    handouts.typeset(Job(tex, target), tmp_path)
    assert target.stat().st_mtime_ns == set_at, "nothing had changed"
    tex.write_text("\\documentclass{article}\\begin{document}better\\end{document}")
    handouts.typeset(Job(tex, target), tmp_path)
    assert "better" in handouts.text_of(target)


def test_letter_is_set_on_letter(executed, monkeypatch):
    monkeypatch.setenv(paper.VARIABLE, "letter")
    folder = handouts.write_latex(executed.root, "student", ["one"], executed.root / "out")
    assert [p.name for p in folder.glob("*.tex")] == ["one.tex"]
    text = (folder / "one.tex").read_text()
    assert r"\documentclass[letterpaper" in text
    assert leaks.MARK not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "a2 a9", "--execute"], "ONLY: expected some of unrolled one a2, got a9"),
        (["--execute"], "UNROLLED_PAPER"),
    ],
)
def test_unknown_names_are_one_sentence(book, monkeypatch, capsys, arguments, said):
    write(book)
    if "--only" not in arguments:
        monkeypatch.setenv(paper.VARIABLE, "foolscap")
    assert main(["--root", str(book.root), *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_missing_latex_names_the_packages(book, monkeypatch, capsys):
    write(book)
    monkeypatch.setenv("PATH", "")
    assert main(["--root", str(book.root), "--execute"]) == 2
    assert "apt install" in capsys.readouterr().err
    system, ci = ((ROOT / ".ci" / name).read_text() for name in ("system", "run"))
    assert all(package in system for package in handouts.PACKAGES.split())
    assert 'bindery.handouts --only "parity a2" --strict' in ci


@LATEX
@pytest.mark.parametrize(("only", "status"), [("a2", 7), ("a9", 2)])
def test_what_can_be_refused_is_refused_before_chapters_run(book, monkeypatch, only, status):
    write(book)
    asked = []
    monkeypatch.setattr(handouts, "execute", lambda arguments: asked.append(arguments) or 7)
    assert main(["--root", str(book.root), "--execute", "--only", only]) == status
    assert asked == ([["--root", str(book.root)]] if status == 7 else [])
    assert not list(book.root.rglob("handouts"))


def test_make_hands_on_paper_and_names():
    command = ["make", "-n", "-o", ".venv/.installed", "handouts", "ONLY=a2", "PAPER=letter"]
    environment = {**os.environ, "MAKEFLAGS": ""}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert "UNROLLED_PAPER=letter" in run.stdout
    assert '--execute --only "a2"' in run.stdout


def test_sheets_are_book_chapters_and_assignments(book):
    labels = write(book)
    known = {e.label: e for e in read(book.root)[0]}
    made = sheets(parse_toc_yaml(book.root / "_toc.yml"), known)
    assert [s.name for s in made] == [BOOK, "one", "a2"]
    assert made[1].tasks == made[2].tasks == labels
    assert made[2].extra == ASSIGNMENTS[1].optional
    assert not made[1].extra


def test_a_page_of_the_appendix_is_printed_if_it_has_exercises():
    known = {e.label: e for e in read(ROOT)[0]}
    names = {s.name for s in sheets(parse_toc_yaml(ROOT / "_toc.yml"), known)}
    assert {"parity", "prerequisites", "layouts"} <= names
    assert "glossary" not in names


def test_a_log_tells_what_sticks_out_and_what_is_missing():
    log = (
        "Overfull \\hbox (4.9pt too wide) in paragraph at lines 1--2\n"
        "Overfull \\hbox (5.1pt too wide) in paragraph at lines 3--4\n"
        "Overfull \\vbox (4.9pt too high) detected at line 5\n"
        "Overfull \\vbox (199.6pt too high) has occurred while \\output is active []\n"
        "Missing character: There is no ⅐ (U+2150) in font [x]/\n"
        "LaTeX Warning: Reference `eq-gone' on page 3 undefined\n"
    )
    found = list(handouts.faults_of_log(log))
    assert found == [
        "a line sticks out by 5.1 pt (in paragraph at lines 3--4)",
        "a page runs over by 199.6 pt (has occurred while \\output is active [])",
        "no font has the sign ⅐",
        "a reference leads nowhere: eq-gone",
    ]


def test_first_error():
    assert handouts.first_error("fine\n! Bad.\nl.3 x\n") == "! Bad."
    assert handouts.first_error("WARNING: a\nExtensionError: b\nc") == "ExtensionError: b"
    assert handouts.first_error("") == "it says nothing"


def test_columns_keep_short_tables_and_share_wide_ones():
    def made(second):
        rule = f"{'=' * 8}  {'=' * len(second)}"
        tree = publish_doctree(f"{rule}\nab        cd\n{rule}\nx         {second}\n{rule}\n")
        return columns(next(tree.findall(table)))

    assert made("short") == "{ll}"
    widths = re.findall(r"\\X\{(\d+)\}", made("many words " * 20))
    assert int(widths[0]) < 10 < int(widths[1])
