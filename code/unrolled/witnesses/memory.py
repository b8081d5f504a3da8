"""Witnesses for assignment 4's network: forward, backward through time, loss and differences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from unrolled import memory
from unrolled.derivations import memory as derived
from unrolled.derivations.notation import Equation
from unrolled.gradcheck import numerical_gradient
from unrolled.witnesses.numbers import (
    DIFFERENCES,
    EXACT,
    Gap,
    World,
    as_columns,
    bound,
    compare,
    each_step,
    from_step_1,
)

SIZES = ((2, 3, 2, 4, 5), (1, 4, 3, 6, 2), (3, 2, 1, 5, 4))  # D, H, O, T, B
TOTAL_R, MSE_SLOPE, D_Y_HAT = (
    letter.name for letter in (derived.total_R, derived.mse_slope, derived.d_y_hat)
)


class Case(NamedTuple):
    """A network of assignment 4, inputs x [T, B, D] and targets y [B, O]."""

    net: memory.RNN
    x: np.ndarray
    y: np.ndarray


def case(sizes: tuple[int, int, int, int, int], rng: np.random.Generator) -> Case:
    """Draw a network, inputs and targets in which nothing is zero or symmetric.

    Args:
        sizes: D, H, O, T, B.
        rng: source of the numbers.
    """
    d, h, o, t, b = sizes
    net = memory.RNN(d, h, o, rng=rng)
    net.set_weights({name: rng.normal(size=w.shape) / 2 for name, w in net.parameters.items()})
    return Case(net, rng.normal(size=(t, b, d)), rng.normal(size=(b, o)))


def cases(seed: int) -> Iterator[Case]:
    """Draw one case of each of the sizes."""
    return (case(sizes, np.random.default_rng([seed, *sizes])) for sizes in SIZES)


def forward_world(net: memory.RNN, x: np.ndarray) -> World:
    """Name weights, inputs, sizes and what the forward pass makes of them."""
    y_hat = net.forward(x)
    weights = {"W": net.W, "R": net.R, "V": net.V, "b_{s}": net.b_s, "b_{y}": net.b_y}
    (t, b, _), (h, o) = x.shape, net.V.shape
    world = {**weights, "x": from_step_1(as_columns(x)), "T": t, "B": b, "H": h, "O": o}
    return world | {r"\hat{y}": y_hat.T, "h": as_columns(np.asarray(net.states))}


def backward_world(
    given: Case,
    deltas: np.ndarray,
    d_y_hat: np.ndarray,
    once: dict[str, np.ndarray],
    shares: dict[str, np.ndarray],
) -> World:
    """Name gradients, however they were obtained.

    Args:
        given: what was differentiated.
        deltas: gradients at the pre-activations [T, B, H].
        d_y_hat: gradient at the output [B, O].
        once: gradients of "V" and "b_y".
        shares: each step's share in the gradients of "W", "R" and "b_s", [T, …].
    """
    world = forward_world(given.net, given.x)
    world |= {r"\delta": from_step_1(as_columns(deltas)), D_Y_HAT: d_y_hat.T}
    world |= {f"d_{{{name}}}": gradient for name, gradient in once.items()}
    world |= {f"d_{{{name}}}": from_step_1(share) for name, share in shares.items()}
    return world | {TOTAL_R: shares["R"].sum(axis=0)}


def compare_steps(equation: Equation, worlds: Iterable[World], tolerance: float = EXACT) -> Gap:
    """Compare both sides at every step at which the equation holds."""
    short = equation.label == "eq-memory-delta"  # δ_t needs δ_{t+1}: it starts a step earlier
    steps = (step for w in worlds for step in each_step(w, last=w["T"] - short))
    return compare(equation, steps, tolerance)


def memory_network(equation: Equation) -> Gap:
    """Compare with `unrolled.memory.RNN`, running forward."""
    return compare_steps(equation, [forward_world(net, x) for net, x, _ in cases(5)])


@cache
def _torch_worlds(seed: int) -> tuple[World, ...]:
    return tuple(map(_torch_world, cases(seed)))


def _torch_world(given: Case) -> World:
    """Run assignment 4's network in PyTorch, each step on its own copy of the weights."""
    import torch

    def leaf(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array.copy()).requires_grad_()

    net, x, y = given
    copies = [{name: leaf(getattr(net, name)) for name in ("W", "R", "b_s")} for _ in x]
    v, b_y, a = leaf(net.V), leaf(net.b_y), []
    h = [torch.zeros(len(y), len(net.R), dtype=torch.float64)]
    for x_t, step in zip(torch.from_numpy(x), copies, strict=True):
        a.append(
            torch.nn.functional.linear(x_t, step["W"].T, step["b_s"][:, 0]) + h[-1] @ step["R"]
        )
        a[-1].retain_grad()
        h.append(torch.tanh(a[-1]))
    y_hat = torch.nn.functional.linear(h[-1], v.T, b_y[:, 0])
    y_hat.retain_grad()
    torch.nn.functional.mse_loss(y_hat, torch.from_numpy(y)).backward()
    shares = {
        name: np.stack([np.asarray(step[name].grad) for step in copies]) for name in copies[0]
    }
    once = {"V": np.asarray(v.grad), "b_y": np.asarray(b_y.grad)}
    deltas = np.stack([np.asarray(a_t.grad) for a_t in a])
    world = backward_world(given, deltas, np.asarray(y_hat.grad), once, shares)
    states = as_columns(np.stack([h_t.detach().numpy() for h_t in h]))
    return world | {"h": states, r"\hat{y}": y_hat.detach().numpy().T}


def torch_memory(equation: Equation) -> Gap:
    """Compare with the same network in PyTorch."""
    return compare_steps(equation, _torch_worlds(6))


def torch_memory_backward(equation: Equation) -> Gap:
    """Compare with automatic differentiation, one copy of the weights for each step."""
    return compare_steps(equation, _torch_worlds(7))


@cache
def _numpy_worlds() -> tuple[World, ...]:
    return tuple(map(_numpy_world, cases(8)))


def _numpy_world(given: Case) -> World:
    """Run the library's own backward pass.

    For a single sequence d_bs is δ itself, so B runs of one sequence give δ of the batch.
    """
    net, x, y = given
    d_y_hat = 2 * (net.forward(x) - y) / y.size
    deltas = []
    for b in range(len(y)):
        net.forward(x[:, b : b + 1])
        deltas.append(net.backward(d_y_hat[b : b + 1])["d_bs"][:, :, 0])
    net.forward(x)
    found = net.backward(d_y_hat)
    once = {"V": found["d_V"], "b_y": found["d_by"]}
    shares = {"W": found["d_W"], "R": found["d_R"], "b_s": found["d_bs"]}
    return backward_world(given, np.stack(deltas, axis=1), d_y_hat, once, shares)


def memory_backward(equation: Equation) -> Gap:
    """Compare with `unrolled.memory.RNN.backward`."""
    return compare_steps(equation, _numpy_worlds())


@cache
def _measured_worlds() -> tuple[World, ...]:
    return tuple(map(_measured_world, cases(9)))


def _measured_world(given: Case) -> World:
    """Move single numbers: a weight at one step only, or a pre-activation, or an output."""
    net, x, y = given
    once = {"V": net.V.copy(), "b_y": net.b_y.copy()}
    names = ("W", "R", "b_s")
    copies = {name: np.stack([getattr(net, name)] * len(x)) for name in names}
    push = np.zeros((*x.shape[:2], len(net.R)))  # added to the pre-activations, [T, B, H]

    def answer() -> np.ndarray:
        h = np.zeros(push.shape[1:])
        for x_t, w, r, b_s, push_t in zip(x, *copies.values(), push, strict=True):
            h = np.tanh(x_t @ w + h @ r + b_s.T + push_t)
        return h @ once["V"] + once["b_y"].T

    def loss(_: np.ndarray) -> float:
        return memory.MSELoss().forward(answer(), y)

    def loss_of(y_hat: np.ndarray) -> float:
        return memory.MSELoss().forward(y_hat, y)

    return backward_world(
        given,
        numerical_gradient(loss, push),
        numerical_gradient(loss_of, answer()),
        {name: numerical_gradient(loss, array) for name, array in once.items()},
        {name: numerical_gradient(loss, array) for name, array in copies.items()},
    )


def memory_differences(equation: Equation) -> Gap:
    """Compare with central differences of assignment 4's loss."""
    return compare_steps(equation, _measured_worlds(), DIFFERENCES)


def mse_points(seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Draw predictions and targets [B], for several B."""
    rng = np.random.default_rng(seed)
    return ((rng.normal(size=b), rng.normal(size=b)) for b in (5, 2, 9))


def mse_worlds(y_hat: np.ndarray, y: np.ndarray, loss: float, gradient: np.ndarray) -> list[World]:
    """Name a loss and its gradient; all arrays are [B]."""
    world = {r"\hat{y}": from_step_1(y_hat), "y": from_step_1(y), "B": len(y), "L": loss}
    return [{**world, MSE_SLOPE: gradient[b - 1], "b": b} for b in range(1, len(y) + 1)]


def memory_mse(equation: Equation) -> Gap:
    """Compare with `unrolled.memory.MSELoss`."""
    worlds = []
    for y_hat, y in mse_points(10):
        mse = memory.MSELoss()
        loss, gradient = mse.forward(y_hat[:, None], y[:, None]), mse.backward()
        worlds += mse_worlds(y_hat, y, loss, gradient[:, 0])
    return compare(equation, worlds)


def torch_mse(equation: Equation) -> Gap:
    """Compare with `torch.nn.functional.mse_loss` and its gradient."""
    import torch

    worlds = []
    for y_hat, y in mse_points(11):
        guess = torch.tensor(y_hat, requires_grad=True)
        loss = torch.nn.functional.mse_loss(guess, torch.from_numpy(y))
        loss.backward()
        worlds += mse_worlds(y_hat, y, loss.item(), np.asarray(guess.grad))
    return compare(equation, worlds)


def mse_differences(equation: Equation) -> Gap:
    """Compare with central differences of `unrolled.memory.MSELoss`."""
    worlds = []
    for y_hat, y in mse_points(12):
        gradient = numerical_gradient(partial(memory.MSELoss().forward, y_true=y), y_hat)
        worlds += mse_worlds(y_hat, y, np.nan, gradient)
    return compare(equation, worlds, DIFFERENCES)


def gradcheck_differences(equation: Equation) -> Gap:
    """Compare with `unrolled.gradcheck.numerical_gradient`, where ε is large enough to be seen."""
    worlds = []
    for theta in (-0.7, 0.4, 1.9):
        measured = numerical_gradient(lambda at: np.exp(at[0]), np.array([theta]), eps=0.1)
        names = {r"\theta": theta, r"\varepsilon": 0.1, "L": np.exp}
        worlds.append({**names, r"\hat{g}(\varepsilon)": measured[0]})
    return compare(equation, worlds)


def difference_error(equation: Equation) -> Gap:
    """Try the bound on sin 3θ; for θ³, whose third derivative is constant, it is reached."""

    def world(loss: Callable, slope: float, third: float, theta: float, eps: float) -> World:
        measured = numerical_gradient(lambda at: loss(at[0]), np.array([theta]), eps=eps)[0]
        names = {r"\hat{g}(\varepsilon)": measured, r"L'(\theta)": slope, r"\varepsilon": eps}
        return {**names, r"\max \left|L'''\right|": third}

    worlds = [
        world(lambda a: np.sin(3 * a), 3 * np.cos(3 * theta), 27, theta, eps)
        for theta in (0.0, 0.5, 1.1)
        for eps in (0.3, 0.03)
    ]
    return bound(equation, worlds, world(lambda a: a**3, 3 * 0.4**2, 6, 0.4, 0.2))
