"""What chapters display besides figures: source code of this library, and tables.

Both are Markdown, so that the page, its dark mode, the printed handout and a notebook each set
them in their own way.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.display import Markdown


def source(*objects: Any) -> Markdown:
    """Display the source of functions, methods or classes as it stands in the library."""
    from IPython.display import Markdown

    parts = (textwrap.dedent(inspect.getsource(thing)).rstrip() for thing in objects)
    return Markdown("```python\n" + "\n\n\n".join(parts) + "\n```")


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Markdown:
    """Display a table; the cells are Markdown, and `|` in them is escaped."""
    from IPython.display import Markdown

    def line(cells: Sequence[Any]) -> str:
        return "| " + " | ".join(str(cell).replace("|", r"\|") for cell in cells) + " |"

    return Markdown("\n".join([line(header), line(["---"] * len(header)), *map(line, rows)]))
