"""Witnesses for forward mode (RTRL), and for what both modes cost."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from unrolled import cells, frameworks
from unrolled.derivations import bptt_matrix as letters
from unrolled.derivations.notation import Equation
from unrolled.gradcheck import numerical_gradient
from unrolled.studies import modes
from unrolled.witnesses.numbers import DIFFERENCES, Gap, World, compare, from_step_1

#: T, D, H, C of the networks whose total derivatives are compared.
SIZES = ((3, 2, 3, 2), (5, 1, 2, 1), (2, 3, 4, 3))
#: N, T, D, H of the computations whose costs are counted.
COUNTED = ((1, 1, 1, 1), (3, 5, 2, 4), (2, 7, 3, 6))


def _run(
    tanh: Callable,
    theta: Any,
    x: Any,
    h_0: Any,
    readout: Any,
    errors: Any,
    *,
    times: Callable = operator.matmul,
    reshape: Callable = lambda array, shape: array.reshape(shape),
) -> list:
    """Return h_1 … h_T, and Σ e_t·V h_t: a loss whose gradient in the output V h_t is e_t."""
    h, size = h_0, len(h_0)
    w_ih, w_hh, bias = theta[: -size * (size + 1)], theta[-size * (size + 1) : -size], theta[-size:]
    states, loss = [], 0.0
    for x_t, e_t in zip(x, errors, strict=True):
        from_input = times(reshape(w_ih, (size, -1)), x_t)
        h = tanh(from_input + times(reshape(w_hh, (size, size)), h) + bias)
        states.append(h)
        loss = loss + times(e_t[None], times(readout, h))[0]
    return [*states, loss]


def _worlds(jacobians: Callable[[np.ndarray, list], list]) -> Iterator[World]:
    """Name total and immediate derivatives; `jacobians` differentiates all that `_run` gives."""
    for seed, (steps, d, size, c) in enumerate(SIZES):
        rng = np.random.default_rng(seed)
        shapes = (size * (d + size + 1),), (steps, d), (size,), (c, size), (steps, c)
        theta, x, h_0, readout, errors = given = [rng.normal(size=shape) for shape in shapes]
        *answers, d_theta = jacobians(theta, given[1:])
        h = np.stack([h_0, *_run(np.tanh, *given)[:-1]])
        named = {
            "S": from_step_1(np.stack(answers), np.zeros_like(answers[0])),
            "A": from_step_1(np.stack([modes.immediate(x[t], h[t]) for t in range(steps)])),
            "h": h[:, :, None],
            "e": from_step_1(errors[:, :, None]),
            "V": readout,
            "W_{hh}": theta[-size * (size + 1) : -size].reshape(size, size),
            letters.d_theta.name: d_theta.reshape(-1, 1),
            "T": steps,
            "H": size,
        }
        yield from ({**named, "t": t} for t in range(1, steps + 1))


def rtrl_by_torch(equation: Equation) -> Gap:
    """Compare with PyTorch's Jacobians of every state in all parameters, for several sizes."""
    import torch

    def jacobians(theta: np.ndarray, given: list) -> list:
        tensors = [torch.from_numpy(array) for array in given]
        found = torch.autograd.functional.jacobian(
            lambda at: tuple(_run(torch.tanh, at, *tensors)), torch.from_numpy(theta)
        )
        return [array.numpy() for array in found]

    return compare(equation, _worlds(jacobians))


def rtrl_by_tape(equation: Equation) -> Gap:
    """Compare with GradientTape's derivative of every state in all parameters, several sizes."""
    tf = frameworks.tensorflow()

    def jacobians(theta: np.ndarray, given: list) -> list:
        at = tf.Variable(theta)
        constants = [tf.constant(array) for array in given]
        with tf.GradientTape(persistent=True) as tape:
            answers = _run(tf.tanh, at, *constants, times=tf.linalg.matvec, reshape=tf.reshape)
        found = [tape.jacobian(a, at, experimental_use_pfor=False) for a in answers]
        return [array.numpy() for array in found]

    return compare(equation, _worlds(jacobians))


def rtrl_by_differences(equation: Equation) -> Gap:
    """Compare with central differences of every state in all parameters, for several sizes."""

    def jacobians(theta: np.ndarray, given: list) -> list:
        sizes = [np.size(value) for value in _run(np.tanh, theta, *given)]

        def entry(at: np.ndarray, step: int, unit: int) -> float:
            return np.ravel(_run(np.tanh, at, *given)[step])[unit]

        return [
            np.stack([numerical_gradient(partial(entry, step=s, unit=i), theta) for i in range(n)])
            for s, n in enumerate(sizes)
        ]

    return compare(equation, _worlds(jacobians), DIFFERENCES)


def counted_costs(equation: Equation) -> Gap:
    """Count what `unrolled.studies.modes` multiplies and keeps, for several sizes.

    Its gradients are compared as well: counting a wrong computation would prove nothing.
    """
    worlds = []
    for seed, (n, steps, d, size) in enumerate(COUNTED):
        rng = np.random.default_rng(seed)
        cell = cells.RNN(d, size, rng=rng)
        x, d_outputs = rng.normal(size=(n, steps, d)), rng.normal(size=(n, steps, size))
        state = rng.normal(size=(n, size))
        back = modes.backwards(cell, x, d_outputs, state)
        forw = modes.forwards(cell, x, d_outputs, state)
        _, grads = cell.backward(d_outputs, cell.forward(x, state)[2])
        names = ("weight_ih", "weight_hh", "bias_ih")
        right = np.concatenate([grads[name].ravel() for name in names])
        for answer in (back, forw):
            np.testing.assert_allclose(answer.gradient, right, atol=1e-12)
        counts = {
            letters.products_run: back.run.products,
            letters.products_reverse: back.rest.products,
            letters.products_forward: forw.rest.products,
            letters.kept_reverse: back.rest.kept,
            letters.kept_forward: forw.rest.kept,
        }
        sizes = {"N": n, "T": steps, "D": d, "H": size, "P": size * (d + size + 1)}
        worlds.append({**sizes, **{str(letter): count for letter, count in counts.items()}})
    return compare(equation, worlds, 0.0)
