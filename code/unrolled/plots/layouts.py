"""Drawings of packed weights: every array as its library stores it, a coloured block a gate."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from unrolled.plots.style import GATE_STYLE, GUIDE

SHORT = {"weight": "W", "kernel": "K", "recurrent_kernel": "U", "bias": "b"}


def blocks(letters: np.ndarray) -> list[tuple[str, int, int, int, int]]:
    """Cut an array of letters [rows, columns] into blocks of one letter each.

    Returns:
        Letter, first row, first column, rows and columns of each block, in reading order.

    Raises:
        ValueError: if the letters change along both axes, so that no bands make up the array.
    """
    across = bool((letters != letters[:, :1]).any())
    bands = letters.T if across else letters
    if (bands != bands[:, :1]).any():
        raise ValueError("letters: expected whole rows or whole columns of one letter each")
    line = bands[:, 0]
    cuts = [0, *(np.flatnonzero(line[1:] != line[:-1]) + 1), len(line)]
    found = []
    for start, stop in pairwise(map(int, cuts)):
        place = (start, 0, stop - start, bands.shape[1])
        if across:
            place = (0, start, bands.shape[1], stop - start)
        found.append((str(line[start]), *place))
    return found


def plot_layouts(libraries: Mapping[str, Mapping[str, np.ndarray]], ax: Axes | None = None) -> Axes:
    """Draw the arrays of one cell as several libraries store them.

    Arrays that are taller than wide stand side by side, others below each other; a vector lies
    along the gates, and an axis of length 1 in front is left out.

    Args:
        libraries: library → name → the gate's letter of each number, in the array's shape.
        ax: where to draw; new axes when None.
    """
    ax = ax or plt.subplots(figsize=(8.4, 3.6))[1]
    left, low = 0.0, 0.0
    grey = {"color": GUIDE["color"], "fontsize": "x-small"}
    for library, arrays in libraries.items():
        by_rows = library != "Keras"
        depth, width = 0.0, 0.0
        for name, array in arrays.items():
            letters = _as_stored(array, by_rows=by_rows)
            corner = (left + depth, 0.0) if by_rows else (left, depth)
            _draw_array(ax, letters, corner)
            height, wide = letters.shape
            label = f"{name.removesuffix('_l0')}"
            if by_rows:
                ax.text(corner[0] + wide / 2, -0.4, label, rotation=55, va="bottom", **grey)
            else:
                ax.text(left, corner[1] - 0.15, label, va="bottom", **grey)
            depth += (wide if by_rows else height) + (0.6 if by_rows else 1.5)
            width, low = max(width, wide), max(low, corner[1] + height)
        width = depth - 0.6 if by_rows else width
        ax.text(left + width / 2, -5.2, library, ha="center", va="bottom")
        left += width + 2.4
    ax.set(xlim=(-0.3, left - 0.6), ylim=(low + 0.3, -6.3), aspect="equal")
    ax.set_axis_off()
    return ax


def _as_stored(array: np.ndarray, *, by_rows: bool) -> np.ndarray:
    """Return the array as a table: without a leading 1, a vector along the gates."""
    table = array[0] if array.ndim == 3 or (array.ndim == 2 and len(array) == 1) else array
    if table.ndim == 1:
        return table[:, None] if by_rows else table[None]
    return table


def _draw_array(ax: Axes, letters: np.ndarray, corner: Any) -> None:
    """Draw one array, a block a gate with its letter; hatching tells gates apart without colour."""
    for letter, row, column, height, width in blocks(letters):
        colour, hatch = GATE_STYLE[letter]
        place = (corner[0] + column, corner[1] + row)
        edge = {"fc": colour, "ec": "#222222", "lw": 0.8, "hatch": hatch}
        ax.add_patch(Rectangle(place, width, height, **edge))
        if min(height, width) >= 2:
            middle = place[0] + width / 2, place[1] + height / 2
            box = {"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none"}
            text = {"ha": "center", "va": "center", "style": "italic", "fontsize": "small"}
            ax.text(*middle, letter, bbox=box, **text)
