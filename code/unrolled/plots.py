"""Figures of the book: data in, Axes out.

No function here makes data or shows a figure. Titles are left to captions. A cell type has one
colour, marker and line style throughout (`CELL_STYLE`), so that the figures can be told apart
without colour as well; the palette is Okabe and Ito's, made for colour-blind readers.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.patches import Circle, FancyArrowPatch
from matplotlib.ticker import MaxNLocator

#: Cell type → how its curves and points are drawn, in every figure.
CELL_STYLE: dict[str, dict[str, Any]] = {
    "rnn": {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    "lstm": {"color": "#D55E00", "linestyle": "--", "marker": "s"},
    "gru": {"color": "#009E73", "linestyle": "-.", "marker": "^"},
}
#: Colours of everything that is not a cell type.
OTHER_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#333333")
#: Gate of an LSTM → fill and hatching of its block.
GATE_STYLE = {
    "i": ("#56B4E9", ""),
    "f": ("#E69F00", "//"),
    "g": ("#009E73", ".."),
    "o": ("#CC79A7", "\\\\"),
}
#: Reference lines, diagonals and guides.
GUIDE: dict[str, Any] = {"color": "#555555", "linewidth": 1.0}

STYLE: dict[str, Any] = {
    "figure.figsize": (6.4, 3.6),
    "figure.constrained_layout.use": True,
    "savefig.dpi": 200,
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=OTHER_COLOURS),
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "svg.hashsalt": "unrolled",
}


def use_style() -> None:
    """Set the book's style; in a notebook, draw as vectors: SVG for the screen, PDF for paper."""
    plt.style.use(STYLE)
    if "ipykernel" in sys.modules:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", "pdf")


def cell_style(label: str) -> dict[str, Any]:
    """Return colour and line style of the cell type that a label names, {} when it names none."""
    for cell, style in CELL_STYLE.items():
        if cell in label.lower():
            return {key: style[key] for key in ("color", "linestyle")}
    return {}


def plot_loss(
    curves: Mapping[str, Mapping[int, float]],
    ax: Axes | None = None,
    *,
    references: Mapping[str, float] | None = None,
    xlabel: str = "updates",
    ylabel: str = "loss (MSE)",
) -> Axes:
    """Draw losses against the step on a logarithmic scale, with labelled reference lines.

    Args:
        curves: label → {step: loss}.
        ax: where to draw; new axes when None.
        references: label → loss of a predictor to compare with, drawn as a dotted line.
        xlabel: what the steps count.
        ylabel: which loss it is.
    """
    ax = ax or plt.subplots()[1]
    for label, curve in curves.items():
        ax.plot(list(curve), list(curve.values()), label=label, **cell_style(label))
    for label, value in (references or {}).items():
        ax.axhline(value, linestyle=":", **GUIDE)
        ax.annotate(
            label,
            (1.0, value),
            xycoords=("axes fraction", "data"),
            xytext=(-2, 2),
            textcoords="offset points",
            ha="right",
            va="bottom",
            color=GUIDE["color"],
        )
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log")
    low, high = ax.get_ylim()
    if high < 100 * low:  # two decades or less: 0.02, 0.05, 0.1 rather than powers of ten alone
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(lambda x, _: f"{x:g}" if f"{x:e}"[0] in "25" else "")
    if len(curves) > 1:
        ax.legend()
    return ax


def plot_scatter(
    y_true: np.ndarray,
    y_hat: np.ndarray,
    ax: Axes | None = None,
    *,
    xlabel: str = "true value",
    ylabel: str = "predicted value",
    **style: Any,
) -> Axes:
    """Draw predicted against true values, with the diagonal on which they agree.

    Args:
        y_true: targets, any shape.
        y_hat: predictions, as many.
        ax: where to draw; new axes when None.
        xlabel: what the true values are.
        ylabel: what the predictions are.
        style: passed on to the points.
    """
    ax = ax or plt.subplots()[1]
    points: dict[str, Any] = {
        "linestyle": "",
        "marker": ".",
        "markersize": 3,
        "alpha": 0.5,
        "rasterized": True,
    }
    ax.plot(np.ravel(y_true), np.ravel(y_hat), **points | style)
    ax.axline((0.0, 0.0), slope=1.0, **GUIDE)
    ax.set(xlabel=xlabel, ylabel=ylabel, aspect="equal")
    return ax


def plot_gradcheck_v(
    errors: Mapping[str, Mapping[float, float]],
    ax: Axes | None = None,
    *,
    threshold: float | None = None,
) -> Axes:
    """Draw the error of central differences against their step ε: a V in doubly logarithmic axes.

    On the right of the V the formula's own error, proportional to ε², rules; on the left rounding,
    proportional to u / ε, where u is the unit roundoff of the number format.

    Args:
        errors: number format, such as "float64" → {ε: largest absolute error}.
        ax: where to draw; new axes when None.
        threshold: the largest error a gradient check lets pass, drawn as a dotted line.
    """
    ax = ax or plt.subplots()[1]
    for marker, (label, curve) in zip("osv^", errors.items(), strict=False):
        ax.plot(list(curve), list(curve.values()), marker=marker, markersize=4, label=label)
    if threshold is not None:
        ax.axhline(threshold, linestyle=":", label=f"threshold {threshold:.0e}", **GUIDE)
    ax.set(xlabel="step ε", ylabel="largest absolute error", xscale="log", yscale="log")
    ax.legend()
    return ax


def plot_by_step(
    curves: Mapping[str, np.ndarray],
    ax: Axes | None = None,
    *,
    ylabel: str,
    xlabel: str = "time step t",
    yscale: str = "linear",
) -> Axes:
    """Draw one number a time step, t = 1 … T, for each curve.

    Args:
        curves: label → values [T].
        ax: where to draw; new axes when None.
        ylabel: what the values are.
        xlabel: what the steps count.
        yscale: "linear" or "log".
    """
    ax = ax or plt.subplots()[1]
    for marker, (label, values) in zip("osv^", curves.items(), strict=False):
        ax.plot(np.arange(1, len(values) + 1), values, marker=marker, label=label)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale=yscale)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(curves) > 1:
        ax.legend()
    return ax


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


def plot_reach(change: np.ndarray, ax: Axes | None = None) -> Axes:
    """Draw how far each output moves when each input is moved, with a 0 where it does not.

    Args:
        change: sizes [T, T]; row s, column t is how far output t moved with input s.
        ax: where to draw; new axes when None.
    """
    ax = ax or plt.subplots()[1]
    steps = np.arange(1, len(change) + 1)
    sizes = np.ma.masked_equal(change, 0.0)
    mesh = ax.pcolormesh(steps, steps, sizes, norm=LogNorm(), cmap="cividis_r")
    ax.figure.colorbar(mesh, ax=ax, label="change of the output")
    for s, t in np.argwhere(change == 0.0):
        ax.text(t + 1, s + 1, "0", ha="center", va="center", color=GUIDE["color"], fontsize="small")
    ax.set(xlabel="output step t", ylabel="moved input s", aspect="equal", xticks=steps)
    ax.set_yticks(steps)
    ax.grid(False)
    ax.invert_yaxis()
    return ax


def plot_bits(x: np.ndarray, y: np.ndarray, ax: Axes | None = None) -> Axes:
    """Draw a string of bits above the target of each of its prefixes.

    Args:
        x: bits [T, 1].
        y: targets, 0 or 1 [T, 1].
        ax: where to draw; new axes when None.
    """
    ax = ax or plt.subplots()[1]
    rows, steps = np.hstack([x, y]).T, np.arange(1, len(x) + 1)
    ax.pcolormesh(steps, [0, 1], rows, cmap="Greys", vmin=0, vmax=1.6, ec="#999999", lw=0.8)
    for (row, t), bit in np.ndenumerate(rows):
        color = "white" if bit else "black"
        ax.text(t + 1, row, f"{bit:.0f}", ha="center", va="center", color=color)
    ax.set(xlabel="step t", xticks=steps)
    ax.set_yticks([0, 1], ["input", "target"])
    ax.grid(False)
    ax.invert_yaxis()
    return ax


def plot_values(
    values: np.ndarray,
    kept: np.ndarray,
    targets: np.ndarray,
    ax: Axes | None = None,
) -> Axes:
    """Draw a sequence of numbers, those to be remembered filled, and the targets.

    Args:
        values: the numbers read [T].
        kept: True where a number has to be remembered [T].
        targets: the answers [T], NaN where none is asked for.
        ax: where to draw; new axes when None.
    """
    ax = ax or plt.subplots()[1]
    steps = np.arange(1, len(values) + 1)
    ax.axhline(0, **GUIDE)
    ax.vlines(steps, 0, values, color="#999999", lw=1.2)
    ax.plot(steps[~kept], values[~kept], "o", mfc="white", color="#777777", label="to be ignored")
    ax.plot(steps[kept], values[kept], "o", color="#0072B2", label="to be kept")
    ax.plot(steps, targets, "_", color="#D55E00", ms=11, mew=3, label="target")
    ax.set(xlabel="step t", ylabel="value")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def plot_rows(image: np.ndarray, ax: Axes | None = None) -> Axes:
    """Draw a binarised image as the sequence of rows that a network reads, the top row first.

    Args:
        image: pixels 0 or 1 [T, D], a row a step.
        ax: where to draw; new axes when None.
    """
    ax = ax or plt.subplots()[1]
    seq_len, width = image.shape
    steps, pixels = np.arange(1, seq_len + 1), np.arange(1, width + 1)
    ax.pcolormesh(pixels, steps, image, cmap="Greys", vmin=0, vmax=1.6)
    ax.hlines(steps + 0.5, 0.5, width + 0.5, color="#BBBBBB", lw=0.5)
    ax.set(xlabel="pixel of the row", ylabel="step t (row)", aspect="equal")
    ax.set(xticks=[1, *range(7, width + 1, 7)], yticks=[1, *range(7, seq_len + 1, 7)])
    ax.grid(False)
    ax.invert_yaxis()
    return ax


def plot_lines(
    x: np.ndarray,
    curves: Mapping[str, np.ndarray],
    ax: Axes | None = None,
    *,
    xlabel: str,
    ylabel: str,
) -> Axes:
    """Draw several functions of the same x, told apart by colour and by line style.

    Args:
        x: arguments [n].
        curves: label → values [n].
        ax: where to draw; new axes when None.
        xlabel: what x is.
        ylabel: what the values are.
    """
    ax = ax or plt.subplots()[1]
    for linestyle, (label, values) in zip(("-", "--", "-.", ":"), curves.items(), strict=False):
        ax.plot(x, values, linestyle=linestyle, label=label)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend()
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


def plot_blank_rows(blank: np.ndarray, ax: Axes | None = None) -> Axes:
    """Draw the share of images in which each row is blank.

    Args:
        blank: a share for each row, shape (28,).
        ax: where to draw; a new figure without it.

    Returns:
        The axes.
    """
    ax = ax or plt.subplots(figsize=(6, 2.4))[1]
    ax.bar(range(len(blank)), blank, width=0.8, color=OTHER_COLOURS[0])
    ax.set(xlabel="row, from the top", ylabel="share that is blank", ylim=(0, 1))
    return ax
