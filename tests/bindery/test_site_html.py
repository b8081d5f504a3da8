"""The built book, opened in Chromium with the network cut: wide screen and phone."""

import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from bindery.build import output_folder
from bindery.checks import broken_links, find_pages, images_without_text, read_pages
from playwright.sync_api import sync_playwright
from unrolled import assignments

pytestmark = pytest.mark.html

ROOT = Path(__file__).parents[2]
SITE = output_folder(ROOT, assignments.profile().name) / "html"
PAGES = find_pages(SITE)
NAMES = [path.relative_to(SITE).as_posix() for path in PAGES]
NAMES = [name for name in NAMES if name != "index.html"]  # it only leads on to the first page
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

built = pytest.mark.skipif(not PAGES, reason="the book is not built: run `make book`")
browsed = pytest.mark.skipif(not CHROMIUM, reason="Chromium is missing: apt install chromium")


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a line for each on the terminal."""

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def address():
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        # Root in a container has no sandbox; the pages are our own.
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, address):
    """Open a page; what went wrong is in `page.wrong`."""
    context = browser.new_context()
    page = context.new_page()
    wrong: list[str] = []

    def gate(route):
        url = route.request.url
        if url.startswith((address, "data:", "blob:")):
            route.continue_()
        else:
            wrong.append(f"left the book: {url}")
            route.abort()

    context.route("**/*", gate)
    page.on("pageerror", lambda error: wrong.append(f"script error: {error}"))
    page.on("console", lambda note: note.type == "error" and wrong.append(f"console: {note.text}"))
    page.on("response", lambda got: got.status >= 400 and wrong.append(f"{got.status}: {got.url}"))

    def open_page(name, width):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(f"{address}/{name}", wait_until="load")
        page.evaluate("window.MathJax?.startup?.promise")  # formulas are set
        return page, wrong

    yield open_page
    context.close()


@built
@browsed
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", NAMES)
def test_page(visit, name, width):
    page, wrong = visit(name, width)
    assert wrong == []
    assert page.locator("mjx-merror").count() == 0
    formulas = page.locator(".math").count()
    assert page.locator("mjx-container").count() >= formulas
    if width == 390:
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@built
@browsed
def test_search_finds_a_page(visit):
    page, wrong = visit("search.html?q=recurrent", 1280)
    page.wait_for_selector("#search-results li a")
    assert wrong == []


@built
def test_every_image_is_described_and_every_link_arrives():
    pages = read_pages(SITE)
    assert images_without_text(pages) == []
    assert broken_links(pages) == []
