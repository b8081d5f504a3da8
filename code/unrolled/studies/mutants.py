"""Backward passes of `memory.RNN` that are wrong in one line, and situations to check them in.

A check that no wrong answer fails has shown nothing. Each `Mutant` replaces one line of
`RNN.backward` by a slip that people make; each situation is a network with a batch on which a
gradient check can be run. Only the general situation rejects them all: the others hide some.

Source: chapter "An RNN in NumPy" (`numpy-rnn`).
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from unrolled import memory
from unrolled.gradcheck import numerical_gradient
from unrolled.memory import RNN, MSELoss


@dataclass(frozen=True)
class Mutant:
    """One slip: a piece of `RNN.backward`, and what stands there instead.

    Attributes:
        slip: what was done wrong, in a few words.
        right: the piece of source as it is.
        wrong: the piece that replaces it.
    """

    slip: str
    right: str
    wrong: str

    def network(self) -> type[RNN]:
        """Return the class RNN with this slip in its backward pass."""
        source = textwrap.dedent(inspect.getsource(RNN.backward))
        if source.count(self.right) != 1:
            raise ValueError(f"{self.right!r} must stand once in RNN.backward")
        namespace = dict(vars(memory))
        exec(source.replace(self.right, self.wrong), namespace)
        return type("RNN", (RNN,), {"backward": namespace["backward"]})


MUTANTS = (
    Mutant("no path through time", "d_state = delta_t @ self.R.T", "d_state = 0 * d_state"),
    Mutant("R not transposed", "delta_t @ self.R.T", "delta_t @ self.R"),
    Mutant("path skips tanh′", "d_state = delta_t @", "d_state = d_state @"),
    Mutant("tanh′ as 1 / (1 - h²)", "1.0 - states[1:] ** 2", "1 / (1 - states[1:] ** 2)"),
    Mutant("tanh′ of the output", "1.0 - states[1:] ** 2", "1 - np.tanh(states[1:]) ** 2"),
    Mutant("states off by one step", "states[:-1].transpose", "states[1:].transpose"),
    Mutant("time not reversed", "deltas[::-1]", "deltas"),
    Mutant("bias averaged over the batch", "deltas.sum(axis=1)", "deltas.mean(axis=1)"),
)

Situation = Callable[[type[RNN], np.random.Generator], tuple[RNN, np.ndarray, np.ndarray]]


def _draw(
    network: type[RNN], rng: np.random.Generator, *, steps: int = 5, batch_size: int = 4
) -> tuple[RNN, np.ndarray, np.ndarray]:
    """Make a fresh network with D = 2, H = 3, O = 1 and a batch of normal inputs and targets."""
    model = network(2, 3, 1, rng=rng)
    return model, rng.normal(size=(steps, batch_size, 2)), rng.normal(size=(batch_size, 1))


def general(
    network: type[RNN], rng: np.random.Generator, *, steps: int = 5, batch_size: int = 4
) -> tuple[RNN, np.ndarray, np.ndarray]:
    """Draw all five weights at random: no symmetry, no zero, nothing for a slip to hide behind."""
    model, x, y = _draw(network, rng, steps=steps, batch_size=batch_size)
    model.set_weights({k: rng.normal(0, 0.6, w.shape) for k, w in model.get_weights().items()})
    return model, x, y


def one_step(network: type[RNN], rng: np.random.Generator) -> tuple[RNN, np.ndarray, np.ndarray]:
    """Set T = 1: there is no past for a gradient to reach."""
    return general(network, rng, steps=1)


def one_sequence(
    network: type[RNN], rng: np.random.Generator
) -> tuple[RNN, np.ndarray, np.ndarray]:
    """Set B = 1: a sum over the batch is the same as a mean."""
    return general(network, rng, batch_size=1)


def fresh_network(
    network: type[RNN], rng: np.random.Generator
) -> tuple[RNN, np.ndarray, np.ndarray]:
    """Keep the first weights: R is the identity, which is its own transpose."""
    return _draw(network, rng)


def zero_input(network: type[RNN], rng: np.random.Generator) -> tuple[RNN, np.ndarray, np.ndarray]:
    """Feed zeros to a fresh network: every state is 0 and every tanh′ is 1."""
    model, x, y = _draw(network, rng)
    return model, np.zeros_like(x), y


def perfect_answer(
    network: type[RNN], rng: np.random.Generator
) -> tuple[RNN, np.ndarray, np.ndarray]:
    """Take the network's own answer as the target: the loss is 0, and so is every gradient."""
    model, x, _ = general(network, rng)
    return model, x, model.forward(x)


SITUATIONS: dict[str, Situation] = {
    "general": general,
    "fresh network": fresh_network,
    "T = 1": one_step,
    "B = 1": one_sequence,
    "x = 0": zero_input,
    "ŷ = y": perfect_answer,
}


def gradient_errors(
    network: type[RNN], situation: Situation = general, *, rng: np.random.Generator
) -> dict[str, float]:
    """Compare a network's five gradients with central differences.

    Args:
        network: the class `RNN`, or one with another backward pass.
        situation: makes a network and a batch.
        rng: source of weights, inputs and targets.

    Returns:
        weight name → largest absolute difference; assignment 4 wants less than 1e-7.
    """
    model, x, y = situation(network, rng)
    return _differences(model, _claimed(model, x, y), x, y)


def difference_errors(
    steps: np.ndarray, dtype: type[np.floating] = np.float64, *, rng: np.random.Generator
) -> dict[float, float]:
    """Measure how wrong central differences are, by the step ε they take.

    Args:
        steps: the steps ε to try.
        dtype: number format of the network that is differentiated.
        rng: source of weights, inputs and targets.

    Returns:
        ε → largest absolute difference to the backward pass in float64, over all five gradients.
    """
    exact, x, y = general(RNN, rng)
    claimed = _claimed(exact, x, y)
    model = RNN(2, 3, 1, dtype=dtype)
    model.set_weights(exact.get_weights())
    y = y.astype(dtype)
    return {eps: max(_differences(model, claimed, x, y, eps).values()) for eps in steps.tolist()}


def _claimed(model: RNN, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Run forward and backward once and return what the backward pass claims."""
    loss = MSELoss()
    loss.forward(model.forward(x), y)
    model.backward(loss.backward())
    return model.total_gradients()


def _differences(
    model: RNN, claimed: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray, eps: float = 1e-5
) -> dict[str, float]:
    """Return the largest absolute difference of each claimed gradient to central differences."""

    def loss(_: np.ndarray) -> float:
        return MSELoss().forward(model.forward(x), y)

    return {
        name: float(abs(numerical_gradient(loss, weight, eps) - claimed[name]).max())
        for name, weight in model.parameters.items()
    }
