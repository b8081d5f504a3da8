"""`bindery.numbers`: which typed numbers of a page are refused, and which may stand."""

import shutil
from pathlib import Path

import pytest
from bindery import numbers

ROOT = Path(__file__).parents[2]


@pytest.fixture
def faults(tmp_path):
    """Check a book of one page with the given text."""
    shutil.copy(ROOT / "_config.yml", tmp_path)
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: a\n")

    def check(text):
        (tmp_path / "a.md").write_text(f"# A\n\n{text}\n", encoding="utf-8")
        return numbers.faults(tmp_path)

    return check


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("An accuracy of 0.97.", "0.97"),
        ("It falls to .05, then rises.", ".05"),
        ("It ends at -0.97.", "0.97"),
        ("It ends at −0.97.", "0.97"),
        ("A loss (0.3).", "0.3"),
        ("A loss of 3.14e-5.", "3.14e-5"),
        ("It falls to 10⁻⁷.", "10⁻⁷"),
        ("A loss of 3e−5.", "3e−5"),
        ("A loss of 3.14e−5.", "3.14e−5"),
        ("It reaches 96 %.", "96 %"),
        ("It reaches 96% now.", "96%"),
        ("It reaches 96 per cent.", "96 per cent"),
        ("It reaches 96 percent.", "96 percent"),
        ("It reaches 11 to 12 %.", "11 to 12 %"),
        ("It reaches 90–{glue:text}`a` %.", "90–¤ %"),
        ("It learns in 38 of 40.", "38 of 40"),
        ("It learns in 38 out of 40.", "38 out of 40"),
        ("It learns in 38 of the 40.", "38 of the 40"),
        ("It learns in 38\nof 40.", "38 of 40"),
        ("It learns in **38** of *40*.", "38 of 40"),
        ("It learns in 38 of {glue:text}`a`.", "38 of ¤"),
        ("It learns in 38 of $n$.", "38 of ¤"),
        ("38 networks out of forty learn.", "38 networks out of"),
        ("Three of 40 learn.", "Three of 40"),
        ("It learns in 38/40.", "38/40"),
        ("38 of forty networks learn.", "38 of forty"),
        ("Ten of forty networks learn.", "Ten of forty"),
        ("About one in 300 does.", "one in 300"),
        ("It is 3 times as fast.", "3 times"),
        ("It is 3× as fast.", "3×"),
        ("A 20-fold gain.", "20-fold"),
        ("It takes 12 seconds.", "12 seconds"),
        ("It takes 12 s.", "12 s"),
        ("It takes 10-20 minutes.", "10-20 minutes"),
        ("It holds 512 MB.", "512 MB"),
        ("After 1,234 updates.", "1,234"),
        ("After 1234 updates.", "1234"),
        ("After 3 million updates.", "3 million"),
        ("- in a list, 0.97", "0.97"),
        ("> quoted, 0.97", "0.97"),
        ("| a | b |\n|---|---|\n| x | 0.97 |", "0.97"),
        ("## The loss is 0.97", "0.97"),
        (":::{exercise} Why 0.97?\n:label: ex-a\n\nText.\n:::", "0.97"),
        (":::{exercise}\n:label: ex-a\n\nText.\n\nIt is 0.97.\n:::", "0.97"),
        (":::{exercise}\n:label: ex-a\nIt is 0.97.\n:::", "0.97"),
        ("```{only} conclusive\nIt is 0.97.\n```", "0.97"),
        (":::{glossary}\nword\n: It is 0.97.\n:::", "0.97"),
        ("```{raw} html\n<b>0.97</b>\n```", "0.97"),
        ("<div>\n0.97\n</div>", "0.97"),
        ("![A curve that ends at 0.97](a.svg)", "0.97"),
        ("[it is 0.97](b.md)", "0.97"),
    ],
)
def test_what_looks_like_a_result_is_refused(faults, text, found):
    said = faults(text)
    assert said
    assert all(fault.endswith(numbers.TYPED) for fault in said)
    assert found in [fault.split(": ")[1] for fault in said]


@pytest.mark.parametrize(
    "text",
    [
        "At step 10 of a string, 50 bits, two layers of 32, rows 24 to 28, 8 by 8, 28×28, 28 × 28.",
        "It learns in {glue:text}`a` of 40 networks, {glue:text}`b:.1f` %, {glue:text}`c` times.",
        "A rate of {given}`0.01`, {given}`5,000` strings, {given}`95 %`, {given}`10 of 10`.",
        "The symbol $x = 0.97$, {math}`0.97`, the code `x = 0.97`, {ref}`it <x-0.97>`.",
        "{cite:t}`elman1990` drew it in 1990, others in 2014.",
        "Assignment A3.2, assignment 5.1, SHA-256, version 3.2.2, exit code 130.",
        "[a link](b-0.97.md) and {doc}`c-0.97`",
        "```{code-cell} ipython3\n# 38 of 40\nx = 0.97\n```",
        "```{code-cell} ipython3\n---\nmystnb:\n  image:\n    width: 50%\n---\nx = 0.97\n```",
        "```python\nx = 0.97\n```",
        "```\n96 %\n```",
        "```{code-block} python\nx = 0.97\n```",
        "```{math}\n:class: mistake\nx = 0.97\n```",
        "```{figure} a-0.97.svg\n:width: 50%\n\nA caption.\n```",
        "```{glue:text} a-0.97\n```",
        ":::{exercise} Why {given}`0.97`, $0.97$ and `0.97`?\n:label: ex-a\n\nText.\n:::",
        "% 0.97 in a comment",
    ],
)
def test_what_no_run_gave_and_what_is_marked_may_stand(faults, text):
    assert faults(text) == []


def test_front_matter_is_no_prose(tmp_path, faults):
    faults("")
    (tmp_path / "a.md").write_text("---\nminutes: 0.97\n---\n\n# A\n")
    assert numbers.faults(tmp_path) == []


@pytest.mark.parametrize("text", ["50", "0.97 and 0.98", "the rate 0.01", "38 of 40 learn", "x"])
def test_a_mark_holds_one_number_that_needs_it(faults, text):
    (fault,) = faults(f"It is {{given}}`{text}` here.")
    assert "expected one number that needs the mark" in fault


def test_each_number_is_excused_by_itself(faults):
    (fault,) = faults("At a rate of {given}`0.01` the error is 0.01.")
    assert fault == f"a.md:3: 0.01: {numbers.TYPED}"


def test_the_line_is_that_of_the_number(faults):
    said = faults("One.\nTwo, 0.97.\n\n:::{note}\n:class: x\n\nA.\nB, 3 %.\n:::")
    assert [fault.split(":")[1] for fault in said] == ["4", "10"]


def test_a_caption_is_read_and_the_rest_of_its_cell_is_not(faults):
    cell = """```{code-cell} ipython3
---
mystnb:
  figure:
    name: fig-a
    caption: |
      Ends at %s, by {glue:text}`a` %%.

      A rate of {given}`0.01`, $x = 0.3$.
  image:
    alt: Falls.
---
x = 0.97
```"""
    (fault,) = faults(cell % "0.02")
    assert fault == f"a.md:9: 0.02: {numbers.TYPED}"
    assert faults(cell % "noon") == []


DESCRIBED = """```{code-cell} ipython3
---
mystnb:
  figure:
    name: fig-a
    caption: Rates.
  image:%s
    alt: %s
---
x = 0.97
```"""


@pytest.mark.parametrize("number", ["0.97", "38 of 40", "38\n      of 40", "5,000"])
def test_a_description_is_read(faults, number):
    (fault,) = faults(DESCRIBED % ("", f"|\n      The rate\n      falls to {number}."))
    assert fault == f"a.md:12: {' '.join(number.split())}: {numbers.TYPED}"


def test_numbers_named_above_a_description_may_stand_in_it_and_no_others(faults):
    named = "\n    # given: 0.15; 6 of 40"
    assert faults(DESCRIBED % (named, "Near zero at 0.15, for 6 of 40.")) == []
    (fault,) = faults(DESCRIBED % (named, "Near zero at 0.15, for 6 of 40 and 0.155."))
    assert fault == f"a.md:11: 0.155: {numbers.TYPED}"


@pytest.mark.parametrize("needless", ["0.7", "12", "falls"])
def test_a_name_above_a_description_that_excuses_nothing_is_a_fault(faults, needless):
    named = f"\n    # given: {needless}; 0.15"
    (fault,) = faults(DESCRIBED % (named, "Falls to 0.15 over 12 steps."))
    assert fault.startswith(f"a.md:10: # given: {needless}: expected")


def test_a_name_excuses_one_number_and_a_second_is_named_again(faults):
    text = "|\n      Falls to 0.15 for 6\n      of 40, and to 0.15 again."
    (fault,) = faults(DESCRIBED % ("\n    # given: 6 of 40; 0.15", text))
    assert fault == f"a.md:13: 0.15: {numbers.TYPED}"
    assert faults(DESCRIBED % ("\n    # given: 6 of 40; 0.15; 0.15", text)) == []


def test_a_comment_that_is_not_right_above_a_description_is_a_fault(faults):
    (fault,) = faults(DESCRIBED % ("\n    # given: 0.15\n    width: 80%", "Falls."))
    assert fault == "a.md:10: # given: 0.15: expected a description right below"


def test_the_book_s_own_pages_are_in_order():
    assert numbers.faults(ROOT) == []


@pytest.mark.parametrize("page", ["parity", "execution", "adding"])
@pytest.mark.parametrize("slip", ["It learns in 38 of 40.", "It ends at 0.97.", "It takes 3 s."])
def test_a_slip_on_a_real_page_fails(tmp_path, page, slip):
    shutil.copy(ROOT / "_config.yml", tmp_path)
    (tmp_path / "_toc.yml").write_text(f"format: jb-book\nroot: {page}\n")
    text = (ROOT / "chapters" / f"{page}.md").read_text(encoding="utf-8")
    (tmp_path / f"{page}.md").write_text(f"{text}\n{slip}\n", encoding="utf-8")
    (fault,) = numbers.faults(tmp_path)
    assert fault.startswith(f"{page}.md:{text.count(chr(10)) + 2}: ")
