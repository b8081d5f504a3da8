import numpy as np
import pytest
from unrolled import cells, starts
from unrolled.cells import GRU, LSTM

H = 3


def test_chrono_biases_spread_the_times_evenly():
    times = np.exp(starts.chrono_biases(20_000, 40, rng=np.random.default_rng(0)))
    assert times.min() >= 1
    assert times.max() <= 39
    np.testing.assert_allclose(np.quantile(times, [0.25, 0.5, 0.75]), [10.5, 20, 29.5], rtol=0.03)


def test_chrono_wants_a_stretch():
    with pytest.raises(ValueError, match="longest: expected at least 3, got 2"):
        starts.chrono_biases(4, 2, rng=np.random.default_rng(0))


def test_keeping_biases_go_to_the_gate_that_keeps():
    lstm, gru = LSTM(1, H), GRU(1, H)
    before = lstm.bias_ih.copy()
    for cell in (lstm, gru):
        starts.set_keeping_biases(cell, "bias 3", rng=np.random.default_rng(0))
        np.testing.assert_array_equal((cell.bias_ih + cell.bias_hh)[H : 2 * H], 3)
    others = np.r_[:H, 2 * H : 4 * H]
    np.testing.assert_array_equal(lstm.bias_ih[others], before[others])
    kept = lstm.forward(np.zeros((1, 1, 1)))[2]["f"]
    np.testing.assert_allclose(kept, cells.sigmoid(3.0))


def test_the_chrono_start_closes_the_input_gate():
    lstm = LSTM(1, H)
    starts.set_keeping_biases(lstm, "chrono", rng=np.random.default_rng(0))
    cache = lstm.forward(np.zeros((1, 1, 1)))[2]
    np.testing.assert_allclose(cache["i"], 1 - cache["f"])
    assert cache["f"].min() >= 0.5


def test_another_start_is_an_error():
    with pytest.raises(ValueError, match="start: expected bias 3 or chrono, got 'zero'"):
        starts.set_keeping_biases(LSTM(1, H), "zero", rng=np.random.default_rng(0))
