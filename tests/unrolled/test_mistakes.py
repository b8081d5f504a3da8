"""The classic mistakes: every one is told from its equation, by each check of this equation."""

from dataclasses import replace

import numpy as np
import pytest
from sympy import ZeroMatrix
from unrolled import verify
from unrolled.derivations.equations import EQUATIONS, equation
from unrolled.derivations.notation import Mistake
from unrolled.witnesses.numbers import Gap, Misfit

MADE = [
    pytest.param(claim, mistake, id=f"{claim.label}: {mistake.name}")
    for claim in EQUATIONS
    for mistake in claim.mistakes
]
AUTODIFF = ("torch", "tape", "differences")


@pytest.mark.parametrize(("claim", "mistake"), MADE)
def test_each_check_rejects_a_mistake_by_a_number_or_by_its_shape(claim, mistake):
    wrong = replace(claim, rhs=mistake.rhs)
    for check in verify.CHECKS[claim.label]:
        try:
            gap = check(wrong)
        except Misfit:
            continue
        assert np.isfinite(gap.largest_error), check.__name__
        assert gap.largest_error > 1e3 * gap.tolerance, check.__name__  # no near miss


@pytest.mark.parametrize("claim", EQUATIONS, ids=lambda e: e.label)
def test_mistakes_have_names_of_their_own_and_a_sentence(claim):
    names = [m.name for m in claim.mistakes]
    assert len(set(names)) == len(names)
    assert all(m.why.endswith(".") for m in claim.mistakes)


@pytest.mark.parametrize("claim", EQUATIONS, ids=lambda e: e.label)
def test_a_mistake_is_not_one_of_the_others_in_disguise(claim):
    wrong = [m.rhs for m in claim.mistakes]
    assert claim.rhs not in wrong
    assert len(set(wrong)) == len(wrong)


GRADIENTS = [
    "eq-mse-gradient",
    "eq-memory-delta-last",
    "eq-memory-delta",
    "eq-memory-d-v",
    "eq-memory-d-by",
    "eq-memory-d-w",
    "eq-memory-d-r",
    "eq-memory-d-bs",
    "eq-memory-total",
    "eq-jacobian-step",
    "eq-jacobian-product",
    "eq-parity-jacobian",
    "eq-bce-gradient",
    "eq-softmax-gradient",
]


@pytest.mark.parametrize("label", GRADIENTS)
def test_a_gradient_has_three_mistakes_and_three_kinds_of_witness(label):
    claim = equation(label)
    assert len(claim.mistakes) >= 3
    for kind in AUTODIFF:
        assert any(kind in name for name in claim.checks), kind


def test_every_mistake_meets_every_check():
    table = [equation("eq-mse-gradient"), equation("eq-wilson"), equation("eq-bce-gradient")]
    trials = verify.try_mistakes(table)
    assert [trial[:3] for trial in trials] == [
        (e.label, mistake.name, check)
        for e in table
        for mistake in e.mistakes
        for check in e.checks
    ]
    assert len(trials) == 32
    assert all(trial.rejected for trial in trials)


CLAIM = replace(
    equation("eq-memory-delta"), mistakes=(Mistake("none", ZeroMatrix(2, 2), "It is zero."),)
)


def trial_of(check):
    (trial,) = verify.try_mistakes((CLAIM,), {CLAIM.label: (check,)})
    return trial.rejected


def test_a_check_that_lets_a_mistake_pass_or_measures_nothing_is_reported():
    assert trial_of(lambda claim: Gap(1.0, 0.1))
    assert not trial_of(lambda claim: Gap(0.01, 0.1))
    assert not trial_of(lambda claim: Gap(float("nan"), 0.1))


def test_a_shape_that_does_not_fit_is_a_rejection_and_a_missing_letter_is_not():
    def misfit(claim):
        raise Misfit("sides: expected equal shapes")

    def broken(claim):
        raise ValueError("world: expected a value of W")

    assert trial_of(misfit)
    with pytest.raises(verify.EquationError, match="eq-memory-delta: check broken broke down"):
        trial_of(broken)


def test_a_summary_takes_the_worst_share_and_counts_what_every_check_rejected():
    claim = equation("eq-bce-gradient")  # four mistakes
    results = [
        verify.Result(claim.label, "a", 2e-13, 1e-12, True),
        verify.Result(claim.label, "b", 5e-8, 1e-7, True),
        verify.Result(claim.label, "exact", 0.0, 0.0, True),
        verify.Result("eq-mse", "a", 9e-13, 1e-12, True),
    ]
    trials = [
        verify.Trial(claim.label, mistake.name, check, (number, check) != (1, "b"))
        for number, mistake in enumerate(claim.mistakes)
        for check in "ab"
    ]
    assert verify.summary(claim, results, trials) == (0.5, 4, 3)
    assert verify.summary(equation("eq-bce"), results, trials) == (0.0, 0, 0)
