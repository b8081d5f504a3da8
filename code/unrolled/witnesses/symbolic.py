"""Are two expressions equal for all values of their letters? SymPy says so, or runs out of time.

An equation's own code is run on letters in place of numbers, so what is compared is a polynomial in
weights, inputs and the values of σ or tanh, and its largest coefficient is the error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from sympy import Basic, Tuple, expand, sympify

from unrolled.derivations.notation import Equation
from unrolled.derivations.patience import simplified
from unrolled.witnesses.numbers import Gap, Misfit, World, evaluate

SECONDS = 20.0


def largest_coefficient(expressions: Iterable[Basic]) -> float:
    """Return the largest coefficient that is left after expanding; 0 where all has cancelled."""
    terms = (expand(expression).as_coefficients_dict() for expression in expressions)
    return max((abs(float(number)) for each in terms for number in each.values()), default=0.0)


def compare_symbols(equation: Equation, worlds: Iterable[World], seconds: float = SECONDS) -> Gap:
    """Compare an equation's two sides as polynomials; they have to agree exactly.

    Args:
        equation: a definition or a result.
        worlds: SymPy expressions for all its letters, several times.
        seconds: the time allowed for all of them.

    Raises:
        TooSlow: if the time is over.
        ValueError: if the sides differ in shape, a letter has no value, or there is no world.
    """
    gaps = Tuple(*(gap for world in worlds for gap in _gaps(equation, world)))
    if not gaps:
        raise ValueError("worlds: expected at least one, got none")
    return Gap(simplified(gaps, seconds, by=largest_coefficient), 0.0)


def _gaps(equation: Equation, world: World) -> Iterator[Basic]:
    left, right = (evaluate(side, world, object) for side in (equation.lhs, equation.rhs))
    if left.shape != right.shape:
        raise Misfit(f"sides: expected equal shapes, got {left.shape} and {right.shape}")
    yield from (sympify(gap) for gap in np.ravel(left - right))
