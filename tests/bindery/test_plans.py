"""`bindery.plans`: what counts as reading, and which plans are wrong."""

from pathlib import Path

import pytest
import yaml
from bindery import exercises, plans
from bindery.coursework import ASSIGNMENTS
from bindery.plans import PLANS, Reading, Week, faults, reading

ROOT = Path(__file__).parents[2]
EXTENSIONS = ("colon_fence", "dollarmath")
PAGE = """---
kernelspec:
  name: python3
---

(ch-demo)=
# Two words

Here are four words.

:::{note}
:class: dropdown
And three more.
:::

```{code-cell} ipython3
:tags: [some-tag]

x = 1

y = 2
```

```{code-cell} ipython3
:tags: [hide-input]

hidden = 1
```

```{code-cell} ipython3
---
tags: [remove-cell]
---
hidden = 2
```

```{code-cell} ipython3
---
mystnb:
  image:
    alt: Not read.
---
z = 3
```

## Exercises

None of this counts.
"""


def test_words_and_lines_are_counted_apart_up_to_the_exercises():
    assert reading(PAGE, EXTENSIONS) == Reading(words=2 + 4 + 3, lines=3)


def test_only_the_heading_ends_the_reading():
    assert reading("# A\n\nExercises\n\nfour words are here\n", EXTENSIONS).words == 6


def test_the_rates():
    together = Reading(300, 0) + Reading(50, 20)
    assert together == Reading(350, 20)
    assert together.minutes == 3.5 + 2


GOOD = (Week(("a",), set=("a1",)), Week(("b",)), Week(due=("a1",)))
HOMES = {"a1": {"a", "b"}}


def test_a_good_plan():
    assert list(faults("3", GOOD, HOMES)) == []


@pytest.mark.parametrize(
    ("name", "weeks", "fault"),
    [
        ("4", GOOD, "expected 4 weeks, got 3"),
        ("3", (*GOOD[:2], Week(("a",), due=("a1",))), "a: expected to be read in one week, got 2"),
        ("2", GOOD[:2], "a1: expected to be set once and due once"),
        ("2", GOOD[1:], "a1: expected to be set once and due once"),
        ("4", (*GOOD, Week(due=("a1",))), "a1: expected to be set once and due once"),
        ("1", (Week(("a", "b"), set=("a1",), due=("a1",)),), "due once in a later week"),
        ("2", (GOOD[0], Week(("b",), due=("a1",))), "expected b to be read in a week before"),
        ("2", (GOOD[0], Week(due=("a1",))), "expected b to be read in a week before"),
        ("2", (Week(set=("a6",)), Week(due=("a6",))), "a6: expected one of a1"),
    ],
)
def test_a_wrong_plan(name, weeks, fault):
    assert any(fault in said for said in faults(name, weeks, HOMES))


@pytest.mark.parametrize("name", PLANS)
def test_nothing_is_wrong_with_the_plans(name):
    found, _ = exercises.read(ROOT)
    homes = {a.key: {e.path.stem for e in found if e.label in a.exercises} for a in ASSIGNMENTS}
    assert list(faults(name, PLANS[name], homes)) == []


def test_the_long_plan_reads_every_chapter_and_sets_every_assignment():
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    chapters = [Path(c["file"]).name for p in parts if p.get("numbered") for c in p["chapters"]]
    read = [chapter for week in PLANS["14"] for chapter in week.chapters]
    assert read == ["prerequisites", *chapters]
    assert {key for week in PLANS["14"] for key in week.due} == {a.key for a in ASSIGNMENTS}


def test_a_chapter_of_the_book_takes_some_time():
    assert plans.reading((ROOT / "chapters" / "bptt.md").read_text(), EXTENSIONS).minutes > 20
