"""`bindery.reach`: which files a chapter depends on."""

import ast
from pathlib import Path

import pytest
from bindery.execute import chapters
from bindery.reach import digest, reached, stamp

ROOT = Path(__file__).parents[2]


@pytest.fixture
def code(tmp_path):
    files = {
        "__init__.py": "",
        "tasks.py": "x = 1\n",
        "cells.py": "def late():\n    from unrolled.tasks import x\n",
        "runs.py": "import importlib\n\ndef load(task):\n"
        "    return importlib.import_module(f'unrolled.experiments.{task}')\n",
        "experiments/__init__.py": "",
        "experiments/parity.py": "from unrolled import cells\n",
        "plots/__init__.py": "from unrolled.plots.curves import draw\n",
        "plots/curves.py": "def draw(): ...\n",
    }
    for name, text in files.items():
        path = tmp_path / "unrolled" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text)
    return tmp_path


def names(cells, code):
    return {str(path.relative_to(code / "unrolled")) for path in reached(cells, code)}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("import numpy", set()),
        ("import unrolled", {"__init__.py"}),
        ("from unrolled import tasks", {"__init__.py", "tasks.py"}),
        ("import unrolled.tasks as t", {"__init__.py", "tasks.py"}),
        ("from unrolled.tasks import x", {"__init__.py", "tasks.py"}),
        ("if 1:\n    from unrolled import cells", {"__init__.py", "cells.py", "tasks.py"}),
        (
            "from unrolled.plots import draw",
            {"__init__.py", "plots/__init__.py", "plots/curves.py"},
        ),
        (
            "from unrolled import runs",
            {
                "__init__.py",
                "runs.py",
                "experiments/__init__.py",
                "experiments/parity.py",
                "cells.py",
                "tasks.py",
            },
        ),
        ("run(['-m', 'unrolled.tasks'])", {"__init__.py", "tasks.py"}),
    ],
)
def test_what_a_cell_reaches(code, cell, expected):
    assert names([cell, "1 + 1"], code) == expected


def test_a_cell_that_is_not_python_reaches_everything(code):
    assert len(names(["%timeit 1", "from unrolled import tasks"], code)) == 8


def test_a_table_belongs_to_the_module_of_its_name(code):
    (code / "unrolled" / "claims.py").write_text("")
    (code / "unrolled" / "claims.json").write_text("{}")
    assert names(["import unrolled.claims"], code) >= {"claims.py", "claims.json"}
    assert names(["1"], code) == set()


def test_a_table_belongs_to_everything_and_bytecode_to_nothing(code):
    (code / "unrolled" / "table.json").write_text("{}")
    (code / "unrolled" / "__pycache__").mkdir()
    (code / "unrolled" / "__pycache__" / "tasks.pyc").write_bytes(b"x")
    assert names(["1"], code) == {"table.json"}


def test_the_digest_follows_contents_and_names_of_what_is_reached(code):
    cells = ["from unrolled.experiments import parity"]
    digests = [digest(cells, code)]
    module = code / "unrolled" / "tasks.py"
    module.write_text("x = 2\n")
    digests.append(digest(cells, code))
    (code / "unrolled" / "plots" / "curves.py").write_text("y = 3\n")
    assert digest(cells, code) == digests[-1]
    (code / "unrolled" / "tasks").mkdir()
    module.rename(code / "unrolled" / "tasks" / "__init__.py")
    digests.append(digest(cells, code))
    assert len(set(digests)) == 3


def test_the_stamp_stands_in_the_front_matter_alone():
    page = "---\nkernelspec:\n  name: python3\n---\n# Title\n\nkernelspec:\n"
    stamped = stamp(page, "abc")
    assert stamped == page.replace("kernelspec:\n", "kernelspec:\n  reaches: abc\n", 1)


def test_every_chapter_reaches_what_it_imports():
    """Every import statement of the real chapters leads to a file."""
    for chapter in chapters(ROOT):
        found = reached([chapter.code], ROOT / "code")
        for node in ast.walk(ast.parse(chapter.code)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unrolled."):
                stem = ROOT / "code" / node.module.replace(".", "/")
                assert found & {stem.with_suffix(".py"), stem / "__init__.py"}, node.module
        assert chapter.reaches == digest([chapter.code], ROOT / "code")
