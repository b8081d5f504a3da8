"""Which mistake made a student's gradient? Try every mistake of the table on the student's numbers.

A gradient is computed by a few equations, one after the other: δ at the last step, δ at the steps
before it, then the weights. With one of them replaced by a `Mistake`, the others carry the error
on, as a student's own code would; what comes out is compared with what the student has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sympy import Indexed

from unrolled.derivations import equations
from unrolled.derivations.notation import At, Equation, Mistake
from unrolled.witnesses import bptt, memory
from unrolled.witnesses.numbers import World, evaluate

Line = tuple[Equation, tuple[int, ...]]
ONCE = (0,)  # the steps of a line that does not depend on t


@dataclass(frozen=True)
class Problem:
    """Numbers, and the equations that lead from them to the gradients asked for.

    Args:
        lines: the equations in the order in which they are computed, each with its steps t.
        answers: what a student calls each gradient → the letter that the equations use.
        world: values of the letters that no line computes.
    """

    lines: tuple[Line, ...]
    answers: Mapping[str, str]
    world: World

    @property
    def factors(self) -> dict[str, float]:
        """Name the factors by which conventions of the loss differ: ½Σ, Σ, mean, and the sign."""
        found: dict[str, float] = {"2": 2, "1/2": 1 / 2}
        for size in ("T", "B"):
            if n := self.world.get(size):
                found |= {size: n, f"1/{size}": 1 / n, f"2/{size}": 2 / n, f"{size}/2": n / 2}
        found = {"1": 1.0} | found
        signed = found | {f"-{name}": -factor for name, factor in found.items()}
        return {name: factor for name, factor in signed.items() if factor != 1}


@dataclass(frozen=True)
class Finding:
    """What is known about one gradient.

    Args:
        name: what the student calls it.
        verdict: "right", "factor" (right up to a factor), "mistake" or "unknown".
        mistakes: those that give this number. Beside "right": those that these numbers cannot tell
            from what is right.
        factors: names of the factors by which it differs from what is right or, if that gives no
            match, from what the mistakes lead to.
        also_factor: whether it is what is right that the factors lead to.
    """

    name: str
    verdict: str
    mistakes: tuple[Mistake, ...] = ()
    factors: tuple[str, ...] = ()
    also_factor: bool = field(default=False, repr=False)

    def __str__(self) -> str:
        """Say what was found, each explanation on lines of its own."""
        if self.verdict == "unknown":
            return f"{self.name}: not right, and none of the known mistakes"
        if self.verdict == "right":
            same = ", ".join(dict.fromkeys(m.name for m in self.mistakes))
            return f"{self.name}: right" + (f" (these numbers cannot tell: {same})" if same else "")
        factor = f"the factor {' or '.join(self.factors)}"
        agrees = f"right up to {factor}, a convention of the loss"
        times = f", times {factor}" if self.factors and not self.also_factor else ""
        said = [f"{m.name}{times}\n    {m.why}" for m in self.mistakes]
        if self.also_factor:
            said = ["right but for the sign" if "-1" in self.factors else agrees, *said]
        return f"{self.name}: " + "\n  or ".join(said)

    @property
    def hint(self) -> str:
        """Say in one sentence what is wrong, for a self-check; nothing of a right gradient."""
        if self.verdict == "right":
            return ""
        if not self.mistakes:
            return " ".join(str(self).split()) + "."
        first = self.mistakes[0]
        return f"{self.name} ({first.name}): {first.why}"


def from_table(labels: Mapping[str, str], world: World, through: Sequence[str] = ()) -> Problem:
    """Make a problem from equations of the table.

    An equation that holds at each step t gives an array whose first axis is the step. One that
    looks a step ahead, as δ_t at δ_{t+1} does, is computed backwards from step T - 1.

    Args:
        labels: what a student calls each gradient → the label of its equation.
        world: values of all letters that no equation of the problem computes, "T" among them if
            there are steps.
        through: labels of the equations that are computed on the way, in their order. Their
            mistakes count as well.

    Raises:
        ValueError: if a label is unknown.
    """
    claims = [equations.equation(label) for label in (*through, *labels.values())]
    lines = tuple((claim, _steps(claim, world)) for claim in claims)
    answers = {name: _letter(equations.equation(label)) for name, label in labels.items()}
    return Problem(lines, answers, world)


def _steps(equation: Equation, world: World) -> tuple[int, ...]:
    """List the steps at which an equation is computed, in their order."""
    lhs = equation.lhs
    if not isinstance(lhs, At | Indexed):
        return ONCE
    when, last = lhs.args[1], world["T"]
    if str(when) == "T":
        return (last,)
    moments = (part for part in equation.rhs.atoms(At, Indexed) if part.args[0] == lhs.args[0])
    if any(part.args[1] == when + 1 for part in moments):
        return tuple(range(last - 1, 0, -1))
    return tuple(range(1, last + 1))


def memory_problem(given: memory.Case) -> Problem:
    """Ask for the gradients of assignment 4's network, under the names its `backward` gives them.

    Args:
        given: the network, inputs x [T, B, D] and targets y [B, O]; the loss is the mean square.
    """
    net, x, y = given
    world = memory.forward_world(net, x)
    d_y_hat = 2 * (net.forward(x) - y) / y.size
    names = {"d_V": "v", "d_W": "w", "d_R": "r", "d_bs": "bs", "d_by": "by"}
    return from_table(
        {name: f"eq-memory-d-{letter}" for name, letter in names.items()},
        {**world, memory.D_Y_HAT: d_y_hat.T},
        through=("eq-memory-delta-last", "eq-memory-delta"),
    )


def scalar_problem(
    weights: Mapping[str, float] = bptt.SHEET,
    x: Sequence[float] = bptt.SHEET_X,
    targets: Sequence[float] = bptt.SHEET_TARGETS,
) -> Problem:
    """Ask for the five gradients of the network of one unit, on A1.1's numbers or on others.

    Args:
        weights: values of "wx", "wh", "b1", "w" and "b2".
        x: the inputs x_1 … x_T.
        targets: g_1 … g_T; the loss is half the sum of the squared errors.
    """
    labels = {name: f"eq-bptt-d-{name}" for name in bptt.LETTERS}
    through = ("eq-bptt-error", "eq-bptt-delta-last", "eq-bptt-delta")
    return from_table(labels, bptt.world(weights, x, targets), through)


def _letter(equation: Equation) -> str:
    """Name the letter that an equation's left side gives a value to."""
    lhs = equation.lhs
    return str(lhs.base if isinstance(lhs, Indexed) else lhs.args[0] if lhs.args else lhs)


def _compute(lines: tuple[Line, ...], world: World) -> World:
    """Run the lines one after the other; what stops one stops those that need it."""
    world, steps_of = dict(world), dict[str, dict[int, np.ndarray]]()
    for equation, steps in lines:
        letter = _letter(equation)
        values = world[letter] = steps_of.setdefault(letter, {})
        try:
            for t in steps:
                values[t] = evaluate(equation.rhs, {**world, "t": t})
        except (ValueError, LookupError, TypeError):  # shapes that do not fit, after a mistake
            values.clear()
        if steps == ONCE and values:
            world[letter] = values[0]
    return world


def _answer(problem: Problem, lines: tuple[Line, ...], letter: str) -> np.ndarray | None:
    """Compute one gradient by the given lines; None where a mistake leaves no number."""
    value = _compute(lines, problem.world)[letter]
    if isinstance(value, dict):
        value = np.stack([value[t] for t in sorted(value)]) if value else None
    return value


def _upstream(problem: Problem, letter: str) -> set[str]:
    """Name the letters that a gradient is computed from, itself included."""
    needed = {letter}
    for equation, _ in reversed(problem.lines):
        if _letter(equation) in needed:
            needed |= {str(symbol) for symbol in equation.rhs.free_symbols}
    return needed


def _attempts(problem: Problem, letter: str) -> Iterator[tuple[Mistake, np.ndarray]]:
    """Yield each mistake that could spoil a gradient, with the gradient it leads to."""
    needed = _upstream(problem, letter)
    for number, (equation, steps) in enumerate(problem.lines):
        for mistake in equation.mistakes if steps and _letter(equation) in needed else ():
            lines = list(problem.lines)
            lines[number] = (replace(equation, rhs=mistake.rhs), steps)
            value = _answer(problem, tuple(lines), letter)
            if value is not None and np.all(np.isfinite(value)):
                yield mistake, value


def diagnose(gradient: Mapping[str, Any], problem: Problem, rtol: float) -> dict[str, Finding]:
    """Find out what each gradient is: see `unrolled.verify.diagnose`."""
    if not isinstance(gradient, Mapping) or not gradient:
        raise ValueError(f"gradient: expected a mapping of names to numbers, got {gradient!r}")
    known = ", ".join(problem.answers)
    for name in gradient:
        if name not in problem.answers:
            raise ValueError(f"gradient: expected names among {known}, got {name!r}")
    return {name: _find(name, value, problem, rtol) for name, value in gradient.items()}


def _find(name: str, value: Any, problem: Problem, rtol: float) -> Finding:
    letter = problem.answers[name]
    right = _answer(problem, problem.lines, letter)
    if right is None:
        raise ValueError(f"problem: expected equations that give {name!r}, got none that runs")
    attempts = list(_attempts(problem, letter))
    given = _numbers(name, value, right, {wrong.shape for _, wrong in attempts})
    scale = float(np.max(np.abs(right)))

    def same(other: np.ndarray) -> bool:
        allowed = rtol * (float(np.max(np.abs(other))) or scale)
        return other.shape == given.shape and bool(np.max(np.abs(other - given)) <= allowed)

    slips = _named_once(mistake for mistake, wrong in attempts if same(wrong))
    if same(right):
        return Finding(name, "right", slips)
    factors = tuple(n for n, factor in problem.factors.items() if scale and same(factor * right))
    if slips or factors:
        return Finding(name, "mistake" if slips else "factor", slips, factors, bool(factors))
    for n, factor in problem.factors.items():
        if slips := _named_once(m for m, w in attempts if np.any(w) and same(factor * w)):
            return Finding(name, "mistake", slips, (n,))
    return Finding(name, "unknown")


def _named_once(mistakes: Iterable[Mistake]) -> tuple[Mistake, ...]:
    """Leave out a mistake that was made in two equations, and goes by the same name in both."""
    return tuple({mistake.name: mistake for mistake in mistakes}.values())


def _numbers(name: str, value: Any, right: np.ndarray, others: set[tuple]) -> np.ndarray:
    """Turn a student's value into an array, or say what is wrong with it."""
    try:
        array = np.asarray(value, float)
    except (TypeError, ValueError):
        raise ValueError(f"gradient[{name!r}]: expected numbers, got {value!r}") from None
    if array.size == right.size == 1:
        array = array.reshape(right.shape)
    if array.shape != right.shape and array.shape not in others:
        raise ValueError(f"gradient[{name!r}]: expected shape {right.shape}, got {array.shape}")
    if not np.all(np.isfinite(array)):
        raise ValueError(f"gradient[{name!r}]: expected finite numbers, got {array.ravel()[:3]}")
    return array
