"""Graphs with numbers, and the triangle of shares."""

import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from unrolled import plots
from unrolled.derivations import graph


@pytest.fixture
def ax():
    return Figure().subplots()


def drawn(ax):
    net = graph.unroll(2)
    values = {node.name: 0.125 * i for i, node in enumerate(net.nodes)}
    carried = {(edge.start, edge.end): -float(i) for i, edge in enumerate(net.edges)}
    return plots.plot_graph(values, net.edges, carried, ax), net, values, carried


def test_plot_graph_writes_a_value_on_each_node_and_a_gradient_at_each_edge(ax):
    _, net, values, carried = drawn(ax)
    written = [text.get_text() for text in ax.texts]
    for name, value in values.items():
        assert f"${name}$\n{value:.3g}" in written
    for number in carried.values():
        assert f"{number:.3g}".replace("-", "−") in written
    assert len(ax.patches) == len(net.nodes) + len(net.edges)


@pytest.mark.parametrize("weight", plots.ONE_UNIT)
def test_plot_graph_draws_a_shared_weight_in_one_colour(weight, ax):
    _, net, _, _ = drawn(ax)
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    same = [a for a in arrows if same_color(a.get_edgecolor(), plots.ONE_UNIT[weight])]
    assert len(same) == sum(str(edge.weight) == weight for edge in net.edges) == 2


def test_an_arrow_points_the_way_of_the_forward_pass(ax):
    _, net, _, _ = drawn(ax)
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    for arrow, edge in zip(arrows, net.edges, strict=True):
        (x_0, y_0), (x_1, y_1) = arrow._posA_posB
        assert (x_1 > x_0 + 0.5) if edge.start[0] == edge.end[0] else (y_1 > y_0)


def test_plot_shares_adds_rows_columns_and_all(ax):
    shares = np.array([[1.0, np.nan, np.nan], [2.0, 4.0, np.nan], [8.0, 16.0, -32.0]])
    plots.plot_shares(shares, ax, digits=0)
    at = {text.get_position(): text.get_text() for text in ax.texts}
    assert at[1, 2] == "16"  # column 2, row 3
    assert (1, 0) not in at
    assert [at[3, t] for t in range(3)] == ["1", "6", "−8"]
    assert [at[k, 3] for k in range(3)] == ["11", "20", "−32"]
    assert at[3, 3] == "−1"
    assert ax.yaxis_inverted()
