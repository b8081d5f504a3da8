"""Witnesses for the plain recurrent network: forward, backward and the gradient's decay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from statistics import NormalDist

import numpy as np

from unrolled import cells, evidence, tasks
from unrolled.derivations import recurrence
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
    evaluate,
    from_step_1,
)

D, H, O, T, B = 2, 3, 2, 4, 5  # noqa: E741 - the book's letters
CHAINS = ((2, 3, 4), (1, 2, 6), (4, 5, 3))  # D, H, T
HAND_X, HAND_H, HAND_Y = (9, 4, -2), (0.970688, 0.507328, 0.0753461), -0.0527423
STEP_JACOBIAN, JACOBIAN = recurrence.d_h_step.name, recurrence.d_h_T.name
JACOBIAN_NORM = recurrence.norm_Tk.name


def _rnn_world(weights: dict, x: np.ndarray, h: np.ndarray, h_0: np.ndarray) -> World:
    """Name the arrays of one network: x [N, T, D], h [N, T, H], h_0 [N, H]."""
    names = {"W_{ih}": "weight_ih", "W_{hh}": "weight_hh"}
    named = {letter: weights[name] for letter, name in names.items()}
    named |= {f"b_{{{side}}}": weights[f"bias_{side}"][:, None] for side in ("ih", "hh")}
    x, h = (as_columns(a.swapaxes(0, 1)) for a in (x, h))
    return {**named, "x": from_step_1(x), "h": from_step_1(h, h_0.T)}


def numpy_rnn(equation: Equation) -> Gap:
    """Compare with `unrolled.cells.RNN`."""
    rng = np.random.default_rng(1)
    cell = cells.RNN(D, H, rng=rng)
    x, h_0 = rng.normal(size=(B, T, D)), rng.normal(size=(B, H))
    h, _, _ = cell.forward(x, h_0)
    world = _rnn_world(cell.parameters, x, h, h_0)
    return compare(equation, each_step(world, last=T))


def torch_rnn(equation: Equation) -> Gap:
    """Compare with `torch.nn.RNN`."""
    import torch

    layer = torch.nn.RNN(D, H, batch_first=True, dtype=torch.float64)
    rng = np.random.default_rng(2)
    for parameter in layer.parameters():
        parameter.data = torch.from_numpy(rng.normal(size=parameter.shape))
    x, h_0 = rng.normal(size=(B, T, D)), rng.normal(size=(B, H))
    with torch.no_grad():
        h = layer(torch.from_numpy(x), torch.from_numpy(h_0)[None])[0].numpy()
    weights = {name[:-3]: p.detach().numpy() for name, p in layer.named_parameters()}
    return compare(equation, each_step(_rnn_world(weights, x, h, h_0), last=T))


def torch_readout(equation: Equation) -> Gap:
    """Compare with the readout of `unrolled.torch_models.SequenceTagger`."""
    import torch

    from unrolled.torch_models import SequenceTagger, seeded

    with seeded(3), torch.no_grad():
        tagger = SequenceTagger("rnn", D, H, output_size=O).double()
        x = torch.randn(B, T, D, dtype=torch.float64)
        h, y = tagger.recurrent(x)[0].numpy(), tagger(x).numpy()
        weight, bias = tagger.readout.weight.numpy(), tagger.readout.bias.numpy()
    h, y = (from_step_1(as_columns(a.swapaxes(0, 1))) for a in (h, y))
    return compare(
        equation, each_step({"V": weight, "b_{y}": bias[:, None], "h": h, "y": y}, last=T)
    )


def hand_numbers(equation: Equation) -> Gap:
    """Compare with the numbers of assignment A3.1, to the digits printed."""
    weights = {"W^{i}": 0.5, "W^{h}": -1.0, "W^{o}": -0.7, "b_{h}": -1.0, "b_{o}": 0.0}
    y = np.array([np.nan, np.nan, np.nan, HAND_Y])
    world = {**weights, "x": from_step_1(HAND_X), "h": from_step_1(HAND_H, 0.0), "y": y}
    first = 3 if equation.label == "eq-hand-output" else 1  # one output is asked for, the last
    return compare(equation, each_step(world, first, last=3), tolerance=1e-6)


def torch_hand(equation: Equation) -> Gap:
    """Compare with three `torch.nn.Linear` layers of one unit each."""
    import torch

    w_i, w_h, w_o, b_h, b_o = np.random.default_rng(4).normal(size=5)
    parts = []
    for weight, bias in ((w_i, b_h), (w_h, 0.0), (w_o, b_o)):
        parts.append(torch.nn.Linear(1, 1, dtype=torch.float64))
        torch.nn.init.constant_(parts[-1].weight, weight)
        torch.nn.init.constant_(parts[-1].bias, bias)
    x, h, y = (
        torch.tensor([[0.3], [-1.2], [0.8]], dtype=torch.float64),
        [torch.zeros(1).double()],
        [],
    )
    with torch.no_grad():
        for x_t in x:
            h.append(torch.sigmoid(parts[0](x_t) + parts[1](h[-1])))
            y.append(float(parts[2](h[-1])))
    world = {"W^{i}": w_i, "W^{h}": w_h, "W^{o}": w_o, "b_{h}": b_h, "b_{o}": b_o}
    world |= {"x": from_step_1(x[:, 0].numpy()), "h": np.array([float(h_t) for h_t in h])}
    return compare(equation, each_step({**world, "y": from_step_1(y)}, last=3))


def _chain(
    seed: int, sizes: tuple[int, int, int] = (D, H, T)
) -> tuple[cells.RNN, np.ndarray, np.ndarray]:
    """Draw a cell with weights of size 1, inputs [1, T, D] and a first state [1, H]."""
    rng, (d, h, steps) = np.random.default_rng([seed, *sizes]), sizes
    cell = cells.RNN(d, h, rng=rng)
    for parameter in cell.parameters.values():
        parameter[...] = rng.normal(size=parameter.shape)
    return cell, rng.normal(size=(1, steps, d)) / 2, rng.normal(size=(1, h))


@cache
def chain_worlds(seed: int, jacobian: Callable) -> tuple[World, ...]:
    """Name the Jacobians ∂h_t/∂h_{t-1} and ∂h_T/∂h_k; `jacobian(cell, x, h)` measures them."""
    worlds = []
    for sizes in CHAINS:
        cell, x, h_0 = _chain(seed, sizes)
        h, steps = np.concatenate([h_0, cell.forward(x, h_0)[0][0]]), sizes[2]
        world = {"W_{hh}": cell.weight_hh, "h": h[:, :, None], "T": steps, "H": sizes[1]}
        for t in range(1, steps + 1):
            one_step = jacobian(cell, x[:, t - 1 : t], h[t - 1 : t])
            to_the_end = jacobian(cell, x[:, t - 1 :], h[t - 1 : t])
            names = {STEP_JACOBIAN: one_step, JACOBIAN: to_the_end}
            worlds.append({**world, **names, "t": t, "k": t - 1})
    return tuple(worlds)


def _torch_jacobian_of(cell: cells.RNN, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    import torch

    w_ih, w_hh, b_ih, b_hh = (torch.from_numpy(p) for p in cell.parameters.values())

    def last_state(h_t: torch.Tensor) -> torch.Tensor:
        for x_t in torch.from_numpy(x[0]):
            h_t = torch.tanh(w_ih @ x_t + b_ih + w_hh @ h_t + b_hh)
        return h_t

    return torch.autograd.functional.jacobian(last_state, torch.tensor(h[0])).numpy()


def _last_state(cell: cells.RNN, x: np.ndarray, unit: int, state: np.ndarray) -> float:
    return cell.forward(x, state)[1][0, unit]


def _measured_jacobian_of(cell: cells.RNN, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    start = h.copy()
    rows = [
        numerical_gradient(partial(_last_state, cell, x, unit), start)[0]
        for unit in range(len(start[0]))
    ]
    return np.stack(rows)


def torch_jacobian(equation: Equation) -> Gap:
    """Compare with PyTorch's Jacobians of the same steps."""
    return compare(equation, chain_worlds(13, _torch_jacobian_of))


def jacobian_differences(equation: Equation) -> Gap:
    """Compare with central differences of `unrolled.cells.RNN`."""
    return compare(equation, chain_worlds(14, _measured_jacobian_of), DIFFERENCES)


def jacobian_norms(equation: Equation) -> Gap:
    """Try the bound on random networks; a scaled rotation at the state 0 reaches it."""
    worlds = []
    for seed in range(20, 40):
        cell, x, h_0 = _chain(seed)
        h = cell.forward(x, h_0)[0][0]
        norm = np.linalg.norm(_torch_jacobian_of(cell, x, h_0), 2)
        sigma = np.linalg.norm(cell.weight_hh, 2)
        worlds.append(_bound_world(norm, np.max(1 - h**2), sigma))
    cell, x, h_0 = _rotation(0.9)
    norm = np.linalg.norm(_torch_jacobian_of(cell, x, h_0), 2)
    return bound(equation, worlds, _bound_world(norm, 1.0, 0.9))


def _bound_world(norm: np.floating, gamma: float, sigma: float | np.floating) -> World:
    return {JACOBIAN_NORM: norm, r"\gamma": gamma, r"\sigma_{\max}": sigma, "T": T, "k": 0}


def _rotation(scale: float) -> tuple[cells.RNN, np.ndarray, np.ndarray]:
    """Make a cell that multiplies by `scale` and rotates, at rest: no input, no bias, state 0."""
    cell, x, h_0 = _chain(15)
    orthogonal = np.linalg.qr(cell.weight_hh)[0]
    for parameter in cell.parameters.values():
        parameter[...] = 0
    cell.weight_hh[...] = scale * orthogonal
    return cell, 0 * x, 0 * h_0


def gradient_factor(equation: Equation) -> Gap:
    """Measure it on cells that multiply every gradient by a known factor at each step."""
    worlds = []
    for scale in (0.6, 1.0, 1.3):
        norm = np.linalg.norm(_torch_jacobian_of(*_rotation(scale)), 2)
        worlds.append({recurrence.norm_T0.name: norm, "T": T, r"\rho": scale})
    return compare(equation, worlds)


def memory_samples(equation: Equation) -> Gap:
    """Compare with the mean square of 400,000 targets of `unrolled.tasks.memory`."""
    _, y = tasks.memory(400_000, 1, rng=np.random.default_rng(16))
    measured = np.mean(y.astype(float) ** 2)
    return Gap(abs(float(measured - evaluate(equation.rhs, {}))), 3e-3)


def counted_by_hand(equation: Equation) -> Gap:
    """Count losses below a threshold by hand; a loss equal to it does not count."""
    losses = from_step_1([0.02, 0.004, 0.01, 0.0003, 0.3])
    world = {"L": losses, recurrence.solved_below.name: 0.01, "n": 5, "k": 2}
    return compare(equation, [world])


def _wilson_worlds(equation: Equation) -> Iterator[dict]:
    for k, n, level in ((6, 40, 0.95), (10, 10, 0.95), (0, 5, 0.9), (23, 41, 0.99)):
        z = NormalDist().inv_cdf((1 + level) / 2)
        ends = np.array(evidence.wilson(k, n, level))
        yield {r"p_{\pm}": ends, r"\hat{p}": k / n, "n": n, "z": z}


def evidence_wilson(equation: Equation) -> Gap:
    """Compare with `unrolled.evidence.wilson`."""
    return compare(equation, _wilson_worlds(equation))


def score_equation(equation: Equation) -> Gap:
    """Put both ends into what defines them: (p̂ - p)² = z² p (1 - p) / n, lower end first."""
    errors = []
    for world in _wilson_worlds(equation):
        low, high = evaluate(equation.rhs, world)
        p_hat, n, z = world[r"\hat{p}"], world["n"], world["z"]
        errors += [abs((p_hat - p) ** 2 - z**2 * p * (1 - p) / n) for p in (low, high)]
        errors.append(max(low - p_hat, p_hat - high))
    return Gap(float(max(errors)), EXACT)
