"""`bindery.reproducible`: a small book built twice, and what makes two builds differ."""

import shutil

from bindery import reproducible
from bindery.execute import main
from bindery.reproducible import compare, differences, files

FEATURES = """$$x^2 = y$$ (eq-a)

Read {cite:t}`a` on {eq}`eq-a`.

```{exercise} Half
:label: ex-a
:points: 1
:minutes: 1
What is half of 4?
```

```{code-cell} ipython3
:tags: [answer]

half = ...
### BEGIN SOLUTION
half = 2
### END SOLUTION
```

```{code-cell} ipython3
:tags: [check]

assert half == 2, "Divide by 2."
```

```{guide} ex-a
One point.
```

```{solution} ex-a
:class: dropdown
2.
```

````{tab-set}
```{tab-item} One
First.
```
```{tab-item} Two
Second.
```
````

```{bibliography}
```
"""
FIGURE = """from IPython.display import SVG, display
display(SVG('<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9v9z"/></svg>'))
print(set("abcdef"))
object()"""
TIMES = "(ch-execution)=\n# Times\n\n```{execution-times}\n```\n"

# What must be found: the day, a path, the order of a set, and chance, each on a page of its name.
PLANTED = '''"""An extension that no two builds agree on."""
import datetime, os, uuid

MARKS = {
    "place": lambda: os.getcwd(),
    "order": lambda: " ".join({"a", "b", "c", "d", "e", "f"}),
    "chance": lambda: str(uuid.uuid4()),
    "day": lambda: str(datetime.date.today()),
}

def mark(app, page, template, context, doctree):
    if page in MARKS:
        context["body"] += MARKS[page]()

def setup(app):
    app.connect("html-page-context", mark)
    return {"parallel_read_safe": True}
'''


def test_two_builds_agree_on_every_file_but_those_with_what_was_planted(book, tmp_path_factory):
    (book.root / "references.bib").write_text("@misc{a, author={A}, title={T}, year={2000}}\n")
    config = book.root / "_config.yml"
    planted = "sphinx:\n  local_extensions: {planted: .}\n"
    config.write_text(config.read_text().replace("sphinx:\n", planted))
    (book.root / "planted.py").write_text(PLANTED)
    book.chapter("a", FIGURE, FEATURES)
    book.page("times", TIMES)
    book.page("today", "# Today\n\nIt is {sub-ref}`today`.\n")
    for name in ("place", "order", "chance", "day"):
        book.page(name, f"# {name}\n")
    assert main(["--root", str(book.root)]) == 0
    book.html()
    site = book.build().output / "html"
    wrong = compare(book.root, site, "smoke", tmp_path_factory.mktemp("elsewhere"))
    found = {line.split(":")[0]: line for line in wrong}
    assert set(found) == {
        "today.html",
        "place.html",
        "order.html",
        "chance.html",
        "day.html",
        "searchindex.js",  # the words of today.html
        ".buildinfo",  # digests the way to the static files: out of this book, but not of the real
    }, "\n".join(wrong)
    assert "another place" in found["place.html"]
    assert {"a.html", "times.html", "404.html", "objects.inv"} < files(site)


def test_files_are_compared_by_their_bytes_and_by_being_there(tmp_path, monkeypatch):
    one, other = tmp_path / "one", tmp_path / "other"
    (one / "sub").mkdir(parents=True)
    (one / "sub" / "page.html").write_text("<p>\n" + 60 * "." + " at 12:00</p>")
    (one / "image.png").write_bytes(b"\x89\x00")
    shutil.copytree(one, other)
    assert differences(one, other) == []
    (other / "sub" / "page.html").write_text("<p>\n" + 60 * "." + " at 12:01</p>")
    (other / "image.png").write_bytes(b"\x89\x01")
    (other / "more.txt").touch()
    image, more, page = differences(one, other)
    assert image.startswith("image.png: ")
    assert more == "more.txt: only in the second build"
    assert page.startswith("sub/page.html: line 2: ")
    assert "12:00" in page
    assert "12:01" in page
    monkeypatch.setattr(reproducible, "EXCEPTIONS", ("more.txt", "image.png"))
    assert differences(one, other) == [page]


def test_at_most_three_files_may_differ():
    assert len(reproducible.EXCEPTIONS) <= 3


def test_without_pages_there_is_nothing_to_compare(tmp_path, capsys):
    assert reproducible.main([str(tmp_path)]) == 2
    assert "make book" in capsys.readouterr().err
