"""The notebooks that JupyterLite gets: copies of the students', and the pages' derivations.

A copy says first what it fetches, and that it runs the quick profile. The derivations are made for
pages with equations of `unrolled.derivations`: those of the page's cells that need SymPy alone,
with the text before them, then every equation, its sums written out and what is often written in
its place. They run without any network.
"""

import builtins
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from unrolled.derivations import equations
from unrolled.derivations.longhand import can_be_written_out
from unrolled.derivations.notation import Equation

from bindery.lite import NETWORK, Offer, imported, offer
from bindery.notebooks import Names, statements

FETCHING = """\
*This copy runs in your browser, on your machine, slower than Python outside the browser.
The cell below fetches {packages} from {network}, some tens of megabytes the first time;
without that network it has not been tested.
It also sets the quick profile, little data and few steps: draw no conclusion from its numbers.*
"""
QUICK = """\
import os

os.environ.update(UNROLLED_PROFILE="smoke", UNROLLED_OFFLINE="1")
{imports}
"""
ALONE = """\
{about}

*Its derivations, in SymPy: all of this runs in your browser and needs no network.*
"""
BEGIN = """\
from IPython.display import Math, display

from unrolled.derivations import equations
from unrolled.derivations.longhand import chain_rule, longhand
from unrolled.derivations.notation import latex
"""
MISTAKES = """\
for mistake in equations.equation("{label}").mistakes:
    display(Math(latex(mistake.rhs)))
    print(f"{{mistake.name}}: {{mistake.why}}")
"""
CHAIN_RULE = """\
for name, gradient in chain_rule(steps=2).items():
    display(Math(rf"\\frac{{\\partial L}}{{\\partial {name}}} = {latex(gradient)}"))
"""
KERNEL = {"name": "python", "display_name": "Python (Pyodide)", "language": "python"}
# Where the library has a page's network as a graph, SymPy can differentiate it as a whole.
WHOLE = {"bptt": ("## From the loss back to the first state, over two steps", CHAIN_RULE)}


def write_all(students: Path, target: Path, code: Path) -> dict[str, list[Offer]]:
    """Write what runs in the browser; return what each page can offer.

    Args:
        students: the folder of the students' notebooks.
        target: the folder that JupyterLite will show.
        code: the folder that holds the library.

    Raises:
        ValueError: there are no students' notebooks, or a page's derivations need more than SymPy.
    """
    offers: dict[str, list[Offer]] = {}
    for path in sorted(students.glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        notebook.cells = [cell for cell in notebook.cells if cell.id != "colab"]
        notebook.metadata["kernelspec"] = KERNEL
        for make in (copied, derivations):
            if made := make(path.stem, notebook, code):
                found, cells = made
                nbformat.validate(cells)
                nbformat.write(cells, target / found.file)
                offers.setdefault(path.stem, []).append(found)
    if not offers:
        raise ValueError(f"students: expected notebooks, got none in {students}")
    return offers


def sources(notebook: NotebookNode) -> list[str]:
    """List the sources of the code cells."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def copied(name: str, notebook: NotebookNode, code: Path) -> tuple[Offer, NotebookNode] | None:
    """Copy a student's notebook, if it runs in the browser; what it has to fetch comes first."""
    found = offer(name, sources(notebook), code)
    if found is None:
        return None
    if not found.fetched:
        return found, notebook
    about, *rest = notebook.cells
    note = FETCHING.format(packages=", ".join(found.fetched), network=NETWORK)
    quick = QUICK.format(imports="\n".join(f"import {each}" for each in found.fetched))
    return found, joined(about, text(note, "browser"), run(quick, "quick"), *rest)


def derivations(name: str, notebook: NotebookNode, code: Path) -> tuple[Offer, NotebookNode] | None:
    """Make the notebook of a page's derivations, if it displays equations.

    Raises:
        ValueError: it needs more than SymPy.
    """
    if name not in equations.chapters():
        return None
    about = ALONE.format(about=notebook.cells[0].source.split("\n\n")[0])
    cells = [text(about, "about"), run(BEGIN, "begin"), *symbolic(notebook, code)]
    if name in WHOLE:
        title, source = WHOLE[name]
        cells += [text(title, "whole"), run(source, "whole-shown")]
    cells.append(text("## The page's equations, one by one", "equations"))
    for equation in equations.of_chapter(name):
        cells += shown(equation)
    made = joined(*cells)
    found = Offer(f"derivations-{name}.ipynb", derivations=True)
    if offer(f"derivations-{name}", sources(made), code) != Offer(found.file):
        raise ValueError(f"{found.file}: expected what SymPy can do alone")
    return found, made


def symbolic(notebook: NotebookNode, code: Path) -> Iterator[NotebookNode]:
    """Yield the cells that work with SymPy alone, each after the text that stands before it."""
    imports: list[str] = []
    bound, before = set(dir(builtins)), None
    for cell in notebook.cells:
        if cell.cell_type != "code":
            before = cell
            continue
        imports += [s for s in statements(cell.source) if imported([s], code) == {"sympy"}]
        sympy, has = Names("\n".join(imports)).bound, Names(cell.source)
        alone = has.needed - has.bound <= bound | sympy and not imported([cell.source], code)
        if has.needed & sympy and alone:
            if not sympy <= bound:
                yield run("\n".join(imports), f"{cell.id}-imports")
            yield from (each for each in (before, cell) if each)
            bound |= sympy | has.bound
        before = None


def shown(equation: Equation) -> Iterator[NotebookNode]:
    """Yield the cells of one equation."""
    label = equation.label
    yield text(f"### {equation.title}", label)
    yield run(f'equations.show("{label}")', f"{label}-shown")
    if can_be_written_out(equation):
        yield run(f'Math(longhand(equations.equation("{label}"), steps=3))', f"{label}-long")
    if equation.mistakes:
        yield text("Often written in its place, and wrong:", f"{label}-mistakes")
        yield run(MISTAKES.format(label=label), f"{label}-mistakes-shown")


def text(source: str, identity: str) -> NotebookNode:
    """Make a cell of text."""
    return new_markdown_cell(source.strip(), id=identity)


def run(source: str, identity: str) -> NotebookNode:
    """Make a cell of code."""
    return new_code_cell(source.strip(), id=identity)


def joined(*cells: NotebookNode) -> NotebookNode:
    """Make a notebook."""
    return new_notebook(cells=list(cells), metadata={"kernelspec": KERNEL})
