"""Docstrings: every public name has one, and where it lists arguments or fields, they are those."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "code").rglob("*.py"))
ENTRY = re.compile(r"^ {4}(\w+): ")
GOOD = '''"""Numbers."""


class Pair:
    """Two numbers."""

    @property
    def first(self) -> float:
        """The first."""
        return 1.0

    def times(self, factor: float) -> float:
        """Return the first, multiplied.

        Args:
            factor: by this.
        """
        return factor


def half(number: float) -> float:
    """Return half of a number."""
    return number / 2
'''
TAKEN = {
    '"""Numbers."""\n': "D100",
    '    """Two numbers."""\n': "D101",
    '        """The first."""\n': "D102",
    '    """Return half of a number."""\n': "D103",
    "            factor: by this.\n": "D417",
}


def rules_broken(source: str) -> set[str]:
    """The rules that ruff, set as in this repository, says are broken."""
    ruff = [Path(sys.executable).with_name("ruff"), "check", "--output-format=json", "-"]
    where = f"--stdin-filename={ROOT / 'code' / 'unrolled' / 'numbers_of_a_test.py'}"
    run = subprocess.run([*ruff, where], input=source, capture_output=True, text=True, cwd=ROOT)
    return set(re.findall(r'"code": ?"(\w+)"', run.stdout))


def test_a_documented_module_passes():
    assert rules_broken(GOOD) == set()


@pytest.mark.parametrize(("line", "rule"), TAKEN.items(), ids=TAKEN.values())
def test_a_docstring_that_is_taken_away_is_missed(line, rule):
    assert rule in rules_broken(GOOD.replace(line, "", 1))


def test_an_argument_that_there_is_not_is_found():
    assert "DOC102" in rules_broken(
        GOOD.replace("factor: by this.\n", "factor: by this.\n            other: unused.\n")
    )


def listed(docstring: str) -> list[str]:
    """The names below "Args:" or "Attributes:"."""
    found = re.search(r"^(?:Args|Attributes):\n((?: {4}.*\n?)+)", docstring, re.MULTILINE)
    return [m[1] for line in found[1].split("\n") if (m := ENTRY.match(line))] if found else []


def fields_of(source: str) -> dict[str, tuple[list[str], list[str]]]:
    """Class with fields and a list of them → the fields that it lists, and those that it has."""
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    found = {}
    for node in classes:
        told = listed(ast.get_docstring(node) or "")
        own = [f.target.id for f in node.body if isinstance(f, ast.AnnAssign)]
        has_constructor = any(getattr(part, "name", "") == "__init__" for part in node.body)
        if told and own and not has_constructor:
            found[node.name] = told, [name for name in own if not name.startswith("_")]
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_list_of_fields_is_that_of_the_class(path):
    for name, (told, own) in fields_of(path.read_text(encoding="utf-8")).items():
        assert set(told) <= set(own), f"{name} tells of fields that it has not"
        assert set(own) <= set(told), f"{name} has fields that it does not tell of"


def test_there_are_such_lists():
    assert sum(len(fields_of(path.read_text(encoding="utf-8"))) for path in SOURCES) > 20


def test_a_field_left_out_is_found():
    source = 'class P:\n    """P.\n\n    Args:\n        a: one,\n            two.\n    """\n\n'
    assert fields_of(f"{source}    a: int\n    b: int\n") == {"P": (["a"], ["a", "b"])}
