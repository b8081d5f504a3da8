"""Sphinx extension: what search engines and shared links show of a page, and the list of pages.

Each page is described in a sentence of its own: the front matter's `description`, or if it has
none, the beginning of its text without formulas.
"""

import html
import re
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

SHORTEST, LONGEST = 50, 200
SECTION = nodes.section | nodes.document  # not a banner, a box or a list
UNREAD = re.compile(r"[$\\]")  # TeX
UNLISTED = [
    "_modules/*",
    "404.html",
    "genindex.html",
    "py-modindex.html",
    "search.html",
    "prf-prf.html",
]


def description(doctree: nodes.document, meta: dict[str, Any]) -> str:
    """Return what is said of a page in one sentence or two.

    Args:
        doctree: the page.
        meta: its front matter.
    """
    if "description" in meta:
        return str(meta["description"])
    texts = (plain(n) for n in doctree.findall(nodes.paragraph) if isinstance(n.parent, SECTION))
    return beginning(next(filter(None, texts), ""))


def plain(paragraph: nodes.Element) -> str:
    """Return a paragraph's words, formulas left out."""
    words = [str(n) for n in paragraph.findall(nodes.Text) if not isinstance(n.parent, nodes.math)]
    return " ".join("".join(words).split())


def beginning(text: str) -> str:
    """Cut a text after its last whole sentence, else its last whole word, that there is room for.

    >>> beginning("Short enough.")
    'Short enough.'
    >>> beginning("A sentence. " + "word " * 60)[-8:]
    'word wo…'
    """
    if len(text) <= LONGEST:
        return text
    room = text[:LONGEST]
    sentences = room[: room.rfind(". ") + 1]
    return sentences if len(sentences) >= SHORTEST else f"{room[:-1].rstrip()}…"


def describe(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Put a page's description where search engines look, and where opengraph takes it from."""
    if doctree is None:
        return
    text = description(doctree, app.env.metadata[page])
    if text:
        context["meta"] = {**(context.get("meta") or {}), "og:description": text}
        context["metatags"] += f'<meta name="description" content="{html.escape(text)}" />\n'


def faults_of_descriptions(pages: dict[Path, BeautifulSoup]) -> list[str]:
    """List, a sentence each, the pages of the book that are not described as they should be.

    Args:
        pages: the built pages; those that Sphinx makes by itself need no description.
    """
    wrong = []
    for path, page in pages.items():
        if not page.select_one('meta[property="og:url"]'):
            continue
        for key, name in (("name", "description"), ("property", "og:description")):
            found = page.select(f'meta[{key}="{name}"]')
            text = str(found[0].get("content") or "") if len(found) == 1 else ""
            if not SHORTEST <= len(text) <= LONGEST or UNREAD.search(text):
                wrong.append(
                    f"{path}: {name}: expected one of {SHORTEST} to {LONGEST} characters without "
                    f"TeX, got {len(found)}: {text!r}"
                )
    return wrong


def configure(app: Sphinx, config: Config) -> None:
    """Say where the site is, and which of its pages are worth finding."""
    config.ogp_site_url = config.html_baseurl
    config.ogp_site_name = config.html_title
    config.ogp_social_cards = {"enable": False}
    config.ogp_enable_meta_description = False  # it would be the first words, TeX and all
    config.sitemap_url_scheme = "{link}"
    config.sitemap_excludes = UNLISTED


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.setup_extension("sphinx_sitemap")
    app.setup_extension("sphinxext.opengraph")
    app.connect("config-inited", configure, priority=200)  # after the site's address is known
    app.connect("html-page-context", describe, priority=400)  # before opengraph
    return {"parallel_read_safe": True, "parallel_write_safe": True}
