"""Row readers with one thing changed: two mistakes that raise no error, and two orders of reading.

Each is trained for a short while from the same first weights and on the same batches as
`mnist-lstm-32`, so that nothing else can differ.

Source: chapter "Reading MNIST row by row".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unrolled import mnist
from unrolled.assignments import Settings
from unrolled.experiments.mnist import (
    loss_and_accuracy,
    rows_and_labels,
    shuffled_batches,
)
from unrolled.torch_models import RowReader, seeded
from unrolled.torch_training import updates
from unrolled.training import fit

CHANGES = ("time first", "softmax twice", "columns", "shuffled pixels")


def train(change: str, settings: Settings, *, data: str, seed: int = 0) -> dict[str, Any]:
    """Train an LSTM row reader with one thing changed.

    Args:
        change: one of `CHANGES`. "time first": the recurrent layer lacks `batch_first`, and takes
            the images for its time steps; "softmax twice": probabilities, not logits, enter the
            cross-entropy; "columns": the image is read from left to right; "shuffled pixels": all
            images have their 784 pixels reordered in the same random way.
        settings: of the training.
        data: which images it is about, "real" or "digits"; kept with the result.
        seed: of weights and batches; the order of the pixels is always the same.

    Returns:
        "step", "loss" (the one that is made smaller) and "val_accuracy", one a measurement;
        "test_accuracy"; "most_common", the share of the test answers that is the same class.

    Raises:
        ValueError: no such change, or other images were found than `data` says.
    """
    if change not in CHANGES:
        raise ValueError(f"change: expected one of {', '.join(CHANGES)}, got {change!r}")
    if (found := mnist.find().kind) != data:
        raise ValueError(f"data: expected {found}, which is what was found, got {data!r}")
    with seeded(seed):
        reader = RowReader("lstm", settings.hidden_size, settings.num_layers)
    reader.recurrent.batch_first = change != "time first"
    parts = {name: (seen_as(change, x), y) for name, (x, y) in rows_and_labels().items()}
    x, y = (part[: settings.n_train] for part in parts["train"])
    batches = shuffled_batches(x, y, settings.batch_size, rng=np.random.default_rng([seed, 0]))
    history = fit(
        updates(reader, lambda: next(batches), loss_with(change), settings),
        settings,
        measure=lambda: {"val_accuracy": loss_and_accuracy(reader, *parts["validation"])[1]},
    )
    with torch.no_grad():
        answers = torch.cat([reader(part).argmax(1) for part in parts["test"][0].split(1000)])
    columns = history.arrays()
    return {name: columns[name] for name in ("step", "loss", "val_accuracy")} | {
        "test_accuracy": (answers == parts["test"][1]).double().mean().item(),
        "most_common": answers.bincount().max().item() / len(answers),
    }


def seen_as(change: str, rows: Tensor) -> Tensor:
    """Return images as a reader with this change sees them, [N, 28, 28]."""
    if change == "columns":
        return rows.transpose(1, 2).contiguous()
    if change == "shuffled pixels":
        order = torch.from_numpy(np.random.default_rng(28).permutation(28 * 28))
        return rows.flatten(1)[:, order].view_as(rows)
    return rows


def loss_with(change: str) -> Callable[[nn.Module, tuple[Tensor, Tensor]], Tensor]:
    """Return the loss of a reader on a batch (rows, labels)."""

    def loss(reader: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        logits = reader(batch[0])
        if change == "softmax twice":
            logits = logits.softmax(dim=1)
        return nn.functional.cross_entropy(logits, batch[1])

    return loss
