"""How far a gradient reaches: the Jacobians of the plain cell, their products, their spectra.

Everything is computed in float64 from the states that a forward pass leaves in the cache, and for
each sequence by itself: N sequences, T steps, H hidden. `unrolled.witnesses.recurrence` compares
the same equations with autograd and with central differences.

Source: Pascanu, Mikolov and Bengio (2013); chapter "Gradients over time".
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from unrolled import tasks
from unrolled.cells import RNN, Array, Cache
from unrolled.experiments.memory import LastOutput


def step_jacobians(cell: RNN, cache: Cache) -> Array:
    """Return how each state answers to the state before it.

    ∂h_t/∂h_{t-1} = diag(1 − h_t²) W_hh

    Args:
        cell: the plain cell.
        cache: what its `forward` returned.

    Returns:
        [N, T, H, H]; row i, column j holds ∂h_t[i] / ∂h_{t-1}[j].
    """
    slope = 1 - cache["h"].astype(np.float64) ** 2
    return slope[..., None] * cell.weight_hh


def jacobian_products(steps: Array) -> Array:
    """Multiply the Jacobians of the steps, the newest on the left.

    ∂h_t/∂h_0 = J_t J_{t-1} ⋯ J_1

    Args:
        steps: J_1 … J_T, [N, T, H, H].

    Returns:
        ∂h_1/∂h_0 … ∂h_T/∂h_0, [N, T, H, H].
    """
    products, so_far = np.empty_like(steps), np.eye(steps.shape[-1])
    for t in range(steps.shape[1]):
        so_far = steps[:, t] @ so_far
        products[:, t] = so_far
    return products


def singular_values(products: Array) -> Array:
    """Return the singular values of each product, the largest first: [N, T, H].

    A value below 10⁻¹⁵ of the largest is rounding and comes back as NaN.
    """
    values = np.linalg.svd(products, compute_uv=False)
    return np.where(values > 1e-15 * values[..., :1], values, np.nan)


def factor_per_step(steps: Array) -> Array:
    """Return each sequence's factor a step, [N]: the geometric mean over all T steps.

    ρ = ‖∂h_T/∂h_0‖₂^(1/T)

    Args:
        steps: J_1 … J_T, [N, T, H, H].
    """
    whole = jacobian_products(steps)[:, -1]
    return np.linalg.norm(whole, 2, axis=(1, 2)) ** (1 / steps.shape[1])


def gradients_in_states(steps: Array, d_last: Array) -> Array:
    """Carry the gradient of the loss in the last state back to every state.

    ∂L/∂h_{t-1} = (∂h_t/∂h_{t-1})ᵀ ∂L/∂h_t

    Args:
        steps: J_1 … J_T, [N, T, H, H].
        d_last: ∂L/∂h_T, [N, H].

    Returns:
        ∂L/∂h_0 … ∂L/∂h_T, [N, T + 1, H].
    """
    batch_size, seq_len, hidden_size, _ = steps.shape
    d_states = np.empty((batch_size, seq_len + 1, hidden_size))
    d_states[:, -1] = d_last
    for t in reversed(range(seq_len)):
        d_states[:, t] = np.einsum("nij,ni->nj", steps[:, t], d_states[:, t + 1])
    return d_states


def gradient_sizes(network: LastOutput, x: Array, y: Array) -> Array:
    """Return how long the loss's gradient in h_1 … h_T is, as a share of that in h_T.

    The loss of a sequence is (ŷ − y)²; the lengths are averaged over the sequences.

    Args:
        network: a plain cell with a readout of its last output.
        x: sequences [N, T, 1].
        y: targets [N, 1].

    Returns:
        [T]; the last entry is 1.
    """
    answers, (cache, _) = network.forward(x)
    d_last = 2 * (answers - y).astype(np.float64) @ network.readout
    d_states = gradients_in_states(step_jacobians(network.cell, cache), d_last)
    sizes = np.linalg.norm(d_states[:, 1:], axis=2).mean(axis=0)
    return sizes / sizes[-1]


def spectral_radius(matrix: Array) -> float:
    """Return the largest absolute value among the eigenvalues of a matrix [H, H]."""
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def largest_singular_value(matrix: Array) -> float:
    """Return the factor by which a matrix [H, H] stretches a vector at most."""
    return float(np.linalg.norm(matrix, 2))


def mean_slope(cache: Cache) -> Array:
    """Return each sequence's geometric mean of tanh's slopes over units and steps, [N]."""
    return np.exp(np.log1p(-(cache["h"].astype(np.float64) ** 2)).mean(axis=(1, 2)))


def at_start(
    weight_hh: Array,
    input_scale: float,
    *,
    seq_len: int = 40,
    n: int = 32,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Measure an untrained network on the memory task's inputs.

    Args:
        weight_hh: W_hh [H, H].
        input_scale: the input weights are uniform in ± this; biases are 0.
        seq_len: T.
        n: sequences, over which medians are taken.
        rng: draws input weights and inputs.

    Returns:
        Of W_hh, `radius` and `sigma_max`; `gamma`, the largest slope that occurs; `slope`, the
        geometric mean of the slopes; and a step's `factor`.
    """
    cell = RNN(1, len(weight_hh), rng=rng)
    cell.weight_ih[:] = rng.uniform(-input_scale, input_scale, cell.weight_ih.shape)
    cell.weight_hh[:] = weight_hh
    cell.bias_ih[:] = cell.bias_hh[:] = 0
    _, _, cache = cell.forward(rng.uniform(-1, 1, (n, seq_len, 1)))
    return {
        "radius": spectral_radius(weight_hh),
        "sigma_max": largest_singular_value(weight_hh),
        "gamma": float(1 - np.min(cache["h"] ** 2)),
        "slope": float(np.median(mean_slope(cache))),
        "factor": float(np.median(factor_per_step(step_jacobians(cell, cache)))),
    }


def factor_of(network: LastOutput, x: Array) -> float:
    """Return the median factor a step of a network on the sequences x [N, T, 1]."""
    _, (cache, _) = network.forward(x)
    return float(np.median(factor_per_step(step_jacobians(network.cell, cache))))


def spectrum(network: LastOutput, seq_len: int) -> Array:
    """Return the singular values of ∂h_t/∂h_0, medians over 64 sequences of the memory task.

    Args:
        network: a plain cell with a readout of its last output.
        seq_len: T.

    Returns:
        [T, H]; see `singular_values`.
    """
    x, _ = tasks.memory(64, seq_len, rng=np.random.default_rng(2))
    _, (cache, _) = network.forward(x)
    steps = step_jacobians(network.cell, cache)
    return np.median(singular_values(jacobian_products(steps)), axis=0)


def portrait(network: LastOutput, seq_len: int) -> tuple[float, float, float, float]:
    """Measure a network on 2,000 sequences of the memory task.

    Returns:
        Its mean squared error; the spectral radius of W_hh; the median of `mean_slope`; the median
        norm of ∂h_T/∂h_1, over 500 of the sequences.
    """
    x, y = tasks.memory(2000, seq_len, rng=np.random.default_rng(3))
    answers, (cache, _) = network.forward(x)
    after_1 = step_jacobians(network.cell, cache)[:500, 1:]
    reach = np.linalg.norm(jacobian_products(after_1)[:, -1], 2, axis=(1, 2))
    radius, slope = spectral_radius(network.cell.weight_hh), np.median(mean_slope(cache))
    return float(np.mean((answers - y) ** 2)), radius, float(slope), float(np.median(reach))


def by_hand(weight_ih: ArrayLike, weight_hh: ArrayLike, readout: ArrayLike) -> LastOutput:
    """Make a network without biases, in float64, of W_ih [H, 1], W_hh [H, H] and W_out [1, H]."""
    cell = RNN(1, len(np.asarray(weight_hh)))
    cell.weight_ih[:], cell.weight_hh[:] = weight_ih, weight_hh
    cell.bias_ih[:] = cell.bias_hh[:] = 0
    return LastOutput(cell, np.array(readout, float))


def delay_line(seq_len: int, small: float = 0.01) -> LastOutput:
    """Make the network that hands its first input from unit to unit, T units long."""
    shift, last = np.eye(seq_len, k=-1), np.eye(1, seq_len, k=seq_len - 1)
    return by_hand(small * np.eye(seq_len, 1), shift, last / small)


def amplifier(seq_len: int, gain: float = 6.0, small: float = 0.01) -> LastOutput:
    """Make the one-unit network that amplifies its first input at each step, up to `small`."""
    return by_hand([[small / gain ** (seq_len - 1)]], [[gain]], [[1 / small]])
