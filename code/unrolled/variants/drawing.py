"""Draw the numbers of a variant, and compute its answers.

**What is drawn.** Short decimals, from tables. A candidate is taken if every answer is at least
`VISIBLE` units of the last digit asked, and if no two answers to one question, the right one and
those of all its mistakes, are closer than `APART` units. A mistake that does not touch an answer
(no path through time leads to the output weight) is left out there.

**What is accepted.** The key holds the right answer v, computed with `DIGITS` digits and then
rounded to r; the tolerance around r is 1½ units. Who keeps two more digits on the way arrives less
than half a unit from v, so rounds to r or to one of its neighbours: accepted. Who makes one of the
mistakes with the same care arrives more than 4 units from v, and therefore after rounding at least
3 from r: never accepted. The half unit on top of one is for floating point: 0.0292 - 0.0291 is a
little more than 0.0001 in binary. The tests do the arithmetic by hand, for a thousand variants.

**The same everywhere.** NumPy promises the raw stream of a seeded PCG64 for all platforms and
versions, and of no method that makes choices of it; so the choices are made here. What a machine's
own exp does to the last bit decides nothing: the keys are computed by SymPy, and no candidate is
rejected or taken by so little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import combinations

import numpy as np
from sympy import Float

from unrolled.variants.model import Asked, Question
from unrolled.variants.questions import QUESTIONS

VISIBLE, APART = 100, 5  # units of the last digit that is asked for
TOLERANCE = Decimal("1.5")
DIGITS = 40
CANDIDATES, ROUNDS = 128, 100  # candidates a seed and round; one in 60 or more is good
PROBES = 512
SAME = 1e-9

Numbers = dict[str, np.ndarray]


@dataclass(frozen=True)
class Answer:
    """What one asked number is.

    Args:
        asked: the number.
        value: what it is, to `DIGITS` digits.
        decimals: the digits behind the point that are asked for.
        mistakes: name of each slip that changes it → the value that it leads to.
    """

    asked: Asked
    value: Decimal
    decimals: int
    mistakes: dict[str, float]

    @property
    def unit(self) -> Decimal:
        """One unit of the last digit asked."""
        return Decimal(1).scaleb(-self.decimals)

    @property
    def rounded(self) -> Decimal:
        """The value at the digits asked."""
        return self.value.quantize(self.unit)

    @property
    def tolerance(self) -> Decimal:
        """How far from `rounded` an answer is still accepted."""
        return TOLERANCE * self.unit


@dataclass(frozen=True)
class Variant:
    """One student's question.

    Args:
        question: which.
        seed: which variant of it.
        givens: name of each given → its number.
        answers: the key.
    """

    question: Question
    seed: int
    givens: dict[str, Decimal]
    answers: tuple[Answer, ...]


def draw(question: str, seed: int) -> Variant:
    """Draw one variant; the same seed gives the same on every machine.

    Args:
        question: a name in `QUESTIONS`.
        seed: 0 or more.

    Raises:
        ValueError: if there is no such question or the seed is negative.

    >>> [str(number) for number in draw("forward", 0).givens.values()]
    ['-0.6', '-1.1', '-1', '-0.2', '0.6', '5', '-2', '2']
    """
    return draw_all(question, [seed])[0]


def draw_all(question: str, seeds: Sequence[int]) -> list[Variant]:
    """Draw a variant for each seed: what `draw` gives, many times faster.

    Args:
        question: a name in `QUESTIONS`.
        seeds: at least one, each 0 or more.

    Raises:
        ValueError: if there is no such question, a seed is negative, or nothing suitable is found.
    """
    if question not in QUESTIONS:
        raise ValueError(f"question: expected one of {', '.join(QUESTIONS)}, got {question!r}")
    for seed in seeds:
        if seed < 0:
            raise ValueError(f"seed: expected 0 or more, got {seed}")
    asked = QUESTIONS[question]
    streams = {seed: _candidates(asked, seed) for seed in seeds}
    picks: dict[int, np.ndarray] = {}
    for _ in range(ROUNDS):
        waiting = [seed for seed in streams if seed not in picks]
        if not waiting:
            return _variants(asked, seeds, np.stack([picks[seed] for seed in seeds]))
        rounds = np.stack([next(streams[seed]) for seed in waiting])  # [seeds, CANDIDATES, givens]
        fits = suitable(asked, _numbers(asked, np.concatenate(rounds))).reshape(len(waiting), -1)
        first = np.argmax(fits, axis=1)
        picks |= {seed: rounds[n, first[n]] for n, seed in enumerate(waiting) if fits[n].any()}
    raise ValueError(f"question: no numbers tell the mistakes of {question} from each other")


def _candidates(question: Question, seed: int) -> Iterator[np.ndarray]:
    """Yield rounds of candidates: which of its choices each given takes, [CANDIDATES, givens]."""
    stream = np.random.PCG64([seed, *question.name.encode()])
    sizes = np.array([len(given.choices) for given in question.givens], np.uint64)
    while True:
        raw = stream.random_raw(CANDIDATES * len(sizes)).reshape(CANDIDATES, -1)
        yield (raw % sizes).astype(int)


def _numbers(question: Question, picks: np.ndarray) -> Numbers:
    """Look the choices up: name → numbers [M], from picks [M, givens]."""
    return {
        given.name: np.array(given.choices, float)[column]
        for given, column in zip(question.givens, picks.T, strict=True)
    }


def suitable(question: Question, numbers: Numbers) -> np.ndarray:
    """Say of each of M candidates whether its answers, right and wrong, can be told apart.

    Args:
        question: which.
        numbers: name of each given → [M] numbers.

    Returns:
        [M] booleans.
    """
    unit = 10.0**-question.decimals
    right, touched = question.solve(numbers), touches(question.name)
    wrong = {slip.name: question.solve(numbers, slip) for slip in question.slips}
    good = np.ones(len(next(iter(numbers.values()))), bool)
    for name, value in right.items():
        good &= np.abs(value) >= VISIBLE * unit
        answers = [value, *(wrong[slip][name] for slip in touched[name])]
        for one, other in combinations(answers, 2):
            good &= np.abs(one - other) >= APART * unit
    return good


@lru_cache
def touches(question: str) -> dict[str, tuple[str, ...]]:
    """Find out which mistakes change which answer, on numbers drawn for the purpose.

    Args:
        question: a name in `QUESTIONS`.

    Returns:
        name of each asked number → names of the slips that change it.
    """
    asked = QUESTIONS[question]
    rng = np.random.default_rng(0)
    sizes = [len(given.choices) for given in asked.givens]
    numbers = _numbers(asked, rng.integers(sizes, size=(PROBES, len(sizes))))
    right = asked.solve(numbers)
    wrong = {slip.name: asked.solve(numbers, slip) for slip in asked.slips}
    return {
        name: tuple(s for s, w in wrong.items() if np.max(np.abs(w[name] - value)) > SAME)
        for name, value in right.items()
    }


def _variants(question: Question, seeds: Sequence[int], picks: np.ndarray) -> list[Variant]:
    """Make variants of the choices that were taken, [seeds, givens], with their keys."""
    numbers = _numbers(question, picks)
    wrong = {slip.name: question.solve(numbers, slip) for slip in question.slips}
    made = []
    for n, (seed, row) in enumerate(zip(seeds, picks, strict=True)):
        chosen = zip(question.givens, row, strict=True)
        givens = {given.name: given.choices[pick] for given, pick in chosen}
        exact = {name: Float(str(number), DIGITS) for name, number in givens.items()}
        right = question.solve(exact, dtype=object)
        answers = tuple(
            Answer(
                asked,
                Decimal(str(right[asked.name])),
                question.decimals,
                {
                    slip: float(wrong[slip][asked.name][n])
                    for slip in touches(question.name)[asked.name]
                },
            )
            for asked in question.asked
        )
        made.append(Variant(question, seed, givens, answers))
    return made
