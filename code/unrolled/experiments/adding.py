"""The adding problem (assignment 3): at a marker, add this number to the one marked before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unrolled import tasks
from unrolled.assignments import Settings
from unrolled.experiments import Outcome
from unrolled.torch_models import Elman, SequenceTagger, seeded
from unrolled.torch_training import device_name, pick_device, updates
from unrolled.training import Row, fit

TEST_STREAMS, TEST_LENGTH = 9, 3000


def build(
    network: dict[str, Any], settings: Settings, seed: int, device: str | None = None
) -> nn.Module:
    """Return the untrained network."""
    with seeded(seed):
        if network["cell"] == "elman":
            adder: nn.Module = Elman(2, settings.hidden_size, 1)
        else:
            adder = SequenceTagger(network["cell"], 2, settings.hidden_size, settings.num_layers)
    return adder.to(pick_device(device))


class Streams:
    """Draw training batches: fresh streams, or a fixed few in a new order each epoch."""

    def __init__(self, settings: Settings, device: torch.device, *, rng: np.random.Generator):
        self.settings, self.device, self.rng = settings, device, rng
        self.pool = self._make(settings.n_train) if settings.n_train else None
        self.order: list[np.ndarray] = []

    def _make(self, n: int) -> tuple[Tensor, Tensor]:
        x, y = tasks.adding(n, self.settings.seq_len, rng=self.rng)
        return torch.from_numpy(x).to(self.device), torch.from_numpy(y).to(self.device)

    def draw(self) -> tuple[Tensor, Tensor]:
        """Return the next batch: x [B, T, 2] and y [B, T, 1]."""
        size = self.settings.batch_size
        if self.pool is None:
            return self._make(size)
        if not self.order:
            shuffled = self.rng.permutation(self.settings.n_train)
            self.order = [shuffled[i : i + size] for i in range(0, len(shuffled), size)]
        chosen = torch.from_numpy(self.order.pop(0)).to(self.device)
        return self.pool[0][chosen], self.pool[1][chosen]


@torch.no_grad()
def mean_squared_error(adder: nn.Module, x: Tensor, y: Tensor) -> float:
    """Return the mean squared error over all streams and steps."""
    return nn.functional.mse_loss(adder(x), y).item()


def test_streams(seed: int) -> tuple[Tensor, Tensor]:
    """Return nine fresh streams of 3,000 steps that no training run with `seed` has seen."""
    x, y = tasks.adding(TEST_STREAMS, TEST_LENGTH, rng=np.random.default_rng([seed, 2]))
    return torch.from_numpy(x), torch.from_numpy(y)


test_streams.__test__ = False  # type: ignore[attr-defined]  # pytest would take it for a test


def train(
    network: dict[str, Any],
    settings: Settings,
    *,
    seed: int,
    device: str | None = None,
    callback: Callable[[int, Row], None] | None = None,
) -> Outcome:
    """Train one network on streams of `settings.seq_len` steps and test it on streams of 3,000.

    Metrics: `test_mse`, and `solved` when it is below 1e-3.
    """
    where = pick_device(device)
    adder = build(network, settings, seed, device)
    streams = Streams(settings, where, rng=np.random.default_rng([seed, 0]))
    held_out = tasks.adding(
        settings.n_validate, settings.seq_len, rng=np.random.default_rng([seed, 1])
    )
    x, y = (torch.from_numpy(a).to(where) for a in held_out)
    history = fit(
        updates(
            adder,
            streams.draw,
            lambda adder, batch: nn.functional.mse_loss(adder(batch[0]), batch[1]),
            settings,
        ),
        settings,
        measure=lambda: {"val_loss": mean_squared_error(adder, x, y)},
        callback=callback,
    )
    x_test, y_test = (a.to(where) for a in test_streams(seed))
    test_mse = mean_squared_error(adder, x_test, y_test)
    weights = {name: p.numpy(force=True) for name, p in adder.state_dict().items()}
    metrics = {"test_mse": test_mse, "solved": test_mse < 1e-3}
    return Outcome(history, metrics, weights, device_name(where))
