"""What runs in the reader's browser, by one rule, and the buttons that lead there.

In the browser Python is Pyodide, in JupyterLite. The site brings SymPy along and a few packages
that are Python alone; NumPy, Matplotlib and their like are compiled and come from Pyodide's own
network; PyTorch and TensorFlow do not exist there. So what a notebook imports decides, and
`make lite` writes what it built into `offers.json`, from which the pages get their buttons.
"""

import ast
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from docutils import nodes
from IPython.core.inputtransformer2 import TransformerManager
from sphinx.application import Sphinx
from unrolled import assignments

from bindery.build import output_folder

PACKAGE = "unrolled"
SHIPPED = frozenset({"IPython", "filelock", "matplotlib_inline", "mpmath", "sympy"})
FETCHED = frozenset(
    {"cycler", "matplotlib", "numpy", "platformdirs", "requests", "scipy", "sklearn", "tqdm"}
)
# What the rule cannot see: a notebook that works only with what its library imports when called.
EXCEPTIONS = {"equations": "its checks call PyTorch, TensorFlow and a second Python"}
NETWORK = "cdn.jsdelivr.net"

FOLDER = "lite"
OFFERS = "offers.json"
START = f"{FOLDER}/notebooks/index.html"
GROUP = "launch-buttons"  # as the theme names it


@dataclass(frozen=True)
class Offer:
    """A notebook that runs in the browser.

    Args:
        file: its name in JupyterLite.
        fetched: the packages that come from Pyodide's network; none if the site has all of them.
        derivations: whether it is not the page itself, but the page's equations.
    """

    file: str
    fetched: tuple[str, ...] = ()
    derivations: bool = False

    def button(self, url: str) -> dict[str, str]:
        """Return the theme's description of the button.

        Args:
            url: of JupyterLite's page for one notebook, seen from the page with the button.
        """
        alone = "SymPy, in your browser alone: nothing is installed, nothing is sent."
        fetching = f"Python in your browser, with packages from {NETWORK}; not tested without it."
        return {
            "type": "link",
            "text": "Derivations in the browser" if self.derivations else "Run in the browser",
            "tooltip": fetching if self.fetched else alone,
            "icon": "fas fa-square-root-variable" if self.derivations else "fas fa-window-maximize",
            "url": f"{url}?path={self.file}",
        }


def offer(name: str, cells: list[str], code: Path) -> Offer | None:
    """Say how a notebook runs in the browser; None if it does not.

    Args:
        name: the notebook's, without its ending.
        cells: the sources of its code cells.
        code: the folder that holds the library.
    """
    needed = imported(cells, code)
    if name in EXCEPTIONS or needed - SHIPPED - FETCHED:
        return None
    # Python in the browser cannot fetch when a function is called, so all is fetched at first.
    later = imported(cells, code, late=True) if needed & FETCHED else set()
    return Offer(f"{name}.ipynb", tuple(sorted(later & FETCHED)))


def imported(cells: list[str], code: Path, *, late: bool = False) -> set[str]:
    """Return the packages that some cells import, directly or through the library.

    Python's own modules are left out, and the library itself.

    Args:
        cells: the sources; everything in them counts.
        code: the folder that holds the library.
        late: whether to count what the library's functions import when they are called.
    """
    plain = TransformerManager().transform_cell  # magics have no place in Python
    todo = [name for cell in cells for name in _names(ast.parse(plain(cell)), late=True)]
    read, found = set(), set()
    while todo:
        name = todo.pop()
        top = name.split(".")[0]
        if top != PACKAGE:
            found |= {top} - sys.stdlib_module_names
        elif name not in read and (path := _file(name, code)):
            read.add(name)
            todo += _names(ast.parse(path.read_text(encoding="utf-8")), late=late)
    return found


def _file(name: str, code: Path) -> Path | None:
    stem = code.joinpath(*name.split("."))
    return next((p for p in (stem.with_suffix(".py"), stem / "__init__.py") if p.is_file()), None)


def _names(tree: ast.AST, *, late: bool) -> Iterator[str]:
    """Yield the modules that some code imports, and what may be one; each with its parents."""
    for node in _run(tree, late=late):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[: n + 1]) for n in range(len(parts)))


def _run(node: ast.AST, *, late: bool) -> Iterator[ast.AST]:
    """Walk what runs on import; `late` adds what is called afterwards. Types are never needed."""
    yield node
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and not late:
        return
    typing = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
    for child in node.orelse if isinstance(node, ast.If) and typing else ast.iter_child_nodes(node):
        yield from _run(child, late=late)


def write_offers(folder: Path, offers: dict[str, list[Offer]]) -> None:
    """Leave word beside the built site: page → what it can offer."""
    table = {page: [asdict(each) for each in found] for page, found in offers.items()}
    (folder / OFFERS).write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def read_offers(folder: Path) -> dict[str, list[Offer]]:
    """Return what was built into a folder; nothing where nothing was."""
    with suppress(FileNotFoundError):
        table = json.loads((folder / OFFERS).read_text(encoding="utf-8"))
        return {page: [_offer(**each) for each in found] for page, found in table.items()}
    return {}


def _offer(fetched: list[str], **fields: Any) -> Offer:
    return Offer(fetched=tuple(fetched), **fields)  # JSON knows no tuples


def built(app: Sphinx) -> Path:
    """Return the folder into which `make lite` builds: one for all editions of a profile."""
    return output_folder(Path(app.confdir), assignments.profile().name) / FOLDER


def add_buttons(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Offer on a page what was built for it, among the theme's launch buttons."""
    found = read_offers(built(app)).get(Path(page).name, []) if doctree is not None else []
    if not found:
        return
    url = context["pathto"](START, 1)
    bar = context.setdefault("header_buttons", [])
    group = next((b for b in bar if b.get("label") == GROUP), None)
    if group is None:
        group = {"type": "group", "label": GROUP, "icon": "fas fa-rocket", "buttons": []}
        group["tooltip"] = "Launch interactive content"
        bar.insert(0, group)
    group["buttons"] += [each.button(url) for each in found]


def copy_site(app: Sphinx, failure: Exception | None) -> None:
    """Take what was built into the finished book."""
    if failure is None and app.builder.name == "html" and read_offers(built(app)):
        target = Path(app.outdir) / FOLDER
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(built(app), target)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("html-page-context", add_buttons, priority=910)  # when the others' stand there
    app.connect("build-finished", copy_site)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
