"""Measurements made for counting: one number a seed, and pairs that share a seed.

Each function takes `seeds`, measures seeds 0 … n − 1 and returns arrays with one entry a seed, as
`unrolled.claims` wants them. Two networks of a pair have the same seed: the same data in the same
order, and, where their shapes agree, the same first weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from unrolled import mnist, runs, tasks
from unrolled.assignments import Settings, model, settings_of
from unrolled.cells import GRU
from unrolled.experiments import mnist as reading
from unrolled.studies import analysis, automata, carrying, second_bias
from unrolled.torch_training import device_name
from unrolled.training import NumpyOptimizer

Changes = Mapping[str, Any]


def trained(name: str, *, seeds: int, data: str = "real", changes: Changes | None = None) -> dict:
    """Train a row reader with several seeds, or take the stored runs.

    Args:
        name: an MNIST model of `assignments.MODELS`.
        seeds: how many.
        data: the kind of data it is about, which must be what there is.
        changes: settings changed.

    Returns:
        "accuracy" and "loss" on the test images and "run_seconds", each [seeds]; "parameters";
        "device"; "trained_for", the seconds of all runs, stored or not.

    Raises:
        ValueError: other data were found.
        KeyboardInterrupt: a run was stopped by Ctrl-C.
    """
    found = _runs(name, seeds, data, changes or {})
    return {
        "accuracy": np.array([r.metrics["test_accuracy"] for r in found]),
        "loss": np.array([r.metrics["test_loss"] for r in found]),
        "run_seconds": np.array([r.seconds for r in found]),
        "parameters": found[0].metrics["parameters"],
        "device": found[0].device,
        "trained_for": sum(r.seconds for r in found),
    }


def _runs(name: str, seeds: int, data: str, changes: Changes) -> list[runs.Run]:
    if (kind := mnist.find().kind) != data:
        raise ValueError(f"data: this claim is about {data} data, and there are {kind}")
    made = []
    for seed in range(seeds):
        made.append(runs.run(name, seed=seed, **changes))
        if made[-1].interrupted:
            raise KeyboardInterrupt
    return made


def paired(
    first: str,
    second: str,
    *,
    seeds: int,
    data: str = "real",
    first_changes: Changes | None = None,
    second_changes: Changes | None = None,
) -> dict[str, Any]:
    """Train two row readers seed by seed and say by how much the first is ahead.

    Args:
        first: an MNIST model of `assignments.MODELS`.
        second: another, or the same with other settings.
        seeds: pairs.
        data: see `trained`.
        first_changes: settings changed in the first.
        second_changes: settings changed in the second.

    Returns:
        "accuracy_gain" (first minus second) and "time_ratio" (first over second), each [seeds];
        "parameters" of both; "device"; "trained_for", the seconds of all runs.
    """
    one = trained(first, seeds=seeds, data=data, changes=first_changes)
    two = trained(second, seeds=seeds, data=data, changes=second_changes)
    return {
        "accuracy_gain": one["accuracy"] - two["accuracy"],
        "time_ratio": one["run_seconds"] / two["run_seconds"],
        "parameters": (one["parameters"], two["parameters"]),
        "device": one["device"],
        "trained_for": one["trained_for"] + two["trained_for"],
    }


def pace(
    first: str, second: str, *, seeds: int, second_changes: Changes | None = None
) -> dict[str, Any]:
    """Let two row readers take turns and say how long an update of each takes.

    A machine has slower minutes: what ran at different times is not compared.

    Args:
        first: an MNIST model of `assignments.MODELS`.
        second: another, or the same with other settings.
        seeds: rounds, each with fresh networks.
        second_changes: settings changed in the second.

    Returns:
        "time_ratio" [seeds], first over second; "device".
    """
    changes: tuple[Changes, Changes] = ({}, second_changes or {})
    rows, labels = (part[:256] for part in reading.rows_and_labels()["train"])
    ratios = []
    for seed in range(seeds):
        networks = {
            place: reading.build(model(name).network, settings_of(name, **changed), seed, "cpu")
            for place, name, changed in zip("ab", (first, second), changes, strict=True)
        }
        took = analysis.seconds_per_update(networks, rows, labels)
        ratios.append(took["a"] / took["b"])
    return {"time_ratio": np.array(ratios), "device": device_name(torch.device("cpu"))}


def decision(name: str, *, seeds: int, data: str = "real") -> dict[str, Any]:
    """Read the head of a trained row reader after every row of the test images.

    Args:
        name: an MNIST model of `assignments.MODELS`.
        seeds: how many networks.
        data: see `trained`.

    Returns:
        "settled" [seeds], the median row from which on an answer never changes again, and
        "accuracy_20", "accuracy_24" [seeds], the share of right answers after rows 20 and 24;
        "device"; "trained_for", the seconds of all runs.
    """
    rows, labels = reading.rows_and_labels()["test"]
    settled, accuracy, found = [], [], _runs(name, seeds, data, {})
    for run in found:
        answers = analysis.probabilities_by_row(run.network(), rows).argmax(2)  # [N, T]
        settled.append(float(np.median(analysis.settling_row(answers))))
        accuracy.append((answers == labels.numpy()[:, None]).mean(0))
    by_row = np.array(accuracy)
    return {
        "settled": np.array(settled),
        "accuracy_20": by_row[:, 19],
        "accuracy_24": by_row[:, 23],
        "device": found[0].device,
        "trained_for": sum(r.seconds for r in found),
    }


def carried(kind: str, start: str, *, seeds: int, hidden_size: int = 64) -> dict[str, Any]:
    """Measure how an untrained cell's gradient changes in a step, see `carrying.factors`.

    Args:
        kind: "rnn", "lstm" or "gru".
        start: see `carrying.fresh_cell`.
        seeds: cells.
        hidden_size: H.

    Returns:
        "factor" [seeds].
    """
    return carrying.factors(kind, start, hidden_size, draws=seeds)


def guessed(hidden_size: int, *, seeds: int, tries: int) -> dict[str, Any]:
    """Draw networks for parity blindly, several times, see `automata.guess`.

    Args:
        hidden_size: H.
        seeds: how many times.
        tries: networks drawn each time.

    Returns:
        "perfect" [seeds], how many of them were right on every prefix of 5,000 bits.
    """
    drawn = [automata.guess(hidden_size, tries=tries, seed=seed) for seed in range(seeds)]
    return {"perfect": np.array([d["perfect"] for d in drawn])}


def one_bias_or_two(*, seeds: int, **settings: Any) -> dict[str, Any]:
    """Train an LSTM on XNOR with one bias and with two, see `second_bias.steps_to_solve`.

    Args:
        seeds: pairs, each from one start.
        settings: of `second_bias.train`.

    Returns:
        "one" and "two" [seeds], the updates it took, −1 for never; "two_faster" and "changed"
        [seeds], whether two took fewer, and another number.
    """
    found = second_bias.steps_to_solve(seeds, **settings)
    one, two = (np.where(found[name] < 0, np.inf, found[name]) for name in ("one", "two"))
    return found | {"two_faster": two < one, "changed": two != one}


def reset_placement(*, seeds: int, steps: int = 300, hidden_size: int = 8) -> dict[str, Any]:
    """Train a GRU on XNOR with the reset before the recurrent product and after it.

    Both start from the same weights, with every string of 8 bits in every update (Adam, 1e-2).

    Args:
        seeds: pairs.
        steps: updates at most.
        hidden_size: H.

    Returns:
        "before" and "after" [seeds], the updates until every string was right, −1 for never;
        "after_faster" and "changed" [seeds], whether `after` took fewer, and another number.
    """
    places = {"before": False, "after": True}
    found = {
        name: np.array([_gru_steps(after, seed, steps, hidden_size) for seed in range(seeds)])
        for name, after in places.items()
    }
    before, after = (np.where(found[name] < 0, np.inf, found[name]) for name in places)
    return found | {"after_faster": after < before, "changed": after != before}


def _gru_steps(reset_after: bool, seed: int, steps: int, hidden_size: int) -> int:
    """Return the updates after which a GRU answers every string rightly, or −1."""
    rng = np.random.default_rng([seed, 0])
    cell = GRU(1, hidden_size, rng=rng, reset_after=reset_after)
    readout, bias = rng.uniform(-1, 1, hidden_size) / np.sqrt(hidden_size), np.zeros(1)
    parameters = cell.parameters | {"readout": readout, "readout_bias": bias}
    rule = NumpyOptimizer(parameters, Settings(learning_rate=1e-2))
    x = tasks.all_strings(8).astype(float)
    y = tasks.prefix_xnor(x)[..., 0]
    for step in range(steps):
        outputs, _, cache = cell.forward(x)
        logits = outputs @ readout + bias  # [N, T]
        if ((logits > 0) == (y > 0.5)).all():
            return step
        error = (1 / (1 + np.exp(-logits)) - y) / y.size  # ∂L/∂logit of the cross-entropy
        _, grads = cell.backward(error[..., None] * readout, cache)
        own = {"readout": np.einsum("nt,nth->h", error, outputs), "readout_bias": error.sum()}
        rule.step({name: {**grads, **own}[name] for name in parameters})
    return -1
