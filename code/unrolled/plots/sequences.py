"""Sequences as pictures: bits, values, rows of an image, and what a network holds beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from unrolled.plots.style import GUIDE, OTHER_COLOURS


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


def plot_blank_rows(blank: np.ndarray, ax: Axes | None = None) -> Axes:
    """Draw the share of images in which each row, counted from 1 at the top, is blank.

    Args:
        blank: a share for each row, shape (28,).
        ax: where to draw; a new figure without it.

    Returns:
        The axes.
    """
    ax = ax or plt.subplots(figsize=(6, 2.4))[1]
    ax.bar(np.arange(1, len(blank) + 1), blank, width=0.8, color=OTHER_COLOURS[0])
    ax.set(xlabel="row, from the top", ylabel="share that is blank", ylim=(0, 1))
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
        rows: neighbouring rows to show, counted from 1; all without it.
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

    def draw(ax: Axes, values: np.ndarray, first: int, **style: Any) -> AxesImage:
        sides = (first - 0.5, first - 0.5 + values.shape[1], shown[-1] + 0.5, shown[0] - 0.5)
        return ax.imshow(values[shown - 1], extent=sides, aspect="auto", **style)

    draw(axes[0], image, 1, cmap="Greys", vmin=0, vmax=1.6)
    axes[0].set(xlabel="pixel", ylabel="row", xticks=[1, 14, 28])
    cmap = "PuOr" if span[0] < 0 else "Blues"
    for ax, (title, values) in zip(axes[1:], panels.items(), strict=True):
        mesh = draw(ax, values, 0 if classes else 1, cmap=cmap, clim=span)
        if classes:
            ax.plot(values[shown - 1].argmax(1), shown, "o", mfc="white", mec="black", ms=4)
            ax.set_xticks(range(values.shape[1]))
        ax.set_xlabel(f"{xlabel} of {title}" if title else xlabel)
    fig.colorbar(mesh, ax=axes[1:], shrink=0.9, pad=0.01)
    for ax in axes:
        ax.grid(False)
    if len(shown) <= 10:
        axes[0].set_yticks(shown)
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
    mesh = ax.pcolormesh(across, down, np.ma.masked_equal(values, 0.0), cmap="cividis_r", vmin=0)
    ax.figure.colorbar(mesh, ax=ax, label=label)
    for row, column in np.argwhere(values == 0.0):
        ax.plot(column, row, ".", color=GUIDE["color"], ms=3)
    if numbers:
        middle = np.nanmax(values) / 2
        for (row, column), value in np.ndenumerate(values):
            ink = "white" if value > middle else "black"
            ax.text(column, row, f"{100 * value:.0f}", ha="center", va="center", size=8, color=ink)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_xticks(across, [str(name) for name in x])
    ax.set_yticks(down, [str(name) for name in y])
    ax.grid(False)
    ax.invert_yaxis()
    return ax
