"""What chapters display besides figures: source code of this library, tables, powers of ten.

Code and tables are Markdown, so that the page, its dark mode, the printed handout and a notebook
each set them in their own way.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.display import Markdown


SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def source(*objects: Any) -> Markdown:
    """Display functions, methods or classes as they stand in the library.

    Of each docstring only the first line is shown: the page itself says the rest.
    """
    from IPython.display import Markdown

    return Markdown("```python\n" + "\n\n\n".join(map(short_source, objects)) + "\n```")


def short_source(thing: Any) -> str:
    """Return the source of a function, method or class, its docstrings cut to their first line."""
    text = textwrap.dedent(inspect.getsource(thing)).rstrip()
    lines = text.split("\n")
    bodies = [n.body for n in ast.walk(ast.parse(text)) if isinstance(n, _DOCUMENTED) and n.body]
    for first in sorted((body[0] for body in bodies), key=lambda n: n.lineno, reverse=True):
        if _is_text(first) and first.end_lineno != first.lineno:
            lines[first.lineno - 1] += '"""'
            del lines[first.lineno : first.end_lineno]
    return "\n".join(lines)


_DOCUMENTED = (ast.FunctionDef, ast.ClassDef)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)


def scientific(number: float, digits: int = 0) -> str:
    """Write a number with a power of ten, for a sentence.

    >>> scientific(1.58e-8, 1), scientific(1e-5)
    ('1.6·10⁻⁸', '10⁻⁵')
    """
    mantissa, exponent = f"{number:.{digits}e}".split("e")
    power = "10" + str(int(exponent)).translate(SUPERSCRIPTS)
    return power if mantissa == "1" else f"{mantissa}·{power}"


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Markdown:
    """Display a table; the cells are Markdown, and `|` in them is escaped."""
    from IPython.display import Markdown

    def line(cells: Sequence[Any]) -> str:
        return "| " + " | ".join(str(cell).replace("|", r"\|") for cell in cells) + " |"

    return Markdown("\n".join([line(header), line(["---"] * len(header)), *map(line, rows)]))
