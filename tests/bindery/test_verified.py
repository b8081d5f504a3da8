"""`bindery.verified`: where a link is put, and where none; `test_site` builds pages with them."""

from types import SimpleNamespace

import pytest
from bindery import verified
from docutils import nodes
from docutils.utils import new_document

ROWS = {"verified-eq-one": (verified.PAGE, "verified-eq-one")}


def linked(label, *, rows=ROWS, docname="chapters/one", pages=(verified.PAGE,), format="html"):
    """Put links into a page of one equation; return the page."""
    page = new_document("")
    page += nodes.math_block("a = b", "a = b", label=label)
    domain = SimpleNamespace(anonlabels=rows)
    env = SimpleNamespace(found_docs=set(pages), get_domain=lambda name: domain)
    builder = SimpleNamespace(format=format, get_relative_uri=lambda here, there: f"{there}.html")
    verified.link_equations(SimpleNamespace(env=env, builder=builder), page, docname)
    return page


def test_a_link_follows_its_equation():
    block, below = linked("eq-one").children
    assert isinstance(block, nodes.math_block)
    assert below["classes"] == ["verified"]
    assert below.children[0]["refuri"] == "chapters/equations.html#verified-eq-one"


@pytest.mark.parametrize(
    "change",
    [
        {"label": None},
        {"format": "latex"},
        {"pages": ()},
        {"docname": verified.PAGE},
    ],
    ids=["no label", "print", "no page of equations", "on that page"],
)
def test_no_link_where_it_would_lead_nowhere_or_to_itself(change):
    assert len(linked(**{"label": "eq-one"} | change).children) == 1


def test_an_equation_without_a_row_is_a_warning(monkeypatch):
    said = []
    monkeypatch.setattr(
        verified, "logger", SimpleNamespace(warning=lambda text, *a, **k: said.append(text % a))
    )
    assert len(linked("eq-two").children) == 1
    assert said == ["eq-two: expected a row of chapters/equations, got none"]
