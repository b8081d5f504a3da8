"""The assignments' own loops, written plainly: what the book's training is measured against.

Each function returns one that makes a single update; nothing here is tuned, and nothing is made
slower than a student would write it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from unrolled import tasks

Update = Callable[[], object]


def parity() -> Update:
    """A2.2: nn.RNN with 4 units, SGD with rate 1, batches of 8 strings of 50 bits."""
    x, y = tasks.parity(8000, 50, rng=np.random.default_rng(0))
    data = TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    batches = iter(())
    rnn, readout = nn.RNN(1, 4, batch_first=True), nn.Linear(4, 1)
    optimizer = torch.optim.SGD([*rnn.parameters(), *readout.parameters()], lr=1.0)

    def update() -> None:
        nonlocal batches
        batch = next(batches, None)
        if batch is None:
            batches = iter(DataLoader(data, batch_size=8, shuffle=True))
            batch = next(batches)
        optimizer.zero_grad()
        outputs, _ = rnn(batch[0])
        nn.functional.binary_cross_entropy_with_logits(readout(outputs), batch[1]).backward()
        optimizer.step()

    return update


def adding() -> Update:
    """A3.5: an Elman network of nn.Linear layers, step by step over three streams of 3,000."""
    x, y = (torch.from_numpy(a) for a in tasks.adding(3, 3000, rng=np.random.default_rng(0)))
    l1, hr, l2 = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 1)
    layers = nn.ModuleList([l1, hr, l2])
    optimizer = torch.optim.Adam(layers.parameters(), lr=1e-3)

    def update() -> None:
        optimizer.zero_grad()
        hidden = torch.tanh(l1(x[:, 0]))
        outputs = [l2(hidden)]
        for t in range(1, x.shape[1]):
            hidden = torch.tanh(l1(x[:, t]) + hr(hidden))
            outputs.append(l2(hidden))
        nn.functional.mse_loss(torch.stack(outputs, dim=1), y).backward()
        optimizer.step()

    return update


def memory() -> Update:
    """A4.2: 10 units, 10 steps, 1,024 sequences, float64, every product inside the loop."""
    rng = np.random.default_rng(0)
    w, r, v = rng.uniform(-1, 1, (1, 10)), np.eye(10), rng.uniform(-0.5, 0.5, (10, 1))
    b_s, b_y = np.zeros((10, 1)), np.zeros((1, 1))

    def update() -> None:
        x = rng.uniform(-1, 1, (10, 1024, 1))
        states = [np.zeros((1024, 10))]
        for t in range(10):
            states.append(np.tanh(x[t] @ w + states[-1] @ r + b_s.T))
        d_y = 2 * (states[-1] @ v + b_y - x[0]) / 1024
        d_v, d_by = states[-1].T @ d_y, d_y.sum(axis=0, keepdims=True)
        d_w, d_r, d_bs = np.zeros((10, 1, 10)), np.zeros((10, 10, 10)), np.zeros((10, 10, 1))
        d_h = d_y @ v.T
        for t in reversed(range(10)):
            d_s = d_h * (1 - states[t + 1] ** 2)
            d_w[t], d_r[t] = x[t].T @ d_s, states[t].T @ d_s
            d_bs[t] = d_s.sum(axis=0, keepdims=True).T
            d_h = d_s @ r.T
        for parameter, gradient in ((w, d_w), (r, d_r), (b_s, d_bs)):
            parameter -= 1e-2 * gradient.sum(axis=0)
        v[...] -= 1e-2 * d_v
        b_y[...] -= 1e-2 * d_by

    return update
