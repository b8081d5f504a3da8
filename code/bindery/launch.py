"""Sphinx extension: the buttons above each page that open its notebook elsewhere and download it.

A page with a notebook opens in Colab and on Binder, from the branch that `bindery.branch` writes; a
page without one opens that branch, where all notebooks are listed.
What a page offers for download is copied into the site, below `downloads/`: its notebook and its
PDF if they have been made, and its source, except in the student's edition, since a source holds
the solutions.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from unrolled import assignments

from bindery.build import output_folder
from bindery.coursework import ASSIGNMENTS
from bindery.sheets import BOOK

# The branch, and what is appended for one notebook of it.
COLAB = "https://colab.research.google.com/github/{repository}/blob/{branch}", "/{name}.ipynb"
BINDER = "https://mybinder.org/v2/gh/{repository}/{branch}?urlpath=lab", "/tree/{name}.ipynb"
FOLDER = "downloads"

Button = dict[str, Any]
PRINT: Button = {
    "type": "javascript",
    "javascript": "window.print()",
    "text": "Print",
    "tooltip": "Print this page, or save what is seen as a PDF",
    "icon": "fas fa-print",
    "label": "print-button",
}


class Published(NamedTuple):
    """Where the notebooks are published.

    Args:
        repository: OWNER/NAME on GitHub.
        branch: that of the notebooks.
    """

    repository: str
    branch: str

    def address(self, place: tuple[str, str], name: str = "") -> str:
        """Return the address that opens a notebook, or the list of all; `place`: COLAB or BINDER.

        >>> at = Published("someone/unrolled", "notebooks")
        >>> at.address(COLAB, "a1")
        'https://colab.research.google.com/github/someone/unrolled/blob/notebooks/a1.ipynb'
        >>> at.address(BINDER)
        'https://mybinder.org/v2/gh/someone/unrolled/notebooks?urlpath=lab'
        """
        branch, notebook = place
        where = branch.format(repository=self.repository, branch=self.branch)
        return where + notebook.format(name=quote(name)) if name else where


class Offer(NamedTuple):
    """A kind of file that pages offer for download.

    Args:
        folder: where such files lie, below the build's output; empty for the page's source.
        ending: of their names.
        tooltip: what they are.
        kind: what sets an instructor's file apart from the student's of the same name.
    """

    folder: str
    ending: str
    tooltip: str
    kind: str = ""

    def shown(self, edition: str) -> bool:
        """Say whether an edition offers it: solutions only the instructor's."""
        if self.kind:
            return edition == "instructor"
        return bool(self.folder) or edition != "student"

    def button(self, url: str) -> Button:
        """Return the button that leads to a file of this kind."""
        icons = {".ipynb": "fas fa-code", ".pdf": "fas fa-file-pdf"}
        return {
            "type": "link",
            "url": url,
            "text": f"{self.ending} ({self.kind})" if self.kind else self.ending,
            "tooltip": self.tooltip,
            "icon": icons.get(self.ending, "fas fa-file"),
            "label": f"download-{self.kind or self.ending[1:]}-button",
        }


OFFERS = (
    Offer("notebooks/student", ".ipynb", "Notebook"),
    Offer("notebooks/solution", ".ipynb", "Notebook with the solutions", "solution"),
    Offer("notebooks/nbgrader", ".ipynb", "Master for nbgrader, with the solutions", "nbgrader"),
    Offer("", ".md", "Source"),
    Offer("handouts/a4/student", ".pdf", "Handout on A4"),
    Offer("handouts/a4/instructor", ".pdf", "Handout with the solutions", "instructor"),
)


def published(root: Path) -> Published:
    """Read from a book's `_config.yml` where its notebooks are published.

    Raises:
        ValueError: it does not say, or names no repository on GitHub, where Colab and Binder look.
    """
    said = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8")).get("repository", {})
    address = urlsplit(said.get("url", ""))
    repository, branch = address.path.strip("/"), said.get("notebooks_branch")
    if address.netloc != "github.com" or repository.count("/") != 1:
        raise ValueError(
            "_config.yml, repository: url: expected https://github.com/OWNER/NAME, "
            f"got {said.get('url')}"
        )
    if not branch:
        raise ValueError("_config.yml, repository: notebooks_branch: expected a branch, got none")
    return Published(repository, branch)


def configure(app: Sphinx, config: Config) -> None:
    """Take note of where the notebooks are published.

    Raises:
        ExtensionError: the settings do not say.
    """
    try:
        config.bindery_published = list(published(Path(app.confdir)))
    except ValueError as error:
        raise ExtensionError(str(error)) from None


def has_notebook(config: Config, page: str) -> bool:
    """Say whether a page has a notebook: pages that run have, and assignments."""
    return page in config.bindery_record["reaches"] or page in {
        f"chapters/{task.key}" for task in ASSIGNMENTS
    }


def launches(at: Published, name: str = "") -> list[Button]:
    """Return the buttons that open a notebook, or the list of all.

    A further place to open them is one more of these.
    """
    colab, binder = at.address(COLAB, name), at.address(BINDER, name)
    return [
        place("Colab", colab, "logo_colab.png", "Google's machines; you need an account there"),
        place("Binder", binder, "logo_binder.svg", "A public server; slow to start, no account"),
    ]


def place(text: str, url: str, logo: str, tooltip: str) -> Button:
    """Return the button that opens a notebook in one place; its logo is one of the theme's."""
    icon = f"_static/images/{logo}"
    return {"type": "link", "text": text, "url": url, "icon": icon, "tooltip": tooltip}


def fetch(app: Sphinx, page: str, site: Path) -> Iterator[tuple[str, Offer]]:
    """Copy what a page offers into the site, as far as it has been made; yield what was copied."""
    made = output_folder(Path(app.confdir), assignments.profile().name)
    source = Path(app.env.doc2path(page))
    for offer in OFFERS:
        whole = page == app.config.root_doc and offer.ending == ".pdf"  # the first page's: the book
        name = BOOK if whole else source.stem
        origin = made / offer.folder / f"{name}{offer.ending}" if offer.folder else source
        if offer.shown(app.config.bindery_edition) and origin.is_file():
            copy = f"{name}-{offer.kind}{offer.ending}" if offer.kind else origin.name
            (site / FOLDER).mkdir(exist_ok=True)
            shutil.copyfile(origin, site / FOLDER / copy)
            yield f"{FOLDER}/{copy}", offer


def add_buttons(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Put the buttons before the theme's own, and what they download into the site."""
    if page not in app.env.found_docs:  # the index, the search: nobody wrote them
        return
    files = fetch(app, page, Path(app.outdir))
    downloads = [offer.button(context["pathto"](quote(copy), 1)) for copy, offer in files]
    groups = [group("download", "Download this page", "fas fa-download", [*downloads, PRINT])]
    own = Path(page).name if has_notebook(app.config, page) else ""
    places = launches(Published(*app.config.bindery_published), own)
    tooltip = "Run this page as a notebook" if own else "Open the book's notebooks"
    groups.insert(0, group("launch", tooltip, "fas fa-rocket", places))
    context["header_buttons"][:0] = groups


def group(name: str, tooltip: str, icon: str, buttons: list[Button]) -> Button:
    """Return the button that opens a menu of others."""
    named = {"tooltip": tooltip, "icon": icon, "label": f"{name}-buttons"}
    return {"type": "group", "buttons": buttons, **named}


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.add_config_value("bindery_published", [], "env", types=[list])
    app.connect("config-inited", configure)
    app.connect("html-page-context", add_buttons, priority=900)  # after the theme's
    return {"parallel_read_safe": True, "parallel_write_safe": True}
