"""Checks of the book: its sources with their numbers, its equations, and its built pages.

Of the pages: each is described, every image is, every link inside the book arrives, and the
reference leaves no public name out.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

from bindery import numbers
from bindery.lite import FOLDER as LITE
from bindery.reference import left_out
from bindery.social import faults_of_descriptions
from bindery.sources import faults


def find_pages(site: Path) -> list[Path]:
    """List the pages below `site` that are the book's own, not the theme's or JupyterLite's."""
    others = {"_static", LITE}
    found = sorted(site.rglob("*.html"))
    return [path for path in found if not others & {*path.relative_to(site).parts}]


def read_pages(site: Path) -> dict[Path, BeautifulSoup]:
    """Parse every page of the book below `site`."""
    return {p: BeautifulSoup(p.read_bytes(), "html.parser") for p in find_pages(site)}


def images_without_text(pages: dict[Path, BeautifulSoup]) -> list[str]:
    """List the images that have no alternative text."""
    return [
        f"{path}: no alt text: {image.get('src')}"
        for path, page in pages.items()
        for image in page.find_all("img")
        if not str(image.get("alt") or "").strip()
    ]


def broken_links(pages: dict[Path, BeautifulSoup]) -> list[str]:
    """List the links to files, or to places on pages, that are not there."""
    places = {path.resolve(): _places(page) for path, page in pages.items()}
    return [
        f"{path}: broken link: {link}"
        for path, page in pages.items()
        for link in _links(page)
        if not _resolves(path, link, places)
    ]


def _places(page: BeautifulSoup) -> set[str]:
    return {str(tag["id"]) for tag in page.select("[id]")}


def _links(page: BeautifulSoup) -> list[str]:
    return [str(tag[name]) for name in ("href", "src") for tag in page.select(f"[{name}]")]


def _resolves(path: Path, link: str, places: dict[Path, set[str]]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    way = unquote(parts.path)
    if way.startswith("/"):  # on 404.html, which lies at the root of the site, and that is its name
        way = "/".join(way.split("/")[2:])
    target = (path.parent / way).resolve() if parts.path else path.resolve()
    if not target.is_file():
        return False
    place = unquote(parts.fragment)
    return not place or target not in places or place in places[target]


def unverified() -> list[str]:
    """Run every check of every equation; list, a sentence each, what failed or did not run."""
    from unrolled import verify

    try:
        results, trials = verify.run_all(), verify.try_mistakes()
    except verify.EquationError as error:
        return [" ".join(str(error).split())]
    ran = {(result.label, result.check) for result in results}
    named = {(claim.label, check) for claim in verify.EQUATIONS for check in claim.checks}
    return verify.complaints(results, trials) + [
        f"not verified: {label} by {check}: expected the check to run, it did not"
        for label, check in sorted(named ^ ran)
    ]


def faults_of_pages(site: Path) -> list[str]:
    """List the faults of the built pages; that there are none yet is one."""
    pages = read_pages(site)
    if not pages:
        return [f"No pages in {site}: run `make book` first."]
    return images_without_text(pages) + broken_links(pages) + faults_of_descriptions(pages)


def main(argv: list[str] | None = None) -> int:
    """Check sources, equations and pages; the exit status is 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="bindery.checks", description=main.__doc__)
    parser.add_argument("site", nargs="?", type=Path, default=Path("_build/html"))
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the folder of _toc.yml")
    chosen = parser.parse_args(argv)
    parts: dict[str, Callable[[], list[str]]] = {
        "sources: every displayed equation comes from the table": lambda: faults(chosen.root),
        "numbers: no result is typed by hand": lambda: numbers.faults(chosen.root),
        "equations: every check ran and passed, and rejects every known mistake": unverified,
        "pages: each is described, every image too, and every link arrives": lambda: (
            faults_of_pages(chosen.site)
        ),
        "reference: every public name of the library stands in it": lambda: left_out(
            chosen.site, chosen.root / "code"
        ),
    }
    bad = False
    for good, part in parts.items():
        wrong = part()
        bad |= bool(wrong)
        print("\n".join(wrong) or good, file=sys.stderr if wrong else sys.stdout, flush=True)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
