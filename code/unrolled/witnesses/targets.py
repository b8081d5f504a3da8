"""Witnesses for the tasks: their targets, what trivial answers cost, how large a layer is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache, partial

import numpy as np
from sympy import Rational, diff, integrate, solve, symbols

from unrolled import cells, tasks
from unrolled.derivations import targets
from unrolled.derivations.notation import Equation
from unrolled.derivations.patience import simplified
from unrolled.gradcheck import numerical_gradient
from unrolled.witnesses.numbers import (
    DIFFERENCES,
    EXACT,
    Gap,
    World,
    compare,
    each_step,
    evaluate,
    from_step_1,
)

BITS = 7
SAMPLED = 5e-3  # three standard errors and more of the means over `_stream`
AUTOMATON_GAIN, AUTOMATON_STATES = 40, ((0, 0), (1, 0), (1, 1))
PARITY_WEIGHTS, PARITY_THRESHOLDS = np.array([[1.0, -1.0], [1.0, -1.0]]), np.array([0.5, 1.5])
JACOBIAN = targets.d_parity_step.name


def _over_time(targets_of: Callable, before: float) -> np.ndarray:
    """Compute targets of every string of 7 bits: [T + 1, strings], with a value for step 0."""
    values = targets_of(tasks.all_strings(BITS))[:, :, 0].T
    return from_step_1(values.astype(float), before)


def _strings(**values: np.ndarray) -> Iterable[World]:
    world = {"x": _over_time(lambda x: x, 0.0), **values}
    return each_step(world, last=BITS)


def parity_targets(equation: Equation) -> Gap:
    """Compare with `unrolled.tasks.prefix_parity` on every string of 7 bits."""
    return compare(equation, _strings(s=_over_time(tasks.prefix_parity, 0.0)))


def xnor_targets(equation: Equation) -> Gap:
    """Compare with `unrolled.tasks.prefix_xnor` on every string of 7 bits."""
    s, q = _over_time(tasks.prefix_parity, 0.0), _over_time(tasks.prefix_xnor, 1.0)
    return compare(equation, _strings(s=s, q=q))


def fold_targets(equation: Equation) -> Gap:
    """Compare with `unrolled.tasks.fold_xnor` on every string of 7 bits."""
    s, q = _over_time(tasks.prefix_parity, 0.0), _over_time(tasks.prefix_xnor, 1.0)
    return compare(equation, _strings(s=s, q=q, f=_over_time(tasks.fold_xnor, 1.0)))


def or_and_automaton(equation: Equation) -> Gap:
    """Follow every arrow of the automaton: h = (1, 0) says odd; the units are OR and AND.

    The equation under test takes its place in the network; a state is right to 1e-6.
    """
    parts = {e.label: e for e in (*targets.PARITY, equation)}
    step, weights = parts["eq-parity-network"].rhs, parts["eq-parity-weights"].rhs
    world, errors = {"W": evaluate(weights, {}), "k": AUTOMATON_GAIN, "t": 1}, []
    for before in AUTOMATON_STATES:
        for bit in (0, 1):
            odd = before[0] - before[1]
            after = np.array([odd | bit, odd & bit], float)
            here = {**world, "x": [None, bit], "h": np.array([before, after])[:, :, None]}
            errors.append(np.max(np.abs(evaluate(step, here)[:, 0] - after)))
    return Gap(float(max(errors)), 1e-6)


def parity_logit(equation: Equation) -> Gap:
    """Read the automaton's states: +k/2 where the parity is odd, -k/2 where it is even."""
    worlds = []
    for state in AUTOMATON_STATES:
        logit = AUTOMATON_GAIN * (0.5 if state == (1, 0) else -0.5)
        here = {"h": np.array([[np.nan] * 3, [np.nan, *state]]), "k": AUTOMATON_GAIN, "t": 1}
        worlds.append({**here, equation.lhs.name: logit})
    return compare(equation, worlds)


def squared_weights(equation: Equation) -> Gap:
    """Square the weights; of the equation that defines them, square the right side."""
    if equation.label == "eq-parity-weights":
        weights = evaluate(equation.rhs, {})
        return Gap(float(np.max(np.abs(weights @ weights))), EXACT)
    return compare(equation, [{"W": PARITY_WEIGHTS}])


def _torch_parity_step(h_t, bit: float, gain: float):
    """Take a step of the hand-built network in PyTorch, with σ written as a tanh."""
    import torch

    a = gain * (torch.mv(torch.tensor(PARITY_WEIGHTS), h_t) + bit - torch.tensor(PARITY_THRESHOLDS))
    return (1 + torch.tanh(a / 2)) / 2


def parity_worlds(jacobian: Callable) -> list[World]:
    """Name a step of the hand-built network; `jacobian(h, bit, gain)` measures its Jacobian."""
    rng, worlds = np.random.default_rng(1), []
    for gain in (3.0, 0.7, 5.0):
        for bit in (0.0, 1.0):
            h_0 = rng.uniform(size=2)
            h = np.stack([h_0, _parity_step(h_0, bit, gain)])[:, :, None]
            world = {"W": PARITY_WEIGHTS, "x": [None, bit], "h": h, "k": gain, "t": 1}
            worlds.append({**world, JACOBIAN: jacobian(h_0, bit, gain)})
    return worlds


def _parity_step(h: np.ndarray, bit: float, gain: float) -> np.ndarray:
    """Take a step of the hand-built network, with σ written as a tanh."""
    return (1 + np.tanh(gain * (PARITY_WEIGHTS @ h + bit - PARITY_THRESHOLDS) / 2)) / 2


def _torch_parity_jacobian(h: np.ndarray, bit: float, gain: float) -> np.ndarray:
    import torch

    step = partial(_torch_parity_step, bit=bit, gain=gain)
    return torch.autograd.functional.jacobian(step, torch.from_numpy(h)).numpy()


def torch_parity_network(equation: Equation) -> Gap:
    """Compare with one step in PyTorch, from states between 0 and 1, and with its Jacobian."""
    import torch

    worlds = parity_worlds(_torch_parity_jacobian)
    for world in worlds:
        h_0, bit, gain = torch.from_numpy(world["h"][0, :, 0]), world["x"][1], world["k"]
        world["h"][1, :, 0] = _torch_parity_step(h_0, bit, gain).numpy()
    return compare(equation, worlds)


def _measured_parity_jacobian(h: np.ndarray, bit: float, gain: float) -> np.ndarray:
    def unit(number: int, state: np.ndarray) -> float:
        return _parity_step(state, bit, gain)[number]

    return np.stack([numerical_gradient(partial(unit, i), h.copy()) for i in range(2)])


def parity_differences(equation: Equation) -> Gap:
    """Compare with central differences of one step, written in NumPy."""
    return compare(equation, parity_worlds(_measured_parity_jacobian), DIFFERENCES)


@lru_cache(maxsize=1)
def _stream() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw one long stream: number, marked or not, target, and the last marked step before it."""
    x, y = tasks.adding(1, 400_000, rng=np.random.default_rng(3))
    number, marked = x[0, :, 0].astype(float), x[0, :, 1] == 1
    previous, last = np.zeros(len(number), int), -1
    for t, here in enumerate(marked):
        previous[t] = last
        last = t if here else last
    return number, marked, y[0, :, 0].astype(float), previous


def adding_stream(equation: Equation) -> Gap:
    """Compare with `unrolled.tasks.adding`, the marked steps being found by a plain loop."""
    x, y = tasks.adding(1, 60, rng=np.random.default_rng(4))
    numbers, markers = x[0].astype(float).T
    previous, last = [0], 0
    for t in range(1, 61):
        previous.append(last)
        last = t if markers[t - 1] == 1 else last
    world = {
        "u": from_step_1(numbers, 0.0),
        "m": from_step_1(markers),
        "y": from_step_1(y[0, :, 0]),
    }
    world[r"\tau"] = np.array(previous)
    # The targets are float32.
    return compare(equation, each_step(world, last=60), tolerance=2e-7)


def exact_integrals(equation: Equation) -> Gap:
    """Let SymPy integrate every expression between the sides; exact fractions are compared."""
    gaps = [simplified(side - equation.rhs) for side in equation.via]
    return Gap(max(abs(float(gap.subs(targets.k, 1))) for gap in gaps), 0.0)


def best_linear_answer(equation: Equation) -> Gap:
    """Minimise E (y - a u)² over a with SymPy: half the steps have y = u + p, the others y = 0."""
    a, u, p = symbols("a u p")
    marked = integrate((u + p - a * u) ** 2 / 4, (p, -1, 1), (u, -1, 1))
    unmarked = integrate((a * u) ** 2 / 2, (u, -1, 1))
    cost = (marked + unmarked) / 2
    (best,) = solve(diff(cost, a), a)
    return Gap(float(abs(cost.subs(a, best) - equation.rhs)) + float(best != Rational(1, 2)), 0.0)


def adding_table(equation: Equation) -> Gap:
    """Compare with `unrolled.tasks.adding_baselines` and `adding_rung`."""
    if equation.label == "eq-adding-rung":
        worlds = [{"k": k, equation.lhs.name: tasks.adding_rung(k)} for k in range(9)]
        return compare(equation, worlds)
    name = {
        "eq-adding-zero": "predict 0",
        "eq-adding-linear": "linear, memoryless",
        "eq-adding-memoryless": "memoryless",
    }[equation.label]
    return compare(equation, [{equation.lhs.name: tasks.adding_baselines()[name]}])


def adding_simulation(equation: Equation) -> Gap:
    """Let the predictor answer 400,000 steps of the task and measure its error."""
    number, marked, y, previous = _stream()
    if equation.label == "eq-adding-rung":
        age = np.arange(len(y)) - previous
        found = [marked * (number + (age <= k) * number[previous]) for k in range(5)]
        costs = {k: np.mean((y - answer)[100:] ** 2) for k, answer in enumerate(found)}
        worlds = [{"k": k, equation.lhs.name: cost} for k, cost in costs.items()]
        return compare(equation, worlds, SAMPLED)
    features = np.stack([number, marked, np.ones_like(number)], axis=1)
    linear = features @ np.linalg.lstsq(features, y, rcond=None)[0]
    answer = {
        "eq-adding-zero": 0.0,
        "eq-adding-linear": linear,
        "eq-adding-memoryless": marked * number,
    }[equation.label]
    return compare(equation, [{equation.lhs.name: np.mean((y - answer)[100:] ** 2)}], SAMPLED)


def counted_parameters(equation: Equation) -> Gap:
    """Count the numbers in `unrolled.cells` and in PyTorch's layers, for several sizes."""
    import torch

    kind = {"eq-rnn-parameters": "RNN", "eq-gru-parameters": "GRU", "eq-lstm-parameters": "LSTM"}
    name, worlds = kind[equation.label], []
    for d, h in ((1, 4), (28, 32), (64, 64)):
        ours = sum(p.size for p in getattr(cells, name)(d, h).parameters.values())
        theirs = sum(p.numel() for p in getattr(torch.nn, name)(d, h).parameters())
        worlds += [{"D": d, "H": h, equation.lhs.name: count} for count in (ours, theirs)]
    return compare(equation, worlds)
