import numpy as np
import pytest
from scipy.stats import betabinom, binom, binomtest
from unrolled.evidence import FALSE_ALARMS, Band, Claim, Count, band, wilson


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


def claim(**changes):
    """A claim that is as it should be, but for some changes."""
    whole = {
        "label": "parity-sheet",
        "chapter": "parity",
        "sentence": "With the assignment's settings {count} vanilla RNNs are right.",
        "measure": "ensembles.count",
        "threshold": "no mistake",
        "n": 3,
    }
    return Claim(**whole | changes)


def test_a_claim_says_its_sentence_with_the_interval_before_the_full_stop():
    said = claim().said(Count(6, 40))
    assert said == (
        "With the assignment's settings 6 of 40 vanilla RNNs are right (95 % interval 7–29 %)."
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [True, False, True]),
        ({"outcome": "mse", "test": ("<", 0.01)}, [True, False, False]),
        ({"outcome": "mse", "test": ("<=", 0.01)}, [True, True, False]),
        ({"outcome": "mse", "test": (">", 0.01)}, [False, False, True]),
        ({"outcome": "mse", "test": (">=", 0.01)}, [False, True, True]),
        ({"outcome": "mse", "test": ("==", 0.01)}, [False, True, False]),
    ],
)
def test_outcomes_are_read_off_by_the_claims_own_test(changes, expected):
    result = {"solved": np.array([True, False, True]), "mse": np.array([0.001, 0.01, 0.1])}
    assert claim(**changes).outcomes(result).tolist() == expected


@pytest.mark.parametrize(
    ("changes", "result", "message"),
    [
        ({}, {"other": np.ones(3, bool)}, "returned no 'solved'"),
        ({}, {"solved": np.ones(3)}, "not boolean and has no test"),
        ({}, {"solved": np.ones((3, 2), bool)}, "one number a seed"),
        ({"test": ("<", 1)}, {"solved": np.array([0, np.nan, 0])}, "one number a seed"),
    ],
)
def test_outcomes_that_do_not_answer_are_refused(changes, result, message):
    with pytest.raises(ValueError, match=f"parity-sheet: .*{message}"):
        claim(**changes).outcomes(result)


@pytest.mark.parametrize(
    "changes",
    [
        {"sentence": "All of them."},
        {"sentence": "{count} and {count}."},
        {"test": ("~", 1)},
        {"n": 0},
        {"again": 4},
        {"again": -1},
    ],
)
def test_impossible_claims_are_refused(changes):
    with pytest.raises(ValueError, match="parity-sheet: expected"):
        claim(**changes)


def test_the_band_is_that_of_jeffreys_prior_integrated_by_hand():
    # None of 1: p ~ Beta(½, 3⁄2). All of 3 then succeed with ∫ p³ f(p) dp = 5/64, and a band that
    # may miss less than that on each side must hold 3; one that may miss more must not.
    angle = np.linspace(0, np.pi / 2, 100_001)  # p = sin² makes the integral smooth
    density = 4 / np.pi * np.cos(angle) ** 2
    all_three = np.trapezoid(np.sin(angle) ** 6 * density, angle)
    assert all_three == pytest.approx(5 / 64, abs=1e-6)
    assert band(0, 1, 3).high == 3
    assert betabinom(3, 0.5, 1.5).pmf(3) == pytest.approx(all_three, abs=1e-6)


@pytest.mark.parametrize(("k", "n", "m"), [(6, 40, 40), (0, 40, 20), (40, 40, 20), (3, 3, 3)])
@pytest.mark.parametrize("claims", [1, 60])
def test_each_side_gets_half_of_the_alarms_and_no_tighter_band_would_do(k, n, m, claims):
    predicted, side = betabinom(m, k + 0.5, n - k + 0.5), FALSE_ALARMS / claims / 2
    low, high = band(k, n, m, claims=claims)
    assert 0 <= low <= high <= m
    assert predicted.cdf(low - 1) <= side < predicted.cdf(low)
    assert predicted.sf(high) <= side < predicted.sf(high - 1)


@pytest.mark.parametrize(("n", "m"), [(100, 40), (40, 20), (20, 10)])
def test_a_band_keeps_its_promise_whatever_the_true_rate(n, m):
    # Exact: k of n and k' of m come from the same rate; the record's own luck is averaged over.
    rates, k, claims = np.linspace(0.005, 0.995, 67), np.arange(n + 1), 10
    ends = np.array([band(int(i), n, m, claims=claims) for i in k])
    alarm = binom.cdf(ends[:, 0] - 1, m, rates[:, None]) + binom.sf(ends[:, 1], m, rates[:, None])
    false_alarms = (binom.pmf(k, n, rates[:, None]) * alarm).sum(1)
    assert false_alarms.max() <= FALSE_ALARMS / claims
    assert false_alarms.max() > FALSE_ALARMS / claims / 20  # nor is it bought with blindness


def test_a_band_of_an_interval_for_the_rate_alone_would_alarm_too_often():
    # The mistake it avoids: taking k/n for the true rate and forgetting that k is luck too.
    n, m, rates, k = 40, 40, np.linspace(0.05, 0.95, 19), np.arange(41)
    low, high = binom.interval(1 - FALSE_ALARMS, m, k / n)
    naive = binom.cdf(low - 1, m, rates[:, None]) + binom.sf(high, m, rates[:, None])
    assert (binom.pmf(k, n, rates[:, None]) * naive).sum(1).mean() > 3 * FALSE_ALARMS


def test_six_of_forty_written_as_sixteen_is_noticed_with_enough_seeds():
    assert 15 not in band(160, 400, 100, claims=70)
    assert 40 not in band(60, 400, 100, claims=70)
    assert 15 in band(60, 400, 100, claims=70)


def test_a_band_knows_what_lies_in_it():
    found = Band(3, 5)
    assert [k in found for k in (2, 3, 5, 6)] == [False, True, True, False]
    assert str(found) == "3 to 5"


@pytest.mark.parametrize("wrong", [(7, 6, 1, 1), (1, 2, 0, 1), (1, 2, 3, 0)])
def test_impossible_bands_are_refused(wrong):
    *counts, claims = wrong
    with pytest.raises(ValueError, match="expected"):
        band(*counts, claims=claims)
