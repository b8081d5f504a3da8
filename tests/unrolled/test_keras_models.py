import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from unrolled.keras_models import CELLS, LSTM_step, OwnLSTMCell, fit, row_reader, sequence_tagger

TOLERANCE = {"rtol": 0, "atol": 1e-5}


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def weights(inputs, units, *, seed=0):
    """Random weights of an LSTM in Keras's layout, none of them zero."""
    shapes = (inputs, 4 * units), (units, 4 * units), (4 * units,)
    return [draw(*shape, seed=seed + k) for k, shape in enumerate(shapes)]


def strings(n=200, seed=0):
    x = np.random.default_rng(seed).integers(0, 2, (n, 8, 1)).astype(np.float32)
    return x, (np.cumsum(x, axis=1) % 2 == 0).astype(np.float32)


# --- the step


def test_step_by_hand_with_one_unit():
    # i, f, g, o take pre-activations 1, 2, 3, 4; c = σ(2)·0.5 + σ(1)·tanh 3, h = σ(4)·tanh c
    kernel, bias = [[0.5, 1.0, 1.5, 2.0]], [0.0, 0.5, 1.0, 1.5]
    states = [tf.constant([[1.0]]), tf.constant([[0.5]])]
    h, (h_state, c) = LSTM_step(tf.ones([1, 1]), states, kernel, [[0.5] * 4], bias)
    assert c.numpy() == pytest.approx(0.880797 * 0.5 + 0.7310586 * 0.9950548, abs=1e-6)
    assert h.numpy() == pytest.approx(0.9820138 * np.tanh(1.1678427), abs=1e-6)
    assert h_state is h


def test_step_returns_tensors_even_for_arrays():
    states = [draw(3, 4), draw(3, 4, seed=1)]
    answer = LSTM_step(draw(3, 2), states, *weights(2, 4))
    assert all(isinstance(part, tf.Tensor) for part in tf.nest.flatten(answer))


def test_step_in_float64_keeps_float64():
    states = [draw(3, 4).astype(float), draw(3, 4, seed=1).astype(float)]
    h, _ = LSTM_step(draw(3, 2).astype(float), states, *(w.astype(float) for w in weights(2, 4)))
    assert h.dtype == tf.float64


def test_step_equals_the_keras_cell_over_two_steps():
    cell = keras.layers.LSTMCell(4)
    cell.build((3, 2))
    cell.set_weights(weights(2, 4))
    ours = theirs = [tf.constant(draw(3, 4)), tf.constant(draw(3, 4, seed=1))]
    for t in range(2):
        x_t = draw(3, 2, seed=t)
        h, ours = LSTM_step(x_t, ours, *weights(2, 4))
        h_keras, theirs = cell(x_t, theirs)
        np.testing.assert_allclose(h, h_keras, **TOLERANCE)
        np.testing.assert_allclose(ours, theirs, **TOLERANCE)


# --- the cell


@pytest.mark.parametrize("shape", [(3, 5, 2), (1, 5, 2), (3, 1, 2)])
def test_own_cell_equals_the_keras_layer(shape):
    ours = keras.layers.RNN(OwnLSTMCell(4), return_sequences=True, return_state=True)
    theirs = keras.layers.LSTM(4, return_sequences=True, return_state=True)
    x, start = draw(*shape), [draw(shape[0], 4), draw(shape[0], 4, seed=1)]
    for layer in (ours, theirs):
        layer.build(shape)
        layer.set_weights(weights(2, 4))
    for a, b in zip(ours(x, start), theirs(x, start), strict=True):
        np.testing.assert_allclose(a, b, **TOLERANCE)


def test_own_cell_starts_as_keras_does():
    cell = OwnLSTMCell(64, seed=1)
    cell.build((None, 8))
    kernel, recurrent, bias = (np.asarray(w) for w in cell.weights)
    limit = np.sqrt(6 / (8 + 256))
    assert 0.98 * limit < np.abs(kernel).max() <= limit
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(64), **TOLERANCE)
    np.testing.assert_array_equal(bias, np.repeat([0.0, 1.0, 0.0, 0.0], 64))


def test_own_cell_is_rebuilt_from_its_configuration():
    model = sequence_tagger("own-lstm", 4, seed=2)
    again = keras.Sequential.from_config(model.get_config())
    np.testing.assert_array_equal(again(draw(2, 3, 1)), model(draw(2, 3, 1)))


# --- the networks


@pytest.mark.parametrize("cell", CELLS)
def test_tagger_answers_at_every_step_of_any_length(cell):
    model = sequence_tagger(cell, 4, input_size=2, output_size=3)
    for shape in ((2, 5, 2), (1, 1, 2)):
        y = np.asarray(model(draw(*shape)))
        assert y.shape == (*shape[:2], 3)
        assert (y > 0).all()
        assert (y < 1).all()


@pytest.mark.parametrize("cell", CELLS)
def test_tagger_is_causal_and_keeps_strings_apart(cell):
    model = sequence_tagger(cell, 4, activation=None)
    x = draw(3, 6, 1)
    touched = x.copy()
    touched[1, 2] += 1
    moved = np.abs(np.asarray(model(touched)) - np.asarray(model(x)))[..., 0] > 1e-6
    assert not moved[[0, 2]].any()
    assert not moved[1, :2].any()
    assert moved[1, 2:].all()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("num_layers", [1, 3])
def test_row_reader_keeps_images_apart_and_reads_every_row(cell, num_layers):
    model = row_reader(cell, 8, num_layers, seed=1)
    x = draw(2, 28, 28)
    logits = np.asarray(model(x))
    assert logits.shape == (2, 10)
    for row in (26, 27):  # further back a fresh network's response drowns in rounding
        touched = x.copy()
        touched[1, row] += 5
        moved = np.abs(np.asarray(model(touched)) - logits)
        assert moved[0].max() == 0
        assert moved[1].max() > 1e-6


def test_row_reader_has_the_layers_of_the_assignment():
    lstm = 4 * (32 * 32 + 32 * 32 + 32)
    dense = (28 * 32 + 32) + (32 * 64 + 64) + (64 * 10 + 10)
    assert row_reader("lstm", 32, 3).count_params() == 3 * lstm + dense
    gru = 3 * (32 * 32 + 32 * 32 + 2 * 32)
    assert row_reader("gru", 32).count_params() == gru + dense
    assert np.asarray(row_reader("gru", 8)(draw(20, 28, 28))).min() < 0, "logits, not probabilities"


@pytest.mark.parametrize("build", [sequence_tagger, row_reader])
def test_unknown_cell_is_an_error_that_names_the_known_ones(build):
    with pytest.raises(ValueError, match=r"cell: expected one of .*own-lstm, got 'elman'"):
        build("elman", 4)


def names(cell):
    return [variable.path for variable in sequence_tagger(cell, 4).weights]


@pytest.mark.parametrize("cell", CELLS)
def test_the_seed_alone_decides_the_weights(cell):
    before = random.getstate(), np.random.get_state()[1].tolist()
    one, same, other = (sequence_tagger(cell, 4, seed=s).get_weights() for s in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    drawn = [k for k, name in enumerate(names(cell)) if "kernel" in name]
    assert len(drawn) == 3
    assert not any(np.array_equal(one[k], other[k]) for k in drawn)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before


def test_stacked_layers_start_from_different_weights():
    first, second = (layer for layer in row_reader("lstm", 8, 2).layers if "lstm" in layer.name)
    assert not np.array_equal(first.get_weights()[0], second.get_weights()[0])


def test_own_and_library_lstm_start_alike():
    own, library = sequence_tagger("own-lstm", 4, seed=5), sequence_tagger("lstm", 4, seed=5)
    for a, b in zip(own.get_weights(), library.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


# --- training


def test_fit_learns_xnor_of_three_bits():
    # 0.5 without learning; a memoryless network can be right on bit 1 and no more: (1 + ½ + ½) / 3
    x, y = strings(400)
    model = sequence_tagger("lstm", 8, seed=1)
    history = fit(model, x[:, :3], y[:, :3], learning_rate=3e-2, epochs=15)
    assert history["accuracy"][-1] == 1.0
    assert history["loss"][-1] < 0.1 * history["loss"][0]


def test_fit_reports_each_epoch_and_is_reproducible():
    x, y = strings()
    histories, reached = [], []
    for seed in (0, 0, 1):
        model, rows = sequence_tagger("rnn", 4, seed=0), []
        histories.append(fit(model, x, y, epochs=3, batch_size=32, seed=seed, callback=rows.append))
        reached.append(model.get_weights()[0])
        assert [row["loss"] for row in rows] == histories[-1]["loss"].tolist()
    one, same, other = histories
    assert one["epoch"].tolist() == [1, 2, 3]
    assert one["interrupted"] is False
    np.testing.assert_array_equal(one["loss"], same["loss"])
    np.testing.assert_array_equal(reached[0], reached[1])
    assert not np.array_equal(reached[0], reached[2]), "another order of the strings"
    assert not np.array_equal(one["loss"], other["loss"])


def test_fit_reports_the_mean_over_the_whole_epoch_silently(capfd):
    # with learning rate 0 the epoch's loss is the loss of the untouched network on all strings
    x, y = strings(70)
    model = sequence_tagger("rnn", 4)
    history = fit(model, x, y, learning_rate=0.0, epochs=1, batch_size=32)
    p = np.asarray(model(x), dtype=float)
    expected = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    assert history["loss"][0] == pytest.approx(expected, abs=1e-6)
    assert history["accuracy"][0] == pytest.approx(np.mean((p > 0.5) == y), abs=1e-6)
    assert capfd.readouterr().out == ""


def test_fit_takes_any_optimiser_and_its_rate():
    x, y = strings(64)
    model = sequence_tagger("rnn", 4)
    before = model.get_weights()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(keras.losses.binary_crossentropy(y, model(x)))
    gradients = tape.gradient(loss, model.trainable_variables)
    fit(model, x, y, optimizer="sgd", learning_rate=0.5, epochs=1)
    for old, new, gradient in zip(before, model.get_weights(), gradients, strict=True):
        np.testing.assert_allclose(new, old - 0.5 * gradient, **TOLERANCE)


def test_fit_keeps_what_an_interrupted_training_reached():
    def stop(row):
        if row["epoch"] == 2:
            raise KeyboardInterrupt

    x, y = strings()
    model = sequence_tagger("rnn", 4)
    start = model.get_weights()[0]
    history = fit(model, x, y, epochs=5, callback=stop)
    assert history["interrupted"] is True
    assert history["epoch"].tolist() == [1, 2]
    assert history["updates"] == 2 * -(-len(x) // 64)
    assert len(history["loss"]) == len(history["accuracy"]) == 2
    assert not np.array_equal(model.get_weights()[0], start)


def test_fit_classifies_images_and_knows_no_accuracy_of_a_squared_error():
    history = fit(
        row_reader("rnn", 8),
        np.repeat(draw(4, 28, 28), 8, axis=0),
        np.repeat([3, 1, 4, 5], 8),
        loss="sparse_categorical_crossentropy",
        learning_rate=1e-2,
        epochs=10,
    )
    assert history["accuracy"][-1] > 0.5
    adding = sequence_tagger("rnn", 4, input_size=2, activation=None)
    history = fit(adding, draw(4, 6, 2), draw(4, 6, 1), loss="mean_squared_error", epochs=1)
    assert set(history) == {"epoch", "loss", "updates", "interrupted"}


def test_fit_names_an_unknown_loss():
    with pytest.raises(ValueError, match=r"loss: expected one of binary_crossentropy, .*'hinge'"):
        fit(sequence_tagger("rnn", 4), *strings(8), loss="hinge")
