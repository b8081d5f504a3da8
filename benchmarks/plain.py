"""The assignments' own loops, written plainly: what the book's training is measured against.

Nothing here is tuned, and nothing is made slower than a student would write it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import mean
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from unrolled import assignments, convert, tasks
from unrolled.experiments import mnist as rows
from unrolled.torch_models import seeded

from benchmarks.turns import (
    EPOCH,
    MNIST,
    PARITY_STRINGS,
    RATE,
    XNOR_STRINGS,
    Size,
    Turn,
    adding_mse,
    epoch_images,
    images,
    test_accuracy,
    timed,
)


def _for_ever(data: TensorDataset, batch_size: int) -> Iterator[list[Tensor]]:
    while True:
        yield from DataLoader(data, batch_size=batch_size, shuffle=True)


def parity(size: Size) -> Turn:
    """A2.2: nn.RNN with 4 units, SGD with rate 1, batches of 8 strings of 50 bits."""
    x, y = tasks.parity(PARITY_STRINGS, 50, rng=np.random.default_rng(0))
    batches = _for_ever(TensorDataset(torch.from_numpy(x), torch.from_numpy(y)), 8)
    rnn, readout = nn.RNN(1, 4, batch_first=True), nn.Linear(4, 1)
    optimizer = torch.optim.SGD([*rnn.parameters(), *readout.parameters()], lr=1.0)

    def train() -> None:
        for _ in range(size.updates):
            bits, targets = next(batches)
            optimizer.zero_grad()
            outputs, _ = rnn(bits)
            nn.functional.binary_cross_entropy_with_logits(readout(outputs), targets).backward()
            optimizer.step()

    return Turn(timed(train, 8 * size.updates))


def adding(size: Size) -> Turn:
    """A3.5: an Elman network of nn.Linear layers, step by step over three streams of 3,000."""
    x, y = (torch.from_numpy(a) for a in tasks.adding(9, 3000, rng=np.random.default_rng(0)))
    batches = _for_ever(TensorDataset(x, y), 3)
    with seeded(0):  # the first weights of our network 0
        l1, hr, l2 = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 1)
    optimizer = torch.optim.Adam(nn.ModuleList([l1, hr, l2]).parameters(), lr=RATE)

    def forward(streams: Tensor) -> Tensor:
        hidden = torch.tanh(l1(streams[:, 0]))
        outputs = [l2(hidden)]
        for t in range(1, streams.shape[1]):
            hidden = torch.tanh(l1(streams[:, t]) + hr(hidden))
            outputs.append(l2(hidden))
        return torch.stack(outputs, dim=1)

    def train() -> None:
        for _ in range(size.updates):
            streams, targets = next(batches)
            optimizer.zero_grad()
            nn.functional.mse_loss(forward(streams), targets).backward()
            optimizer.step()

    return Turn(
        timed(train, 9000 * size.updates),
        lambda: adding_mse(lambda streams: forward(streams).numpy(force=True)),
    )


def memory(size: Size) -> Turn:
    """A4.2: 10 units, 10 steps, 1,024 sequences, float64, every product inside the loop."""
    rng = np.random.default_rng(0)
    w, r, v = rng.uniform(-1, 1, (1, 10)), np.eye(10), rng.uniform(-0.5, 0.5, (10, 1))
    b_s, b_y = np.zeros((10, 1)), np.zeros((1, 1))

    def update() -> None:
        x = rng.uniform(-1, 1, (10, 1024, 1))
        states = [np.zeros((1024, 10))]
        for t in range(10):
            states.append(np.tanh(x[t] @ w + states[-1] @ r + b_s.T))
        d_y = 2 * (states[-1] @ v + b_y - x[0]) / 1024
        d_v, d_by = states[-1].T @ d_y, d_y.sum(axis=0, keepdims=True)
        d_w, d_r, d_bs = np.zeros((10, 1, 10)), np.zeros((10, 10, 10)), np.zeros((10, 10, 1))
        d_h = d_y @ v.T
        for t in reversed(range(10)):
            d_s = d_h * (1 - states[t + 1] ** 2)
            d_w[t], d_r[t] = x[t].T @ d_s, states[t].T @ d_s
            d_bs[t] = d_s.sum(axis=0, keepdims=True).T
            d_h = d_s @ r.T
        for parameter, gradient in ((w, d_w), (r, d_r), (b_s, d_bs)):
            parameter -= 1e-2 * gradient.sum(axis=0)
        v[...] -= 1e-2 * d_v
        b_y[...] -= 1e-2 * d_by

    def train() -> None:
        for _ in range(size.updates):
            update()

    return Turn(timed(train, 1024 * size.updates))


def xnor(size: Size) -> Turn:
    """A1.3: LSTM(64) in Keras, 1,000 strings in batches of 64, all epochs in one fit.

    One `fit` an epoch, as for a curve drawn by hand, takes a quarter longer.
    """
    import keras

    x, y = tasks.xnor(XNOR_STRINGS, 8, rng=np.random.default_rng(0))
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 1)),
            layers.LSTM(64, return_sequences=True),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=64, verbose=0)  # traces the graph
    fit = timed(
        lambda: model.fit(x, y, batch_size=64, epochs=size.updates, verbose=0), size.updates
    )
    return Turn(fit)


def _row_reader(name: str, data: tuple[Tensor, Tensor]) -> tuple[nn.Module, Callable[[], None]]:
    """Return a model of assignment 5, and its epoch over some images."""
    classifier = rows.build(assignments.model(name).network, assignments.settings_of(name), 0)
    optimizer = torch.optim.Adam(classifier.parameters(), lr=1e-3)
    loader = DataLoader(TensorDataset(*data), batch_size=256, shuffle=True)

    def epoch() -> None:
        for pixels, labels in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(classifier(pixels), labels)
            loss.backward()
            optimizer.step()

    return classifier, epoch


def _after_an_epoch(name: str) -> float:
    classifier, epoch = _row_reader(name, epoch_images())
    epoch()
    return test_accuracy(classifier)


def mnist_torch(size: Size) -> Turn:
    """A5.2: each model in turn, its batches of 256 collated by a DataLoader."""
    epochs = [_row_reader(name, images(256 * size.updates))[1] for name in MNIST[: size.networks]]
    run = timed(lambda: [epoch() for epoch in epochs], size.updates)
    return Turn(run, lambda: _after_an_epoch(MNIST[0]))


def mnist_epoch(size: Size) -> Turn:
    """A5.2, an epoch of each model: what so many updates take, for as many as an epoch has."""
    update = mnist_torch(size).run
    return Turn(lambda: EPOCH * update(), lambda: mean(map(_after_an_epoch, MNIST)))


def mnist_keras(size: Size) -> Turn:
    """A5.2: each model in turn by Keras's own fit, nothing but the batch size asked for."""
    data = tuple(a.numpy() for a in images(256 * size.updates))
    models = [_keras_reader(name) for name in MNIST[: size.networks]]
    for model in models:
        model.fit(*data, batch_size=256, verbose=0)  # traces the graph

    def score() -> float:
        model = _keras_reader(MNIST[0])
        model.set_weights(_first_weights(MNIST[0]))
        model.fit(*(a.numpy() for a in epoch_images()), batch_size=256, verbose=0)
        x, y = (a.numpy() for a in rows.rows_and_labels()["test"])
        return float((model.predict(x, batch_size=1000, verbose=0).argmax(1) == y).mean())

    def train() -> None:
        for model in models:
            model.fit(*data, batch_size=256, verbose=0)

    return Turn(timed(train, size.updates), score)


def _keras_reader(name: str) -> Any:
    import keras

    layers, settings = keras.layers, assignments.settings_of(name)
    cell = {"lstm": layers.LSTM, "gru": layers.GRU}[assignments.model(name).network["cell"]]
    depth, units = settings.num_layers, settings.hidden_size
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Dense(units),
            *(cell(units, return_sequences=k < depth) for k in range(1, depth + 1)),
            layers.ReLU(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    return model


def _first_weights(name: str) -> list[np.ndarray]:
    """Return a one-layer reader's first weights as the other sides draw them, in Keras's layout."""
    reader: Any = rows.build(assignments.model(name).network, assignments.settings_of(name), 0)
    affine, wide, narrow = (
        [layer.weight.numpy(force=True).T, layer.bias.numpy(force=True)]
        for layer in (reader.affine, reader.head[1], reader.head[3])
    )
    return [*affine, *convert.to_keras(convert.from_torch(reader.recurrent)), *wide, *narrow]
