"""Equations of gradients over time: powers of a matrix, saturation, clipping.

Chapter `gradients`; the Jacobian, its product and its bound stand in `recurrence`.
"""

from sympy import (
    ImmutableMatrix,
    IndexedBase,
    MatMul,
    MatPow,
    MatrixSymbol,
    Max,
    Min,
    Sum,
    Symbol,
    ZeroMatrix,
    log,
    symbols,
)

from unrolled.derivations.notation import Equation, Mistake, plus, times

t, i, T, H, n = symbols("t i T H n", integer=True, positive=True)
lam, b = symbols("lambda b")
shear = ImmutableMatrix([[lam, b], [0, lam]])
peak = Symbol(r"t^{\ast}")
power_rate = Symbol(r"\lim_{t \to \infty} \left\lVert A^t \right\rVert_2^{1/t}")
radius = Symbol(r"\max_{i} \left|\lambda_{i}\right|")
h = IndexedBase("h")
volume = Symbol(r"\left|\det \frac{\partial h_T}{\partial h_0}\right|^{\frac{1}{HT}}")
volume_of_weights = Symbol(r"\left|\det W_{hh}\right|^{\frac{1}{H}}")
mean_slope = Symbol(r"\bar{\gamma}")
g, g_hat = MatrixSymbol("g", n, 1), MatrixSymbol(r"\hat{g}", n, 1)
norm, norm_hat = (Symbol(rf"\left\lVert {name} \right\rVert_2") for name in ("g", r"\hat{g}"))
c = Symbol("c")


def power_of_shear(step) -> ImmutableMatrix:
    """Write the power of [[λ, b], [0, λ]] with an exponent."""
    corner = times(step, b, lam ** (step - 1))
    return ImmutableMatrix([[lam**step, corner], [0, lam**step]])


def over_units_and_steps(term):
    """Write the mean of a term over the H units and the T steps."""
    return times(1 / (H * T), Sum(term, (i, 1, H), (t, 1, T)))


slope = plus(1, -(h[t, i] ** 2))

POWERS = (
    Equation(
        "eq-power-nilpotent",
        "A matrix that stretches tenfold, and whose square is zero",
        MatPow(ImmutableMatrix([[0, 10], [0, 0]]), 2),
        ZeroMatrix(2, 2),
        "gradients",
        "result",
        ("multiplied_out",),
        mistakes=(
            Mistake(
                "each entry squared",
                ImmutableMatrix([[0, 100], [0, 0]]),
                "A power of a matrix multiplies rows by columns; it does not square the entries.",
            ),
        ),
    ),
    Equation(
        "eq-power-shear",
        "Powers that grow before they die",
        MatPow(shear, t),
        power_of_shear(t),
        "gradients",
        "result",
        ("multiplied_out", "by_induction"),
        mistakes=(
            Mistake(
                "each entry raised to the power",
                ImmutableMatrix([[lam**t, b**t], [0, lam**t]]),
                "A power of a matrix multiplies rows by columns, so that b occurs once a term.",
            ),
            Mistake(
                "one factor λ too many in the corner",
                ImmutableMatrix([[lam**t, t * b * lam**t], [0, lam**t]]),
                "Of the t factors one is b, which leaves t - 1 for λ.",
            ),
        ),
    ),
    Equation(
        "eq-power-peak",
        "The step at which the corner is largest",
        peak,
        -1 / log(lam),
        "gradients",
        "result",
        ("derivative_is_zero", "largest_on_a_grid"),
        mistakes=(
            Mistake(
                "the step after which λ has fallen to one half",
                log(2) / -log(lam),
                "That is λ's half-life; the corner also grows with t.",
            ),
        ),
    ),
    Equation(
        "eq-power-rate",
        "In the long run the largest eigenvalue decides",
        power_rate,
        radius,
        "gradients",
        "result",
        ("repeated_squaring",),
        mistakes=(
            Mistake(
                "the largest singular value",
                Symbol(r"\sigma_{\max}"),
                "The singular value is the first step's factor; the limit forgets the first steps.",
            ),
        ),
    ),
)

SATURATION = (
    Equation(
        "eq-mean-slope",
        "The geometric mean of all slopes",
        log(mean_slope),
        over_units_and_steps(log(slope)),
        "gradients",
        "definition",
        ("scipy_mean",),
        mistakes=(
            Mistake(
                "the arithmetic mean",
                log(over_units_and_steps(slope)),
                "Slopes are multiplied on the way back, so their logarithms are averaged.",
            ),
        ),
    ),
    Equation(
        "eq-jacobian-volume",
        "What saturation costs the average direction",
        volume,
        times(volume_of_weights, mean_slope),
        "gradients",
        "result",
        ("torch_volume", "tape_volume", "volume_differences"),
        mistakes=(
            Mistake("the slopes forgotten", volume_of_weights, "Each step has tanh in it too."),
            Mistake(
                "the mean slope once for each step",
                times(volume_of_weights, mean_slope**T),
                "The left side is a factor a step already: its root is taken over T steps.",
            ),
        ),
    ),
)

CLIPPING = (
    Equation(
        "eq-clip",
        "Clipping by the norm",
        g_hat,
        MatMul(Min(1, c / norm), g),
        "gradients",
        "definition",
        ("numpy_clip", "torch_clip"),
        mistakes=(
            Mistake(
                "every gradient is given the length c",
                MatMul(c / norm, g),
                "A gradient that is short enough is left alone; this would lengthen it.",
            ),
            Mistake(
                "the larger factor for the smaller",
                MatMul(Max(1, c / norm), g),
                "Clipping may shorten and never lengthen, so the factor is at most 1.",
            ),
            Mistake(
                "divided by the squared norm",
                MatMul(Min(1, c / norm**2), g),
                "A vector divided by its length has length 1; by its square, it has not.",
            ),
        ),
    ),
    Equation(
        "eq-clip-length",
        "The length of a clipped gradient",
        norm_hat,
        Min(norm, c),
        "gradients",
        "result",
        ("numpy_clip", "torch_clip"),
        mistakes=(Mistake("always c", c, "Only a gradient longer than c is cut to it."),),
    ),
)

SPECTRUM = (*POWERS, *SATURATION, *CLIPPING)
