"""`bindery.site`: a small book is built, and its pages say how they were made."""

import shutil
from types import SimpleNamespace

import pytest
from bindery import site
from bindery.execute import main
from sphinx.errors import ExtensionError

TEXT = """$$x^2$$

```{only} mnist
Only MNIST.
```

```{only} not mnist
Only digits.
```

```{only} conclusive
A conclusion.
```
"""


def test_quick_build_without_mnist(book):
    book.chapter("a", book.counting("a"), TEXT, more="data: mnist\n")
    assert main(["--root", str(book.root)]) == 0
    pages = book.html()
    assert book.runs("a") == 1  # Sphinx took the executed chapter
    text = pages["a"].article.get_text()
    assert site.SMOKE in text
    assert site.DIGITS in text
    assert site.SMOKE in pages["intro"].article.get_text()
    assert site.DIGITS not in pages["intro"].article.get_text()
    assert "Only digits." in text
    assert "Only MNIST." not in text
    assert "A conclusion." not in text
    foot = pages["a"].select_one(".extra_footer").get_text()
    assert "profile smoke on CPU" in foot
    scripts = [tag.get("src", "") for tag in pages["a"].find_all("script")]
    assert [source for source in scripts if source.startswith("_static/mathjax/")]
    assert not [source for source in scripts if "thebe" in source]
    assert not [tag for tag in pages["a"].find_all("script") if "THEBE_JS_URL" in tag.get_text()]


def test_a_marked_constant_is_shown_as_plain_text(book):
    book.page("a", "# Trained {given}`40 times`\n\nA rate of {given}`0.01`, *{given}`5,000`* bits.")
    book.chapter("b", "1")
    assert main(["--root", str(book.root)]) == 0
    article = book.html()["a"].article
    assert article.h1.get_text().startswith("Trained 40 times")
    assert article.find_all("p")[-1].decode_contents() == "A rate of 0.01, <em>5,000</em> bits."


def test_full_build_with_mnist(book, monkeypatch):
    monkeypatch.setenv("UNROLLED_PROFILE", "cpu")
    book.chapter("a", "1", TEXT, more="data: mnist\n")
    assert main(["--root", str(book.root)]) == 0
    record = book.root / "_build" / "execution.json"
    record.write_text(record.read_text().replace('"digits"', '"real"'))
    text = book.html()["a"].article.get_text()
    assert site.SMOKE not in text
    assert site.DIGITS not in text
    assert "Only MNIST." in text
    assert "A conclusion." in text


def test_without_executed_chapters_there_is_no_build(book):
    with pytest.raises(ExtensionError, match="make book"):
        site.configure(SimpleNamespace(confdir=str(book.root)), SimpleNamespace())


GLUE = """from IPython.display import Math
from myst_nb import glue
glue("eq-one", Math("a = b"), display=False)"""
PASTE = "```{glue:math} eq-one\n:label: eq-one\n```"


def test_an_equation_and_its_row_lead_to_each_other(book):
    rows = "| | what |\\n|---|---|\\n| {eq}`eq-one` | one |"
    (book.root / "chapters").mkdir()
    book.chapter("chapters/one", GLUE, PASTE)
    cell = f"from IPython.display import Markdown\nMarkdown('{rows}')"
    book.chapter("chapters/equations", cell)
    assert main(["--root", str(book.root)]) == 0
    pages = book.html()
    link = pages["one"].select_one("p.verified a")
    assert link["href"] == "equations.html#verified-eq-one"
    assert link.get_text() == "verified"
    assert pages["one"].select_one("div.math").find_next("p") is link.parent
    row = pages["equations"].find(id="verified-eq-one")
    assert row.name == "tr"
    assert row.a["href"] == "one.html#equation-eq-one"
    assert not pages["equations"].select("p.verified")


def test_mathjax_is_copied_once_and_with_its_fonts(tmp_path):
    site.vendor_mathjax(tmp_path / "mathjax")
    main_file = tmp_path / "mathjax" / "tex-mml-chtml.js"
    assert '"3.2.2"' in main_file.read_text(encoding="utf-8")
    assert list((tmp_path / "mathjax").rglob("MathJax_Main-Regular.woff"))
    main_file.write_text("kept")
    site.vendor_mathjax(tmp_path / "mathjax")
    assert main_file.read_text() == "kept"


def test_missing_mathjax_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(site, "MATHJAX", "a-package-that-is-not-there")
    with pytest.raises(ExtensionError, match="install the package a-package-that-is-not-there"):
        site.vendor_mathjax(tmp_path)


def test_an_interrupted_copy_is_made_again(tmp_path):
    target = tmp_path / "mathjax"
    site.vendor_mathjax(target)
    for stamp in target.glob("from-*"):
        stamp.unlink()
    shutil.rmtree(target / "output")
    site.vendor_mathjax(target)
    assert list((target / "output").rglob("*.woff"))
