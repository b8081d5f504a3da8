"""MNIST row by row (assignment 5): read 28 rows of 28 pixels, then name the digit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unrolled import mnist
from unrolled.assignments import Settings
from unrolled.experiments import Outcome
from unrolled.torch_models import RowReader, WholeImage, seeded
from unrolled.torch_training import device_name, pick_device, updates
from unrolled.training import Row, fit


def build(
    network: dict[str, Any], settings: Settings, seed: int, device: str | None = None
) -> nn.Module:
    """Return the untrained classifier."""
    with seeded(seed):
        if network["cell"] == "whole-image":
            classifier: nn.Module = WholeImage(settings.hidden_size)
        else:
            classifier = RowReader(network["cell"], settings.hidden_size, settings.num_layers)
    return classifier.to(pick_device(device))


@lru_cache(maxsize=1)
def rows_and_labels() -> dict[str, tuple[Tensor, Tensor]]:
    """Return binarised rows [N, 28, 28] and labels [N] of train, validation and test."""
    images = mnist.load()
    return {
        part: (
            torch.from_numpy(mnist.binarise(getattr(images, part).images)),
            torch.from_numpy(getattr(images, part).labels.astype(np.int64)),
        )
        for part in ("train", "validation", "test")
    }


@torch.no_grad()
def loss_and_accuracy(
    classifier: nn.Module, rows: Tensor, labels: Tensor, batch_size: int = 1000
) -> tuple[float, float]:
    """Return mean cross-entropy and the share of right answers."""
    loss = right = 0.0
    for chunk, answer in zip(rows.split(batch_size), labels.split(batch_size), strict=True):
        logits = classifier(chunk)
        loss += nn.functional.cross_entropy(logits, answer, reduction="sum").item()
        right += (logits.argmax(1) == answer).sum().item()
    return loss / len(labels), right / len(labels)


def shuffled_batches(
    rows: Tensor, labels: Tensor, batch_size: int, *, rng: np.random.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield batches for ever, in a new order each epoch.

    An epoch takes every image once: the pixels lie in memory and a batch is one indexing, which
    costs a fraction of what collating single images does.
    """
    while True:
        order = torch.from_numpy(rng.permutation(len(rows))).to(rows.device)
        for chosen in order.split(batch_size):
            yield rows[chosen], labels[chosen]


def train(
    network: dict[str, Any],
    settings: Settings,
    *,
    seed: int,
    device: str | None = None,
    callback: Callable[[int, Row], None] | None = None,
) -> Outcome:
    """Train one classifier and test it.

    Metrics: `test_loss`, `test_accuracy`, `val_accuracy`, `parameters`, and `data` ("real" MNIST or
    the embedded "digits").
    """
    where = pick_device(device)
    classifier = build(network, settings, seed, device)
    parts = {k: (r.to(where), a.to(where)) for k, (r, a) in rows_and_labels().items()}
    rows, labels = (a[: settings.n_train] for a in parts["train"])
    held_rows, held_labels = (a[: settings.n_validate] for a in parts["validation"])
    batches = shuffled_batches(
        rows, labels, settings.batch_size, rng=np.random.default_rng([seed, 0])
    )

    def measure() -> Row:
        loss, accuracy = loss_and_accuracy(classifier, held_rows, held_labels)
        return {"val_loss": loss, "val_accuracy": accuracy}

    history = fit(
        updates(
            classifier,
            lambda: next(batches),
            lambda classifier, batch: nn.functional.cross_entropy(classifier(batch[0]), batch[1]),
            settings,
        ),
        settings,
        measure=measure,
        callback=callback,
    )
    test_loss, test_accuracy = loss_and_accuracy(classifier, *parts["test"])
    weights = {name: p.numpy(force=True) for name, p in classifier.state_dict().items()}
    metrics = {
        "test_loss": test_loss,
        "test_accuracy": test_accuracy,
        "val_accuracy": measure()["val_accuracy"],
        "parameters": sum(p.numel() for p in classifier.parameters()),
        "data": mnist.find().kind,
    }
    return Outcome(history, metrics, weights, device_name(where))
