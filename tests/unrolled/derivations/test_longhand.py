"""Sums written out term by term, against SymPy's own derivative of the whole network."""

import pytest
from sympy import Symbol, diff, exp, simplify
from unrolled.derivations import bptt, one_unit
from unrolled.derivations.equations import EQUATIONS, equation
from unrolled.derivations.longhand import can_be_written_out, chain_rule, longhand, written_out
from unrolled.derivations.notation import sigmoid
from unrolled.derivations.one_unit import b_1, b_2, delta, e, g, h, t, w, w_h, w_x, x, y


def loss(steps):
    """The loss of the one-unit network as one expression of weights, inputs and targets."""
    step, output, whole = (definition.rhs for definition in bptt.FORWARD[:3])
    outputs, state = {}, h[0]
    for now in range(1, steps + 1):
        state = step.subs(t, now).subs(h[now - 1], state)
        outputs[y[now]] = output.subs(t, now).subs(h[now], state)
    return whole.subs(one_unit.T, steps).doit().subs(outputs)


def values():
    """Numbers for every given letter."""
    weights = {w_x: 0.7, w_h: -0.4, b_1: 0.2, w: 1.3, b_2: -0.5}
    given = {h[0]: 0.3, x[1]: 0.9, x[2]: -0.6, x[3]: 0.4, g[1]: 1.0, g[2]: 0.0, g[3]: 0.8}
    return weights | given


def number(expression):
    # twice: σ is rewritten first, so that numbers in it are no longer held back
    return float(expression.subs(values()).replace(sigmoid, lambda a: 1 / (1 + exp(-a))).evalf())


def test_the_sum_of_three_steps_has_three_terms():
    terms = written_out(equation("eq-bptt-d-wh"), 3)
    assert terms == delta[1] * h[0] + delta[2] * h[1] + delta[3] * h[2]
    assert longhand(equation("eq-bptt-d-wh"), 3).startswith(r"\frac{\partial L}{\partial w_{h}} = ")


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize(("label", "weight"), [("d-w", w), ("d-b2", b_2)])
def test_what_is_written_out_is_the_derivative_of_the_whole(label, weight, steps):
    known, state = {}, h[0]
    for now in range(1, steps + 1):
        state = bptt.FORWARD[0].rhs.subs(t, now).subs(h[now - 1], state)
        output = bptt.FORWARD[1].rhs.subs(t, now).subs(h[now], state)
        known |= {h[now]: state, e[now]: (output - g[now]) * output * (1 - output)}
    terms = written_out(equation(f"eq-bptt-{label}"), steps).subs(known)
    assert number(terms) == pytest.approx(number(diff(loss(steps), weight)), rel=1e-10)


def test_every_equation_that_can_be_written_out_is():
    found = [each for each in EQUATIONS if can_be_written_out(each)]
    assert {"eq-bptt-d-wx", "eq-memory-total"} <= {each.label for each in found}
    assert all(r"\sum" not in longhand(each) for each in found)


@pytest.mark.parametrize("label", ["eq-bptt-step", "eq-bptt-truncated", "eq-mean-slope"])
def test_others_are_refused(label):
    assert not can_be_written_out(equation(label))
    with pytest.raises(ValueError, match=f"got {label}"):
        written_out(equation(label), 3)


def test_no_step_is_refused():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        written_out(equation("eq-bptt-d-w"), 0)


def test_the_chain_rule_reaches_the_first_state():
    found = chain_rule(1)
    slopes = (y[1] - g[1]) * y[1] * (1 - y[1]) * w * h[1] * (1 - h[1]) * w_h
    assert simplify(found["h_{0}"] - slopes) == 0
    assert not found["h_{0}"].has(Symbol("L"))
    assert "1.0" not in str(chain_rule(2))
