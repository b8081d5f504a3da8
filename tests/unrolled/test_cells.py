import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import torch  # before tensorflow, which keras imports

# isort: split
import keras
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st
from unrolled import convert
from unrolled.cells import GRU, LSTM, RNN, Cell, LSTMState, sigmoid
from unrolled.gradcheck import check_gradients

MAKERS = {"rnn": RNN, "lstm": LSTM, "gru": GRU, "gru-before": partial(GRU, reset_after=False)}
TOLERANCE = {np.float64: 1e-10, np.float32: 1e-5}
every_cell = pytest.mark.parametrize("name", MAKERS)
shapes = st.tuples(*(st.integers(1, n) for n in (3, 5, 3, 4)))  # N, T, D, H
few = partial(settings, derandomize=True, deadline=None, database=None)


def tensors(cell, n, t, *, seed=0):
    """Draw x, a first state, and the weights a loss gives to outputs and last state: none zero."""
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return rng.normal(size=shape).astype(cell.dtype)

    def state():
        h = draw(n, cell.hidden_size)
        return LSTMState(h, draw(*h.shape)) if isinstance(cell, LSTM) else h

    return draw(n, t, cell.input_size), state(), draw(n, t, cell.hidden_size), state()


def parts(state):
    """List the arrays of a state: h, or h and c."""
    return list(state) if isinstance(state, (tuple, list)) else [state]


def loss(outputs, state, d_outputs, d_state):
    """Weigh every output and the last state, so that these weights are the loss's gradients."""
    pairs = [(outputs, d_outputs), *zip(parts(state), parts(d_state), strict=True)]
    return sum((value * weight).sum() for value, weight in pairs)


def ours(cell, x, state, d_outputs, d_state):
    """List outputs, last state, d_x, the first state's gradient; and the parameters' gradients."""
    outputs, last, cache = cell.forward(x, state)
    d_x, grads = cell.backward(d_outputs, cache, d_state)
    return [outputs, *parts(last), d_x, *parts(grads.pop("state"))], grads


def pytorch(cell, x, state, d_outputs, d_state):
    """Return what `ours` does, computed by torch.nn with the cell's weights."""
    weights = {name: torch.tensor(array) for name, array in convert.to_torch(cell).items()}
    layer = getattr(torch.nn, type(cell).__name__)(
        cell.input_size, cell.hidden_size, batch_first=True, dtype=weights["bias_ih_l0"].dtype
    )
    layer.load_state_dict(weights)
    x = torch.tensor(x, requires_grad=True)
    first = [torch.tensor(s[None], requires_grad=True) for s in parts(state)]  # (1, N, H)
    outputs, last = layer(x, tuple(first) if len(first) > 1 else first[0])
    last = [s[0] for s in parts(last)]
    loss(
        outputs, last, torch.tensor(d_outputs), [torch.tensor(d) for d in parts(d_state)]
    ).backward()
    values = [outputs, *last, x.grad, *(s.grad[0] for s in first)]
    grads = {name.removesuffix("_l0"): p.grad.numpy() for name, p in layer.named_parameters()}
    return [value.detach().numpy() for value in values], grads


def in_keras(cell, x, state, d_outputs, d_state):
    """Return what `ours` does, computed by keras.layers with the cell's weights."""
    kind = type(cell).__name__.lower()
    make = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[kind]
    options = {"reset_after": cell.reset_after} if kind == "gru" else {}
    options |= {"return_sequences": True, "return_state": True, "dtype": cell.dtype.name}
    layer = make(cell.hidden_size, **options)
    layer.build(x.shape)
    layer.set_weights(convert.to_keras(cell))
    x, first = tf.constant(x), [tf.constant(s) for s in parts(state)]
    with tf.GradientTape() as tape:
        tape.watch([x, *first])
        outputs, *last = layer(x, initial_state=first)
        pairs = zip([outputs, *last], [d_outputs, *parts(d_state)], strict=True)
        total = tf.add_n([tf.reduce_sum(value * weight) for value, weight in pairs])
    d_x, d_first, d_weights = tape.gradient(total, [x, first, layer.trainable_weights])
    grads = convert.from_keras([d.numpy() for d in d_weights], kind)
    return [value.numpy() for value in [outputs, *last, d_x, *d_first]], grads.parameters


def assert_same(cell, reference, n, t, *, but=()):
    """Compare all that forward and backward give with a reference implementation."""
    arrays = tensors(cell, n, t, seed=n + t)
    (values, grads), (their_values, their_grads) = ours(cell, *arrays), reference(cell, *arrays)
    tolerance = TOLERANCE[cell.dtype.type]
    close = partial(np.testing.assert_allclose, rtol=tolerance, atol=tolerance)
    for value, theirs in zip(values, their_values, strict=True):
        assert value.dtype == cell.dtype
        close(value, theirs)
    assert grads.keys() == their_grads.keys()
    for name in grads.keys() - set(but):
        assert grads[name].dtype == cell.dtype
        close(grads[name], their_grads[name], err_msg=name)


# --- the contract


@every_cell
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_shapes_names_and_dtypes(name, dtype):
    cell = MAKERS[name](2, 3, rng=np.random.default_rng(0), dtype=dtype)
    rows = {"rnn": 3, "lstm": 12}.get(name, 9)
    assert {key: p.shape for key, p in cell.parameters.items()} == {
        "weight_ih": (rows, 2),
        "weight_hh": (rows, 3),
        "bias_ih": (rows,),
        "bias_hh": (rows,),
    }
    x, state, d_outputs, _ = tensors(cell, 4, 5)
    outputs, last, cache = cell.forward(x.tolist())
    d_x, grads = cell.backward(d_outputs.astype(np.float64), cache)
    assert outputs.shape == (4, 5, 3)
    assert d_x.shape == x.shape
    assert type(last) is type(grads["state"]) is type(state)
    assert [s.shape for s in parts(last) + parts(grads["state"])] == 2 * len(parts(state)) * [
        (4, 3)
    ]
    gates = {"rnn": "h", "lstm": "ifgohc"}.get(name, "rznh")
    assert {cache[gate].shape for gate in gates} == {(4, 5, 3)}
    arrays = [*cell.parameters.values(), outputs, *parts(last), d_x, *cache.values()]
    arrays += [grads[key] for key in cell.parameters] + parts(grads["state"])
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}
    for key, parameter in cell.parameters.items():
        assert grads[key].shape == parameter.shape


@every_cell
def test_the_last_output_is_the_state_and_zeros_are_the_first_one(name):
    cell = MAKERS[name](2, 3, rng=np.random.default_rng(0))
    x, state, *_ = tensors(cell, 4, 5)
    outputs, last, _ = cell.forward(x)
    np.testing.assert_array_equal(outputs[:, -1], parts(last)[0])
    zeros = LSTMState(*np.zeros((2, 4, 3))) if name == "lstm" else np.zeros((4, 3))
    np.testing.assert_array_equal(outputs, cell.forward(x, zeros)[0])
    assert not np.allclose(outputs, cell.forward(x, state)[0])


@every_cell
def test_a_sequence_may_be_cut_in_two(name):
    cell = MAKERS[name](2, 3, rng=np.random.default_rng(0))
    x, state, d_outputs, d_state = tensors(cell, 4, 5)
    outputs, last, cache = cell.forward(x, state)
    d_x, grads = cell.backward(d_outputs, cache, d_state)

    head, middle, cache_head = cell.forward(x[:, :2], state)
    tail, end, cache_tail = cell.forward(x[:, 2:], middle)
    d_tail, grads_tail = cell.backward(d_outputs[:, 2:], cache_tail, d_state)
    d_head, grads_head = cell.backward(d_outputs[:, :2], cache_head, grads_tail["state"])

    np.testing.assert_allclose(np.concatenate([head, tail], axis=1), outputs)
    np.testing.assert_allclose(end, last)
    np.testing.assert_allclose(np.concatenate([d_head, d_tail], axis=1), d_x)
    np.testing.assert_allclose(grads_head["state"], grads["state"])
    for key in cell.parameters:
        np.testing.assert_allclose(grads_head[key] + grads_tail[key], grads[key])


@every_cell
def test_the_past_does_not_see_the_future(name):
    cell = MAKERS[name](2, 3, rng=np.random.default_rng(0))
    x, state, *_ = tensors(cell, 4, 6)
    outputs = cell.forward(x, state)[0]
    for t in range(6):
        moved = x.copy()
        moved[:, t] += 1
        difference = np.abs(cell.forward(moved, state)[0] - outputs).max(axis=(0, 2))
        assert np.all(difference[:t] == 0)
        assert np.all(difference[t:] > 1e-6)  # memory: every later output moves


@every_cell
def test_sequences_of_a_batch_do_not_meet(name):
    cell = MAKERS[name](2, 3, rng=np.random.default_rng(0))
    x, state, d_outputs, d_state = tensors(cell, 4, 5)
    outputs, _, cache = cell.forward(x, state)
    d_outputs[[0, 1, 3]] = 0  # a loss of sequence 2 alone
    for d in parts(d_state):
        d[[0, 1, 3]] = 0
    d_x, _ = cell.backward(d_outputs, cache, d_state)
    assert np.all(d_x[[0, 1, 3]] == 0)
    assert np.all(d_x[2] != 0)
    alone = cell.forward(
        x[2:3], LSTMState(*(s[2:3] for s in state)) if name == "lstm" else state[2:3]
    )
    np.testing.assert_allclose(alone[0][0], outputs[2], atol=1e-14)


@every_cell
def test_backward_leaves_everything_as_it_was(name):
    cell = MAKERS[name](2, 3, rng=np.random.default_rng(0))
    arrays = tensors(cell, 4, 5)
    _, _, cache = cell.forward(*arrays[:2])
    kept = {key: array.copy() for key, array in cache.items()}
    first, second = (cell.backward(arrays[2], cache, arrays[3]) for _ in range(2))
    for key, array in cache.items():
        np.testing.assert_array_equal(array, kept[key])
    for key in cell.parameters:
        np.testing.assert_array_equal(first[1][key], second[1][key])
    for array, again in zip(arrays, tensors(cell, 4, 5), strict=True):
        np.testing.assert_array_equal(array, again)


@every_cell
def test_outputs_state_and_cache_are_read_only(name):
    outputs, state, cache = MAKERS[name](2, 3).forward(np.ones((4, 5, 2)))
    for array in [outputs, *parts(state), *cache.values()]:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@every_cell
def test_parameters_are_live(name):
    cell = MAKERS[name](2, 3, rng=np.random.default_rng(0))
    x, state, d_outputs, d_state = tensors(cell, 4, 5)
    outputs, last, cache = cell.forward(x, state)
    _, grads = cell.backward(d_outputs, cache, d_state)
    for key, parameter in cell.parameters.items():
        parameter -= 1e-3 * grads[key]
    assert loss(*cell.forward(x, state)[:2], d_outputs, d_state) < loss(
        outputs, last, d_outputs, d_state
    )


@every_cell
def test_initialised_as_in_pytorch(name):
    cell = MAKERS[name](40, 25, rng=np.random.default_rng(0))
    same = MAKERS[name](40, 25, rng=np.random.default_rng(0))
    for key, parameter in cell.parameters.items():
        np.testing.assert_array_equal(parameter, same.parameters[key])
        assert np.abs(parameter).max() <= 1 / 5  # 1/√H
        assert parameter.std() == pytest.approx(1 / 5 / np.sqrt(3), rel=0.25)
        assert not np.array_equal(parameter, MAKERS[name](40, 25).parameters[key])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: RNN(0, 3), "input_size, hidden_size: expected at least 1, got 0 and 3"),
        (lambda: RNN(1, 3, dtype=np.int64), "dtype: expected float32 or float64, got int64"),
        (
            lambda: RNN(1, 3).forward(np.ones((4, 5))),
            r"x: expected shape \(N, T, 1\), got \(4, 5\)",
        ),
        (lambda: GRU(1, 3).forward(np.ones((4, 5, 2))), r"x: expected shape \(N, T, 1\)"),
        (lambda: GRU(1, 3).forward(np.ones((4, 0, 1))), r"got \(4, 0, 1\)"),
        (
            lambda: GRU(1, 3).forward(np.ones((4, 5, 1)), np.ones((1, 4, 3))),
            r"state: expected shape \(4, 3\), got \(1, 4, 3\)",
        ),
        (
            lambda: LSTM(1, 3).forward(np.ones((2, 5, 1)), (np.ones((2, 3)), np.ones((2, 2)))),
            r"state.c: expected shape \(2, 3\), got \(2, 2\)",
        ),
        (
            lambda: LSTM(1, 3).forward(np.ones((4, 5, 1)), np.ones((4, 3))),
            r"state: expected a pair \(h, c\), got 4 items",
        ),
        (
            lambda: RNN(1, 3).backward(
                np.ones((3, 5, 3)), RNN(1, 3).forward(np.ones((4, 5, 1)))[2]
            ),
            r"d_outputs: expected shape \(4, 5, 3\), got \(3, 5, 3\)",
        ),
    ],
)
def test_errors_say_what_was_expected(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_importing_cells_loads_no_framework():
    code = (
        "import sys, unrolled.cells, unrolled.convert, unrolled.gradcheck;"
        "print({'torch', 'tensorflow', 'keras', 'onnx', 'sympy'} & set(sys.modules))"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert printed.stdout.strip() == b"set()"


# --- numbers by hand


def constant(cell, **values):
    """Set parameters from plain numbers."""
    for name, parameter in cell.parameters.items():
        parameter[...] = np.reshape(values.get(name, 0), (-1, 1) if parameter.ndim == 2 else -1)
    return cell


def test_sigmoid_by_hand_and_in_its_tails():
    np.testing.assert_allclose(sigmoid(np.log([1 / 3, 1, 3])), [0.25, 0.5, 0.75], rtol=1e-15)
    np.testing.assert_allclose(
        sigmoid(np.array([-80.0, -40.0])), np.exp([-80.0, -40.0]), rtol=1e-15
    )
    for dtype in TOLERANCE:
        squashed = sigmoid(np.array([-1e4, -100, 100, 1e4], dtype))
        assert squashed.dtype == dtype
        np.testing.assert_allclose(squashed, [0, 0, 1, 1], rtol=0, atol=1e-37)


def test_rnn_by_hand():
    """A3.1 with tanh: the biases add up inside it, whichever of the two holds what."""
    cell = constant(RNN(1, 1), weight_ih=0.5, weight_hh=-1, bias_ih=-0.75, bias_hh=-0.25)
    outputs, state, _ = cell.forward(np.reshape([9, 4, -2], (1, 3, 1)))
    # tanh(4.5 - 1), tanh(2 - 0.99817790 - 1), tanh(-1 - 0.00182210 - 1)
    np.testing.assert_allclose(outputs[0, :, 0], [0.99817790, 0.00182210, -0.96415608], atol=1e-8)
    assert state == outputs[0, -1, 0]


def test_lstm_by_hand():
    """With σ(ln 3) = 3/4, σ(-ln 3) = 1/4 and tanh(ln 3 / 2) = 1/2 the gates are fractions."""
    ln3 = np.log(3)
    cell = constant(LSTM(1, 1), bias_ih=[0, -ln3, ln3 / 2, 0], bias_hh=[ln3, 0, 0, -ln3])
    outputs, (h, c), cache = cell.forward([[[5.0]]], ([[7.0]], [[2.0]]))
    assert [cache[gate].item() for gate in "ifgo"] == pytest.approx([0.75, 0.25, 0.5, 0.25])
    assert c.item() == pytest.approx(0.25 * 2 + 0.75 * 0.5)
    assert h.item() == outputs.item() == pytest.approx(0.25 * np.tanh(0.875))


def test_lstm_with_constant_weights():
    """A1.4's check: 64 units, kernels 0.1, h = 0.2, c = 0."""
    cell = constant(LSTM(1, 64), weight_ih=0.1, weight_hh=0.1)
    _, (h, c), _ = cell.forward(np.ones((1, 1, 1)), (np.full((1, 64), 0.2), np.zeros((1, 64))))
    np.testing.assert_allclose(h, np.full((1, 64), 0.48484358), atol=1e-8)
    np.testing.assert_allclose(c, np.full((1, 64), 0.70387213), atol=1e-8)


@pytest.mark.parametrize(
    ("reset_after", "candidate"), [(True, 0.25 * (2 + 1)), (False, 0.25 * 2 + 1)]
)
def test_gru_by_hand(reset_after, candidate):
    """With r = 1/4, z = 3/4, W_hn = b_hn = 1 and h = 2 the two forms differ: 3/4 or 3/2."""
    ln3, cell = np.log(3), GRU(1, 1, reset_after=reset_after)
    constant(cell, weight_hh=[0, 0, 1], bias_ih=[-ln3, 0, 0], bias_hh=[0, ln3, 1])
    _, h, cache = cell.forward([[[5.0]]], [[2.0]])
    assert cache["n"].item() == pytest.approx(np.tanh(candidate))
    assert h.item() == pytest.approx(0.25 * np.tanh(candidate) + 0.75 * 2)


# --- against differences and the frameworks


@every_cell
@few(max_examples=8)
@given(shape=shapes)
@example(shape=(1, 1, 1, 1))
@example(shape=(3, 5, 3, 4))
def test_backward_agrees_with_central_differences(name, shape):
    n, t, *sizes = shape
    cell = MAKERS[name](*sizes, rng=np.random.default_rng(sum(shape)))
    x, state, d_outputs, d_state = tensors(cell, n, t)
    _, _, cache = cell.forward(x, state)
    d_x, grads = cell.backward(d_outputs, cache, d_state)
    names = ["h", "c"][: len(parts(state))]
    check_gradients(
        lambda: loss(*cell.forward(x, state)[:2], d_outputs, d_state),
        cell.parameters | {"x": x} | dict(zip(names, parts(state), strict=True)),
        grads | {"x": d_x} | dict(zip(names, parts(grads["state"]), strict=True)),
        tolerance=1e-8,
    )


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
@few(max_examples=10)
@given(shape=shapes)
@example(shape=(1, 1, 1, 1))
@example(shape=(3, 5, 3, 4))
def test_equal_to_pytorch(name, dtype, shape):
    n, t, *sizes = shape
    cell = MAKERS[name](*sizes, rng=np.random.default_rng(sum(shape)), dtype=dtype)
    assert_same(cell, pytorch, n, t)


@pytest.mark.parametrize("dtype", TOLERANCE)
@every_cell
@few(max_examples=2)
@given(shape=shapes)
@example(shape=(1, 1, 1, 1))
@example(shape=(3, 5, 3, 4))
def test_equal_to_keras(name, dtype, shape):
    n, t, *sizes = shape
    cell = MAKERS[name](*sizes, rng=np.random.default_rng(sum(shape)), dtype=dtype)
    assert_same(cell, in_keras, n, t, but=() if name == "gru" else ("bias_hh",))


@every_cell
def test_saturated_gates_neither_warn_nor_give_nan(name):
    """Warnings are errors here; e^1000 would be one."""
    cell = MAKERS[name](1, 2, rng=np.random.default_rng(0), dtype=np.float32)
    x = np.array([1e4, -1e4, 1e4]).reshape(1, 3, 1)
    outputs, _, cache = cell.forward(x)
    d_x, grads = cell.backward(np.ones_like(outputs), cache)
    assert all(np.isfinite(a).all() for a in [outputs, d_x, *(grads[k] for k in cell.parameters)])


def test_the_contract_itself_is_no_cell():
    with pytest.raises(TypeError, match="abstract"):
        Cell(2, 3)
