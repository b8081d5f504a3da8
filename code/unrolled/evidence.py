"""Counting: how many of n networks did it, and what that says about the next one."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


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
