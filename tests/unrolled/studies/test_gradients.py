"""The Jacobians are autograd's, their products in the right order, and their norms in bounds."""

import numpy as np
import pytest
import torch
from unrolled import convert, tasks
from unrolled.assignments import settings_of
from unrolled.cells import RNN
from unrolled.experiments.memory import build
from unrolled.studies import gradients

N, T, D, H = 3, 5, 2, 4


@pytest.fixture
def cell():
    # Weights of no symmetry, and inputs large enough for slopes well below 1.
    return RNN(D, H, rng=np.random.default_rng(0))


@pytest.fixture
def x():
    return np.random.default_rng(1).normal(size=(N, T, D))


def state_after(cell, x, start):
    """Run a cell from `start` [N, H] and return its last state."""
    return cell.forward(x, start)[1]


def measured_product(cell, x, eps=1e-6):
    """Measure ∂h_T/∂h_0 [N, H, H] by central differences."""
    columns = []
    for nudge in eps * np.eye(H):
        start = np.broadcast_to(nudge, (N, H))
        difference = state_after(cell, x, start) - state_after(cell, x, -start)
        columns.append(difference / (2 * eps))
    return np.stack(columns, axis=-1)


def test_step_jacobians_are_autograd_s(cell, x):
    steps = gradients.step_jacobians(cell, cell.forward(x)[2])
    assert steps.shape == (N, T, H, H)
    layer = torch.nn.RNN(D, H, batch_first=True, dtype=torch.float64)
    layer.load_state_dict({k: torch.from_numpy(v) for k, v in convert.to_torch(cell).items()})
    states = np.concatenate([np.zeros((N, 1, H)), cell.forward(x)[0]], axis=1)
    for n in range(N):
        for t in range(T):
            x_t = torch.from_numpy(x[n, t : t + 1].copy())

            def step(h, x_t=x_t):
                return layer(x_t, h[None])[0][0]

            own = torch.autograd.functional.jacobian(step, torch.from_numpy(states[n, t].copy()))
            np.testing.assert_allclose(steps[n, t], own.numpy(), atol=1e-12)


def test_the_product_is_what_central_differences_measure(cell, x):
    steps = gradients.step_jacobians(cell, cell.forward(x)[2])
    products, measured = gradients.jacobian_products(steps), measured_product(cell, x)
    np.testing.assert_allclose(products[:, 0], steps[:, 0])
    np.testing.assert_allclose(products[:, -1], measured, atol=1e-9)


@pytest.mark.parametrize(
    "slip",
    [
        lambda steps: steps.swapaxes(2, 3),  # transposed
        lambda steps: steps[:, ::-1],  # the oldest on the left
        lambda steps: steps[:, :-1],  # a step forgotten
    ],
)
def test_a_slip_in_the_product_would_be_noticed(cell, x, slip):
    steps = slip(gradients.step_jacobians(cell, cell.forward(x)[2]))
    wrong = gradients.jacobian_products(steps)[:, -1]
    assert np.abs(wrong - measured_product(cell, x)).max() > 1e-3


def test_gradients_in_states_are_those_of_the_backward_pass(cell, x):
    d_last = np.random.default_rng(2).normal(size=(N, H))
    _, _, cache = cell.forward(x)
    d_states = gradients.gradients_in_states(gradients.step_jacobians(cell, cache), d_last)
    np.testing.assert_array_equal(d_states[:, -1], d_last)
    for t in range(T):  # the loss reads the last state: cut the sequence, start at state t
        start = cell.forward(x)[0][:, t - 1] if t else np.zeros((N, H))
        _, _, rest = cell.forward(x[:, t:], start)
        _, grads = cell.backward(np.zeros((N, T - t, H)), rest, d_last)
        np.testing.assert_allclose(d_states[:, t], grads["state"], atol=1e-12)


def test_the_factor_keeps_the_bound(cell, x):
    _, _, cache = cell.forward(x)
    factors = gradients.factor_per_step(gradients.step_jacobians(cell, cache))
    gamma = (1 - cache["h"] ** 2).max(axis=(1, 2))
    bounds = gamma * gradients.largest_singular_value(cell.weight_hh)
    assert factors.shape == (N,)
    assert (factors <= bounds).all()
    assert (factors > 0.5 * bounds).any()  # a factor of the wrong power would be far below


def test_the_factor_of_a_linear_network_is_known():
    cell, still = RNN(1, 2), np.zeros((1, 6, 1))
    cell.bias_ih[:] = cell.bias_hh[:] = 0
    cell.weight_hh[:] = [[0.0, -0.9], [0.9, 0.0]]  # a turn by 90 degrees, shrunk
    factor = gradients.factor_per_step(gradients.step_jacobians(cell, cell.forward(still)[2]))
    np.testing.assert_allclose(factor, 0.9)


def test_a_singular_value_above_one_need_not_grow():
    cell, still = RNN(1, 2), np.zeros((1, 3, 1))
    cell.bias_ih[:] = cell.bias_hh[:] = 0
    cell.weight_hh[:] = [[0, 10], [0, 0]]
    products = gradients.jacobian_products(gradients.step_jacobians(cell, cell.forward(still)[2]))
    np.testing.assert_array_equal(np.linalg.norm(products[0], 2, axis=(1, 2)), [10, 0, 0])
    assert gradients.spectral_radius(cell.weight_hh) == 0
    assert gradients.largest_singular_value(cell.weight_hh) == pytest.approx(10)


def test_singular_values_hide_what_is_rounding():
    products = np.zeros((1, 1, 3, 3))
    products[0, 0] = np.diag([1e-3, 2.0, 1e-16])
    np.testing.assert_allclose(gradients.singular_values(products)[0, 0], [2.0, 1e-3, np.nan])


def test_gradient_sizes_are_shares_of_the_last():
    network = build({"cell": "rnn"}, settings_of("memory-rnn", "recipe", "cpu"), seed=0)
    network.cell.weight_hh[:] = 0.5 * np.eye(10)
    network.cell.weight_ih[:] = 0
    x, y = np.zeros((4, 6, 1), np.float32), np.ones((4, 1), np.float32)
    sizes = gradients.gradient_sizes(network, x, y)
    np.testing.assert_allclose(sizes, 0.5 ** np.arange(5, -1, -1), rtol=1e-6)


def test_saturating_inputs_lower_the_factor_of_an_orthogonal_matrix():
    rng = np.random.default_rng(3)
    turn = np.linalg.qr(rng.normal(size=(H, H)))[0]
    small, large = (
        gradients.at_start(turn, scale, rng=np.random.default_rng(4))["factor"]
        for scale in (0.01, 3.0)
    )
    assert small == pytest.approx(1, abs=1e-3)
    assert large < 0.9


def test_mean_slope_is_geometric():
    cache = {"h": np.array([[[0.0, 0.6], [0.8, 0.0]]])}  # slopes 1, 0.64, 0.36 and 1
    np.testing.assert_allclose(gradients.mean_slope(cache), [(0.64 * 0.36) ** 0.25])


def test_at_start_tells_matrix_and_network_apart():
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(H, H)))[0]
    found = gradients.at_start(1.5 * turn, 0.01, rng=np.random.default_rng(4))
    assert found["radius"] == pytest.approx(1.5)
    assert found["sigma_max"] == pytest.approx(1.5)
    assert found["factor"] < found["gamma"] * 1.5
    assert found["slope"] < found["gamma"] <= 1


def test_an_orthogonal_matrix_loses_the_mean_slope_in_volume(cell, x):
    cell.weight_hh[:] = np.linalg.qr(cell.weight_hh)[0]
    _, _, cache = cell.forward(x)
    product = gradients.jacobian_products(gradients.step_jacobians(cell, cache))[:, -1]
    volume = np.abs(np.linalg.det(product)) ** (1 / (H * T))
    np.testing.assert_allclose(volume, gradients.mean_slope(cache), rtol=1e-12)


@pytest.mark.parametrize(
    ("network", "radius"), [(gradients.delay_line, 0), (gradients.amplifier, 6)]
)
def test_networks_by_hand_remember(network, radius):
    mse, measured, slope, reach = gradients.portrait(network(12), 12)
    assert mse < 0.01  # forgetting costs 1/3
    assert measured == pytest.approx(radius)
    assert slope > 0.99
    assert reach == pytest.approx(6.0**11 if radius else 1, rel=0.1)


def test_a_portrait_of_one_that_forgets():
    deaf = gradients.by_hand([[0.5]], [[0.0]], [[1.0]])
    mse, _, _, reach = gradients.portrait(deaf, 5)
    assert mse > 1 / 3
    assert reach == 0


def test_a_portrait_has_the_geometric_mean_of_the_slopes():
    uneven = gradients.by_hand([[0.0], [9.0]], np.zeros((2, 2)), np.ones((1, 2)))
    _, _, slope, _ = gradients.portrait(uneven, 6)
    x, _ = tasks.memory(2000, 6, rng=np.random.default_rng(3))
    logs = -2 * np.log(np.cosh(9 * x[:, :, 0].astype(float)))  # of the second unit's slopes
    assert slope == pytest.approx(np.median(np.exp(logs.mean(axis=1) / 2)), rel=1e-3)


def test_factor_and_spectrum_of_a_network_agree():
    network = gradients.by_hand(np.full((2, 1), 0.3), [[0.5, 0.2], [0.0, 0.9]], np.ones((1, 2)))
    x = np.random.default_rng(2).uniform(-1, 1, (64, 7, 1))
    _, (cache, _) = network.forward(x)
    steps = gradients.step_jacobians(network.cell, cache)
    assert gradients.factor_of(network, x) == np.median(gradients.factor_per_step(steps))
    values = gradients.spectrum(network, 7)
    assert values.shape == (7, 2)
    assert (values[:, 0] > values[:, 1]).all()
    assert (np.diff(values[:, 0]) < 0).all()
