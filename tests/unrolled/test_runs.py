"""Every model trains by name, keeps its run, and comes back as the network it was."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch  # before TensorFlow
from unrolled import assignments, cli, mnist, runs, store, tasks
from unrolled.experiments import adding, memory, parity

pytestmark = pytest.mark.usefixtures("alone")


def answers(run):
    """Return what a run's network says about a fixed input, and the metric it must agree with."""
    net, task = run.network(), assignments.model(run.name).task
    if task == "xnor":
        x = tasks.all_strings(run.settings.seq_len)
        right = (np.asarray(net(x)) > 0.5) == (tasks.prefix_xnor(x) > 0.5)
        return right.mean(), run.metrics["bit_accuracy"]
    if task == "parity":
        return parity.prefix_accuracy(net, 75, seed=run.seed), run.metrics["accuracy_75"]
    if task == "adding":
        return adding.mean_squared_error(net, *adding.test_streams(run.seed)), run.metrics[
            "test_mse"
        ]
    if task == "memory":
        rng = np.random.default_rng([run.seed, 2])
        x, y = tasks.memory(run.settings.n_validate, run.settings.seq_len, rng=rng)
        return memory.mean_squared_error(net, x, y), run.metrics["test_mse"]
    test = mnist.load().test
    with torch.no_grad():
        said = net(torch.from_numpy(mnist.binarise(test.images))).argmax(1).numpy()
    return (said == test.labels).mean(), run.metrics["test_accuracy"]


@pytest.mark.parametrize("settings", ["recipe", "assignment"])
@pytest.mark.parametrize("name", assignments.MODELS)
def test_every_name_trains_and_comes_back(name, settings, capsys):
    if settings == "assignment" and assignments.model(name).task == "mnist":
        pytest.skip("the recipe is the sheet")
    if settings == "assignment" and name in ("xnor-gru", "xnor-own-lstm"):
        pytest.skip("only the learning rate differs, and xnor-lstm tries it")
    assert cli.main(["train", name, "--settings", settings, "--seed", "3", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    keys = ["name", "profile", "seed", "device", "seconds", "steps", "metrics", "versions"]
    assert list(said)[:8] == keys
    assert (said["name"], said["profile"], said["seed"]) == (name, "smoke", 3)
    again = runs.run(name, settings=settings, seed=3)
    assert again.record() == said  # read from the store, date and seconds included
    assert again.steps == again.settings.steps == int(again.history["step"][-1])
    assert np.isfinite(again.history["loss"]).all()
    measured, recorded = answers(again)
    assert measured == pytest.approx(recorded, abs=1e-6)


def test_weights_moved_and_the_seed_decides():
    first, same, other = (runs.run("memory-rnn", seed=seed, again=True) for seed in (0, 0, 1))
    start = memory.build({"cell": "rnn"}, first.settings, 0).parameters
    for name, weights in first.weights.items():
        np.testing.assert_array_equal(weights, same.weights[name])
        assert np.abs(weights - start[name]).max() > 1e-4
    assert np.abs(first.weights["weight_hh"] - other.weights["weight_hh"]).max() > 0.01


def test_a_longer_training_learns_what_chance_cannot():
    """Predicting 0 costs 1/3; an untrained network costs about that or more."""
    run = runs.run("memory-rnn", seq_len=3, steps=300, batch_size=256)
    assert run.metrics["test_mse"] < 0.01


def test_adding_beats_every_memoryless_answer():
    run = runs.run("adding-lstm", steps=400, batch_size=32, seq_len=50)
    assert run.metrics["test_mse"] < 1 / 6 / 4


def test_ctrl_c_in_training_keeps_what_was_reached(tmp_path, monkeypatch, capsys):
    real = memory.tasks.memory
    calls = iter(range(1000))

    def stops(n, seq_len, *, rng):
        if next(calls) == 15:
            raise KeyboardInterrupt
        return real(n, seq_len, rng=rng)

    monkeypatch.setattr(memory.tasks, "memory", stops)
    out = tmp_path / "out"
    assert cli.main(["train", "memory-rnn", "--json", "--out", str(out)]) == 130
    said = capsys.readouterr()
    assert f"Ctrl-C after 15 steps; what was reached is kept in {out}" in said.err
    record = json.loads((out / "record.json").read_text())
    assert record["interrupted"]
    assert record["steps"] == 15
    calls = iter(range(1000))
    assert cli.main(["train", "memory-rnn"]) == 130  # without --out, the store keeps it
    folder = Path(capsys.readouterr().err.split("kept in ")[1].strip())
    weights = store.read(folder)[1]["weights/weight_hh"]
    monkeypatch.setattr(memory.tasks, "memory", real)
    whole = runs.run("memory-rnn")
    assert not whole.interrupted  # the half run does not stand for a whole one
    assert np.abs(whole.weights["weight_hh"] - weights).max() > 0


def test_ctrl_c_in_a_sweep_ends_it_and_keeps_the_seeds_before(monkeypatch, capsys):
    real, seen = runs.run, []

    def stops(name, *, seed, **rest):
        seen.append(seed)
        made = real(name, seed=seed, **rest)
        return replace(made, interrupted=seed == 1)

    monkeypatch.setattr(runs, "run", stops)
    assert cli.main(["sweep", "memory-rnn", "--seeds", "4"]) == 130
    said = capsys.readouterr()
    assert "stopped by Ctrl-C; 1 of 4 runs are kept" in said.err
    assert said.out == ""
    assert seen == [0, 1]


def test_a_network_comes_back_on_the_cpu_under_the_profile_gpu(monkeypatch):
    """Chapters feed it arrays of the CPU; training alone goes to the card."""
    run = runs.run("parity-rnn")
    monkeypatch.setenv("UNROLLED_PROFILE", "gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert {p.device.type for p in run.network().parameters()} == {"cpu"}


def test_a_study_is_measured_once():
    calls = []

    def measuring(seeds):
        calls.append(seeds)
        return {"k": 3, "curve": np.arange(seeds)}

    measuring.__module__ = "unrolled.evidence"
    measuring.__qualname__ = "measuring"
    first = runs.study(measuring, seeds=4)
    second = runs.study(measuring, seeds=4)
    assert calls == [4]
    assert second["k"] == first["k"] == 3
    assert second["curve"].tolist() == [0, 1, 2, 3]
    assert second["seconds"] == first["seconds"]


def test_a_study_of_a_model_is_measured_anew_when_its_settings_or_the_profile_change(monkeypatch):
    calls = []

    def measuring(name):
        calls.append(name)
        return {"k": len(calls)}

    measuring.__module__ = "unrolled.evidence"
    runs.study(measuring, name="parity-rnn")
    row = assignments.MODELS["parity-rnn"]
    changed = replace(row, recipe=replace(row.recipe, learning_rate=0.5))
    monkeypatch.setitem(assignments.MODELS, "parity-rnn", changed)
    assert runs.study(measuring, name="parity-rnn")["k"] == 2
    monkeypatch.setenv("UNROLLED_PROFILE", "cpu")
    assert runs.study(measuring, name="parity-rnn")["k"] == 3
    assert runs.study(measuring, name="parity-rnn")["k"] == 3
