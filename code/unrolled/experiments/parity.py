"""Parity (assignment 2): read bits one by one, answer the parity of what was read so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from unrolled import tasks
from unrolled.assignments import Settings
from unrolled.experiments import Outcome
from unrolled.torch_models import SequenceTagger, seeded
from unrolled.torch_training import device_name, pick_device, updates
from unrolled.training import Row, fit

TEST_STRINGS = {75: 1000, 500: 100, 5000: 20}
VALIDATION_STRETCH = 1.5  # validation strings are half as long again as the training strings
GROW_AT = 0.99  # batch accuracy at which a curriculum takes the next length


class Batch(NamedTuple):
    """Strings with their targets, all [N, T, 1], and the true length of each, [N].

    `weight` is 1 where a step counts in loss and accuracy and 0 elsewhere.
    """

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    lengths: np.ndarray


class Batches:
    """Draw training batches of parity strings for one network.

    Args:
        network: "target" ("prefix" or "last") and "ragged".
        settings: batch size, training set, length, curriculum and masking.
        rng: the network's own stream of random numbers.
    """

    def __init__(self, network: dict[str, Any], settings: Settings, *, rng: np.random.Generator):
        self.network, self.settings, self.rng = network, settings, rng
        self.seq_len = 2 if settings.curriculum else settings.seq_len
        self.pool = None
        if settings.n_train:
            shape = (settings.n_train, settings.seq_len, 1)
            self.pool = rng.integers(0, 2, shape, dtype=np.uint8)
            self.order: list[np.ndarray] = []

    def draw(self) -> Batch:
        """Return the next batch."""
        if self.pool is None:
            x, _ = tasks.parity(self.settings.batch_size, self.seq_len, rng=self.rng)
        else:
            x = self.pool[self._next_indices(len(self.pool))].astype(np.float32)
        return make_batch(x, self.network, masked=self.settings.masked, rng=self.rng)

    def _next_indices(self, n: int) -> np.ndarray:
        """Take the training strings in a new random order each epoch."""
        if not self.order:
            shuffled, size = self.rng.permutation(n), self.settings.batch_size
            self.order = [shuffled[i : i + size] for i in range(0, len(shuffled), size)]
        return self.order.pop(0)

    def heed(self, accuracy: float) -> None:
        """Let the curriculum take the next length once the present one is nearly solved."""
        if self.seq_len < self.settings.seq_len and accuracy >= GROW_AT:
            self.seq_len += 1


def make_batch(
    x: np.ndarray, network: dict[str, Any], *, masked: bool, rng: np.random.Generator
) -> Batch:
    """Give strings their targets, lengths and weights.

    Args:
        x: bits [N, T, 1].
        network: "target" is "prefix" (a target at every step) or "last" (at the end only); "ragged"
            cuts each string at a random length, one kept whole.
        masked: leave the steps past a string's end out of loss and accuracy. The assignment counts
            them: there input and target are 0.
        rng: draws the lengths.
    """
    n, seq_len, _ = x.shape
    lengths, y = np.full(n, seq_len), tasks.prefix_parity(x)
    if network["ragged"]:
        lengths = tasks.ragged_lengths(n, seq_len, rng=rng)
        x, y = tasks.zero_past_end(x, y, lengths)
    steps = np.arange(seq_len)
    if network["target"] == "last":
        weight = steps == lengths[:, None] - 1
    elif masked:
        weight = steps < lengths[:, None]
    else:
        weight = np.ones((n, seq_len))
    return Batch(x, y, weight[..., None].astype(np.float32), lengths)


def weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Average over the steps that count; axes before the last three (networks) are kept."""
    return (values * weight).sum((-3, -2, -1)) / weight.sum((-3, -2, -1))


def loss_and_accuracy(logits: Tensor, y: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return binary cross-entropy and the share of right bits over the steps that count."""
    loss = binary_cross_entropy_with_logits(logits, y, reduction="none")
    right = ((logits > 0) == (y > 0.5)).float()
    return weighted_mean(loss, weight), weighted_mean(right, weight)


def validation_batch(network: dict[str, Any], settings: Settings, *, seed: int) -> Batch:
    """Return the strings on which training is stopped, half as long again as the training ones."""
    rng = np.random.default_rng([seed, 1])
    x, _ = tasks.parity(settings.n_validate, int(VALIDATION_STRETCH * settings.seq_len), rng=rng)
    return make_batch(x, network, masked=settings.masked, rng=rng)


def test_strings(seq_len: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return whole strings of `seq_len` bits with the parity of every prefix."""
    return tasks.parity(TEST_STRINGS[seq_len], seq_len, rng=np.random.default_rng([seed, 2]))


test_strings.__test__ = False  # type: ignore[attr-defined]  # pytest would take it for a test


def build(
    network: dict[str, Any], settings: Settings, seed: int, device: str | None = None
) -> SequenceTagger:
    """Return the untrained network."""
    with seeded(seed):
        tagger = SequenceTagger(network["cell"], 1, settings.hidden_size, settings.num_layers)
    return tagger.to(pick_device(device))


@torch.no_grad()
def prefix_accuracy(tagger: SequenceTagger, seq_len: int, *, seed: int) -> float:
    """Return the share of right answers over every prefix of fresh strings of `seq_len` bits."""
    device = next(tagger.parameters()).device
    x, y = (torch.from_numpy(a).to(device) for a in test_strings(seq_len, seed=seed))
    return ((tagger(x) > 0) == (y > 0.5)).double().mean().item()


def train(
    network: dict[str, Any],
    settings: Settings,
    *,
    seed: int,
    device: str | None = None,
    callback: Callable[[int, Row], None] | None = None,
) -> Outcome:
    """Train one parity network until its validation strings are all right, then test it.

    Metrics: `accuracy_75`, `accuracy_500` and `accuracy_5000` over every prefix of fresh strings,
    `solved` when all three are 1, and `solved_step`.
    """
    where = pick_device(device)
    tagger = build(network, settings, seed, device)
    batches = Batches(network, settings, rng=np.random.default_rng([seed, 0]))

    def on_device(batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        x, y, weight = (torch.from_numpy(a).to(where) for a in batch[:3])
        return x, y, weight, torch.from_numpy(batch.lengths) if network["ragged"] else None

    validation = on_device(validation_batch(network, settings, seed=seed))

    def loss_of(tagger: SequenceTagger, batch: Batch) -> Tensor:
        x, y, weight, lengths = on_device(batch)
        loss, accuracy = loss_and_accuracy(tagger(x, lengths), y, weight)
        batches.heed(accuracy.item())
        return loss

    @torch.no_grad()
    def measure() -> Row:
        x, y, weight, lengths = validation
        loss, accuracy = loss_and_accuracy(tagger(x, lengths), y, weight)
        return {
            "val_loss": loss.item(),
            "val_accuracy": accuracy.item(),
            "seq_len": batches.seq_len,
        }

    history = fit(
        updates(tagger, batches.draw, loss_of, settings),
        settings,
        measure=measure,
        solved=lambda row: row["val_accuracy"] == 1.0,
        callback=callback,
    )
    metrics: dict[str, Any] = {
        f"accuracy_{n}": prefix_accuracy(tagger, n, seed=seed) for n in TEST_STRINGS
    }
    metrics["solved"] = all(value == 1.0 for value in metrics.values())
    metrics["solved_step"] = history.steps if metrics["solved"] else None
    weights = {name: p.numpy(force=True) for name, p in tagger.state_dict().items()}
    return Outcome(history, metrics, weights, device_name(where))
