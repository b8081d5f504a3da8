"""Curves: losses, accuracies and other quantities against the step, the epoch or the time."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from unrolled.evidence import wilson
from unrolled.plots.style import CELL_STYLE, GUIDE, OTHER_COLOURS, cell_style


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
    for marker, (label, curve) in zip(cycle("osv^"), errors.items(), strict=False):
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
    for marker, (label, values) in zip(cycle("osv^"), curves.items(), strict=False):
        ax.plot(np.arange(1, len(values) + 1), values, marker=marker, label=label)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale=yscale)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(curves) > 1:
        ax.legend()
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
    for (label, values), linestyle in zip(
        curves.items(), cycle(("-", "--", "-.", ":")), strict=False
    ):
        ax.plot(x, values, linestyle=linestyle, label=label)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend()
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
        curves.items(), cycle(("--", "-", ":", "-.")), strict=False
    ):
        style = cell_style(label) | {"linestyle": dashes}
        ax.plot(epochs, values, label=label, marker="o", markersize=3, **style)
    if reference is not None:
        ax.axhline(reference, linestyle=":", **GUIDE)
    ax.set(xlabel="epoch", ylabel=ylabel, yscale="log" if log else "linear")
    ax.legend()
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
