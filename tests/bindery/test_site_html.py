"""The built book, opened in Chromium with the network cut: wide screen and phone."""

import json
import shutil
import subprocess
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
import yaml
from bindery.build import output_folder
from bindery.checks import find_pages
from bindery.site import site_of
from bs4 import BeautifulSoup
from playwright.sync_api import sync_playwright
from unrolled import assignments

pytestmark = pytest.mark.html

ROOT = Path(__file__).parents[2]
SITE = output_folder(ROOT, assignments.profile().name) / "html"
PAGES = find_pages(SITE)
NAMES = [path.relative_to(SITE).as_posix() for path in PAGES]
NAMES = [name for name in NAMES if name != "index.html"]  # it only leads on to the first page
SETTINGS = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
BASE = urlsplit(site_of(SETTINGS["repository"]["url"])).path.rstrip("/")
# The pages of source code are made alike: one stands for all.
NAMES = [name for name in NAMES if not name.startswith("_modules/") or name.endswith("/tasks.html")]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

STUDENT = Path("notebooks", "student")  # below the folder that holds the site
PAPER = Path("handouts", "a4", "student")
COLAB = "https://colab.research.google.com/github/{}/blob/{}/{}.ipynb"
BINDER = "https://mybinder.org/v2/gh/{}/{}?urlpath=lab/tree/{}.ipynb"
EVERY = {COLAB: "/{}.ipynb", BINDER: "/tree/{}.ipynb"}  # without it: the list of all notebooks
# A menu's buttons, each with whether it can be seen: in the window, and nothing lies upon it.
BUTTONS = """menu => [...menu.querySelectorAll(".dropdown-item")].map(button => {
  const {left, top, right, bottom} = button.getBoundingClientRect();
  const there = left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight;
  const shown = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  const text = button.textContent.trim();
  return [text, button.getAttribute("href") || "", there && button.contains(shown)];
})"""

built = pytest.mark.skipif(not PAGES, reason="the book is not built: run `make book`")
browsed = pytest.mark.skipif(not CHROMIUM, reason="Chromium is missing: apt install chromium")

printed = pytest.mark.skipif(
    not (shutil.which("pdftotext") and shutil.which("pdftoppm")),
    reason="pdftotext is missing: apt install poppler-utils",
)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files as they will be published: below a folder, and 404.html for what is not there.

    No line for each appears on the terminal.
    """

    def log_message(self, *arguments):
        pass

    def translate_path(self, path):
        return super().translate_path(path.removeprefix(BASE) if path.startswith(BASE) else "/-")

    def send_error(self, code, *arguments, **more):
        page = (SITE / "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(page)


@pytest.fixture(scope="module")
def address():
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}{BASE}"
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


def menus(page):
    """Open each menu above a page; return what it shows: menu → [text, address, seen]."""
    found = {}
    for name in ("launch", "download"):
        menu = page.locator(f".dropdown-{name}-buttons")
        if menu.count():
            menu.locator("> button").click()
            menu.locator(".dropdown-item").last.wait_for(state="visible")
            found[name] = menu.evaluate(BUTTONS)
            menu.locator("> button").click()
    return found


def wrong_buttons(name, found, root=ROOT, site=SITE):
    """List what is wrong with the menus of a page.

    Args:
        name: the page's file, below the site.
        found: what `menus` returns.
        root: the folder of the sources.
        site: that of the site; what it offers was made beside it.
    """
    source = (root / name).with_suffix(".md")
    if not source.is_file():
        return [f"unexpected menu: {menu}" for menu in found]
    stem, made = source.stem, site.parent
    notebook = made / STUDENT / f"{stem}.ipynb"
    paper = made / PAPER / ("unrolled.pdf" if stem == "intro" else f"{stem}.pdf")
    buttons = {text: address for rows in found.values() for text, address, _ in rows}
    wrong = [f"not seen: {text}" for rows in found.values() for text, _, seen in rows if not seen]
    settings = yaml.safe_load((root / "_config.yml").read_text())["repository"]
    at = settings["url"].removeprefix("https://github.com/"), settings["notebooks_branch"], stem
    for text, address in {"Colab": COLAB, "Binder": BINDER}.items():
        one = notebook.is_file()
        expected = (address if one else address.removesuffix(EVERY[address])).format(*at)
        if buttons.get(text) != expected:
            wrong.append(f"{text}: expected {expected}, got {buttons.get(text)}")
    files = {".md": source, ".ipynb": notebook, ".pdf": paper}
    for ending, origin in files.items():
        address = buttons.get(ending)
        if (address is not None) != origin.is_file():
            wrong.append(f"{ending}: expected {'one' if origin.is_file() else 'none'}: {address}")
        elif address:
            copy = (site / name).parent / address
            good = copy.is_file() and copy.suffix == ending
            if not (good and is_what_it_says(copy) and copy.read_bytes() == origin.read_bytes()):
                wrong.append(f"{ending}: not what it says: {address}")
    return wrong + ["no button: Print"] * ("Print" not in buttons)


def is_what_it_says(path):
    """Say whether a file holds what its ending promises."""
    content = path.read_bytes()
    if path.suffix == ".pdf":
        return content.startswith(b"%PDF-") and b"%%EOF" in content[-1024:]
    if path.suffix == ".ipynb":
        return bool(json.loads(content)["cells"])
    return b"# " in content


@built
@browsed
@pytest.mark.parametrize("name", NAMES)
def test_page(visit, name):
    """All of a page in one visit: setting its formulas takes longer than looking at them."""
    page, wrong = visit(name, 390)
    assert page.locator("mjx-merror").count() == 0
    formulas = page.locator(".math").count()
    assert page.locator("mjx-container").count() >= formulas
    notebooks = list((SITE.parent / STUDENT).glob("*.ipynb"))
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if notebooks:
            said = "after `make notebooks` or `make handouts`, run `make book`"
            assert wrong_buttons(name, menus(page)) == [], f"at {width}: {said}"
    assert wrong == []
    if not notebooks:
        pytest.skip("the menus await the notebooks: run `make notebooks`, then `make book`")


@pytest.fixture
def small(tmp_path):
    """A site of one page with a notebook, and its menus as they should be."""
    site, name = tmp_path / "made" / "html", "chapters/one.html"
    (site / "chapters").mkdir(parents=True)
    files = {
        tmp_path / "_config.yml": "repository: {url: https://github.com/a/b, notebooks_branch: c}",
        tmp_path / "chapters" / "one.md": "# One",
        site.parent / STUDENT / "one.ipynb": '{"cells": [1]}',
        site.parent / PAPER / "one.pdf": "%PDF-1 %%EOF",
    }
    for path, text in files.items():
        for copy in (path, site / "downloads" / path.name):
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(text)
    rows = [[end, f"../downloads/one{end}", True] for end in (".ipynb", ".md", ".pdf")]
    launch = [["Colab", COLAB.format("a/b", "c", "one"), True]]
    launch += [["Binder", BINDER.format("a/b", "c", "one"), True]]
    found = {"launch": launch, "download": [*rows, ["Print", "", True]]}
    return lambda menus=found, name=name: wrong_buttons(name, menus, tmp_path, site), found, site


def test_menus_that_are_as_they_should_be(small):
    look, _, _ = small
    assert look() == []
    assert look({}, "genindex.html") == []


@pytest.mark.parametrize(
    ("menu", "row", "button", "expected"),
    [
        ("launch", 0, ["Colab", COLAB.format("a/b", "main", "one"), True], "Colab: expected"),
        ("launch", 1, ["Binder", BINDER.format("a/b", "c", "two"), True], "Binder: expected"),
        ("launch", 1, ["Binder", BINDER.format("a/b", "c", "one"), False], "not seen: Binder"),
        ("download", 0, [".ipynb", "../downloads/one.md", True], ".ipynb: not what it says"),
        ("download", 1, [".md", "downloads/one.md", True], ".md: not what it says"),
        ("download", 2, [".zip", "../downloads/one.pdf", True], ".pdf: expected one: None"),
        ("download", 3, [".odt", "", True], "no button: Print"),
    ],
)
def test_a_wrong_button_is_found(small, menu, row, button, expected):
    look, found, _ = small
    found[menu][row] = button
    (said,) = look(found)
    assert said.startswith(expected)


def test_pages_and_files_that_are_wrong_are_found(small):
    look, found, site = small
    assert len(look({})) == 6, "a page that was left out"
    assert look(found, "genindex.html") == ["unexpected menu: launch", "unexpected menu: download"]
    (site / "downloads" / "one.ipynb").unlink()
    (site / "downloads" / "one.pdf").write_text("<html>%%EOF")
    assert [said.split(":")[0] for said in look(found)] == [".ipynb", ".pdf"]
    (site.parent / STUDENT / "one.ipynb").unlink()
    assert [said.split(":")[0] for said in look(found)] == ["Colab", "Binder", ".ipynb", ".pdf"]


@built
@browsed
def test_search_finds_a_page(visit):
    page, wrong = visit("search.html?q=recurrent", 1280)
    page.wait_for_selector("#search-results li a")
    assert wrong == []


@built
@browsed
@pytest.mark.parametrize("address_of", ["nothing.html", "chapters/more/than/one.html"])
def test_a_wrong_address_leads_to_the_search_and_to_every_page(visit, address, address_of):
    page, wrong = visit(address_of, 1280)
    assert wrong.pop(0) == f"404: {address}/{address_of}"
    assert "404" in wrong.pop(0)  # Chromium's own line about it
    links = page.locator("nav.bd-links a").evaluate_all("all => all.map(a => a.href)")
    start = page.locator("article a", has_text="at the start").evaluate("a => a.href")
    for link in {start, *(link.partition("#")[0] for link in links)}:
        assert page.request.get(link).ok, link
    page.locator("article input[name=q]").fill("recurrent")
    page.locator("article input[name=q]").press("Enter")
    page.wait_for_selector("#search-results li a")
    assert wrong == []


@built
@browsed
@printed
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_chapter_on_paper(visit, tmp_path, scheme):
    page, _ = visit("chapters/parity.html", 1280)
    page.evaluate("mode => document.documentElement.dataset.theme = mode", scheme)
    shut = page.locator(".admonition.solution.toggle-hidden")
    hidden = shut.last.locator("p").last.text_content()
    page.locator(".admonition.solution .toggle-button").first.click()
    shown = page.locator(".admonition.solution").first.locator("p").last.text_content()
    page.pdf(path=tmp_path / "page.pdf", format="A4", print_background=True)
    words = " ".join(text_of(tmp_path / "page.pdf").split())
    for present in ("6.1. One bit of memory", "Built with the profile", first_words(shown)):
        assert present in words
    for absent in ("Ctrl", "I Recurrence", "Print to PDF", "https://", first_words(hidden)):
        assert absent not in words
    assert brightness(tmp_path / "page.pdf") > 230


@built
@browsed
@printed
@pytest.mark.parametrize("name", ["parity", "equations", "layouts"])  # long lines; wide tables
def test_nothing_on_paper_is_cut_at_the_edge(visit, tmp_path, name):
    page, _ = visit(f"chapters/{name}.html", 1280)
    page.pdf(path=tmp_path / "page.pdf", format="A4", print_background=True)
    width, right = edges(tmp_path / "page.pdf")
    assert width == pytest.approx(595, abs=1)  # points: A4
    assert right < width - 36
    missing = set(" ".join(page.locator("article pre:visible").all_text_contents()).split())
    missing -= set(text_of(tmp_path / "page.pdf", "-raw").split())
    assert len(missing) < 3  # a word that wraps is none of the page's


def first_words(text):
    return " ".join(text.split()[:4])


def text_of(pdf, *options):
    command = ["pdftotext", *options, pdf, "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def edges(pdf):
    """Return the width of a page and the right end of the word that ends last, in points."""
    found = BeautifulSoup(text_of(pdf, "-bbox"), "html.parser")
    right = max(float(word["xmax"]) for word in found.find_all("word"))
    return float(found.find("page")["width"]), right


def brightness(pdf):
    """Return the mean of the first page's pixels, of which white have 255."""
    command = ["pdftoppm", "-r", "10", "-l", "1", pdf]
    pixels = subprocess.run(command, capture_output=True, check=True).stdout
    return sum(pixels) / len(pixels)  # the few bytes of the header do not matter
