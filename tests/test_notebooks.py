"""The notebooks run as a student gets them, and with the solutions pass all their checks.

Run by `make notebooks-check`, which makes the notebooks first; in the profile `smoke`.
"""

import os
import re
from pathlib import Path

import nbformat
import pytest
from bindery.build import Build
from bindery.exercises import CHECK
from nbclient import NotebookClient
from unrolled import selfcheck

pytestmark = pytest.mark.notebooks

ROOT = Path(__file__).parents[1]
MADE = ROOT / "_build" / "notebooks"
SECONDS = 600
STUDENT = sorted((MADE / "student").glob("*.ipynb"))
# A chapter's right answers have run in the build already: UNROLLED_SOLUTIONS leaves some out.
SOLUTION = sorted((MADE / "solution").glob(os.environ.get("UNROLLED_SOLUTIONS") or "*.ipynb"))


def test_there_are_notebooks():
    assert STUDENT, "make them with `make notebooks`"
    kinds = ("student", "solution", "nbgrader")
    names = [{path.name for path in (MADE / kind).glob("*.ipynb")} for kind in kinds]
    assert names[0] == names[1] == names[2]


@pytest.mark.parametrize(
    "path", sorted(MADE.rglob("*.ipynb")), ids=lambda p: f"{p.parent.name} {p.stem}"
)
def test_a_notebook_is_valid_and_bare(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    names = [cell.id for cell in notebook.cells]
    assert len(set(names)) == len(names)
    assert names[:2] == ["colab", "about"]
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert "⟪" not in cell.source
        assert not re.search(r"myst_nb|\bglue\(", cell.source), "only the page can paste"
        assert cell.source.strip()
        if cell.cell_type == "markdown":
            assert not re.search(r"^:{3,}|^`{3,}\{|\{\w+(:\w+)?\}`", cell.source, re.MULTILINE)


def said_by_checks(path: Path, folder: Path, monkeypatch) -> list[str]:
    """Run a notebook in an empty folder, and return what its checks print."""
    for name, value in Build.current(ROOT).environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("UNROLLED_PROFILE", "smoke")
    monkeypatch.setenv("UNROLLED_OFFLINE", "1")
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": folder}}).execute()
    checks = [c for c in notebook.cells if CHECK in c.metadata.get("tags", [])]
    return ["".join(output.get("text", "") for output in c.outputs).strip() for c in checks]


@pytest.mark.parametrize("path", STUDENT, ids=lambda p: p.stem)
def test_a_student_notebook_runs_untouched(path, tmp_path, monkeypatch):
    said = said_by_checks(path, tmp_path, monkeypatch)
    assert set(said) <= {selfcheck.UNTOUCHED}
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("path", SOLUTION, ids=lambda p: p.stem)
def test_a_solution_notebook_passes_its_checks(path, tmp_path, monkeypatch):
    said = said_by_checks(path, tmp_path, monkeypatch)
    assert set(said) <= {selfcheck.PASSED}
