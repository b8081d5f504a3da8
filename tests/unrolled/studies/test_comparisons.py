import numpy as np
import pytest
import torch
from unrolled import mnist, runs
from unrolled.assignments import Settings
from unrolled.cells import GRU
from unrolled.studies import analysis, automata, carrying, comparisons, second_bias

TINY = {"steps": 2, "n_train": 64, "batch_size": 32, "n_validate": 32, "evaluate_every": 2}


def test_a_trained_reader_is_the_stored_run_of_its_seed(alone):
    found = comparisons.trained("mnist-gru-32", seeds=2, data="digits", changes=TINY)
    for seed in range(2):
        run = runs.run("mnist-gru-32", seed=seed, **TINY)
        assert found["accuracy"][seed] == run.metrics["test_accuracy"]
        assert found["run_seconds"][seed] == run.seconds
    assert found["accuracy"].shape == (2,)
    assert found["loss"][0] != found["loss"][1]
    assert found["trained_for"] == found["run_seconds"].sum()


def test_other_data_are_refused(alone):
    assert mnist.find().kind == "digits"
    with pytest.raises(ValueError, match="about real data, and there are digits"):
        comparisons.trained("mnist-gru-32", seeds=1)


def test_a_pair_has_one_seed_and_the_first_is_ahead_if_the_gain_is_positive(alone):
    more = TINY | {"steps": 20, "learning_rate": 1e-2}
    arguments = {"seeds": 2, "data": "digits", "first_changes": more, "second_changes": TINY}
    found = comparisons.paired("mnist-gru-32", "mnist-lstm-32", **arguments)
    for seed in range(2):
        first = runs.run("mnist-gru-32", seed=seed, **more)
        second = runs.run("mnist-lstm-32", seed=seed, **TINY)
        gain = first.metrics["test_accuracy"] - second.metrics["test_accuracy"]
        assert found["accuracy_gain"][seed] == gain
        assert found["time_ratio"][seed] == first.seconds / second.seconds
        both = [first.seconds, second.seconds]
        assert found["trained_for"] > sum(both)  # of two seeds
    assert (found["accuracy_gain"] > 0).all()  # twenty updates against two


def test_gru_64_and_lstm_56_have_equally_many_parameters():
    sizes = [
        sum(p.numel() for p in comparisons.reading.build({"cell": cell}, Settings(hidden_size=h), 0)
            .parameters())
        for cell, h in (("gru", 64), ("lstm", 55), ("lstm", 56), ("lstm", 57))
    ]  # fmt: skip
    nearest = np.argmin(np.abs(np.array(sizes[1:]) - sizes[0]))
    assert sizes[0] == 31_626
    assert sizes[1:][nearest] == sizes[2] == 31_458


def test_the_decision_is_read_off_the_head_after_each_row(alone, monkeypatch):
    monkeypatch.setattr(comparisons, "_runs", lambda *arguments: [Reader(), Reader()])
    monkeypatch.setattr(
        analysis, "probabilities_by_row", lambda network, rows: network.answers(len(rows))
    )
    labels = torch.tensor([1, 1, 1, 2])
    part = {"test": (torch.zeros(4, 28, 28), labels)}
    monkeypatch.setattr(comparisons.reading, "rows_and_labels", lambda: part)
    found = comparisons.decision("mnist-gru-32", seeds=2, data="digits")
    # It says 0 until row 22 and 1 from row 23 on: settled at 23, and right about three of four.
    assert found["settled"].tolist() == [23, 23]
    assert found["accuracy_20"].tolist() == [0, 0]
    assert found["accuracy_24"].tolist() == [0.75, 0.75]
    assert found["trained_for"] == 3


class Reader:
    """A run and its network, which changes its mind at row 23."""

    seconds, device = 1.5, "cpu"

    def network(self):
        return self

    def answers(self, n):
        said = (np.arange(1, 29) >= 23).astype(int)
        return np.broadcast_to(np.eye(10)[said], (n, 28, 10))


def test_carried_and_guessed_give_a_number_a_seed():
    factor = comparisons.carried("lstm", "PyTorch", seeds=3, hidden_size=4)["factor"]
    again = carrying.factors("lstm", "PyTorch", 4, draws=3)["factor"]
    assert factor.tolist() == again.tolist()
    perfect = comparisons.guessed(2, seeds=3, tries=60_000)["perfect"]
    alone = [automata.guess(2, tries=60_000, seed=seed)["perfect"] for seed in range(3)]
    assert perfect.tolist() == alone
    assert len(set(alone)) > 1


def test_two_biases_are_compared_start_by_start(monkeypatch):
    steps = {"one": np.array([50, 60, -1, -1, 70]), "two": np.array([40, 60, 90, -1, -1])}
    monkeypatch.setattr(second_bias, "steps_to_solve", lambda seeds, **settings: steps)
    found = comparisons.one_bias_or_two(seeds=5)
    assert found["two_faster"].tolist() == [True, False, True, False, False]
    assert found["changed"].tolist() == [True, False, True, False, True]


def test_where_the_reset_acts_is_counted_in_updates():
    # Three updates are too few for either; 250 are enough, and then the place can matter.
    found = comparisons.reset_placement(seeds=2, steps=3)
    assert found["before"].tolist() == found["after"].tolist() == [-1, -1]
    assert not found["changed"].any()
    solved = comparisons.reset_placement(seeds=2, steps=250)
    assert (solved["before"] > 20).any()
    assert (solved["after"] > 20).any()
    assert solved["changed"].any()
    assert (solved["after_faster"] <= solved["changed"]).all()


@pytest.mark.parametrize("reset_after", [False, True])
def test_the_grus_gradient_is_that_of_the_cross_entropy(reset_after, monkeypatch):
    seen = {}

    class Noted:
        def __init__(self, parameters, settings):
            seen["parameters"] = parameters

        def step(self, gradients):
            seen["gradients"] = gradients

    monkeypatch.setattr(comparisons, "NumpyOptimizer", Noted)
    comparisons._gru_steps(reset_after, 0, 1, 3)
    p, x = seen["parameters"], comparisons.tasks.all_strings(8).astype(float)
    y = comparisons.tasks.prefix_xnor(x)[..., 0]

    def loss():
        cell = GRU(1, 3, reset_after=reset_after)
        for name, array in cell.parameters.items():
            array[...] = p[name]
        logits = cell.forward(x)[0] @ p["readout"] + p["readout_bias"]
        return np.mean(np.logaddexp(0, logits) - y * logits)

    for name, array in p.items():
        place = tuple(0 for _ in array.shape)
        array[place] += 1e-5
        up = loss()
        array[place] -= 2e-5
        down = loss()
        array[place] += 1e-5
        slope = np.broadcast_to(seen["gradients"][name], array.shape)[place]
        assert slope == pytest.approx((up - down) / 2e-5, rel=1e-5, abs=1e-9), name


def test_the_pace_of_a_pair_is_that_of_the_networks_it_names(monkeypatch):
    built, rows = [], (torch.zeros(300, 28, 28), torch.zeros(300, dtype=torch.long))
    monkeypatch.setattr(comparisons.reading, "rows_and_labels", lambda: {"train": rows})
    honest = comparisons.reading.build

    def build(network, settings, seed, device):
        built.append((network["cell"], settings.hidden_size, seed))
        return honest(network, settings, seed, device)

    def clock(networks, rows, labels):
        assert len(rows) == len(labels) == 256
        return {"a": 3.0, "b": 4.0}

    monkeypatch.setattr(comparisons.reading, "build", build)
    monkeypatch.setattr(comparisons.analysis, "seconds_per_update", clock)
    pair = {
        "first": "mnist-gru-64",
        "second": "mnist-lstm-64",
        "second_changes": {"hidden_size": 56},
    }
    assert comparisons.pace(**pair, seeds=2)["time_ratio"].tolist() == [0.75, 0.75]
    assert built == [("gru", 64, 0), ("lstm", 56, 0), ("gru", 64, 1), ("lstm", 56, 1)]
