"""Witnesses for gradients over time: powers multiplied out, determinants measured, clipping run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.stats import gmean
from sympy import diff, simplify

from unrolled import cells
from unrolled.derivations import spectrum
from unrolled.derivations.notation import Equation
from unrolled.training import clip_gradients
from unrolled.witnesses.numbers import DIFFERENCES, EXACT, Gap, World, compare
from unrolled.witnesses.recurrence import _torch_jacobian_of

LIMIT = 1e-5  # the power of 2²⁴ steps is not the limit yet
GRID = 6e-4  # a grid of steps 1e-3 apart
TORCH_CLIP = 1e-6  # PyTorch adds 1e-6 to the norm before it divides
SIZES = ((2, 3, 4), (1, 5, 6), (3, 2, 1))  # D, H, T


def multiplied_out(equation: Equation) -> Gap:
    """Multiply matrices of random numbers, and the two of the chapter, step by step."""
    rng = np.random.default_rng(1)
    pairs = [(0.9, 5.0), (1.0, 2.0), *rng.normal(size=(3, 2))]
    worlds = [{"lambda": lam, "b": b, "t": t} for lam, b in pairs for t in (1, 2, 5, 9)]
    return compare(equation, worlds)


def by_induction(equation: Equation) -> Gap:
    """Prove it in SymPy: right for t = 1, and one more factor turns the case t into t + 1."""
    t, claim = spectrum.t, equation.rhs
    first = claim.subs(t, 1) - spectrum.shear
    step = claim * spectrum.shear - claim.subs(t, t + 1)
    proved = all(simplify(entry) == 0 for entry in (*first, *step))
    return Gap(0.0 if proved else 1.0, EXACT)


def derivative_is_zero(equation: Equation) -> Gap:
    """Differentiate the corner t b λ^(t-1) in SymPy and put the claimed step in."""
    t, lam = spectrum.t, spectrum.lam
    slope = diff(t * lam ** (t - 1), t)
    values = [
        float(slope.subs(t, equation.rhs).subs(lam, number).evalf(30))
        for number in (0.3, 0.5, 0.9, 0.99)
    ]
    return Gap(max(map(abs, values)), EXACT)


def largest_on_a_grid(equation: Equation) -> Gap:
    """Look for the largest corner among steps 1/1000 apart."""
    steps = np.arange(1, 200_000) / 1000
    worlds = []
    for lam in (0.5, 0.9, 0.97):
        best = steps[np.argmax(steps * lam ** (steps - 1))]
        worlds.append({spectrum.peak.name: best, "lambda": lam})
    return compare(equation, worlds, GRID)


def _rate_of_powers(matrix: np.ndarray, doublings: int = 24) -> float:
    """Return the root of the norm of a high power, by squaring and rescaling."""
    power, size = matrix, 0.0  # matrix^(2^j) = power · e^size
    for _ in range(doublings):
        norm = np.linalg.norm(power, 2)
        power, size = (power / norm) @ (power / norm), 2 * (size + np.log(norm))
    return float(np.exp((size + np.log(np.linalg.norm(power, 2))) / 2**doublings))


def repeated_squaring(equation: Equation) -> Gap:
    """Take the power of 2²⁴ of random matrices, and of one with a double eigenvalue."""
    rng = np.random.default_rng(2)
    matrices = [np.array([[0.9, 5.0], [0.0, 0.9]]), *(rng.normal(size=(n, n)) for n in (2, 4, 7))]
    worlds = []
    for matrix in matrices:
        largest = np.abs(np.linalg.eigvals(matrix)).max()
        sides = {spectrum.power_rate.name: _rate_of_powers(matrix), spectrum.radius.name: largest}
        worlds.append(sides | {r"\sigma_{\max}": np.linalg.norm(matrix, 2)})
    return compare(equation, worlds, LIMIT)


def _volumes(jacobian: Callable) -> Iterator[World]:
    """Draw networks of three sizes; `jacobian(cell, x, h_0)` measures ∂h_T/∂h_0 [H, H]."""
    for seed, (d, h, t) in enumerate(SIZES):
        rng = np.random.default_rng(seed)
        cell = cells.RNN(d, h, rng=rng)
        cell.weight_hh[...] += np.linalg.qr(rng.normal(size=(h, h)))[0]  # far from singular
        x, h_0 = rng.normal(size=(1, t, d)) / 2, rng.normal(size=(1, h)) / 4
        states = np.full((t + 1, h + 1), np.nan)  # counted from 1, as the equation counts
        states[1:, 1:] = cell.forward(x, h_0)[0][0]
        slopes = 1 - states[1:, 1:] ** 2
        world: World = {"h": states, "H": h, "T": t, spectrum.mean_slope.name: gmean(slopes, None)}
        det = abs(np.linalg.det(jacobian(cell, x, h_0)))
        world[spectrum.volume.name] = det ** (1 / (h * t))
        det = abs(np.linalg.det(cell.weight_hh))
        yield world | {spectrum.volume_of_weights.name: det ** (1 / h)}


def _tape_jacobian_of(cell: cells.RNN, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    import torch  # noqa: F401 - before TensorFlow: the other order can crash

    # isort: split
    import tensorflow as tf

    w_ih, w_hh, b_ih, b_hh = map(tf.constant, cell.parameters.values())
    h_0 = tf.constant(h[0])
    with tf.GradientTape() as tape:
        tape.watch(h_0)
        h_t = h_0
        for x_t in x[0]:
            h_t = tf.tanh(tf.linalg.matvec(w_ih, x_t) + b_ih + tf.linalg.matvec(w_hh, h_t) + b_hh)
    return tape.jacobian(h_t, h_0).numpy()


def _measured_jacobian_of(cell: cells.RNN, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    nudges = 1e-5 * np.eye(h.shape[1])[:, None]
    moved = [cell.forward(x, h + e)[1] - cell.forward(x, h - e)[1] for e in nudges]
    return np.concatenate(moved).T / 2e-5


def scipy_mean(equation: Equation) -> Gap:
    """Compare with `scipy.stats.gmean`."""
    return compare(equation, _volumes(lambda cell, x, h_0: np.eye(h_0.shape[1])))


def torch_volume(equation: Equation) -> Gap:
    """Compare with the determinant of PyTorch's Jacobian."""
    return compare(equation, _volumes(_torch_jacobian_of))


def tape_volume(equation: Equation) -> Gap:
    """Compare with the determinant of the Jacobian from TensorFlow's GradientTape."""
    return compare(equation, _volumes(_tape_jacobian_of))


def volume_differences(equation: Equation) -> Gap:
    """Compare with the determinant of a Jacobian measured by central differences."""
    return compare(equation, _volumes(_measured_jacobian_of), DIFFERENCES)


def _clipped(clip: Callable[[list, float], list]) -> Iterator[World]:
    """Clip gradients in two parts, long ones and short ones, and name what comes out."""
    rng = np.random.default_rng(3)
    for largest in (1.0, 30.0, 1e4):
        parts = [rng.normal(size=(6, 4)) * 10, rng.normal(size=5) * 10]
        before = np.concatenate([part.ravel() for part in parts])
        after = np.concatenate([part.ravel() for part in clip(parts, largest)])
        lengths = (float(np.linalg.norm(v)) for v in (before, after))
        sides = zip((spectrum.norm.name, spectrum.norm_hat.name), lengths, strict=True)
        yield {"g": before[:, None], r"\hat{g}": after[:, None], "c": largest} | dict(sides)


def _by_numpy(parts: list, largest: float) -> list:
    named = {str(k): part.copy() for k, part in enumerate(parts)}
    clip_gradients(named, largest)
    return list(named.values())


def _by_torch(parts: list, largest: float) -> list:
    import torch

    weights = [torch.nn.Parameter(torch.zeros(part.shape, dtype=torch.float64)) for part in parts]
    for weight, part in zip(weights, parts, strict=True):
        weight.grad = torch.from_numpy(part.copy())
    torch.nn.utils.clip_grad_norm_(weights, largest)
    return [np.asarray(weight.grad) for weight in weights]


def numpy_clip(equation: Equation) -> Gap:
    """Compare with `unrolled.training.clip_gradients`."""
    return compare(equation, _clipped(_by_numpy))


def torch_clip(equation: Equation) -> Gap:
    """Compare with `torch.nn.utils.clip_grad_norm_`."""
    return compare(equation, _clipped(_by_torch), TORCH_CLIP)
