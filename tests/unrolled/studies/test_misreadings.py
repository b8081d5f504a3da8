from dataclasses import replace
from math import e, log

import numpy as np
import pytest
import torch
from unrolled import assignments, mnist
from unrolled.experiments import mnist as experiment
from unrolled.studies import misreadings
from unrolled.torch_models import RowReader, seeded


@pytest.fixture
def small(monkeypatch):
    """A hundred images a part, all blank in their last row as most of MNIST's are."""
    rng = np.random.default_rng(0)

    def part():
        rows = torch.from_numpy((rng.random((100, 28, 28)) < 0.3).astype(np.float32))
        rows[:, -1] = 0
        return rows, torch.from_numpy(rng.integers(0, 10, 100))

    parts = {name: part() for name in ("train", "validation", "test")}
    monkeypatch.setattr(misreadings, "rows_and_labels", lambda: parts)
    monkeypatch.setattr(experiment, "rows_and_labels", lambda: parts)
    source = mnist.Source("digits", None, False, "a test")
    monkeypatch.setattr(mnist, "find", lambda: source)
    settings = assignments.settings_of("mnist-lstm-32", profile_name="smoke")
    return replace(settings, n_train=100, batch_size=50, hidden_size=8, n_validate=100)


@pytest.mark.parametrize("change", misreadings.CHANGES)
def test_a_change_changes_the_training_and_nothing_else(small, change):
    plain = experiment.train({"cell": "lstm"}, small, seed=3).history.arrays()
    found = misreadings.train(change, small, data="digits", seed=3)
    assert found["step"].tolist() == plain["step"].tolist()
    assert not np.allclose(found["loss"], plain["loss"], rtol=1e-6)
    assert 0.1 <= found["most_common"] <= 1
    if change == "time first":  # nothing but the blank last row is read: one answer for all
        assert found["most_common"] == 1


def test_without_a_change_it_is_the_assignment_s_training(small, monkeypatch):
    monkeypatch.setattr(misreadings, "CHANGES", ("nothing",))
    plain = experiment.train({"cell": "lstm"}, small, seed=3)
    found = misreadings.train("nothing", small, data="digits", seed=3)
    for name in ("loss", "val_accuracy"):
        np.testing.assert_allclose(found[name], plain.history.arrays()[name], rtol=1e-6)
    assert found["test_accuracy"] == pytest.approx(plain.metrics["test_accuracy"])


def test_orders_of_reading_keep_every_pixel():
    rows = torch.arange(2 * 784.0).view(2, 28, 28)
    columns = misreadings.seen_as("columns", rows)
    assert columns[0, 3, 5] == rows[0, 5, 3]
    shuffled = misreadings.seen_as("shuffled pixels", rows)
    assert not torch.equal(shuffled, rows)
    assert torch.equal(shuffled.flatten(1).sort().values, rows.flatten(1))
    assert torch.equal(shuffled[1] - 784, shuffled[0])  # the same order for every image


def test_softmax_twice_cannot_fall_below_its_floor():
    with seeded(0):
        reader = RowReader("lstm", 8)
    labels = torch.zeros(3, dtype=torch.long)
    with torch.no_grad():
        reader.head[3].bias[0] = 1e4  # as sure as can be, and right
        loss = misreadings.loss_with("softmax twice")(reader, (torch.zeros(3, 28, 28), labels))
        plain = misreadings.loss_with("columns")(reader, (torch.zeros(3, 28, 28), labels))
    assert loss.item() == pytest.approx(log(e + 9) - 1)
    assert plain.item() == pytest.approx(0, abs=1e-6)


def test_wrong_names_and_wrong_data_are_refused(small):
    with pytest.raises(ValueError, match="change: expected one of time first"):
        misreadings.train("rows", small, data="digits")
    with pytest.raises(ValueError, match="data: expected digits"):
        misreadings.train("columns", small, data="real")
