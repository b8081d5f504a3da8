"""Training PyTorch networks: the device, one update, and assignment 3's two functions."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from unrolled.assignments import Settings, profile
from unrolled.training import learning_rates

Batch = tuple[Tensor, ...]


@contextmanager
def without_denormals() -> Iterator[None]:
    """Flush denormal numbers to zero for a while; also a decorator.

    Gradients that vanish over many steps end as such numbers, on which a CPU is ten times slower.
    The setting holds for all that the thread computes, NumPy's sums too, so training alone has it.
    """
    before = sys.float_info.min / 2 == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def pick_device(name: str | None = None) -> torch.device:
    """Return the device to train on.

    Without a name it is the GPU under the profile `gpu` where there is one, and the CPU otherwise:
    networks this small are faster there.

    Raises:
        ValueError: the named device is unknown, or is not on this machine.
    """
    if name is None:
        name = "cuda" if profile().name == "gpu" and torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"device: expected cpu or cuda, got {name!r}") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError("device: cuda was asked for, but PyTorch finds no CUDA device here")
    if device.type not in ("cpu", "cuda"):
        raise ValueError(f"device: expected cpu or cuda, got {name!r}")
    return device


def device_name(device: torch.device) -> str:
    """Return what a record says of the device: the GPU's name, or the number of CPU threads."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"cpu, {torch.get_num_threads()} of {os.cpu_count()} threads"


def make_optimizer(parameters: Iterable[nn.Parameter], settings: Settings) -> torch.optim.Optimizer:
    """Return the optimiser that the settings name."""
    if settings.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=settings.learning_rate, momentum=settings.momentum)
    return torch.optim.Adam(parameters, lr=settings.learning_rate)


def updates(
    network: nn.Module,
    draw: Callable[[], Any],
    loss_of: Callable[..., Tensor],
    settings: Settings,
) -> Callable[[], float]:
    """Return the function that makes one update of `network` and gives the loss of its batch.

    Args:
        network: what is trained.
        draw: gives the next batch.
        loss_of: the scalar loss of the network on a batch.
        settings: optimiser, rate, schedule and clip.
    """
    parameters = list(network.parameters())
    optimizer = make_optimizer(parameters, settings)
    rates = learning_rates(settings)

    @without_denormals()
    def update() -> float:
        for group in optimizer.param_groups:
            group["lr"] = next(rates)
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(network, draw())
        loss.backward()
        if settings.clip:
            nn.utils.clip_grad_norm_(parameters, settings.clip)
        optimizer.step()
        return loss.item()

    return update


@without_denormals()
def train_model(
    model: nn.Module,
    data: dict[str, Iterable[Batch]],
    optimizer: torch.optim.Optimizer,
    criterion: Callable[[Tensor, Tensor], Tensor],
    n_epochs: int,
) -> tuple[nn.Module, dict[str, list[float]]]:
    """Train a model for some epochs and report each epoch's two losses (A3.3).

    Args:
        model: maps x [B, T, D] to predictions [B, T, O].
        data: "train" and "validation", each a collection of batches (x, y) that can be read again.
        optimizer: made on the model's parameters.
        criterion: the mean loss of predictions and targets.
        n_epochs: passes over the training batches.

    Returns:
        The model, and {"train": …, "validation": …} with one loss an epoch: the mean over that
        epoch's batches alone.
    """
    losses: dict[str, list[float]] = {"train": [], "validation": []}
    for _ in range(n_epochs):
        seen = []
        for x, y in data["train"]:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            seen.append(loss.item())
        losses["train"].append(sum(seen) / len(seen))
        with torch.no_grad():
            held_out = [criterion(model(x), y).item() for x, y in data["validation"]]
        losses["validation"].append(sum(held_out) / len(held_out))
    return model, losses


@torch.no_grad()
def test_model(model: nn.Module, data: Iterable[Batch]) -> tuple[Tensor, Tensor]:
    """Return a model's predictions and the targets over all batches, in order (A3.4)."""
    pairs = [(model(x), y) for x, y in data]
    return torch.cat([p for p, _ in pairs]), torch.cat([y for _, y in pairs])


test_model.__test__ = False  # type: ignore[attr-defined]  # pytest would take it for a test
