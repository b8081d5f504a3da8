"""Witnesses for backpropagation through time in the network of one unit (assignment 1).

Every quantity of the chapter is a derivative of the losses L_1 … L_T or of the states in something
that belongs to one step: that step's own copy of a weight, or a nudge of its state. So each witness
differentiates one function of the copies, `_run`, by a means of its own, and `_named` reads all
letters off the table that comes out. The shared weights are differentiated apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
import sympy as sp

from unrolled import frameworks
from unrolled.cells import sigmoid
from unrolled.derivations import notation, one_unit
from unrolled.derivations.graph import Graph
from unrolled.derivations.notation import Equation
from unrolled.gradcheck import numerical_gradient
from unrolled.witnesses.numbers import (
    DIFFERENCES,
    Gap,
    World,
    compare,
    evaluate,
    from_step_1,
)
from unrolled.witnesses.symbolic import compare_symbols

#: Assignment 1's names of the five weights → their letters.
LETTERS = dict(zip(("wx", "wh", "b1", "w", "b2"), map(str, one_unit.WEIGHTS), strict=True))
WX, WH, B1, W, B2, NUDGE = range(6)  # the columns of the copies; the last moves the state itself
SHEET = {"wx": 3.0, "wh": 1.0, "b1": 2.0, "w": -1.0, "b2": 1.0}
SHEET_X, SHEET_TARGETS = (-1.0, 2.0), (0.0, 1.0)
SHEET_FORWARD = {"h": (0.268941, 0.999744), "y": (0.675038, 0.500064)}

Run = Callable[[Any], list]  # copies [T + 1, 6] → losses, states and outputs, 3T numbers


def _run(copies: Any, x: Any, targets: Any, h_0: Any, squash: Callable) -> list:
    """Run the network, step t on row t of the copies; return L_1 …, h_1 … and y_1 …"""
    h, states, outputs = h_0 + copies[0][NUDGE], [], []
    for t, x_t in enumerate(x, start=1):
        own = copies[t]
        h = squash(own[WX] * x_t + own[WH] * h + own[B1]) + own[NUDGE]
        states.append(h)
        outputs.append(squash(own[W] * h + own[B2]))
    losses = [(y_t - g_t) ** 2 / 2 for y_t, g_t in zip(outputs, targets, strict=True)]
    return [*losses, *states, *outputs]


def _copies(weights: Any, steps: int, zero: Any = 0.0) -> Any:
    """Give every step its own copy of the weights, and a nudge of 0."""
    return [[*weights, zero]] * (steps + 1)


def _named(weights: Any, x: Any, targets: Any, h_0: Any, values: Any, table: Any) -> World:
    """Name everything: `values` is what `_run` returned, `table` [3T, T + 1, 6] its derivatives."""
    steps = len(x)
    losses, states = table[:steps], table[steps : 2 * steps]
    all_losses = losses.sum(axis=0)  # how L answers to each copy [T + 1, 6]
    zero = 0 * np.asarray(h_0)
    world = dict(zip(LETTERS.values(), weights, strict=True)) | {
        "x": from_step_1(x),
        "g": from_step_1(targets),
        "h": from_step_1(values[steps : 2 * steps], h_0),
        "y": from_step_1(values[2 * steps :]),
        "e": all_losses[:, B2],
        r"\delta": all_losses[:, B1],
        "J": from_step_1(states[:, :, NUDGE]),
        "s": from_step_1(losses[:, :, WX]),
        str(one_unit.immediate): from_step_1([states[t - 1, t, WX] for t in range(1, steps + 1)]),
        str(one_unit.total): from_step_1(states[:, 1:, WX].sum(axis=1), zero),
        "L": sum(values[:steps]),
        "T": steps,
    }
    gradients = all_losses[1:, :NUDGE].sum(axis=0)
    return world | dict(zip(map(str, one_unit.GRADIENTS), gradients, strict=True))


def world(weights: Mapping[str, Any], x: Any, targets: Any, h_0: Any = 0.0) -> World:
    """Give every letter of chapter `bptt` its value for one network and one sequence.

    The derivatives are taken by a step of 10⁻¹⁰⁰ along the imaginary axis, which is exact to
    rounding and uses no formula of the chapter: f'(a) = Im f(a + iε) / ε.

    Args:
        weights: values of "wx", "wh", "b1", "w" and "b2"; numbers, or arrays [M] for M networks.
        x: x_1 … x_T, [T] or [T, M].
        targets: g_1 … g_T, [T] or [T, M].
        h_0: the state before the first input.

    Raises:
        ValueError: if a weight is missing or unknown, or x and targets differ in length.
    """
    if set(weights) != set(LETTERS):
        raise ValueError(f"weights: expected {', '.join(LETTERS)}, got {', '.join(weights)}")
    x, targets = np.asarray(x, float), np.asarray(targets, float)
    if len(x) != len(targets) or len(x) < 1:
        raise ValueError(f"targets: expected one a step, {len(x)}, got {len(targets)}")
    given = [np.asarray(weights[name], float) for name in LETTERS]
    shape = np.broadcast_shapes(*(a.shape for a in given), x.shape[1:], np.shape(h_0))
    at = np.zeros((len(x) + 1, 6, *shape), complex)
    at[:, :NUDGE] = np.stack([np.broadcast_to(a, shape) for a in given])

    def run(copies: np.ndarray) -> np.ndarray:
        values = _run(copies, x, targets, h_0, lambda a: 1 / (1 + np.exp(-a)))
        return np.stack([np.broadcast_to(value, shape) for value in values])

    values, table = run(at).real, np.empty((3 * len(x), *at.shape))
    for copy in np.ndindex(at.shape[:2]):
        at[copy] += 1e-100j
        table[:, *copy] = run(at).imag / 1e-100
        at[copy] = at[copy].real
    return _named(given, x, targets, np.broadcast_to(h_0, shape), values, table)


def on_graph(graph: Graph, known: World) -> tuple[dict[str, float], dict[tuple[str, str], float]]:
    """Put numbers on an unrolled network: the value of each node and the slope of each edge.

    Args:
        graph: what `derivations.graph.unroll` returned.
        known: what `world` returned for as many steps.
    """
    values = {node.name: float(evaluate(node.symbol, known)) for node in graph.nodes}
    slopes = {(e.start, e.end): float(evaluate(e.slope, known)) for e in graph.edges}
    return values, slopes


def draw(seed: int, steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Draw five weights of size 1.5, inputs, targets and a first state."""
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=5) * 1.5,
        rng.normal(size=steps),
        rng.uniform(size=steps),
        float(rng.uniform(0.2, 0.8)),
    )


def _pairs(named: World, equation: Equation) -> Iterator[World]:
    """Yield the world at each pair of steps k ≤ t; δ_{t+1} is wanted up to T - 1 only."""
    steps = named["T"]
    last = steps - 1 if equation.label == "eq-bptt-delta" else steps
    return ({**named, "t": t, "k": k} for t in range(1, last + 1) for k in range(1, t + 1))


def _worlds(
    differentiate: Callable[[Run, np.ndarray], np.ndarray], squash: Callable
) -> tuple[World, ...]:
    """Name everything for networks of several lengths, the shared weights differentiated apart."""
    worlds = []
    for seed, steps in ((1, 2), (2, 3), (3, 4), (4, 6)):
        weights, x, targets, h_0 = draw(seed, steps)
        copies = np.array(_copies(weights, steps))

        def apart(at: Any, x=x, targets=targets, h_0=h_0) -> list:
            return _run(at, x, targets, h_0, squash)

        def shared(at: Any, steps=steps, apart=apart) -> list:
            return apart(_copies([at[i] for i in range(5)], steps))

        values = _run(copies, x, targets, h_0, sigmoid)
        named = _named(weights, x, targets, h_0, values, differentiate(apart, copies))
        in_weights = differentiate(shared, weights)[:steps].sum(axis=0)
        worlds.append(named | dict(zip(map(str, one_unit.GRADIENTS), in_weights, strict=True)))
    return tuple(worlds)


@lru_cache(maxsize=1)
def _torch_worlds() -> tuple[World, ...]:
    import torch

    def jacobian(run: Run, at: np.ndarray) -> np.ndarray:
        return torch.autograd.functional.jacobian(
            lambda copies: torch.stack(run(copies)), torch.tensor(at)
        ).numpy()

    return _worlds(jacobian, torch.sigmoid)


@lru_cache(maxsize=1)
def _tape_worlds() -> tuple[World, ...]:
    tf = frameworks.tensorflow()

    def jacobian(run: Run, at: np.ndarray) -> np.ndarray:
        copies = tf.constant(at)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(copies)
            values = run(copies)
        return np.stack([tf.convert_to_tensor(tape.gradient(v, copies)).numpy() for v in values])

    return _worlds(jacobian, tf.sigmoid)


@lru_cache(maxsize=1)
def _measured_worlds() -> tuple[World, ...]:
    def jacobian(run: Run, at: np.ndarray) -> np.ndarray:
        def value(copies: np.ndarray, row: int) -> float:
            return run(copies)[row]

        rows = range(len(run(at)))
        return np.stack([numerical_gradient(partial(value, row=i), at.copy()) for i in rows])

    return _worlds(jacobian, sigmoid)


def _everywhere(equation: Equation, worlds: Iterable[World]) -> Iterator[World]:
    """Yield each world at each pair of steps; an equation for two steps wants T = 2."""
    two = equation.label == "eq-bptt-two-steps"
    return (p for named in worlds if not two or named["T"] == 2 for p in _pairs(named, equation))


def by_torch(equation: Equation) -> Gap:
    """Compare with PyTorch's automatic differentiation."""
    return compare(equation, _everywhere(equation, _torch_worlds()))


def by_tape(equation: Equation) -> Gap:
    """Compare with TensorFlow's GradientTape."""
    return compare(equation, _everywhere(equation, _tape_worlds()))


def by_differences(equation: Equation) -> Gap:
    """Compare with central differences."""
    return compare(equation, _everywhere(equation, _measured_worlds()), DIFFERENCES)


def by_symbols(equation: Equation) -> Gap:
    """Let SymPy differentiate the network written out for two and for three steps."""
    return compare_symbols(equation, _everywhere(equation, map(_symbolic, (2, 3))))


@lru_cache(maxsize=2)
def _symbolic(steps: int) -> World:
    """Name everything as SymPy expressions, σ's values among the letters."""
    weights = sp.symbols(" ".join(LETTERS))
    x, targets, h, y = (sp.symbols(f"{letter}1:{steps + 1}") for letter in "xghy")
    h_0 = sp.Symbol("h0")
    at = [[sp.Symbol(f"c_{t}_{i}") for i in range(6)] for t in range(steps + 1)]
    back = {letter: value for row in at for letter, value in zip(row, (*weights, 0), strict=True)}
    plain = _run(_copies(weights, steps, sp.S.Zero), x, targets, h_0, notation.sigmoid)
    names = dict(zip(plain[steps:], (*h, *y), strict=True))  # σ(…) → h_t or y_t

    def table(values: list, letters: Sequence) -> np.ndarray:
        found = [sp.diff(v, c).subs(back).xreplace(names) for v in values for c in letters]
        return np.array(found, object)

    apart = table(
        _run(at, x, targets, h_0, notation.sigmoid), [letter for row in at for letter in row]
    )
    values = np.array([value.xreplace(names) for value in plain], object)
    zero = np.array(h_0, object)
    named = _named(weights, x, targets, zero, values, apart.reshape(3 * steps, steps + 1, 6))
    in_weights = table([sum(plain[:steps])], weights)
    return named | dict(zip(map(str, one_unit.GRADIENTS), in_weights, strict=True))
