"""A long stream read in windows: what is handed over a boundary, and what that costs.

A *window* is a stretch of a stream that one update sees. Gradients end at its boundaries; the state
may be dropped there, or handed on. With the adding problem (assignment 3) the module also holds two
networks made on purpose: an LSTM set by hand that solves it, and an "Elman network" through which
nothing moves in time.

Source: Williams and Peng (1990) for truncation; chapter "The adding problem".
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unrolled import tasks
from unrolled.assignments import Settings
from unrolled.experiments.adding import Streams, mean_squared_error, test_streams
from unrolled.torch_models import Elman, SequenceTagger, seeded
from unrolled.torch_training import updates

HANDOVERS = ("reset", "detach", "carry")


def read_window(model: SequenceTagger, x: Tensor, state: Any) -> tuple[Tensor, Any]:
    """Return a model's answers to one window [N, W, D], and its state after the last step."""
    hidden, state = model.recurrent(x, state)
    return model.readout(hidden), state


def hand_over(state: Any, how: str) -> Any:
    """Return the state with which the next window starts.

    Args:
        state: after the last step of the window before; a tensor, an LSTM's pair, or None at the
            start of a stream.
        how: "reset" drops it, "detach" keeps its value and cuts its gradient, "carry" keeps both.

    Raises:
        ValueError: another word.
    """
    if how not in HANDOVERS:
        raise ValueError(f"how: expected one of {', '.join(HANDOVERS)}, got {how!r}")
    if state is None or how == "reset":
        return None
    if how == "detach":
        return state.detach() if torch.is_tensor(state) else tuple(s.detach() for s in state)
    return state


def train_on_stream(
    model: SequenceTagger, x: Tensor, y: Tensor, window: int, how: str, settings: Settings
) -> list[float]:
    """Read streams once, window after window, with an update after each; return its losses.

    Args:
        model: what is trained.
        x: streams [N, T, D], read side by side.
        y: targets [N, T, O].
        window: W, steps between two updates.
        how: what is handed over a boundary, see `hand_over`.
        settings: optimiser, rate, schedule and clip; `steps` of at least T / W.
    """
    pieces = zip(x.split(window, dim=1), y.split(window, dim=1), strict=True)
    state = None

    def loss_of(model: SequenceTagger, piece: tuple[Tensor, Tensor]) -> Tensor:
        nonlocal state
        answers, state = read_window(model, piece[0], hand_over(state, how))
        return nn.functional.mse_loss(answers, piece[1])

    update = updates(model, lambda: next(pieces), loss_of, settings)
    return [update() for _ in range(-(-x.shape[1] // window))]


def stream_study(cell: str, window: int, how: str, settings: Settings, seed: int) -> dict[str, Any]:
    """Train a tagger on fresh streams read in windows, and test it on whole streams of 3,000 steps.

    Args:
        cell: "rnn", "lstm" or "gru".
        window: W.
        how: what is handed over a boundary.
        settings: `batch_size` streams of `steps` windows each.
        seed: of the weights and the streams.

    Returns:
        `train_mse`, the mean of the last tenth of the updates, and `test_mse`.
    """
    with seeded(seed):
        model = SequenceTagger(cell, 2, settings.hidden_size)
    rng = np.random.default_rng([seed, 0])
    drawn = tasks.adding(settings.batch_size, settings.steps * window, rng=rng)
    x, y = (torch.from_numpy(a) for a in drawn)
    losses = train_on_stream(model, x, y, window, how, settings)
    last = losses[-max(1, len(losses) // 10) :]
    test_mse = mean_squared_error(model, *test_streams(seed))
    return {"train_mse": float(np.mean(last)), "test_mse": test_mse}


@torch.no_grad()
def mse_in_windows(model: SequenceTagger, x: Tensor, y: Tensor, window: int, how: str) -> float:
    """Return the mean squared error over streams that are read in windows."""
    state, answers = None, []
    for piece in x.split(window, dim=1):
        answer, state = read_window(model, piece, hand_over(state, how))
        answers.append(answer)
    return nn.functional.mse_loss(torch.cat(answers, dim=1), y).item()


def reset_floor(window: int) -> float:
    """Return the least MSE of any network whose state is dropped every `window` steps.

    (1/W) Σ_{k=0}^{W-1} (1/6)·2^{-k} = (1 − 2^{-W}) / 3W: a step k after the boundary stands on
    rung k of `tasks.adding_rung`.
    """
    return sum(tasks.adding_rung(k) for k in range(window)) / window


def gradient_by_distance(model: nn.Module, x: Tensor, distances: int) -> np.ndarray:
    """Return how strongly the answers depend on the number k steps before, k = 0 … `distances` − 1.

    Mean of |∂ŷ_T / ∂u_{T-k}| over streams whose last answer is asked for.

    Args:
        model: maps x [N, T, 2] to answers [N, T, 1].
        x: streams of at least `distances` steps; those that end with marker 1 are used.
        distances: how far back to look.
    """
    asked = x[x[:, -1, 1] == 1].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(asked)[:, -1].sum(), asked)
    return gradient[:, :, 0].abs().mean(0).flip(0)[:distances].numpy()


def adder_by_hand(scale: float = 0.01, sharpness: float = 40.0) -> SequenceTagger:
    """Return an LSTM with two units, set by hand, that solves the adding problem.

    Unit 1 keeps the number of the last marker: with m = 1 its input gate is open and its forget
    gate shut, otherwise the reverse. Unit 2 keeps nothing; it adds this number to what unit 1
    showed after the step before, and its output gate opens at a marker only. Both work at
    `scale`, where tanh is nearly a straight line.
    """
    model = SequenceTagger("lstm", 2, 2)
    weights = {name: torch.zeros_like(p) for name, p in model.state_dict().items()}
    w_ih, w_hh, b = (weights[f"recurrent.{n}_l0"] for n in ("weight_ih", "weight_hh", "bias_ih"))
    i, f, g, o = (torch.tensor([2 * k, 2 * k + 1]) for k in range(4))
    for row, sign in ((i[0], 1.0), (f[0], -1.0), (o[1], 1.0)):  # gates that heed the marker
        w_ih[row, 1], b[row] = sign * sharpness, -sign * sharpness / 2
    for row, sign in ((o[0], 1.0), (i[1], 1.0), (f[1], -1.0)):  # always open, open, shut
        b[row] = sign * sharpness
    w_ih[g, 0] = scale
    w_hh[g[1], 0] = 1.0  # unit 2 adds what unit 1 showed one step ago
    weights["readout.weight"][0, 1] = 1 / scale
    model.load_state_dict(weights)
    return model


class RepeatedElman(Elman):
    """A mistake: l1 reads the whole sequence at once, and the loop over time repeats the same.

    Every h_t is computed from x_t alone, T times over; no information moves from step to step.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs [N, T, output_size] for x [N, T, D]."""
        h = torch.tanh(self.l1(x))  # [N, T, H]
        for _ in range(1, x.shape[1]):
            h = torch.tanh(self.l1(x) + self.hr(h))
        return self.l2(h)


@torch.no_grad()
def permutation_gap(model: nn.Module, x: Tensor, order: Tensor) -> float:
    """Return how far answers to permuted steps are from permuted answers; 0 without memory.

    Args:
        model: maps x [N, T, D] to answers [N, T, O].
        x: sequences.
        order: a permutation of 0 … T − 1.
    """
    return (model(x[:, order]) - model(x)[:, order]).abs().max().item()


def repeated_study(settings: Settings, seed: int) -> dict[str, Any]:
    """Train a `RepeatedElman` on the adding problem and test it on one stream of 3,000 steps.

    Returns:
        `test_mse`, the MSE of the best answer without memory on that same stream
        (`memoryless_mse`), and its `permutation_gap` on a training batch.
    """
    with seeded(seed):
        model = RepeatedElman(2, settings.hidden_size, 1)
    streams = Streams(settings, torch.device("cpu"), rng=np.random.default_rng([seed, 0]))

    def loss_of(model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return nn.functional.mse_loss(model(batch[0]), batch[1])

    update = updates(model, streams.draw, loss_of, settings)
    for _ in range(settings.steps):
        update()
    x, y = (a[:1] for a in test_streams(seed))
    answer = x[..., :1] * (x[..., 1:] == 1)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(settings.seq_len))
    return {
        "test_mse": mean_squared_error(model, x, y),
        "memoryless_mse": nn.functional.mse_loss(answer, y).item(),
        "permutation_gap": permutation_gap(model, streams.draw()[0], order),
    }
