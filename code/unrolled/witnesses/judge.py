"""Let checks test an equation: none is skipped, and none breaks down in silence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from sympy import Basic

from unrolled.derivations.notation import Equation, EquationError
from unrolled.witnesses.numbers import Gap, Misfit

Check = Callable[[Equation], Gap]


class Result(NamedTuple):
    """What one check found out about one equation."""

    label: str
    check: str
    largest_error: float
    tolerance: float
    passed: bool


class Trial(NamedTuple):
    """Whether one check told one mistake from the equation."""

    label: str
    mistake: str
    check: str
    rejected: bool


def verify(claim: Equation, checks: Sequence[Check]) -> list[Result]:
    """Let each check test an equation.

    Args:
        claim: the equation.
        checks: the functions to run on it.

    Returns:
        One result a check; it has passed if the largest error is a number within the tolerance.

    Raises:
        EquationError: if there is no check, the equation names others, or a check breaks down.
    """
    names = tuple(check.__name__ for check in checks)
    if not names:
        raise EquationError(f"{claim.label}: expected at least one check, got none")
    if sorted(names) != sorted(claim.checks):
        listed = ", ".join(claim.checks) or "none"
        raise EquationError(f"{claim.label}: expected its checks {listed}, got {', '.join(names)}")
    return [_result(claim, check) for check in checks]


def _result(claim: Equation, check: Check) -> Result:
    try:
        gap = check(claim)
    except Exception as error:
        raise EquationError(f"{claim.label}: check {check.__name__} broke down: {error}") from error
    passed = 0 <= gap.largest_error <= gap.tolerance  # false for NaN as well
    return Result(claim.label, check.__name__, gap.largest_error, gap.tolerance, passed)


def rejects(check: Check, claim: Equation, rhs: Basic) -> bool:
    """Ask whether a check tells a wrong right side from the equation's own.

    Args:
        check: the function that tests the equation.
        claim: the equation.
        rhs: the wrong right side. One of another shape is rejected as well.

    Raises:
        EquationError: if the check breaks down on it.
    """
    try:
        gap = check(replace(claim, rhs=rhs))
    except Misfit:
        return True
    except Exception as error:
        raise EquationError(f"{claim.label}: check {check.__name__} broke down: {error}") from error
    return gap.largest_error > gap.tolerance  # false for NaN: nothing was measured


def rejected(trials: Sequence[Trial], result: Result) -> int:
    """Count the mistakes of a result's equation that its check rejected."""
    same = [t for t in trials if (t.label, t.check) == (result.label, result.check)]
    return sum(trial.rejected for trial in same)


def complaints(results: Sequence[Result], trials: Sequence[Trial]) -> list[str]:
    """Say in a sentence each what is not verified: checks that failed, mistakes that passed."""
    failed = [
        f"not verified: {r.label} by {r.check}: off by {r.largest_error:.1e}, "
        f"{r.tolerance:.0e} allowed"
        for r in results
        if not r.passed
    ]
    return failed + [
        f"not rejected: {t.label}: {t.mistake}, by {t.check}" for t in trials if not t.rejected
    ]


class Summary(NamedTuple):
    """What all checks together say about one equation.

    `worst` is the largest error as a share of what is allowed, over all checks; `rejected` counts
    the mistakes that every check rejected.
    """

    worst: float
    mistakes: int
    rejected: int


def summary(claim: Equation, results: Sequence[Result], trials: Sequence[Trial]) -> Summary:
    """Sum up what the checks found out about an equation.

    Args:
        claim: the equation.
        results: those of `run_all`, of this equation and others.
        trials: those of `try_mistakes`, of this equation and others.
    """
    own = [r for r in results if r.label == claim.label]
    missed = {t.mistake for t in trials if t.label == claim.label and not t.rejected}
    tried = {t.mistake for t in trials if t.label == claim.label}
    shares = [r.largest_error / r.tolerance for r in own if r.largest_error]
    return Summary(max(shares, default=0.0), len(claim.mistakes), len(tried - missed))
