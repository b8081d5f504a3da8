"""Sphinx extension: each equation links to its row among the verified ones.

A row of the page "Verified equations" is one whose first cell refers to an equation by its number.
It becomes a place that can be linked to, and each such equation, wherever it stands, gets a small
link to it. Only on web pages: a printed equation is not followed by "verified".
"""

from typing import Any, cast

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.domains.std import StandardDomain
from sphinx.util import logging

PAGE = "chapters/equations"
WORD = "verified"

logger = logging.getLogger(__name__)


def place(label: str) -> str:
    """Name the place of an equation's row."""
    return f"verified-{label}"


def mark_rows(app: Sphinx, doctree: nodes.document) -> None:
    """Make the rows of the page of equations places that can be linked to."""
    if app.env.docname != PAGE:
        return
    domain = cast(StandardDomain, app.env.get_domain("std"))
    for row in doctree.findall(nodes.row):
        found = next(iter(row.children[0].findall(_is_number)), None)
        if found is not None and place(found["reftarget"]) not in row["ids"]:
            name = place(found["reftarget"])
            row["ids"].append(name)
            domain.note_hyperlink_target(name, PAGE, name, WORD)


def _is_number(node: nodes.Node) -> bool:
    return isinstance(node, addnodes.pending_xref) and node["reftype"] == "eq"


def link_equations(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put a link to its row below each labelled equation."""
    if app.builder.format != "html" or PAGE not in app.env.found_docs or docname == PAGE:
        return
    places = cast(StandardDomain, app.env.get_domain("std")).anonlabels
    for block in list(doctree.findall(nodes.math_block)):
        label = block.get("label")
        if not label:
            continue
        if place(label) not in places:
            logger.warning("%s: expected a row of %s, got none", label, PAGE, location=block)
            continue
        page, row = places[place(label)]
        uri = f"{app.builder.get_relative_uri(docname, page)}#{row}"
        link = nodes.reference("", WORD, refuri=uri, internal=True, reftitle="how it was tested")
        block.parent.insert(
            block.parent.index(block) + 1, nodes.paragraph("", "", link, classes=[WORD])
        )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("doctree-read", mark_rows)
    app.connect("doctree-resolved", link_equations)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
