"""Simplification within a time limit: the answers, the limit, and what cannot be done."""

import math
import os
import threading
import time

import pytest
from sympy import Integer, Symbol, cos, exp, expand, factor, sin
from unrolled.derivations import patience
from unrolled.derivations.notation import EquationError, sigmoid
from unrolled.derivations.patience import TooSlow, simplified

x, y = Symbol("x", positive=True), Symbol("y")


def test_it_simplifies_and_keeps_assumptions():
    assert simplified(sin(y) ** 2 + cos(y) ** 2) == 1
    assert simplified((x**2) ** (x / x / 2)) == x
    assert simplified(factor(x**2 - y**2), by=expand) == x**2 - y**2


def test_the_book_s_own_words_are_understood():
    gap = sigmoid(y).diff(y) - sigmoid(y) * (1 - sigmoid(y))
    assert simplified(gap) == 0
    assert simplified((1 / (1 + exp(-y)) - sigmoid(y)).rewrite(exp)) == 0


def test_one_worker_serves_many_and_what_it_prints_does_no_harm():
    assert simplified(x, by=print) is None
    first = patience._worker().pid
    assert simplified(y, by=print) is None
    assert patience._worker().pid == first


def test_too_slow_is_a_named_error_and_the_next_answer_comes():
    with pytest.raises(TooSlow, match=r"^60: expected an answer in 0\.3 s, got none$"):
        simplified(Integer(60), 0.3, by=time.sleep)
    assert issubclass(TooSlow, EquationError)
    assert issubclass(TooSlow, TimeoutError)
    assert simplified(x + x) == 2 * x


def test_the_limit_holds_in_any_thread():
    said = []

    def wait():
        try:
            simplified(Integer(60), 0.3, by=time.sleep)
        except TooSlow as error:
            said.append(error)

    threads = [threading.Thread(target=wait) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(said) == 2


def test_an_error_inside_is_named_and_the_worker_goes_on():
    with pytest.raises(EquationError, match="-1: sqrt broke down: ValueError: "):
        simplified(Integer(-1), by=math.sqrt)
    assert simplified(x - x) == 0


def test_what_cannot_be_handed_over_is_named():
    with pytest.raises(EquationError, match="expected what can be pickled"):
        simplified(x, by=lambda expression: expression)
    with pytest.raises(ValueError, match="seconds: expected a positive number, got 0"):
        simplified(x, 0)


def test_a_worker_that_dies_is_no_answer_and_is_replaced():
    with pytest.raises(EquationError, match="ended by itself") as caught:
        simplified(Integer(3), by=os._exit)
    assert not isinstance(caught.value, TooSlow)
    assert simplified(x + x) == 2 * x
