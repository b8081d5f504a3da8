"""Backwards and forwards give the cell's gradient, at the cost that is claimed."""

import numpy as np
import pytest
import torch
from unrolled.cells import RNN
from unrolled.gradcheck import numerical_gradient
from unrolled.studies import modes

N, T, D, H = 3, 5, 2, 4


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    cell = RNN(D, H, rng=rng)
    x, d_outputs = rng.normal(size=(N, T, D)), rng.normal(size=(N, T, H))
    return cell, x, d_outputs, rng.normal(size=(N, H))


@pytest.mark.parametrize("mode", [modes.backwards, modes.forwards])
def test_both_modes_give_the_cell_s_gradient(mode, case):
    cell, x, d_outputs, state = case
    _, grads = cell.backward(d_outputs, cell.forward(x, state)[2])
    right = [grads[name].ravel() for name in ("weight_ih", "weight_hh", "bias_ih")]
    found = mode(cell, x, d_outputs, state).gradient
    np.testing.assert_allclose(found, np.concatenate(right), atol=1e-12)


def test_the_smallest_bill_can_be_checked_by_hand():
    cell, one = RNN(1, 1, rng=np.random.default_rng(0)), np.ones((1, 1, 1))
    back = modes.backwards(cell, one, one, np.ones((1, 1)))
    assert (back.run.products, back.rest.products, back.rest.kept) == (2, 4, 3)  # x_1, h_0, h_1
    forw = modes.forwards(cell, one, one, np.ones((1, 1)))
    assert (forw.rest.products, forw.rest.kept) == (6, 3)  # three parameters, twice; S_1


def test_only_going_back_costs_memory_for_every_step(case):
    cell, x, d_outputs, state = case
    short, long = (slice(None), slice(2)), (slice(None), slice(4))
    bills = {
        mode: [mode(cell, x[s], d_outputs[s], state).rest.kept for s in (short, long)]
        for mode in (modes.backwards, modes.forwards)
    }
    assert bills[modes.backwards][1] - bills[modes.backwards][0] == 2 * N * (D + H)
    assert bills[modes.forwards][1] == bills[modes.forwards][0]


def test_the_immediate_derivative_is_measured(case):
    cell, x, _, state = case
    theta = np.concatenate([cell.weight_ih.ravel(), cell.weight_hh.ravel(), cell.bias_ih])

    def a(theta, unit):
        w_ih, w_hh = theta[: H * D].reshape(H, D), theta[H * D : -H].reshape(H, H)
        return (w_ih @ x[0, 0] + w_hh @ state[0] + theta[-H:])[unit]

    rows = [numerical_gradient(lambda at, i=i: a(at, i), theta) for i in range(H)]
    np.testing.assert_allclose(modes.immediate(x[0, 0], state[0]), rows, atol=1e-9)


def detached(cell, x, d_outputs, steps):
    """∂L/∂W_hh in PyTorch, each loss read from a state detached `steps` steps before."""
    states = np.concatenate([np.zeros((N, 1, H)), cell.forward(x)[0]], axis=1)
    w_ih, w_hh, b_ih, b_hh = (torch.from_numpy(p.copy()) for p in cell.parameters.values())
    w_hh.requires_grad_()
    loss = torch.zeros(())
    for t in range(T):
        first = max(0, t + 1 - steps)
        h = torch.from_numpy(states[:, first])
        for k in range(first, t + 1):
            h = torch.tanh(torch.from_numpy(x[:, k]) @ w_ih.T + h @ w_hh.T + b_ih + b_hh)
        loss = loss + (h * torch.from_numpy(d_outputs[:, t])).sum()
    loss.backward()
    return w_hh.grad.numpy()


@pytest.mark.parametrize("steps", [1, 2, 4, T])
def test_a_cut_gradient_is_autograd_s_with_detached_states(steps, case):
    cell, x, d_outputs, _ = case
    found = modes.cut(cell, x, d_outputs, steps)
    np.testing.assert_allclose(found, detached(cell, x, d_outputs, steps), atol=1e-12)


def test_nothing_is_cut_from_the_whole(case):
    cell, x, d_outputs, _ = case
    _, grads = cell.backward(d_outputs, cell.forward(x)[2])
    np.testing.assert_allclose(modes.cut(cell, x, d_outputs, T), grads["weight_hh"], atol=1e-12)
    errors = modes.cut_errors(cell, x, d_outputs)
    assert errors.shape == (T,)
    assert errors[-1] == 0
    assert errors[0] > 0.1
