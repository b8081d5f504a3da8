"""Figures draw the data they are given, into the axes they are given."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from unrolled import evidence, plots


@pytest.fixture
def ax():
    return Figure().subplots()


def test_use_style_sets_the_style():
    with mpl.rc_context():
        plots.use_style()
        assert mpl.rcParams["svg.hashsalt"] == "unrolled"
        assert not mpl.rcParams["axes.spines.top"]


def test_cell_types_differ_in_more_than_colour():
    styles = plots.CELL_STYLE.values()
    for key in ("color", "linestyle", "marker"):
        assert len({style[key] for style in styles}) == len(styles)
    assert plots.cell_style("LSTM, 64 units")["color"] == plots.CELL_STYLE["lstm"]["color"]
    assert plots.cell_style("predict 0") == {}


def test_plot_loss(ax):
    curves = {"RNN": {0: 1.0, 50: 0.5}, "LSTM": {0: 0.8, 50: 0.1}}
    assert plots.plot_loss(curves, ax, references={"predict 0": 1 / 3}) is ax
    for line, curve in zip(ax.lines, curves.values(), strict=False):
        assert dict(line.get_xydata()) == curve
    assert list(ax.lines[2].get_ydata()) == [1 / 3, 1 / 3]
    assert [text.get_text() for text in ax.texts] == ["predict 0"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["RNN", "LSTM"]
    assert ax.get_yscale() == "log"
    assert [ax.yaxis.get_minor_formatter()(v, 0) for v in (0.02, 0.03)] == ["0.02", ""]


def test_plot_scatter_puts_truth_to_the_right(ax):
    plots.plot_scatter(np.array([[1.0], [2.0]]), np.array([[3.0], [5.0]]), ax)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[1, 3], [2, 5]])
    assert ax.lines[1].get_slope() == 1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("true value", "predicted value")


def test_plot_gradcheck_v(ax):
    errors = {"float64": {1e-5: 1e-10, 1e-1: 1e-2}, "float32": {1e-5: 1e-2, 1e-1: 1e-2}}
    plots.plot_gradcheck_v(errors, ax, threshold=1e-7)
    assert dict(ax.lines[1].get_xydata()) == errors["float32"]
    assert ax.lines[2].get_ydata()[0] == 1e-7
    assert ax.get_xscale() == ax.get_yscale() == "log"


def test_plot_by_step_counts_from_one(ax):
    plots.plot_by_step({"a": np.array([5.0, 6.0])}, ax, ylabel="size")
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[1, 5], [2, 6]])
    assert ax.get_legend() is None


def test_plot_lines(ax):
    x = np.array([0.0, 1.0])
    plots.plot_lines(x, {"a": x, "b": -x}, ax, xlabel="x", ylabel="y")
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), [0, -1])
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()


def test_plot_lines_draws_a_fifth_curve_too(ax):
    x = np.array([0.0, 1.0])
    plots.plot_lines(x, {str(k): k * x for k in range(5)}, ax, xlabel="x", ylabel="y")
    assert len(ax.lines) == len(ax.get_legend().get_texts()) == 5


def test_plot_blank_rows_counts_from_one_at_the_top(ax):
    plots.plot_blank_rows(np.array([0.9, 0.1, 0.5]), ax)
    assert [bar.get_x() + bar.get_width() / 2 for bar in ax.patches] == [1, 2, 3]
    assert [bar.get_height() for bar in ax.patches] == [0.9, 0.1, 0.5]


def _arrows(ax, weight):
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    return [a for a in arrows if same_color(a.get_edgecolor(), plots.SHARED[weight])]


@pytest.mark.parametrize("weight", plots.SHARED)
@pytest.mark.parametrize("folded", [False, True])
def test_plot_unrolled_draws_a_shared_weight_once_a_step(weight, folded, ax):
    assert len(_arrows(plots.plot_unrolled(4, ax, folded=folded), weight)) == 4 + folded


def test_plot_unrolled_puts_the_loss_where_it_is_said(ax):
    plots.plot_unrolled(4, ax, loss_at=(2, 4))
    assert [t.get_text() for t in ax.texts if "L" in t.get_text()] == ["$L_2$", "$L_4$"]


def test_plot_reach_has_inputs_downwards_and_a_zero_for_no_change(ax):
    plots.plot_reach(np.array([[3.0, 2.0], [0.0, 1.0]]), ax)
    assert [(t.get_text(), t.get_position()) for t in ax.texts] == [("0", (1, 2))]
    assert ax.yaxis_inverted()


def test_plot_bits_puts_the_string_above_its_targets(ax):
    plots.plot_bits(np.array([[0.0], [1.0], [1.0]]), np.array([[0.0], [1.0], [0.0]]), ax)
    assert [t.get_text() for t in ax.texts] == ["0", "1", "1", "0", "1", "0"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["input", "target"]
    assert ax.yaxis_inverted()


def test_plot_values_tells_the_kept_from_the_ignored(ax):
    kept, targets = np.array([True, False, True]), np.array([np.nan, np.nan, 0.4])
    plots.plot_values(np.array([0.1, 0.2, 0.3]), kept, targets, ax)
    drawn = {line.get_label(): line for line in ax.lines}
    assert list(drawn["to be kept"].get_xdata()) == [1, 3]
    assert list(drawn["to be ignored"].get_ydata()) == [0.2]
    assert drawn["target"].get_ydata()[-1] == 0.4


def test_plot_rows_reads_from_the_top(ax):
    image = np.zeros((28, 28))
    image[0] = 1
    plots.plot_rows(image, ax)
    assert ax.yaxis_inverted()
    assert ax.collections[0].get_array().reshape(28, 28)[0].all()


def test_plot_repetitions_draws_every_run_and_the_median(ax):
    values, references = {3: [0.1, 0.2, 0.9], 10: [0.5]}, {"always 0": 1 / 3}
    plots.plot_repetitions(values, ax, references=references, xlabel="T", ylabel="MSE")
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [0.1, 0.2, 0.9])
    assert ax.collections[0].get_segments()[0][0, 1] == 0.2
    assert list(ax.lines[-1].get_ydata()) == [1 / 3, 1 / 3]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["3", "10"]


def test_plot_rates_draws_wilson_s_intervals(ax):
    plots.plot_rates({"a": {3: (10, 10), 9: (1, 10)}, "b": {5: (2, 4)}}, ax, xlabel="T")
    first = ax.containers[0]
    np.testing.assert_allclose(first.lines[0].get_ydata(), [1, 0.1])
    np.testing.assert_allclose(first.lines[2][0].get_segments()[1][:, 1], evidence.wilson(1, 10))
    assert ax.containers[1].lines[0].get_xdata() == pytest.approx([1.08])  # 5: the second of three
    assert [text.get_text() for text in ax.get_xticklabels()] == ["3", "5", "9"]


def test_plot_spectrum_sets_the_largest_apart(ax):
    values = np.array([[2.0, 0.5, np.nan], [4.0, 0.25, np.nan]])
    plots.plot_spectrum(values, ax)
    np.testing.assert_array_equal(ax.lines[2].get_xydata(), [[1, 2], [2, 4]])
    assert ax.lines[2].get_linewidth() > ax.lines[0].get_linewidth()
    assert ax.get_yscale() == "log"


def test_plot_stream_joins_each_answer_with_its_target(ax):
    plots.plot_stream(np.array([0.0, 1.0]), {"LSTM": np.array([0.1, 0.7])}, ax, first=5)
    drawn = {line.get_label(): line for line in ax.lines}
    np.testing.assert_array_equal(drawn["target"].get_xydata(), [[5, 0], [6, 1]])
    np.testing.assert_array_equal(drawn["LSTM"].get_xydata(), [[5, 0.1], [6, 0.7]])
    assert same_color(drawn["LSTM"].get_color(), plots.CELL_STYLE["lstm"]["color"])
    np.testing.assert_array_equal(ax.collections[0].get_segments()[1], [[6, 1], [6, 0.7]])


def test_plot_ladder_puts_each_network_in_a_row_among_the_rungs(ax):
    plots.plot_ladder({"LSTM": 1e-4, "Elman RNN": 0.1}, {"0": 1 / 6, "1": 1 / 12}, ax, solved=1e-3)
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [tuple(dot.get_xydata()[0]) for dot in dots] == [(1e-4, 0), (0.1, 1)]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["LSTM", "Elman RNN"]
    assert [text.get_text() for text in ax.texts][:2] == ["0", "1"]
    assert ax.yaxis_inverted()
    assert ax.get_xscale() == "log"
    assert ax.get_xlim()[0] < 1e-4


def test_plot_packed_gates_draws_a_block_a_gate_in_the_library_s_order(ax):
    layouts = {"tall": ("iofg", "rows", 2), "wide": ("ifgo", "columns", 1)}
    plots.plot_packed_gates(layouts, ax, input_size=2, hidden_size=4)
    assert len(ax.patches) == 4 * (2 + 2) + 4 * (2 + 1)
    letters = {gate: [t for t in ax.texts if t.get_text() == gate] for gate in "ifgo"}
    tall = sorted(
        "ifgo", key=lambda gate: -ax.transData.transform(letters[gate][0].get_position())[1]
    )
    wide = sorted("ifgo", key=lambda gate: letters[gate][1].get_position()[0])
    assert ("".join(tall), "".join(wide)) == ("iofg", "ifgo")
    assert len({patch.get_hatch() for patch in ax.patches}) == 4, "told apart without colour"
    assert sum(t.get_text() == "b" for t in ax.texts) == 3


def test_plot_gate_square_marks_corners_starts_and_the_diagonal(ax):
    plots.plot_gate_square({"here": (0.3, 0.6)}, ax, least=0.1)
    names = {text.get_text(): text.get_position() for text in ax.texts}
    assert set(names) == {"clear", "keep", "overwrite", "add"}
    assert names["keep"][0] > 0.5 > names["keep"][1]  # forget gate open, input gate closed
    assert names["overwrite"][0] < 0.5 < names["overwrite"][1]
    diagonal, marker = ax.lines[0], ax.lines[-1]
    np.testing.assert_array_equal(np.sum(diagonal.get_xydata(), axis=1), 1)
    np.testing.assert_array_equal(marker.get_xydata(), [[0.3, 0.6]])
    inner = ax.patches[-1].get_bbox()
    np.testing.assert_allclose([inner.x0, inner.y1], [0.1, 0.9])


def test_plot_gate_square_draws_no_inner_square_unasked(ax):
    assert len(plots.plot_gate_square({}, ax).patches) == 1


@pytest.mark.parametrize(
    ("kind", "shown"), [("lstm", {"$c_t$", "$h_t$", "tanh"}), ("gru", {"$h_t$"})]
)
def test_plot_state_paths_names_what_comes_out(kind, shown, ax):
    words = {text.get_text() for text in plots.plot_state_paths(kind, ax).texts}
    assert shown <= words
    assert ("tanh" in words) == (kind == "lstm")
    assert ("$z_t$" in words) == (kind == "gru")


def test_plot_state_paths_knows_two_cells(ax):
    with pytest.raises(ValueError, match="kind: expected lstm or gru, got 'rnn'"):
        plots.plot_state_paths("rnn", ax)


def test_plot_factors_puts_a_bar_at_each_median(ax):
    factors = {"A": {"rnn": np.array([0.1, 0.2, 0.9])}, "B": {"gru": np.array([0.5, 0.7, 0.6])}}
    plots.plot_factors(factors, ax)
    bars = [line.get_xdata()[0] for line in ax.lines if len(set(line.get_xdata())) == 1]
    assert bars == [0.2, 0.6, 1]  # and the line at 1
    assert [label.get_text() for label in ax.get_yticklabels()] == ["A", "B"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["RNN", "GRU"]
    low, high = ax.get_ylim()
    assert low > high  # the first start is on top


def test_plot_layouts_draws_each_block_where_it_is_stored(ax):
    letters = np.array(list("rrzznn"))
    arrays = {
        "PyTorch": {"weight_ih_l0": np.repeat(letters[:, None], 3, 1), "bias_ih_l0": letters},
        "Keras": {"kernel": np.repeat(letters[None], 3, 0), "bias": np.stack([letters] * 2)},
        "ONNX": {"B": letters[None]},
    }
    plots.plot_layouts(arrays, ax)
    sizes = [(patch.get_width(), patch.get_height()) for patch in ax.patches]
    assert sizes == [(3, 2)] * 3 + [(1, 2)] * 3 + [(2, 3)] * 3 + [(2, 2)] * 3 + [(1, 2)] * 3
    tops = [patch.get_y() for patch in ax.patches[:3]]
    assert tops == [0, 2, 4]
    colours = [patch.get_facecolor() for patch in ax.patches[:3]]
    wanted = [plots.GATE_STYLE[gate][0] for gate in "rzn"]
    assert all(same_color(*pair) for pair in zip(colours, wanted, strict=True))


def test_plot_layouts_refuses_what_is_not_made_of_bands(ax):
    with pytest.raises(ValueError, match="letters: expected whole rows or whole columns"):
        plots.plot_layouts({"NumPy": {"weight": np.array([["i", "f"], ["f", "i"]])}}, ax)


def test_plot_bound_draws_measured_against_bound(ax):
    plots.plot_bound({"a": (np.array([1.0, 1.2]), np.array([0.9, 0.5]))}, ax)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[1.0, 0.9], [1.2, 0.5]])
    assert ax.lines[1].get_slope() == 1


def test_plot_before_after_marks_who_solved(ax):
    group = (np.array([0.9, 0.8]), np.array([1.2, 0.4]), np.array([True, False]))
    plots.plot_before_after({"a": group, "b": group}, ax)
    ways = [list(line.get_ydata()) for line in ax.lines if len(line.get_xdata()) == 2]
    assert ways[:4] == [[0.9, 1.2], [0.8, 0.4]] * 2
    marks = [line.get_marker() for line in ax.lines if len(line.get_xdata()) == 1]
    assert marks == ["o", "x", "o", "x"]
    assert [text.get_text() for text in ax.texts] == ["a", "b"]
