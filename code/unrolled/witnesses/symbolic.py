"""Are two expressions equal for all values of their letters? SymPy says so, or runs out of time.

An equation's own code is run on letters in place of numbers, so what is compared is a polynomial in
weights, inputs and the values of σ or tanh, and its largest coefficient is the error.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sympy import Basic, expand, sympify

from unrolled.derivations.notation import Equation
from unrolled.witnesses.numbers import Gap, World, evaluate

SECONDS = 20.0


@contextmanager
def within(seconds: float, what: str) -> Iterator[None]:
    """Break off what takes too long.

    Only a main thread can be broken off, and not on Windows; elsewhere there is no limit.

    Args:
        seconds: the time allowed.
        what: what is named in the error.

    Raises:
        TimeoutError: if the time is over.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() != threading.main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        raise TimeoutError(f"{what}: expected an answer within {seconds:g} s, got none")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def largest_coefficient(expression: Basic) -> float:
    """Return the largest coefficient that is left after expanding; 0 where all has cancelled."""
    terms = expand(expression).as_coefficients_dict()
    return max((abs(float(number)) for number in terms.values()), default=0.0)


def compare_symbols(equation: Equation, worlds: Iterable[World], seconds: float = SECONDS) -> Gap:
    """Compare an equation's two sides as polynomials; they have to agree exactly.

    Args:
        equation: a definition or a result.
        worlds: SymPy expressions for all its letters, several times.
        seconds: the time allowed for all of them.

    Raises:
        TimeoutError: if the time is over.
        ValueError: if the sides differ in shape, a letter has no value, or there is no world.
    """
    with within(seconds, equation.label):
        return Gap(max(_leftover(equation, world) for world in worlds), 0.0)


def _leftover(equation: Equation, world: World) -> float:
    left, right = (evaluate(side, world, object) for side in (equation.lhs, equation.rhs))
    if left.shape != right.shape:
        raise ValueError(f"sides: expected equal shapes, got {left.shape} and {right.shape}")
    return max(largest_coefficient(sympify(gap)) for gap in np.ravel(left - right))
