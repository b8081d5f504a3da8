"""Witnesses for the two proofs: every case by algebra, every string by running it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from sympy import Basic, Poly, cancel, exp, expand, simplify, sinh, symbols, tanh, together
from sympy import cosh as cosh_of

from unrolled import cells, tasks
from unrolled.derivations import proofs, targets
from unrolled.derivations.notation import Equation
from unrolled.witnesses.numbers import (
    DIFFERENCES,
    EXACT,
    Gap,
    World,
    bound,
    compare,
    each_step,
    evaluate,
    from_step_1,
)
from unrolled.witnesses.targets import PARITY_WEIGHTS

BITS = 7
LEAST_GAIN = 4 * np.log(7)
CASES = tuple(product((0, 1), (0, 1)))  # parity so far, next bit


def _sigmoid(a: np.ndarray | float) -> np.ndarray:
    return 1 / (1 + np.exp(-np.asarray(a, float)))


def _next(before: np.ndarray | float, bit: np.ndarray | float, gain: float) -> np.ndarray:
    """Take a step of the two units, and return their difference."""
    a = np.asarray(before, float) + bit
    return _sigmoid(gain * (a - 0.5)) - _sigmoid(gain * (a - 1.5))


def _walk(gain: float, start: float) -> World:
    """Run the difference over every string of 7 bits: [T + 1, strings]."""
    strings = tasks.all_strings(BITS)
    x, s = strings[:, :, 0].T, tasks.prefix_parity(strings)[:, :, 0].T
    d = [np.full(x.shape[1], float(start))]
    for bits in x:
        d.append(_next(d[-1], bits, gain))
    return {
        "d": np.stack(d),
        "x": from_step_1(x.astype(float)),
        "s": from_step_1(s.astype(float), 0.0),
        "k": gain,
    }


def hand_built_network(equation: Equation) -> Gap:
    """Compare with `unrolled.studies.automata.parity_by_hand` on every string of 7 bits."""
    import torch

    from unrolled.studies.automata import parity_by_hand

    strings, worlds = tasks.all_strings(BITS), list[World]()
    for gain in (3.0, 8.0, 20.0):
        network = parity_by_hand(gain).double()
        with torch.no_grad():
            states = network.recurrent(torch.from_numpy(strings).double())[0].numpy()
        h = (states + 1) / 2  # the network's units are tanh
        d = from_step_1((h[:, :, 0] - h[:, :, 1]).T, 0.0)
        x = from_step_1(strings[:, :, 0].T.astype(float))
        worlds += each_step({"d": d, "x": x, "k": gain}, last=BITS)
    return compare(equation, worlds)


def two_units(equation: Equation) -> Gap:
    """Compare with eq-parity-network, from random states."""
    rng, worlds = np.random.default_rng(1), []
    network = next(e for e in targets.PARITY if e.label == "eq-parity-network")
    for gain, bit in product((0.7, 3.0, 9.0), (0.0, 1.0)):
        h_0 = rng.uniform(size=2)
        here = {"W": PARITY_WEIGHTS, "x": [None, bit], "k": gain, "t": 1}
        h_1 = evaluate(network.rhs, here | {"h": np.array([h_0, h_0])[:, :, None]})[:, 0]
        worlds.append(here | {"d": np.array([h_0[0] - h_0[1], h_1[0] - h_1[1]])})
    return compare(equation, worlds)


def _fraction(expression: Basic) -> Basic:
    """Write an expression in σ as a fraction in u = e^(k/2) and v = e^(kε), and reduce it."""
    u, v = symbols("u v", positive=True)

    def power(exponent: Basic) -> Basic:
        terms = Poly(expand(exponent), proofs.gain, proofs.epsilon)
        of_u, of_v = map(terms.coeff_monomial, (proofs.gain, proofs.gain * proofs.epsilon))
        return u ** (2 * of_u) * v**of_v

    return cancel(together(expression.rewrite(exp).replace(exp, power)))


def ends_by_algebra(equation: Equation) -> Gap:
    """Let SymPy put the two ends of each case into eq-parity-difference: one reaches the bound."""
    t, missed = proofs.t, 0.0
    step = proofs.PARITY_PROOF[0].rhs
    for parity, bit in CASES:
        after = (parity + bit) % 2
        case = {proofs.parity[t - 1]: parity, proofs.bit[t]: bit}
        claim, off = equation.rhs.subs(case), []
        for sign in (-1, 1):
            d = step.subs({proofs.d[t - 1]: parity + sign * proofs.epsilon, **case})
            off.append(_fraction((1 - d if after else d) - claim))
        missed = max(missed, 0.0 if 0 in off else 1.0)
    return Gap(missed, EXACT)


def all_four_cases(equation: Equation) -> Gap:
    """Try 201 errors up to ε, in all four cases, for several gains; the worst must be reached."""
    errors = []
    for gain, size in product((2.0, 8.0, 20.0), (0.0, 0.1, 0.25)):
        for parity, bit in CASES:
            before = parity + np.linspace(-size, size, 201)
            s = np.array([parity, (parity + bit) % 2])
            d = np.stack([before, _next(before, bit, gain)])
            here = {"d": d, "s": s, "x": [None, bit], "k": gain, "varepsilon": size, "t": 1}
            worst = float(np.max(evaluate(equation.lhs, here)))
            errors.append(abs(worst - float(evaluate(equation.rhs, here))))
    return Gap(max(errors), EXACT)


def solved_for_the_gain(equation: Equation) -> Gap:
    """Try gains from 4 ln 7 on, where both sides are equal."""
    gains = LEAST_GAIN + np.random.default_rng(2).exponential(5, size=20)
    return bound(equation, [{"k": gain} for gain in gains], {"k": LEAST_GAIN})


def every_string(equation: Equation) -> Gap:
    """Run every string of 7 bits from starts that are off by up to ¼, with three gains."""
    excess = []
    for gain, start in product((LEAST_GAIN, 9.0, 20.0), (-0.25, -0.1, 0.0, 0.25)):
        for world in each_step(_walk(gain, start), first=0, last=BITS):
            excess.append(np.max(evaluate(equation.lhs, world) - evaluate(equation.rhs, world)))
    return Gap(float(max(*excess, abs(max(excess)))), EXACT)  # the start itself reaches it


def _slopes(derivative: Callable[[float, float, float], float]) -> Iterator[World]:
    rng = np.random.default_rng(3)
    for gain, bit in product((0.7, 3.0, 9.0), (0.0, 1.0)):
        before = rng.uniform(-0.5, 1.5)
        units = [_sigmoid(gain * (before + bit - threshold)) for threshold in (0.5, 1.5)]
        h = np.array([[np.nan] * 3, [np.nan, *units]])
        yield {proofs.d_step.name: derivative(before, bit, gain), "h": h, "k": gain, "t": 1}


def _torch_slope_of(before: float, bit: float, gain: float) -> float:
    import torch

    d = torch.tensor(before, dtype=torch.float64, requires_grad=True)
    first, second = (torch.sigmoid(gain * (d + bit - threshold)) for threshold in (0.5, 1.5))
    (slope,) = torch.autograd.grad(first - second, d)
    return slope.item()


def _tape_slope_of(before: float, bit: float, gain: float) -> float:
    import torch  # noqa: F401 - before TensorFlow: the other order can crash

    # isort: split
    import tensorflow as tf

    d = tf.constant(before, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(d)
        first, second = (tf.sigmoid(gain * (d + bit - threshold)) for threshold in (0.5, 1.5))
        after = first - second
    return float(tape.gradient(after, d))


def torch_slope(equation: Equation) -> Gap:
    """Compare with PyTorch's derivative of a step."""
    return compare(equation, _slopes(_torch_slope_of))


def tape_slope(equation: Equation) -> Gap:
    """Compare with the derivative from TensorFlow's GradientTape."""
    return compare(equation, _slopes(_tape_slope_of))


def slope_differences(equation: Equation) -> Gap:
    """Compare with central differences of a step."""

    def measured(before: float, bit: float, gain: float) -> float:
        return float(_next(before + 1e-5, bit, gain) - _next(before - 1e-5, bit, gain)) / 2e-5

    return compare(equation, _slopes(measured), DIFFERENCES)


def _reaches(gain: float, start: float, steps: int) -> Iterator[World]:
    """Multiply the slopes along every string; ε is the largest error that occurs on the way."""
    walk = _walk(gain, start)
    d, x, s = walk["d"], walk["x"], walk["s"]
    reach = np.ones(d.shape[1])
    for t in range(1, steps + 1):
        a = gain * (d[t - 1] + x[t] - np.array([[0.5], [1.5]]))
        first, second = _sigmoid(a) * _sigmoid(-a)
        reach = reach * gain * (first - second)
    off = np.abs(d - s)[:steps].max(axis=0)
    for size, error in zip(np.abs(reach), off, strict=True):
        yield {proofs.d_reach.name: size, "k": gain, "varepsilon": error, "t": steps}


def products_of_slopes(equation: Equation) -> Gap:
    """Multiply the slopes along every string of 7 bits; one step at a gain of 40 reaches it."""
    worlds: list[World] = []
    for gain, start, steps in product((LEAST_GAIN, 12.0, 20.0), (-0.2, 0.0, 0.25), (1, 3, 7)):
        worlds += _reaches(gain, start, steps)
    tight = next(_reaches(40.0, 0.0, 1))  # first bit 0, so that state and bit are equal
    return bound(equation, worlds, tight)


def _pairs(step: Callable[..., np.ndarray]) -> Iterator[World]:
    """Run one unit from two states on the same bit; `step(w, u, b, x, h)` is a library's."""
    for seed in range(6):
        w, u, b, *h_0 = np.random.default_rng(seed).normal(size=5)
        for bit in (0.0, 1.0):
            h = np.array([h_0, step(w, u, b, bit, np.array(h_0))])
            a = from_step_1([[w * before + u * bit + b for before in h_0]])
            yield {"h": h[:, 0], "h'": h[:, 1], "a": a[:, 0], "a'": a[:, 1], "w": w, "t": 1}


def numpy_unit(equation: Equation) -> Gap:
    """Compare with `unrolled.cells.RNN` of one unit."""

    def step(w: float, u: float, b: float, bit: float, h: np.ndarray) -> np.ndarray:
        cell = cells.RNN(1, 1)
        for array, value in zip(cell.parameters.values(), (u, w, b, 0), strict=True):
            array[...] = value
        return cell.forward(np.full((2, 1, 1), bit), h[:, None])[1][:, 0]

    return compare(equation, _pairs(step))


def torch_unit(equation: Equation) -> Gap:
    """Compare with `torch.nn.RNNCell` of one unit."""
    import torch

    def step(w: float, u: float, b: float, bit: float, h: np.ndarray) -> np.ndarray:
        cell = torch.nn.RNNCell(1, 1, dtype=torch.float64)
        for parameter, value in zip(cell.parameters(), (u, w, b, 0), strict=True):
            torch.nn.init.constant_(parameter, value)
        with torch.no_grad():
            states = cell(torch.full((2, 1), bit, dtype=torch.float64), torch.tensor(h)[:, None])
        return states[:, 0].numpy()

    return compare(equation, _pairs(step))


def tanh_by_algebra(equation: Equation) -> Gap:
    """Let SymPy prove tanh p - tanh q = sinh(p - q) / (cosh p cosh q), and put it in."""
    t = proofs.t
    p, q = symbols("p q", real=True)
    identity = simplify((tanh(p) - tanh(q) - sinh(p - q) / (cosh_of(p) * cosh_of(q))).rewrite(exp))
    # with w = 1 and states p and q before, the arguments are p and q: no bit, no bias
    case = {proofs.w: 1, proofs.h_one[t - 1]: p, proofs.h_two[t - 1]: q}
    claim = equation.rhs.subs(case | {proofs.a_one[t]: p, proofs.a_two[t]: q})
    same = simplify((claim - tanh(p) + tanh(q)).rewrite(exp))
    return Gap(0.0 if identity == 0 and same == 0 else 1.0, EXACT)
