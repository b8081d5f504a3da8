import numpy as np
import pytest
import torch
from unrolled.studies.second_bias import _network, steps_to_solve, train

FEW = {"steps": 12, "hidden_size": 3, "seq_len": 4}


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_two_biases_move_their_sum_twice_as_far_in_the_first_step(optimizer):
    one, two = (train(n, optimizer=optimizer, **FEW)["bias"] for n in (1, 2))
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_allclose(two[1] - two[0], 2 * (one[1] - one[0]), rtol=1e-9)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_at_half_the_rate_two_biases_are_one(optimizer):
    one, two, half = (
        train(n, bias_rate=rate, optimizer=optimizer, **FEW)
        for n, rate in ((1, 1.0), (2, 1.0), (2, 0.5))
    )
    for quantity in ("loss", "bias"):
        np.testing.assert_allclose(half[quantity], one[quantity], rtol=0, atol=1e-12)
        assert np.abs(two[quantity] - one[quantity]).max() > 1e-6


def test_one_bias_computes_what_two_compute():
    x = torch.rand(3, 5, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    one, two = _network(1, 4, seed=2), _network(2, 4, seed=2)
    assert two.recurrent.bias_hh_l0.abs().min() > 0
    torch.testing.assert_close(one(x), two(x), rtol=0, atol=1e-14)


def test_solved_means_every_string():
    run = train(1, steps=150, hidden_size=8, seq_len=3, learning_rate=3e-2)
    before, after = (run["loss"][run["solved_at"] + k] for k in (-1, 0))
    assert 0 < run["solved_at"] < 150
    assert after < before < np.log(2)
    assert train(1, **FEW)["solved_at"] is None


def test_steps_to_solve_pairs_the_seeds():
    found = steps_to_solve(2, steps=150, seq_len=3, learning_rate=3e-2)
    assert found["one"].shape == found["two"].shape == (2,)
    expected = train(2, steps=150, seq_len=3, learning_rate=3e-2, seed=1)["solved_at"]
    assert found["two"][1] == expected
    assert steps_to_solve(1, **FEW)["one"].tolist() == [-1]


def test_biases_are_one_or_two():
    with pytest.raises(ValueError, match="biases: expected 1 or 2, got 3"):
        train(3)
