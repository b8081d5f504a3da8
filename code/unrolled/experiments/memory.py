"""The memory task (assignment 4): give the first input back after T steps, in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unrolled import tasks
from unrolled.assignments import Settings
from unrolled.cells import RNN
from unrolled.experiments import Outcome
from unrolled.training import Arrays, NumpyOptimizer, Row, fit

SOLVED_MSE = 1e-2


class LastOutput:
    """A NumPy cell and a linear readout of its last output: ŷ = W_out h_T + b_out.

    Args:
        cell: an `unrolled.cells` cell.
        readout: W_out [O, H].
    """

    def __init__(self, cell: RNN, readout: np.ndarray) -> None:
        self.cell, self.readout = cell, readout
        self.readout_bias = np.zeros(len(readout), readout.dtype)

    @property
    def parameters(self) -> Arrays:
        """Name → array, live. The second bias of the cell stays 0: one bias is enough."""
        own = {"readout": self.readout, "readout_bias": self.readout_bias}
        return {k: v for k, v in self.cell.parameters.items() if k != "bias_hh"} | own

    def forward(self, x: np.ndarray) -> tuple[np.ndarray, tuple[Any, np.ndarray]]:
        """Return the predictions [N, O] for x [N, T, D], and what `gradients` needs."""
        outputs, _, cache = self.cell.forward(x)
        return outputs[:, -1] @ self.readout.T + self.readout_bias, (cache, outputs)

    def gradients(self, d_y: np.ndarray, memory: tuple[Any, np.ndarray]) -> Arrays:
        """Return the gradient of every parameter from that of the predictions, [N, O]."""
        cache, outputs = memory
        unread = np.broadcast_to(outputs.dtype.type(0), outputs.shape)  # one 0 seen everywhere
        _, grads = self.cell.backward(unread, cache, d_y @ self.readout)
        own = {"readout": d_y.T @ outputs[:, -1], "readout_bias": d_y.sum(0)}
        return {k: grads[k] for k in self.cell.parameters if k != "bias_hh"} | own


def recurrent_start(init: str, hidden_size: int, *, rng: np.random.Generator) -> np.ndarray:
    """Return the recurrent matrix [H, H] at the start of training.

    Args:
        init: "identity"; "orthogonal", drawn uniformly among rotations and reflections; "default",
            PyTorch's uniform ±1/√H.
        hidden_size: H.
        rng: draws the matrix.

    Raises:
        ValueError: another `init`.

    Source: Saxe, McClelland and Ganguli (2014) for orthogonal starts.
    """
    if init == "identity":
        return np.eye(hidden_size)
    if init == "orthogonal":
        q, r = np.linalg.qr(rng.standard_normal((hidden_size, hidden_size)))
        return q * np.sign(np.diag(r))  # without the signs the draw is not uniform
    if init == "default":
        return rng.uniform(-1, 1, (hidden_size, hidden_size)) / np.sqrt(hidden_size)
    raise ValueError(f"init: expected identity, orthogonal or default, got {init!r}")


def build(
    network: dict[str, Any], settings: Settings, seed: int, device: str | None = None
) -> LastOutput:
    """Return the untrained network, in float32.

    Raises:
        ValueError: a device other than the CPU was asked for.
    """
    if device not in (None, "cpu"):
        raise ValueError(f"device: NumPy networks run on cpu, got {device!r}")
    rng, size = np.random.default_rng([seed, 3]), settings.hidden_size
    cell = RNN(1, size, rng=rng, dtype=np.float32)
    scale = np.sqrt(3.0) if settings.input_scale is None else settings.input_scale
    cell.weight_ih[:] = rng.uniform(-scale, scale, (size, 1))
    cell.weight_hh[:] = recurrent_start(settings.init, size, rng=rng)
    cell.bias_ih[:] = cell.bias_hh[:] = 0
    bound = np.sqrt(3 / size)
    return LastOutput(cell, rng.uniform(-bound, bound, (1, size)).astype(np.float32))


def mean_squared_error(net: LastOutput, x: np.ndarray, y: np.ndarray) -> float:
    """Return the mean squared error of the network on x [N, T, 1] and y [N, 1]."""
    return float(np.mean((net.forward(x)[0] - y) ** 2))


def train(
    network: dict[str, Any],
    settings: Settings,
    *,
    seed: int,
    device: str | None = None,
    callback: Callable[[int, Row], None] | None = None,
) -> Outcome:
    """Train one network to remember for `settings.seq_len` steps.

    Metrics: `test_mse` on 10,240 fresh sequences, and `solved` when it is below 1e-2.
    """
    net = build(network, settings, seed, device)
    optimizer = NumpyOptimizer(net.parameters, settings)
    rng = np.random.default_rng([seed, 0])

    def update() -> float:
        x, y = tasks.memory(settings.batch_size, settings.seq_len, rng=rng)
        prediction, memory = net.forward(x)
        error = prediction - y
        optimizer.step(net.gradients(2 * error / error.size, memory))
        return float(np.mean(error**2))

    history = fit(update, settings, callback=callback)
    held_out = tasks.memory(
        settings.n_validate, settings.seq_len, rng=np.random.default_rng([seed, 2])
    )
    test_mse = mean_squared_error(net, *held_out)
    weights = {name: array.copy() for name, array in net.parameters.items()}
    metrics = {"test_mse": test_mse, "solved": test_mse < SOLVED_MSE}
    return Outcome(history, metrics, weights, "cpu, NumPy")
