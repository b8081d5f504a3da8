"""Witnesses for the derivatives of the gated cells: Jacobians of a step, and the way back.

Every equation is tried on three cells of different sizes, at every step. `gate_steps` and
`gate_returns` find the derivatives; here they get the names of the equations' letters.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from unrolled.derivations import gate_jacobians as letters
from unrolled.derivations.notation import Equation
from unrolled.witnesses import gate_returns, gate_steps
from unrolled.witnesses.gate_steps import LETTERS, SIZES, Array, Run
from unrolled.witnesses.numbers import DIFFERENCES, Gap, World, compare, from_step_1

Jacobians = Callable[[Run, int], dict[str, Array]]
Gradients = Callable[[Run], dict[str, Array]]
BY_H = {"i": letters.di, "f": letters.df, "g": letters.dg, "o": letters.do, "c": letters.dc}
BY_H |= {"r": letters.dr, "z": letters.dz, "n": letters.dn, "h": letters.dh}


def _columns(rows: Array, before: Array | float = np.nan) -> Array:
    """Turn [T, H] into columns at steps 0 … T + 1, the last of them 0: [T + 2, H, 1]."""
    steps = from_step_1(rows, before)
    return np.concatenate([steps, np.zeros_like(steps[:1])])[:, :, None]


@cache
def _letters(kind: str, seed: int) -> World:
    """Name the gates, states and weights of a run."""
    run = gate_steps.draw(kind, seed)
    size, cache = run.cell.hidden_size, run.read(run.x, run.start)[2]
    # Step 0 has no gates. A number there makes a formula that asks for one wrong, not undefined.
    world: World = {k: _columns(cache[k][0], 0.5) for k in LETTERS[kind]} | {"H": size}
    for letter, first in zip("hc", run.start, strict=False):
        world[letter] = _columns(cache[letter][0], first[0])
    blocks = np.split(run.cell.weight_hh, len(LETTERS[kind]))
    biases = np.split(run.cell.bias_hh, len(LETTERS[kind]))
    for gate, block, bias in zip(LETTERS[kind], blocks, biases, strict=True):
        world |= {f"W_{{h{gate}}}": block, f"b_{{h{gate}}}": bias[:, None]}
    if kind != "lstm":  # the cache of the published form calls something else q
        h_prev = np.concatenate([run.start[0], cache["h"][0, :-1]])
        world["q"] = _columns(h_prev @ blocks[2].T + biases[2])
    return world


@cache
def _jacobian_worlds(kind: str, jacobians: Jacobians) -> list[World]:
    worlds = []
    for seed in SIZES:
        run = gate_steps.draw(kind, seed)
        for t in range(1, len(run.e) + 1):
            found = jacobians(run, t)
            named = {BY_H[k].name: found[f"{k} by h"] for k in (*LETTERS[kind], "h")}
            if kind == "lstm":
                c_by_c, c_by_h = found["c by c"], found["c by h"]
                both = np.block([[c_by_c, c_by_h], [found["h by c"], found["h by h"]]])
                named |= {letters.dc_dc.name: c_by_c, letters.dc.name: c_by_h}
                named |= {letters.whole.name: both, letters.dh_dc.name: found["h by c now"]}
            worlds.append({**_letters(kind, seed), **named, "t": t})
    return worlds


@cache
def _backward_worlds(kind: str, gradients: Gradients) -> list[World]:
    worlds = []
    for seed in SIZES:
        run = gate_steps.draw(kind, seed)
        found = gradients(run)
        named = {f"d^{{{s}}}": _columns(found[s]) for s in "hc" if s in found}
        in_gates = np.split(found["gates"], len(LETTERS[kind]), axis=1)
        for gate, values in zip(LETTERS[kind], in_gates, strict=True):
            named[rf"\delta^{{{gate}}}"] = _columns(values)
        world = {**_letters(kind, seed), **named, "e": _columns(run.e)}
        worlds += [{**world, "t": t} for t in range(1, len(run.e) + 1)]
    return worlds


def _kind(equation: Equation) -> str:
    return "lstm" if any(k in equation.label for k in ("lstm", "gate", "eq-candidate")) else "gru"


def torch_jacobians(equation: Equation) -> Gap:
    """Compare with PyTorch's Jacobians of a step."""
    return compare(equation, _jacobian_worlds(_kind(equation), gate_steps.torch_jacobians))


def tensorflow_jacobians(equation: Equation) -> Gap:
    """Compare with GradientTape's Jacobians of Keras's cell."""
    return compare(equation, _jacobian_worlds(_kind(equation), gate_steps.tensorflow_jacobians))


def jacobian_differences(equation: Equation) -> Gap:
    """Compare with central differences of `unrolled.cells`."""
    worlds = _jacobian_worlds(_kind(equation), gate_steps.measured_jacobians)
    return compare(equation, worlds, DIFFERENCES)


def published_torch_jacobians(equation: Equation) -> Gap:
    """Compare with PyTorch's Jacobians of the GRU that resets before the product."""
    return compare(equation, _jacobian_worlds("published", gate_steps.torch_jacobians))


def published_tensorflow_jacobians(equation: Equation) -> Gap:
    """Compare with GradientTape's Jacobians of Keras's GRU that resets before the product."""
    return compare(equation, _jacobian_worlds("published", gate_steps.tensorflow_jacobians))


def published_differences(equation: Equation) -> Gap:
    """Compare with central differences of the GRU that resets before the product."""
    worlds = _jacobian_worlds("published", gate_steps.measured_jacobians)
    return compare(equation, worlds, DIFFERENCES)


def numpy_gru_q(equation: Equation) -> Gap:
    """Compare with the q in the cache of `unrolled.cells.GRU`."""
    worlds = []
    for seed in SIZES:
        run = gate_steps.draw("gru", seed)
        q = _columns(run.read(run.x, run.start)[2]["q"][0])
        world = _letters("gru", seed) | {"q": q}
        worlds += [{**world, "t": t} for t in range(1, len(run.e) + 1)]
    return compare(equation, worlds)


def numpy_backward(equation: Equation) -> Gap:
    """Compare with the backward pass of `unrolled.cells`."""
    return compare(equation, _backward_worlds(_kind(equation), gate_returns.numpy_gradients))


def torch_backward(equation: Equation) -> Gap:
    """Compare with PyTorch's gradients."""
    return compare(equation, _backward_worlds(_kind(equation), gate_returns.torch_gradients))


def tensorflow_backward(equation: Equation) -> Gap:
    """Compare with GradientTape's gradients of Keras's cell."""
    return compare(equation, _backward_worlds(_kind(equation), gate_returns.tensorflow_gradients))


def backward_differences(equation: Equation) -> Gap:
    """Compare with central differences of a loss of `unrolled.cells`."""
    worlds = _backward_worlds(_kind(equation), gate_returns.measured_gradients)
    return compare(equation, worlds, DIFFERENCES)


def published_backward(equation: Equation) -> Gap:
    """Compare with the backward pass of the NumPy GRU that resets before the product."""
    return compare(equation, _backward_worlds("published", gate_returns.numpy_gradients))


def published_torch_backward(equation: Equation) -> Gap:
    """Compare with PyTorch's gradients of the GRU that resets before the product."""
    return compare(equation, _backward_worlds("published", gate_returns.torch_gradients))


def published_tensorflow_backward(equation: Equation) -> Gap:
    """Compare with GradientTape's gradients of Keras's GRU that resets before the product."""
    return compare(equation, _backward_worlds("published", gate_returns.tensorflow_gradients))


def published_backward_differences(equation: Equation) -> Gap:
    """Compare with central differences of the NumPy GRU that resets before the product."""
    worlds = _backward_worlds("published", gate_returns.measured_gradients)
    return compare(equation, worlds, DIFFERENCES)
