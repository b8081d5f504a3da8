"""The unrolled network with its numbers, and the triangle of shares that its gradient sums."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from unrolled.plots.drawings import SHARED
from unrolled.plots.style import GUIDE

#: The one-unit network's weights, in the colours of their counterparts in `plot_unrolled`.
ONE_UNIT = dict(zip(("w_{x}", "w_{h}", "w"), SHARED.values(), strict=True))
HEIGHT = {"x": -1.5, "h": 0.0, "y": 1.5, "L": 3.0}
PITCH, RADIUS = 2.6, 0.52


class _Edge(Protocol):
    """What is drawn of an edge: see `derivations.graph.Edge`."""

    start: str
    end: str
    weight: Any


def _places(names: list[str]) -> dict[str, tuple[float, float]]:
    """Put x, h and y of a step into one column, and the loss above the middle."""
    steps = {name: int(name[3:-1]) for name in names if name != "L"}
    middle = PITCH * (1 + max(steps.values())) / 2
    places = {name: (PITCH * step, HEIGHT[name[0]]) for name, step in steps.items()}
    return places | {"L": (middle, HEIGHT["L"])}


def plot_graph(
    values: Mapping[str, float],
    edges: tuple[_Edge, ...],
    gradients: Mapping[tuple[str, str], float],
    ax: Axes | None = None,
    *,
    digits: int = 3,
) -> Axes:
    """Draw the unrolled network: a value on each node, the gradient it carries beside each edge.

    An arrow points the way of the forward pass; the number beside it travels the other way.

    Args:
        values: node → its value, such as "h_{2}" → 0.99; the loss is "L".
        edges: what leads where, and through which weight.
        gradients: (start, end) → the part of ∂L/∂start that comes through this edge.
        ax: where to draw; new axes when None.
        digits: significant digits of the numbers.
    """
    places = _places(list(values))
    steps = max(x for x, _ in places.values()) / PITCH
    ax = ax or plt.subplots(figsize=(2.6 * (steps + 0.6), 4.8))[1]
    for name, value in values.items():
        x, y = places[name]
        given = name[0] == "x" or name == "h_{0}"
        face = "#fff3c4" if name == "L" else "#e8e8e8" if given else "white"
        ax.add_patch(Circle((x, y), RADIUS, facecolor=face, edgecolor="#333333", lw=1.2, zorder=3))
        text = f"${name}$\n{value:.{digits}g}".replace("-", "−")
        ax.text(x, y, text, ha="center", va="center", fontsize="small", color="black", zorder=4)
    for edge in edges:
        start, end = np.array(places[edge.start]), np.array(places[edge.end])
        carried = f"{gradients[edge.start, edge.end]:.{digits}g}".replace("-", "−")
        _edge(ax, start, end, str(edge.weight or ""), carried)
    widest = PITCH * steps
    ax.set(xlim=(-0.7, widest + 1.1), ylim=(-2.2, 3.7), aspect="equal")
    ax.set_axis_off()
    return ax


def _edge(ax: Axes, start: np.ndarray, end: np.ndarray, weight: str, gradient: str) -> None:
    """Draw one edge in the colour of its weight, and the gradient that comes back along it."""
    along = (end - start) / np.linalg.norm(end - start)
    colour = ONE_UNIT.get(weight, "#333333")
    style = {"arrowstyle": "-|>", "mutation_scale": 12, "lw": 2, "shrinkA": 0, "shrinkB": 0}
    tail, head = start + RADIUS * along, end - RADIUS * along
    ax.add_patch(FancyArrowPatch(tuple(tail), tuple(head), color=colour, **style))
    middle = (tail + head) / 2
    aside, below = np.array([0.12, 0.0]), np.array([0.0, 0.25])
    if abs(along[1]) < 0.1:  # along the row: weight above, gradient below
        places, sides = (middle + below, middle - below), ("center", "center")
    elif along[0] > 0.1:  # leaning to the right: the free side is the left one
        places, sides = (middle + aside, middle - aside), ("left", "right")
    else:
        places, sides = (middle - aside, middle + aside), ("right", "left")
    if weight:
        ax.text(*places[0], f"${weight}$", color=colour, ha=sides[0], va="center")
    ax.text(*places[1], gradient, color=GUIDE["color"], ha=sides[1], va="center", fontsize="small")


def plot_shares(shares: np.ndarray, ax: Axes | None = None, *, digits: int = 4) -> Axes:
    """Draw what each step's copy of a weight adds to each step's loss, with all the totals.

    Args:
        shares: row t, column k is ∂L_t/∂W^(k) [T, T]; NaN above the diagonal.
        ax: where to draw; new axes when None.
        digits: places after the point.
    """
    steps = len(shares)
    ax = ax or plt.subplots(figsize=(1.35 * steps + 2.2, 0.8 * steps + 1.5))[1]
    largest = np.nanmax(np.abs(shares))
    norm = TwoSlopeNorm(0.0, -largest, largest)
    ax.pcolormesh(np.arange(steps), np.arange(steps), shares, cmap="PuOr", norm=norm)
    columns, rows = np.nansum(shares, axis=0), np.nansum(shares, axis=1)
    written = {(t, k): shares[t, k] for t in range(steps) for k in range(t + 1)}
    written |= {(steps, k): columns[k] for k in range(steps)}
    written |= {(t, steps): rows[t] for t in range(steps)} | {(steps, steps): rows.sum()}
    for (t, k), number in written.items():
        share = t < steps and k < steps
        ink = "white" if share and abs(number) > 0.55 * largest else "black"
        if not share:
            ax.add_patch(Rectangle((k - 0.5, t - 0.5), 1, 1, fc="#f4f4f4", ec="#999999", lw=0.8))
        weight = "bold" if t == k == steps else "normal"
        text = f"{number:.{digits}f}".replace("-", "−")
        ax.text(k, t, text, ha="center", va="center", color=ink, fontsize="small", weight=weight)
    ax.set_xticks(range(steps + 1), [*map(str, range(1, steps + 1)), "sum"])
    ax.set_yticks(range(steps + 1), [*map(str, range(1, steps + 1)), "sum"])
    ax.set(xlabel="copy of step k", ylabel="loss of step t")
    ax.set(xlim=(-0.5, steps + 0.5), ylim=(steps + 0.5, -0.5))
    ax.grid(False)
    return ax
