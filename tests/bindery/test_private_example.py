"""The template of hidden checks: each is tried against the right answer and wrong ones.

The wrong answers are such that the visible check lets them pass.
"""

from pathlib import Path

import numpy as np
import pytest
from bindery import coursework, editions
from unrolled import selfcheck

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "private-example"
RIGHT = {
    "ex-a2-data": """
def strings(n, seq_len=50, *, rng, last_only=False):
    x = rng.integers(0, 2, size=(n, seq_len, 1)).astype(np.float32)
    y = np.cumsum(x, axis=1) % 2
    return (x, y[:, -1]) if last_only else (x, y)
""",
    "ex-a4-generator": """
def generate_samples(batch_size, seq_length, *, rng):
    while True:
        x = rng.uniform(-1, 1, size=(seq_length, batch_size, 1))
        yield x, x[0]
""",
    "ex-a4-loss": """
class MSELoss:
    def forward(self, y_hat, y_true):
        self.difference = y_hat - y_true
        return float(np.mean(self.difference**2))

    def backward(self):
        return 2 * self.difference / len(self.difference)
""",
}
DRAWN = "    while True:\n        x = rng"
KEPT = "    while True:\n        x[:] = rng"  # one array for all batches
WRONG = [
    ("ex-a2-data", "rng.integers", "np.random.default_rng(0).integers", "draws other strings"),
    ("ex-a2-data", "rng.integers", "np.random.randint", "all chance is rng's"),
    ("ex-a2-data", "axis=1) % 2", "axis=1) % 2 * (np.arange(seq_len) < 50)[:, None]", "Past"),
    ("ex-a2-data", "y[:, -1]", "y[:, -1].squeeze()", "in two axes"),
    ("ex-a4-generator", "rng.uniform", "np.random.uniform", "same seed"),
    ("ex-a4-generator", DRAWN, f"    x = np.empty((seq_length, batch_size, 1))\n{KEPT}", "stays"),
    ("ex-a4-generator", "(seq_length, batch_size, 1)", "(seq_length, 3, 1)", "still has three"),
    ("ex-a4-generator", "x, x[0]", "x, x[0].squeeze()", "in two axes"),
    ("ex-a4-loss", "self.difference", "MSELoss.difference", "its own values"),
    ("ex-a4-loss", "return 2 *", "self.difference *= 2\n        return", "A second call"),
    ("ex-a4-loss", "len(self.difference)", "7", "the last forward"),
]


def attempt(label, answer):
    names = {"__name__": "__main__", "np": np, "check": selfcheck.check}
    exec(compile(answer, "answer", "exec"), names)
    exec(compile((FOLDER / f"{label}.py").read_text(), label, "exec"), names)


def test_they_are_read_where_the_variable_names_the_folder(monkeypatch):
    monkeypatch.setenv(editions.PRIVATE, str(FOLDER))
    assert set(editions.hidden_checks()) == set(RIGHT)
    assert set(RIGHT) <= set(coursework.OF)


@pytest.mark.parametrize("label", RIGHT)
def test_the_right_answer_passes(label, capsys):
    attempt(label, RIGHT[label])
    assert capsys.readouterr().out.strip() == selfcheck.PASSED


@pytest.mark.parametrize(("label", "right", "wrong", "hint"), WRONG)
def test_a_wrong_answer_gets_the_fitting_hint(label, right, wrong, hint):
    assert right in RIGHT[label]
    with pytest.raises(selfcheck.Hint, match=hint):
        attempt(label, RIGHT[label].replace(right, wrong))


def test_they_are_no_part_of_the_book():
    assert "  - private-example\n" in (ROOT / "_config.yml").read_text()
