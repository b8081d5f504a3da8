"""Drawings of the gate algebra: the square of the gates, the paths of the states, the factors."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Rectangle

from unrolled.plots.style import CELL_STYLE, GUIDE

CORNERS = {"clear": (0, 0), "keep": (1, 0), "overwrite": (0, 1), "add": (1, 1)}
PLAIN = {"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none"}
ARROW = {"arrowstyle": "-|>", "color": "#333333", "lw": 1.4, "shrinkA": 0, "shrinkB": 0}


def plot_gate_square(
    starts: Mapping[str, tuple[float, float]], ax: Axes | None = None, *, least: float = 0.0
) -> Axes:
    """Draw what a forget gate and an input gate do together: a square with four named corners.

    Args:
        starts: label → (f, i), points to be marked.
        ax: where to draw; new axes when None.
        least: the smallest gate that pre-activations of a given size allow; the square that they
            can reach is drawn inside. 0 draws none.
    """
    ax = ax or plt.subplots(figsize=(5.6, 5))[1]
    ax.add_patch(Rectangle((0, 0), 1, 1, fc="none", ec="#333333", lw=1.2))
    if least:
        size = 1 - 2 * least
        inner = Rectangle((least, least), size, size, fc="none", ec=GUIDE["color"], ls=":", lw=1.6)
        ax.add_patch(inner)
    ax.plot([0, 1], [1, 0], **_line("gru"), label="the GRU: f = z, i = 1 − z")
    for name, (f, i) in CORNERS.items():
        across, up = 0.03 if f == 0 else -0.03, 0.05 if i == 0 else -0.05
        ax.plot(f, i, "o", ms=8, color="#333333", clip_on=False)
        sides = {"ha": "left" if f == 0 else "right", "va": "bottom" if i == 0 else "top"}
        ax.text(f + across, i + up, name, weight="bold", zorder=5, bbox=PLAIN, **sides)
    markers = zip(starts.items(), "sD^vP", strict=False)
    for (name, point), marker in markers:
        ax.plot(*point, marker, ms=9, color=CELL_STYLE["lstm"]["color"], label=name, mec="white")
    ax.set(xlabel="forget gate f", ylabel="input gate i", aspect="equal")
    ax.set(xlim=(-0.04, 1.04), ylim=(-0.04, 1.04))
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
    return ax


def _line(kind: str) -> dict:
    return {key: CELL_STYLE[kind][key] for key in ("color", "linestyle")}


def _sign(ax: Axes, x: float, y: float, text: str, colour: str) -> None:
    """Draw one operation of a cell: a circle with a sign in it."""
    ax.add_patch(Circle((x, y), 0.2, fc="white", ec=colour, lw=1.6, zorder=3))
    ax.text(x, y, text, ha="center", va="center", zorder=4)


def _arrows(ax: Axes, colour: str, *pairs: tuple[tuple[float, float], tuple[float, float]]) -> None:
    for start, end in pairs:
        ax.annotate("", end, start, arrowprops=ARROW | {"color": colour}, zorder=2)


def plot_state_paths(kind: str, ax: Axes | None = None) -> Axes:
    """Draw the way of the states through one step of a gated cell.

    The path on which the old state is only multiplied by a gate is drawn in the cell's colour; the
    gates, which read the input and the old output, are one box.

    Args:
        kind: "lstm" or "gru".
        ax: where to draw; new axes when None.

    Raises:
        ValueError: another kind.
    """
    if kind not in ("lstm", "gru"):
        raise ValueError(f"kind: expected lstm or gru, got {kind!r}")
    ax = ax or plt.subplots(figsize=(4.6, 3))[1]
    colour, dark = CELL_STYLE[kind]["color"], "#333333"
    box = {"boxstyle": "round,pad=0.35", "fc": "#f2f2f2", "ec": dark}
    if kind == "lstm":
        ends, gates = ("$c_{t-1}$", "$c_t$"), "$i_t,\\; f_t,\\; g_t,\\; o_t$"
        first, second = "$f_t$", "$i_t \\odot g_t$"
        _arrows(ax, dark, ((3.6, 2), (3.6, 1.35)), ((3.6, 0.75), (3.6, 0.2)))
        ax.text(3.6, 1.05, "tanh", ha="center", va="center", bbox=box | {"fc": "white"})
        _sign(ax, 3.6, 0, "×", dark)
        _arrows(ax, dark, ((2.9, 0), (3.4, 0)), ((3.8, 0), (4.6, 0)))
        ax.text(3.1, 0.12, "$o_t$", ha="center", va="bottom")
        ax.text(4.65, 0, "$h_t$", va="center")
        old = "$h_{t-1}$"
    else:
        ends, gates = ("$h_{t-1}$", "$h_t$"), "$r_t,\\; z_t,\\; n_t$"
        first, second = "$z_t$", "$(1 - z_t) \\odot n_t$"
        ax.plot([0.2, 0.2], [2, 0], color=dark, lw=1.4)
        old = ""
    _sign(ax, 1.1, 2, "×", colour)
    _sign(ax, 2.4, 2, "+", colour)
    _arrows(ax, colour, ((0, 2), (0.9, 2)), ((1.3, 2), (2.2, 2)), ((2.6, 2), (4.6, 2)))
    _arrows(ax, dark, ((1.1, 0.3), (1.1, 1.8)), ((2.4, 0.3), (2.4, 1.8)))
    ax.add_patch(Rectangle((0.65, -0.3), 2.25, 0.6, fc=box["fc"], ec=dark))
    ax.text(1.775, 0, gates, ha="center", va="center")
    _arrows(ax, dark, ((0 if old else 0.2, 0), (0.65, 0)), ((1.75, -0.95), (1.75, -0.3)))
    ax.text(1.03, 1, first, ha="right", va="center")
    ax.text(2.48, 1, second, ha="left", va="center", fontsize="small")
    ax.text(-0.05, 2, ends[0], ha="right", va="center")
    ax.text(4.65, 2, ends[1], va="center")
    ax.text(-0.05, 0, old, ha="right", va="center")
    ax.text(1.75, -1, "$x_t$", ha="center", va="top")
    ax.set(xlim=(-0.9, 5.2), ylim=(-1.4, 2.5), aspect="equal")
    ax.set_axis_off()
    return ax


def plot_factors(
    factors: Mapping[str, Mapping[str, np.ndarray]], ax: Axes | None = None, *, legend: bool = True
) -> Axes:
    """Draw the factor a step of untrained cells: a row a start, a dot a draw, a bar at the median.

    Args:
        factors: start → {"rnn", "lstm" or "gru" → factors [draws]}.
        ax: where to draw; new axes when None.
        legend: name the cells.
    """
    ax = ax or plt.subplots(figsize=(6.4, 3.6))[1]
    shift = {"rnn": -0.25, "lstm": 0.0, "gru": 0.25}
    named: set[str] = set()
    for row, by_cell in enumerate(factors.values()):
        for kind, values in by_cell.items():
            style, y = CELL_STYLE[kind], row + shift[kind]
            label = None if kind in named or not legend else kind.upper()
            named.add(kind)
            dots = {"color": style["color"], "marker": style["marker"], "ms": 4, "alpha": 0.45}
            ax.plot(values, np.full(len(values), y), ls="", mew=0, label=label, **dots)
            middle = float(np.median(values))
            ax.plot([middle, middle], [y - 0.11, y + 0.11], color=style["color"], lw=2.5)
    ax.axvline(1, linestyle=":", **GUIDE)
    ax.set(xlabel="factor a step", yticks=range(len(factors)), yticklabels=list(factors))
    ax.set_ylim(len(factors) - 0.5, -0.5)
    if legend:
        shown = ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3, markerscale=2)
        for handle in filter(None, shown.legend_handles):
            handle.set_alpha(1)  # a single dot, unlike a cloud, is pale
    return ax
