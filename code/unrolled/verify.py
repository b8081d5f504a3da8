"""Are the book's equations true? Run every witness of every equation.

`CHECKS` says which functions of `unrolled.witnesses` test which equation; the table of equations
names them too, so that a check which is dropped or forgotten on either side is an error and never
a silent gap.

>>> [result.passed for result in run("eq-xnor-parity")]
[True]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from unrolled.derivations.equations import EQUATIONS, Equation, equation
from unrolled.derivations.notation import EquationError
from unrolled.witnesses import students
from unrolled.witnesses.judge import (
    Check,
    Result,
    Summary,
    Trial,
    complaints,
    rejected,
    rejects,
    summary,
    verify,
)
from unrolled.witnesses.students import Finding, Problem
from unrolled.witnesses.table import CHECKS

__all__ = [
    "CHECKS",
    "EquationError",
    "Finding",
    "Problem",
    "Result",
    "Summary",
    "Trial",
    "complaints",
    "diagnose",
    "rejected",
    "run",
    "run_all",
    "summary",
    "try_mistakes",
    "verify",
]


def run(label: str) -> list[Result]:
    """Run the checks of one equation.

    Args:
        label: its name, "eq-…".

    Returns:
        One result a check.

    Raises:
        ValueError: if the label is unknown; `EquationError`, a kind of it, if a check is missing.
    """
    return verify(equation(label), CHECKS.get(label, ()))


def run_all(
    table: Sequence[Equation] = EQUATIONS, checks: Mapping[str, Sequence[Check]] = CHECKS
) -> list[Result]:
    """Run every check of every equation.

    Args:
        table: the equations.
        checks: label → the functions that test this equation.

    Returns:
        One result for each equation and check, in the table's order. Look at `passed`.

    Raises:
        EquationError: if a label occurs twice or a check belongs to no equation, and in every
            case in which `verify` raises it.
    """
    labels = [claim.label for claim in table]
    for label in labels:
        if labels.count(label) > 1:
            raise EquationError(f"{label}: expected one equation of this label, got several")
    for label in checks:
        if label not in labels:
            raise EquationError(f"{label}: expected a label of the table, got an unknown one")
    return [
        result for claim in table for result in verify(claim, tuple(checks.get(claim.label, ())))
    ]


def try_mistakes(
    table: Sequence[Equation] = EQUATIONS, checks: Mapping[str, Sequence[Check]] = CHECKS
) -> list[Trial]:
    """Put each known mistake of each equation before each of its checks.

    Args:
        table: the equations.
        checks: label → the functions that test this equation.

    Returns:
        One trial for each mistake and check. Look at `rejected`: a check that lets a mistake pass
        does not test enough.

    Raises:
        EquationError: if a check breaks down, other than on a mistake whose shape does not fit.
    """
    return [
        Trial(claim.label, mistake.name, check.__name__, rejects(check, claim, mistake.rhs))
        for claim in table
        for mistake in claim.mistakes
        for check in checks.get(claim.label, ())
    ]


def diagnose(
    gradient: Mapping[str, Any], problem: Problem | None = None, *, rtol: float = 1e-5
) -> dict[str, Finding]:
    """Name the mistake behind a gradient.

    Args:
        gradient: name of each gradient → its value; some of the problem's names, or all.
        problem: the numbers and equations of the exercise; assignment A1.1's when None.
        rtol: how far, relative to its largest number, a gradient may be off and still match: six
            printed digits do.

    Returns:
        A `Finding` for each name: right, right up to a factor, the mistakes that lead to this
        value, or unknown. Print it to read it.

    Raises:
        ValueError: if a name is unknown, a value has another shape, or is no number.
    """
    return students.diagnose(gradient, problem or students.scalar_problem(), rtol)
