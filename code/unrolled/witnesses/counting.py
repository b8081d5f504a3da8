"""Witnesses for the equations of counting: SciPy, quadrature, and every outcome in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from statistics import NormalDist

import numpy as np

from unrolled import evidence
from unrolled.derivations import counting
from unrolled.derivations.notation import Equation
from unrolled.witnesses.numbers import Gap, World, compare

COUNTS = ((6, 40, 0.95), (9, 10, 0.9), (1, 5, 0.95), (23, 41, 0.99))  # k, n, level
FRESH = ((6, 40, 40), (3, 7, 5), (39, 40, 10))  # k, n, m
QUADRATURE = 1e-9


def _ends(interval: Callable[[int, int, float], tuple[float, float]]) -> Iterator[World]:
    for k, n, level in COUNTS:
        z = NormalDist().inv_cdf((1 + level) / 2)
        for end in interval(k, n, level):  # one at a time: both sides are numbers
            yield {counting.p_end.name: end, r"\hat{p}": k / n, "n": n, "z": z}


def ends_of_evidence(equation: Equation) -> Gap:
    """Put in the ends that `unrolled.evidence.wilson` gives."""
    return compare(equation, _ends(evidence.wilson))


def ends_of_scipy(equation: Equation) -> Gap:
    """Put in the ends that SciPy gives."""
    from scipy.stats import binomtest

    def interval(k: int, n: int, level: float) -> tuple[float, float]:
        found = binomtest(k, n).proportion_ci(level, method="wilson")
        return found.low, found.high

    return compare(equation, _ends(interval))


def _fresh(probability: Callable[[int, int, int, int], float]) -> Iterator[World]:
    from scipy.special import beta

    for k, n, m in FRESH:
        for new in range(m + 1):
            found = probability(new, k, n, m)
            letters = {"k": k, "n": n, "m": m, counting.k_new.name: new}
            yield {**letters, "P": lambda _, found=found: found, "Beta": beta}


def integrated_over_rates(equation: Equation) -> Gap:
    """Weigh the binomial of every rate with what k of n say of that rate, by quadrature."""
    from scipy.integrate import quad
    from scipy.stats import beta, binom

    def probability(new: int, k: int, n: int, m: int) -> float:
        known = beta(k + 0.5, n - k + 0.5)
        return quad(lambda p: binom.pmf(new, m, p) * known.pdf(p), 0, 1, epsabs=1e-12)[0]

    return compare(equation, _fresh(probability), QUADRATURE)


def scipy_beta_binomial(equation: Equation) -> Gap:
    """Compare with SciPy's beta-binomial distribution."""
    from scipy.stats import betabinom

    return compare(
        equation, _fresh(lambda new, k, n, m: betabinom.pmf(new, m, k + 0.5, n - k + 0.5)), 1e-10
    )


def every_outcome(equation: Equation) -> Gap:
    """Add up the probabilities of all 2ⁿ outcomes that have a success."""
    worlds = []
    for p, n in ((0.15, 10), (0.5, 3), (0.9, 4)):
        outcomes = np.array(list(product((0, 1), repeat=n)))
        chances = np.where(outcomes == 1, p, 1 - p).prod(axis=1)
        total = chances[outcomes.any(axis=1)].sum()
        worlds.append({"p": p, "n": n, "P": lambda _, total=total: total, r"k \geq 1": 1})
    return compare(equation, worlds)


def scipy_at_least_one(equation: Equation) -> Gap:
    """Compare with the upper tail of SciPy's binomial distribution."""
    from scipy.stats import binom

    worlds = []
    for p, n in ((0.02, 100), (0.15, 10), (0.7, 2)):
        tail = binom.sf(0, n, p)
        worlds.append({"p": p, "n": n, "P": lambda _, tail=tail: tail, r"k \geq 1": 1})
    return compare(equation, worlds)
