"""How long a gate can carry a value, and which bias makes it do so.

Chapter `gate-algebra`. All letters are numbers: one entry of each vector of `gates`; b is a
pre-activation, Δ a number of steps.
"""

from sympy import Abs, Integral, Pow, Product, Rational, Symbol, log, symbols

from unrolled.derivations.gate_algebra import CHAPTER, T, b, c, f, k, t
from unrolled.derivations.notation import Equation, Mistake, plus, sigmoid, times

u, p = symbols("u p")
epsilon, Delta, half_life = symbols(r"\varepsilon \Delta \Delta_{1/2}")
kept = Symbol(r"\mathbb{E}_u\left[\sigma(\log u)^{\Delta}\right]")

SURVIVAL = (
    Equation(
        "eq-keep-share",
        "The share that can be left",
        Product(f[t], (t, k + 1, T)),
        sigmoid(b) ** (T - k),
        CHAPTER,
        "bound",
        ("shares_within_b",),
    ),
    Equation(
        "eq-keep-steps",
        "How many steps a value survives to a given precision",
        Delta,
        log(plus(1, -epsilon)) / log(sigmoid(b)),
        CHAPTER,
        "bound",
        ("steps_counted",),
    ),
    Equation(
        "eq-half-life",
        "The half-life of a memory",
        half_life,
        log(Rational(1, 2), evaluate=False) / log(sigmoid(b)),
        CHAPTER,
        "result",
        ("halved_memory",),
        mistakes=(
            Mistake(
                "decay by b itself",
                log(Rational(1, 2), evaluate=False) / log(b),
                "The memory is multiplied by the gate, σ(b), and not by its pre-activation.",
            ),
        ),
    ),
    Equation(
        "eq-keep-error",
        "How far the kept memory drifts",
        Abs(plus(c[T], -c[k]), evaluate=False),
        times(plus(1, -(sigmoid(b) ** (T - k))), plus(1, Abs(c[k]))),
        CHAPTER,
        "bound",
        ("drift_within_b", "gru_drift_within_b"),
    ),
)

CHRONO = (
    Equation(
        "eq-bias-for",
        "The forget bias that leaves a share p after Δ steps",
        b,
        -log(plus(Pow(p, -1 / Delta), -1)),
        CHAPTER,
        "result",
        ("share_left_by_bias",),
        mistakes=(
            Mistake(
                "the share of one step for that of all",
                -log(plus(1 / p, -1)),
                "p is what is left after all steps; one step leaves its root.",
            ),
        ),
    ),
    Equation(
        "eq-chrono-gate",
        "The gate of a unit with bias ln u",
        sigmoid(log(u)),
        plus(1, -1 / plus(1, u)),
        CHAPTER,
        "result",
        ("by_algebra", "torch_sigmoid"),
    ),
    Equation(
        "eq-chrono-share",
        "What chrono units keep over Δ steps, on average",
        kept,
        times(1 / plus(T, -2), Integral(Pow(plus(1, -1 / plus(1, u)), Delta), (u, 1, plus(T, -1)))),
        CHAPTER,
        "result",
        ("chrono_cells",),
    ),
)

CARRYING = (*SURVIVAL, *CHRONO)
