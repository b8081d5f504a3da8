"""The checks of the equations: true ones pass, and every plausible wrong one is caught."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from sympy import (
    BlockMatrix,
    Eq,
    HadamardProduct,
    MatAdd,
    MatMul,
    MatrixBase,
    MatrixExpr,
    Piecewise,
    Sum,
    Symbol,
    sqrt,
    tanh,
)
from unrolled import verify
from unrolled.derivations import gates as g
from unrolled.derivations import losses as c
from unrolled.derivations import memory as m
from unrolled.derivations import recurrence as r
from unrolled.derivations import targets as s
from unrolled.derivations.equations import EQUATIONS, equation
from unrolled.derivations.notation import (
    Iverson,
    PlusMinus,
    plus,
    sigmoid,
    sigmoid_of,
    tanh_of,
    times,
)
from unrolled.witnesses.numbers import Gap, compare, evaluate, from_step_1


class Changed(MatrixExpr):
    """A matrix multiplied by a factor and shifted by a number: a mutant for the tests."""

    @property
    def shape(self):
        return self.args[0].shape

    def _numpycode(self, printer):
        matrix, factor, shift = (printer._print(arg) for arg in self.args)
        return f"({factor}*({matrix}) + {shift})"


def changed(claim, factor, shift):
    """The equation with factor · rhs + shift on its right side."""
    factor, shift = Symbol("x").subs("x", factor), Symbol("x").subs("x", shift)
    if isinstance(claim.rhs, MatrixExpr | MatrixBase):
        return replace(claim, rhs=Changed(claim.rhs, factor, shift))
    return replace(claim, rhs=claim.rhs * factor + shift)


def rejected(claim):
    """Whether one of the equation's checks fails or breaks down."""
    for check in verify.CHECKS[claim.label]:
        try:
            if not verify.verify(replace(claim, checks=(check.__name__,)), (check,))[0].passed:
                return True
        except verify.EquationError:
            return True
    return False


@pytest.fixture(scope="module")
def results():
    return verify.run_all()


def test_every_equation_passes_every_check(results):
    assert {(r.label, r.check) for r in results} == {
        (e.label, c) for e in EQUATIONS for c in e.checks
    }
    assert not [r for r in results if not r.passed]


def test_results_say_by_how_much(results):
    assert all(0 <= r.largest_error <= r.tolerance for r in results)
    assert any(r.largest_error > 0 for r in results)


@pytest.mark.parametrize("claim", EQUATIONS, ids=lambda e: e.label)
def test_a_changed_right_side_is_rejected(claim):
    mutants = [changed(claim, 1, 1e-3)]
    if not getattr(claim.rhs, "is_ZeroMatrix", False):  # every multiple of 0 = 0 is true
        mutants += [changed(claim, -1, 0), changed(claim, 0.99, 0)]
    assert all(rejected(mutant) for mutant in mutants)


@pytest.mark.parametrize("claim", EQUATIONS, ids=lambda e: e.label)
def test_a_mutant_that_changes_nothing_passes(claim):
    assert not rejected(changed(claim, 1, 0))


t, h, x = r.t, r.h, r.x
ih, hh = MatMul(r.W_ih, x(t)), MatMul(r.W_hh, h(t - 1))
WRONG = {
    "the state is not recurrent": ("eq-rnn-step", tanh_of(ih, r.b_ih, r.b_hh)),
    "the state reads itself": ("eq-rnn-step", tanh_of(ih, r.b_ih, r.W_hh * h(t), r.b_hh)),
    "recurrent weights transposed": (
        "eq-rnn-step",
        tanh_of(ih, r.b_ih, r.W_hh.T * h(t - 1), r.b_hh),
    ),
    "input weights transposed": ("eq-memory-step", tanh_of(r.W_ih * x(t), m.R.T * h(t - 1), m.b_s)),
    "one bias forgotten": ("eq-rnn-step", tanh_of(ih, r.b_ih, hh)),
    "σ for tanh": ("eq-rnn-step", sigmoid_of(ih, r.b_ih, hh, r.b_hh)),
    "readout without bias": ("eq-rnn-output", r.V * h(t)),
    "hidden bias outside σ": (
        "eq-hand-step",
        sigmoid(r.w_i * r.x_one[t] + r.w_h * r.h_one[t - 1]) + r.b_h,
    ),
    "R not transposed": ("eq-memory-step", tanh_of(m.W.T * x(t), m.R * h(t - 1), m.b_s)),
    "half the mean square": ("eq-mse", equation("eq-mse").rhs / 2),
    "the loss is a sum": ("eq-mse", equation("eq-mse").rhs * r.B),
    "tanh' as 1 + h²": (
        "eq-memory-delta",
        HadamardProduct(m.R * m.deltas(t + 1), r.slope(m.hs(t)) + 2 * m.HadamardPower(m.hs(t), 2)),
    ),
    "d_W with the step before": ("eq-memory-d-w", m.xs(t - 1) * m.deltas(t).T),
    "a one-sided difference": (
        "eq-central-difference",
        (m.L(m.theta + m.epsilon) - m.L(m.theta)) / m.epsilon,
    ),
    "divided by ε": ("eq-central-difference", equation("eq-central-difference").rhs * 2),
    "an error of order ε": ("eq-central-error", equation("eq-central-error").rhs / m.epsilon),
    "Jacobian transposed": ("eq-jacobian-step", r.step_jacobian.T),
    "one step fewer in the bound": (
        "eq-jacobian-bound",
        (r.gamma * r.sigma_max) ** (r.T - r.k + 1),
    ),
    "the bound forgets σ": ("eq-jacobian-bound", r.gamma ** (r.T - r.k)),
    "the factor is not a root": ("eq-gradient-factor", r.norm_T0 / r.T),
    "a loss on the threshold counts": (
        "eq-success-count",
        Sum(Iverson(r.losses[r.s] <= r.solved_below), (r.s, 1, r.n)),
    ),
    "failures are counted": (
        "eq-success-count",
        Sum(Iverson(r.losses[r.s] >= r.solved_below), (r.s, 1, r.n)),
    ),
    "Wald's interval": (
        "eq-wilson",
        plus(r.p_hat, PlusMinus(r.z * sqrt(r.p_hat * (1 - r.p_hat) / r.n))),
    ),
    "the ends of the interval swapped": ("eq-wilson", equation("eq-wilson").rhs.subs(r.z, -r.z)),
    "parity of this bit alone": ("eq-parity", s.bit[t]),
    "XNOR for parity": ("eq-parity", 1 - equation("eq-parity").rhs),
    "weights transposed": ("eq-parity-weights", equation("eq-parity-weights").rhs.T),
    "thresholds swapped": (
        "eq-parity-network",
        equation("eq-parity-network").rhs.xreplace(
            {s.thresholds: s.ImmutableMatrix(s.thresholds[::-1])}
        ),
    ),
    "no gain": ("eq-parity-network", equation("eq-parity-network").rhs.xreplace({s.gain: s.half})),
    "the readout adds": ("eq-parity-readout", s.gain * (s.unit[t, 1] + s.unit[t, 2] - s.half)),
    "labels swapped in the loss": ("eq-bce", equation("eq-bce").rhs.subs(c.y, 1 - c.y)),
    "the loss overflows": ("eq-bce-logits", equation("eq-bce").rhs),
    "the fold for XNOR": (
        "eq-xnor",
        Piecewise((s.parity[t], Eq(s.Mod(t, 2), 1)), (1 - s.parity[t], True)),
    ),
    "XNOR is parity": ("eq-xnor-parity", s.parity[t]),
    "the fold is always XNOR": ("eq-xnor-fold", s.xnor[t]),
    "even and odd swapped": (
        "eq-xnor-fold",
        Piecewise((s.xnor[t], Eq(s.Mod(t, 2), 1)), (s.parity[t], True)),
    ),
    "the fold is XOR": ("eq-xnor-fold-step", s.Mod(s.fold[t - 1] + s.bit[t], 2)),
    "a sum for a mean": ("eq-xnor-bce", equation("eq-xnor-bce").rhs * c.N),
    "this step counts as previous": (
        "eq-adding-previous",
        Piecewise((t, Eq(s.marker[t], 1)), (s.previous[t - 1], True)),
    ),
    "a marker of -1 counts": (
        "eq-adding-previous",
        Piecewise((t - 1, s.marker[t - 1] ** 2 > 0), (s.previous[t - 1], True)),
    ),
    "the first marker has a target": (
        "eq-adding-target",
        Iverson(Eq(s.marker[t], 1)) * (s.number[t] + s.number[s.previous[t]]),
    ),
    "every step has a target": (
        "eq-adding-target",
        Iverson(s.previous[t] > 0) * (s.number[t] + s.number[s.previous[t]]),
    ),
    "the rungs fall by four": ("eq-adding-rung", s.Rational(1, 6) * s.Pow(4, -s.k)),
    "forget gate with the input gate's weights": ("eq-lstm-f", equation("eq-lstm-i").rhs),
    "a candidate through σ": ("eq-lstm-g", sigmoid_of(*g.gate_of("g"))),
    "gates f and i swapped": (
        "eq-lstm-c",
        MatAdd(HadamardProduct(g.i(t), g.c(t - 1)), HadamardProduct(g.f(t), g.g(t))),
    ),
    "no forget gate": ("eq-lstm-c", MatAdd(g.c(t - 1), HadamardProduct(g.i(t), g.g(t)))),
    "the memory forgets at once": ("eq-lstm-c", HadamardProduct(g.i(t), g.g(t))),
    "no tanh on the way out": ("eq-lstm-h", HadamardProduct(g.o(t), g.c(t))),
    "the old memory is shown": ("eq-lstm-h", HadamardProduct(g.o(t), g.c(t - 1).applyfunc(tanh))),
    "no bias in the packed form": ("eq-lstm-packed", MatAdd(g.x(t).T * g.K, g.h(t - 1).T * g.U)),
    "z the other way round": (
        "eq-gru-h",
        equation("eq-gru-h").rhs.xreplace({g.n(t): g.h(t - 1), g.h(t - 1): g.n(t)}),
    ),
    "the published form in PyTorch": ("eq-gru-n", equation("eq-gru-n-published").rhs),
    "PyTorch's form as published": ("eq-gru-n-published", equation("eq-gru-n").rhs),
    "no reset": ("eq-gru-n", tanh_of(*g.gate_of("n"))),
    "reset and update swapped": ("eq-gru-r", equation("eq-gru-z").rhs),
    "softmax without normaliser": ("eq-softmax", c.exp(c.logit[c.cls])),
    "the loss of the wrong class": ("eq-cross-entropy", c.log(c.normaliser) - c.logit[1]),
    "one bias a gate": ("eq-lstm-parameters", times(4, s.H, plus(s.D, s.H, 1))),
    "three gates for four": ("eq-lstm-parameters", equation("eq-gru-parameters").rhs),
}


@pytest.mark.parametrize("slip", WRONG)
def test_a_plausible_slip_is_rejected(slip):
    label, rhs = WRONG[slip]
    assert rejected(replace(equation(label), rhs=rhs))


def test_a_wrong_gate_order_is_rejected():
    packed = equation("eq-lstm-packed")
    i, f, c, o = packed.lhs.blocks
    assert rejected(replace(packed, lhs=BlockMatrix([[i, f, o, c]])))


def test_a_wrong_left_side_is_rejected():
    assert rejected(replace(equation("eq-lstm-i"), lhs=g.f(t)))


def test_an_unknown_letter_is_rejected():
    assert rejected(replace(equation("eq-mse"), rhs=Symbol("no_such_letter")))


def of_one(claim, *checks):
    return replace(claim, checks=tuple(check.__name__ for check in checks))


def never_right(claim):
    return Gap(float("nan"), 1.0)


def breaks(claim):
    raise ZeroDivisionError("no steps")


def passes(claim):
    return Gap(0.0, 1.0)


CLAIM = of_one(EQUATIONS[0], passes)


def test_a_check_that_measures_nothing_has_not_passed():
    assert [r.passed for r in verify.verify(of_one(CLAIM, never_right), (never_right,))] == [False]


@pytest.mark.parametrize(
    ("table", "checks", "message"),
    [
        ((CLAIM,), {}, "eq-rnn-step: expected at least one check"),
        ((CLAIM,), {CLAIM.label: ()}, "eq-rnn-step: expected at least one check"),
        (
            (CLAIM,),
            {CLAIM.label: (passes, breaks)},
            "expected its checks passes, got passes, breaks",
        ),
        ((of_one(CLAIM, breaks),), {CLAIM.label: (breaks,)}, "check breaks broke down: no steps"),
        ((CLAIM, CLAIM), {CLAIM.label: (passes,)}, "eq-rnn-step: expected one equation"),
        ((CLAIM,), {CLAIM.label: (passes,), "eq-x": (passes,)}, "eq-x: .*unknown"),
    ],
    ids=["none", "empty", "not the table's", "breaks down", "twice", "unknown label"],
)
def test_what_cannot_be_verified_is_an_error_that_names_it(table, checks, message):
    with pytest.raises(verify.EquationError, match=message):
        verify.run_all(table, checks)


def test_a_good_table_of_one_passes():
    assert verify.run_all((CLAIM,), {CLAIM.label: (passes,)}) == [
        ("eq-rnn-step", "passes", 0.0, 1.0, True)
    ]


def test_run_wants_a_known_label():
    assert [r.check for r in verify.run("eq-wilson")] == ["evidence_wilson", "score_equation"]
    with pytest.raises(ValueError, match="'eq-wilso'"):
        verify.run("eq-wilso")


def test_evaluate_follows_the_steps_of_time():
    world = {"h": np.array([[[1.0], [2.0]], [[3.0], [4.0]]]), "W_{hh}": np.array([[1, 2], [3, 4]])}
    assert evaluate(hh, {**world, "t": 1}).tolist() == [[5.0], [11.0]]
    assert evaluate(hh, {**world, "t": 2}).tolist() == [[11.0], [25.0]]


def test_a_missing_letter_is_named():
    with pytest.raises(ValueError, match=r"W_\{hh\}"):
        evaluate(hh, {"h": np.zeros((2, 2, 1)), "t": 1})


def test_sides_of_different_shape_are_not_compared():
    claim = replace(equation("eq-rnn-output"), rhs=r.V)
    world = {"y": np.zeros((2, 1, 1)), "V": np.zeros((1, 3)), "t": 1}
    with pytest.raises(ValueError, match="equal shapes"):
        compare(claim, [world])


def test_a_side_that_is_no_number_at_one_of_several_points_is_no_small_error():
    claim, y = equation("eq-rnn-output"), np.array([[np.nan], [3.0], [np.nan]])[:, :, None]
    world = {"V": np.eye(1), "b_{y}": np.zeros((1, 1)), "h": y, "y": y}
    assert compare(claim, [{**world, "t": 1}]).largest_error == 0
    assert np.isnan(compare(claim, [{**world, "t": t} for t in (1, 2)]).largest_error)


def test_step_0_is_not_a_number_unless_given():
    assert np.isnan(from_step_1([1.0, 2.0])[0])
    assert from_step_1([1.0, 2.0], 5.0).tolist() == [5.0, 1.0, 2.0]


def test_importing_verify_loads_no_framework():
    probe = (
        "import sys, unrolled.verify; print([m for m in ('torch', 'keras') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
