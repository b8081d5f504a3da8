"""Witnesses for how long a gate carries a value: cells that keep, count and forget."""

from __future__ import annotations

import numpy as np
from sympy import Symbol

from unrolled import cells
from unrolled.derivations import carrying
from unrolled.derivations.notation import Equation
from unrolled.witnesses.gate_algebra import FULL, run_units, steady_cell, unit_worlds
from unrolled.witnesses.numbers import EXACT, Gap, World, bound, compare

BIASES = (-0.5, 0.0, 1.0, 3.0, 5.0)


def _kept(b: float, steps: int, first: float = 1.0) -> np.ndarray:
    """Return the memory of an LSTM at steps 0 … T: forget gate σ(b), nothing written."""
    cell = steady_cell("lstm", {"f": b, "i": -FULL})
    start = np.zeros((1, 3)), np.full((1, 3), first)
    return next(run_units(cell, np.ones((1, steps, 2)), start))["c"]


def shares_within_b(equation: Equation) -> Gap:
    """Try random cells and the largest pre-activation that occurred; a constant gate is tight."""
    worlds = []
    for world in unit_worlds("lstm"):
        f = world["f"][2:]  # steps k + 1 … T, where k = 1
        worlds.append({**world, "b": float(np.max(np.log(f) - np.log1p(-f)))})
    cell = steady_cell("lstm", {"f": 1.5})
    (tight, *_) = run_units(cell, np.ones((1, 6, 2)), (np.zeros((1, 3)), np.ones((1, 3))))
    return bound(equation, worlds, {**tight, "b": 1.5})


def steps_counted(equation: Equation) -> Gap:
    """Let cells keep a 1 and count for how many steps it stays above 1 - ε; then read ε off."""
    worlds: list[World] = []
    for b in BIASES:
        memory = _kept(b, 400)
        for epsilon in (0.01, 0.1, 0.5, 0.9):
            steps = int(np.argmax(memory < 1 - epsilon)) - 1 if memory[-1] < 1 - epsilon else 400
            worlds.append({"b": b, r"\varepsilon": epsilon, r"\Delta": steps})
    tight = {"b": 3.0, r"\varepsilon": 1 - _kept(3.0, 20)[20], r"\Delta": 20}
    return bound(equation, worlds, tight, tolerance=1e-9)


def halved_memory(equation: Equation) -> Gap:
    """Choose gates that halve the memory in a whole number of steps, and let a cell prove it."""
    worlds = []
    for steps in (2, 4, 14, 50):
        gate = 0.5 ** (1 / steps)
        b = float(np.log(gate / (1 - gate)))
        if abs(_kept(b, steps)[-1] - 0.5) > EXACT:
            raise ValueError(f"b: expected half after {steps} steps, got {_kept(b, steps)[-1]}")
        worlds.append({"b": b, carrying.half_life.name: steps})
    return compare(equation, worlds, tolerance=1e-9)


def drift_within_b(equation: Equation) -> Gap:
    """Try LSTMs whose input gate stays below σ(-b); a candidate that always pulls back is tight."""
    worlds: list[World] = []
    for k, b in enumerate(BIASES):
        rng = np.random.default_rng([4, k])
        cell = steady_cell("lstm", {"f": b, "i": -b - rng.uniform(0, 2)}, seed=k)
        start = rng.normal(size=(1, 3)), 2 * rng.normal(size=(1, 3))
        worlds += [
            {**w, "k": 1, "b": b} for w in run_units(cell, rng.normal(size=(1, 7, 2)), start)
        ]
    cell = steady_cell("lstm", {"f": 2.0, "i": -2.0, "g": -FULL})
    (tight, *_) = run_units(cell, np.ones((1, 5, 2)), (np.zeros((1, 3)), np.full((1, 3), 0.8)))
    return bound(equation, worlds, {**tight, "k": 0, "b": 2.0})


def gru_drift_within_b(equation: Equation) -> Gap:
    """Try both forms of the GRU, whose state stands for the memory."""
    worlds: list[World] = []
    for k, b in enumerate(BIASES):
        for kind in ("gru", "published"):
            rng = np.random.default_rng([5, k])
            cell = steady_cell(kind, {"z": b}, seed=k)
            start = (2 * rng.normal(size=(1, 3)),)
            worlds += [
                {"c": w["h"], "T": 7, "k": 1, "b": b}
                for w in run_units(cell, rng.normal(size=(1, 7, 2)), start)
            ]
    cell = steady_cell("gru", {"z": 2.0, "n": -FULL})
    (tight, *_) = run_units(cell, np.ones((1, 5, 2)), (np.full((1, 3), 0.8),))
    return bound(equation, worlds, {"c": tight["h"], "T": 5, "k": 0, "b": 2.0})


def share_left_by_bias(equation: Equation) -> Gap:
    """Run cells with a known bias and give the equation the share that they kept."""
    worlds = [
        {"b": b, "p": _kept(b, steps)[-1], r"\Delta": steps} for b in BIASES for steps in (1, 3, 20)
    ]
    return compare(equation, worlds, tolerance=1e-9)


def chrono_cells(equation: Equation) -> Gap:
    """Compare with the mean over two million units of the chrono start, and with a cell's."""
    from unrolled.starts import chrono_biases

    errors = []
    for longest, steps in ((5, 2), (12, 12), (40, 20)):
        values = {Symbol("T", integer=True, positive=True): longest, carrying.Delta: steps}
        claimed = float(equation.rhs.subs(values).evalf())
        b = chrono_biases(2_000_000, longest, rng=np.random.default_rng(longest))
        errors.append(abs(float(np.mean(cells.sigmoid(b) ** steps)) - claimed))
        share = _kept(float(b[0]), steps)[-1]
        errors.append(abs(share - float(cells.sigmoid(b[:1])[0] ** steps)))
    return Gap(max(errors), 5e-4)
