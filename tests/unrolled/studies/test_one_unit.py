"""The search for a single unit that knows parity: its states, its count, and what it can find."""

import numpy as np
import pytest
from unrolled import cells
from unrolled.studies import one_unit


def test_states_are_those_of_a_cell():
    u, w, b = 1.3, -0.7, 0.2
    cell = cells.RNN(1, 1)
    for array, value in zip(cell.parameters.values(), (u, w, b, 0), strict=True):
        array[...] = value
    found = one_unit.states_of_prefixes(*(np.array([p]) for p in (u, w, b)))[0]
    prefixes = ((0,), (1,), (0, 0), (0, 1), (1, 0), (1, 1))
    for state, prefix in zip(found, prefixes, strict=True):
        x = np.array(prefix, float)[None, :, None]
        assert state == pytest.approx(cell.forward(x)[1].item())


def test_the_right_answers_are_parity():
    assert one_unit.ODD.tolist() == [False, True, False, True, True, False]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_state_that_is_the_parity_is_sorted(sign):
    states = sign * np.array([[0, 1, 0.1, 0.9, 1.1, -0.1], [0, 1, 0, 1, 1, 1]])
    assert one_unit.most_right(states).tolist() == [6, 5]
    assert one_unit.most_right(np.zeros((1, 6))).tolist() == [3]


def test_no_unit_gets_all_six():
    counts = one_unit.search(50_000, rng=np.random.default_rng(0))
    assert counts.sum() == 50_000
    assert counts[6] == 0
    assert counts[5] > 1000
