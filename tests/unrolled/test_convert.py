from functools import partial

import numpy as np
import pytest
import torch  # before tensorflow, which keras imports

# isort: split
import keras
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from unrolled import convert
from unrolled.cells import GRU, LSTM, RNN

MAKERS = {"rnn": RNN, "lstm": LSTM, "gru": GRU, "gru-before": partial(GRU, reset_after=False)}
every_cell = pytest.mark.parametrize("name", MAKERS)
sizes = st.tuples(st.integers(1, 3), st.integers(1, 4))  # D, H
few = settings(max_examples=5, derandomize=True, deadline=None, database=None)


def make(name, input_size=2, hidden_size=3, dtype=np.float64):
    return MAKERS[name](input_size, hidden_size, rng=np.random.default_rng(7), dtype=dtype)


def kind(cell):
    return type(cell).__name__.lower()


def draw(cell, n=3, t=4):
    """Draw x and the arrays of a first state."""
    rng = np.random.default_rng(0)
    shape = (2 if isinstance(cell, LSTM) else 1, n, cell.hidden_size)
    return rng.normal(size=(n, t, cell.input_size)), rng.normal(size=shape)


def run(cell, x, state):
    """List outputs and the arrays of the last state."""
    outputs, last, _ = cell.forward(x, tuple(state) if isinstance(cell, LSTM) else state[0])
    return [outputs, *(last if isinstance(cell, LSTM) else [last])]


def assert_equal_cells(cell, other):
    assert type(cell) is type(other)
    assert cell.dtype == other.dtype
    assert getattr(cell, "reset_after", None) == getattr(other, "reset_after", None)
    for name, parameter in cell.parameters.items():
        np.testing.assert_array_equal(parameter, other.parameters[name])


def torch_layer(cell, **options):
    layer = getattr(torch.nn, type(cell).__name__)(
        cell.input_size, cell.hidden_size, batch_first=True, dtype=torch.float64, **options
    )
    layer.load_state_dict({k: torch.from_numpy(v) for k, v in convert.to_torch(cell).items()})
    return layer


def keras_layer(cell, **options):
    layers = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
    options |= {"reset_after": cell.reset_after} if isinstance(cell, GRU) else {}
    options |= {"return_sequences": True, "return_state": True, "dtype": "float64"}
    layer = layers[kind(cell)](cell.hidden_size, **options)
    layer.build((None, None, cell.input_size))
    return layer


def onnx_run(cell, x, state):
    """Run one ONNX node with the cell's weights, in the reference evaluator."""
    arrays = dict(zip("WRB", convert.to_onnx(cell), strict=True))
    arrays |= {"X": x.swapaxes(0, 1), "h": state[:1]}  # time first; the axis of directions
    inputs, outputs = ["X", "W", "R", "B", "", "h"], ["Y", "Y_h"]
    attributes = {"hidden_size": cell.hidden_size}
    if isinstance(cell, LSTM):
        arrays["c"] = state[1:]
        inputs, outputs = [*inputs, "c"], [*outputs, "Y_c"]
    if isinstance(cell, GRU):
        attributes["linear_before_reset"] = int(cell.reset_after)
    node = helper.make_node(type(cell).__name__, inputs, outputs, **attributes)
    double = partial(helper.make_tensor_value_info, elem_type=TensorProto.DOUBLE, shape=None)
    graph = helper.make_graph(
        [node], "cell", [double(k) for k in arrays], [double(k) for k in outputs]
    )
    y, *last = ReferenceEvaluator(helper.make_model(graph)).run(None, arrays)
    return [y[:, 0].swapaxes(0, 1), *(s[0] for s in last)]


# --- PyTorch


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
@few
@given(size=sizes)
def test_to_torch_and_back_is_exact(name, size):
    cell = make(name, *size)
    assert_equal_cells(convert.from_torch(convert.to_torch(cell)), cell)
    assert_equal_cells(convert.from_torch(torch_layer(cell)), cell)
    assert_equal_cells(convert.from_torch(torch_layer(cell).state_dict()), cell)


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
def test_torch_stack_layer_by_layer(name):
    stack = getattr(torch.nn, name.upper())(
        2, 3, num_layers=2, batch_first=True, dtype=torch.float64
    )
    x = torch.randn(4, 5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    cells = [convert.from_torch(stack, layer) for layer in range(2)]
    outputs = cells[1].forward(cells[0].forward(x.numpy())[0])[0]
    np.testing.assert_allclose(outputs, stack(x)[0].detach().numpy(), atol=1e-12)
    again = convert.to_torch(cells[0]) | convert.to_torch(cells[1], layer=1)
    for key, value in stack.state_dict().items():
        np.testing.assert_array_equal(again[key], value.numpy())


def test_dtype_follows_the_weights():
    assert convert.from_torch(torch.nn.GRU(2, 3)).dtype == np.float32
    assert (
        convert.from_keras(convert.to_keras(make("lstm", dtype=np.float32)), "lstm").dtype
        == np.float32
    )


# --- Keras


@every_cell
def test_keras_layer_computes_the_same(name):
    cell = make(name)
    x, state = draw(cell)
    layer = keras_layer(cell)
    layer.set_weights(convert.to_keras(cell))
    for value, theirs in zip(run(cell, x, state), layer(x, initial_state=list(state)), strict=True):
        np.testing.assert_allclose(value, theirs.numpy(), atol=1e-12)


@every_cell
def test_from_a_keras_layer_and_back_is_exact(name):
    cell = make(name)
    layer = keras_layer(cell, bias_initializer="random_normal")
    weights = layer.get_weights()
    ours = convert.from_keras(weights, kind(cell))
    for array, again in zip(weights, convert.to_keras(ours), strict=True):
        np.testing.assert_array_equal(array, again)
    x, state = draw(cell)
    for value, theirs in zip(run(ours, x, state), layer(x, initial_state=list(state)), strict=True):
        np.testing.assert_allclose(value, theirs.numpy(), atol=1e-12)


@every_cell
@few
@given(size=sizes)
def test_to_keras_and_back_keeps_all_but_the_split_of_two_biases(name, size):
    cell = make(name, *size)
    again = convert.from_keras(convert.to_keras(cell), kind(cell))
    if name != "gru":
        cell.bias_ih, cell.bias_hh = cell.bias_ih + cell.bias_hh, np.zeros_like(cell.bias_hh)
    assert_equal_cells(again, cell)


# --- ONNX


@every_cell
@few
@given(size=sizes)
def test_onnx_operator_computes_the_same(name, size):
    cell = make(name, *size)
    x, state = draw(cell)
    for value, theirs in zip(run(cell, x, state), onnx_run(cell, x, state), strict=True):
        np.testing.assert_allclose(value, theirs, atol=1e-12)


@every_cell
@few
@given(size=sizes)
def test_to_onnx_and_back_is_exact(name, size):
    cell = make(name, *size)
    reset = {"linear_before_reset": int(cell.reset_after)} if isinstance(cell, GRU) else {}
    assert_equal_cells(convert.from_onnx(*convert.to_onnx(cell), kind(cell), **reset), cell)


# --- layouts by hand, copies, errors


def test_gate_orders_by_hand():
    """One unit; the gates' weights are 1, 2, 3, 4 in our order."""
    lstm, gru = LSTM(1, 1), GRU(1, 1)
    for cell in lstm, gru:
        cell.weight_ih[:, 0] = cell.bias_ih[:] = range(1, 1 + cell.num_gates)
        cell.weight_hh[:, 0] = cell.bias_hh[:] = range(10, 10 * (1 + cell.num_gates), 10)
    assert [a.tolist() for a in convert.to_keras(lstm)] == [
        [[1, 2, 3, 4]],  # i, f, c, o
        [[10, 20, 30, 40]],
        [11, 22, 33, 44],
    ]
    assert [a.tolist() for a in convert.to_keras(gru)] == [
        [[2, 1, 3]],  # z, r, h
        [[20, 10, 30]],
        [[2, 1, 3], [20, 10, 30]],
    ]
    w, r, b = convert.to_onnx(lstm)
    assert w.ravel().tolist() == [1, 4, 2, 3]  # i, o, f, c
    assert r.ravel().tolist() == [10, 40, 20, 30]
    assert b.tolist() == [[1, 4, 2, 3, 10, 40, 20, 30]]
    assert convert.to_onnx(gru)[2].tolist() == [[2, 1, 3, 20, 10, 30]]


@every_cell
def test_weights_are_copies(name):
    cell = make(name)
    kept = {key: parameter.copy() for key, parameter in cell.parameters.items()}
    layouts = [convert.to_keras(cell), convert.to_onnx(cell)]
    if name != "gru-before":
        layouts.append(list(convert.to_torch(cell).values()))
        layer = torch_layer(cell)
        convert.from_torch(layer).weight_ih[...] = 0
        assert torch.all(layer.weight_ih_l0 != 0)
    for array in (array for layout in layouts for array in layout):
        array[...] = 0
    for key, parameter in cell.parameters.items():
        np.testing.assert_array_equal(parameter, kept[key])


def arrays(*shapes):
    return [np.ones(shape) for shape in shapes]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: convert.to_torch(GRU(1, 2, reset_after=False)),
            "cell: expected a GRU with reset_",
        ),
        (
            lambda: convert.from_torch(torch.nn.RNN(1, 2, nonlinearity="relu")),
            "source: expected tanh",
        ),
        (lambda: convert.from_torch(torch.nn.LSTM(1, 2, bidirectional=True)), "_l0_reverse"),
        (lambda: convert.from_torch(torch.nn.LSTM(1, 3, proj_size=2)), "weight_hr_l0"),
        (
            lambda: convert.from_torch(torch.nn.GRU(1, 2, bias=False)),
            "source: expected .* for layer 0",
        ),
        (lambda: convert.from_torch(torch.nn.GRU(1, 2), layer=1), r"for layer 1, got \[\]"),
        (
            lambda: convert.from_torch(
                dict(zip(convert.to_torch(RNN(1, 2)), arrays((4, 1), (4, 2), 4, 4), strict=True))
            ),
            "source: expected 1, 3 or 4 times H rows, got 2 times H",
        ),
        (
            lambda: convert.from_keras(arrays((1, 2), (2, 2), 2), "elman"),
            "kind: expected one of rnn",
        ),
        (lambda: convert.from_keras(arrays((1, 2), (2, 2)), "rnn"), "bias, got 2"),
        (lambda: convert.from_keras(arrays((1, 6), (2, 6), 6), "lstm"), "expected lstm parameters"),
        (
            lambda: convert.from_keras(arrays((1, 6), (2, 6), (3, 6)), "gru"),
            "expected gru parameters",
        ),
        (
            lambda: convert.from_onnx(*convert.to_onnx(GRU(1, 2)), "gru"),
            "linear_before_reset: expected 0 or 1, got None",
        ),
        (
            lambda: convert.from_onnx(*arrays((2, 2, 1), (2, 2, 2), (2, 4)), "rnn"),
            r"w, r, b: expected .* got \(2, 2, 1\), \(2, 2, 2\), \(2, 4\)",
        ),
        (lambda: convert.from_onnx(*arrays((1, 2, 1), (1, 2, 2), (1, 3)), "rnn"), "rnn parameters"),
    ],
)
def test_errors_say_what_was_expected(call, message):
    with pytest.raises(ValueError, match=message):
        call()
