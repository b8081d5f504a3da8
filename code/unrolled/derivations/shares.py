"""The same gradient as a sum over pairs of steps: copies of a weight, total derivatives, a cut.

Chapter `bptt`; the letters are explained in `one_unit`, the recursion is in `bptt`.
"""

from sympy import Min, Product, Sum, UnevaluatedExpr

from unrolled.derivations.bptt import EVERY_WITNESS
from unrolled.derivations.notation import Equation, Mistake, plus, times
from unrolled.derivations.one_unit import (
    T,
    cut,
    d_wx,
    e,
    h,
    immediate,
    j,
    k,
    reach,
    share,
    slope,
    t,
    tau,
    total,
    u,
    w,
    w_h,
    x,
)

OVER_TIME = (
    Equation(
        "eq-bptt-two-steps",
        "The gradient of the input weight, written out for two steps",
        d_wx,
        plus(
            times(e[1], w, slope(h[1]), x[1]),
            times(e[2], w, slope(h[2]), plus(x[2], times(w_h, slope(h[1]), x[1]))),
        ),
        "bptt",
        "result",
        EVERY_WITNESS,
        mistakes=(
            Mistake(
                "no path through time",
                plus(
                    times(e[1], w, slope(h[1]), x[1]),
                    times(e[2], w, slope(h[2]), x[2]),
                ),
                "h_2 depends on w_x through h_1 as well.",
            ),
        ),
    ),
    Equation(
        "eq-bptt-reach",
        "How a state answers to an earlier one",
        reach[t, k],
        Product(times(slope(h[j]), w_h), (j, k + 1, t)),
        "bptt",
        "result",
        EVERY_WITNESS,
    ),
    Equation(
        "eq-bptt-share",
        "What the copy of step k adds to the loss of step t",
        share[t, k],
        times(e[t], w, reach[t, k], slope(h[k]), x[k]),
        "bptt",
        "result",
        EVERY_WITNESS,
    ),
    Equation(
        "eq-bptt-shares",
        "The gradient is the sum over all pairs of steps",
        d_wx,
        Sum(UnevaluatedExpr(Sum(share[t, k], (k, 1, t))), (t, 1, T)),
        "bptt",
        "result",
        EVERY_WITNESS,
        mistakes=(
            Mistake(
                "the diagonal alone",
                Sum(share[t, t], (t, 1, T)),
                "The pairs with k < t are the path through time.",
            ),
            Mistake(
                "the last loss alone",
                Sum(share[T, k], (k, 1, T)),
                "Every step has a target here, so every t counts.",
            ),
        ),
    ),
    Equation(
        "eq-bptt-immediate",
        "The immediate derivative: the state before is held fixed",
        immediate[t],
        times(slope(h[t]), x[t]),
        "bptt",
        "result",
        EVERY_WITNESS,
    ),
    Equation(
        "eq-bptt-total",
        "The total derivative, step by step forwards",
        total[t],
        plus(immediate[t], times(slope(h[t]), w_h, total[t - 1])),
        "bptt",
        "result",
        EVERY_WITNESS,
        mistakes=(
            Mistake(
                "immediate for total",
                immediate[t],
                "The state before depends on the weight too.",
            ),
        ),
    ),
    Equation(
        "eq-bptt-forward",
        "The gradient from total derivatives",
        d_wx,
        Sum(times(e[t], w, total[t]), (t, 1, T)),
        "bptt",
        "result",
        EVERY_WITNESS,
        mistakes=(
            Mistake(
                "immediate for total",
                Sum(times(e[t], w, immediate[t]), (t, 1, T)),
                "This leaves out the path through time.",
            ),
        ),
    ),
    Equation(
        "eq-bptt-truncated",
        "The sum cut short: each loss looks back over τ steps",
        cut,
        Sum(UnevaluatedExpr(Sum(share[t, t - u], (u, 0, Min(tau, t) - 1))), (t, 1, T)),
        "bptt",
        "definition",
        ("torch_detached",),
    ),
)
