"""The notebooks run as a student gets them, and with the solutions pass all their checks.

Run by `make notebooks-check`, which makes the notebooks first; in the profile `smoke`. Where
UNROLLED_KERNEL names the Python of another environment they run in that one: Colab's versions, or
Binder's (`make colab-check`, `make binder-check`).
"""

import os
import re
import subprocess
from pathlib import Path

import nbformat
import pytest
from bindery.build import Build
from bindery.execute import own_sockets
from bindery.exercises import CHECK
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from unrolled import selfcheck

pytestmark = pytest.mark.notebooks

ROOT = Path(__file__).parents[1]
MADE = ROOT / "_build" / "notebooks"
SECONDS = 600
ELSEWHERE = os.environ.get("UNROLLED_KERNEL")
# A chapter's cells and right answers have run in the build already: UNROLLED_NOTEBOOKS names some.
CHOSEN = os.environ.get("UNROLLED_NOTEBOOKS") or "*.ipynb"
STUDENT, SOLUTION = (sorted((MADE / kind).glob(CHOSEN)) for kind in ("student", "solution"))


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


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory):
    """What leads to the kernel of the other environment, if one is named; a store of runs its own.

    PYTHONPATH would show that kernel the sources: there the library is the one installed.
    """
    if not ELSEWHERE:
        return {}
    folder = tmp_path_factory.mktemp("kernel")
    python = ROOT / ELSEWHERE
    run = [python, "-m", "ipykernel", "install", "--prefix", folder]
    subprocess.run(run, check=True, capture_output=True)
    jupyter = folder / "share" / "jupyter"
    return {"JUPYTER_PATH": str(jupyter), "UNROLLED_RUNS": str(folder / "runs"), "PYTHONPATH": ""}


@pytest.fixture
def settings(elsewhere, monkeypatch):
    """The environment of every kernel: the build's, but quick."""
    quick = {"UNROLLED_PROFILE": "smoke", "UNROLLED_OFFLINE": "1"}
    for name, value in (Build.current(ROOT).environment() | quick | elsewhere).items():
        monkeypatch.setenv(name, value)


def execute(notebook, folder: Path) -> None:
    """Run a notebook in a folder."""
    place = {"metadata": {"path": folder}}
    client: NotebookClient = NotebookClient(notebook, timeout=SECONDS, resources=place)
    with own_sockets(client):
        client.execute()


def said_by_checks(path: Path, folder: Path) -> list[str]:
    """Run a notebook in an empty folder, and return what its checks print."""
    notebook = nbformat.read(path, as_version=4)
    execute(notebook, folder)
    checks = [c for c in notebook.cells if CHECK in c.metadata.get("tags", [])]
    return ["".join(output.get("text", "") for output in c.outputs).strip() for c in checks]


@pytest.mark.skipif(not ELSEWHERE, reason="no other environment is named: UNROLLED_KERNEL")
@pytest.mark.usefixtures("settings")
def test_the_kernel_is_the_other_environment(tmp_path):
    cell = new_code_cell("import sys, unrolled; print(sys.prefix, unrolled.__file__)")
    notebook = new_notebook(cells=[cell])
    execute(notebook, tmp_path)
    prefix, library = cell.outputs[0].text.split()
    assert Path(prefix) == (ROOT / ELSEWHERE).parents[1]
    assert Path(library).is_relative_to(prefix)


@pytest.mark.parametrize("path", STUDENT, ids=lambda p: p.stem)
@pytest.mark.usefixtures("settings")
def test_a_student_notebook_runs_untouched(path, tmp_path):
    said = said_by_checks(path, tmp_path)
    assert set(said) <= {selfcheck.UNTOUCHED}
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("path", SOLUTION, ids=lambda p: p.stem)
@pytest.mark.usefixtures("settings")
def test_a_solution_notebook_passes_its_checks(path, tmp_path):
    said = said_by_checks(path, tmp_path)
    assert set(said) <= {selfcheck.PASSED}
