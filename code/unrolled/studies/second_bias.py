"""What PyTorch's second bias does to training: one bias, two, and two at half the rate.

A cell with b = bias_ih + bias_hh computes what a cell with one bias computes. But each of the two
gets the gradient of their sum and each takes a step of its own, so the sum moves twice as far. Here
the same network is trained from the same start with one bias or two, everything in float64 and on
all strings at once, so that nothing else can differ.

Source: chapter "Build your own LSTM" (`own-lstm`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from unrolled import tasks
from unrolled.torch_models import SequenceTagger, seeded

OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


def train(
    biases: int,
    *,
    bias_rate: float = 1.0,
    optimizer: str = "adam",
    learning_rate: float = 1e-2,
    steps: int = 200,
    hidden_size: int = 8,
    seq_len: int = 8,
    seed: int = 0,
    until_solved: bool = False,
) -> dict[str, Any]:
    """Train an LSTM on XNOR, every string in every step, with one recurrent bias or with two.

    Args:
        biases: 1 (the sum of PyTorch's two, the other held at zero) or 2.
        bias_rate: factor on the learning rate of the recurrent biases.
        optimizer: "sgd" or "adam".
        learning_rate: of everything else.
        steps: updates.
        hidden_size: H.
        seq_len: T; all 2^T strings are used.
        seed: of the starting weights.
        until_solved: stop as soon as every string is right.

    Returns:
        "loss" [steps]; "bias" [steps + 1, 4H], the sum of the biases before each step and at the
        end; "solved_at", the updates after which every string was right, or None.

    Raises:
        ValueError: `biases` is neither 1 nor 2.
    """
    if biases not in (1, 2):
        raise ValueError(f"biases: expected 1 or 2, got {biases!r}")
    network = _network(biases, hidden_size, seed)
    rule = OPTIMIZERS[optimizer](_groups(network, learning_rate, bias_rate))
    x = torch.from_numpy(tasks.all_strings(seq_len)).double()
    y = torch.from_numpy(tasks.prefix_xnor(tasks.all_strings(seq_len))).double()
    losses, sums, solved_at = [], [_sum(network)], None
    for step in range(steps):
        logits = network(x)
        loss = nn.functional.binary_cross_entropy_with_logits(logits, y)
        if solved_at is None and torch.equal(logits > 0, y > 0.5):
            solved_at = step
            if until_solved:
                break
        rule.zero_grad()
        loss.backward()
        rule.step()
        losses.append(loss.item())
        sums.append(_sum(network))
    return {"loss": np.array(losses), "bias": np.array(sums), "solved_at": solved_at}


def _network(biases: int, hidden_size: int, seed: int) -> SequenceTagger:
    """Build the network; with one bias, PyTorch's two are added up and the second is frozen."""
    with seeded(seed):
        network = SequenceTagger("lstm", 1, hidden_size).double()
    if biases == 1:
        kept, frozen = _biases(network)
        with torch.no_grad():
            kept.add_(frozen)
            frozen.zero_()
        frozen.requires_grad_(False)
    return network


def _groups(network: SequenceTagger, learning_rate: float, bias_rate: float) -> list[dict]:
    """Give the recurrent biases a learning rate of their own."""
    biases = _biases(network)
    rest = [p for p in network.parameters() if all(p is not bias for bias in biases)]
    return [
        {"params": rest, "lr": learning_rate},
        {"params": biases, "lr": learning_rate * bias_rate},
    ]


def _biases(network: SequenceTagger) -> list[nn.Parameter]:
    """Return the recurrent layer's bias_ih and bias_hh."""
    return [p for name, p in network.recurrent.named_parameters() if name.startswith("bias")]


def _sum(network: SequenceTagger) -> np.ndarray:
    bias_ih, bias_hh = _biases(network)
    return (bias_ih + bias_hh).detach().numpy()


def steps_to_solve(seeds: int, **settings: Any) -> dict[str, np.ndarray]:
    """Count the updates until every string is right, with one bias and with two, seed by seed.

    Args:
        seeds: how many starts; both networks of a pair have the same.
        settings: passed to `train`.

    Returns:
        "one" and "two", each [seeds]; -1 where the steps did not suffice.
    """

    def solved_at(biases: int, seed: int) -> int:
        at = train(biases, seed=seed, until_solved=True, **settings)["solved_at"]
        return -1 if at is None else at

    pairs = {"one": 1, "two": 2}
    return {
        name: np.array([solved_at(biases, seed) for seed in range(seeds)])
        for name, biases in pairs.items()
    }
