"""Jacobians of the gated cells, their starts as the libraries draw them, and what is learnt."""

import numpy as np
import pytest
import torch
from unrolled import cells, tasks
from unrolled.cells import GRU, LSTM, RNN
from unrolled.studies import carrying, gradients

N, T, D, H = 3, 5, 2, 4


def draw(cell, seed=1):
    """Inputs and a first state that is not zero."""
    rng = np.random.default_rng(seed)
    x, h = rng.normal(size=(N, T, D)), rng.normal(size=(N, H))
    return x, (h, rng.normal(size=(N, H))) if isinstance(cell, LSTM) else h


def torch_lstm_jacobian(cell, x_t, h, c):
    """Differentiate one step of torch.nn.LSTMCell in the state (c, h), [2H, 2H]."""
    theirs = torch.nn.LSTMCell(D, H, dtype=torch.float64)
    theirs.load_state_dict({k: torch.tensor(v) for k, v in cell.parameters.items()})

    def step(state):
        c, h = state.chunk(2)
        h_t, c_t = theirs(torch.tensor(x_t)[None], (h[None], c[None]))
        return torch.cat([c_t[0], h_t[0]])

    state = torch.tensor(np.concatenate([c, h]))
    return torch.autograd.functional.jacobian(step, state).numpy()


def test_lstm_jacobians_are_autograd_s():
    cell = LSTM(D, H, rng=np.random.default_rng(0))
    x, (h, c) = draw(cell)
    cache = cell.forward(x, (h, c))[2]
    ours = carrying.lstm_jacobians(cell, cache)
    assert ours.shape == (N, T, 2 * H, 2 * H)
    for n, t in np.ndindex(N, T):
        theirs = torch_lstm_jacobian(cell, x[n, t], cache["h_prev"][n, t], cache["c_prev"][n, t])
        np.testing.assert_allclose(ours[n, t], theirs, atol=1e-13)


@pytest.mark.parametrize("reset_after", [True, False])
def test_gru_jacobians_are_what_central_differences_measure(reset_after):
    cell = GRU(D, H, reset_after=reset_after, rng=np.random.default_rng(0))
    x, h = draw(cell)
    ours = carrying.gru_jacobians(cell, cell.forward(x, h)[2])
    nudges = 1e-6 * np.eye(H)
    columns = [cell.forward(x[:, :1], h + e)[1] - cell.forward(x[:, :1], h - e)[1] for e in nudges]
    np.testing.assert_allclose(ours[:, 0], np.stack(columns, axis=-1) / 2e-6, atol=1e-9)


def test_the_two_forms_of_the_gru_differ():
    after, before = (GRU(D, H, reset_after=k, rng=np.random.default_rng(0)) for k in (True, False))
    x, h = draw(after)
    pair = [carrying.gru_jacobians(cell, cell.forward(x, h)[2])[:, 0] for cell in (after, before)]
    assert np.abs(pair[0] - pair[1]).max() > 1e-2


def test_a_steady_gate_without_recurrent_weights_gives_its_own_factor():
    cell = GRU(1, H)
    for array in cell.parameters.values():
        array[...] = 0
    cell.bias_ih[H : 2 * H] = 2.0
    steps = carrying.state_jacobians(cell, np.zeros((2, 6, 1)))
    np.testing.assert_allclose(gradients.factor_per_step(steps), cells.sigmoid(2.0))


def test_state_jacobians_know_every_cell():
    for cell, size in ((RNN(1, H), H), (LSTM(1, H), 2 * H), (GRU(1, H), H)):
        assert carrying.state_jacobians(cell, np.ones((N, T, 1))).shape == (N, T, size, size)


def test_pytorch_s_cells_are_pytorch_s():
    torch.manual_seed(5)
    layer = torch.nn.LSTM(1, H)
    cell = carrying.fresh_cell("lstm", "PyTorch", H, 5)
    np.testing.assert_array_equal(cell.weight_hh, layer.weight_hh_l0.detach().numpy())
    assert cell.dtype == np.float64


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_keras_s_cells_are_drawn_as_keras_draws():
    import keras

    for layer in (keras.layers.SimpleRNNCell, keras.layers.LSTMCell, keras.layers.GRUCell):
        default = layer(H)
        assert type(default.kernel_initializer) is keras.initializers.GlorotUniform
        assert type(default.recurrent_initializer) is keras.initializers.Orthogonal
    cell = carrying.fresh_cell("lstm", "Keras", H, 5)
    np.testing.assert_allclose(cell.weight_hh.T @ cell.weight_hh, np.eye(H), atol=1e-6)
    np.testing.assert_array_equal(cell.bias_ih, np.r_[np.zeros(H), np.ones(H), np.zeros(2 * H)])


def test_factors_are_those_of_the_whole_state_and_can_be_repeated():
    found = carrying.factors("lstm", "bias 3", 3, seq_len=7, draws=2)["factor"]
    for seed, factor in enumerate(found):
        x, _ = tasks.memory(1, 7, rng=np.random.default_rng([seed, 2]))
        steps = carrying.state_jacobians(carrying.fresh_cell("lstm", "bias 3", 3, seed), x)[0]
        whole = np.linalg.multi_dot(steps[::-1])
        np.testing.assert_allclose(factor, np.linalg.norm(whole, 2) ** (1 / 7))
    again = carrying.factors("lstm", "bias 3", 3, seq_len=7, draws=2)["factor"]
    np.testing.assert_array_equal(found, again)


def test_remember_learns_what_an_untrained_network_does_not_know():
    short = {"starts": ("bias 3",), "seeds": 2, "seq_len": 3, "batch_size": 64}
    untrained = carrying.remember(**short, steps=0)["test_mse"]
    trained = carrying.remember(**short, steps=150)["test_mse"]
    assert trained.shape == (1, 2)
    assert trained.max() < 0.1 < 0.3 < untrained.min()


def test_remember_asks_at_the_end():
    # An answer read after the first step would be learnt at once, from any start.
    long = carrying.remember(starts=("PyTorch",), seeds=1, seq_len=40, steps=100)["test_mse"]
    assert long.item() > 0.25
