"""Equations of counting: which rates a count leaves open, and which counts a rate.

Chapter `numbers`. Wilson's interval itself is displayed where it is first needed, in `how-long`.
"""

from typing import Any

from sympy import Function, Rational, Symbol, symbols
from sympy.printing.latex import LatexPrinter

from unrolled.derivations.notation import Equation, Mistake, plus, times
from unrolled.derivations.recurrence import k, n, p_hat, z

p, p_end = Symbol("p"), Symbol(r"p_{\pm}")
m, k_new = symbols("m k'", integer=True, positive=True)
B, P = Function("Beta"), Function("P")
HALF = Rational(1, 2)


class Choose(Function):
    """The number of ways to choose k of n: printed as a binomial coefficient."""

    def _latex(self, printer: LatexPrinter) -> str:
        return rf"\binom{{{printer._print(self.args[0])}}}{{{printer._print(self.args[1])}}}"

    def _numpycode(self, printer: Any) -> str:
        many, few = map(printer._print, self.args)
        return f"{printer._module_format('math.comb')}({many}, {few})"


def predicted(prior: Any) -> Any:
    """Write P(k') under the prior Beta(prior, prior)."""
    new = B(plus(k_new, k, prior), plus(m, -k_new, n, -k, prior))
    return times(Choose(m, k_new), new / B(plus(k, prior), plus(n, -k, prior)))


COUNTING = (
    Equation(
        "eq-not-surprised",
        "The rates at the edge of surprise",
        plus(p_hat, -p_end) ** 2,
        times(z**2, times(p_end, plus(1, -p_end)) / n),
        "numbers",
        "result",
        ("ends_of_evidence", "ends_of_scipy"),
        mistakes=(
            Mistake(
                "spread taken at the measured share",
                times(z**2, times(p_hat, plus(1, -p_hat)) / n),
                "The rate on trial says how far a count may stray; the measured share may be 0.",
            ),
            Mistake(
                "z not squared",
                times(z, times(p_end, plus(1, -p_end)) / n),
                "A distance of z standard deviations has z² in its square.",
            ),
            Mistake(
                "one network's spread",
                times(z**2, p_end, plus(1, -p_end)),
                "A mean of n has an n-th of the variance of one.",
            ),
        ),
    ),
    Equation(
        "eq-fresh-count",
        "How many of m fresh networks will do it after k of n did",
        P(k_new),
        predicted(HALF),
        "numbers",
        "result",
        ("integrated_over_rates", "scipy_beta_binomial"),
        mistakes=(
            Mistake(
                "measured share taken for the rate",
                times(Choose(m, k_new), (k / n) ** k_new, plus(1, -k / n) ** plus(m, -k_new)),
                "The share of n networks is itself uncertain, so fresh counts scatter more.",
            ),
            Mistake(
                "one order of successes",
                predicted(HALF).args[1],
                "k' successes can fall on m networks in many orders; all of them count.",
            ),
            Mistake(
                "prior forgotten",
                predicted(0),
                "Jeffreys' prior adds a half to both counts; without it 0 of n is certainty.",
            ),
        ),
    ),
    Equation(
        "eq-one-of-n",
        "At least one of n networks does it",
        P(Symbol(r"k \geq 1")),
        plus(1, -(plus(1, -p) ** n)),
        "numbers",
        "result",
        ("every_outcome", "scipy_at_least_one"),
        mistakes=(
            Mistake("all of them", p**n, "p to the power n: every one of n does it."),
            Mistake(
                "not all of them", plus(1, -(p**n)), "1 − pⁿ: at least one of n does *not* do it."
            ),
            Mistake("rates added", times(n, p), "Outcomes in which two do it are counted twice."),
        ),
    ),
)
