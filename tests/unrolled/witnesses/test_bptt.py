"""Backpropagation through time: the sheet's numbers, the complex step, every mistake."""

from dataclasses import replace

import numpy as np
import pytest
from unrolled import verify
from unrolled.derivations import bptt as equations
from unrolled.derivations import one_unit, shares
from unrolled.derivations.equations import equation, of_chapter
from unrolled.witnesses import bptt
from unrolled.witnesses.numbers import compare, evaluate

#: Assignment A1.1, as printed.
SHEET = {"wx": 0.0291716, "wh": 8.61259e-06, "b1": -0.0290755, "w": -0.0851278, "b2": 0.0230935}
WEIGHTS = {"wx": 0.7, "wh": -1.3, "b1": 0.2, "w": 1.1, "b2": -0.4}
X, TARGETS = (0.3, -1.2, 0.8, 2.0), (0.0, 1.0, 1.0, 0.0)


def test_the_sheet_s_numbers():
    known = bptt.world(bptt.SHEET, bptt.SHEET_X, bptt.SHEET_TARGETS)
    for name, number in SHEET.items():
        claim = equation(f"eq-bptt-d-{name}")
        assert float(evaluate(claim.lhs, known)) == pytest.approx(number, rel=2e-6)
        assert float(evaluate(claim.rhs, known)) == pytest.approx(number, rel=2e-6)


@pytest.mark.parametrize("claim", equations.BACKWARD + shares.OVER_TIME[1:-1], ids=str)
def test_the_complex_step_is_a_witness_too(claim):
    known = bptt.world(WEIGHTS, X, TARGETS, h_0=0.4)
    last = 3 if claim.label == "eq-bptt-delta" else 4
    pairs = [{**known, "t": t, "k": k} for t in range(1, last + 1) for k in range(1, t + 1)]
    gap = compare(claim, pairs)
    assert gap.largest_error <= gap.tolerance


def test_many_networks_at_once_are_the_single_ones():
    many = {name: np.array([value, -value, 2 * value]) for name, value in WEIGHTS.items()}
    x = np.array(X)[:, None] * [1, 2, 3]
    together = bptt.world(many, x, np.array(TARGETS)[:, None] * [1, 1, 1])
    for i in range(3):
        alone = bptt.world({k: v[i] for k, v in many.items()}, x[:, i], TARGETS)
        for letter in (r"\delta", "e", "J", "s", "h", str(one_unit.d_wh)):
            np.testing.assert_allclose(together[letter][..., i], alone[letter], atol=1e-15)


@pytest.mark.parametrize(
    ("weights", "targets", "message"),
    [
        (WEIGHTS | {"wz": 1.0}, TARGETS, "weights: expected wx, wh, b1, w, b2"),
        ({"wx": 1.0}, TARGETS, "weights: .*got wx"),
        (WEIGHTS, TARGETS[:2], "targets: expected one a step, 4, got 2"),
    ],
)
def test_what_does_not_fit_is_named(weights, targets, message):
    with pytest.raises(ValueError, match=message):
        bptt.world(weights, X, targets)


MISTAKES = [
    pytest.param(claim, mistake, id=f"{claim.label}: {mistake.name}")
    for claim in of_chapter("bptt")
    for mistake in claim.mistakes
]


@pytest.mark.parametrize(("claim", "mistake"), MISTAKES)
def test_each_check_alone_rejects_each_mistake(claim, mistake):
    slip = replace(claim, rhs=mistake.rhs)
    assert not any(r.passed for r in verify.verify(slip, verify.CHECKS[claim.label]))


def test_the_mistakes_of_a_gradient_are_named_once():
    for claim in of_chapter("bptt"):
        names = [mistake.name for mistake in claim.mistakes]
        assert len(set(names)) == len(names)
