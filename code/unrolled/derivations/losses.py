"""Equations of the losses of yes and no, and of ten classes, with their derivatives.

Chapters `parity`, `xnor` and `mnist-rows`. The mean squared error is in `memory`.
"""

from sympy import Abs, Eq, IndexedBase, Max, Sum, Symbol, exp, log, symbols

from unrolled.derivations.notation import Equation, Iverson, Mistake, plus, sigmoid, times
from unrolled.derivations.slips import EXTRA_SLOPE, UPHILL

j, N, C = symbols("j N C", integer=True, positive=True)
cls, label = symbols("c y", integer=True, positive=True)

# yes or no
z, y = symbols("z y")
bce_slope = Symbol(r"\frac{\partial \ell}{\partial z}")
said, wanted = IndexedBase("p"), IndexedBase("q")

# ten classes
logit = IndexedBase("z")
class_slope = Symbol(r"\frac{\partial \ell}{\partial z_c}")
normaliser = Sum(exp(logit[j]), (j, 1, C))
truth = Iverson(Eq(cls, label))

LOGITS = (
    Equation(
        "eq-bce",
        "Binary cross-entropy of a logit",
        Symbol(r"\ell"),
        plus(-times(y, log(sigmoid(z))), -times(plus(1, -y), log(plus(1, -sigmoid(z))))),
        "parity",
        "definition",
        ("torch_bce",),
    ),
    Equation(
        "eq-bce-logits",
        "The same, without overflow",
        Symbol(r"\ell"),
        plus(Max(z, 0), -times(z, y), log(plus(1, exp(-Abs(z))))),
        "parity",
        "result",
        ("torch_bce", "bce_far_out"),
    ),
    Equation(
        "eq-bce-gradient",
        "Its derivative: answer minus target",
        bce_slope,
        plus(sigmoid(z), -y),
        "parity",
        "result",
        ("torch_bce", "tape_bce", "bce_differences", "bce_derivative"),
        mistakes=(
            UPHILL(plus(y, -sigmoid(z))),
            EXTRA_SLOPE(times(plus(sigmoid(z), -y), sigmoid(z), plus(1, -sigmoid(z)))),
            Mistake(
                "the logit for the answer",
                plus(z, -y),
                "The logit becomes an answer between 0 and 1 through σ.",
            ),
            Mistake(
                "stopped at the answer",
                plus(sigmoid(z), -y) / times(sigmoid(z), plus(1, -sigmoid(z))),
                "This is the slope at σ(z); one more factor, σ's own slope, leads to the logit.",
            ),
        ),
    ),
)

PROBABILITIES = (
    Equation(
        "eq-xnor-bce",
        "Binary cross-entropy of probabilities",
        Symbol("L"),
        times(
            -1 / N,
            Sum(
                plus(
                    times(wanted[j], log(said[j])),
                    times(plus(1, -wanted[j]), log(plus(1, -said[j]))),
                ),
                (j, 1, N),
            ),
        ),
        "xnor",
        "definition",
        ("torch_bce_mean",),
    ),
)

CLASSES = (
    Equation(
        "eq-softmax",
        "Softmax: from logits to probabilities",
        said[cls],
        exp(logit[cls]) / normaliser,
        "mnist-rows",
        "definition",
        ("torch_cross_entropy",),
    ),
    Equation(
        "eq-cross-entropy",
        "Softmax cross-entropy of class y",
        Symbol(r"\ell"),
        plus(-logit[label], log(normaliser)),
        "mnist-rows",
        "definition",
        ("torch_cross_entropy",),
    ),
    Equation(
        "eq-softmax-gradient",
        "Its derivative: probability minus truth",
        class_slope,
        plus(said[cls], -truth),
        "mnist-rows",
        "result",
        ("torch_cross_entropy", "tape_cross_entropy", "cross_entropy_differences"),
        mistakes=(
            UPHILL(plus(truth, -said[cls])),
            Mistake(
                "the truth forgotten",
                said[cls],
                "The loss also holds -z_y, whose slope is -1 at the true class.",
            ),
            Mistake(
                "the true class alone",
                times(truth, plus(said[cls], -1)),
                "Every logit is in the normaliser, so every class has a slope.",
            ),
            EXTRA_SLOPE(times(plus(said[cls], -truth), said[cls], plus(1, -said[cls]))),
        ),
    ),
)
