"""Equality of formulas: exact, and within the time allowed."""

import signal
import threading
import time

import pytest
from sympy import Rational, Symbol, symbols
from unrolled.derivations.notation import Equation
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
    assert symbolic.largest_coefficient((a + 1) * (a - 3) - a**2) == 3
    assert symbolic.largest_coefficient((a + 1) * (a - 1) - a**2 + 1) == 0


def test_what_takes_too_long_is_broken_off_and_named():
    before = signal.getsignal(signal.SIGALRM)
    with (
        pytest.raises(TimeoutError, match=r"eq-slow: .* 0\.05 s"),
        symbolic.within(0.05, "eq-slow"),
    ):
        time.sleep(5)
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_check_that_takes_too_long_is_broken_off():
    big = claim(sum(symbols("a b")) ** 2)
    many = ({**WORLD, "a": (a + n) ** 40, "b": (b + n) ** 40} for n in range(1, 10**6))
    with pytest.raises(TimeoutError, match=r"eq-square: .* 0\.2 s"):
        symbolic.compare_symbols(big, many, seconds=0.2)


def test_a_thread_that_cannot_be_broken_off_is_left_alone():
    found = []

    def work():
        with symbolic.within(0.01, "eq-slow"):
            time.sleep(0.05)
        found.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == ["done"]
