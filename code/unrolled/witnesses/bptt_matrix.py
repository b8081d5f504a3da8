"""Witnesses for backpropagation through time in matrices: the book's cell, PyTorch, TensorFlow.

The loss is ½ Σ (y - g)² over batch, steps and outputs, with y_t = V h_t + b_y, so its gradient in
y_t is y_t - g_t. As in `bptt`, δ_t is read off as the derivative in a nudge of step t's own
pre-activation, which no formula of the chapter enters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from unrolled import cells, frameworks
from unrolled.derivations import bptt_matrix as letters
from unrolled.derivations.notation import Equation
from unrolled.gradcheck import numerical_gradient
from unrolled.witnesses.numbers import DIFFERENCES, Gap, World, compare, from_step_1
from unrolled.witnesses.symbolic import compare_symbols

#: Sizes T, N, D, H, C of the random networks, and of those written out in letters.
SIZES = ((4, 3, 2, 3, 2), (1, 2, 3, 2, 1), (6, 1, 1, 4, 3))
SMALL = ((2, 2, 1, 2, 1), (2, 1, 2, 2, 2))
GRADIENT_OF = {
    "W_ih": letters.d_ih.name,
    "W_hh": letters.d_hh.name,
    "b": letters.d_bias.name,
    "V": letters.d_V.name,
    "b_y": letters.d_by.name,
}
Arrays = dict[str, Any]


def _draw(seed: int, sizes: tuple[int, ...]) -> tuple[Arrays, np.ndarray, np.ndarray, np.ndarray]:
    """Draw the weights, inputs [T, D, N], targets [T, C, N] and a first state [H, N]."""
    steps, n, d, h, c = sizes
    rng = np.random.default_rng(seed)
    shapes = {"W_ih": (h, d), "W_hh": (h, h), "b": (h, 1), "V": (c, h), "b_y": (c, 1)}
    weights = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    return (
        weights,
        rng.normal(size=(steps, d, n)),
        rng.normal(size=(steps, c, n)),
        rng.normal(size=(h, n)),
    )


def _run(
    tanh: Callable, weights: Arrays, nudges: Any, x: Any, targets: Any, h_0: Any
) -> tuple[Any, list, list]:
    """Run the network in columns; return the loss, h_1 … and the errors y_1 - g_1 …"""
    h, states, errors = h_0, [], []
    for x_t, g_t, nudge in zip(x, targets, nudges, strict=True):
        h = tanh(weights["W_ih"] @ x_t + weights["W_hh"] @ h + weights["b"] + nudge)
        states.append(h)
        errors.append(weights["V"] @ h + weights["b_y"] - g_t)
    return sum((error**2).sum() for error in errors) / 2, states, errors


def _named(weights: Arrays, x: Any, h: Any, errors: Any, d_nudges: Any, grads: Arrays) -> World:
    """Name the arrays of one network; h begins with h_0."""
    return {
        "W_{hh}": weights["W_hh"],
        "V": weights["V"],
        "x": from_step_1(x),
        "h": np.asarray(h),
        "e": from_step_1(errors),
        r"\delta": from_step_1(d_nudges),
        "T": len(x),
        "N": x.shape[-1],
        "H": len(h[0]),
        **{GRADIENT_OF[name]: grads[name] for name in grads},
    }


def _numpy_run(weights: Arrays, nudges: Any, *given: Any) -> tuple[Any, list, list]:
    return _run(np.tanh, weights, nudges, *given)


def _steps(worlds: tuple[World, ...], equation: Equation) -> Iterator[World]:
    """Yield each world at each step; δ_{t+1} is wanted up to T - 1 only."""
    inner = equation.label == "eq-bptt-matrix-delta"
    return (
        {**named, "t": t}
        for named in worlds
        for t in range(1, named["T"] if inner else named["T"] + 1)
    )


@lru_cache(maxsize=1)
def _torch_worlds() -> tuple[World, ...]:
    import torch

    worlds = []
    for seed, sizes in enumerate(SIZES):
        weights, *given = _draw(seed, sizes)
        leaves = {k: torch.from_numpy(v.copy()).requires_grad_() for k, v in weights.items()}
        nudges = torch.zeros(sizes[0], sizes[3], sizes[1], dtype=torch.float64, requires_grad=True)
        loss, _, _ = _run(torch.tanh, leaves, nudges, *map(torch.from_numpy, given))
        loss.backward()
        grads = {name: np.asarray(leaf.grad) for name, leaf in leaves.items()}
        worlds.append(_world_of(weights, given, np.asarray(nudges.grad), grads))
    return tuple(worlds)


def _world_of(weights: Arrays, given: Any, d_nudges: np.ndarray, grads: Arrays) -> World:
    x, _, h_0 = given
    _, states, errors = _numpy_run(weights, np.zeros(len(x)), *given)
    return _named(weights, x, np.stack([h_0, *states]), errors, d_nudges, grads)


@lru_cache(maxsize=1)
def _tape_worlds() -> tuple[World, ...]:
    tf = frameworks.tensorflow()

    def loss_of(weights: Arrays, nudges: Any, x: Any, targets: Any, h: Any) -> Any:
        loss = 0.0
        for x_t, g_t, nudge in zip(x, targets, tf.unstack(nudges), strict=True):
            h = tf.tanh(weights["W_ih"] @ x_t + weights["W_hh"] @ h + weights["b"] + nudge)
            loss += tf.reduce_sum((weights["V"] @ h + weights["b_y"] - g_t) ** 2) / 2
        return loss

    worlds = []
    for seed, sizes in enumerate(SIZES):
        weights, *given = _draw(10 + seed, sizes)
        leaves = {name: tf.Variable(array) for name, array in weights.items()}
        leaves["nudges"] = tf.Variable(np.zeros((sizes[0], sizes[3], sizes[1])))
        with tf.GradientTape() as tape:
            loss = loss_of(leaves, leaves["nudges"], *given)
        grads = {name: g.numpy() for name, g in tape.gradient(loss, leaves).items()}
        worlds.append(_world_of(weights, given, grads.pop("nudges"), grads))
    return tuple(worlds)


@lru_cache(maxsize=1)
def _measured_worlds() -> tuple[World, ...]:
    worlds = []
    for seed, sizes in enumerate(SIZES):
        weights, *given = _draw(20 + seed, sizes)
        nudges = np.zeros((sizes[0], sizes[3], sizes[1]))

        def loss(_: np.ndarray, weights=weights, nudges=nudges, given=given) -> float:
            return _numpy_run(weights, nudges, *given)[0]

        grads = {name: numerical_gradient(loss, array) for name, array in weights.items()}
        worlds.append(_world_of(weights, given, numerical_gradient(loss, nudges), grads))
    return tuple(worlds)


def matrix_by_torch(equation: Equation) -> Gap:
    """Compare with PyTorch's automatic differentiation, for several sizes."""
    return compare(equation, _steps(_torch_worlds(), equation))


def matrix_by_tape(equation: Equation) -> Gap:
    """Compare with TensorFlow's GradientTape, for several sizes."""
    return compare(equation, _steps(_tape_worlds(), equation))


def matrix_by_differences(equation: Equation) -> Gap:
    """Compare with central differences, for several sizes."""
    return compare(equation, _steps(_measured_worlds(), equation), DIFFERENCES)


def numpy_backward(equation: Equation) -> Gap:
    """Compare with `unrolled.cells.RNN.backward`, both of its biases, for several sizes."""
    worlds = []
    for seed, world in enumerate(_torch_worlds()):
        weights, x, _, h_0 = _draw(seed, SIZES[seed])
        cell = cells.RNN(len(x[0]), len(h_0))
        for name, letter in (("weight_ih", "W_ih"), ("weight_hh", "W_hh")):
            cell.parameters[name][...] = weights[letter]
        cell.bias_ih[...], cell.bias_hh[...] = weights["b"][:, 0], 0
        _, _, cache = cell.forward(x.transpose(2, 0, 1), h_0.T)
        d_outputs = np.stack([weights["V"].T @ e_t for e_t in world["e"][1:]]).transpose(2, 0, 1)
        _, grads = cell.backward(d_outputs, cache)
        for bias in ("bias_ih", "bias_hh"):
            found = {"W_ih": grads["weight_ih"], "W_hh": grads["weight_hh"]}
            found["b"] = grads[bias][:, None]
            worlds.append({**world, **{GRADIENT_OF[name]: found[name] for name in found}})
    return compare(equation, worlds)


def matrix_by_symbols(equation: Equation) -> Gap:
    """Let SymPy differentiate small networks that are written out entry by entry."""
    return compare_symbols(equation, _steps(tuple(map(_symbolic, SMALL)), equation))


def _letters(name: str, *shape: int) -> np.ndarray:
    return np.array(sp.symbols(f"{name}:{int(np.prod(shape))}"), object).reshape(shape)


@lru_cache(maxsize=2)
def _symbolic(sizes: tuple[int, ...]) -> World:
    """Name everything as SymPy expressions, the entries of the states among the letters."""
    steps, n, d, h, c = sizes
    shapes = {"W_ih": (h, d), "W_hh": (h, h), "b": (h, 1), "V": (c, h), "b_y": (c, 1)}
    weights = {name: _letters(name + "_", *shape) for name, shape in shapes.items()}
    x, targets = _letters("x_", steps, d, n), _letters("g_", steps, c, n)
    h_0, states, nudges = (
        _letters("h0_", h, n),
        _letters("h_", steps, h, n),
        _letters("n_", steps, h, n),
    )
    tanh = np.vectorize(sp.tanh, otypes=[object])
    loss, nested, errors = _run(tanh, weights, nudges, x, targets, h_0)
    rest = dict.fromkeys(nudges.ravel(), 0)
    plain = [entry.subs(rest) for state in nested for entry in state.ravel()]
    names = dict(zip(plain, states.ravel(), strict=True))

    def short(entry: Any) -> Any:
        return entry.subs(rest).xreplace(names)

    def by(array: np.ndarray) -> np.ndarray:
        found = [short(sp.diff(loss, letter)) for letter in array.ravel()]
        return np.array(found, object).reshape(array.shape)

    grads = {name: by(array) for name, array in weights.items()}
    flat = np.array([short(entry) for error in errors for entry in error.ravel()], object)
    path = np.concatenate([h_0[None], states])
    return _named(weights, x, path, flat.reshape(targets.shape), by(nudges), grads)
