"""Which modules of the library a chapter reaches, and the digest by which the cache knows it.

jupyter-cache tells notebooks apart by their cells and by the front matter's `kernelspec`. There we
put a digest of every module that the cells import, directly or through others: an edit of one
module runs those chapters again that use it, and no other. A file that is not a module, such as a
table, goes with the modules that name it. `bindery.execute` finds the digest and records it;
Sphinx, which reads the same pages, is told it, so that both look for the same notebook.
"""

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
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

    A file that is not a module, such as a table, is reached by whoever names it in a string; one
    that no module names could be read by any, and belongs to everything. A cell that is not plain
    Python could start anything, so it reaches the whole library.

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
    readers = [*cells, *(modules[name].read_text(encoding="utf-8") for name in found)]
    library = [path.read_text(encoding="utf-8") for path in modules.values()]
    tables = {
        path
        for path in files - set(modules.values())
        if _is_named(path, readers) or not _is_named(path, library)
    }
    return {modules[name] for name in found} | tables


def _module(path: Path, code: Path) -> str:
    return ".".join(path.relative_to(code).with_suffix("").parts).removesuffix(".__init__")


def _is_named(path: Path, sources: Iterable[str]) -> bool:
    """Say whether a source names a file, and not a longer name that contains the file's."""
    name = re.compile(rf"(?<![\w.-]){re.escape(path.name)}(?![\w-]|\.\w)")
    return any(name.search(text) for source in sources for text in _strings(source))


@lru_cache(maxsize=1000)
def _strings(source: str) -> tuple[str, ...]:
    """List a source's strings; not its docstrings, for to tell of a file is not to read it."""
    nodes = list(ast.walk(ast.parse(source)))
    told = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    return tuple(
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    )


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
