import numpy as np
import pytest
from numba import njit
from unrolled.cells import RNN
from unrolled.ensembles import kernels
from unrolled.gradcheck import numerical_gradient

F = np.float32
H, D, T = 8, 2, 6


@njit
def _tanh_of(x):
    y = np.empty_like(x)
    for k in range(x.size):
        y[k] = kernels.tanh(x[k])
    return y


def test_the_fraction_is_tanh():
    x = np.linspace(-20, 20, 400_001).astype(F)
    error = np.abs(_tanh_of(x) - np.tanh(x.astype(np.float64)))
    assert error.max() < 4e-7


@pytest.mark.parametrize(("depth", "good"), [(9, False), (13, True)])
def test_the_fraction_needs_its_depth(depth, good):
    p, q = (c.astype(float) for c in kernels.tanh_fraction(depth))
    x = np.linspace(0, 9, 1000)
    value = x * np.polyval(p[::-1], x**2) / np.polyval(q[::-1], x**2)
    assert (np.abs(value - np.tanh(x)).max() < 1e-7) == good


def _network(rng):
    cell = RNN(D, H, rng=rng, dtype=F)
    for bias in (cell.bias_ih, cell.bias_hh):
        bias[:] = rng.normal(size=H)
    readout, bias = rng.normal(size=H).astype(F), F(0.3)
    rows = [cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh, readout, [bias]]
    return cell, readout, bias, np.concatenate([np.ravel(r) for r in rows]).astype(F)


def _loss(theta, x, y, weight, lengths, is_bit, late_bias):
    z = kernels.outputs(theta, x, lengths, H, H, late_bias).astype(np.float64)
    entropy, square = np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))), (z - y) ** 2
    loss = entropy if is_bit else square
    return float((loss * weight).sum() / weight.sum())


def test_outputs_are_those_of_the_cell():
    rng = np.random.default_rng(0)
    cell, readout, bias, theta = _network(rng)
    x = rng.normal(size=(150, T, D)).astype(F)  # more sequences than lanes
    lengths = rng.integers(1, T + 1, 150)
    inside = np.arange(T) < lengths[:, None]
    expected = (cell.forward(x)[0] * inside[..., None]) @ readout + bias
    np.testing.assert_allclose(
        kernels.outputs(theta, x, lengths, H, H, False)[..., 0], expected, atol=2e-6
    )


@pytest.mark.parametrize("is_bit", [True, False])
@pytest.mark.parametrize("late_bias", [True, False])
@pytest.mark.parametrize("ragged", [True, False])
@pytest.mark.parametrize("n", [5, kernels.LANES + 3])  # fewer than lanes, and more
def test_gradients_are_those_of_central_differences(is_bit, late_bias, ragged, n):
    """One SGD step of rate 1 shows the gradient; the loss returned is the loss."""
    rng = np.random.default_rng(1)
    *_, theta = _network(rng)
    x = rng.normal(size=(n, T, D)).astype(F)
    y = rng.integers(0, 2, (n, T, 1)).astype(F)
    weight = rng.integers(0, 2, (n, T, 1)).astype(F)
    lengths = rng.integers(1, T + 1, n) if ragged else np.full(n, T)
    case = (x, y, weight, lengths, is_bit, late_bias)
    moved = theta.copy()
    seen = kernels.advance(
        moved, np.ones_like(theta), np.zeros((2, len(theta)), F), 0, np.ones(1),
        *(part[None] for part in case[:4]), H, H, is_bit, 0.0, 0.0, False, late_bias, 0,
    )  # fmt: skip
    assert seen[0, 0] == pytest.approx(_loss(theta, *case), abs=1e-5)
    expected = numerical_gradient(lambda moved: _loss(moved, *case), theta, eps=1e-2)
    np.testing.assert_allclose(theta - moved, expected, atol=1e-3)
    assert np.abs(expected).max() > 0.02
