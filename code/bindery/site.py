"""Sphinx extension: the pages' frame, and the tie between Sphinx and the executed chapters.

It points Sphinx at the cache that `bindery.execute` filled, serves MathJax from the book itself,
adds the tags `mnist` and `conclusive` for `{only}`, and warns of a build that shows little.
"""

import os
import shutil
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from docutils import nodes
from filelock import FileLock
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from unrolled import assignments

from bindery import frame
from bindery.build import output_folder, read_record
from bindery.reach import stamp

MATHJAX = "sphinx-mathjax-offline"  # a wheel that carries MathJax 3.2.2 and nothing we run
MATHJAX_PARTS = ("tex-mml-chtml.js", "output/chtml/fonts", "input/tex", "a11y", "ui", "sre")

# The role of a number that `bindery.numbers` would take for a result; Sphinx has its own `const`.
GIVEN = "given"

SMOKE = (
    "This is the quick build: every cell ran, but on little data and few steps. "
    "Draw no conclusion from its numbers and figures."
)
DIGITS = (
    "MNIST was not found when this page was built. "
    "Its numbers come from scikit-learn's handwritten digits, enlarged to 28×28; "
    "the chapter “Data” says how to get the real files."
)


def vendor_mathjax(target: Path) -> None:
    """Copy MathJax out of the installed wheel, once, even if two builds begin at once.

    Raises:
        ExtensionError: the wheel is not installed.
    """
    try:
        wheel = distribution(MATHJAX)
    except PackageNotFoundError:
        raise ExtensionError(
            f"MathJax is missing: install the package {MATHJAX} "
            "(`make book` does, from constraints.txt)."
        ) from None
    done = target / f"from-{MATHJAX}-{wheel.version}"
    source = Path(str(wheel.locate_file(f"{MATHJAX}/static/mathjax")))
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{target}.lock"):
        if done.exists():
            return
        shutil.rmtree(target, ignore_errors=True)
        for part in MATHJAX_PARTS:
            origin, copy = source / part, target / part
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(origin, copy) if origin.is_dir() else shutil.copy(origin, copy)
        done.touch()


def site_of(repository: str) -> str:
    """Return the address at which GitHub publishes a repository's pages.

    >>> site_of("https://github.com/someone/unrolled")
    'https://someone.github.io/unrolled/'
    """
    owner, name = repository.rstrip("/").split("/")[-2:]
    return f"https://{owner}.github.io/{name}/"


def configure(app: Sphinx, config: Config) -> None:
    """Set what depends on the execution: cache, MathJax, tags.

    Raises:
        ExtensionError: the chapters have not been executed.
    """
    root = Path(app.confdir)
    record = read_record(output_folder(root, assignments.profile().name))
    if not record:
        raise ExtensionError("No executed chapters: run `make book`, or bindery.execute first.")
    config.bindery_record = record
    config.nb_execution_cache_path = str(root / record["cache"])
    vendor = root / "_build" / "vendor"
    vendor_mathjax(vendor / "mathjax")
    # Relative, or the same build in another folder would leave other traces.
    config.html_static_path += [os.path.relpath(p, root) for p in (vendor, frame.STATIC)]
    config.mathjax_path = "mathjax/tex-mml-chtml.js"
    config.html_baseurl = site_of(config.html_theme_options["repository_url"])
    config.html_theme_options["use_download_button"] = False  # bindery.launch has a better one
    if record["data"] == "real":
        app.tags.add("mnist")
    if record["profile"] != "smoke":
        app.tags.add("conclusive")


def look_up(app: Sphinx, page: str, source: list[str]) -> None:
    """Let MyST-NB look for the notebook that was executed with today's library."""
    reaches = app.config.bindery_record["reaches"].get(page)
    source[0] = stamp(source[0], reaches) if reaches else source[0]


def add_banners(app: Sphinx, doctree: nodes.document) -> None:
    """Put a warning below the title of a page whose numbers must not be taken at face value."""
    record = app.config.bindery_record
    needs_mnist = app.env.metadata[app.env.docname].get("data") == "mnist"
    texts = [SMOKE] if record["profile"] == "smoke" else []
    texts += [DIGITS] if needs_mnist and record["data"] != "real" else []
    title = next(doctree.findall(nodes.title), None)
    if title is not None and texts:
        banner = nodes.warning("", *(nodes.paragraph(text, text) for text in texts))
        title.parent.insert(title.parent.index(title) + 1, banner)


def given(
    name: str, raw: str, text: str, line: int, inliner: Any, *_: Any
) -> tuple[list[nodes.Node], list[nodes.system_message]]:
    """Show the text of the role as it is: the mark is for those who read the source."""
    return [nodes.Text(text)], []


def drop_thebe(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Leave out the live-kernel scripts: unused here, and declared twice, a script error a page."""

    def is_thebe(script: Any) -> bool:
        body = getattr(script, "attributes", {}).get("body") or ""
        return "THEBE_JS_URL" in body or "thebe" in str(getattr(script, "filename", ""))

    context["script_files"] = [s for s in context.get("script_files", []) if not is_thebe(s)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.add_css_file("book.css", priority=900)  # after the theme's and MyST-NB's
    app.setup_extension("bindery.verified")
    app.setup_extension("bindery.times")
    app.setup_extension("bindery.frame")
    app.setup_extension("bindery.editions")
    app.setup_extension("bindery.notebooks")
    app.setup_extension("bindery.assignment_pages")
    app.setup_extension("bindery.paper")
    app.setup_extension("bindery.launch")
    app.setup_extension("bindery.reference")
    app.setup_extension("bindery.social")
    app.setup_extension("bindery.links")
    app.setup_extension("bindery.lite")
    app.add_role(GIVEN, given)
    app.add_config_value("bindery_record", {}, "env", types=[dict])
    app.connect("config-inited", configure, priority=100)
    app.connect("source-read", look_up)
    app.connect("doctree-read", add_banners)
    app.connect("html-page-context", drop_thebe, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
