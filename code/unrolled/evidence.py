"""Counting: how many of n networks did it, what that says about the next one, and what is claimed.

A *claim* is a sentence of the book with a blank for a count. Its count is measured once over many
seeds and recorded; every build measures the first few seeds again and asks whether what comes out
goes together with the record. `band` says which counts do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

FALSE_ALARMS = 0.01  # largest share of builds that may fail although nothing has changed


def wilson(k: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of success rates that k successes in n tries leave open.

    With p̂ = k/n and z the normal quantile of the level, the ends are

        (p̂ + z²/2n ± z √(p̂(1−p̂)/n + z²/4n²)) / (1 + z²/n)

    Unlike p̂ ± z √(p̂(1−p̂)/n) it has a width when k is 0 or n: ten successes in ten tries do not
    prove a rate of 1.

    Args:
        k: successes.
        n: tries.
        level: the share of such intervals that hold the true rate, in the long run.

    Returns:
        The lower and the upper end, between 0 and 1.

    Raises:
        ValueError: n below 1, k outside 0 … n, or a level outside (0, 1).

    Source: Wilson (1927); chapter "How long can it remember?".
    """
    if n < 1 or not 0 <= k <= n:
        raise ValueError(f"k of n: expected 0 ≤ k ≤ n and n ≥ 1, got k = {k} and n = {n}")
    if not 0 < level < 1:
        raise ValueError(f"level: expected a number between 0 and 1, got {level}")
    z, rate = NormalDist().inv_cdf(0.5 + level / 2), k / n
    centre, spread = rate + z * z / (2 * n), z * sqrt(rate * (1 - rate) / n + (z / (2 * n)) ** 2)
    width = 1 + z * z / n
    return max(0.0, (centre - spread) / width), min(1.0, (centre + spread) / width)


@dataclass(frozen=True)
class Count:
    """k successes of n, as the text quotes them.

    >>> str(Count(10, 10))
    '10 of 10 (95 % interval 72–100 %)'
    """

    k: int
    n: int

    @property
    def rate(self) -> float:
        """The share of successes."""
        return self.k / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the rate."""
        return wilson(self.k, self.n)

    def __str__(self) -> str:
        """Return "k of n" with the interval in per cent."""
        low, high = self.interval
        return f"{self.k} of {self.n} (95 % interval {100 * low:.0f}–{100 * high:.0f} %)"

    @property
    def short(self) -> str:
        """The count without its interval, such as "6 of 40"."""
        return f"{self.k} of {self.n}"

    @property
    def span(self) -> str:
        """The interval alone, such as "95 % interval 7–29 %"."""
        return str(self).partition("(")[2].rstrip(")")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A sentence of the book that says how many of n networks did something.

    Attributes:
        label: its name; a page shows the count as ``{glue:text}`claim-LABEL` ``.
        chapter: the page it belongs to, such as "parity".
        sentence: what is claimed, with `{count}` where "6 of 40" will stand.
        measure: the measuring function, named from the package on, such as "ensembles.count". It
            takes `seeds` and returns a dict of arrays with one entry a seed.
        arguments: what else it is called with.
        outcome: the array that decides …
        test: … with a comparison, such as ("<", 0.01); without one it holds true and false.
        threshold: when a network counts, in words.
        n: how many seeds, fixed before anything is measured.
        again: how many of the first seeds every build measures again; 0: none.

    Raises:
        ValueError: a sentence without its blank, an unknown comparison, or impossible numbers.
    """

    label: str
    chapter: str
    sentence: str
    measure: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = "solved"
    test: tuple[str, float] | None = None
    threshold: str
    n: int
    again: int = 0

    def __post_init__(self) -> None:
        """Refuse a row of the table that cannot be measured."""
        if self.sentence.count("{count}") != 1:
            raise ValueError(f"{self.label}: expected a sentence with one {{count}}")
        if self.test and self.test[0] not in COMPARISONS:
            raise ValueError(f"{self.label}: expected one of {', '.join(COMPARISONS)}")
        if self.n < 1 or not 0 <= self.again <= self.n:
            raise ValueError(f"{self.label}: expected n ≥ 1 and 0 ≤ again ≤ n")

    def outcomes(self, result: Mapping[str, Any]) -> np.ndarray:
        """Return for each seed whether it counts, bool [n], from what `measure` returned.

        Raises:
            ValueError: the array is not there, holds NaN, or needs a comparison and has none.
        """
        if self.outcome not in result:
            raise ValueError(f"{self.label}: {self.measure} returned no {self.outcome!r}")
        values = np.asarray(result[self.outcome])
        if values.ndim != 1 or np.isnan(values.astype(float)).any():
            raise ValueError(f"{self.label}: expected one number a seed in {self.outcome!r}")
        if self.test:
            comparison, threshold = self.test
            return COMPARISONS[comparison](values, threshold)
        if values.dtype != bool:
            raise ValueError(f"{self.label}: {self.outcome!r} is not boolean and has no test")
        return values

    def said(self, count: Count) -> str:
        """Return the sentence with its count, and the interval before its full stop."""
        filled = self.sentence.format(count=count.short)
        return f"{filled.removesuffix('.')} ({count.span})."


COMPARISONS = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
}


class Band(NamedTuple):
    """The counts, ends included, that a measurement may give without contradicting the record."""

    low: int
    high: int

    def __contains__(self, k: object) -> bool:
        """Say whether a count lies inside."""
        return isinstance(k, int) and self.low <= k <= self.high

    def __str__(self) -> str:
        """Return "3 to 29"."""
        return f"{self.low} to {self.high}"


def band(k: int, n: int, m: int, *, claims: int = 1) -> Band:
    """Return which counts of m fresh networks go together with k of n earlier ones.

    The rate p is as uncertain as k of n leave it when nothing was known before (Jeffreys' prior,
    p ~ Beta(½, ½)). Given p the new count is binomial, and over all p it is beta-binomial:

        P(k') = C(m, k') B(k' + k + ½, m − k' + n − k + ½) / B(k + ½, n − k + ½)

    The band leaves out at most α/2 on either side, with α = `FALSE_ALARMS` / claims: whatever the
    claims have to do with one another, all bands together raise a false alarm in no more than
    `FALSE_ALARMS` of the builds.

    Training is chaotic: on another processor the last bit of a sum differs, and after some
    thousand updates a seed may have another fate. There the same seeds are fresh networks, and this
    band is the one that holds.

    Args:
        k: successes on record.
        n: tries on record.
        m: tries of the new measurement.
        claims: how many claims are compared in one build.

    Raises:
        ValueError: impossible counts.

    Source: Wilson (1927) has the interval for p alone; chapter "What the numbers say".
    """
    from scipy.stats import betabinom  # a second to load, and no page needs it

    wilson(k, n)  # refuses impossible counts
    if m < 1 or claims < 1:
        raise ValueError(f"m and claims: expected at least 1, got {m} and {claims}")
    predicted, tail = betabinom(m, k + 0.5, n - k + 0.5), FALSE_ALARMS / claims / 2
    counts = np.arange(m + 1)
    inside = (predicted.cdf(counts) > tail) & (predicted.sf(counts - 1) > tail)
    allowed = counts[inside]
    return Band(int(allowed[0]), int(allowed[-1]))
