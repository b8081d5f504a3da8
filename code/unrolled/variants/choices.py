"""The short decimals that variants are drawn from."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from unrolled.variants.model import Given


def tenths(low: int, high: int, least: int = 1) -> tuple[Decimal, ...]:
    """List the decimals low/10 … high/10, without those nearer to 0 than least/10.

    >>> [str(number) for number in tenths(-3, 4, least=2)]
    ['-0.3', '-0.2', '0.2', '0.3', '0.4']
    """
    return tuple(Decimal(n) / 10 for n in range(low, high + 1) if abs(n) >= least)


def whole(low: int, high: int) -> tuple[Decimal, ...]:
    """List the whole numbers from low to high, without 0."""
    return tuple(Decimal(n) for n in range(low, high + 1) if n)


WEIGHTS, BIASES, STATES = tenths(-20, 20, least=3), tenths(-10, 10), tenths(1, 9)
INPUTS = whole(-3, 3)
BITS = (Decimal(0), Decimal(1))


def at_steps(letter: str, choices: tuple[Decimal, ...], steps: Iterable[int]) -> list[Given]:
    """Give a letter at several steps."""
    return [Given(f"{letter}{t}", f"{letter}_{t}", letter, t, choices) for t in steps]
