import numpy as np
import pytest
from scipy.stats import binom, binomtest
from unrolled.evidence import Count, wilson


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 10), (6, 40), (10, 10), (517, 1000)])
def test_wilson_is_scipys(k, n, level):
    theirs = binomtest(k, n).proportion_ci(level, method="wilson")
    assert wilson(k, n, level) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_wilson_solves_its_equation():
    # The ends are the rates p at which k lies exactly z standard deviations from n·p.
    k, n, z = 6, 40, 1.959963984540054
    for p in wilson(k, n):
        assert abs(k - n * p) == pytest.approx(z * np.sqrt(n * p * (1 - p)))


@pytest.mark.parametrize("n", [10, 40])
def test_coverage_is_the_level_and_the_textbook_interval_falls_short(n):
    rates, k = np.linspace(0.02, 0.98, 97), np.arange(n + 1)
    weights = binom.pmf(k, n, rates[:, None])  # exact: no simulation is needed

    def coverage(low, high):
        return (weights * ((low <= rates[:, None]) & (rates[:, None] <= high))).sum(1).mean()

    ends = np.array([wilson(int(i), n) for i in k])
    half_width = 1.959964 * np.sqrt(k / n * (1 - k / n) / n)
    assert coverage(ends[:, 0], ends[:, 1]) == pytest.approx(0.95, abs=0.012)
    assert coverage(k / n - half_width, k / n + half_width) < 0.93


@pytest.mark.parametrize("n", [1, 7, 40])
def test_all_or_none_still_leave_an_interval(n):
    low, high = wilson(n, n)
    assert high == pytest.approx(1, abs=1e-12)
    assert 0 < low < 1
    assert wilson(0, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_more_tries_or_a_lower_level_narrow_the_interval():
    def width(*arguments):
        low, high = wilson(*arguments)
        return high - low

    assert width(6, 40) > width(60, 400) > width(600, 4000)
    assert width(6, 40, 0.99) > width(6, 40, 0.95) > width(6, 40, 0.5)


@pytest.mark.parametrize(("k", "n"), [(-1, 10), (11, 10), (0, 0)])
def test_impossible_counts_are_refused(k, n):
    with pytest.raises(ValueError, match=f"k of n: expected .* got k = {k} and n = {n}"):
        wilson(k, n)


@pytest.mark.parametrize("level", [0, 1, 95])
def test_impossible_levels_are_refused(level):
    with pytest.raises(ValueError, match=f"level: expected .* got {level}"):
        wilson(1, 2, level)


def test_a_count_says_itself():
    count = Count(6, 40)
    assert count.rate == 0.15
    assert count.interval == wilson(6, 40)
    assert str(count) == "6 of 40 (95 % interval 7–29 %)"
