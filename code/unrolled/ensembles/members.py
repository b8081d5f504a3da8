"""What each network of an ensemble is given: first weights, data, validation and test.

All comes from the experiments themselves, with the same seeds, so that network e of an ensemble
starts and reads as a run of its seed alone would. `Task` says what is the same for all networks of
one model, `Member` holds what belongs to one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np
import torch

from unrolled import assignments, convert, starts, tasks
from unrolled.assignments import Settings
from unrolled.experiments import adding, memory, parity
from unrolled.experiments.parity import Batch
from unrolled.torch_models import SequenceTagger, seeded

Metrics = dict[str, Any]


class Batches(NamedTuple):
    """K batches in a row: x [K, N, T, D], y and weight [K, N, T, 1], lengths [K, N]."""

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    lengths: np.ndarray

    def first(self) -> Batch:
        """Return the first of them."""
        return Batch(*(part[0] for part in self))


@dataclass
class Member:
    """One network of an ensemble.

    Attributes:
        weights: its first weights under the names of a `SequenceTagger`'s state dict.
        draw: gives its next K batches.
        draw_tests: gives, by their names, what it is tested on.
        draw_validation: gives what its training is validated on, or None.
        heed: is told the share of right answers on the last batch (curriculum).
    """

    weights: dict[str, np.ndarray]
    draw: Callable[[int], Batches]
    draw_tests: Callable[[], dict[str, Batch]]
    draw_validation: Callable[[], Batch | None] = lambda: None
    heed: Callable[[float], None] = lambda right: None

    # Drawn when they are needed: of thousands of networks they would fill the memory.
    @cached_property
    def validation(self) -> Batch | None:
        """What its training is validated on, or None."""
        return self.draw_validation()

    @cached_property
    def tests(self) -> dict[str, Batch]:
        """Name → what it is tested on."""
        return self.draw_tests()


@dataclass(frozen=True)
class Task:
    """What is the same for all networks of a model.

    Attributes:
        cell: "rnn", "lstm" or "gru".
        member: makes the network of a seed.
        metrics: name → outputs and targets of one network's tests, to its numbers.
        is_bit: cross-entropy of a logit is minimised, or else the squared error.
        ragged: sequences of a batch differ in length.
        solved_by_validation: training ends at the first validation without a mistake.
        late_bias: b_hh is left out at the first step (assignment 3's Elman network).
        keras_adam: Adam as Keras computes it.
        reset_after: where a GRU resets.
        untrained: parameters whose names begin with one of these keep their first value.
    """

    cell: str
    member: Callable[[int], Member]
    metrics: Callable[[dict[str, np.ndarray], dict[str, Batch]], Metrics]
    is_bit: bool = True
    ragged: bool = False
    solved_by_validation: bool = False
    late_bias: bool = False
    keras_adam: bool = False
    reset_after: bool = True
    untrained: tuple[str, ...] = ()


def task_of(name: str, settings: Settings, **network: Any) -> Task:
    """Return what the networks of a model learn.

    Args:
        name: a model of `assignments.MODELS` of assignments 1 to 4.
        settings: with which it is trained.
        network: entries of its network that are changed, such as `cell="gru"`.

    Raises:
        ValueError: a model of assignment 5.
    """
    row = assignments.model(name)
    makers = {"parity": _parity, "adding": _adding, "memory": _memory, "xnor": _xnor}
    if row.task not in makers:
        raise ValueError(f"name: expected a model of {', '.join(makers)}, got {name}")
    return makers[row.task](row.network | network, settings)


@cache
def _ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


@cache
def _last_one(n: int, steps: int, size: int) -> np.ndarray:
    weight = np.zeros((n, steps, size), np.float32)
    weight[:, -1] = 1
    return weight


def _in_a_row(draw: Callable[[], Batch]) -> Callable[[int], Batches]:
    """Turn a function that draws one batch into one that draws K."""

    def several(updates: int) -> Batches:
        drawn = [draw() for _ in range(updates)]
        largest = max(len(batch.x) for batch in drawn)
        drawn = [_filled(batch, largest) for batch in drawn]
        return Batches(*(np.stack(part) for part in zip(*drawn, strict=True)))

    return several


def _filled(batch: Batch, n: int) -> Batch:
    """Fill the last, smaller batch of an epoch up to n with sequences that do not count."""
    missing = n - len(batch.x)
    if not missing:
        return batch
    ends = ((0, missing), (0, 0), (0, 0))
    x, y, weight = (np.pad(part, ends) for part in batch[:3])
    return Batch(x, y, weight, np.pad(batch.lengths, (0, missing), constant_values=1))


def _whole(x: np.ndarray, y: np.ndarray) -> Batch:
    """Return sequences of full length all of whose steps count."""
    return Batch(x, y, _ones(*y.shape), np.full(len(x), x.shape[1]))


# --- Parity -----------------------------------------------------------------------------------
def _parity(network: dict[str, Any], settings: Settings) -> Task:
    def member(seed: int) -> Member:
        stream = parity.Batches(network, settings, rng=np.random.default_rng([seed, 0]))
        plain = network["target"] == "prefix" and not network["ragged"]
        even = settings.n_train and settings.n_train % settings.batch_size == 0
        return Member(
            weights=_arrays(parity.build(network, settings, seed, "cpu")),
            draw=_from_pool(stream) if even and plain else _in_a_row(stream.draw),
            draw_tests=lambda: {
                str(t): _whole(*parity.test_strings(t, seed=seed)) for t in parity.TEST_STRINGS
            },
            draw_validation=lambda: parity.validation_batch(network, settings, seed=seed),
            heed=stream.heed,
        )

    def metrics(outputs: dict[str, np.ndarray], tests: dict[str, Batch]) -> Metrics:
        found: Metrics = {
            f"accuracy_{name}": float(((z > 0) == (tests[name].y > 0.5)).mean())
            for name, z in outputs.items()
        }
        return found | {"solved": all(value == 1.0 for value in found.values())}

    ragged = network["ragged"]
    return Task(network["cell"], member, metrics, ragged=ragged, solved_by_validation=True)


def _arrays(network: torch.nn.Module) -> dict[str, np.ndarray]:
    return {name: p.numpy(force=True).copy() for name, p in network.state_dict().items()}


def _from_pool(stream: parity.Batches) -> Callable[[int], Batches]:
    """Take many batches of a fixed training set at once: single ones cost more than training."""
    size, pool = stream.settings.batch_size, stream.pool
    assert pool is not None

    def several(updates: int) -> Batches:
        indices = np.concatenate([stream._next_indices(len(pool)) for _ in range(updates)])
        x = pool[indices].reshape(updates, size, -1, 1)
        y = np.bitwise_xor.accumulate(x, axis=2)
        return Batches(x, y, _ones(*x.shape), np.full(x.shape[:2], x.shape[2]))

    return several


# --- Adding -----------------------------------------------------------------------------------
def _adding(network: dict[str, Any], settings: Settings) -> Task:
    elman = network["cell"] == "elman"

    def member(seed: int) -> Member:
        streams = adding.Streams(
            settings, torch.device("cpu"), rng=np.random.default_rng([seed, 0])
        )

        def held_out() -> Batch:
            rng = np.random.default_rng([seed, 1])
            return _whole(*tasks.adding(settings.n_validate, settings.seq_len, rng=rng))

        weights = _arrays(adding.build(network, settings, seed, "cpu"))
        return Member(
            weights=_elman_as_tagger(weights) if elman else weights,
            draw=_in_a_row(lambda: _whole(*(a.numpy() for a in streams.draw()))),
            draw_tests=lambda: {"test": _whole(*(a.numpy() for a in adding.test_streams(seed)))},
            draw_validation=held_out,
        )

    def metrics(outputs: dict[str, np.ndarray], tests: dict[str, Batch]) -> Metrics:
        mse = float(np.mean((outputs["test"] - tests["test"].y) ** 2))
        return {"test_mse": mse, "solved": mse < 1e-3}

    cell = "rnn" if elman else network["cell"]
    return Task(cell, member, metrics, is_bit=False, late_bias=elman)


def _elman_as_tagger(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give the three linear layers of an Elman network the names of a recurrent layer."""
    names = {
        "l1.weight": "recurrent.weight_ih_l0",
        "hr.weight": "recurrent.weight_hh_l0",
        "l1.bias": "recurrent.bias_ih_l0",
        "hr.bias": "recurrent.bias_hh_l0",
        "l2.weight": "readout.weight",
        "l2.bias": "readout.bias",
    }
    return {new: weights[old] for old, new in names.items()}


# --- Memory -----------------------------------------------------------------------------------
def _memory(network: dict[str, Any], settings: Settings) -> Task:
    plain = network["cell"] == "rnn"

    def member(seed: int) -> Member:
        rng = np.random.default_rng([seed, 0])
        n, seq_len = settings.batch_size, settings.seq_len

        def tests() -> dict[str, Batch]:
            fresh = np.random.default_rng([seed, 2])
            return {"test": _last(*tasks.memory(settings.n_validate, seq_len, rng=fresh))}

        def several(updates: int) -> Batches:
            whole = _last(*tasks.memory(updates * n, seq_len, rng=rng))
            return Batches(*(part.reshape(updates, n, *part.shape[1:]) for part in whole))

        return Member(
            weights=(_plain_memory if plain else _gated_memory)(network, settings, seed),
            draw=several,
            draw_tests=tests,
        )

    def metrics(outputs: dict[str, np.ndarray], tests: dict[str, Batch]) -> Metrics:
        mse = float(np.mean((outputs["test"] - tests["test"].y)[:, -1] ** 2))
        return {"test_mse": mse, "solved": mse < memory.SOLVED_MSE}

    untrained = ("recurrent.bias_hh",) if plain else ()  # the NumPy network has one bias
    return Task(network["cell"], member, metrics, is_bit=False, untrained=untrained)


def _last(x: np.ndarray, y: np.ndarray) -> Batch:
    """Return sequences x [N, T, 1] of which the last step alone counts; its target is y [N, 1]."""
    targets = np.zeros_like(x)
    targets[:, -1] = y
    return Batch(x, targets, _last_one(*x.shape), np.full(len(x), x.shape[1]))


def _plain_memory(network: dict[str, Any], settings: Settings, seed: int) -> dict[str, np.ndarray]:
    net = memory.build(network, settings, seed)
    layer = {f"recurrent.{k}": v for k, v in convert.to_torch(net.cell).items()}
    return layer | {"readout.weight": net.readout.copy(), "readout.bias": net.readout_bias.copy()}


def _gated_memory(network: dict[str, Any], settings: Settings, seed: int) -> dict[str, np.ndarray]:
    """Draw PyTorch's weights; `settings.init` says how the biases that keep a memory start."""
    with seeded(seed):
        tagger = SequenceTagger(network["cell"], 1, settings.hidden_size)
    if settings.init != "default":
        cell, rng = convert.from_torch(tagger.recurrent), np.random.default_rng([seed, 1])
        starts.set_keeping_biases(cell, settings.init, longest=settings.seq_len, rng=rng)
        layer = {k: torch.from_numpy(v) for k, v in convert.to_torch(cell).items()}
        tagger.recurrent.load_state_dict(layer)
    return _arrays(tagger)


# --- XNOR -------------------------------------------------------------------------------------
def _xnor(network: dict[str, Any], settings: Settings) -> Task:
    from unrolled.experiments import xnor  # Keras draws the first weights

    kind = network["cell"].removeprefix("own-")

    def member(seed: int) -> Member:
        *layer, readout, bias = xnor.build(network, settings, seed).get_weights()
        if not network.get("reset_after", True):  # published form: a single bias of its own
            layer[2] = layer[2].sum(0)
        cell = convert.from_keras(layer, kind)

        def tests() -> dict[str, Batch]:
            every = tasks.all_strings(settings.seq_len)
            long_ones = tasks.xnor(1000, xnor.LONG, rng=np.random.default_rng([seed, 2]))
            return {"every": _whole(every, tasks.prefix_xnor(every)), "long": _whole(*long_ones)}

        return Member(
            weights={f"recurrent.{k}_l0": v.copy() for k, v in cell.parameters.items()}
            | {"readout.weight": readout.T.copy(), "readout.bias": bias.copy()},
            draw=_epochs(settings, seed),
            draw_tests=tests,
        )

    def metrics(outputs: dict[str, np.ndarray], tests: dict[str, Batch]) -> Metrics:
        right = {name: (z > 0) == (tests[name].y > 0.5) for name, z in outputs.items()}
        return {
            "strings_right": int(right["every"].all((1, 2)).sum()),
            "bit_accuracy": float(right["every"].mean()),
            "long_bit_accuracy": float(right["long"].mean()),
            "solved": bool(right["every"].all()),
        }

    two = kind == "gru" and network.get("reset_after", True)
    return Task(
        kind,
        member,
        metrics,
        keras_adam=True,
        reset_after=network.get("reset_after", True),
        untrained=() if two else ("recurrent.bias_hh",),
    )


def _epochs(settings: Settings, seed: int) -> Callable[[int], Batches]:
    """Go through the training strings epoch after epoch, in the order of the Keras run."""
    drawn = np.random.default_rng([seed, 0])
    x, y = tasks.xnor(settings.n_train, settings.seq_len, rng=drawn)
    rng = np.random.default_rng(seed)
    order: list[np.ndarray] = []

    def one() -> Batch:
        if not order:
            shuffled, size = rng.permutation(len(x)), settings.batch_size
            order.extend(shuffled[i : i + size] for i in range(0, len(x), size))
        chosen = order.pop(0)
        return _whole(x[chosen], y[chosen])

    return _in_a_row(one)
