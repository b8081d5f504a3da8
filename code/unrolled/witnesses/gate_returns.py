"""The gradients of many steps of a gated cell, as four ways of differentiating find them.

Each function returns, for the loss Σ e_t · h_t of a `gate_steps.Run`: "h" and "c", the gradients in
the states 1 … T, [T, H]; and "gates", those in the pre-activations, [T, G·H].
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from unrolled import frameworks
from unrolled.gradcheck import numerical_gradient
from unrolled.witnesses.gate_steps import (
    Array,
    Run,
    arrays_of,
    keras_cell,
    parts,
    torch_ops,
)


def numpy_gradients(run: Run) -> dict[str, Array]:
    """Ask the backward pass of `unrolled.cells`, once for all steps and once from each state on."""
    cache = run.read(run.x, run.start)[2]
    found = {"gates": run.cell.backward(run.e[None], cache)[0][0, :, run.gates]}
    steps = len(run.e)
    later = [_state_gradient(run, t) for t in range(steps)]  # in the states 0 … T - 1
    after = np.concatenate([np.stack([s[0] for s in later])[1:], np.zeros_like(run.e[:1])])
    found["h"] = run.e + after  # what this step's loss says, and what comes from the later ones
    if run.kind == "lstm":  # the gradient in c_{t-1} has passed f_t on its way from c_t
        found["c"] = np.stack([s[1] for s in later]) / cache["f"][0]
    return found


def _state_gradient(run: Run, t: int) -> list[Array]:
    """Return the gradient of the losses after step t in state t."""
    cache = run.read(run.x[:, t:], run.states[t])[2]
    state = run.cell.backward(run.e[None, t:], cache)[1]["state"]
    return [s[0] for s in (state if run.kind == "lstm" else (state,))]


def torch_gradients(run: Run) -> dict[str, Array]:
    """Let autograd differentiate the steps, written out in PyTorch."""
    import torch

    arrays = [torch.from_numpy(a) for a in arrays_of(run)]
    x = torch.tensor(run.x[0], requires_grad=True)
    state: tuple = tuple(torch.tensor(s) for s in run.start)
    states, loss = [], torch.zeros(())
    for x_t, e_t in zip(x, torch.from_numpy(run.e), strict=True):
        step = parts(run.kind, torch_ops(torch), arrays, x_t[None], state)
        state = tuple(step[letter] for letter in "hc"[: len(state)])
        for s in state:
            s.retain_grad()
        states.append(state)
        loss = loss + (e_t * state[0]).sum()
    loss.backward()
    in_x = np.asarray(x.grad)
    return _named(run, in_x[:, run.gates], [[s.grad[0] for s in each] for each in states])


def tensorflow_gradients(run: Run) -> dict[str, Array]:
    """Let GradientTape differentiate steps of Keras's own cell."""
    tf = frameworks.tensorflow()
    cell, x = keras_cell(run), tf.constant(run.x[0])
    states = []
    with tf.GradientTape() as tape:
        tape.watch(x)
        state, loss = [tf.constant(s) for s in run.start], tf.zeros((), tf.float64)
        for x_t, e_t in zip(tf.split(x, len(run.e)), run.e, strict=True):
            _, state = cell(x_t, state)
            states.append(list(state))
            loss += tf.reduce_sum(e_t * state[0])
    zero = tf.zeros_like(states[0][0])
    in_x, in_states = tape.gradient(loss, (x, states))
    in_states = [[(zero if s is None else s)[0].numpy() for s in each] for each in in_states]
    return _named(run, in_x.numpy()[:, run.gates], in_states)


def measured_gradients(run: Run) -> dict[str, Array]:
    """Measure them by central differences of the NumPy cell."""
    x, states = run.x.copy(), []
    cache = run.read(x, run.start)[2]

    def loss_from(t: int, state: list[Array]) -> float:
        rest = run.read(run.x[:, t:], tuple(state))[0][0] if t < len(run.e) else 0.0
        return float(np.sum(run.e[t - 1] * state[0]) + np.sum(run.e[t:] * rest))

    def by_output(t: int, state: list[Array], h: Array) -> float:
        return loss_from(t, [h, *state[1:]])

    def by_memory(t: int, c: Array) -> float:
        return loss_from(t, [cache["o"][:, t - 1] * np.tanh(c), c])

    for t in range(1, len(run.e) + 1):
        state = [s.copy() for s in run.states[t]]
        found = [numerical_gradient(partial(by_output, t, state), state[0])[0]]
        if run.kind == "lstm":
            found.append(numerical_gradient(partial(by_memory, t), state[1])[0])
        states.append(found)
    in_x = numerical_gradient(lambda x: float(np.sum(run.e * run.read(x, run.start)[0][0])), x)
    return _named(run, in_x[0, :, run.gates], states)


def _named(run: Run, in_gates: Any, in_states: list[list[Any]]) -> dict[str, Array]:
    named = {"gates": np.asarray(in_gates)}
    for k, letter in enumerate("hc"[: len(run.start)]):
        named[letter] = np.stack([np.asarray(each[k]) for each in in_states])
    return named
