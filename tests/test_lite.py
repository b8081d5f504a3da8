"""Notebooks run in Chromium, in JupyterLite, with every request that leaves the site cut off.

Run by `make lite-check`, which builds the site first. What fetches NumPy cannot be tried so; it
runs here outside the browser, without threads and without any package that Pyodide has not.
`UNROLLED_LITE` names notebooks, all of them if it does not.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from bindery.build import output_folder
from bindery.lite import FOLDER, NETWORK, read_offers
from bindery.lite_notebooks import joined, run
from bindery.lite_site import LIST
from playwright.sync_api import Browser, Page, Route, sync_playwright
from unrolled import assignments
from unrolled.derivations import equations

pytestmark = pytest.mark.lite

ROOT = Path(__file__).parents[1]
SITE = output_folder(ROOT, assignments.profile().name) / FOLDER
CHOSEN = os.environ.get("UNROLLED_LITE", "").split()
OFFERS = [
    (page, offer)
    for page, offers in read_offers(SITE).items()
    for offer in offers
    if not CHOSEN or offer.file.removesuffix(".ipynb") in CHOSEN
]
ALONE = [(page, offer.file) for page, offer in OFFERS if not offer.fetched]
FETCHING = [offer.file for _, offer in OFFERS if offer.fetched]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MINUTES = 10 * 60 * 1000
PROMPTS = ".jp-CodeCell .jp-InputPrompt"
RAN = f"""() => {{
    const prompts = [...document.querySelectorAll("{PROMPTS}")].map(p => p.textContent);
    return prompts.length > 0 && !prompts.some(p => p.includes("*"));
}}"""
COMPLAINTS = ", ".join(
    f"[data-mime-type='application/vnd.jupyter.{kind}']" for kind in ("error", "stderr")
)
# Pyodide has no threads, no processes, and not every package.
AS_IN_THE_BROWSER = """
import subprocess, sys, threading
import nbformat
from IPython.core.interactiveshell import InteractiveShell

notebook, *known = sys.argv[1:]
shell = InteractiveShell.instance()


class Refuse:
    def find_spec(self, name, path=None, target=None):
        parts_of_python = name.startswith("_") or name.split(".")[0] in sys.stdlib_module_names
        if not parts_of_python and name.split(".")[0] not in {"unrolled", *known}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def no_thread(*arguments, **options):
    raise RuntimeError("can't start new thread")


def no_process(*arguments, **options):
    raise OSError("emscripten does not support processes.")


sys.meta_path.insert(0, Refuse())
threading.Thread.start, subprocess.Popen.__init__ = no_thread, no_process
for cell in nbformat.read(notebook, 4).cells:
    if cell.cell_type == "code":
        shell.run_cell(cell.source).raise_error()
"""


@dataclass
class Ran:
    """What a notebook did in the browser."""

    text: list[str]
    formulas: int
    complaints: list[str]
    left: list[str] = field(default_factory=list)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a line for each on the terminal."""

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def address():
    if not OFFERS:
        pytest.skip("nothing was built for the browser: `make lite` does it")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SITE))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM:
        pytest.skip("Chromium is missing: apt install chromium")
    with sync_playwright() as playwright:
        # Root in a container has no sandbox; the pages are our own.
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def play(browser: Browser, address: str) -> Callable[..., Ran]:
    """Open a notebook as a new reader does, run all its cells, and say what came of it."""

    def run_all(file: str, missing: str = "", cells: list[str] | None = None) -> Ran:
        left: list[str] = []

        def gate(route: Route) -> None:
            url = route.request.url
            if not url.startswith((address, "data:", "blob:")):
                left.append(url)
                route.abort()
            elif missing and re.search(missing, url):
                route.fulfill(status=404)
            elif cells and url.split("?")[0].endswith(f"files/{file}"):
                route.fulfill(json=probe(cells))
            else:
                route.continue_()

        with browser.new_context() as context:
            context.route("**/*", gate)
            page = context.new_page()
            page.set_default_timeout(MINUTES)
            page.goto(f"{address}/notebooks/index.html?path={file}")
            ran = press_run_all(page)
            return Ran(*ran, left)

    return run_all


def probe(cells: list[str]) -> dict[str, object]:
    """Make a notebook of some code."""
    made = joined(*(run(source, f"cell-{number}") for number, source in enumerate(cells)))
    made.metadata["kernelspec"] = {"name": "python", "display_name": "Python (Pyodide)"}
    return json.loads(json.dumps(made))


def press_run_all(page: Page) -> tuple[list[str], int, list[str]]:
    """Press “Run all cells”; return the text of the outputs, the formulas and the complaints."""
    page.wait_for_selector(PROMPTS)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.wait_for_selector(f"{PROMPTS}:has-text('*')")
    page.wait_for_function(RAN)
    outputs = page.locator(".jp-OutputArea-output")
    return (
        outputs.all_inner_texts(),
        outputs.and_(page.locator(".jp-RenderedLatex")).count(),
        page.locator(COMPLAINTS).all_inner_texts(),
    )


def test_something_is_offered(address):
    assert CHOSEN or (ALONE and FETCHING)


@pytest.mark.parametrize(("page", "file"), ALONE)
def test_derivations_run_with_the_network_cut(play, page, file):
    ran = play(file)
    assert ran.complaints == []
    assert ran.left == []
    assert ran.formulas >= len(equations.of_chapter(page))
    if page == "gate-algebra":
        assert any("i = 1.47222" in text for text in ran.text)


@pytest.mark.parametrize("wheel", ["unrolled-", "sympy-"])
def test_without_a_wheel_they_do_not(play, wheel):
    ran = play("derivations-state.ipynb", missing=rf"/{wheel}[^/]*\.whl")
    assert any("ModuleNotFoundError" in text for text in ran.complaints)
    assert ran.formulas == 0


def test_checks_of_exercises_work_there(play):
    right = "from unrolled.selfcheck import check\n@check(1)\ndef hints():\n    assert True"
    wrong = '@check(2)\ndef hints():\n    assert False, "Think again."'
    ran = play("derivations-state.ipynb", cells=["import filelock", right, wrong])
    assert any("Visible checks pass." in text for text in ran.text)
    said = [text.strip() for text in ran.complaints if "only soft file lock" not in text]
    assert said == ["Think again."]
    assert ran.left == []


def test_numpy_is_asked_for_at_the_address_that_is_named(play):
    ran = play("derivations-state.ipynb", cells=["import numpy"])
    assert any("ModuleNotFoundError" in text for text in ran.complaints)
    assert ran.left
    wheel = re.compile(rf"https://{re.escape(NETWORK)}/pyodide/v[\d.]+/full/numpy-[^/]+\.whl")
    assert all(wheel.fullmatch(url) for url in ran.left)


@pytest.mark.parametrize("file", FETCHING)
def test_what_fetches_runs_on_what_the_browser_has(file, tmp_path):
    packages = json.loads((SITE / "static" / "pyodide" / LIST).read_text())["packages"]
    known = {name for package in packages.values() for name in package["imports"]}
    places = {"UNROLLED_RUNS": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "UNROLLED_DATA": ""}
    ran = subprocess.run(
        [sys.executable, "-c", AS_IN_THE_BROWSER, SITE / "files" / file, *known],
        env={name: value for name, value in (os.environ | places).items() if value},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-3000:]
    assert "Error" not in ran.stderr
