import numpy as np
import pytest
import torch
from unrolled import assignments, ensembles
from unrolled.ensembles import Ensemble, ParityBatches, clip_each, count_parity, stack
from unrolled.experiments import parity
from unrolled.torch_models import SequenceTagger, seeded

SMALL = {"hidden_size": 3, "batch_size": 4, "seq_len": 6, "evaluate_every": 10, "n_validate": 20}
RECIPES = ("parity-rnn", "parity-rnn-ragged", "parity-lstm", "parity-lstm-last")


def _bits(*shape):
    """Inputs in (0, 1), the same in every run."""
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


def _members(cell="rnn", n=3, layers=1, hidden_size=4):
    members = []
    for seed in range(n):
        with seeded(seed):
            members.append(SequenceTagger(cell, 1, hidden_size, layers))
    return members


def _ensemble_after(monkeypatch, name, seeds, **changes):
    """Train an ensemble and return its weights, which `count_parity` keeps to itself."""
    made = []
    monkeypatch.setattr(ensembles, "Ensemble", lambda m: made.append(Ensemble(m)) or made[0])
    result = count_parity(name, seeds=seeds, **changes)
    return result, [made[0].member_weights(e) for e in range(seeds)]


def _alone(name, seed, settings="recipe", **changes):
    chosen = assignments.settings_of(name, settings, **changes)
    return parity.train(assignments.model(name).network, chosen, seed=seed, device="cpu")


def _largest_gap(a, b):
    assert a.keys() == b.keys()
    return max(np.abs(a[key] - b[key]).max() for key in a)


@pytest.fixture(autouse=True)
def _short_tests(monkeypatch):
    monkeypatch.setattr(parity, "TEST_STRINGS", {75: 20, 500: 4, 5000: 1})


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_members_compute_what_they_compute_alone(cell, layers):
    members = _members(cell, layers=layers)
    x = _bits(3, 5, 7, 1)
    lengths = torch.tensor([7, 6, 4, 4, 1])
    inside = (torch.arange(7)[:, None] < lengths[:, None, None]).float().expand(3, 5, 7, 1)
    together, packed = Ensemble(members)(x), Ensemble(members)(x, inside)
    for e, member in enumerate(members):
        torch.testing.assert_close(together[e], member(x[e]), rtol=0, atol=1e-6)
        torch.testing.assert_close(packed[e], member(x[e], lengths), rtol=0, atol=1e-6)
    assert (together - packed).abs().max() > 1e-3


@pytest.mark.parametrize("settings", ["recipe", "assignment"])
@pytest.mark.parametrize("name", RECIPES)
def test_a_member_ends_where_a_run_of_its_seed_ends(monkeypatch, name, settings):
    changes = SMALL | {"steps": 30, "settings": settings}
    changes |= {"n_train": 32} if settings == "assignment" else {}
    result, weights = _ensemble_after(monkeypatch, name, 3, **changes)
    for seed in range(3):
        alone = _alone(name, seed, **changes)
        assert _largest_gap(weights[seed], alone.weights) < 1e-4
        assert _largest_gap(weights[seed], weights[seed - 1]) > 1e-2
        for theirs, ours in (("loss", "loss"), ("val_accuracy", "val_accuracy")):
            column = alone.history.arrays()[theirs]
            np.testing.assert_allclose(result[ours][:, seed], column, rtol=0, atol=1e-4)


def test_solved_members_leave_as_they_are_and_the_others_go_on(monkeypatch):
    easy = {"hidden_size": 8, "seq_len": 3, "steps": 200, "evaluate_every": 2, "n_validate": 50}
    easy |= {"learning_rate": 3e-2}
    result, weights = _ensemble_after(monkeypatch, "parity-lstm", 4, **easy)
    steps = result["solved_step"]
    assert steps.min() > 0
    assert len(set(steps)) > 1, "choose settings under which some are solved before others"
    for seed in range(4):
        alone = _alone("parity-lstm", seed, **easy)
        assert alone.history.steps == steps[seed]
        assert _largest_gap(weights[seed], alone.weights) < 1e-3
        for t in (75, 500, 5000):
            assert result[f"accuracy_{t}"][seed] == pytest.approx(
                alone.metrics[f"accuracy_{t}"], abs=2e-3
            )
        after = result["step"] > steps[seed]
        for column in ("loss", "train_accuracy", "val_accuracy"):
            np.testing.assert_array_equal(np.isnan(result[column][:, seed]), after)
        assert result["val_accuracy"][result["step"] == steps[seed], seed] == 1.0


def test_a_member_does_not_feel_the_others(monkeypatch):
    few, many = (_ensemble_after(monkeypatch, "parity-rnn", n, steps=20, **SMALL) for n in (2, 5))
    for seed in range(2):
        assert _largest_gap(few[1][seed], many[1][seed]) < 1e-5
        np.testing.assert_allclose(few[0]["loss"][:, seed], many[0]["loss"][:, seed], atol=1e-5)


def test_no_gradient_flows_from_one_member_to_another():
    ensemble = Ensemble(_members())
    x = _bits(3, 2, 5, 1)
    ensemble(x)[1].sum().backward()
    for p in ensemble.parameters():
        assert p.grad[1].abs().max() > 0
        assert p.grad[[0, 2]].abs().max() == 0


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_no_output_depends_on_a_later_input(cell):
    ensemble, x = Ensemble(_members(cell, layers=2)), _bits(3, 2, 6, 1)
    nudged = x.clone()
    nudged[:, :, 3] += 0.5
    change = (ensemble(nudged) - ensemble(x)).abs().amax((1, 3))  # [E, T]
    assert (change[:, :3] == 0).all()
    assert (change[:, 3:] > 0).all()


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
@pytest.mark.parametrize(("cut", "first"), [(0, 0), (1, 5), (2, 4), (3, 3), (4, 4)])
def test_cut_stops_the_gradient_and_changes_no_output(cell, cut, first):
    ensemble, x = Ensemble(_members(cell)), _bits(3, 2, 6, 1).requires_grad_()
    outputs = ensemble(x, cut=cut)
    torch.testing.assert_close(outputs, ensemble(x))
    outputs[:, :, -1].sum().backward()
    assert np.flatnonzero(x.grad.abs().amax((0, 1, 3))).tolist() == list(range(first, 6))


def test_clipping_looks_at_each_network_alone():
    parameters = [torch.zeros(3, 2, 2), torch.zeros(3, 5)]
    for p in parameters:
        p.grad = torch.ones_like(p) * torch.tensor([0.1, 10.0, 0.0]).view(3, *[1] * (p.dim() - 1))
    clip_each(parameters, 1.0)
    flat = torch.cat([p.grad.flatten(1) for p in parameters], 1)
    torch.testing.assert_close(flat.norm(dim=1), torch.tensor([0.3, 1.0, 0.0]), rtol=1e-5, atol=0)
    assert (flat[1] > 0).all(), "clipping keeps the direction"


def test_batches_are_those_of_the_single_runs():
    network = assignments.model("parity-rnn-ragged").network
    settings = assignments.settings_of("parity-rnn-ragged", "assignment", n_train=20, seq_len=9)
    together = ParityBatches(network, settings, [4, 7])
    alone = [parity.Batches(network, settings, rng=np.random.default_rng([s, 0])) for s in (4, 7)]
    for _ in range(4):  # past the end of an epoch
        x, y, weight, inside = together.draw()
        for e, stream in enumerate(alone):
            batch = stream.draw()
            for ours, theirs in zip((x, y, weight), batch, strict=False):
                np.testing.assert_array_equal(ours[e], theirs)
            np.testing.assert_array_equal(inside[e].sum((1, 2)), batch.lengths)
    assert (x[0] != x[1]).any()


def test_shorter_batches_are_padded_with_steps_that_do_not_count():
    network = {"target": "prefix", "ragged": False}
    rng = np.random.default_rng(0)
    batches = [
        parity.make_batch(np.ones((2, t, 1), np.float32), network, masked=True, rng=rng)
        for t in (3, 5)
    ]
    x, _, weight, inside = stack(batches)
    assert x.shape == (2, 2, 5, 1)
    for part in (x, weight, inside):
        assert part[0, :, 3:].abs().max() == 0
        assert part[:, :, :3].min() == 1
        assert part[1].min() == 1


def test_each_curriculum_grows_by_itself():
    network = assignments.model("parity-lstm-last").network
    settings = assignments.settings_of("parity-lstm-last", seq_len=4)
    batches = ParityBatches(network, settings, [0, 1, 2])
    batches.heed(torch.tensor([1.0, 0.5, 0.98]))
    assert [stream.seq_len for stream in batches.streams] == [3, 2, 2]
    batches.keep([0, 2])
    for _ in range(9):
        batches.heed(torch.tensor([1.0, 0.99]))
    assert [stream.seq_len for stream in batches.streams] == [4, 4]


def test_counts_are_counted():
    easy = {"hidden_size": 8, "seq_len": 3, "steps": 60, "evaluate_every": 20, "n_validate": 50}
    result = count_parity("parity-lstm", seeds=3, learning_rate=3e-2, **easy)
    perfect = [[result[f"accuracy_{t}"][e] == 1 for t in (75, 500, 5000)] for e in range(3)]
    np.testing.assert_array_equal(result["solved"], np.all(perfect, axis=1))
    assert (result["n"], result["k"]) == (3, int(result["solved"].sum()))
    untrained = count_parity("parity-rnn", seeds=2, steps=1, **SMALL | {"seq_len": 50})
    assert untrained["k"] == 0
    assert untrained["solved_step"].tolist() == [0, 0]
    assert all(0.4 < a < 0.6 for a in untrained["accuracy_5000"])


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="members: expected at least one network, got none"):
        Ensemble([])
    with pytest.raises(ValueError, match="members: expected rnn or lstm layers, got GRU"):
        Ensemble(_members("gru"))
    with pytest.raises(ValueError, match="seeds: expected at least 1, got 0"):
        count_parity("parity-rnn", seeds=0)
    with pytest.raises(ValueError, match="unknown field sead"):
        count_parity("parity-rnn", seeds=1, sead=2)
