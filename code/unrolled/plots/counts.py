"""Counts and comparisons: one dot a run, one interval a count, one rung a reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from unrolled.evidence import wilson
from unrolled.plots.curves import _reference_lines
from unrolled.plots.style import CELL_STYLE, GUIDE, OTHER_COLOURS, cell_style


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
    ax.margins(x=0.15)
    ax.legend(loc="upper left")
    return ax
