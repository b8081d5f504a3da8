"""Many counts in one figure: every claim with its interval, in groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from unrolled.evidence import wilson
from unrolled.plots.style import GUIDE, OTHER_COLOURS

Counted = tuple[int, int]  # k of n
ROW, FAMILY, SMALL = 0.165, 0.5, 7.5  # a row's height in inches, a gap in rows, a font size


def plot_forest(
    groups: Mapping[str, Sequence[Mapping[str, Counted]]],
    ax: Axes | None = None,
    *,
    colours: Mapping[str, str] | None = None,
) -> Axes:
    """Draw shares with their 95 % Wilson intervals, one a row from the top, and k/n beside them.

    Args:
        groups: name → families, each label → (k, n). A group has one colour and begins with its
            name; a family stands a little apart.
        ax: where to draw; new axes when None.
        colours: name → colour; the palette's in turn when None.
    """
    colours = colours or _in_turn(groups)
    rows = sum(len(family) + FAMILY for families in groups.values() for family in families)
    ax = ax or plt.subplots(figsize=(6.4, 0.7 + ROW * (rows + len(groups))))[1]
    place, ticks = 0.0, {}
    for name, families in groups.items():
        ax.text(0.5, place, name, ha="center", va="center", weight="bold", fontsize=9)
        place += 1
        for family in families:
            for label, (k, n) in family.items():
                _interval(ax, place, k, n, colours[name])
                ticks[place] = label
                place += 1
            place += FAMILY
    ax.set(xlabel="share of networks", xlim=(-0.02, 1.02), ylim=(place - 0.4, -0.8))
    ax.set_yticks(list(ticks), list(ticks.values()), fontsize=SMALL)
    ax.tick_params(axis="y", length=0)
    ax.grid(False, axis="y")
    return ax


def _interval(ax: Axes, place: float, k: int, n: int, colour: str) -> None:
    ax.plot(wilson(k, n), [place, place], color=colour, lw=1.6, solid_capstyle="butt")
    ax.plot(k / n, place, "o", color=colour, ms=3.5)
    ax.text(1.03, place, f"{k}/{n}", va="center", fontsize=SMALL, color=GUIDE["color"])


def _in_turn(groups: Mapping[str, Any]) -> dict[str, str]:
    return dict(zip(groups, cycle(OTHER_COLOURS), strict=False))


def plot_all_counts(
    groups: Mapping[str, Sequence[Counted]],
    ax: Axes | None = None,
    *,
    colours: Mapping[str, str] | None = None,
) -> Axes:
    """Draw every share as an upright 95 % Wilson interval, sorted within its group.

    Args:
        groups: name → the counts (k, n) of its claims.
        ax: where to draw; new axes when None.
        colours: name → colour; the palette's in turn when None.
    """
    colours = colours or _in_turn(groups)
    ax = ax or plt.subplots(figsize=(7.2, 3.8))[1]
    start, middles = 0, []
    for name, counts in groups.items():
        for place, (k, n) in enumerate(sorted(counts, key=lambda c: (c[0] / c[1], c[1])), start):
            ax.plot(
                [place, place], wilson(k, n), color=colours[name], lw=0.8, solid_capstyle="butt"
            )
            ax.plot(place, k / n, "o", color=colours[name], ms=2)
        middles.append(start + (len(counts) - 1) / 2)
        start += len(counts) + 4
    ax.set(ylabel="share of networks", xlim=(-3, start - 2), ylim=(-0.02, 1.02))
    names = [f"{name} ({len(counts)})" for name, counts in groups.items()]
    ax.set_xticks(middles, names, rotation=35, ha="right", rotation_mode="anchor")
    ax.tick_params(axis="x", length=0)
    ax.grid(False, axis="x")
    return ax
