"""One update as the book makes it: the recipe's own network, batch and optimiser."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from unrolled import assignments, ensembles, tasks
from unrolled.experiments import adding as adding_experiment
from unrolled.experiments import memory as memory_experiment
from unrolled.experiments import parity as parity_experiment
from unrolled.torch_training import make_optimizer, updates
from unrolled.training import NumpyOptimizer

Update = Callable[[], object]
NETWORKS = 40


def parity() -> Update:
    """40 networks of 8 units side by side, Adam, clipping, batches of 64 strings each."""
    network, settings = (
        assignments.model("parity-rnn").network,
        assignments.settings_of("parity-rnn"),
    )
    seeds = list(range(NETWORKS))
    members = [parity_experiment.build(network, settings, seed, "cpu") for seed in seeds]
    ensemble = ensembles.Ensemble(members)
    parameters = list(ensemble.parameters())
    optimizer = make_optimizer(parameters, settings)
    batches = ensembles.ParityBatches(network, settings, seeds)

    def update() -> None:
        x, y, weight, _ = batches.draw()
        optimizer.zero_grad()
        parity_experiment.loss_and_accuracy(ensemble(x), y, weight)[0].sum().backward()
        ensembles.clip_each(parameters, settings.clip or 1.0)
        optimizer.step()

    return update


def adding() -> Update:
    """nn.LSTM with 8 units on 90 windows of 100 steps, Adam one-cycle, clipping."""
    settings = assignments.settings_of("adding-lstm", steps=10_000)
    network = assignments.model("adding-lstm").network
    adder = adding_experiment.build(network, settings, 0, "cpu")
    streams = adding_experiment.Streams(settings, torch.device("cpu"), rng=np.random.default_rng(0))
    return updates(
        adder,
        streams.draw,
        lambda net, batch: nn.functional.mse_loss(net(batch[0]), batch[1]),
        settings,
    )


def memory() -> Update:
    """The same network and batch in float32, projections out of the loop, Adam, clipping."""
    settings = assignments.settings_of("memory-rnn", steps=100_000)
    net = memory_experiment.build({"cell": "rnn"}, settings, 0)
    optimizer, rng = NumpyOptimizer(net.parameters, settings), np.random.default_rng(0)

    def update() -> None:
        x, y = tasks.memory(settings.batch_size, settings.seq_len, rng=rng)
        prediction, kept = net.forward(x)
        error = prediction - y
        optimizer.step(net.gradients(2 * error / error.size, kept))

    return update
