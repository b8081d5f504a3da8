"""The book's style: one colour, marker and line style a cell type, and a palette for the rest."""

from __future__ import annotations

import sys
from typing import Any

import matplotlib.pyplot as plt
from cycler import cycler

#: Cell type → how its curves and points are drawn, in every figure.
CELL_STYLE: dict[str, dict[str, Any]] = {
    "rnn": {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    "lstm": {"color": "#D55E00", "linestyle": "--", "marker": "s"},
    "gru": {"color": "#009E73", "linestyle": "-.", "marker": "^"},
}


#: Colours of everything that is not a cell type.
OTHER_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#333333")


#: Gate of an LSTM or a GRU, or the plain cell's h → fill and hatching; a candidate is green.
GATE_STYLE = {
    "i": ("#56B4E9", ""),
    "f": ("#E69F00", "//"),
    "g": ("#009E73", ".."),
    "o": ("#CC79A7", "\\\\"),
    "r": ("#56B4E9", "xx"),
    "z": ("#F0E442", "--"),
    "n": ("#009E73", ".."),
    "h": ("#009E73", ".."),
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
