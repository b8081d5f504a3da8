"""`bindery.sources`: which equations of a source are refused, and which may stand."""

from pathlib import Path

import pytest
from bindery import sources
from sympy import Symbol
from unrolled.derivations.notation import Equation

ROOT = Path(__file__).parents[2]
CONFIG = (ROOT / "_config.yml").read_text(encoding="utf-8")
TABLE = (Equation("eq-one", "One", Symbol("a"), Symbol("b"), "a", "definition", ("any",)),)
PASTE = "```{glue:math} eq-one\n:label: eq-one\n```\n"


@pytest.fixture
def faults(tmp_path):
    """Check a book of a chapter "a" with the given text, and of others by name."""
    (tmp_path / "_config.yml").write_text(CONFIG)

    def check(text, table=TABLE, **others):
        pages = {"a": text, **others}
        (tmp_path / "chapters").mkdir(exist_ok=True)
        for name, body in pages.items():
            page = tmp_path / "chapters" / f"{name}.md"
            page.write_text(f"# {name}\n\n{body}\n", encoding="utf-8")
        rows = [f"  - file: chapters/{name}" for name in pages if name != "a"]
        toc = ["format: jb-book", "root: chapters/a", *(["chapters:", *rows] if rows else [])]
        (tmp_path / "_toc.yml").write_text("\n".join(toc) + "\n")
        return sources.faults(tmp_path, table)

    return check


@pytest.mark.parametrize(
    "typed",
    [
        "$$x = 1$$",
        "$$\nx = 1\n$$",
        "$$\nx = 1\n$$ (eq-two)",
        "Words, then $$x = 1$$ and more.",
        "\\begin{equation}\nx = 1\n\\end{equation}",
        "\\begin{align*}\nx &= 1\n\\end{align*}",
        "\\[ x = 1 \\]",
        "```{math}\nx = 1\n```",
        "```{math}\n:label: eq-two\nx = 1\n```",
        "```{math} x = 1\n```",
        ":::{math}\nx = 1\n:::",
        "```{math}\n:class: mistaken\nx = 1\n```",
        "```{math}\n:class: mistake\n:label: eq-two\nx = 1\n```",
        "> $$x = 1$$",
        "- a list\n\n  $$x = 1$$",
        ":::{exercise} Predict\n:label: ex-a\n\n$$x = 1$$\n:::",
        "````{exercise}\n```{math}\nx = 1\n```\n````",
        ":::::{admonition} A\n::::{note}\n```{math}\nx = 1\n```\n::::\n:::::",
        ":::{glossary}\nword\n: It is $$x = 1$$ here.\n:::",
        "```{raw} latex\n\\begin{equation}x\\end{equation}\n```",
        "```{eval-rst}\n.. math:: x\n```",
        "```{code-cell} ipython3\nfrom IPython.display import Math\nMath('x = 1')\n```",
        "```{code-cell} ipython3\n:tags: [hide-input]\n\n%time 1\ndisplay.Latex('x')\n```",
        "```{code-cell} ipython3\n---\nmystnb:\n  figure:\n    name: fig-a\n---\nMath('x')\n```",
        "```{code-cell} ipython3\nMarkdown('$$x = 1$$')\n```",
    ],
)
def test_an_equation_typed_by_hand_is_refused_where_it_stands(faults, typed):
    (fault,) = faults(f"{PASTE}\n{typed}")
    assert fault.startswith("chapters/a.md:")
    assert "by hand" in fault or "label" in fault


@pytest.mark.parametrize(
    "text",
    [
        "A symbol, $x = 1$, and {math}`y`.",
        "It costs \\$5, or \\$\\$ if you like.",
        "In code they are `$$x$$` and `\\[`.",
        "```{math}\n:class: mistake\nx = 2\n```",
        "```{math}\n---\nclass: mistake\n---\nx = 2\n```",
        ":::{exercise} Repair\n:label: ex-a\n\n```{math}\n:class: mistake\nx = 2\n```\n:::",
        "```\n$$x$$\n```",
        "```python\nMath('x')\n```",
        "```{code-block} latex\n$$x$$\n```",
        "```{code-cell} ipython3\nequations.show('eq-one')\nprint('$x$')\n```",
        "```{glue:text} a-number\n```",
    ],
)
def test_what_is_no_equation_and_what_is_marked_may_stand(faults, text):
    assert faults(f"{PASTE}\n{text}") == []


def test_the_line_is_named_inside_a_directive_too(faults):
    (fault,) = faults(f"{PASTE}\n:::{{exercise}}\n:label: ex-a\n\nFirst.\n\n$$x$$\n:::")
    assert fault.startswith("chapters/a.md:12: ")


@pytest.mark.parametrize(
    ("paste", "said"),
    [
        (PASTE.replace("eq-one", "eq-two") + PASTE, "eq-two: expected the label of an equation"),
        ("```{glue:math} eq-one\n```\n", "expected the option `:label: eq-one`, got none"),
        ("```{glue:math} eq-one\n:label: eq-1\n```\n", "`:label: eq-one`, got eq-1"),
        ("```{glue} eq-one\n```\n", "eq-one: expected {glue:math}, got {glue}"),
        ("", "eq-one: expected on the page of a, pasted on none"),
        (PASTE + PASTE, "eq-one: expected once, pasted at chapters/a.md:3, chapters/a.md:6"),
    ],
    ids=["unknown", "no label", "another label", "not as math", "missing", "twice"],
)
def test_pages_and_table_have_to_agree(faults, paste, said):
    (fault,) = faults(paste)
    assert said in fault


def test_an_equation_stands_on_the_page_of_its_chapter_only(faults):
    moved, twice = faults("Nothing.", b=PASTE), faults(PASTE, b=PASTE)
    assert moved == [
        "chapters/b.md:3: eq-one: expected in its chapter a, got it in b",
    ]
    assert twice == [
        "chapters/b.md:3: eq-one: expected in its chapter a, got it in b",
        "eq-one: expected once, pasted at chapters/a.md:3, chapters/b.md:3",
    ]


def test_the_book_s_own_sources_are_in_order():
    assert sources.faults(ROOT) == []
