"""Figures about gradients over time: factors a step, against a bound and before training."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from unrolled.plots.style import GUIDE, OTHER_COLOURS


def plot_bound(points: Mapping[str, tuple[np.ndarray, np.ndarray]], ax: Axes | None = None) -> Axes:
    """Draw measured factors a step against their bounds; on the diagonal a bound is reached.

    Args:
        points: label → (bounds [n], measured factors [n]).
        ax: where to draw; new axes when None.
    """
    ax = ax or plt.subplots(figsize=(7.2, 3.8))[1]
    for marker, (label, (bound, factor)) in zip("os^vD", points.items(), strict=False):
        ax.plot(bound, factor, marker, ms=5, alpha=0.6, mec="none", label=label)
    ax.axline((1, 1), slope=1, label="bound reached", **GUIDE)
    ax.axhline(1, linestyle=":", **GUIDE)
    ax.axvline(1, linestyle=":", **GUIDE)
    xlabel = r"bound on the factor, $\gamma\,\sigma_{\max}$"
    ax.set(xlabel=xlabel, ylabel="measured factor a step")
    ax.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def plot_before_after(
    groups: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]], ax: Axes | None = None
) -> Axes:
    """Draw a line a network, from its factor at the start to its factor after training.

    Args:
        groups: label → (factors at the start [n], after training [n], which have solved [n]).
        ax: where to draw; new axes when None.
    """
    ax = ax or plt.subplots(figsize=(7.2, 3.4))[1]
    ends = []
    for k, (before, after, solved) in enumerate(groups.values()):
        for start, end, done in zip(before, after, solved, strict=True):
            colour, mark = (OTHER_COLOURS[0], "o") if done else ("#777777", "x")
            ax.plot([2 * k, 2 * k + 1], [start, end], color=colour, lw=1, zorder=2)
            ax.plot(2 * k + 1, end, mark, color=colour, ms=5, zorder=3)
        ends += [2 * k, 2 * k + 1]
        ax.text(2 * k + 0.5, 1.02, list(groups)[k], ha="center", transform=ax.get_xaxis_transform())
    ax.plot([], [], "o", color=OTHER_COLOURS[0], label="solved")
    ax.plot([], [], "x", color="#777777", label="not solved")
    ax.axhline(1, linestyle=":", **GUIDE)
    ax.set(ylabel="factor a step", xlim=(-0.4, ends[-1] + 0.4))
    ax.set_xticks(ends, ["start", "end"] * len(groups))
    ax.grid(False, axis="x")
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return ax
