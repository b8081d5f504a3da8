"""`bindery.reference`: a small library's docstrings become a page, and none is forgotten."""

import shutil
from pathlib import Path

import pytest
from bindery import reference
from bindery.build import output_folder
from bindery.execute import main
from unrolled import assignments

ROOT = Path(__file__).parents[2]
SITE = output_folder(ROOT, assignments.profile().name) / "html"

PAGE = """# Data

{{py:func}}`tasks.xnor <unrolled.tasks.xnor>` draws.

## `unrolled.tasks`

```{{eval-rst}}
.. automodule:: unrolled.tasks
```

```{{modules}} {page}
```

```{{commands}}
```
"""
LIBRARY = '''"""Tasks."""

def xnor(n):
    """Draw."""

def _hidden():
    pass

class Drawer:
    """Draws."""

    def draw(self):
        """Draw again."""

class _Private:
    def draw(self):
        pass
'''
NAMES = ["unrolled.tasks", "unrolled.tasks.xnor", "unrolled.tasks.Drawer"]
NAMES += ["unrolled.tasks.Drawer.draw"]


@pytest.fixture
def library(tmp_path):
    (tmp_path / "unrolled").mkdir()
    (tmp_path / "unrolled" / "tasks.py").write_text(LIBRARY)
    return tmp_path


def test_public_names_are_found_without_importing(library):
    assert reference.public_names(library) == NAMES


def test_the_library_offers_what_chapters_use():
    names = reference.public_names(ROOT / "code")
    wanted = ("tasks.xnor", "cells.LSTM.forward", "evidence.wilson", "plots.curves.plot_loss")
    assert {f"unrolled.{name}" for name in wanted} <= set(names)
    assert len(names) == len(set(names))


def test_every_module_has_its_place_on_one_page():
    pages = (ROOT / "chapters").glob("api*.md")
    named = [name for page in pages for name in reference.NAMED.findall(page.read_text())]
    code = ROOT / "code"
    modules = [name for name in reference.public_names(code) if reference.source_of(name).is_file()]
    assert sorted(named) == modules


@pytest.mark.parametrize("text", ["E = a + b", "first  one\n    second two"])
def test_what_is_set_in_stays_as_it_stands(text):
    lines = ["It says", "", *(f"    {line}" for line in text.split("\n")), "", "and |a| more."]
    made = list(reference.with_code(lines))
    assert made[2:4] == [f".. {reference.SIGN}", ""]
    assert made[4:-2] == lines[2:-2]
    assert made[-1] == r"and \|a\| more."


def test_sections_and_lists_are_no_code():
    lines = [
        "Draw.",
        "",
        "Args:",
        "    n: how many,",
        "        of one kind.",
        "",
        "Returns:",
        "    x.",
    ]
    assert list(reference.with_code(lines)) == lines


def test_the_help_is_the_parsers_own():
    told = {name: reference.help_of(command) for name, command in reference.commands().items()}
    assert {"list", "train", "sweep", "data", "doctor"} <= set(told)
    assert "--seed SEED" in told["train"]
    assert max(len(line) for text in told.values() for line in text.split("\n")) <= 76


@pytest.fixture
def built(book, monkeypatch):
    """A book whose reference has a page on one module."""
    monkeypatch.syspath_prepend(str(ROOT / "code"))
    book.page("api-data", PAGE.format(page="api-data"))
    book.chapter("a", "1", "{py:func}`unrolled.tasks.parity` draws.")
    assert main(["--root", str(book.root)]) == 0
    return book


def test_a_page_of_the_reference(built):
    pages = built.html()
    page = pages["api-data"]
    entry = page.find(id="unrolled.tasks.xnor")
    source = entry.select_one("span.viewcode-link").parent["href"]
    assert source.startswith("_modules/unrolled/tasks.html#")
    assert entry.select_one("em.sig-param").get_text().startswith("n: int")
    told = entry.find_next_sibling("dd")
    assert "number of strings, N." in told.get_text()
    assert "Raises" not in told.get_text()
    assert page.find(id="command-train").pre.get_text().startswith("usage: unrolled train")
    summary = page.select_one("article li a[href='#module-unrolled.tasks']").find_parent("li")
    assert "The synthetic tasks" in summary.get_text()
    # A name in a docstring's backticks leads to the library's, and another is plain code.
    assert page.select_one('dd a[href="#unrolled.tasks.adding_targets"]')
    link = pages["a"].select_one("article a.reference.internal")
    assert link["href"] == "api-data.html#unrolled.tasks.parity"
    # What is missing is named: this book has one module of all.
    site = built.build().output / "html"
    faults = reference.left_out(site, ROOT / "code")
    assert not [fault for fault in faults if "unrolled.tasks" in fault]
    assert [fault for fault in faults if "unrolled.cells.LSTM:" in fault]


def test_without_pages_there_is_one_sentence(tmp_path):
    assert "make book" in reference.left_out(tmp_path, ROOT / "code")[0]


@pytest.mark.html
@pytest.mark.skipif(not SITE.exists(), reason="the book is not built: run `make book`")
def test_the_built_reference_leaves_nothing_out(tmp_path):
    assert reference.left_out(SITE, ROOT / "code") == []
    shutil.copytree(ROOT / "code" / "unrolled", tmp_path / "unrolled")
    (tmp_path / "unrolled" / "tasks.py").rename(tmp_path / "unrolled" / "chores.py")
    wrong = reference.left_out(SITE, tmp_path)
    assert wrong[0].startswith("not in the reference: unrolled.chores:")
    assert all("unrolled.chores" in sentence for sentence in wrong)
