"""XNOR (assignment 1): is the number of ones so far even? Trained in Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from unrolled import keras_models, tasks
from unrolled.assignments import Settings
from unrolled.experiments import Outcome
from unrolled.training import History, Row

LONG = 64  # bits of the strings on which length generalisation is measured


def build(
    network: dict[str, Any], settings: Settings, seed: int, device: str | None = None
) -> keras.Model:
    """Return the untrained network."""
    return keras_models.sequence_tagger(network["cell"], settings.hidden_size, seed=seed)


def right_bits(tagger: keras.Model, x: np.ndarray) -> np.ndarray:
    """Return where the network answers rightly, booleans [N, T, 1], for bits [N, T, 1]."""
    answers = np.asarray(tagger(x))
    return (answers > 0.5) == (tasks.prefix_xnor(x) > 0.5)


def train(
    network: dict[str, Any],
    settings: Settings,
    *,
    seed: int,
    device: str | None = None,
    callback: Callable[[int, Row], None] | None = None,
) -> Outcome:
    """Train one network on random strings, then test it on strings it can't have learned by heart.

    1,000 random strings of 8 bits hold nearly all 256, so the accuracy in training says nothing
    about other strings. Metrics: `strings_right` of `strings` (every string of the training
    length), `bit_accuracy` over them, `long_bit_accuracy` on strings of 64 bits, and `solved` when
    every string is right.

    Raises:
        ValueError: a device other than the CPU was asked for.
    """
    if device not in (None, "cpu"):
        raise ValueError(f"device: this book's TensorFlow runs on cpu, got {device!r}")
    tagger = build(network, settings, seed)
    x, y = tasks.xnor(settings.n_train, settings.seq_len, rng=np.random.default_rng([seed, 0]))
    updates_per_epoch = -(-len(x) // settings.batch_size)
    history = History()

    def note(row: Row) -> None:
        step = int(row["epoch"]) * updates_per_epoch
        history.append({"step": step} | row)
        if callback:
            callback(step, row)

    seen = keras_models.fit(
        tagger,
        x,
        y,
        optimizer=settings.optimizer,
        learning_rate=settings.learning_rate,
        batch_size=settings.batch_size,
        epochs=settings.steps // updates_per_epoch,
        seed=seed,
        callback=note,
    )
    history.steps = int(seen["updates"])
    history.interrupted = bool(seen["interrupted"])
    every = right_bits(tagger, tasks.all_strings(settings.seq_len))
    long_x, _ = tasks.xnor(1000, LONG, rng=np.random.default_rng([seed, 2]))
    metrics = {
        "strings": len(every),
        "strings_right": int(every.all((1, 2)).sum()),
        "bit_accuracy": float(every.mean()),
        "long_bit_accuracy": float(right_bits(tagger, long_x).mean()),
        "solved": bool(every.all()),
    }
    weights = {f"{i:02d}": array for i, array in enumerate(tagger.get_weights())}
    return Outcome(history, metrics, weights, "cpu, TensorFlow")
