"""One unit tries parity: how many of the six prefixes of two bits can a threshold sort?

Source: chapter "Gradients over time", which proves that six are out of reach.
"""

from __future__ import annotations

import numpy as np


def states_of_prefixes(u: np.ndarray, w: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the state of h_t = tanh(w h_{t-1} + u x_t + b) after each prefix.

    Args:
        u: input weights [E], one a network.
        w: recurrent weights [E].
        b: biases [E].

    Returns:
        States after 0, 1, 00, 01, 10 and 11, [E, 6].
    """
    after_one = [np.tanh(u * x + b) for x in (0, 1)]
    after_two = [np.tanh(w * h + u * x + b) for h in after_one for x in (0, 1)]
    return np.stack(after_one + after_two, axis=1)


ODD = np.array([0, 1, 0, 1, 1, 0], bool)


def most_right(states: np.ndarray, odd: np.ndarray = ODD) -> np.ndarray:
    """Count the right answers under the best threshold, with "odd" on either side of it.

    Args:
        states: one number a prefix [E, P].
        odd: the right answers [P].

    Returns:
        Right answers [E], from P/2 to P.
    """
    best = np.zeros(len(states), int)
    for threshold in (*states.T, np.full(len(states), -np.inf)):
        right = ((states > threshold[:, None]) == odd).sum(axis=1)
        best = np.maximum(best, np.maximum(right, len(odd) - right))
    return best


def search(tries: int, *, scale: float = 10.0, rng: np.random.Generator) -> np.ndarray:
    """Draw networks of one unit at random, and count how many get how many prefixes right.

    Args:
        tries: networks to draw.
        scale: weights and biases are uniform in ± this.
        rng: draws them.

    Returns:
        [7]; entry k counts the networks with k of the six prefixes right.
    """
    u, w, b = rng.uniform(-scale, scale, (3, tries))
    return np.bincount(most_right(states_of_prefixes(u, w, b)), minlength=len(ODD) + 1)
