import inspect
import textwrap
from functools import partial

import numpy as np
import pytest
from unrolled import cells
from unrolled.cells import GRU, LSTM, RNN, LSTMState
from unrolled.gradcheck import (
    GradientError,
    check_gradients,
    check_projection,
    numerical_gradient,
)

before = partial(GRU, reset_after=False)
MUTANTS = {  # name: (cell, what backward says, what a broken one says)
    "rnn: no step reads h_t": (RNN, "dh += dout[t]", "dh = dout[t]"),
    "rnn: the loss reads the last h alone": (RNN, "dh += dout[t]", "dh = dh"),
    "rnn: no tanh′": (RNN, " * (1 - h[t] ** 2)", ""),
    "rnn: tanh′ is 1 / (1 - h²)": (RNN, " * (1 - h[t] ** 2)", " / (1 - h[t] ** 2)"),
    "rnn: W instead of its transpose": (RNN, "self.weight_hh.T @ da", "self.weight_hh @ da"),
    "rnn: forwards in time": (RNN, "reversed(range(len(h)))", "range(len(h))"),
    "rnn: the last state forgotten": (RNN, '"d_state", d_state', '"d_state", None'),
    "lstm: c is not passed on": (LSTM, "dc = dc * f[t]", "dc = 0 * dc"),
    "lstm: no forget gate on the way back": (LSTM, "dc = dc * f[t]", "dc = dc"),
    "lstm: c for c_prev": (LSTM, "dc * c_prev[t] * f[t]", "dc * c[t] * f[t]"),
    "lstm: tanh′(c) forgotten": (LSTM, " * (1 - tanh_c**2)", ""),
    "lstm: dc starts each step anew": (LSTM, "dc = dc + dh * o[t]", "dc = dh * o[t]"),
    "lstm: σ′ for tanh′ in g": (LSTM, "(1 - g[t] ** 2)", "g[t] * (1 - g[t])"),
    "gru: no way around the candidate": (GRU, "dh * z[t] + dh_n", "dh_n"),
    "gru: z for 1 - z": (GRU, "dh * (1 - z[t]) * (1 - n", "dh * z[t] * (1 - n"),
    "gru: the sign of dz": (GRU, "(h_prev[t] - n[t])", "(n[t] - h_prev[t])"),
    "gru: r forgotten after": (GRU, "dq[t] = da_n[t] * r[t]", "dq[t] = da_n[t]"),
    "gru: bias_hh as bias_ih": (GRU, 'grads["bias_hh"][-size:] = dq', "dq"),
    "gru: r forgotten before": (
        before,
        "dq[t] * h_prev[t], dq[t] * r[t]",
        "dq[t] * h_prev[t], dq[t]",
    ),
    "gru: W_hn reads h": (before, "_sum_of_products(da_n, q)", "_sum_of_products(da_n, h_prev)"),
}


def projection(*arguments):
    return check_projection(*arguments, rng=np.random.default_rng(0))


def broken(cell, right, wrong):
    """Give a cell the backward pass of its class with one piece of source exchanged."""
    source = textwrap.dedent(inspect.getsource(type(cell).backward))
    assert source.count(right) == 1, f"{right!r} is not in backward just once"
    namespace = dict(vars(cells))
    exec(source.replace(right, wrong), namespace)
    return namespace["backward"].__get__(cell)


def situation(cell, *, steps=4, zero_state=False):
    """Return loss, parameters and a function from backward to gradients: everything weighed."""
    rng = np.random.default_rng(0)
    x, (h, c, dh, dc) = rng.normal(size=(3, steps, 2)), rng.normal(size=(4, 3, 3))
    d_outputs = rng.normal(size=(3, steps, 3))
    if zero_state:
        h[:], c[:] = 0, 0
    is_lstm = isinstance(cell, LSTM)
    state, d_state = (LSTMState(h, c), LSTMState(dh, dc)) if is_lstm else (h, dh)
    parameters = cell.parameters | {"x": x, "h": h} | ({"c": c} if is_lstm else {})

    def loss():
        outputs, last, _ = cell.forward(x, state)
        return np.sum(outputs * d_outputs) + np.sum(np.multiply(last, d_state))

    def gradients(backward):
        d_x, grads = backward(d_outputs, cell.forward(x, state)[2], d_state)
        first = grads["state"]._asdict() if is_lstm else {"h": grads["state"]}
        return grads | {"x": d_x} | first

    return loss, parameters, gradients


# --- the differences


def test_numerical_gradient_by_hand():
    """∂/∂w of Σ w³ is 3w²; central differences are off by exactly ε²."""
    w = np.array([[1.0, -2.0, 0.5]])
    numerical = numerical_gradient(lambda w: np.sum(w**3), w, eps=1e-3)
    np.testing.assert_allclose(numerical, 3 * w**2 + 1e-6, rtol=0, atol=1e-11)


def test_numerical_gradient_puts_everything_back():
    w = np.random.default_rng(0).normal(size=(3, 2))
    kept = w.copy()
    numerical_gradient(lambda _: np.sum(np.sin(w)), w)
    np.testing.assert_array_equal(w, kept)


def test_numerical_gradient_moves_views_and_scalars():
    base = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(numerical_gradient(lambda _: np.sum(base**2), base.T), 2 * base.T)
    scalar = np.array(3.0)
    assert numerical_gradient(lambda s: float(s) ** 2, scalar) == pytest.approx(6)


def test_integers_are_refused():
    with pytest.raises(ValueError, match="array: expected an array of floats, got int64"):
        numerical_gradient(np.sum, np.arange(3, dtype=np.int64))


# --- the check


@pytest.mark.parametrize("check", [check_gradients, projection])
@pytest.mark.parametrize("make", [RNN, LSTM, GRU, before])
def test_right_gradients_pass_and_nothing_moves(check, make):
    cell = make(2, 3, rng=np.random.default_rng(1))
    loss, parameters, gradients = situation(cell)
    kept = {name: array.copy() for name, array in parameters.items()}
    errors = check(loss, parameters, gradients(cell.backward))
    assert errors.keys() == parameters.keys()
    assert 0 < max(errors.values()) < 1e-8
    for name, array in parameters.items():
        np.testing.assert_array_equal(array, kept[name])


@pytest.mark.parametrize("check", [check_gradients, projection])
@pytest.mark.parametrize("mutant", MUTANTS)
def test_broken_backwards_are_rejected(check, mutant):
    make, right, wrong = MUTANTS[mutant]
    cell = make(2, 3, rng=np.random.default_rng(1))
    loss, parameters, gradients = situation(cell)
    with pytest.raises(GradientError):
        check(loss, parameters, gradients(broken(cell, right, wrong)))


@pytest.mark.parametrize(
    ("mutant", "poor"),
    [
        ("rnn: forwards in time", {"steps": 1}),
        ("lstm: c is not passed on", {"steps": 1, "zero_state": True}),
        ("gru: W_hn reads h", {"steps": 1, "zero_state": True}),
    ],
)
def test_a_poor_situation_lets_a_broken_backward_pass(mutant, poor):
    """The module's warning is true: a single step from zeros hides these slips in the weights."""
    make, right, wrong = MUTANTS[mutant]
    cell = make(2, 3, rng=np.random.default_rng(1))
    loss, _, gradients = situation(cell, **poor)
    check_gradients(loss, cell.parameters, gradients(broken(cell, right, wrong)))


def test_failure_shows_both_numbers_and_where():
    w = np.array([[1.0, 2.0], [3.0, 4.0]])
    wrong = 2 * w + [[0, 0], [0.25, 0]]
    message = r"w\[1, 0\]: claimed 6.25, central differences say 6 \(error 0.04 > 1e-07\)"
    with pytest.raises(GradientError, match=message):
        check_gradients(lambda: np.sum(w**2), {"w": w}, {"w": wrong})
    with pytest.raises(GradientError, match=r"w along v: claimed .*, central differences say "):
        check_projection(lambda: np.sum(w**2), {"w": w}, {"w": wrong}, rng=np.random.default_rng(0))


def test_nan_fails():
    w = np.ones(2)
    with pytest.raises(GradientError, match="nan"):
        check_gradients(lambda: np.sum(w), {"w": w}, {"w": np.array([1, np.nan])})


@pytest.mark.parametrize(
    ("gradients", "message"),
    [
        ({}, "gradients: expected one for w, got \\[\\]"),
        ({"w": np.ones(3)}, r"gradients: expected shape \(2,\) for w, got \(3,\)"),
        ({"w": np.zeros(2)}, "gradients: expected one that is not zero, got only zeros"),
    ],
)
def test_errors_say_what_was_expected(gradients, message):
    with pytest.raises(ValueError, match=message):
        check_gradients(lambda: 0.0, {"w": np.ones(2)}, gradients)
