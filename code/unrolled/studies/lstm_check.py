"""Checks of an `LSTM_step` that a reader wrote: assignment 1's own, and one that tells cells apart.

The assignment feeds its cell constants only, so everything that reorders equal numbers, or
multiplies by a zero, passes. `check_lstm_step` draws random numbers, and when they disagree it
looks for the wrong cell that gives exactly the reader's numbers, in order to name the mistake.
"""

from collections.abc import Callable
from functools import partial
from itertools import permutations
from typing import Any

import numpy as np
import tensorflow as tf

from unrolled.keras_models import LSTM_step

Step = Callable[..., Any]

ASSIGNMENT_H, ASSIGNMENT_C = 0.48484358, 0.70387213
_ZERO = tf.UnconnectedGradients.ZERO


def assignment_check(step: Step) -> bool:
    """Run the check of assignment A1.4: constant inputs, one entry of h and one of c.

    Args:
        step: a function with the interface of `unrolled.keras_models.LSTM_step`.

    Returns:
        Whether h[0, 0] = 0.48484358 and c[0, 0] = 0.70387213, as far as float32 allows (1e-5).

    Source:
        Assignment A1.4; `own-lstm`.
    """
    states = [tf.fill([1, 64], 0.2), tf.zeros([1, 64])]
    kernels = tf.fill([1, 256], 0.1), tf.fill([64, 256], 0.1)
    h, (_, c) = step(tf.ones([1, 1]), states, *kernels, tf.zeros([256]))
    found = float(h[0, 0]), float(c[0, 0])
    return bool(np.allclose(found, (ASSIGNMENT_H, ASSIGNMENT_C), rtol=1e-5, atol=0))


def check_lstm_step(step: Step) -> list[str]:
    """Say what is wrong with an LSTM step, in sentences; an empty list means that it is right.

    Random weights, random states and two steps in a row are compared with `LSTM_step` at 1e-5;
    the gradients of every argument are compared too.

    Args:
        step: a function (cell_inputs, cell_states, kernel, recurrent_kernel, bias) -> (h, [h, c]).

    Returns:
        Hints, the first the most telling.

    Source:
        `own-lstm`.
    """
    arguments = _draw(np.random.default_rng(14))
    try:
        answer = step(*arguments)
    except Exception as error:  # a reader's cell may fail in any way: say how
        return [f"The step stops with {type(error).__name__}: {error}"]
    return _check_form(answer) or _check_numbers(step, arguments) or _check_gradients(step)


def _draw(rng: np.random.Generator, batch=3, inputs=2, units=5) -> list:
    """Draw the five arguments of a step, all random, none zero, every size different."""

    def normal(*shape):
        return tf.constant(rng.normal(size=shape), tf.float32)

    states = [normal(batch, units), normal(batch, units)]
    kernels = normal(inputs, 4 * units), normal(units, 4 * units), normal(4 * units)
    return [normal(batch, inputs), states, *kernels]


def _check_form(answer) -> list[str]:
    """Look at what came back, before any number."""
    if answer is None or answer is Ellipsis:
        return ["Not attempted yet: the step returns nothing."]
    try:
        h, (h_again, c) = answer
    except (TypeError, ValueError):
        return ["Return the pair h, [h, c]: the output first, then the list of the two new states."]
    if not all(isinstance(part, tf.Tensor) for part in (h, h_again, c)):
        return ["Return TensorFlow tensors: a NumPy array has lost the way back to the weights."]
    if h.shape != (3, 5) or h_again.shape != (3, 5) or c.shape != (3, 5):
        return [f"h and c keep the states' shape [N, H] = [3, 5]; yours: {h.shape} and {c.shape}."]
    return []


def _check_numbers(step: Step, arguments: list) -> list[str]:
    """Compare two steps with the reference; name the wrong cell that agrees with the reader's."""
    theirs = _two_steps(step, arguments)
    if _same(theirs, _two_steps(LSTM_step, arguments)):
        return []
    for hint, wrong in WRONG_STEPS.items():
        if _same(theirs, _two_steps(wrong, arguments)):
            return [f"This is a cell with a slip: {hint}."]
    return ["No LSTM, and no single slip known here: compare it line by line."]


def _two_steps(step: Step, arguments: list) -> list:
    """Run a step on its own new states again and list all it returned: h, h, c, h, h, c."""
    x, states, *weights = arguments
    h_1, first = step(x, states, *weights)
    h_2, second = step(x[::-1], first, *weights)
    return [h_1, *first, h_2, *second]


def _same(these: list, those: list) -> bool:
    return all(np.allclose(a, b, rtol=0, atol=1e-5) for a, b in zip(these, those, strict=True))


def _check_gradients(step: Step) -> list[str]:
    """Compare the gradients of a random projection of h and c with respect to all arguments."""
    rng = np.random.default_rng(41)
    arguments, sides = _draw(rng), rng.normal(size=(2, 3, 5)).astype(np.float32)
    gradients = []
    for cell in (LSTM_step, step):
        with tf.GradientTape() as tape:
            tape.watch(arguments)
            _, (h, c) = cell(*arguments)
            value = tf.reduce_sum(h * sides[0] + c * sides[1])
        gradients.append(
            tf.nest.flatten(tape.gradient(value, arguments, unconnected_gradients=_ZERO))
        )
    if _same(*gradients):
        return []
    return ["The numbers are right, their gradients are not: something cuts the way back."]


def _variant(
    x,
    states,
    kernel,
    recurrent,
    bias,
    *,
    order="ifgo",
    forget="gate",
    use_bias=True,
    swap="",
    out="",
):
    """Take an LSTM step with one thing wrong: what `WRONG_STEPS` is made of."""
    h_prev, c_prev = states[::-1] if swap in ("in", "both") else states
    z = tf.matmul(x, kernel) + tf.matmul(h_prev, recurrent) + (bias if use_bias else 0.0)
    parts = dict(zip(order, tf.split(z, 4, axis=-1), strict=True))
    i, o = tf.sigmoid(parts["i"]), tf.sigmoid(parts["o"])
    f = {"gate": tf.sigmoid(parts["f"]), "none": tf.ones_like(i), "1-i": 1 - i}[forget]
    g = tf.sigmoid(parts["g"]) if out == "sigmoid g" else tf.tanh(parts["g"])
    c = f * c_prev + i * g
    h = o * {"c": c, "c_prev": tf.tanh(c_prev)}.get(out, tf.tanh(c))
    if out == "stale":
        return h, [h_prev, c]
    if swap == "out":
        return c, [c, h]
    return h, ([c, h] if swap == "both" else [h, c])


def _wrong_steps() -> dict[str, Step]:
    orders = [order for p in permutations("ifgo") if (order := "".join(p)) != "ifgo"]
    wrong: dict[str, dict[str, Any]] = {
        f"the gates are read in the order {', '.join(order).replace('g', 'c')}": {"order": order}
        for order in orders
    }
    wrong |= {
        "no forget gate, the old c is kept whole (f = 1)": {"forget": "none"},
        "the forget gate is tied to the input gate (f = 1 − i)": {"forget": "1-i"},
        "the bias is ignored": {"use_bias": False},
        "h and c are swapped in what is returned": {"swap": "out"},
        "h and c are swapped in the states that come in": {"swap": "in"},
        "the states are kept in the order c, h": {"swap": "both"},
        "the candidate goes through σ instead of tanh": {"out": "sigmoid g"},
        "the output lacks its tanh (h = o ⊙ c)": {"out": "c"},
        "the output is made from the old c": {"out": "c_prev"},
        "the state h that is handed on is the old one": {"out": "stale"},
    }
    return {slip: partial(_variant, **how) for slip, how in wrong.items()}


WRONG_STEPS: dict[str, Step] = _wrong_steps()
"""Every wrong cell that `check_lstm_step` can name: the slip in words, and the cell that has it."""
