import numpy as np
import pytest
import torch
from unrolled import assignments, convert, ensembles, runs
from unrolled.ensembles import batched, compiled, members
from unrolled.experiments import adding, parity
from unrolled.torch_models import SequenceTagger, seeded
from unrolled.torch_training import make_optimizer
from unrolled.training import learning_rates

PARITY = {
    "hidden_size": 3,
    "batch_size": 4,
    "seq_len": 6,
    "evaluate_every": 50,
    "n_validate": 20,
    "steps": 100,
}
SHEET = {"settings": "assignment", "n_train": 32}
CURRICULUM = {"curriculum": True, "learning_rate": 3e-2}
ADDING = {"hidden_size": 5, "batch_size": 6, "seq_len": 40, "evaluate_every": 50, "steps": 100}
MEMORY = {"batch_size": 32, "evaluate_every": 50, "steps": 100, "n_validate": 256}
XNOR = {"hidden_size": 8, "steps": 112}  # seven epochs
GRU = {"network": {"cell": "gru"}}
# name, settings changed, and whether the compiled engine knows it
MODELS = [
    ("parity-rnn", PARITY, True),
    ("parity-rnn", PARITY | SHEET, True),
    ("parity-rnn", PARITY | SHEET | {"learning_rate": 0.1, "momentum": 0.9}, True),
    ("parity-rnn", PARITY | {"hidden_size": 5, "batch_size": 130}, True),
    ("parity-rnn-ragged", PARITY | SHEET | {"n_train": 30}, True),  # an epoch ends on a half batch
    ("parity-rnn-ragged", PARITY, True),
    ("parity-rnn-ragged", PARITY | SHEET, True),
    ("parity-rnn-last", PARITY | CURRICULUM, True),
    ("parity-rnn-last-fixed", PARITY, True),
    ("parity-rnn", PARITY | {"num_layers": 2}, False),
    ("parity-lstm", PARITY | SHEET, False),
    ("parity-lstm-last", PARITY, False),
    ("adding-elman", ADDING, True),
    ("adding-elman", ADDING | {"settings": "assignment", "n_train": 12}, True),
    ("parity-lstm", PARITY | {"num_layers": 2}, False),
    ("adding-lstm", ADDING, False),
    ("adding-lstm", ADDING | GRU, False),
    ("memory-rnn", MEMORY, True),
    ("memory-rnn", MEMORY | {"settings": "assignment"}, True),
    ("xnor-rnn", XNOR, False),
    ("xnor-lstm", XNOR, False),
    ("xnor-gru", XNOR, False),
]
CASES = [
    pytest.param(name, changes, engine, id=f"{engine}-{k}-{name}")
    for k, (name, changes, known) in enumerate(MODELS)
    for engine in (("batched", "compiled") if known else ("batched",))
]


@pytest.fixture(autouse=True)
def _short_tests(monkeypatch):
    monkeypatch.setattr(parity, "TEST_STRINGS", {75: 20, 500: 4, 5000: 1})
    monkeypatch.setattr(adding, "TEST_LENGTH", 200)


def _alone(name, seed, *, settings="recipe", network=None, **changes):
    """Train one network by itself, as `runs.run` does."""
    row, chosen = assignments.model(name), assignments.settings_of(name, settings, **changes)
    network = row.network | (network or {})
    return runs.experiment(row.task).train(network, chosen, seed=seed, device="cpu")


def _as_tagger(name, weights):
    """Give the weights of a single run the names that an ensemble uses."""
    task = assignments.model(name).task
    if task == "xnor":
        *layer, readout, bias = (weights[key] for key in sorted(weights))
        cell = convert.from_keras(layer, assignments.model(name).network["cell"])
        recurrent = {f"recurrent.{k}_l0": v for k, v in cell.parameters.items()}
        return recurrent | {"readout.weight": readout.T, "readout.bias": bias}
    if task == "memory":
        recurrent = {k: v for k, v in weights.items() if not k.startswith("readout")}
        return {f"recurrent.{k}_l0": v for k, v in recurrent.items()} | {
            "readout.weight": weights["readout"],
            "readout.bias": weights["readout_bias"],
        }
    return members._elman_as_tagger(weights) if name == "adding-elman" else weights


def _gap(alone, together, e):
    assert alone.keys() <= together.keys()
    return max(np.abs(alone[key] - together[key][e]).max() for key in alone)


@pytest.mark.parametrize(("name", "changes", "engine"), CASES)
def test_a_network_ends_where_a_run_of_its_seed_alone_ends(name, changes, engine):
    result, weights = ensembles.train(name, seeds=2, engine=engine, **changes)
    for seed in range(2):
        alone = _alone(name, seed, **changes)
        assert alone.history.steps in (100, 112), "a network that ends early proves less"
        own = _as_tagger(name, alone.weights)
        assert _gap(own, weights, seed) < 1e-4
        assert _gap(own, weights, 1 - seed) > 1e-2, "the seeds must differ"
        columns = alone.history.arrays()
        if "xnor" not in name:  # Keras weighs the last, smaller batch of an epoch less
            np.testing.assert_allclose(result["loss"][:, seed], columns["loss"], atol=1e-4)
        for column in {"val_accuracy", "val_loss"} & columns.keys() & result.keys():
            np.testing.assert_allclose(result[column][:, seed], columns[column], atol=1e-4)
        for metric in alone.metrics.keys() & result.keys() - {"solved_step"}:
            assert result[metric][seed] == pytest.approx(alone.metrics[metric], abs=1e-3)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("init", ["default", "chrono"])
def test_a_gated_network_of_the_memory_task_ends_where_a_plain_loop_ends(cell, init):
    """Assignment 4's own network is NumPy's, without gates; so the loop stands here."""
    chosen = assignments.settings_of("memory-rnn", "recipe", **MEMORY, init=init)
    _, weights = ensembles.train("memory-rnn", seeds=2, network={"cell": cell}, init=init, **MEMORY)
    for seed in range(2):
        member = members.task_of("memory-rnn", chosen, cell=cell).member(seed)
        tagger = SequenceTagger(cell, 1, chosen.hidden_size)
        tagger.load_state_dict({k: torch.from_numpy(v.copy()) for k, v in member.weights.items()})
        optimizer = make_optimizer(tagger.parameters(), chosen)
        for rate in learning_rates(chosen):
            x, y, *_ = (torch.from_numpy(part) for part in member.draw(1).first())
            optimizer.param_groups[0]["lr"] = rate
            optimizer.zero_grad()
            (tagger(x) - y)[:, -1].square().mean().backward()
            if chosen.clip:
                torch.nn.utils.clip_grad_norm_(tagger.parameters(), chosen.clip)
            optimizer.step()
        own = {k: p.numpy(force=True) for k, p in tagger.state_dict().items()}
        assert _gap(own, weights, seed) < 1e-4
        assert _gap(own, weights, 1 - seed) > 1e-2


@pytest.mark.parametrize("engine", ensembles.ENGINES)
def test_a_mutant_of_the_data_or_the_start_is_noticed(engine, monkeypatch):
    """The comparison above would see a network that reads another seed's data."""
    honest = members.parity.Batches
    monkeypatch.setattr(
        members.parity,
        "Batches",
        lambda network, settings, *, rng: honest(network, settings, rng=np.random.default_rng(9)),
    )
    _, weights = ensembles.train("parity-rnn", seeds=1, engine=engine, **PARITY)
    monkeypatch.undo()
    monkeypatch.setattr(parity, "TEST_STRINGS", {75: 20})
    assert _gap(_alone("parity-rnn", 0, **PARITY).weights, weights, 0) > 1e-2


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("layers", [1, 2])
def test_members_compute_what_they_compute_alone(cell, layers):
    ensemble, taggers = _ensemble(cell, layers=layers)
    x = _bits(3, 5, 7, 1)
    lengths = torch.tensor([7, 6, 4, 4, 1])
    inside = (torch.arange(7)[:, None] < lengths[:, None, None]).float().expand(3, 5, 7, 1)
    together, packed = ensemble(x), ensemble(x, inside)
    for e, tagger in enumerate(taggers):
        torch.testing.assert_close(together[e], tagger(x[e]), rtol=0, atol=1e-6)
        torch.testing.assert_close(packed[e], tagger(x[e], lengths), rtol=0, atol=1e-6)
    assert (together - packed).abs().max() > 1e-3


def test_a_gru_that_resets_before_is_the_published_one():
    from unrolled.cells import GRU

    cell = GRU(1, 4, rng=np.random.default_rng(0), reset_after=False, dtype=np.float32)
    cell.bias_ih[:], cell.bias_hh[:] = np.random.default_rng(1).normal(size=(2, 12))
    state = {f"recurrent.{k}_l0": v for k, v in cell.parameters.items()}
    state |= {"readout.weight": np.eye(4, dtype=np.float32), "readout.bias": np.zeros(4, "f")}
    x = _bits(1, 3, 6, 1)
    for reset_after, close in ((False, True), (True, False)):
        task = members.Task("gru", None, None, reset_after=reset_after)
        got = batched.Ensemble(task, [state])(x)[0].detach().numpy()
        assert np.allclose(got, cell.forward(x[0].numpy())[0], atol=1e-6) == close


def _bits(*shape):
    """Inputs in (0, 1), the same in every run."""
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0))


def _ensemble(cell="rnn", n=3, layers=1, hidden_size=4):
    taggers = []
    for seed in range(n):
        with seeded(seed):
            taggers.append(SequenceTagger(cell, 1, hidden_size, layers))
    states = [members._arrays(tagger) for tagger in taggers]
    return batched.Ensemble(members.Task(cell, None, None), states), taggers


def test_solved_members_leave_as_they_are_and_the_others_go_on():
    easy = {"hidden_size": 8, "seq_len": 3, "steps": 200, "evaluate_every": 2, "n_validate": 50}
    easy |= {"learning_rate": 3e-2}
    for name in ("parity-lstm", "parity-rnn"):
        result, weights = ensembles.train(name, seeds=4, **easy)
        steps = result["solved_step"]
        assert len(set(steps)) > 1, "choose settings under which some are solved before others"
        for seed in range(4):
            alone = _alone(name, seed, **easy)
            assert alone.history.steps == (steps[seed] or 200)
            assert _gap(alone.weights, weights, seed) < 1e-3
            after = result["step"] > (steps[seed] or 200)
            for column in ("loss", "train_accuracy", "val_accuracy"):
                np.testing.assert_array_equal(np.isnan(result[column][:, seed]), after)
            if steps[seed]:
                assert result["val_accuracy"][result["step"] == steps[seed], seed] == 1.0


@pytest.mark.parametrize("engine", ensembles.ENGINES)
def test_groups_of_networks_make_one_count(engine):
    whole = ensembles.count("parity-rnn", seeds=5, engine=engine, **PARITY)
    parts = ensembles.count("parity-rnn", seeds=5, engine=engine, together=2, **PARITY)
    assert whole.keys() == parts.keys()
    for key in ("step", "loss", "train_accuracy", "val_accuracy", "accuracy_75", "solved_step"):
        np.testing.assert_allclose(whole[key], parts[key], atol=1e-4)
    assert whole["loss"].shape == (2, 5)


def test_a_device_without_room_trains_fewer_at_a_time_and_says_so(monkeypatch):
    honest, tried = batched.Batched.advance, []

    def advance(self, rates):
        tried.append(len(self.members))
        if len(self.members) > room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return honest(self, rates)

    monkeypatch.setattr(batched.Batched, "advance", advance)
    room = 2
    with pytest.warns(UserWarning, match="no room for 5 networks at a time: going on with 2"):
        few = ensembles.count("parity-rnn", seeds=5, engine="batched", **PARITY)
    assert (few["n"], few["loss"].shape, tried[0], max(tried[1:])) == (5, (2, 5), 5, 2)
    room = 0
    with (
        pytest.warns(UserWarning, match="no room for 2 networks"),
        pytest.raises(ValueError, match="device: it has no room for a single network"),
    ):
        ensembles.count("parity-rnn", seeds=2, engine="batched", **PARITY)


def test_curves_of_groups_that_end_at_different_times_are_joined():
    early = {"step": np.array([2]), "loss": np.ones((1, 2)), "solved": np.array([True, True])}
    late = {"step": np.array([2, 4]), "loss": np.zeros((2, 1)), "solved": np.array([False])}
    joined = ensembles._join([early, late])
    assert joined["step"].tolist() == [2, 4]
    np.testing.assert_array_equal(joined["loss"], [[1, 1, 0], [np.nan, np.nan, 0]])
    assert joined["solved"].tolist() == [True, True, False]


def test_no_gradient_flows_from_one_member_to_another():
    ensemble, _ = _ensemble()
    ensemble(_bits(3, 2, 5, 1))[1].sum().backward()
    for p in ensemble.parameters():
        assert p.grad[1].abs().max() > 0
        assert p.grad[[0, 2]].abs().max() == 0


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_no_output_depends_on_a_later_input(cell):
    (ensemble, _), x = _ensemble(cell, layers=2), _bits(3, 2, 6, 1)
    nudged = x.clone()
    nudged[:, :, 3] += 0.5
    change = (ensemble(nudged) - ensemble(x)).abs().amax((1, 3))  # [E, T]
    assert (change[:, :3] == 0).all()
    assert (change[:, 3:] > 0).all()


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize(("cut", "first"), [(0, 0), (1, 5), (2, 4), (3, 3), (4, 4)])
def test_cut_stops_the_gradient_and_changes_no_output(cell, cut, first):
    (ensemble, _), x = _ensemble(cell), _bits(3, 2, 6, 1).requires_grad_()
    outputs = ensemble(x, cut=cut)
    torch.testing.assert_close(outputs, ensemble(x))
    outputs[:, :, -1].sum().backward()
    assert np.flatnonzero(x.grad.abs().amax((0, 1, 3))).tolist() == list(range(first, 6))


@pytest.mark.parametrize("cut", [1, 2, 5])
def test_both_engines_cut_at_the_same_steps(cut):
    runs_of = {
        (engine, tau): ensembles.train("parity-rnn", seeds=1, engine=engine, cut=tau, **PARITY)[1]
        for engine in ensembles.ENGINES
        for tau in (0, cut)
    }
    one, two = (runs_of[engine, cut] for engine in ensembles.ENGINES)
    assert max(np.abs(one[k] - two[k]).max() for k in one) < 1e-4
    assert max(np.abs(one[k] - runs_of["batched", 0][k]).max() for k in one) > 1e-3


def test_clipping_looks_at_each_network_alone():
    parameters = [torch.zeros(3, 2, 2), torch.zeros(3, 5)]
    for p in parameters:
        p.grad = torch.ones_like(p) * torch.tensor([0.1, 10.0, 0.0]).view(3, *[1] * (p.dim() - 1))
    batched.clip_each(parameters, 1.0)
    flat = torch.cat([p.grad.flatten(1) for p in parameters], 1)
    torch.testing.assert_close(flat.norm(dim=1), torch.tensor([0.3, 1.0, 0.0]), rtol=1e-5, atol=0)
    assert (flat[1] > 0).all(), "clipping keeps the direction"


def test_shorter_batches_are_padded_with_steps_that_do_not_count():
    batches = [members._whole(*[np.ones((2, t, 1), np.float32)] * 2) for t in (3, 5)]
    x, _, weight, inside = batched.stack(batches)
    assert x.shape == (2, 2, 5, 1)
    for part in (x, weight, inside):
        assert part[0, :, 3:].abs().max() == 0
        assert part[:, :, :3].min() == 1
        assert part[1].min() == 1


def test_the_starts_of_gated_cells_differ_in_their_biases_alone():
    def first(init):
        settings = assignments.settings_of("memory-rnn", init=init, seq_len=30)
        return members.task_of("memory-rnn", settings, cell="lstm").member(0).weights

    default, biased, chrono = (first(init) for init in ("default", "bias 3", "chrono"))
    for other in (biased, chrono):
        changed = {k for k in default if (default[k] != other[k]).any()}
        assert changed == {"recurrent.bias_ih_l0", "recurrent.bias_hh_l0"}
    assert (biased["recurrent.bias_ih_l0"][10:20] == 3).all()
    assert chrono["recurrent.bias_ih_l0"][10:20].max() <= np.log(29)


def test_the_engine_is_the_one_that_can_do_it():
    def engine(name, **changes):
        chosen = assignments.settings_of(name, **changes)
        return ensembles.faster(members.task_of(name, chosen), chosen, "cpu")

    assert engine("parity-rnn") == "compiled"
    assert engine("parity-rnn", hidden_size=compiled.UNITS + 1) == "batched"
    assert engine("parity-rnn", num_layers=2) == "batched"
    assert engine("parity-lstm") == "batched"
    result = ensembles.count("parity-rnn", seeds=1, **PARITY)
    assert (result["engine"], result["device"]) == (compiled.Compiled.name, compiled.Compiled.where)


def test_counts_are_counted():
    easy = {"hidden_size": 8, "seq_len": 3, "steps": 60, "evaluate_every": 20, "n_validate": 50}
    result = ensembles.count("parity-lstm", seeds=3, learning_rate=3e-2, **easy)
    perfect = [[result[f"accuracy_{t}"][e] == 1 for t in (75, 500, 5000)] for e in range(3)]
    np.testing.assert_array_equal(result["solved"], np.all(perfect, axis=1))
    assert (result["n"], result["k"]) == (3, int(result["solved"].sum()))
    untrained = ensembles.count("parity-rnn", seeds=2, **PARITY | {"seq_len": 50, "steps": 1})
    assert untrained["k"] == 0
    assert untrained["solved_step"].tolist() == [0, 0]
    assert all(0.4 < a < 0.6 for a in untrained["accuracy_5000"])


def test_what_makes_no_sense_is_refused(monkeypatch):
    task = members.Task("rnn", None, None)
    with pytest.raises(ValueError, match="states: expected at least one network, got none"):
        batched.Ensemble(task, [])
    with pytest.raises(ValueError, match="cell: expected one of rnn, lstm, gru, got 'elman'"):
        batched.Ensemble(members.Task("elman", None, None), [{}])
    for seeds in (0, -3, 2.5):
        with pytest.raises(ValueError, match=f"seeds: expected at least 1, got {seeds}"):
            ensembles.count("parity-rnn", seeds=seeds)
    for unfit, least in ({"together": 0}, 1), ({"cut": -1}, 0):
        with pytest.raises(ValueError, match=f"{next(iter(unfit))}: expected at least {least}"):
            ensembles.count("parity-rnn", seeds=1, **unfit)
    with pytest.raises(ValueError, match="unknown field sead"):
        ensembles.count("parity-rnn", seeds=1, sead=2)
    with pytest.raises(ValueError, match="engine: expected one of batched, compiled, got 'fast'"):
        ensembles.count("parity-rnn", seeds=1, engine="fast")
    with pytest.raises(ValueError, match="compiled loops do small RNNs of one layer"):
        ensembles.count("parity-lstm", seeds=1, engine="compiled")
    with pytest.raises(ValueError, match="name: expected a model of parity, adding, memory, xnor"):
        ensembles.count("mnist-gru-32", seeds=1)
    monkeypatch.setitem(__import__("sys").modules, "unrolled.ensembles.compiled", None)
    with pytest.raises(ValueError, match="needs Numba"):
        ensembles.count("parity-rnn", seeds=1, engine="compiled")
