"""The memory task's network: what it reads, and that one sequence does not touch another."""

import numpy as np
import pytest
from unrolled import tasks
from unrolled.assignments import Settings
from unrolled.experiments import memory


def network(**changes):
    settings = Settings(**{"hidden_size": 5, "seq_len": 4} | changes)
    return memory.build({"cell": "rnn"}, settings, seed=0)


def test_an_input_moves_the_answer_of_its_own_sequence_alone():
    net = network()
    x, _ = tasks.memory(4, 4, rng=np.random.default_rng(0))
    for step in range(4):
        moved = x.copy()
        moved[1, step] += 0.5
        different = (net.forward(moved)[0] != net.forward(x)[0])[:, 0]
        assert different.tolist() == [False, True, False, False], step


@pytest.mark.parametrize("parameter", ["weight_ih", "weight_hh", "bias_ih", "readout"])
def test_the_gradient_is_the_slope_of_the_squared_error(parameter):
    """In float32 a central difference is good to three digits."""
    net = network()
    x, y = tasks.memory(64, 4, rng=np.random.default_rng(1))
    prediction, kept = net.forward(x)
    gradient = net.gradients(2 * (prediction - y) / y.size, kept)[parameter]
    array = net.parameters[parameter]
    place = np.unravel_index(np.argmax(np.abs(gradient)), gradient.shape)
    losses, before = [], array[place]
    for step in (1e-2, -1e-2):
        array[place] = before + step
        losses.append(memory.mean_squared_error(net, x, y))
    assert (losses[0] - losses[1]) / 2e-2 == pytest.approx(gradient[place], rel=0.02)


@pytest.mark.parametrize("init", ["identity", "orthogonal"])
def test_these_starts_keep_lengths(init):
    start = memory.recurrent_start(init, 6, rng=np.random.default_rng(0))
    np.testing.assert_allclose(start @ start.T, np.eye(6), atol=1e-12)


def test_an_unknown_start_is_named():
    with pytest.raises(ValueError, match="expected identity, orthogonal or default, got 'zeros'"):
        memory.recurrent_start("zeros", 6, rng=np.random.default_rng(0))
