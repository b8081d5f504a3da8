"""The training loop of every experiment, and the optimiser of the NumPy networks.

The loop knows no framework: an *update* is a function that changes the weights once and returns
the loss it saw; a *measurement* is a function that looks at the network and changes nothing.
The only hook is a callback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from unrolled.assignments import Settings

Arrays = dict[str, np.ndarray]
Row = dict[str, float]


@dataclass
class History:
    """What a training run showed on its way: one column a quantity, one row a measurement.

    Attributes:
        columns: name → values; "step" is the number of updates made.
        steps: updates made in all, those after the last row too.
        interrupted: whether Ctrl-C ended the run before its time.
    """

    columns: dict[str, list[float]] = field(default_factory=dict)
    steps: int = 0
    interrupted: bool = False

    def append(self, row: Row) -> None:
        """Add one row; every row has the same columns."""
        for name, value in row.items():
            self.columns.setdefault(name, []).append(float(value))

    def arrays(self) -> Arrays:
        """Return each column as an array."""
        return {name: np.asarray(values) for name, values in self.columns.items()}


def fit(
    update: Callable[[], float],
    settings: Settings,
    *,
    measure: Callable[[], Row] = dict,
    solved: Callable[[Row], bool] = lambda row: False,
    callback: Callable[[int, Row], None] | None = None,
) -> History:
    """Repeat `update` for `settings.steps` steps, or until a measurement says that it is solved.

    Args:
        update: makes one update and returns the loss of its batch.
        settings: `steps` and `evaluate_every` are used.
        measure: looks at the network every `evaluate_every` steps, and after the last.
        solved: decides on a measured row whether to stop early.
        callback: called with the step and its row after each measurement.

    Returns:
        The history. The column "loss" is the mean over the updates since the row before, not since
        the start: a mean over the whole past lags behind what the network can do now.
    """
    history, losses = History(), []
    try:
        for step in range(1, settings.steps + 1):
            losses.append(update())
            history.steps = step
            if step % settings.evaluate_every and step != settings.steps:
                continue
            row = {"step": step, "loss": float(np.mean(losses))} | measure()
            history.append(row)
            losses.clear()
            if callback:
                callback(step, row)
            if solved(row):
                break
    except KeyboardInterrupt:
        history.interrupted = True
    return history


def one_cycle(step: int, steps: int, peak: float, warm_up: float = 0.3) -> float:
    """Return the learning rate of a one-cycle schedule: up along a cosine, then down to nearly 0.

    Args:
        step: updates made so far.
        steps: updates in all.
        peak: the largest rate.
        warm_up: share of the steps that climbs.

    Source: Smith and Topin (2019).
    """
    top = warm_up * steps
    start, end = peak / 25, peak / 2.5e5
    if step < top:
        return start + (peak - start) * (1 - np.cos(np.pi * step / top)) / 2
    return end + (peak - end) * (1 + np.cos(np.pi * (step - top) / (steps - top))) / 2


def learning_rates(settings: Settings) -> Iterator[float]:
    """Yield the learning rate of each update."""
    for step in range(settings.steps):
        if settings.schedule == "one-cycle":
            yield one_cycle(step, settings.steps, settings.learning_rate)
        else:
            yield settings.learning_rate


def global_norm(gradients: Mapping[str, np.ndarray]) -> float:
    """Return the Euclidean norm of all gradients taken together."""
    return float(np.sqrt(sum(float(np.vdot(g, g)) for g in gradients.values())))


def clip_gradients(gradients: Mapping[str, np.ndarray], largest: float) -> None:
    """Scale the gradients in place so that their global norm is at most `largest`.

    Source: Pascanu, Mikolov and Bengio (2013).
    """
    norm = global_norm(gradients)
    if norm > largest:
        for gradient in gradients.values():
            gradient *= largest / norm


class NumpyOptimizer:
    """SGD or Adam for a dict of NumPy arrays, updated in place.

    SGD   θ ← θ − η d
    Adam  m ← β₁m + (1−β₁)d,  v ← β₂v + (1−β₂)d²,  θ ← θ − η m̂ / (√v̂ + ε)

    Args:
        parameters: name → array; the arrays are changed in place.
        settings: optimizer, learning rate, schedule and clip.

    Source: Kingma and Ba (2015) for Adam.
    """

    beta1, beta2, epsilon = 0.9, 0.999, 1e-8

    def __init__(self, parameters: Arrays, settings: Settings) -> None:
        self.parameters, self.settings = parameters, settings
        self.rates = learning_rates(settings)
        self.steps = 0
        # All parameters lie in one row: five short arrays would cost five times the calls.
        sizes = np.cumsum([0, *(p.size for p in parameters.values())])
        self.places = [slice(*ends) for ends in pairwise(sizes)]
        self.mean = self.square = np.zeros(sizes[-1], np.result_type(*parameters.values()))

    def step(self, gradients: Arrays) -> None:
        """Make one update from the gradients, which may be scaled in place by clipping."""
        if self.settings.clip:
            clip_gradients(gradients, self.settings.clip)
        self.steps += 1
        direction = np.concatenate([gradients[name].ravel() for name in self.parameters])
        if self.settings.optimizer == "adam":
            direction = self._adam_direction(direction)
        change = (next(self.rates) * direction).astype(self.mean.dtype)
        for parameter, place in zip(self.parameters.values(), self.places, strict=True):
            parameter -= change[place].reshape(parameter.shape)

    def _adam_direction(self, d: np.ndarray) -> np.ndarray:
        self.mean = self.mean + (1 - self.beta1) * (d - self.mean)
        self.square = self.square + (1 - self.beta2) * (d * d - self.square)
        m_hat = self.mean / (1 - self.beta1**self.steps)
        v_hat = self.square / (1 - self.beta2**self.steps)
        return m_hat / (np.sqrt(v_hat) + self.epsilon)
