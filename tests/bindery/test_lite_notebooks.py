"""The notebooks for the browser: what a copy says first, and derivations that need SymPy alone."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bindery.lite import Offer, imported
from bindery.lite_notebooks import (
    copied,
    derivations,
    joined,
    run,
    sources,
    symbolic,
    text,
    write_all,
)
from unrolled.derivations import equations

CODE = Path(__file__).parents[2] / "code"
ABOUT = text("*Notebook of [A page](address).*\n\n*A number marked …*", "about")
ONLY_SYMPY = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("numpy", "torch", "tensorflow", "filelock"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
import IPython
shell = IPython.core.interactiveshell.InteractiveShell.instance()
import nbformat
for cell in nbformat.read(sys.argv[1], 4).cells:
    if cell.cell_type == "code":
        shell.run_cell(cell.source).raise_error()
"""


def page(*cells):
    return joined(ABOUT, *cells)


def test_a_copy_says_what_it_fetches_and_fetches_it_first():
    found, made = copied("a", page(run("import numpy as np", "a-1")), CODE)
    assert found == Offer("a.ipynb", ("numpy",))
    about, note, quick, cell = made.cells
    assert about.source == ABOUT.source
    assert "fetches numpy from cdn.jsdelivr.net" in note.source
    assert "has not been tested" in note.source
    assert "import numpy" in quick.source.splitlines()
    assert "smoke" in quick.source
    assert cell.source == "import numpy as np"


def test_what_is_all_there_is_copied_as_it_is():
    notebook = page(run("import sympy", "a-1"))
    assert copied("a", notebook, CODE) == (Offer("a.ipynb"), notebook)


def test_torch_is_not_copied():
    assert copied("a", page(run("from unrolled import torch_models", "a-1")), CODE) is None


def test_cells_that_need_sympy_alone_keep_their_text():
    notebook = page(
        run("import sympy as sp\nimport torch\nfrom unrolled import cells", "1"),
        text("Other.", "2"),
        run("weights = torch.ones(3)", "3"),
        text("Derived.", "4"),
        run("a = sp.Symbol('a')", "5"),
        run("slope = sp.tanh(a).diff(a)", "6"),
        run("slope.subs(a, float(weights[0]))", "7"),
        run("print(cells)", "8"),
    )
    made = [cell.source for cell in symbolic(notebook, CODE)]
    assert made == [
        "import sympy as sp",
        "Derived.",
        "a = sp.Symbol('a')",
        "slope = sp.tanh(a).diff(a)",
    ]


@pytest.mark.parametrize("name", equations.chapters())
def test_the_derivations_show_every_equation_and_need_sympy_alone(name):
    found, made = derivations(name, page(), CODE)
    assert found == Offer(f"derivations-{name}.ipynb", derivations=True)
    assert imported(sources(made), CODE) == {"IPython", "sympy"}
    code = "\n".join(sources(made))
    assert all(f'equations.show("{e.label}")' in code for e in equations.of_chapter(name))
    assert made.cells[0].source.startswith("*Notebook of [A page](address).*\n")
    nbformat.validate(made)


def test_a_page_without_equations_has_no_derivations():
    assert derivations("data", page(), CODE) is None


def test_derivations_that_need_more_are_an_error(monkeypatch):
    monkeypatch.setattr("bindery.lite_notebooks.BEGIN", "from unrolled import cells")
    with pytest.raises(ValueError, match=r"derivations-bptt.ipynb: expected what SymPy"):
        derivations("bptt", page(), CODE)


def test_the_derivations_run_without_numpy(tmp_path):
    students, made = tmp_path / "students", tmp_path / "made"
    students.mkdir()
    made.mkdir()
    nbformat.write(page(run("import torch", "1")), students / "state.ipynb")
    offers = write_all(students, made, CODE)
    assert offers == {"state": [Offer("derivations-state.ipynb", derivations=True)]}
    command = [sys.executable, "-c", ONLY_SYMPY, made / "derivations-state.ipynb"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("Math object") == len(equations.of_chapter("state"))
    kernel = nbformat.read(made / "derivations-state.ipynb", 4).metadata.kernelspec
    assert kernel.name == "python"  # by any other name JupyterLite asks the reader to choose
