"""Backpropagation through time for one unit, one input and one output (assignment 1).

Chapter `bptt`; the letters are explained in `one_unit`, the matrix form is in `bptt_matrix`.
"""

from sympy import Basic, S, Sum, Symbol

from unrolled.derivations.notation import Equation, Mistake, plus, sigmoid, times
from unrolled.derivations.one_unit import (
    T,
    b_1,
    b_2,
    d_b1,
    d_b2,
    d_mean,
    d_sum,
    d_theta,
    d_w,
    d_wh,
    d_wx,
    delta,
    e,
    error,
    g,
    h,
    half,
    hidden_mistakes,
    output_mistakes,
    slope,
    t,
    w,
    w_h,
    w_x,
    x,
    y,
)

EVERY_WITNESS = ("by_symbols", "by_torch", "by_tape", "by_differences")
DEFINED = ("sheet_forward", "torch_layers", "keras_layers")


def _gradient(label: str, title: str, left: Symbol, right: Basic, mistakes: tuple) -> Equation:
    return Equation(label, title, left, right, "bptt", "result", EVERY_WITNESS, mistakes=mistakes)


FORWARD = (
    Equation(
        "eq-bptt-step",
        "Assignment 1's hidden unit",
        h[t],
        sigmoid(plus(times(w_x, x[t]), times(w_h, h[t - 1]), b_1)),
        "bptt",
        "definition",
        DEFINED,
    ),
    Equation(
        "eq-bptt-output",
        "Assignment 1's output",
        y[t],
        sigmoid(plus(times(w, h[t]), b_2)),
        "bptt",
        "definition",
        DEFINED,
    ),
    Equation(
        "eq-bptt-loss",
        "Half the sum of the squared errors",
        Symbol("L"),
        times(half, Sum(plus(y[t], -g[t]) ** 2, (t, 1, T))),
        "bptt",
        "definition",
        ("torch_loss",),
    ),
    Equation(
        "eq-bptt-loss-mean",
        "The gradient of the mean over the steps",
        d_mean,
        times(2 / T, d_theta),
        "bptt",
        "result",
        ("torch_loss", "keras_loss"),
    ),
    Equation(
        "eq-bptt-loss-sum",
        "The gradient of the sum over the steps",
        d_sum,
        times(2, d_theta),
        "bptt",
        "result",
        ("torch_loss", "keras_loss"),
    ),
)

BACKWARD = (
    Equation(
        "eq-bptt-error",
        "How the loss answers to the output's pre-activation",
        e[t],
        error(t),
        "bptt",
        "result",
        EVERY_WITNESS,
        mistakes=(
            Mistake(
                "σ′ of the output forgotten",
                plus(y[t], -g[t]),
                "The loss reads y_t, which has passed a σ: multiply by y_t (1 − y_t).",
            ),
            Mistake(
                "the error's sign turned", error(t, -1), "Answer minus target, not the reverse."
            ),
        ),
    ),
    _gradient(
        "eq-bptt-d-w",
        "Gradient of the output weight",
        d_w,
        Sum(times(e[t], h[t]), (t, 1, T)),
        output_mistakes(lambda step: h[step]),
    ),
    _gradient(
        "eq-bptt-d-b2",
        "Gradient of the output bias",
        d_b2,
        Sum(e[t], (t, 1, T)),
        output_mistakes(lambda step: S.One),
    ),
    Equation(
        "eq-bptt-delta-last",
        "Where the recursion starts",
        delta[T],
        times(e[T], w, slope(h[T])),
        "bptt",
        "result",
        EVERY_WITNESS,
    ),
    Equation(
        "eq-bptt-delta",
        "One step backwards",
        delta[t],
        times(plus(times(e[t], w), times(delta[t + 1], w_h)), slope(h[t])),
        "bptt",
        "result",
        EVERY_WITNESS,
        mistakes=(
            Mistake(
                "no path through time",
                times(e[t], w, slope(h[t])),
                "h_t is read by y_t and by step t + 1: both terms count.",
            ),
            Mistake(
                "the loss of step t forgotten",
                times(delta[t + 1], w_h, slope(h[t])),
                "With a target at every step, every step's own error enters too.",
            ),
            Mistake(
                "σ′ of the hidden unit forgotten",
                plus(times(e[t], w), times(delta[t + 1], w_h)),
                "δ_t stands before the σ, so its slope h_t (1 − h_t) multiplies.",
            ),
        ),
    ),
    _gradient(
        "eq-bptt-d-wx",
        "Gradient of the input weight",
        d_wx,
        Sum(times(delta[t], x[t]), (t, 1, T)),
        hidden_mistakes(lambda step: x[step]),
    ),
    _gradient(
        "eq-bptt-d-wh",
        "Gradient of the recurrent weight",
        d_wh,
        Sum(times(delta[t], h[t - 1]), (t, 1, T)),
        (
            Mistake(
                "the new state in place of the old",
                Sum(times(delta[t], h[t]), (t, 1, T)),
                "At step t the weight multiplies the state before: h_{t-1}.",
            ),
            *hidden_mistakes(lambda step: h[step - 1]),
        ),
    ),
    _gradient(
        "eq-bptt-d-b1",
        "Gradient of the hidden bias",
        d_b1,
        Sum(delta[t], (t, 1, T)),
        hidden_mistakes(lambda step: S.One),
    ),
)
