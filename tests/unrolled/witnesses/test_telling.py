"""Numbers that tell a right gradient from a wrong one, and numbers that do not."""

import numpy as np
import pytest
from sympy import IndexedBase, Product, symbols
from unrolled.witnesses import bptt, telling
from unrolled.witnesses.numbers import evaluate


@pytest.fixture(scope="module")
def found():
    return telling.search(candidates=4000, rng=np.random.default_rng(0))


def test_the_sheet_s_numbers_hide_the_missing_path():
    known = bptt.world(bptt.SHEET, bptt.SHEET_X, bptt.SHEET_TARGETS)
    given = telling.answers("wx", known)
    gap = telling.relative(given["right"], given["no path through time"])
    assert 1e-4 < gap < 3e-4


def test_the_numbers_found_hide_nothing(found):
    known = bptt.world(found.weights, found.x, found.targets)
    for name in telling.GRADIENTS:
        given = telling.answers(name, known)
        assert abs(given["right"]) >= telling.VISIBLE
        for mistake, number in given.items():
            if mistake != "right" and (name, mistake) != ("wh", "the path ends after one step"):
                assert telling.relative(given["right"], number) >= found.gap > 0.02


def test_the_numbers_found_are_short_and_the_same_each_time(found):
    assert set(found.weights.values()) <= {*telling.WEIGHTS, *telling.BIASES}
    assert len(set(found.x)) == 3
    assert found == telling.search(candidates=4000, rng=np.random.default_rng(0))


def test_more_candidates_give_no_smaller_gap():
    few, many = (
        max(telling.search(candidates=n, rng=np.random.default_rng(s)).gap for s in range(k))
        for n, k in ((200, 1), (200, 4))
    )
    assert many >= few


def test_relative_is_a_share_of_the_larger():
    gaps = telling.relative(np.array([1.0, -1.0, 0.0, 2.0]), np.array([4.0, 1.0, 0.0, 2.0]))
    np.testing.assert_allclose(gaps, [0.75, 2, 0, 0])


def test_a_product_over_steps_multiplies_network_by_network():
    j, t = symbols("j t", integer=True)
    h = IndexedBase("h")
    values = np.array([[9.0, 9.0], [1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    whole = Product(h[j], (j, 1, t))
    np.testing.assert_array_equal(evaluate(whole, {"h": values, "t": 3}), [15, 48])
    assert evaluate(whole, {"h": values, "t": 0}) == 1
