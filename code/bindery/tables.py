"""Tables, links and plain text as docutils nodes, for the directives that show what is computed."""

from collections.abc import Iterable, Sequence
from typing import Any

from docutils import nodes
from sphinx import addnodes


def text(said: str, *classes: str) -> nodes.paragraph:
    """Make a paragraph of plain text."""
    return nodes.paragraph(said, said, classes=list(classes))


def link(name: str) -> nodes.paragraph:
    """Link to a page by its full name; Sphinx puts its title, which may not have been read yet."""
    return nodes.paragraph("", "", reference("doc", f"/{name}", name))


def reference(kind: str, target: str, shown: str, **more: Any) -> addnodes.pending_xref:
    """Refer to a place of the book, as the role of this kind does.

    Args:
        kind: `doc`, `numref`, ….
        target: a page or a label.
        shown: the words to show, if `refexplicit` is set; else Sphinx finds its own.
        more: further settings of the reference.
    """
    settings = {"refdomain": "std", "refexplicit": False, "refwarn": True, **more}
    to = addnodes.pending_xref("", reftype=kind, reftarget=target, **settings)
    to += nodes.inline(shown, shown, classes=["std", f"std-{kind}", kind])
    return to


def row(
    contents: Iterable[nodes.Element | Sequence[nodes.Element] | None], *classes: str
) -> nodes.row:
    """Make a row: each cell holds one element, several, or none."""
    cells = [nodes.entry("", *_several(content)) for content in contents]
    return nodes.row("", *cells, classes=list(classes))


def _several(content: nodes.Element | Sequence[nodes.Element] | None) -> Sequence[nodes.Element]:
    if content is None:
        return []
    return [content] if isinstance(content, nodes.Element) else content


def table(
    header: Sequence[str], widths: Sequence[int], rows: Sequence[nodes.row], *classes: str
) -> nodes.table:
    """Make a table from the names of its columns, their widths in parts, and its rows."""
    group = nodes.tgroup("", cols=len(header))
    group += [nodes.colspec("", colwidth=width) for width in widths]
    group += nodes.thead("", row([text(name) for name in header]))
    group += nodes.tbody("", *rows)
    return nodes.table("", group, classes=list(classes))
