"""Witnesses for assignment 4's network: forward, backward through time, loss and differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from unrolled import memory
from unrolled.derivations import recurrence
from unrolled.derivations.notation import Equation
from unrolled.gradcheck import numerical_gradient
from unrolled.witnesses.numbers import (
    DIFFERENCES,
    Gap,
    World,
    as_columns,
    bound,
    compare,
    each_step,
    from_step_1,
)

D, H, O, T, B = 2, 3, 2, 4, 5  # noqa: E741 - the book's letters
TOTAL_R = recurrence.total_R.name
MSE_SLOPE = recurrence.mse_slope.name


def _memory(seed: int) -> tuple[memory.RNN, np.ndarray, np.ndarray]:
    """Draw a network of assignment 4 with nothing zero or symmetric, inputs and targets."""
    rng = np.random.default_rng(seed)
    net = memory.RNN(D, H, O, rng=rng)
    net.set_weights({name: rng.normal(size=w.shape) / 2 for name, w in net.parameters.items()})
    return net, rng.normal(size=(T, B, D)), rng.normal(size=(B, O))


def _memory_world(net: memory.RNN, x: np.ndarray) -> dict:
    weights = {"W": net.W, "R": net.R, "V": net.V, "b_{s}": net.b_s, "b_{y}": net.b_y}
    return {**weights, "x": from_step_1(as_columns(x)), "T": T, "B": B, "H": H}


def memory_network(equation: Equation) -> Gap:
    """Compare with `unrolled.memory.RNN`, running forward."""
    net, x, _ = _memory(5)
    y_hat = net.forward(x)
    world = {**_memory_world(net, x), r"\hat{y}": y_hat.T, "h": as_columns(np.asarray(net.states))}
    return compare(equation, each_step(world, last=T))


def _torch_memory(net: memory.RNN, x: np.ndarray, y: np.ndarray) -> dict:
    """Run assignment 4's network in PyTorch, each step on its own copy of the weights."""
    import torch

    def leaf(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array.copy()).requires_grad_()

    copies = [{name: leaf(getattr(net, name)) for name in ("W", "R", "b_s")} for _ in range(T)]
    v, b_y, h, a = leaf(net.V), leaf(net.b_y), [torch.zeros(B, H, dtype=torch.float64)], []
    for x_t, step in zip(torch.from_numpy(x), copies, strict=True):
        a.append(
            torch.nn.functional.linear(x_t, step["W"].T, step["b_s"][:, 0]) + h[-1] @ step["R"]
        )
        a[-1].retain_grad()
        h.append(torch.tanh(a[-1]))
    y_hat = torch.nn.functional.linear(h[-1], v.T, b_y[:, 0])
    y_hat.retain_grad()
    torch.nn.functional.mse_loss(y_hat, torch.from_numpy(y)).backward()

    def shares(name: str) -> np.ndarray:
        return from_step_1(np.stack([np.asarray(step[name].grad) for step in copies]))

    return _memory_world(net, x) | {
        "h": as_columns(np.stack([h_t.detach().numpy() for h_t in h])),
        r"\delta": from_step_1(as_columns(np.stack([np.asarray(a_t.grad) for a_t in a]))),
        r"\hat{y}": y_hat.detach().numpy().T,
        recurrence.d_y_hat.name: np.asarray(y_hat.grad).T,
        "d_{V}": np.asarray(v.grad),
        "d_{b_y}": np.asarray(b_y.grad),
        "d_{W}": shares("W"),
        "d_{R}": shares("R"),
        "d_{b_s}": shares("b_s"),
        TOTAL_R: np.nansum(shares("R"), axis=0),
    }


def torch_memory(equation: Equation) -> Gap:
    """Compare with the same network in PyTorch."""
    return compare(equation, each_step(_torch_memory(*_memory(6)), last=T))


def torch_memory_backward(equation: Equation) -> Gap:
    """Compare with automatic differentiation, one copy of the weights for each step."""
    return compare(equation, each_step(_torch_memory(*_memory(7)), last=_last_step(equation)))


def _last_step(equation: Equation) -> int:
    """Stop where the recursion starts: δ_t needs δ_{t+1}."""
    return T - 1 if equation.label == "eq-memory-delta" else T


def memory_backward(equation: Equation) -> Gap:
    """Compare with `unrolled.memory.RNN.backward`.

    For a single sequence d_bs is δ itself, so B runs of one sequence give the columns of δ.
    """
    net, x, y = _memory(8)
    d_y_hat = 2 * (net.forward(x) - y) / y.size
    gradients, h = net.backward(d_y_hat), as_columns(np.asarray(net.states))
    deltas = []
    for b in range(B):
        net.forward(x[:, b : b + 1])
        deltas.append(net.backward(d_y_hat[b : b + 1])["d_bs"][:, :, 0])
    names = {"d_{V}": "d_V", "d_{b_y}": "d_by"}
    stepwise = {"d_{W}": "d_W", "d_{R}": "d_R", "d_{b_s}": "d_bs"}
    world = _memory_world(net, x) | {
        "h": h,
        r"\delta": from_step_1(np.stack(deltas, axis=-1)),
        recurrence.d_y_hat.name: d_y_hat.T,
        TOTAL_R: gradients["d_R"].sum(axis=0),
    }
    world |= {letter: gradients[name] for letter, name in names.items()}
    world |= {letter: from_step_1(gradients[name]) for letter, name in stepwise.items()}
    return compare(equation, each_step(world, last=_last_step(equation)))


def memory_differences(equation: Equation) -> Gap:
    """Compare with central differences of assignment 4's loss."""
    net, x, y = _memory(9)
    world = _torch_memory(net, x, y)

    def loss(_: np.ndarray) -> float:
        return memory.MSELoss().forward(net.forward(x), y)

    for letter, weight in (("d_{V}", net.V), ("d_{b_y}", net.b_y), (TOTAL_R, net.R)):
        world[letter] = numerical_gradient(loss, weight)
    return compare(equation, [world], DIFFERENCES)


def _mse_worlds(y_hat: np.ndarray, y: np.ndarray, loss: float, gradient: np.ndarray) -> list[World]:
    """Name a loss and its gradient; all arrays are [B]."""
    world = {r"\hat{y}": from_step_1(y_hat), "y": from_step_1(y), "B": len(y), "L": loss}
    return [{**world, MSE_SLOPE: gradient[b - 1], "b": b} for b in range(1, len(y) + 1)]


def memory_mse(equation: Equation) -> Gap:
    """Compare with `unrolled.memory.MSELoss`."""
    y_hat, y = np.random.default_rng(10).normal(size=(2, B, 1))
    mse = memory.MSELoss()
    loss, gradient = mse.forward(y_hat, y), mse.backward()
    return compare(equation, _mse_worlds(y_hat[:, 0], y[:, 0], loss, gradient[:, 0]))


def torch_mse(equation: Equation) -> Gap:
    """Compare with `torch.nn.functional.mse_loss` and its gradient."""
    import torch

    y_hat, y = torch.from_numpy(np.random.default_rng(11).normal(size=(2, B)))
    loss = torch.nn.functional.mse_loss(y_hat.requires_grad_(), y)
    loss.backward()
    arrays = y_hat.detach().numpy(), y.numpy(), loss.item(), np.asarray(y_hat.grad)
    return compare(equation, _mse_worlds(*arrays))


def mse_differences(equation: Equation) -> Gap:
    """Compare with central differences of `unrolled.memory.MSELoss`."""
    y_hat, y = np.random.default_rng(12).normal(size=(2, B))
    gradient = numerical_gradient(lambda guess: memory.MSELoss().forward(guess, y), y_hat)
    return compare(equation, _mse_worlds(y_hat, y, np.nan, gradient), DIFFERENCES)


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
