"""What runs in the browser is decided by imports, and a page offers only what was built."""

import json

import pytest
from bindery.execute import main
from bindery.lite import EXCEPTIONS, Offer, imported, offer, read_offers, write_offers

LIBRARY = {
    "__init__.py": "",
    "light.py": "import json\nimport sympy\n\n\ndef late():\n    import torch\n",
    "heavy.py": "from unrolled import light\nimport torch.nn\n",
    "arrays.py": "import numpy as np\n\n\ndef late():\n    from sklearn import datasets\n",
    "typed.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n",
    "tried.py": "try:\n    import torch\nexcept ImportError:\n    torch = None\n",
    "several/__init__.py": "from unrolled.several.inner import thing\n",
    "several/inner.py": "import keras\n\nthing = 1\n",
}


@pytest.fixture
def code(tmp_path):
    for name, text in LIBRARY.items():
        path = tmp_path / "code" / "unrolled" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "code"


@pytest.mark.parametrize(
    ("cell", "packages"),
    [
        ("import json, sympy as sp", {"sympy"}),
        ("from unrolled import light", {"sympy"}),
        ("from unrolled.light import late", {"sympy"}),
        ("import unrolled.heavy", {"sympy", "torch"}),
        ("from unrolled import several", {"keras"}),
        ("from unrolled.several.inner import thing", {"keras"}),
        ("from unrolled import typed", set()),
        ("from unrolled import tried", {"torch"}),
        ("def f():\n    import torch.nn as nn", {"torch"}),
        ("%matplotlib inline\n!ls\nimport numpy", {"numpy"}),
    ],
)
def test_imported(code, cell, packages):
    assert imported([cell], code) - {"IPython"} == packages


def test_what_a_function_imports_counts_when_asked_for(code):
    assert imported(["from unrolled import light"], code, late=True) == {"sympy", "torch"}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("from unrolled import light", Offer("a.ipynb")),
        ("from unrolled import arrays", Offer("a.ipynb", ("numpy", "sklearn"))),
        ("from unrolled import heavy", None),
        ("import never_heard_of", None),
    ],
)
def test_offer(code, cell, expected):
    assert offer("a", [cell], code) == expected


def test_an_exception_is_never_offered(code):
    assert all(offer(name, ["import sympy"], code) is None for name in EXCEPTIONS)


def test_offers_are_read_as_they_were_written(tmp_path):
    offers = {"a": [Offer("a.ipynb", ("numpy",)), Offer("derivations-a.ipynb", derivations=True)]}
    assert read_offers(tmp_path) == {}
    write_offers(tmp_path, offers)
    assert read_offers(tmp_path) == offers


def buttons(page):
    links = page.select(".header-article-main a[href*='path='], .article-header-buttons a")
    return {a.get_text(strip=True): a for a in links if "lite/" in a.get("href", "")}


@pytest.fixture
def lite(book):
    """What `make lite` leaves for the page a."""
    (book.root / "chapters").mkdir()
    book.chapter("chapters/a", "print(1)")
    book.chapter("chapters/b", "print(2)")
    folder = book.root / "_build" / "smoke" / "_build" / "lite"
    (folder / "notebooks").mkdir(parents=True)
    (folder / "notebooks" / "index.html").write_text("<title>JupyterLite</title>")
    offers = [Offer("a.ipynb", ("numpy",)), Offer("derivations-a.ipynb", derivations=True)]
    write_offers(folder, {"a": offers})
    return folder


def test_a_page_offers_what_was_built_for_it(book, lite):
    assert main(["--root", str(book.root)]) == 0
    pages = book.html()
    found = buttons(pages["a"])
    assert {text: link["href"] for text, link in found.items()} == {
        "Run in the browser": "../lite/notebooks/index.html?path=a.ipynb",
        "Derivations in the browser": "../lite/notebooks/index.html?path=derivations-a.ipynb",
    }
    fetching, alone = (link["title"] for link in found.values())
    assert "not tested without it" in fetching
    assert "nothing is sent" in alone
    assert buttons(pages["b"]) == buttons(pages["intro"]) == {}
    site = book.build().output / "html"
    assert (site / "lite" / "notebooks" / "index.html").is_file()
    assert json.loads((site / "lite" / "offers.json").read_text())["a"]


def test_nothing_is_offered_that_was_not_built(book, lite):
    (lite / "offers.json").unlink()
    assert main(["--root", str(book.root)]) == 0
    assert buttons(book.html()["a"]) == {}
    assert not (book.build().output / "html" / "lite").exists()
