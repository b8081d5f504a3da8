"""Many counts in one figure: rows, intervals, order and colours."""

import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from unrolled import plots
from unrolled.evidence import wilson

GROUPS = {
    "Parity": [{"a-1": (6, 40), "a-2": (40, 40)}, {"b": (0, 10)}],
    "XNOR": [{"c": (3, 4)}],
}
COUNTS = [(6, 40), (40, 40), (0, 10), (3, 4)]


@pytest.fixture
def ax():
    return Figure().subplots()


def test_plot_forest_draws_an_interval_and_a_point_a_claim_beside_its_label(ax):
    plots.plot_forest(GROUPS, ax)
    places = dict(zip(ax.get_yticks(), (t.get_text() for t in ax.get_yticklabels()), strict=True))
    assert list(places.values()) == ["a-1", "a-2", "b", "c"]
    for (k, n), place, (bar, point) in zip(
        COUNTS, places, zip(ax.lines[::2], ax.lines[1::2], strict=True), strict=True
    ):
        np.testing.assert_allclose(bar.get_xdata(), wilson(k, n))
        assert set(bar.get_ydata()) == set(point.get_ydata()) == {place}
        assert list(point.get_xdata()) == [k / n]
        assert f"{k}/{n}" in [t.get_text() for t in ax.texts if t.get_position()[1] == place]


def test_plot_forest_keeps_families_together_and_reads_from_the_top(ax):
    plots.plot_forest(GROUPS, ax)
    one, two, other, next_group = ax.get_yticks()
    assert two - one < other - two < next_group - other
    assert ax.yaxis_inverted()
    names = {t.get_text(): t.get_position()[1] for t in ax.texts if t.get_weight() == "bold"}
    assert names["Parity"] < one
    assert other < names["XNOR"] < next_group


@pytest.mark.parametrize("draw", [plots.plot_forest, plots.plot_all_counts])
def test_a_group_has_one_colour_its_own_or_the_one_given(draw, ax):
    groups = GROUPS if draw is plots.plot_forest else {"Parity": COUNTS[:3], "XNOR": COUNTS[3:]}
    draw(groups, ax)
    drawn = [line.get_color() for line in ax.lines]
    assert len(set(drawn[:6])) == len(set(drawn[6:])) == 1
    assert drawn[0] != drawn[6]
    other = Figure().subplots()
    draw(groups, other, colours={"Parity": "red", "XNOR": "blue"})
    assert same_color(other.lines[0].get_color(), "red")
    assert same_color(other.lines[-1].get_color(), "blue")


def test_plot_all_counts_sorts_each_group_and_says_how_many_there_are(ax):
    plots.plot_all_counts({"Parity": COUNTS[:3], "XNOR": COUNTS[3:]}, ax)
    points = [(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines[1::2]]
    assert [y for _, y in points] == [0, 0.15, 1, 0.75]
    x = [x for x, _ in points]
    assert x[1] - x[0] == x[2] - x[1] == 1
    assert x[3] - x[2] > 1
    np.testing.assert_allclose(ax.lines[0].get_ydata(), wilson(0, 10))
    assert [t.get_text() for t in ax.get_xticklabels()] == ["Parity (3)", "XNOR (1)"]


def test_the_figures_make_axes_of_their_own_that_grow_with_the_rows():
    few, many = (plots.plot_forest({"g": [{f"c{i}": (1, 2) for i in range(n)}]}) for n in (3, 30))
    assert many.figure.get_figheight() > 2 * few.figure.get_figheight()
