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

from unrolled.evidence import wilson

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
    _reference_lines(ax, references or {})
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log")
    low, high = ax.get_ylim()
    if high < 100 * low:  # two decades or less: 0.02, 0.05, 0.1 rather than powers of ten alone
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(lambda x, _: f"{x:g}" if f"{x:e}"[0] in "25" else "")
    if len(curves) > 1:
        ax.legend()
    return ax


def _reference_lines(ax: Axes, references: Mapping[str, float]) -> None:
    """Draw dotted horizontal lines, each with its label at the right end."""
    for label, value in references.items():
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


def plot_seeds(
    steps: np.ndarray,
    curves: np.ndarray,
    solved: np.ndarray,
    ax: Axes | None = None,
    *,
    ylabel: str,
    cell: str = "rnn",
) -> Axes:
    """Draw one thin line a network: in the cell's colour, up to a dot, if it solved; else in grey.

    Args:
        steps: updates made at each measurement [K].
        curves: accuracies [K, E], NaN after a network has left.
        solved: which networks solved the task [E].
        ax: where to draw; new axes when None.
        ylabel: what the curves are.
        cell: "rnn", "lstm" or "gru".
    """
    ax = ax or plt.subplots()[1]
    colour = CELL_STYLE[cell]["color"]
    for e in np.argsort(solved):
        known = np.isfinite(curves[:, e])
        style = {"color": colour, "zorder": 3} if solved[e] else {"color": "#999999"}
        ax.plot(steps[known], curves[known, e], lw=0.9, alpha=0.8, **style)
        if solved[e]:
            ax.plot(steps[known][-1], curves[known, e][-1], ".", color=colour, zorder=4)
    ax.set(xlabel="updates", ylabel=ylabel, ylim=(0.42, 1.03))
    return ax


def plot_counts(counts: Mapping[str, tuple[int, int]], ax: Axes | None = None) -> Axes:
    """Draw rates of success, one a row from the top, with their 95 % Wilson intervals.

    Args:
        counts: label → (k, n): k of n networks did it.
        ax: where to draw; new axes when None.
    """
    ax = ax or plt.subplots(figsize=(6.4, 0.9 + 0.34 * len(counts)))[1]
    for row, (label, (k, n)) in enumerate(counts.items()):
        low, high = wilson(k, n)
        style = {"color": OTHER_COLOURS[0], "marker": "o"} | cell_style(label)
        ax.plot([low, high], [row, row], color=style["color"], lw=2)
        ax.plot(k / n, row, style["marker"], color=style["color"])
        ax.text(1.03, row, f"{k}/{n}", va="center", color=GUIDE["color"])
    ax.set(xlabel="share of networks", xlim=(-0.02, 1.02), yticks=range(len(counts)))
    ax.set_yticklabels(list(counts))
    ax.set_ylim(len(counts) - 0.4, -0.6)
    return ax


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


def plot_curves(
    x: np.ndarray,
    curves: Mapping[str, np.ndarray],
    ax: Axes | None = None,
    *,
    xlabel: str,
    ylabel: str,
) -> Axes:
    """Draw several curves over one axis, told apart by colour and line style.

    Args:
        x: the common axis.
        curves: label → values.
        ax: where to draw; new axes when None.
        xlabel: what the axis is.
        ylabel: what the values are.
    """
    ax = ax or plt.subplots()[1]
    for (label, values), dashes in zip(curves.items(), ("-", "--", "-.", ":") * 3, strict=False):
        ax.plot(x, values, dashes, label=label)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend()
    return ax


def plot_epochs(
    curves: Mapping[str, tuple[np.ndarray, np.ndarray]],
    ax: Axes | None = None,
    *,
    ylabel: str,
    reference: float | None = None,
    log: bool = False,
) -> Axes:
    """Draw a quantity against the epoch, a colour for each cell and a style for each setting.

    Args:
        curves: label → (epochs, values).
        ax: where to draw; new axes when None.
        ylabel: which quantity it is.
        reference: value of a predictor to compare with, as a dotted line.
        log: whether the values are drawn on a logarithmic scale.
    """
    ax = ax or plt.subplots()[1]
    for (label, (epochs, values)), dashes in zip(
        curves.items(), ("--", "-", ":", "-.") * 3, strict=False
    ):
        style = cell_style(label) | {"linestyle": dashes}
        ax.plot(epochs, values, label=label, marker="o", markersize=3, **style)
    if reference is not None:
        ax.axhline(reference, linestyle=":", **GUIDE)
    ax.set(xlabel="epoch", ylabel=ylabel, yscale="log" if log else "linear")
    ax.legend()
    return ax


def plot_dots(
    values: Mapping[Any, Sequence[float]], ax: Axes | None = None, *, xlabel: str, ylabel: str
) -> Axes:
    """Draw every run as a dot, one column a setting, with the median as a bar.

    Args:
        values: setting → one value a seed.
        ax: where to draw; new axes when None.
        xlabel: what the settings are.
        ylabel: what the values are.
    """
    ax = ax or plt.subplots()[1]
    for column, found in enumerate(values.values()):
        spread = np.linspace(-0.12, 0.12, len(found)) if len(found) > 1 else [0.0]
        ax.plot(column + np.asarray(spread), found, "o", color=OTHER_COLOURS[0], alpha=0.8)
        ax.hlines(np.median(found), column - 0.25, column + 0.25, **GUIDE)
    ax.set(xlabel=xlabel, ylabel=ylabel, xlim=(-0.5, len(values) - 0.5))
    ax.set_xticks(range(len(values)), [f"{setting}" for setting in values])
    return ax


def plot_positions(
    curves: Mapping[str, np.ndarray], ax: Axes | None = None, *, trained: int
) -> Axes:
    """Draw the share of right answers by position, with the trained length shaded.

    Args:
        curves: label → share of right answers at each position.
        ax: where to draw; new axes when None.
        trained: the length that training saw.
    """
    ax = ax or plt.subplots()[1]
    ax.axvspan(0.5, trained + 0.5, color="#EEEEEE", zorder=0)
    for label, right in curves.items():
        ax.plot(np.arange(1, len(right) + 1), right, label=label, **cell_style(label))
    ax.axhline(0.5, linestyle=":", **GUIDE)
    ax.set(xlabel="position $t$", ylabel="share of right bits", ylim=(0.4, 1.03))
    ax.legend()
    return ax


def plot_repetitions(
    values: Mapping[int, Sequence[float]],
    ax: Axes | None = None,
    *,
    references: Mapping[str, float] | None = None,
    xlabel: str,
    ylabel: str,
) -> Axes:
    """Draw every run as a dot and the median of each group as a bar, on a logarithmic scale.

    Args:
        values: x → one number a run.
        ax: where to draw; new axes when None.
        references: label → number, drawn as a dotted line.
        xlabel: what x is.
        ylabel: what the numbers are.
    """
    ax = ax or plt.subplots()[1]
    for place, runs in enumerate(values.values()):
        aside = np.linspace(-0.18, 0.18, len(runs))
        ax.plot(place + aside, runs, ".", color=OTHER_COLOURS[0], markersize=7)
        ax.hlines(np.median(runs), place - 0.3, place + 0.3, color=OTHER_COLOURS[1], lw=2.5)
    _reference_lines(ax, references or {})
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log")
    ax.set_xticks(range(len(values)), list(values))
    ax.grid(False, axis="x")
    return ax


def plot_rates(
    counts: Mapping[str, Mapping[int, tuple[int, int]]], ax: Axes | None = None, *, xlabel: str
) -> Axes:
    """Draw rates of success against a size, with their 95 % Wilson intervals as error bars.

    Args:
        counts: label of a series → x → (k, n): k of n networks did it; the x are drawn equally
            far apart, in rising order.
        ax: where to draw; new axes when None.
        xlabel: what x is.
    """
    ax = ax or plt.subplots()[1]
    cases = sorted({x for series in counts.values() for x in series})
    for i, (label, series) in enumerate(counts.items()):
        places = [cases.index(x) + 0.16 * (i - (len(counts) - 1) / 2) for x in series]
        rates = np.array([k / n for k, n in series.values()])
        ends = np.array([wilson(k, n) for k, n in series.values()])
        reach = np.abs(ends.T - rates)
        mark = {"marker": "osv^"[i], "linestyle": ("-", "--", "-.", ":")[i]}
        ax.errorbar(places, rates, yerr=reach, capsize=3, lw=1.5, label=label, **mark)
    ax.set(xlabel=xlabel, ylabel="share of networks", ylim=(-0.03, 1.03))
    ax.set_xticks(range(len(cases)), cases)
    ax.grid(False, axis="x")
    if len(counts) > 1:
        ax.legend()
    return ax


def plot_spectrum(values: np.ndarray, ax: Axes | None = None) -> Axes:
    """Draw the singular values of a product of Jacobians as the product grows, t = 1 … T.

    Args:
        values: singular values [T, H], the largest first; NaN where nothing is drawn.
        ax: where to draw; new axes when None.
    """
    ax = ax or plt.subplots()[1]
    steps = np.arange(1, len(values) + 1)
    ax.plot(steps, values[:, 1:], color="#999999", linewidth=1)
    ax.plot(steps, values[:, 0], color=OTHER_COLOURS[1], linewidth=2.5)
    ax.axhline(1, linestyle=":", **GUIDE)
    ax.set(xlabel="time step t", ylabel="singular values", yscale="log")
    ax.xaxis.get_major_locator().set_params(integer=True)
    return ax


def plot_stream(
    targets: np.ndarray,
    answers: Mapping[str, np.ndarray],
    ax: Axes | None = None,
    *,
    first: int = 1,
) -> Axes:
    """Draw targets and a network's answers step by step.

    Args:
        targets: what is wanted [T].
        answers: label → what a network says [T].
        ax: where to draw; new axes when None.
        first: the number of the first step drawn.
    """
    ax = ax or plt.subplots(figsize=(8.0, 3.2))[1]
    steps = first + np.arange(len(targets))
    ax.axhline(0, **GUIDE)
    ax.plot(steps, targets, "o", mfc="none", mec="#222222", ms=8, label="target")
    for label, values in answers.items():
        style = cell_style(label)
        ax.vlines(steps, targets, values, color=style.get("color"), lw=1.2)
        ax.plot(steps, values, ".", color=style.get("color"), ms=7, label=label)
    ax.set(xlabel="step t", ylabel="sum")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0)
    return ax


def plot_ladder(
    errors: Mapping[str, float],
    rungs: Mapping[str, float],
    ax: Axes | None = None,
    *,
    solved: float | None = None,
    xlabel: str = "test MSE",
) -> Axes:
    """Draw each network's error as a dot between the rungs that remembering buys.

    Args:
        errors: network → its error; the first is drawn on top.
        rungs: what is remembered → the least error it allows.
        ax: where to draw; new axes when None.
        solved: the error below which the task counts as solved; shaded.
        xlabel: which error it is.
    """
    ax = ax or plt.subplots(figsize=(7.2, 0.42 * len(errors) + 1.4))[1]
    rows = np.arange(len(errors))
    for label, value in rungs.items():
        ax.axvline(value, linestyle=":", **GUIDE)
        where = (value, 1.0), ("data", "axes fraction")
        offset = {"xytext": (0, 4), "textcoords": "offset points", "ha": "center"}
        ax.annotate(label, where[0], xycoords=where[1], color=GUIDE["color"], fontsize=9, **offset)
    for row, (label, value) in zip(rows, errors.items(), strict=True):
        colour = cell_style(label).get("color", "#333333")
        ax.plot(value, row, "o", color=colour, ms=8)
    ax.set(xlabel=xlabel, xscale="log", ylim=(len(errors) - 0.5, -0.5))
    ax.set_yticks(rows, list(errors))
    ax.grid(False)
    everything = [*errors.values(), *rungs.values()]
    ax.set_xlim(min(everything) / 1.5, max(everything) * 1.5)
    if solved is not None:
        ax.axvspan(0, solved, color="#009E73", alpha=0.12, lw=0)
        ax.text(solved, len(errors) - 0.6, "solved ", ha="right", va="bottom", color="#00634A")
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

    for x, row in ((1.0, 1), (3.0, 2), (6.0, 28)):
        pixels = image[row - 1 : row]
        ax.imshow(pixels, cmap="Greys", vmin=0, vmax=1.6, extent=(x - 0.8, x + 0.8, 0, 0.18))
        ax.text(x, -0.22, f"row {row}: 28 pixels", ha="center", va="center", fontsize="small")
        box(x, 0.95, f"affine → {hidden_size}")
        box(x, 2.0, cell.upper(), colour)
        ax.annotate("", (x, 0.68), (x, 0.24), arrowprops=arrow)
        ax.annotate("", (x, 1.73), (x, 1.22), arrowprops=arrow)
    for left, right in ((-0.1, 0.5), (1.5, 2.5), (3.5, 4.2), (4.8, 5.5)):
        ax.annotate("", (right, 2.0), (left, 2.0), arrowprops=arrow | {"color": colour})
    ax.text(-0.15, 2.0, "zeros", ha="right", va="center", fontsize="small")
    ax.text(4.5, 2.0, "…", ha="center", va="center")
    ax.text(2.0, 2.16, f"{hidden_size}", ha="center", va="bottom", fontsize="small", color=colour)
    ax.annotate("", (6.0, 2.8), (6.0, 2.27), arrowprops=arrow)
    box(6.0, 3.05, "ReLU → 64 → ReLU → 10 logits")
    ax.set(xlim=(-0.9, 7.6), ylim=(-0.4, 3.4), aspect="auto")
    ax.set_axis_off()
    return ax


def plot_accuracy_by_size(
    results: Mapping[str, Mapping[str, tuple[int, int, int]]],
    ax: Axes | None = None,
    *,
    reference: tuple[str, int, int, int],
) -> Axes:
    """Draw test accuracy against the number of parameters, with 95 % Wilson intervals.

    Args:
        results: cell → label of a network → (parameters, right answers, images).
        ax: where to draw; new axes when None.
        reference: label, parameters, right answers and images of a network to compare with, drawn
            as a point and a band.
    """
    ax = ax or plt.subplots()[1]
    for cell, networks in results.items():
        style = {key: CELL_STYLE[cell.lower()][key] for key in ("color", "marker")}
        sizes, right, n = np.array(list(networks.values())).T
        ends = np.array([wilson(int(k), int(m)) for k, m in zip(right, n, strict=True)])
        reach = 100 * np.abs(ends.T - right / n)
        ax.errorbar(
            sizes, 100 * right / n, yerr=reach, linestyle="", capsize=3, label=cell, **style
        )
        side, place = (6, "left") if cell.lower() == "lstm" else (-6, "right")
        for label, x, y in zip(networks, sizes, 100 * right / n, strict=True):
            ax.annotate(
                label,
                (x, y),
                xytext=(side, 0),
                textcoords="offset points",
                ha=place,
                va="center",
                fontsize="small",
            )
    label, size, k, n = reference
    low, high = wilson(k, n)
    ax.axhspan(100 * low, 100 * high, color="#BBBBBB", alpha=0.4, lw=0)
    ax.plot(size, 100 * k / n, "D", color="#333333", label=label)
    ax.set(xlabel="parameters", ylabel="test accuracy in %", xscale="log")
    ax.legend(loc="lower right")
    return ax


def plot_beside(
    image: np.ndarray,
    panels: Mapping[str, np.ndarray],
    *,
    rows: Sequence[int] | None = None,
    span: tuple[float, float] = (0.0, 1.0),
    xlabel: str = "unit",
    classes: bool = False,
    figsize: tuple[float, float] = (7.2, 3.6),
) -> np.ndarray:
    """Draw what a network holds after each row beside the image, row by row.

    Args:
        image: pixels 0 or 1 [T, D].
        panels: title → values [T, K], one panel each.
        rows: rows to show, counted from 1; all without it.
        span: values of the lightest and the darkest colour; two-sided where it begins below 0.
        xlabel: what the K columns are.
        classes: number the columns from 0 and mark the largest value of each row.
        figsize: inches.

    Returns:
        The axes, the image's first.
    """
    shown = np.arange(1, len(image) + 1) if rows is None else np.asarray(rows)
    widths = [1.0] + [1.0 if classes or len(panels) > 1 else 1.6] * len(panels)
    fig, axes = plt.subplots(
        1, len(widths), sharey=True, figsize=figsize, gridspec_kw={"width_ratios": widths}
    )
    pixels = np.arange(1, image.shape[1] + 1)
    axes[0].pcolormesh(pixels, shown, image[shown - 1], cmap="Greys", vmin=0, vmax=1.6)
    axes[0].set(xlabel="pixel", ylabel="row", xticks=[1, 14, 28])
    cmap = "PuOr" if span[0] < 0 else "Blues"
    for ax, (title, values) in zip(axes[1:], panels.items(), strict=True):
        columns = np.arange(values.shape[1]) + (0 if classes else 1)
        mesh = ax.pcolormesh(columns, shown, values[shown - 1], cmap=cmap, clim=span)
        if classes:
            ax.plot(values[shown - 1].argmax(1), shown, "o", mfc="white", mec="black", ms=4)
            ax.set_xticks(columns)
        ax.set_xlabel(f"{xlabel} of {title}" if title else xlabel)
    fig.colorbar(mesh, ax=axes[1:], shrink=0.9, pad=0.01)
    for ax in axes:
        ax.grid(False)
    if len(shown) <= 10:
        axes[0].set_yticks(shown)
    axes[0].invert_yaxis()
    return axes


def plot_heat(
    values: np.ndarray,
    x: Sequence[float],
    y: Sequence[float],
    ax: Axes | None = None,
    *,
    xlabel: str,
    ylabel: str,
    label: str,
    numbers: bool = False,
) -> Axes:
    """Draw a table of numbers as colours, with a dot where a number is exactly 0.

    Args:
        values: [rows, columns]; NaN is left white.
        x: names of the columns.
        y: names of the rows, drawn from the top.
        ax: where to draw; new axes when None.
        xlabel: what the columns are.
        ylabel: what the rows are.
        label: what the colours are.
        numbers: write each value, as a whole number of per cent, into its field.
    """
    ax = ax or plt.subplots()[1]
    across, down = np.arange(len(x)), np.arange(len(y))
    mesh = ax.pcolormesh(across, down, np.ma.masked_equal(values, 0.0), cmap="cividis_r")
    ax.figure.colorbar(mesh, ax=ax, label=label)
    for row, column in np.argwhere(values == 0.0):
        ax.plot(column, row, ".", color=GUIDE["color"], ms=3)
    if numbers:
        middle = np.nanmean([np.nanmin(values), np.nanmax(values)])
        for (row, column), value in np.ndenumerate(values):
            ink = "white" if value > middle else "black"
            ax.text(column, row, f"{100 * value:.0f}", ha="center", va="center", size=8, color=ink)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_xticks(across, [str(name) for name in x])
    ax.set_yticks(down, [str(name) for name in y])
    ax.grid(False)
    ax.invert_yaxis()
    return ax
