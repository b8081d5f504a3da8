"""Equality of formulas: exact, and within the time allowed."""

import pytest
from sympy import Rational, Symbol, symbols
from unrolled.derivations.notation import Equation
from unrolled.derivations.patience import TooSlow
from unrolled.witnesses import symbolic

a, b = symbols("a b")


def claim(rhs):
    return Equation("eq-square", "", Symbol("q"), rhs, "c", "result", ("none",))


WORLD = {"q": (a + b) ** 2, "a": a, "b": b}


def test_equal_polynomials_are_equal_to_the_last_digit():
    gap = symbolic.compare_symbols(claim(a**2 + 2 * a * b + b**2), [WORLD])
    assert gap == (0.0, 0.0)


@pytest.mark.parametrize("slip", [a * b * Rational(1, 10**15), b**2, Rational(1, 10**30)])
def test_the_smallest_difference_shows(slip):
    gap = symbolic.compare_symbols(claim((a + b) ** 2 + slip), [WORLD])
    assert gap.largest_error > gap.tolerance


def test_the_error_is_the_largest_coefficient():
    assert symbolic.largest_coefficient([a, (a + 1) * (a - 3) - a**2]) == 3
    assert symbolic.largest_coefficient([(a + 1) * (a - 1) - a**2 + 1]) == 0


def test_a_check_that_takes_too_long_is_broken_off():
    slow = claim(sum(symbols("a b")) ** 2)
    worlds = [{**WORLD, "a": (a + n) ** 90, "b": (b + n) ** 90} for n in range(1, 50)]
    with pytest.raises(TooSlow, match=r"0\.2 s"):
        symbolic.compare_symbols(slow, worlds, seconds=0.2)


def test_no_world_and_another_shape_are_errors():
    with pytest.raises(ValueError, match="at least one"):
        symbolic.compare_symbols(claim(a), [])
    with pytest.raises(ValueError, match="equal shapes"):
        symbolic.compare_symbols(claim(a), [{"q": [a, b], "a": a}])
