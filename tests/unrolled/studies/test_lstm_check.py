import numpy as np
import pytest
import tensorflow as tf
from unrolled.keras_models import LSTM_step
from unrolled.studies.lstm_check import WRONG_STEPS, assignment_check, check_lstm_step

CAUGHT_BY_THE_ASSIGNMENT = {
    "h and c are swapped in what is returned",
    "h and c are swapped in the states that come in",
    "the states are kept in the order c, h",
    "the candidate goes through σ instead of tanh",
    "the output lacks its tanh (h = o ⊙ c)",
    "the output is made from the old c",
}


def test_the_right_step_passes_both():
    assert assignment_check(LSTM_step)
    assert check_lstm_step(LSTM_step) == []


def test_keras_own_arithmetic_passes_too():
    def fused(x, states, kernel, recurrent_kernel, bias):
        w = tf.concat([kernel, recurrent_kernel, bias[None]], axis=0)
        z = tf.concat([x, states[0], tf.ones_like(x[:, :1])], axis=1) @ w
        i, f, g, o = (z[:, k : k + 5] for k in (0, 5, 10, 15))
        c = tf.math.sigmoid(f) * states[1] + tf.math.sigmoid(i) * tf.math.tanh(g)
        h = tf.math.sigmoid(o) * tf.math.tanh(c)
        return [h, (h, c)]

    assert check_lstm_step(fused) == []


@pytest.mark.parametrize("slip", WRONG_STEPS)
def test_every_wrong_cell_is_named(slip):
    (hint,) = check_lstm_step(WRONG_STEPS[slip])
    assert hint.endswith(f": {slip}.")


@pytest.mark.parametrize("slip", WRONG_STEPS)
def test_what_the_assignment_notices(slip):
    assert assignment_check(WRONG_STEPS[slip]) is (slip not in CAUGHT_BY_THE_ASSIGNMENT)


def test_all_the_other_gate_orders_are_there():
    assert sum("read in the order" in slip for slip in WRONG_STEPS) == 23


def test_a_wrong_cell_without_a_name_is_refused():
    def forgetful(x, states, *weights):
        return LSTM_step(x, [0.9 * states[0], states[1]], *weights)

    (hint,) = check_lstm_step(forgetful)
    assert "no single slip known here" in hint


def test_a_cell_that_is_wrong_in_its_second_step_only():
    def forgets_to_pass_on(x, states, *weights):
        h, (_, c) = LSTM_step(x, states, *weights)
        return h, [states[0], c]

    assert "handed on" in check_lstm_step(forgets_to_pass_on)[0]


def test_a_cut_gradient_is_found():
    def cut(x, states, *weights):
        return LSTM_step(x, [tf.stop_gradient(states[0]), states[1]], *weights)

    (hint,) = check_lstm_step(cut)
    assert "gradients are not" in hint


def to_numpy(*arguments):
    h, (_, c) = LSTM_step(*arguments)
    return h.numpy(), [h.numpy(), c.numpy()]


def transposed(*arguments):
    h, (_, c) = LSTM_step(*arguments)
    return tf.transpose(h), [tf.transpose(h), tf.transpose(c)]


@pytest.mark.parametrize(
    ("step", "word"),
    [
        (lambda *_: None, "Not attempted"),
        (lambda *_: ..., "Not attempted"),
        (lambda *arguments: LSTM_step(*arguments)[0], "Return the pair"),
        (to_numpy, "TensorFlow tensors"),
        (transposed, "shape"),
        (lambda x, states, kernel, *_: x @ states[0], "stops with InvalidArgumentError"),
    ],
)
def test_form_is_checked_before_numbers(step, word):
    (hint,) = check_lstm_step(step)
    assert word in hint


def test_the_assignments_numbers():
    # σ(z) and tanh(z) at z = 0.1 + 64·0.02 = 1.38; c = σ·tanh, h = σ·tanh(c)
    sigma = 1 / (1 + np.exp(-1.38))
    c = sigma * np.tanh(1.38)
    assert (sigma * np.tanh(c), c) == pytest.approx((0.48484358, 0.70387213), abs=1e-7)
