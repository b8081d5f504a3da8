"""Sphinx extension: what frames a page: its icon, its foot, and the page for a wrong address."""

import os
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

STATIC = Path(__file__).with_name("static")
PAGE_OF_BUILD = "ch-execution"  # the label of the page that lists versions and times

NOT_FOUND = """
<section>
<h1>This page is not in the book</h1>
<p>Nothing of the book has the address that brought you here.
A chapter may have been renamed since the link was made; its words can still be found.</p>
<form action="{start}search.html" method="get" role="search" class="find">
<input type="search" name="q" placeholder="Words of the page" aria-label="Search the book">
<button type="submit">Search</button>
</form>
<p>Or begin <a href="{start}index.html">at the start</a>;
the contents at the side list every page.</p>
</section>
"""


def configure(app: Sphinx, config: Config) -> None:
    """Set the icons, and the page for addresses that lead nowhere.

    Such a page is served in place of any other, at any depth, so its links start at the root of
    the host and need the folder in which the book is published.
    """
    start = urlsplit(config.html_baseurl).path
    config.notfound_urls_prefix = start
    config.notfound_context = {
        "title": "This page is not in the book",
        "body": NOT_FOUND.format(start=start),
    }
    config.html_favicon = os.path.relpath(STATIC / "favicon.svg", app.confdir)
    config.togglebutton_open_on_print = False  # a page is printed as it is seen: book.css


def imprint(record: dict[str, Any], repository: str, page_of_build: str) -> str:
    """Say in HTML what a page was built with and from.

    Args:
        record: what `bindery.build.Build.write_record` left.
        repository: the address under which commits can be looked at.
        page_of_build: the link to the page with versions and times, if there is one.
    """
    made = f"Built with the profile <code>{escape(record['profile'])}</code>"
    sources = f"from the sources of {escape(record['commit_date'])}"
    parts = [f"{made} on {escape(record['device'])}", sources]
    # As `bindery.build.revision` has it: a hash, and what else changed; nothing without git.
    commit, _, more = record.get("commit", "").partition(" ")
    if commit:
        link = f'<a href="{escape(repository.rstrip("/"))}/commit/{commit}">{commit}</a>'
        parts.append(f"commit {link} {escape(more)}".rstrip())
    if page_of_build:
        return f'<p>{", ".join(parts)}. <a href="{page_of_build}">Versions and times</a></p>'
    return f"<p>{', '.join(parts)}.</p>"


def add_frame(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Put the imprint at the foot of a page, and a second icon into its head."""
    # For browsers that take no SVG: the same drawing, as `rsvg-convert --width 32` makes it.
    icon = context["pathto"]("_static/favicon.png", 1)
    link = f'<link rel="icon" type="image/png" sizes="32x32" href="{icon}" />'
    context["metatags"] = f"{context.get('metatags', '')}{link}\n"
    labels = app.env.get_domain("std").data["labels"]
    where = context["pathto"](labels[PAGE_OF_BUILD][0]) if PAGE_OF_BUILD in labels else ""
    repository = app.config.html_theme_options["repository_url"]
    context["theme_extra_footer"] = imprint(app.config.bindery_record, repository, where)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.setup_extension("notfound.extension")
    app.add_js_file("print.js")
    app.connect("config-inited", configure, priority=200)  # `bindery.site` knows the address
    app.connect("html-page-context", add_frame, priority=900)  # after that of the links' root
    return {"parallel_read_safe": True, "parallel_write_safe": True}
