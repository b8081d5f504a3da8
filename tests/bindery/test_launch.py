"""`bindery.launch`: which buttons each kind of page has in each edition, and what they offer."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from bindery import editions, launch
from bindery.execute import main
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[2]
COLAB = "https://colab.research.google.com/github/someone/course/blob/notebooks/"
BINDER = "https://mybinder.org/v2/gh/someone/course/notebooks?urlpath=lab/tree/"
MADE = (
    "notebooks/student/ran.ipynb",
    "notebooks/solution/ran.ipynb",
    "notebooks/nbgrader/ran.ipynb",
    "handouts/a4/student/ran.pdf",
    "handouts/a4/instructor/ran.pdf",
    "handouts/a4/instructor/a2.pdf",
    "handouts/a4/student/unrolled.pdf",
    "handouts/letter/student/words.pdf",
)


@pytest.fixture
def build(book, monkeypatch):
    """Build an edition of a book with a page of each kind; return its pages."""
    publish(book.root)
    book.chapter("ran", "1")
    book.page("words", "# Words\n")
    (book.root / "chapters").mkdir()
    book.page("chapters/a2", "# Assignment\n")

    def made(edition):
        for name in MADE:
            path = book.build().output / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        monkeypatch.setenv(editions.VARIABLE, edition)
        assert main(["--root", str(book.root)]) == 0
        return book.html()

    return made


def publish(root):
    """Copy the book's settings, with the one line edited that says where it is published."""
    said = (ROOT / "_config.yml").read_text()
    edited, count = re.subn(r"(?m)^  url: .*$", "  url: https://github.com/someone/course", said)
    assert count == 1
    (root / "_config.yml").write_text(edited)


def menu(page, name):
    """The buttons of a menu: text → address; none without the menu."""
    shown = page.select(f".dropdown-{name}-buttons .dropdown-item")
    return {button.get_text(strip=True): button.get("href") for button in shown}


def downloads(book):
    """What lies in the site for download: name → text."""
    folder = book.build().output / "html" / launch.FOLDER
    return {path.name: path.read_text() for path in folder.iterdir()} if folder.exists() else {}


def test_the_reader_gets_notebook_source_and_handout(build, book):
    pages = build("reader")
    assert menu(pages["ran"], "launch") == {
        "Colab": f"{COLAB}ran.ipynb",
        "Binder": f"{BINDER}ran.ipynb",
    }
    assert menu(pages["ran"], "download") == {
        ".ipynb": "downloads/ran.ipynb",
        ".md": "downloads/ran.md",
        ".pdf": "downloads/ran.pdf",
        "Print": None,
    }
    places = list(menu(pages["a2"], "launch").values())
    assert places == [f"{COLAB}a2.ipynb", f"{BINDER}a2.ipynb"]
    not_made = menu(pages["a2"], "download")
    assert not_made == {".md": "../downloads/a2.md", "Print": None}, "no button leads nowhere"
    everything = {"Colab": COLAB.rstrip("/"), "Binder": BINDER.removesuffix("/tree/")}
    assert menu(pages["words"], "launch") == everything
    assert menu(pages["words"], "download") == {".md": "downloads/words.md", "Print": None}
    assert menu(pages["intro"], "download")[".pdf"] == "downloads/unrolled.pdf"
    for page in ("genindex", "search"):
        assert not pages[page].select(".dropdown")
    sources = {p.name: p.read_text() for p in book.root.rglob("*.md") if "_build" not in p.parts}
    assert len(sources) == 4
    assert downloads(book) == sources | {
        "ran.ipynb": "notebooks/student/ran.ipynb",
        "ran.pdf": "handouts/a4/student/ran.pdf",
        "unrolled.pdf": "handouts/a4/student/unrolled.pdf",
    }


def test_a_student_gets_neither_sources_nor_anything_with_solutions(build, book):
    pages = build("student")
    assert list(menu(pages["ran"], "launch")) == ["Colab", "Binder"]
    assert list(menu(pages["ran"], "download")) == [".ipynb", ".pdf", "Print"]
    assert list(menu(pages["words"], "download")) == ["Print"]
    assert sorted(downloads(book)) == ["ran.ipynb", "ran.pdf", "unrolled.pdf"]
    assert all("/student/" in text for text in downloads(book).values())
    assert not list((book.build().output / "html").rglob("*.md*"))


def test_an_instructor_gets_both_of_everything(build, book):
    pages = build("instructor")
    offered = {
        ".ipynb": "ran.ipynb",
        ".ipynb (solution)": "ran-solution.ipynb",
        ".ipynb (nbgrader)": "ran-nbgrader.ipynb",
        ".md": "ran.md",
        ".pdf": "ran.pdf",
        ".pdf (instructor)": "ran-instructor.pdf",
    }
    assert menu(pages["ran"], "download") == {
        text: f"downloads/{name}" for text, name in offered.items()
    } | {"Print": None}
    assert ".pdf (instructor)" in menu(pages["a2"], "download")
    held = downloads(book)
    assert held["ran-nbgrader.ipynb"] == "notebooks/nbgrader/ran.ipynb"
    assert held["ran-instructor.pdf"] == "handouts/a4/instructor/ran.pdf"


def test_one_edit_moves_every_button(tmp_path):
    publish(tmp_path)
    at = launch.published(tmp_path)
    addresses = [button["url"] for button in launch.launches(at, "a1")]
    assert addresses == [f"{COLAB}a1.ipynb", f"{BINDER}a1.ipynb"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("url: https://example.org/a/b", "expected https://github.com/OWNER/NAME, got https://ex"),
        ("url: https://github.com/alone", "expected https://github.com/OWNER/NAME, got"),
        ("branch: main", "expected https://github.com/OWNER/NAME, got None"),
        ("url: https://github.com/a/b", "notebooks_branch: expected a branch, got none"),
    ],
)
def test_settings_that_do_not_say_where(tmp_path, said, expected):
    (tmp_path / "_config.yml").write_text(f"repository:\n  {said}\n")
    with pytest.raises(ExtensionError, match=expected):
        launch.configure(SimpleNamespace(confdir=str(tmp_path)), SimpleNamespace())


def test_pages_are_made_again_when_a_notebook_or_handout_is_newer(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("constraints.txt", "pyproject.toml", "_config.yml", "_toc.yml", "references.bib"):
        stamp(tmp_path / name, 1)
    for folder in ("chapters", "code/bindery"):
        (tmp_path / folder).mkdir(parents=True)
    stamp(tmp_path / ".venv" / ".installed", 2)
    stamp(tmp_path / "_build" / "execution.json", 3)
    made = tmp_path / "_build" / ".made"

    def is_done():
        stamp(made, 10)
        command = ["make", "--question", "./_build/.made", "EDITION=reader", "PROFILE=cpu"]
        environment = {k: v for k, v in os.environ.items() if k != "UNROLLED_PRIVATE"}
        run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True)
        assert run.returncode in (0, 1), run.stderr
        return run.returncode == 0

    assert is_done(), "without notebooks and handouts, too"
    for name in ("notebooks/student/a.ipynb", "handouts/a4/instructor/a.pdf"):
        stamp(tmp_path / "_build" / name, 5)
        assert is_done()
        stamp(tmp_path / "_build" / name, 11)
        assert not is_done(), name
        stamp(tmp_path / "_build" / name, 5)


def stamp(path, seconds):
    """Let a file be there, and be some seconds old."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (seconds, seconds))
