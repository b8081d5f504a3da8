"""Witnesses for assignment 1's network running forward, for its losses, and for a cut gradient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from unrolled import frameworks
from unrolled.derivations import one_unit
from unrolled.derivations.notation import Equation
from unrolled.witnesses.bptt import (
    LETTERS,
    SHEET,
    SHEET_FORWARD,
    SHEET_TARGETS,
    SHEET_X,
    draw,
    world,
)
from unrolled.witnesses.numbers import Gap, World, compare, each_step, from_step_1

THETA, MEAN, SUM = (str(s) for s in (one_unit.d_theta, one_unit.d_mean, one_unit.d_sum))


def sheet_forward(equation: Equation) -> Gap:
    """Compare with the states and outputs of assignment A1.1, to the digits printed."""
    named = world(SHEET, SHEET_X, SHEET_TARGETS)
    named |= {letter: from_step_1(values) for letter, values in SHEET_FORWARD.items()}
    named["h"][0] = 0.0
    return compare(equation, each_step(named, last=2), tolerance=1e-6)


def _forward_world(weights: np.ndarray, x: np.ndarray, h: Any, y: Any) -> World:
    named = dict(zip(LETTERS.values(), weights, strict=True))
    return {**named, "x": from_step_1(x), "h": np.asarray(h, float), "y": from_step_1(y)}


def torch_layers(equation: Equation) -> Gap:
    """Compare with three `torch.nn.Linear` layers of one unit each."""
    import torch

    worlds: list[World] = []
    for seed, steps in ((5, 3), (6, 5), (7, 8)):
        weights, x, _, h_0 = draw(seed, steps)
        w_x, w_h, b_1, w, b_2 = weights
        layers = []
        for weight, bias in ((w_x, b_1), (w_h, 0.0), (w, b_2)):
            layers.append(torch.nn.Linear(1, 1, dtype=torch.float64))
            torch.nn.init.constant_(layers[-1].weight, weight)
            torch.nn.init.constant_(layers[-1].bias, bias)
        h, y = [torch.full((1,), h_0, dtype=torch.float64)], []
        with torch.no_grad():
            for x_t in torch.from_numpy(x)[:, None]:
                h.append(torch.sigmoid(layers[0](x_t) + layers[1](h[-1])))
                y.append(torch.sigmoid(layers[2](h[-1])))
        arrays = [a.item() for a in h], [a.item() for a in y]
        worlds += each_step(_forward_world(weights, x, *arrays), last=steps)
    return compare(equation, worlds)


def keras_layers(equation: Equation) -> Gap:
    """Compare with Keras's `SimpleRNN` and `Dense`, one unit each, with σ for an activation."""
    tf = frameworks.tensorflow()
    worlds: list[World] = []
    for seed, steps in ((8, 2), (9, 4), (10, 7)):
        weights, x, _, h_0 = draw(seed, steps)
        w_x, w_h, b_1, w, b_2 = (np.array([[weight]]) for weight in weights)
        recurrent = tf.keras.layers.SimpleRNN(
            1, activation="sigmoid", return_sequences=True, dtype="float64"
        )
        readout = tf.keras.layers.Dense(1, activation="sigmoid", dtype="float64")
        recurrent.build((1, steps, 1))
        readout.build((1, steps, 1))
        recurrent.set_weights([w_x, w_h, b_1[0]])
        readout.set_weights([w, b_2[0]])
        states = recurrent(x[None, :, None], initial_state=np.array([[h_0]]))
        h, y = (a.numpy()[0, :, 0] for a in (states, readout(states)))
        worlds += each_step(_forward_world(weights, x, [h_0, *h], y), last=steps)
    return compare(equation, worlds)


def _loss_worlds() -> Iterator[tuple[World, np.ndarray, np.ndarray]]:
    """Draw outputs and targets of 1 to 6 steps; θ stands for the output of step 1."""
    for steps in range(1, 7):
        y, g = np.random.default_rng(steps).uniform(size=(2, steps))
        yield {"y": from_step_1(y), "g": from_step_1(g), "T": steps}, y, g


def torch_loss(equation: Equation) -> Gap:
    """Compare with `torch.nn.functional.mse_loss`, its sum and its mean, and their gradients."""
    import torch

    worlds = []
    for named, y, g in _loss_worlds():
        said, target = torch.from_numpy(y).requires_grad_(), torch.from_numpy(g)
        of = {
            how: torch.nn.functional.mse_loss(said, target, reduction=how)
            for how in ("sum", "mean")
        }
        half = sum((a - b) ** 2 for a, b in zip(said, target, strict=True)) / 2
        slopes = {
            name: float(torch.autograd.grad(loss, said)[0][0])
            for name, loss in ((THETA, half), (MEAN, of["mean"]), (SUM, of["sum"]))
        }
        worlds.append({**named, **slopes, "L": 0.5 * of["sum"].item()})
    return compare(equation, worlds)


def keras_loss(equation: Equation) -> Gap:
    """Compare with the gradients of `keras.losses.MeanSquaredError`, summed and averaged."""
    tf = frameworks.tensorflow()
    worlds = []
    for named, y, g in _loss_worlds():
        said, target = tf.Variable(y[:, None]), tf.constant(g[:, None])
        with tf.GradientTape(persistent=True) as tape:
            mean = tf.keras.losses.MeanSquaredError(dtype="float64")(target, said)
            whole = tf.keras.losses.MeanSquaredError("sum", dtype="float64")(target, said)
            half = tf.reduce_sum((said - target) ** 2) / 2
        slopes = {
            name: float(tape.gradient(loss, said)[0, 0])
            for name, loss in ((THETA, half), (MEAN, mean), (SUM, whole))
        }
        worlds.append({**named, **slopes})
    return compare(equation, worlds)


def torch_detached(equation: Equation) -> Gap:
    """Compare with PyTorch, where each loss reads a state detached τ steps before."""
    import torch

    worlds = []
    for seed, steps in ((11, 4), (12, 6)):
        weights, x, targets, h_0 = draw(seed, steps)
        named = world(dict(zip(LETTERS, weights, strict=True)), x, targets, h_0)
        w_x, w_h, b_1, w, b_2 = (torch.tensor(weight) for weight in weights)
        for tau in range(1, steps + 1):
            weight, losses = w_x.clone().requires_grad_(), []
            for t in range(1, steps + 1):
                h = torch.tensor(named["h"][max(0, t - tau)])  # a number: no gradient beyond it
                for x_t in x[max(0, t - tau) : t]:
                    h = torch.sigmoid(weight * x_t + w_h * h + b_1)
                losses.append((torch.sigmoid(w * h + b_2) - targets[t - 1]) ** 2 / 2)
            torch.stack(losses).sum().backward()
            cut = {str(one_unit.cut): float(np.asarray(weight.grad)), r"\tau": tau}
            worlds.append({**named, **cut})
    return compare(equation, worlds)
