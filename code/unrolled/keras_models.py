"""The book's Keras networks: an LSTM step of our own, the cell around it, models and training.

Keras packs the gates of an LSTM in the order i, f, c, o (c is the candidate, g elsewhere in the
book), keeps one bias vector and starts the forget gate's part of it at one. Weights are
`kernel` [D, 4H], `recurrent_kernel` [H, 4H] and `bias` [4H]; `unrolled.convert` carries them to
the other libraries. The legend of letters: N batch, T time, D input, H hidden.

Every network takes a `seed` and draws each of its matrices from a stream of its own, so that two
networks with the same seed start from the same weights and no global generator is touched.
"""

from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf

CELLS = ("rnn", "lstm", "gru", "own-lstm")


LOSSES = {
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
    "sparse_categorical_crossentropy": lambda: keras.losses.SparseCategoricalCrossentropy(
        from_logits=True
    ),
    "mean_squared_error": keras.losses.MeanSquaredError,
}
ACCURACIES = {
    "binary_crossentropy": keras.metrics.BinaryAccuracy,
    "sparse_categorical_crossentropy": keras.metrics.SparseCategoricalAccuracy,
}


def LSTM_step(cell_inputs, cell_states, kernel, recurrent_kernel, bias):
    """Take one step of an LSTM.

        z = x_t W + h_{t-1} U + b,   split into (i, f, g, o)
        c_t = σ(f) ⊙ c_{t-1} + σ(i) ⊙ tanh(g)
        h_t = σ(o) ⊙ tanh(c_t)

    Args:
        cell_inputs: x_t, shape [N, D].
        cell_states: the pair (h_{t-1}, c_{t-1}), each of shape [N, H].
        kernel: W, shape [D, 4H], gates in the order i, f, c, o.
        recurrent_kernel: U, shape [H, 4H], in the same order.
        bias: b, shape [4H].

    Returns:
        The output h_t and the new states [h_t, c_t], TensorFlow tensors of shape [N, H].

    Source:
        Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000; `own-lstm`.
    """
    h_prev, c_prev = cell_states
    z = tf.matmul(cell_inputs, kernel) + bias  # [N, 4H]
    z = z + tf.matmul(h_prev, recurrent_kernel)
    i, f, g, o = tf.split(z, 4, axis=-1)  # four times [N, H]
    c_t = tf.sigmoid(f) * c_prev + tf.sigmoid(i) * tf.tanh(g)
    h_t = tf.sigmoid(o) * tf.tanh(c_t)
    return h_t, [h_t, c_t]


@keras.saving.register_keras_serializable(package="unrolled")
class OwnLSTMCell(keras.layers.Layer):
    """Wrap `LSTM_step` in a Keras cell, to be run over time by `keras.layers.RNN`.

    Starts as Keras's own LSTM does: Glorot-uniform kernel, orthogonal recurrent kernel, bias zero
    except for the forget gate, where it is one.

    Args:
        units: the number H of hidden units.
        seed: the seed of the starting weights; None draws them afresh each time.

    Source:
        Jozefowicz et al. 2015 for the forget bias; `own-lstm`.
    """

    def __init__(self, units: int, *, seed: int | None = None, **kwargs):
        """Note the sizes; the weights are made in `build`, once the input's width is known."""
        super().__init__(**kwargs)
        self.units, self.seed = units, seed
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape):
        """Create the three arrays of weights for inputs of `input_shape` [N, D]."""
        seeds, gates = _seeds(self.seed), (4 * self.units,)
        glorot = keras.initializers.GlorotUniform(seed=next(seeds))
        orthogonal = keras.initializers.Orthogonal(seed=next(seeds))
        self.kernel = self.add_weight(
            shape=(input_shape[-1], *gates), initializer=glorot, name="kernel"
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, *gates), initializer=orthogonal, name="recurrent_kernel"
        )
        self.bias = self.add_weight(shape=gates, initializer=self._unit_forget_bias, name="bias")
        self.built = True

    def _unit_forget_bias(self, shape, dtype=None):
        bias = np.zeros(shape)
        bias[self.units : 2 * self.units] = 1
        return keras.ops.convert_to_tensor(bias, dtype=dtype)

    def call(self, inputs, states):
        """Return the output [N, H] and the new states [h, c] for one step's inputs [N, D]."""
        return LSTM_step(inputs, states, self.kernel, self.recurrent_kernel, self.bias)

    def get_config(self):
        """Return what is needed to build the cell again."""
        return {**super().get_config(), "units": self.units, "seed": self.seed}


def sequence_tagger(
    cell: str,
    units: int,
    *,
    input_size: int = 1,
    output_size: int = 1,
    activation: str | None = "sigmoid",
    seed: int = 0,
) -> keras.Sequential:
    """Build a network that answers at every step: a recurrent layer and one dense layer.

        y_t = activation(h_t V + b),   h_t = cell(x_t, h_{t-1})

    Args:
        cell: "rnn", "lstm", "gru" or "own-lstm".
        units: the number H of hidden units.
        input_size: D, numbers read at each step.
        output_size: numbers answered at each step.
        activation: of the dense layer; "sigmoid" for probabilities, None for raw numbers.
        seed: the seed of all starting weights.

    Returns:
        A built model from [N, T, D] to [N, T, output_size], any N and T.

    Raises:
        ValueError: when `cell` is none of the four.
    """
    seeds = _seeds(seed)
    return keras.Sequential(
        [
            keras.Input((None, input_size)),
            _recurrent(cell, units, return_sequences=True, seed=next(seeds)),
            _dense(output_size, activation, seed=next(seeds)),
        ]
    )


def row_reader(cell: str, units: int, num_layers: int = 1, *, seed: int = 0) -> keras.Sequential:
    """Build assignment 5's classifier, which reads an image row by row.

    Affine to the cell's width, `num_layers` recurrent layers, the last output, ReLU, dense 64,
    ReLU, dense 10. The ten numbers are logits: the softmax belongs to the loss.

    Args:
        cell: "rnn", "lstm", "gru" or "own-lstm".
        units: the number H of hidden units in each recurrent layer.
        num_layers: how many recurrent layers are stacked.
        seed: the seed of all starting weights.

    Returns:
        A built model from images [N, 28, 28] to logits [N, 10].

    Raises:
        ValueError: when `cell` is none of the four.
    """
    seeds = _seeds(seed)
    layers = [keras.Input((28, 28)), _dense(units, None, seed=next(seeds))]
    for depth in range(1, num_layers + 1):
        inner = depth < num_layers
        layers.append(_recurrent(cell, units, return_sequences=inner, seed=next(seeds)))
    layers += [keras.layers.ReLU(), _dense(64, "relu", seed=next(seeds))]
    return keras.Sequential([*layers, _dense(10, None, seed=next(seeds))])


def fit(
    model: keras.Model,
    x: np.ndarray,
    y: np.ndarray,
    *,
    loss: str = "binary_crossentropy",
    optimizer: str = "adam",
    learning_rate: float = 1e-3,
    batch_size: int = 64,
    epochs: int = 15,
    seed: int = 0,
    callback: Callable[[dict[str, float]], None] | None = None,
) -> dict:
    """Train a model with Keras's own training step, an epoch in one TensorFlow graph, silently.

    The strings are shuffled here, by a NumPy generator, because Keras would shuffle them by its
    global seed. Ctrl-C (or a callback that raises KeyboardInterrupt) ends the training and keeps
    the weights and the epochs reached. A second call starts the optimiser afresh.

    Args:
        model: a built network of this module; it is trained in place.
        x: inputs, shape [n, T, D] (or [n, 28, 28]).
        y: targets, shape [n, T, 1] (or class numbers [n]).
        loss: "binary_crossentropy" (of probabilities), "sparse_categorical_crossentropy" (of
            logits) or "mean_squared_error".
        optimizer: any name that `keras.optimizers.get` knows.
        learning_rate: of the optimiser; Keras's own default for Adam is 1e-3.
        batch_size: strings in a batch; the last batch may be smaller.
        epochs: how often the data are gone through.
        seed: the seed of the shuffling.
        callback: called after each epoch with its row {"epoch", "loss", "accuracy"}.

    Returns:
        Arrays "epoch" (from 1), "loss" and "accuracy" (means over that epoch alone; no accuracy
        with the squared error); "updates", the number made, and "interrupted", a bool.

    Raises:
        ValueError: when `loss` is none of the three.
    """
    _compile(model, loss, optimizer, learning_rate)
    one_epoch = _epoch_of(model, x, y, batch_size)
    rng = np.random.default_rng(seed)
    rows: list[dict[str, float]] = []
    interrupted = False
    try:
        for epoch in range(1, epochs + 1):
            model.reset_metrics()
            seen = one_epoch(tf.constant(rng.permutation(len(x))))
            rows.append({"epoch": epoch} | {key: float(value) for key, value in seen.items()})
            if callback is not None:
                callback(rows[-1])
    except KeyboardInterrupt:
        interrupted = True
    names = ["epoch", "loss"] + ["accuracy"] * (loss in ACCURACIES)
    return {name: np.array([row[name] for row in rows]) for name in names} | {
        "updates": int(model.optimizer.iterations.numpy()),
        "interrupted": interrupted,
    }


def _epoch_of(model: keras.Model, x: np.ndarray, y: np.ndarray, batch_size: int) -> Callable:
    """Return the function that goes through the data once, in the order it is given.

    Keras's `fit` feeds each batch from Python, which takes longer than training a small network
    on it. Here the data lie in memory and TensorFlow itself goes from batch to batch.
    """
    inputs, targets = tf.constant(x), tf.constant(y)
    model.optimizer.build(model.trainable_variables)  # a graph may not make variables

    @tf.function
    def one_epoch(order):
        for first in tf.range(0, len(x), batch_size):
            chosen = order[first : first + batch_size]
            model.train_step((tf.gather(inputs, chosen), tf.gather(targets, chosen)))
        return model.get_metrics_result()

    return one_epoch


def _compile(model, loss, optimizer, learning_rate):
    if loss not in LOSSES:
        raise ValueError(f"loss: expected one of {', '.join(LOSSES)}, got {loss!r}")
    rule = keras.optimizers.get({"class_name": optimizer, "config": {}})
    rule.learning_rate = learning_rate
    model.compile(
        optimizer=rule,
        loss=LOSSES[loss](),
        metrics=[ACCURACIES[loss](name="accuracy")] if loss in ACCURACIES else [],
        jit_compile=False,  # compiling costs seconds and pays only over many epochs
    )


def _recurrent(cell: str, units: int, *, return_sequences: bool, seed: int) -> keras.layers.Layer:
    if cell not in CELLS:
        raise ValueError(f"cell: expected one of {', '.join(CELLS)}, got {cell!r}")
    if cell == "own-lstm":
        own = OwnLSTMCell(units, seed=seed)
        return keras.layers.RNN(own, return_sequences=return_sequences)
    kinds = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}
    seeds = _seeds(seed)
    return kinds[cell](
        units,
        return_sequences=return_sequences,
        kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
        recurrent_initializer=keras.initializers.Orthogonal(seed=next(seeds)),
        seed=next(seeds),  # without one, Keras draws it from Python's global generator
    )


def _dense(units: int, activation: str | None, *, seed: int) -> keras.layers.Dense:
    start = keras.initializers.GlorotUniform(seed=seed)
    return keras.layers.Dense(units, activation=activation, kernel_initializer=start)


def _seeds(seed: int | None) -> Iterator[int]:
    """Yield independent seeds that follow from one."""
    return (int(word) for word in np.random.SeedSequence(seed).generate_state(16))
