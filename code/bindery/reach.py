"""Which modules of the library a chapter reaches, and the digest by which the cache knows it.

jupyter-cache tells notebooks apart by their cells and by the front matter's `kernelspec`. There we
put a digest of every module that the cells import, directly or through others: an edit of one
module runs those chapters again that use it, and no other. `bindery.execute` finds the digest and
records it; Sphinx, which reads the same pages, is told it, so that both look for the same notebook.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

PACKAGE = "unrolled"
KERNELSPEC = "\nkernelspec:\n"


def stamp(text: str, reaches: str) -> str:
    """Write a digest into the front matter of a page, for MyST-NB to read.

    Args:
        text: the source of a page that is executed.
        reaches: the digest of what its cells reach.
    """
    return text.replace(KERNELSPEC, f"{KERNELSPEC}  reaches: {reaches}\n", 1)


def digest(cells: list[str], code: Path) -> str:
    """Return a digest of the names and contents of the files that the cells reach."""
    seen = hashlib.sha256()
    for path in sorted(reached(cells, code)):
        seen.update(f"{path.relative_to(code)}\0".encode())
        seen.update(path.read_bytes())
    return seen.hexdigest()[:16]


def reached(cells: list[str], code: Path) -> set[Path]:
    """Return the library's files that the cells import, directly or through others.

    A table belongs to the module or package of its name that lies beside it, as `claims.json` does
    to `claims`; one without such a neighbour belongs to everything. A cell that is not plain Python
    could start anything, so it reaches the whole library.

    Args:
        cells: the sources of the code cells.
        code: the folder that holds the library.
    """
    files = {p for p in (code / PACKAGE).rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    modules = {_module(path, code): path for path in files if path.suffix == ".py"}
    try:
        todo = [name for cell in cells for name in _names(cell)]
    except SyntaxError:
        return files
    found = set()
    while todo:
        name = todo.pop()
        if name.endswith("."):  # the beginning of a name that is put together at run time
            todo += [m for m in modules if m.startswith(name)]
        elif name in modules and name not in found:
            found.add(name)
            todo += _names(modules[name].read_text(encoding="utf-8"))
    tables = {p: _module(p, code) for p in files if p.suffix != ".py"}
    read = {p for p, name in tables.items() if name in found or name not in modules}
    return {modules[name] for name in found} | read


def _module(path: Path, code: Path) -> str:
    return ".".join(path.relative_to(code).with_suffix("").parts).removesuffix(".__init__")


@lru_cache(maxsize=1000)
def _names(source: str) -> tuple[str, ...]:
    """List the library's names in a source: in imports, and in strings that may become imports."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        for name in _spelled(node):
            if name.split(".")[0] == PACKAGE:
                parts = name.split(".")
                found |= {".".join(parts[:n]) for n in range(1, len(parts))} | {name}
    return tuple(sorted(found))


def _spelled(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from (word for word in node.value.split() if word.startswith(f"{PACKAGE}."))
