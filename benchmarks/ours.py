"""The same work as the book does it: many networks at once, epochs in one call, plain indexing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import cache
from multiprocessing import get_context
from statistics import mean
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from unrolled import assignments, tasks
from unrolled.ensembles import members
from unrolled.ensembles.batched import Batched
from unrolled.experiments import memory as memory_experiment
from unrolled.experiments import mnist as rows
from unrolled.experiments.parity import Batch
from unrolled.torch_training import updates
from unrolled.training import NumpyOptimizer

from benchmarks.turns import (
    EPOCH,
    MNIST,
    PARITY_STRINGS,
    RATE,
    XNOR_STRINGS,
    Size,
    Turn,
    adding_mse,
    epoch_images,
    images,
    test_accuracy,
    timed,
)


def _engine(kind: str, name: str, seeds: range, **settings: Any) -> Any:
    """Return one of the book's engines with a network a seed, on the assignment's settings."""
    from unrolled.ensembles.compiled import Compiled

    chosen = assignments.settings_of(name, "assignment", "cpu", **settings)
    task = members.task_of(name, chosen)
    engine = {"batched": Batched, "compiled": Compiled}[kind]
    return engine(task, [task.member(seed) for seed in seeds], chosen, "cpu")


def _ensemble(engine: Any, rate: float, size: Size, units: int) -> Callable[[], float]:
    """Return an engine's run; an update of one network has so many units."""
    rates = [rate] * size.updates
    return timed(lambda: engine.advance(rates), size.updates * size.networks * units)


def _parity(size: Size, kind: str, first: int = 0) -> Any:
    seeds = range(first, first + size.networks)
    return _engine(kind, "parity-rnn", seeds, n_train=PARITY_STRINGS)


def parity(size: Size) -> Turn:
    """The compiled engine on one thread."""
    return Turn(_ensemble(_parity(size, "compiled"), 1.0, size, 8))


def parity_batched(size: Size) -> Turn:
    """The batched engine on one thread."""
    return Turn(_ensemble(_parity(size, "batched"), 1.0, size, 8))


def parity_two(size: Size) -> Turn:
    """The compiled engine on two threads, so many networks on each: it holds no lock."""
    engines = [_parity(size, "compiled", first) for first in (0, size.networks)]
    rates, pool = [1.0] * size.updates, ThreadPoolExecutor(2)

    def train() -> None:
        list(pool.map(lambda engine: engine.advance(rates), engines))

    return Turn(timed(train, 2 * size.updates * size.networks * 8))


def adding(size: Size) -> Turn:
    """The compiled engine, 90 windows of 100 steps in a batch: as many steps as 3 × 3,000."""
    windows = {"batch_size": 90, "n_train": 270, "seq_len": 100, "learning_rate": RATE}
    engine = _engine("compiled", "adding-elman", range(size.networks), **windows)

    def answers(x: Tensor) -> np.ndarray:
        streams = x.numpy()
        whole = Batch(streams, streams, streams, np.full(len(streams), streams.shape[1]))
        return engine.outputs([whole] * size.networks)[0]

    return Turn(_ensemble(engine, RATE, size, 9000), lambda: adding_mse(answers))


def memory(size: Size) -> Turn:
    """The NumPy cell of the book in float32."""
    settings = assignments.settings_of("memory-rnn", "assignment", "cpu", steps=10**9)
    net = memory_experiment.build({"cell": "rnn"}, settings, 0)
    optimizer, rng = NumpyOptimizer(net.parameters, settings), np.random.default_rng(0)

    def train() -> None:
        for _ in range(size.updates):
            x, y = tasks.memory(settings.batch_size, settings.seq_len, rng=rng)
            prediction, kept = net.forward(x)
            error = prediction - y
            optimizer.step(net.gradients(2 * error / error.size, kept))

    return Turn(timed(train, settings.batch_size * size.updates))


def memory_compiled(size: Size) -> Turn:
    """The compiled engine on one thread."""
    engine = _engine("compiled", "memory-rnn", range(size.networks))
    return Turn(_ensemble(engine, 1e-2, size, engine.settings.batch_size))


def xnor(size: Size) -> Turn:
    """`keras_models.fit`; the first epoch, which traces the graph, is left out."""
    from unrolled import keras_models

    x, y = tasks.xnor(XNOR_STRINGS, 8, rng=np.random.default_rng(0))
    model = keras_models.sequence_tagger("lstm", 64)

    def run() -> float:
        ends: list[float] = []
        epochs = size.updates + 1
        keras_models.fit(model, x, y, epochs=epochs, callback=lambda _: ends.append(perf_counter()))
        return (ends[-1] - ends[0]) / size.updates

    return Turn(run)


def xnor_batched(size: Size) -> Turn:
    """The batched engine, outside TensorFlow: an epoch of each network."""
    n = {"hidden_size": 64, "n_train": XNOR_STRINGS, "batch_size": 64}
    engine = _engine("batched", "xnor-lstm", range(size.networks), **n)
    rates = [1e-3] * (size.updates * -(-XNOR_STRINGS // 64))
    return Turn(timed(lambda: engine.advance(rates), size.updates * size.networks))


def mnist(size: Size) -> Turn:
    """Two processes of one thread each; whichever is free takes the next model, heaviest first."""
    names = sorted(MNIST[: size.networks], key=multiply_adds, reverse=True)
    pool = ProcessPoolExecutor(2, get_context("spawn"), _prepare, (names, size.updates))

    def train() -> None:
        list(pool.map(_train, names, [size.updates] * len(names)))

    def score() -> float:
        classifier, update = _reader.__wrapped__(MNIST[0], None)  # a new one, or it goes on
        for _ in range(-(-len(epoch_images()[0]) // 256)):
            update()
        return test_accuracy(classifier)

    return Turn(timed(train, size.updates), score)


def mnist_half(size: Size) -> Turn:
    """Half an epoch of each model under the schedule that the book recommends, one-cycle."""
    half = -(-EPOCH // 2)

    def accuracy(name: str) -> float:
        changes = {"learning_rate": 2e-2, "schedule": "one-cycle", "evaluate_every": half}
        settings = assignments.settings_of(name, "assignment", "cpu", steps=half, **changes)
        network = assignments.model(name).network
        return rows.train(network, settings, seed=0, device="cpu").metrics["test_accuracy"]

    update = mnist(size).run
    return Turn(lambda: half * update(), lambda: mean(map(accuracy, MNIST)))


def multiply_adds(name: str) -> int:
    """Return the multiply-adds of one update: the products forward, and twice as many back."""
    classifier = rows.build(assignments.model(name).network, assignments.settings_of(name), 0)
    once = {id(p) for p in classifier.head.parameters()}  # type: ignore[union-attr]
    weights = [p for p in classifier.parameters() if p.dim() == 2]
    return 3 * 256 * sum(p.numel() * (1 if id(p) in once else 28) for p in weights)


def alone(name: str, updates: int) -> float:
    """Return the seconds of an update of one MNIST model, with nothing beside it."""
    _train(name, 2)
    return timed(lambda: _train(name, updates), updates)()


def _prepare(names: list[str], count: int) -> None:
    """Make all models in a fresh process, so that no turn pays for it."""
    torch.set_num_threads(1)
    for name in names:
        _train(name, 1)


def _train(name: str, count: int) -> None:
    _, update = _reader(name, 256 * 16)
    for _ in range(count):
        update()


@cache
def _reader(name: str, count: int | None) -> tuple[nn.Module, Callable[[], float]]:
    """Return a classifier and its update, as `experiments.mnist` makes them, on some images."""
    settings = assignments.settings_of(name, "assignment", "cpu", steps=10**9)
    classifier = rows.build(assignments.model(name).network, settings, 0, "cpu")
    x, y = images(count) if count else epoch_images()
    batches = rows.shuffled_batches(x, y, settings.batch_size, rng=np.random.default_rng(0))
    return classifier, updates(
        classifier,
        lambda: next(batches),
        lambda net, batch: nn.functional.cross_entropy(net(batch[0]), batch[1]),
        settings,
    )
