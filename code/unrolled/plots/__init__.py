"""Figures of the book: data in, Axes out.

No function here makes data or shows a figure. Titles are left to captions. A cell type has one
colour, marker and line style throughout (`CELL_STYLE`), so that the figures can be told apart
without colour as well; the palette is Okabe and Ito's, made for colour-blind readers.
"""

from unrolled.plots.counts import (
    plot_accuracy_by_size,
    plot_counts,
    plot_dots,
    plot_ladder,
    plot_repetitions,
    plot_scatter,
)
from unrolled.plots.curves import (
    plot_by_step,
    plot_epochs,
    plot_gradcheck_v,
    plot_lines,
    plot_loss,
    plot_positions,
    plot_rates,
    plot_seeds,
    plot_spectrum,
    plot_stream,
)
from unrolled.plots.drawings import (
    SHARED,
    plot_automaton,
    plot_packed_gates,
    plot_row_reader,
    plot_state_plane,
    plot_unrolled,
)
from unrolled.plots.forest import plot_all_counts, plot_forest
from unrolled.plots.gates import plot_factors, plot_gate_square, plot_state_paths
from unrolled.plots.gradients import plot_before_after, plot_bound
from unrolled.plots.graphs import ONE_UNIT, plot_graph, plot_shares
from unrolled.plots.layouts import plot_layouts
from unrolled.plots.sequences import (
    plot_beside,
    plot_bits,
    plot_blank_rows,
    plot_heat,
    plot_reach,
    plot_rows,
    plot_values,
)
from unrolled.plots.style import (
    CELL_STYLE,
    GATE_STYLE,
    GUIDE,
    OTHER_COLOURS,
    STYLE,
    cell_style,
    use_style,
)

__all__ = [
    "CELL_STYLE",
    "GATE_STYLE",
    "GUIDE",
    "ONE_UNIT",
    "OTHER_COLOURS",
    "SHARED",
    "STYLE",
    "cell_style",
    "plot_accuracy_by_size",
    "plot_all_counts",
    "plot_automaton",
    "plot_before_after",
    "plot_beside",
    "plot_bits",
    "plot_blank_rows",
    "plot_bound",
    "plot_by_step",
    "plot_counts",
    "plot_dots",
    "plot_epochs",
    "plot_factors",
    "plot_forest",
    "plot_gate_square",
    "plot_gradcheck_v",
    "plot_graph",
    "plot_heat",
    "plot_ladder",
    "plot_layouts",
    "plot_lines",
    "plot_loss",
    "plot_packed_gates",
    "plot_positions",
    "plot_rates",
    "plot_reach",
    "plot_repetitions",
    "plot_row_reader",
    "plot_rows",
    "plot_scatter",
    "plot_seeds",
    "plot_shares",
    "plot_spectrum",
    "plot_state_paths",
    "plot_state_plane",
    "plot_stream",
    "plot_unrolled",
    "plot_values",
    "use_style",
]
