"""Witnesses for the gate algebra: one entry of a cell at a time, and gates pushed to their ends.

Chapter `gate-algebra`; `carrying` holds the witnesses of what lasts how long.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sympy import Basic, Symbol, exp, simplify, solve

from unrolled import cells
from unrolled.derivations import gate_algebra as algebra
from unrolled.derivations.notation import Equation, sigmoid
from unrolled.witnesses import gate_steps
from unrolled.witnesses.gate_steps import LETTERS, SIZES, Run
from unrolled.witnesses.numbers import EXACT, Gap, World, bound, compare, evaluate, from_step_1

FULL = 60.0  # a pre-activation whose σ is 1, and whose opposite's is 1e-26
POINTS = np.linspace(-3, 3, 13)


def unit_worlds(kind: str) -> Iterator[World]:
    """Yield every unit of three cells over time: gates at steps 1 … T, states from step 0 on."""
    for seed in SIZES:
        run = gate_steps.draw(kind, seed)
        cache = run.read(run.x, run.start)[2]
        yield from _units(run, {k: cache[k][0] for k in (*LETTERS[kind], *"hc"[: len(run.start)])})


def _units(run: Run, rows: dict[str, np.ndarray]) -> Iterator[World]:
    first = dict(zip("hc", run.start, strict=False))
    for unit in range(run.cell.hidden_size):
        world: World = {"T": len(run.e), "k": 1}
        for name, values in rows.items():
            before = first[name][0, unit] if name in first else np.nan
            world[name] = from_step_1(values[:, unit], before)
        yield world


def _torch_worlds(kind: str) -> Iterator[World]:
    """Yield the same with PyTorch's steps: its layer's states, and the gates it keeps hidden."""
    import torch

    for seed in SIZES:
        run, rows = gate_steps.draw(kind, seed), []
        arrays = [torch.from_numpy(a) for a in gate_steps.arrays_of(run)]
        state = tuple(torch.tensor(s) for s in run.start)
        for t, x_t in enumerate(torch.from_numpy(run.x[0]), start=1):
            step = gate_steps.parts(kind, gate_steps.torch_ops(torch), arrays, x_t[None], state)
            state = tuple(step[letter] for letter in "hc"[: len(state)])
            rows.append(step | {"h": torch.from_numpy(gate_steps.torch_step(torch, run, t))})
        yield from _units(run, {k: np.concatenate([r[k].numpy() for r in rows]) for k in rows[0]})


def _at_each_step(worlds: Iterator[World]) -> list[World]:
    return [{**world, "t": t} for world in worlds for t in range(1, world["T"] + 1)]


def numpy_unit(equation: Equation) -> Gap:
    """Compare with the gates and states of `unrolled.cells.LSTM`, unit by unit."""
    return compare(equation, _at_each_step(unit_worlds("lstm")))


def torch_unit(equation: Equation) -> Gap:
    """Compare with the states of `torch.nn.LSTM`, unit by unit."""
    return compare(equation, _at_each_step(_torch_worlds("lstm")))


def numpy_gru_unit(equation: Equation) -> Gap:
    """Compare with the gates and states of both forms of `unrolled.cells.GRU`."""
    both = [*unit_worlds("gru"), *unit_worlds("published")]
    return compare(equation, _at_each_step(iter(both)))


def torch_gru_unit(equation: Equation) -> Gap:
    """Compare with the states of `torch.nn.GRU`, unit by unit."""
    return compare(equation, _at_each_step(_torch_worlds("gru")))


def _from_each_step(worlds: Iterator[World]) -> list[World]:
    return [{**world, "k": k} for world in worlds for k in range(world["T"])]


def numpy_unit_over_time(equation: Equation) -> Gap:
    """Compare with the memory that `unrolled.cells.LSTM` has at the end, from every step on."""
    return compare(equation, _from_each_step(unit_worlds("lstm")))


def torch_unit_over_time(equation: Equation) -> Gap:
    """Compare with an LSTM in PyTorch, from every step on."""
    return compare(equation, _from_each_step(_torch_worlds("lstm")))


def _written_out(expression: Basic) -> Basic:
    """Replace σ(a) by 1 / (1 + e^-a), inside limits too."""
    return expression.replace(
        lambda part: isinstance(part, sigmoid), lambda part: 1 / (1 + exp(-part.args[0]))
    )


def by_algebra(equation: Equation) -> Gap:
    """Let SymPy simplify the difference of the sides to 0."""
    return _zero(simplify(_written_out(equation.lhs) - _written_out(equation.rhs)))


def limit_taken(equation: Equation) -> Gap:
    """Let SymPy take the limit on the left side and compare what is left."""
    return _zero(simplify(_written_out(equation.lhs).doit() - equation.rhs))


def _zero(difference: Basic) -> Gap:
    if difference == 0:
        return Gap(0.0, 0.0)
    letters = sorted(map(str, difference.free_symbols))
    values = {letter: 0.3 + 0.2 * k for k, letter in enumerate(letters)}
    plain = difference.subs({s: values[str(s)] for s in difference.free_symbols})
    return Gap(abs(float(plain)) or 1.0, 0.0)


def torch_sigmoid(equation: Equation) -> Gap:
    """Compare with PyTorch's σ at thirteen points."""
    import torch

    a = torch.tensor(POINTS)
    if equation.label == "eq-sigmoid-flip":
        pairs, letter = zip(POINTS, (1 - torch.sigmoid(a)).numpy(), strict=True), "a"
    else:
        u = torch.exp(a)
        pairs, letter = zip(u.numpy(), torch.sigmoid(torch.log(u)).numpy(), strict=True), "u"
    errors = [abs(float(evaluate(equation.rhs, {letter: v}) - y)) for v, y in pairs]
    return Gap(max(errors), EXACT)


def steady_cell(kind: str, biases: dict[str, float], *, size: int = 3, seed: int = 0) -> Any:
    """Make a cell whose gates in `biases` have this pre-activation at every step.

    The others get random weights; "lstm", "gru" or "published".
    """
    rng = np.random.default_rng(seed)
    if kind == "lstm":
        cell: Any = cells.LSTM(2, size)
    else:
        cell = cells.GRU(2, size, reset_after=kind == "gru")
    for parameter in cell.parameters.values():
        parameter[...] = rng.normal(size=parameter.shape)
    for gate, value in biases.items():
        k = LETTERS[kind].index(gate)
        rows = slice(k * size, (k + 1) * size)
        for parameter in cell.parameters.values():
            parameter[rows] = 0
        cell.bias_ih[rows] = value
    return cell


def run_units(cell: Any, x: np.ndarray, start: Any) -> Iterator[World]:
    """Run a cell on one sequence [1, T, D] and yield its units, as `unit_worlds` does."""
    kind = "lstm" if isinstance(cell, cells.LSTM) else "gru"
    cache = cell.forward(x, start if kind == "lstm" else start[0])[2]
    run = Run(kind, cell, x, start, np.zeros((x.shape[1], cell.hidden_size)))
    yield from _units(run, {k: cache[k][0] for k in (*LETTERS[kind], *"hc"[: len(start)])})


def saturated_cell(equation: Equation) -> Gap:
    """Compare with a cell whose gates are pushed as far as floating-point numbers go."""
    kinds = ("lstm",) if "lstm" in equation.label else ("gru", "published")
    store = "store" in equation.label
    biases = {"f": -FULL, "i": FULL} if kinds == ("lstm",) else {"z": -FULL}
    biases = biases if store else {gate: -value for gate, value in biases.items()}
    errors = []
    for kind in kinds:
        rng = np.random.default_rng(1)
        start = tuple(rng.normal(size=(1, 3)) for _ in range(2 if kind == "lstm" else 1))
        cell = steady_cell(kind, biases, seed=2)
        for world in _at_each_step(run_units(cell, rng.normal(size=(1, 5, 2)), start)):
            state = world["c" if kind == "lstm" else "h"][world["t"]]
            errors.append(abs(float(evaluate(equation.rhs, world) - state)))
    return Gap(max(errors), EXACT)


def _logit(gate: np.ndarray) -> np.ndarray:
    return np.log(gate) - np.log1p(-gate)


def gates_within_b(equation: Equation) -> Gap:
    """Try random cells; a full candidate against a memory of the other sign reaches the bound."""
    worlds = []
    for world in _at_each_step(unit_worlds("lstm")):
        f, i = world["f"][world["t"]], world["i"][world["t"]]
        worlds.append({**world, "b": min(-_logit(f), _logit(i))})
    cell = steady_cell("lstm", {"f": -2.0, "i": 2.0, "g": FULL})
    start = np.zeros((1, 3)), np.full((1, 3), -1.5)
    tight = next(run_units(cell, np.ones((1, 1, 2)), start))
    return bound(equation, worlds, {**tight, "b": 2.0, "t": 1})


def squashed_numbers(equation: Equation) -> Gap:
    """Try random numbers; where εx is small the bound is reached to four digits."""
    rng = np.random.default_rng(3)
    worlds = [{"x": x, r"\varepsilon": e} for x, e in zip(*_numbers(rng), strict=True)]
    return bound(equation, worlds, {"x": 100.0, r"\varepsilon": 1e-4}, tolerance=1e-6)


def _numbers(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return rng.normal(size=200) * 3, 10 ** rng.uniform(-3, 0.5, 200)


def lstm_outputs(equation: Equation) -> Gap:
    """Try random cells; with everything open and the candidate full the bound is reached."""
    cell = steady_cell("lstm", dict.fromkeys("ifgo", FULL))
    start = np.zeros((1, 3)), np.array([[0.0, 0.4, 1.2]])
    tight = list(run_units(cell, np.ones((1, 1, 2)), start))[1]
    return bound(equation, _at_each_step(unit_worlds("lstm")), {**tight, "t": 1})


def gru_outputs(equation: Equation) -> Gap:
    """Try both forms; a closed and an open update gate reach the two values of the bound."""
    both = _at_each_step(iter([*unit_worlds("gru"), *unit_worlds("published")]))
    gaps = []
    for biases, first in (({"z": FULL}, 2.0), ({"z": -FULL, "n": FULL}, 0.3)):
        cell = steady_cell("gru", biases)
        tight = next(run_units(cell, np.ones((1, 1, 2)), (np.full((1, 3), first),)))
        gaps.append(bound(equation, both, {**tight, "t": 1}))
    return Gap(max(gap.largest_error for gap in gaps), EXACT)


def _empty_lstms() -> list[World]:
    """Take the first step of random LSTMs whose memory is empty."""
    worlds: list[World] = []
    for seed in SIZES:
        run = gate_steps.draw("lstm", seed)
        start = run.start[0], np.zeros_like(run.start[1])
        worlds += run_units(run.cell, run.x[:, :1], start)
    return worlds


def solved_for_i(equation: Equation) -> Gap:
    """Let SymPy solve the definitions, with an empty memory, for the input gate."""
    i, g, o, h = symbols_at_1 = [Symbol(letter) for letter in "igoh"]
    memory, output = (e.rhs.subs(algebra.t, 1) for e in algebra.UNITS[:2])
    shown = output.subs(algebra.c[1], memory.subs(algebra.c[0], 0))
    plain = [algebra.i[1], algebra.g[1], algebra.o[1], algebra.h[1]]
    answers = solve(shown.subs(dict(zip(plain, symbols_at_1, strict=True))) - h, i)
    errors = []
    for world in _empty_lstms():
        found = [
            answer.subs({s: world[str(s)][1] for s in (g, o, h)}).evalf() for answer in answers
        ]
        (real,) = [float(value) for value in found if value.is_real]  # the other one is complex
        errors.append(abs(real - float(evaluate(equation.rhs, world))))
    return Gap(max(errors), 1e-9)


def first_step_of_lstm(equation: Equation) -> Gap:
    """Compare with the input gates of `unrolled.cells.LSTM` at its first step."""
    return compare(equation, _empty_lstms(), tolerance=1e-9)
