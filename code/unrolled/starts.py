"""How the biases of a gated cell start, and with them how long it keeps what it holds.

Source: Jozefowicz, Zaremba and Sutskever (2015) for the forget bias, Tallec and Ollivier (2018) for
the chrono start; chapter "Gate algebra".
"""

from __future__ import annotations

import numpy as np

from unrolled.cells import Array, Cell

SEQ_LEN = 40


def chrono_biases(hidden_size: int, longest: int, *, rng: np.random.Generator) -> Array:
    """Draw biases with which the units of a cell forget at rates spread over all scales.

    b = ln u, u uniform in [1, T - 1]

    Args:
        hidden_size: H.
        longest: T, the longest stretch to be bridged, at least 3.
        rng: draws u.

    Raises:
        ValueError: if the stretch is too short.

    Source: Tallec and Ollivier (2018).
    """
    if longest < 3:
        raise ValueError(f"longest: expected at least 3, got {longest}")
    return np.log(rng.uniform(1, longest - 1, hidden_size))


def set_keeping_biases(
    cell: Cell, start: str, *, longest: int = SEQ_LEN, rng: np.random.Generator
) -> None:
    """Set the biases that decide how much a gated cell keeps; a plain cell has none.

    Args:
        cell: changed in place: the forget gate's biases of an LSTM, the update gate's of a GRU.
        start: "bias 3", or "chrono", which closes the input gate by as much as it opens the other.
        longest: T of the chrono start.
        rng: draws the chrono start.

    Raises:
        ValueError: another start.
    """
    if start not in ("bias 3", "chrono"):
        raise ValueError(f"start: expected bias 3 or chrono, got {start!r}")
    size = cell.hidden_size
    keeping = slice(size, 2 * size)  # gate f of i, f, g, o; gate z of r, z, n
    biases = np.full(size, 3.0) if start == "bias 3" else chrono_biases(size, longest, rng=rng)
    if cell.num_gates > 1:
        cell.bias_ih[keeping], cell.bias_hh[keeping] = biases, 0
    if start == "chrono" and cell.num_gates == 4:
        cell.bias_ih[:size], cell.bias_hh[:size] = -biases, 0
