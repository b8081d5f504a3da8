"""Networks in an hour: what is timed, and how it is counted."""

import itertools

import pytest
from unrolled.studies import throughput


@pytest.fixture
def clock(monkeypatch):
    """Let the rounds take 4, 2 and 8 seconds."""
    ticks = iter(itertools.accumulate([0, 4, 0, 2, 0, 8]))
    monkeypatch.setattr(throughput, "perf_counter", lambda: next(ticks))


@pytest.mark.parametrize("engine", ["batched", "compiled"])
def test_updates_of_all_networks_are_counted_over_the_best_round(engine, clock):
    found = throughput.networks_per_hour("parity-rnn", engine=engine, together=3, updates=2)
    assert found["updates"] == pytest.approx(3 * 2 / 2)
    assert found["per_hour"] == pytest.approx(3600 * 3 / 6000)  # the recipe's 6,000 updates
    assert engine in found["engine"]
    assert found["device"].startswith("cpu")


def test_an_unknown_engine_is_refused():
    with pytest.raises(ValueError, match="engine: expected batched or compiled, got 'fast'"):
        throughput.networks_per_hour("parity-rnn", engine="fast", together=1)
