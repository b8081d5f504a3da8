"""Equations written out by SymPy: their sums and products over a few steps, term by term.

>>> from unrolled.derivations.equations import equation
>>> written_out(equation("eq-bptt-d-wh"), steps=2)
\\delta[1]*h[0] + \\delta[2]*h[1]
"""

from __future__ import annotations

from contextlib import suppress

from sympy import Basic, Product, Sum, nsimplify
from sympy.core.facts import InconsistentAssumptions

from unrolled.derivations.graph import unroll
from unrolled.derivations.notation import Equation, latex
from unrolled.derivations.one_unit import T


def can_be_written_out(equation: Equation) -> bool:
    """Say whether the right side runs over the steps 1 … T, and has an end once T is a number."""
    with suppress(ValueError):
        return bool(written_out(equation, 2))
    return False


def written_out(equation: Equation, steps: int) -> Basic:
    """Put a number of steps for T, and carry out the sums and products.

    Args:
        equation: one whose right side runs over the steps.
        steps: T.

    Raises:
        ValueError: there is no step, or other letters than T decide how many terms there are.
    """
    if steps < 1:
        raise ValueError(f"steps: expected at least 1, got {steps}")
    right = equation.rhs
    if right.has(Sum, Product) and T in right.free_symbols:
        with suppress(InconsistentAssumptions):  # SymPy, of a range that ends where it begins
            terms = right.subs(T, steps).doit()
            if not terms.has(Sum, Product):
                return terms
    raise ValueError(f"equation: expected sums and products up to T, got {equation.label}")


def longhand(equation: Equation, steps: int = 3) -> str:
    """Return the equation for a few steps as LaTeX, term by term.

    Args:
        equation: one whose right side runs over the steps.
        steps: T.
    """
    return f"{latex(equation.lhs)} = {latex(written_out(equation, steps))}"


def chain_rule(steps: int = 2) -> dict[str, Basic]:
    """Carry ∂L/∂(each quantity) back through assignment 1's unrolled network, in symbols.

    Args:
        steps: T.

    Returns:
        The quantity, such as h_{1} → the derivative of the loss in it.
    """
    net = unroll(steps)
    slopes = {(edge.start, edge.end): edge.slope for edge in net.edges}
    return {name: nsimplify(found) for name, found in net.gradients(slopes).items()}
