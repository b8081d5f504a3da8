"""Which numbers tell a right gradient from a wrong one?

A gradient check on paper is worth as much as the smallest gap between the right answer and the
wrong ones. With assignment A1.1's numbers that gap is in the fifth digit; the search below looks,
among short decimals, for numbers with the widest. The right gradient and the wrong ones are the
equations' own, `Equation.rhs` and `Equation.mistakes`.

Source: chapter "Backpropagation through time".
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np

from unrolled.derivations.equations import equation
from unrolled.witnesses.bptt import LETTERS, world
from unrolled.witnesses.numbers import World, evaluate

#: The five gradients, by assignment 1's names of their weights.
GRADIENTS = {name: f"eq-bptt-d-{name}" for name in LETTERS}
WEIGHTS = (-2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0)
BIASES = (-1.0, -0.5, 0.0, 0.5, 1.0)
INPUTS = (-2.0, -1.0, 1.0, 2.0)
RIGHT = "right"
SAME, VISIBLE = 1e-9, 0.01


class Numbers(NamedTuple):
    """A network and a sequence, in short decimals, and how far apart all the answers are."""

    weights: dict[str, float]
    x: tuple[float, ...]
    targets: tuple[float, ...]
    gap: float


def answers(name: str, known: World) -> dict[str, np.ndarray]:
    """Compute one gradient as it should be and as each classic mistake has it.

    Args:
        name: "wx", "wh", "b1", "w" or "b2".
        known: what `witnesses.bptt.world` returned, for one network or many.

    Returns:
        "right" and the names of the mistakes → the number, or numbers [M].
    """
    claim = equation(GRADIENTS[name])
    found = {RIGHT: evaluate(claim.rhs, known)}
    return found | {m.name: evaluate(m.rhs, known) for m in claim.mistakes}


def relative(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return |a - b| as a share of the larger of the two; 0 where both are 0."""
    size = np.maximum(np.abs(a), np.abs(b))
    return np.divide(np.abs(a - b), size, out=np.zeros_like(size), where=size > 0)


def pair_gaps(known: World) -> np.ndarray:
    """Return the relative difference between any two answers to one question, [pairs, M]."""
    gaps = []
    for name in GRADIENTS:
        given = answers(name, known).values()
        gaps += [relative(a, b) for a, b in combinations(given, 2)]
    return np.stack(np.broadcast_arrays(*gaps))


def search(steps: int = 3, candidates: int = 20_000, *, rng: np.random.Generator) -> Numbers:
    """Look for numbers with which no two answers, right or wrong, are easily confused.

    Two answers that agree whatever the numbers are left out: with h_0 = 0 and three steps the
    gradient of w_h cannot tell a path of one step from the whole path; that of w_x can.

    Args:
        steps: T.
        candidates: networks and sequences that are tried.
        rng: draws them from `WEIGHTS`, `BIASES`, the targets 0 and 1, and `INPUTS` (each once).

    Returns:
        The candidate with the widest smallest gap, among those with no gradient below 0.01.
    """
    grids = {name: BIASES if name.startswith("b") else WEIGHTS for name in LETTERS}
    weights = {name: rng.choice(grid, candidates) for name, grid in grids.items()}
    x = np.array([rng.permutation(INPUTS)[:steps] for _ in range(candidates)]).T
    targets = rng.choice((0.0, 1.0), (steps, candidates))
    known = world(weights, x, targets)
    pairs = pair_gaps(known)
    right = np.abs([answers(name, known)[RIGHT] for name in GRADIENTS])
    gaps = pairs[pairs.max(axis=1) > SAME].min(axis=0) * (right.min(axis=0) >= VISIBLE)
    best = int(np.argmax(gaps))
    return Numbers(
        {name: float(values[best]) for name, values in weights.items()},
        tuple(x[:, best].tolist()),
        tuple(targets[:, best].tolist()),
        float(gaps[best]),
    )
