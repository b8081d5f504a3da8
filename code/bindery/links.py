"""Sphinx extension: how `make links` looks at what the pages link to elsewhere.

The looking itself is Sphinx's builder `linkcheck`.
"""

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config

PLACEHOLDER = "OWNER"
DOI = "https://doi.org/"


def configure(app: Sphinx, config: Config) -> None:
    """Leave out the book's own addresses as long as `_config.yml` names nobody's repository."""
    config.linkcheck_timeout, config.linkcheck_retries = 30, 3
    repository = config.html_theme_options["repository_url"]
    owner, name = repository.rstrip("/").split("/")[-2:]
    if owner == PLACEHOLDER:
        config.linkcheck_ignore += [rf"https://.*\b{owner}\b.*\b{re.escape(name)}\b"]


def registered(app: Sphinx, link: str) -> str | None:
    """Ask for a DOI where it is registered: many publishers turn away whoever is no browser."""
    return link.replace(DOI, f"{DOI}api/handles/", 1) if link.startswith(f"{DOI}10.") else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.connect("config-inited", configure)
    app.connect("linkcheck-process-uri", registered)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
