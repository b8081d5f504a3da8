"""Witnesses that differentiate with TensorFlow's GradientTape.

Each lays the network or the loss out a second time, in TensorFlow, at the points at which the
other witnesses of the same equations stand.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from unrolled import cells, frameworks
from unrolled.derivations.notation import Equation
from unrolled.witnesses import losses, memory, recurrence, targets
from unrolled.witnesses.numbers import Gap, World, compare


@cache
def _memory_worlds() -> tuple[World, ...]:
    return tuple(map(_memory_world, memory.cases(17)))


def _memory_world(given: memory.Case) -> World:
    """Run assignment 4's network in TensorFlow, each step on its own copy of the weights."""
    tf = frameworks.tensorflow()
    net, x, y = given
    copies = [{name: tf.Variable(getattr(net, name)) for name in ("W", "R", "b_s")} for _ in x]
    once = {"V": tf.Variable(net.V), "b_y": tf.Variable(net.b_y)}
    h, a = tf.zeros((len(y), len(net.R)), tf.float64), []
    with tf.GradientTape() as tape:
        for x_t, step in zip(x, copies, strict=True):
            a.append(x_t @ step["W"] + h @ step["R"] + tf.transpose(step["b_s"]))
            h = tf.tanh(a[-1])
        y_hat = h @ once["V"] + tf.transpose(once["b_y"])
        loss = tf.reduce_mean((y_hat - y) ** 2)
    found = tape.gradient(loss, {"a": a, "y": y_hat, "once": once, "copies": copies})
    return memory.backward_world(
        given,
        np.stack([d.numpy() for d in found["a"]]),
        found["y"].numpy(),
        {name: d.numpy() for name, d in found["once"].items()},
        {name: np.stack([d[name].numpy() for d in found["copies"]]) for name in copies[0]},
    )


def tape_memory_backward(equation: Equation) -> Gap:
    """Compare with TensorFlow's GradientTape, one copy of the weights for each step."""
    return memory.compare_steps(equation, _memory_worlds())


def tape_mse(equation: Equation) -> Gap:
    """Compare with the gradient of the mean square by TensorFlow's GradientTape."""
    tf = frameworks.tensorflow()
    worlds = []
    for y_hat, y in memory.mse_points(18):
        guess = tf.Variable(y_hat)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(guess - y))
        worlds += memory.mse_worlds(y_hat, y, float(loss), tape.gradient(loss, guess).numpy())
    return compare(equation, worlds)


def _rows(tape: Any, outputs: Any, inputs: Any) -> np.ndarray:
    """Read a Jacobian off a persistent tape, one output at a time."""
    units = np.eye(len(outputs))
    return np.stack([tape.gradient(outputs, inputs, unit).numpy() for unit in units])


def _jacobian_of(cell: cells.RNN, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    tf = frameworks.tensorflow()
    w_ih, w_hh, b_ih, b_hh = map(tf.constant, cell.parameters.values())
    start = h_t = tf.Variable(h[0])
    with tf.GradientTape(persistent=True) as tape:
        for x_t in x[0]:
            h_t = tf.tanh(tf.linalg.matvec(w_ih, x_t) + b_ih + tf.linalg.matvec(w_hh, h_t) + b_hh)
    return _rows(tape, h_t, start)


def tape_jacobian(equation: Equation) -> Gap:
    """Compare with Jacobians of the same steps by TensorFlow's GradientTape."""
    return compare(equation, recurrence.chain_worlds(19, _jacobian_of))


def _parity_jacobian(h: np.ndarray, bit: float, gain: float) -> np.ndarray:
    tf = frameworks.tensorflow()
    start = tf.Variable(h)
    with tf.GradientTape(persistent=True) as tape:
        a = tf.linalg.matvec(targets.PARITY_WEIGHTS, start) + bit - targets.PARITY_THRESHOLDS
        state = tf.sigmoid(gain * a)
    return _rows(tape, state, start)


def tape_parity_network(equation: Equation) -> Gap:
    """Compare with the hand-built network's Jacobian by TensorFlow's GradientTape."""
    return compare(equation, targets.parity_worlds(_parity_jacobian))


def tape_bce(equation: Equation) -> Gap:
    """Compare with `tf.nn.sigmoid_cross_entropy_with_logits` and its gradient."""
    tf = frameworks.tensorflow()
    worlds = []
    for z, y in losses.bce_points():
        logit = tf.Variable(z, dtype=tf.float64)
        with tf.GradientTape() as tape:
            target = tf.constant(y, tf.float64)
            loss = tf.nn.sigmoid_cross_entropy_with_logits(target, logit)
        names = {"z": z, "y": y, losses.LOSS: float(loss)}
        worlds.append({**names, losses.BCE_SLOPE: tape.gradient(loss, logit).numpy()})
    return compare(equation, worlds)


def tape_cross_entropy(equation: Equation) -> Gap:
    """Compare with `tf.nn.sparse_softmax_cross_entropy_with_logits` and its gradient."""
    tf = frameworks.tensorflow()
    worlds: list[World] = []
    for logits, y in losses.class_points():
        z = tf.Variable(logits)
        with tf.GradientTape() as tape:
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(y - 1, z)
        p, slopes = tf.nn.softmax(z).numpy(), tape.gradient(loss, z).numpy()
        worlds += losses.class_worlds(logits, y, p, float(loss), slopes)
    return compare(equation, worlds)
