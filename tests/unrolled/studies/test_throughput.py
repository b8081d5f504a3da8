"""Networks in an hour: what is timed, and how it is counted."""

import itertools

import pytest
import torch
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
    assert found["together"] == 3
    assert (found["kept"] > 0) == (engine == "batched")


@pytest.mark.parametrize(("together", "updates"), [(1, 10), (4, 3), (9, 1), (50, 1)])
def test_of_many_networks_a_round_is_shorter(together, updates, clock, monkeypatch):
    monkeypatch.setattr(throughput, "LONG_ROUND", 12)
    found = throughput.networks_per_hour("parity-rnn", engine="compiled", together=together)
    assert found["updates"] == pytest.approx(together * updates / 2)


@pytest.mark.parametrize(
    ("free", "most", "reached"),
    [(600, 100, 10), (599, 100, 5), (1e9, 5, 5), (1e9, 100, 50), (0, 100, 1)],
)
def test_more_and_more_are_timed_until_half_of_what_is_free_is_needed(
    free, most, reached, monkeypatch
):
    def study(function, *, name, together, **how):
        assert function is throughput.networks_per_hour
        assert (name, how) == ("parity-rnn", {"engine": "batched", "device": "cpu"})
        return {"kept": 10 * together, "together": together}

    monkeypatch.setattr(throughput, "study", study)
    monkeypatch.setattr(throughput, "free", lambda device: free)
    where = {"engine": "batched", "device": "cpu", "most": most}
    found = throughput.side_by_side("parity-rnn", [1, 2, 5, 10, 20, 50], **where)
    assert found[-1]["together"] == reached


def test_what_is_free_is_part_of_the_machine_s_memory():
    assert 1e6 < throughput.free("cpu") < 1e13


def test_an_unknown_engine_is_refused():
    with pytest.raises(ValueError, match="engine: expected batched or compiled, got 'fast'"):
        throughput.networks_per_hour("parity-rnn", engine="fast", together=1)


def test_what_autograd_keeps_counts_once_and_without_what_it_frees():
    a = torch.ones(1000, requires_grad=True)

    def update():
        b = a * 3  # keeps nothing of length 1,000
        c = b.exp()  # keeps its result, which the next line keeps, too
        (c[:500] * c[500:] + c[:500].detach()).sum().backward()

    assert throughput.kept_for_the_way_back(update) == 4 * 1000


def test_twice_the_networks_keep_twice_as_much():
    few, many = (
        throughput.networks_per_hour("parity-rnn", engine="batched", together=e, updates=1)["kept"]
        for e in (4, 8)
    )
    assert many == pytest.approx(2 * few, rel=0.02)
