"""Every cell runs alike in every library, and the drawings' letters stand where the gates are."""

import numpy as np
import pytest
import torch  # noqa: F401 - before tensorflow
from unrolled import convert
from unrolled.cells import GRU, LSTM
from unrolled.studies import layouts


def drawn(kind, **options):
    return layouts.draw(kind, rng=np.random.default_rng(0), **options)


def distance(left, right):
    return max(np.abs(a - b).max() for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("kind", layouts.LETTERS)
@pytest.mark.parametrize("library", layouts.RUNNERS)
def test_a_library_runs_all_steps_and_states_alike(kind, library):
    cell, x, states = drawn(kind)
    ours, theirs = layouts.run_numpy(cell, x, states), layouts.RUNNERS[library](cell, x, states)
    assert [a.shape for a in ours] == [(4, 30, 5), (4, 5), (4, 5)][: len(ours)]
    assert distance(ours, theirs) < 1e-12
    zero = [np.zeros_like(s) for s in states]  # a runner that ignored the state would notice
    assert distance(ours, layouts.RUNNERS[library](cell, x, zero)) > 1e-3


@pytest.mark.parametrize("library", ["Keras", "ONNX"])
def test_a_gru_that_resets_before_runs_where_there_is_one(library):
    cell, x, states = drawn("gru", reset_after=False)
    ours = layouts.run_numpy(cell, x, states)
    assert distance(ours, layouts.RUNNERS[library](cell, x, states)) < 1e-12


def test_a_forgotten_attribute_is_another_gru():
    cell, x, states = drawn("gru")
    forgotten = layouts.run_onnx(cell, x, states, linear_before_reset=0)
    assert distance(layouts.run_numpy(cell, x, states), forgotten) > 0.1


@pytest.mark.parametrize("library", layouts.RUNNERS)
def test_given_weights_take_the_place_of_the_converted_ones(library):
    cell, x, states = drawn("lstm")
    arrays = {name: 0 * array for name, array in layouts.layouts(cell)[library].items()}
    weights = arrays if library == "PyTorch" else list(arrays.values())
    _, h, c = layouts.RUNNERS[library](cell, x, states, weights)
    np.testing.assert_allclose(c, states[1] / 2**30, atol=1e-15)  # all gates at one half
    np.testing.assert_allclose(h, np.tanh(c) / 2, atol=1e-15)


@pytest.mark.parametrize("steps", [1, 30])
def test_an_older_onnx_gives_the_same_last_c(steps, monkeypatch):
    cell, x, states = drawn("lstm")
    new = layouts.run_onnx(cell, x[:, :steps], states)
    monkeypatch.setattr("onnx.__version__", "1.22.0")
    old = layouts.run_onnx(cell, x[:, :steps], states)
    assert distance(new, old) < 1e-12


def test_letters_stand_where_the_gates_are():
    lstm, gru = layouts.packed_letters("lstm", 3, 2), layouts.packed_letters("gru", 3, 2)
    assert "".join(lstm["NumPy"]["weight_ih"][:, 0]) == "iiffggoo"
    assert "".join(lstm["PyTorch"]["bias_hh_l0"]) == "iiffggoo"
    assert "".join(lstm["Keras"]["kernel"][0]) == "iiffggoo"
    assert "".join(lstm["Keras"]["bias"]) == "iiffggoo"
    assert "".join(lstm["ONNX"]["R"][0, :, 1]) == "iiooffgg"
    assert "".join(lstm["ONNX"]["B"][0]) == 2 * "iiooffgg"
    assert "".join(gru["Keras"]["recurrent_kernel"][1]) == "zzrrnn"
    assert gru["Keras"]["bias"].shape == (2, 6)
    assert "".join(gru["PyTorch"]["weight_hh_l0"][:, 1]) == "rrzznn"
    assert set(layouts.packed_letters("rnn")["ONNX"]["B"].ravel()) == {"h"}


def test_letters_follow_convert(monkeypatch):
    monkeypatch.setitem(convert.ONNX_ORDER, "lstm", (3, 2, 1, 0))
    assert "".join(layouts.packed_letters("lstm", 1, 1)["ONNX"]["W"][0, :, 0]) == "ogfi"


def test_read_in_order_moves_whole_gates():
    cell = LSTM(1, 1)
    for array in cell.parameters.values():
        array.T[...] = [1, 2, 3, 4]  # i, f, g, o
    read = layouts.read_in_order(cell, "iofg")  # the second block is taken for o
    assert read.bias_ih.tolist() == [1, 3, 4, 2]
    assert read.weight_hh[:, 0].tolist() == [1, 3, 4, 2]
    right = layouts.read_in_order(cell, "ifgo")
    assert right.bias_hh.tolist() == [1, 2, 3, 4]
    with pytest.raises(ValueError, match="order: expected an arrangement of ifgo, got 'ifgg'"):
        layouts.read_in_order(cell, "ifgg")


def test_orders_cost_what_the_outputs_say():
    assert len(layouts.wrong_orders("lstm")) == 23
    assert layouts.wrong_orders("rnn") == []
    gru, x, _ = drawn("gru")
    costs = layouts.cost_of_orders(gru, x)
    assert sorted(costs) == ["nrz", "nzr", "rnz", "znr", "zrn"]
    right, wrong = (c.forward(x)[0] for c in (gru, layouts.read_in_order(gru, "zrn")))
    expected = np.linalg.norm(wrong - right) / np.linalg.norm(right)
    assert costs["zrn"] == pytest.approx(expected)
    same = GRU(3, 5)
    for array in same.parameters.values():
        array[...] = 0.1  # all gates alike: no order costs anything
    assert max(layouts.cost_of_orders(same, x).values()) == 0
