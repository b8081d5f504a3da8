"""Put numbers into an equation, and measure how far its two sides are apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sympy import Basic, Indexed, MatrixSymbol, Symbol, exp, lambdify, tanh
from sympy.core.function import AppliedUndef
from sympy.printing.numpy import NumPyPrinter

from unrolled.derivations.notation import Equation

EXACT = 1e-12  # float64 arithmetic in another order
DIFFERENCES = 1e-7  # central differences with a step of 1e-5

SYMBOLIC = [("exp", exp), ("tanh", tanh)]  # what NumPy cannot apply to SymPy's letters

World = dict[str, Any]


class Gap(NamedTuple):
    """How far an equation's sides are apart at most, and how far they may be."""

    largest_error: float
    tolerance: float


class Misfit(ValueError):
    """The two sides of an equation differ in shape."""


class _Code(NumPyPrinter):
    """NumPy code for the three constructs that SymPy can print as LaTeX only."""

    def _print_ElementwiseApplyFunction(self, expr: Any) -> str:
        return self._print(expr.function(Symbol(f"({self._print(expr.expr)})")))

    def _print_Product(self, expr: Any) -> str:
        factor, ((step, low, high),) = expr.function, expr.limits
        factors = f"{self._print(factor)} for {step} in range({low}, {high} + 1)"
        reduce, mul = map(self._module_format, ("functools.reduce", "operator.mul"))
        return f"{reduce}({mul}, [{factors}], 1)"

    def _print_HadamardPower(self, expr: Any) -> str:
        return f"({self._print(expr.base)})**({self._print(expr.exp)})"


@lru_cache(maxsize=512)
def _compiled(expression: Basic, functions: tuple) -> tuple[tuple[str, ...], Callable]:
    """Compile an expression; return the names of its letters and a function of their values."""
    letters = [s for s in expression.free_symbols if not isinstance(s, Indexed)]
    names = tuple(sorted({str(s) for s in letters}))
    plain = {name: f"letter_{number}" for number, name in enumerate(names)}
    renamed = {
        s: MatrixSymbol(plain[str(s)], *s.shape)
        if isinstance(s, MatrixSymbol)
        else Symbol(plain[str(s)])
        for s in letters
    }
    arguments = [Symbol(plain[name]) for name in names]
    settings = {"fully_qualified_modules": False, "inline": True}
    printer = _Code({**settings, "user_functions": {name: name for name, _ in functions}})
    code = lambdify(
        arguments, expression.xreplace(renamed), [dict(functions), "numpy"], printer=printer
    )
    return names, code


def evaluate(expression: Basic, world: World, dtype: type = float) -> np.ndarray:
    """Compute an expression from the values of its letters.

    Args:
        expression: any side of an equation.
        world: name of each letter → its value. A quantity that changes with time is an array whose
            first axis is the step, 0 included; a function is a callable.
        dtype: object where the values are SymPy's letters, to which the same code is applied.

    Returns:
        The value, as an array.

    Raises:
        ValueError: if a letter has no value.
    """
    functions = {str(f.func) for f in expression.atoms(AppliedUndef)}
    known = [(f, world[f]) for f in sorted(functions)] + (SYMBOLIC if dtype is object else [])
    names, code = _compiled(expression, tuple(known))
    missing = [name for name in names if name not in world]
    if missing:
        raise ValueError(f"world: expected a value of {', '.join(missing)}, got none")
    return np.asarray(code(*(world[name] for name in names)), dtype)


def compare(equation: Equation, worlds: Iterable[World], tolerance: float = EXACT) -> Gap:
    """Measure the largest difference between an equation's two sides.

    Args:
        equation: a definition or a result.
        worlds: values of all its letters, several times.
        tolerance: the difference allowed.

    Raises:
        ValueError: if a letter has no value or there is no world; `Misfit`, a kind of it, if the
            sides differ in shape.
    """
    return Gap(_largest([_difference(equation, world) for world in worlds]), tolerance)


def _difference(equation: Equation, world: World) -> float:
    left, right = evaluate(equation.lhs, world), evaluate(equation.rhs, world)
    if left.shape != right.shape:
        raise Misfit(f"sides: expected equal shapes, got {left.shape} and {right.shape}")
    return float(np.max(np.abs(left - right)))


def _largest(errors: list[float]) -> float:
    """Return the largest error, or NaN if one of them is: Python's `max` would lose it."""
    return float(np.max(errors))


def bound(
    equation: Equation, worlds: Iterable[World], tight: World, tolerance: float = EXACT
) -> Gap:
    """Measure how far a bound is exceeded, or missed where it should be reached.

    Args:
        equation: a bound, lhs ≤ rhs.
        worlds: values of all its letters, several times.
        tight: values for which both sides are equal, so that no smaller bound would hold.
        tolerance: the error allowed.
    """
    excess = [float(evaluate(equation.lhs, w) - evaluate(equation.rhs, w)) for w in worlds]
    return Gap(_largest([*excess, _difference(equation, tight)]), tolerance)


def each_step(world: World, first: int = 1, *, last: int) -> Iterator[World]:
    """Yield the world as it is at each step t = first … last."""
    return ({**world, "t": t} for t in range(first, last + 1))


def from_step_1(values: ArrayLike, before: Any = np.nan) -> np.ndarray:
    """Put one entry for step 0 in front of the values of steps 1 … T."""
    values = np.asarray(values)
    return np.concatenate([np.broadcast_to(before, values.shape[1:])[None], values])


def as_columns(rows: ArrayLike) -> np.ndarray:
    """Turn the batch's rows into columns, step by step: [T, B, H] becomes [T, H, B]."""
    return np.swapaxes(np.asarray(rows), -1, -2)
