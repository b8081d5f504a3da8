"""What a page shows of the library is the library's own text."""

import pytest
from unrolled import memory, show


def test_source_keeps_every_line_of_code():
    text = show.source(memory.MSELoss).data
    assert text.startswith("```python\nclass MSELoss:\n")
    assert text.endswith("self.difference.size\n```")
    assert '"""Return the loss of predictions y_hat against targets y_true, both [B, 1]."""' in text
    assert "Raises:" not in text
    assert "self.difference = y_hat - y_true" in text
    compile(text.removeprefix("```python").removesuffix("```"), "page", "exec")


def test_a_method_is_shown_without_its_indentation():
    assert show.short_source(memory.RNN.update).startswith("def update(self, lr: float)")


def test_a_function_without_a_docstring_is_shown_whole():
    def plain(x):
        return x + 1

    assert show.short_source(plain) == "def plain(x):\n    return x + 1"


def test_table_escapes_its_separator():
    lines = show.table(["a", "b"], [[1, "|x|"], [2, "y"]]).data.split("\n")
    assert lines == ["| a | b |", "| --- | --- |", r"| 1 | \|x\| |", "| 2 | y |"]


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [(9.6e-6, 0, "10⁻⁵"), (-2.5e3, 1, "-2.5·10³"), (1.0, 2, "1.00·10⁰")],
)
def test_scientific(number, digits, text):
    assert show.scientific(number, digits) == text
