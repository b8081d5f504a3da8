"""Drawings: networks, packed weights and automata, made of circles, boxes and arrows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch

from unrolled.plots.style import GATE_STYLE, GUIDE, OTHER_COLOURS, cell_style

#: The weights of a plain network, each in its colour wherever a copy of it is drawn.
SHARED = {"W_{ih}": "#0072B2", "W_{hh}": "#D55E00", "V": "#00785A"}


def _node(ax: Axes, x: float, y: float, text: str, face: str = "white") -> None:
    """Draw one labelled node of a graph."""
    ax.add_patch(Circle((x, y), 0.32, facecolor=face, edgecolor="#333333", lw=1.2, zorder=3))
    ax.text(x, y, text, ha="center", va="center", zorder=4)


def _arrow(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    weight: str,
    label_at: tuple[float, float],
    bend: float = 0.0,
) -> None:
    """Draw an arrow in the colour of its weight, with the weight's name beside it."""
    style = {"arrowstyle": "-|>", "mutation_scale": 12, "lw": 2, "shrinkA": 0, "shrinkB": 0}
    curve = f"arc3,rad={bend}"
    ax.add_patch(FancyArrowPatch(start, end, color=SHARED[weight], connectionstyle=curve, **style))
    ax.text(*label_at, f"${weight}$", color=SHARED[weight], ha="center", va="center")


def plot_unrolled(
    steps: int = 3,
    ax: Axes | None = None,
    *,
    loss_at: Sequence[int] = (),
    folded: bool = False,
) -> Axes:
    """Draw a recurrent network unrolled over time, with one colour for each shared weight.

    Args:
        steps: T, the number of copies of the cell.
        ax: where to draw; new axes when None.
        loss_at: the steps, counted from 1, whose output enters the loss.
        folded: draw the network as a loop too, to the left.
    """
    ax = ax or plt.subplots()[1]
    pitch = 1.7
    columns = {str(t): pitch * t for t in range(1, steps + 1)} | ({"t": -1.6} if folded else {})
    for t, x in columns.items():
        _node(ax, x, -1.35, f"$x_{t}$", "#e8e8e8")
        _node(ax, x, 0, f"$h_{t}$")
        _node(ax, x, 1.35, f"$y_{t}$", "#e8e8e8")
        _arrow(ax, (x, -1.03), (x, -0.32), "W_{ih}", (x - 0.42, -0.7))
        _arrow(ax, (x, 0.32), (x, 1.03), "V", (x - 0.45, 0.68))
    _node(ax, 0, 0, "$h_0$")
    for x in np.arange(steps) * pitch:
        _arrow(ax, (x + 0.32, 0), (x + pitch - 0.32, 0), "W_{hh}", (x + pitch / 2, 0.2))
    if folded:
        _arrow(ax, (-1.35, 0.2), (-1.35, -0.2), "W_{hh}", (-0.7, -0.45), bend=-2.6)
    for x in np.array(loss_at) * pitch:
        ax.plot([x, x], [1.67, 1.95], color="#333333", lw=1.2)
        box = {"boxstyle": "round", "facecolor": "#fff3c4", "edgecolor": "#333333"}
        ax.text(x, 2.15, f"$L_{x / pitch:.0f}$", ha="center", va="center", bbox=box)
    left, top = (-2.4 if folded else -0.5), (2.6 if len(loss_at) else 1.8)
    ax.set(xlim=(left, pitch * steps + 0.5), ylim=(-1.8, top), aspect="equal")
    ax.set_axis_off()
    return ax


def plot_packed_gates(
    layouts: Mapping[str, tuple[str, str, int]],
    ax: Axes | None = None,
    *,
    input_size: int = 2,
    hidden_size: int = 4,
) -> Axes:
    """Draw how libraries pack the gates of one LSTM: a block a gate, one colour a gate.

    Args:
        layouts: library → (its gates in order, such as "ifgo"; "rows" where a gate is a block of
            rows or "columns" where it is one of columns; how many bias vectors it has).
        ax: where to draw; new axes when None.
        input_size: D, the short side of the input weights.
        hidden_size: H, the sides of a gate's recurrent block.
    """
    ax = ax or plt.subplots(figsize=(7.2, 3.4))[1]
    left, small = 0.0, {"ha": "center", "va": "center", "color": GUIDE["color"]}
    for library, (gates, side, biases) in layouts.items():
        depth = 0.0
        for name, size in [("W", input_size), ("U", hidden_size), *[("b", 1)] * biases]:
            for k, gate in enumerate(gates):
                corner, extent = (left + depth, k * hidden_size), (size, hidden_size)
                if side == "columns":
                    corner, extent = (left + k * hidden_size, depth), extent[::-1]
                _gate_block(ax, gate, corner, extent, label=name == "U")
            middle = depth + size / 2
            ax.text(
                *((left + middle, -0.6) if side == "rows" else (left - 0.6, middle)), name, **small
            )
            depth += size + 0.5
        width = len(gates) * hidden_size if side == "columns" else depth - 0.5
        ax.text(left + width / 2, -1.4, library, ha="center", va="bottom")
        left += width + 2.5
    ax.set(xlim=(-0.5, left - 2), ylim=(4 * hidden_size + 0.5, -3), aspect="equal")
    ax.set_axis_off()
    return ax


def _gate_block(ax: Axes, gate: str, corner: Any, extent: Any, *, label: bool) -> None:
    """Draw one gate's block of a packed array; the hatching tells gates apart without colour."""
    colour, hatch = GATE_STYLE[gate]
    block = mpl.patches.Rectangle(corner, *extent, fc=colour, ec="#222222", lw=0.8, hatch=hatch)
    ax.add_patch(block)
    if label:
        middle = corner[0] + extent[0] / 2, corner[1] + extent[1] / 2
        box = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none"}
        ax.text(*middle, gate, ha="center", va="center", style="italic", bbox=box)


def _bit_arrow(
    ax: Axes, start: np.ndarray, end: np.ndarray, bit: int, *, gap: float, bend: float = 0.3
) -> None:
    """Draw the step that a bit takes from one state to another, or from a state to itself."""
    colour = OTHER_COLOURS[bit]
    style = {"arrowstyle": "-|>", "mutation_scale": 13, "lw": 1.6, "color": colour, "zorder": 4}
    box = {"boxstyle": "circle,pad=0.15", "fc": "white", "ec": colour}
    if np.allclose(start, end):
        out = gap * np.array([0.75, 0.75])
        begin, stop = start + out * [-1, 1], start + out
        label, curve = start + np.array([0.0, 2.9 * gap]), "arc3,rad=-1.9"
    else:
        along = (end - start) / np.linalg.norm(end - start)
        side = np.array([-along[1], along[0]])
        begin, stop = start + gap * along + gap / 2 * side, end - gap * along + gap / 2 * side
        label = (begin + stop) / 2 + side * bend / 2 * np.linalg.norm(stop - begin)
        curve = f"arc3,rad={-bend}"
    ax.add_patch(FancyArrowPatch(begin, stop, connectionstyle=curve, **style))
    ax.text(*label, str(bit), ha="center", va="center", color=colour, bbox=box, zorder=5)


def plot_automaton(transitions: np.ndarray, names: Sequence[str], ax: Axes | None = None) -> Axes:
    """Draw an automaton over bits: its states in a row, and where a 0 and a 1 lead.

    Args:
        transitions: the state after a 0 and after a 1, [K, 2].
        names: what stands in each state; the first is where reading starts.
        ax: where to draw; new axes when None.
    """
    ax = ax or plt.subplots(figsize=(5.4, 2.6))[1]
    places = np.array([[3.0 * k, 0.0] for k in range(len(names))])
    for place, name in zip(places, names, strict=True):
        ax.add_patch(Circle(place, 0.55, fc="white", ec="#333333", lw=1.4, zorder=3))
        ax.text(*place, name, ha="center", va="center", zorder=4)
    for state, bit in np.ndindex(transitions.shape):
        _bit_arrow(ax, places[state], places[transitions[state, bit]], bit, gap=0.6)
    ax.annotate("", (-0.58, 0), (-1.4, 0), arrowprops={"arrowstyle": "-|>", "color": "#333333"})
    ax.set(xlim=(-1.5, places[-1, 0] + 0.9), ylim=(-1.2, 2.2), aspect="equal")
    ax.set_axis_off()
    return ax


def plot_state_plane(
    points: np.ndarray,
    clusters: np.ndarray,
    transitions: np.ndarray,
    answers: np.ndarray,
    ax: Axes | None = None,
) -> Axes:
    """Draw hidden states in a plane, and the steps that bits take between their clusters.

    Args:
        points: states [M, 2].
        clusters: which cluster each belongs to [M].
        transitions: the cluster after a 0 and after a 1, [K, 2].
        answers: what the network says in each cluster, 0 or 1 [K].
        ax: where to draw; new axes when None.
    """
    ax = ax or plt.subplots(figsize=(5.6, 4.4))[1]
    centres = np.array([points[clusters == k].mean(0) for k in range(len(answers))])
    for answer, (name, marker) in enumerate({"even": "o", "odd": "^"}.items()):
        some = points[answers[clusters] == answer]
        colour = ("#56B4E9", "#E69F00")[answer]
        ax.plot(*some.T, marker, ms=4, alpha=0.4, color=colour, label=f"answer: {name}")
    size = np.ptp(centres, axis=0).max()
    for state, bit in np.ndindex(transitions.shape):
        _bit_arrow(ax, centres[state], centres[transitions[state, bit]], bit, gap=0.06 * size)
    ax.set(xlabel="first principal component", ylabel="second principal component")
    ax.margins(0.2)
    ax.legend()
    return ax


def plot_row_reader(image: np.ndarray, cell: str, hidden_size: int, ax: Axes | None = None) -> Axes:
    """Draw assignment 5's classifier unrolled over the rows of an image, with the shapes.

    Args:
        image: pixels 0 or 1 [28, 28].
        cell: name written into the recurrent boxes.
        hidden_size: H.
        ax: where to draw; new axes when None.
    """
    ax = ax or plt.subplots(figsize=(7.2, 3.6))[1]
    colour = cell_style(cell).get("color", "#333333")
    arrow = {"arrowstyle": "-|>", "color": "#333333", "lw": 1.2}

    def box(x: float, y: float, text: str, edge: str = "#333333") -> None:
        style = {"boxstyle": "round,pad=0.35", "fc": "white", "ec": edge, "lw": 1.6}
        ax.text(x, y, text, ha="center", va="center", bbox=style, fontsize="small", zorder=3)

    for x, row in ((1.0, 1), (4.0, 14), (7.0, 28)):
        strip = (x - 0.8, x + 0.8, 0, 0.18)
        ax.imshow(image[row - 1 : row], cmap="Greys", vmin=0, vmax=1.6, extent=strip, zorder=2)
        ax.plot(*np.array([strip[:2], (0, 0)]), color="#333333", lw=0.8)
        ax.plot(*np.array([strip[:2], (0.18, 0.18)]), color="#333333", lw=0.8)
        ax.text(x, -0.22, f"row {row}: 28 pixels", ha="center", va="center", fontsize="small")
        box(x, 0.95, f"affine → {hidden_size}")
        box(x, 2.0, cell.upper(), colour)
        ax.annotate("", (x, 0.68), (x, 0.24), arrowprops=arrow)
        ax.annotate("", (x, 1.73), (x, 1.22), arrowprops=arrow)
    along = arrow | {"color": colour}
    for left, right in ((-0.1, 0.5), (1.5, 2.2), (2.8, 3.5), (4.5, 5.2), (5.8, 6.5)):
        ax.annotate("", (right, 2.0), (left, 2.0), arrowprops=along)
        if left > 0:
            ax.text(left + 0.35, 2.1, f"{hidden_size}", ha="center", size="small", color=colour)
    ax.text(-0.15, 2.0, "zeros", ha="right", va="center", fontsize="small")
    ax.text(2.5, 2.0, "…", ha="center", va="center")
    ax.text(5.5, 2.0, "…", ha="center", va="center")
    ax.annotate("", (7.0, 2.8), (7.0, 2.27), arrowprops=arrow)
    box(6.6, 3.05, "ReLU → 64 → ReLU → 10 logits")
    ax.set(xlim=(-0.9, 8.3), ylim=(-0.4, 3.4), aspect="auto")
    ax.set_axis_off()
    return ax
