"""Checks of the built pages: every image is described, every link inside the book arrives."""

import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup


def read_pages(site: Path) -> dict[Path, BeautifulSoup]:
    """Parse every page below `site`."""
    paths = [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]
    return {path: BeautifulSoup(path.read_bytes(), "html.parser") for path in paths}


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
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
    if not target.is_file():
        return False
    place = unquote(parts.fragment)
    return not place or target not in places or place in places[target]


def main(argv: list[str] | None = None) -> int:
    """Check the site in the given folder; the exit status is 1 if anything is wrong."""
    site = Path((argv or sys.argv[1:] or ["_build/html"])[0])
    pages = read_pages(site)
    if not pages:
        print(f"No pages in {site}: run `make book` first.", file=sys.stderr)
        return 1
    wrong = images_without_text(pages) + broken_links(pages)
    print("\n".join(wrong) or f"{len(pages)} pages: every image is described, every link arrives.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
