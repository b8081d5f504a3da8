"""What plain and ours are both made of: a turn, how much of it, and what both read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from time import perf_counter
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from unrolled import assignments
from unrolled.experiments import adding
from unrolled.experiments import mnist as rows

MNIST = [name for name in assignments.MODELS if name.startswith(("mnist-lstm", "mnist-gru"))]
XNOR_STRINGS, PARITY_STRINGS, RATE = 1000, 100_000, 3e-2
EPOCH = 215  # updates in which all training images are seen once, in batches of 256


class Size(NamedTuple):
    """How much one turn does: updates (or epochs), and networks side by side (or models)."""

    updates: int
    networks: int = 1


class Turn(NamedTuple):
    """One side of a row.

    Attributes:
        run: does its share of work and returns the seconds of one unit.
        score: looks at what was trained in all turns, or trains once more for it.
    """

    run: Callable[[], float]
    score: Callable[[], float] | None = None


def timed(action: Callable[[], object], units: float) -> Callable[[], float]:
    """Return the function that does something and tells the seconds of one of its units."""

    def run() -> float:
        start = perf_counter()
        action()
        return (perf_counter() - start) / units

    return run


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let PyTorch use some threads for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@cache
def images(count: int) -> tuple[Tensor, Tensor]:
    """Return so many training images as rows, and their labels; too few are repeated."""
    x, y = rows.rows_and_labels()["train"]
    chosen = torch.arange(count) % len(x)
    return x[chosen], y[chosen]


def epoch_images() -> tuple[Tensor, Tensor]:
    """Return all training images as rows, and their labels."""
    return rows.rows_and_labels()["train"]


def test_accuracy(classifier: nn.Module) -> float:
    """Return the share of test images that a classifier names."""
    return rows.loss_and_accuracy(classifier, *rows.rows_and_labels()["test"])[1]


def adding_mse(answers: Callable[[Tensor], np.ndarray]) -> float:
    """Return the mean squared error on nine fresh streams of 3,000 steps."""
    x, y = adding.test_streams(0)
    return float(np.mean((answers(x) - y.numpy()) ** 2))
