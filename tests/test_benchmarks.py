"""The benchmarks: each row runs, and a slower "ours" shows."""

from dataclasses import replace
from time import sleep

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("keras")  # after torch: the other order can crash
from benchmarks import __main__ as program  # noqa: E402
from benchmarks import limits, ours, table  # noqa: E402
from benchmarks.turns import MNIST, Turn  # noqa: E402

SIDES = [side for contest in table.TABLE for side in (contest.plain[0], contest.ours[0])]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(
    "make", dict.fromkeys(SIDES), ids=lambda make: f"{make.__module__}.{make.__name__}"
)
def test_both_sides_of_every_row_run(make):
    assert make(table.Size(1)).run() > 0


@pytest.mark.parametrize("contest", table.TABLE, ids=lambda contest: contest.ways)
def test_a_row_says_its_unit_and_what_is_equal_and_fits(contest):
    timed = slowed(1)
    row = table.measure(replace(contest, plain=timed.plain, ours=timed.ours), rounds=1)
    said = program.lines(row)
    assert contest.unit in said[0]
    assert contest.equal in said[1]
    assert max(map(len, [program.HEAD, *said])) <= 110


def slowed(times):
    """A row whose plain side takes 4 ms a unit and ours 1 ms, so many times."""

    def side(seconds):
        def run():
            sleep(seconds / 10)
            return seconds

        return lambda size: Turn(run, lambda: seconds)

    return replace(
        table.TABLE[0],
        plain=(side(4e-3), table.Size(1)),
        ours=(side(1e-3 * times), table.Size(1)),
        floor=2,
        score="seconds",
    )


def test_a_slower_ours_shows():
    quick, slow = (table.measure(slowed(times), rounds=3) for times in (1, 4))
    assert quick["ratio_min"] == quick["ratio_median"] == pytest.approx(4)
    assert slow["ratio_median"] == pytest.approx(1)
    assert "*" not in program.lines(quick)[0]
    assert program.lines(slow)[0].endswith("2*")
    assert slow["score"] == {"of": "seconds", "plain": 4e-3, "ours": 4e-3}


def test_multiply_adds_of_an_update():
    by_hand = 28 * (28 * 32 + 4 * 32 * (32 + 32)) + 32 * 64 + 64 * 10
    assert ours.multiply_adds("mnist-lstm-32") == 3 * 256 * by_hand
    assert sorted(MNIST, key=ours.multiply_adds)[-1] == "mnist-lstm-128"


def test_the_multiply_adds_of_a_sequence_are_those_of_the_networks():
    around = 3 * (28 * 28 * 32 + 32 * 64 + 64 * 10)  # the layer below, and the head
    for name, gates in (("mnist-lstm-32", 4), ("mnist-gru-32", 3)):
        within = limits.sequence(28, 32, 32, gates=gates, answers=0)
        assert 256 * (around + within) == ours.multiply_adds(name)
    by_hand = 10 * (1 * 10 + 10 * 10) + 10  # each step, and the readout of the last
    assert limits.sequence(10, 1, 10, answers=1) == 3 * by_hand
    assert limits.sequence(50, 1, 4) == 3 * 50 * (4 + 16 + 4)


def test_the_limit_of_a_row_is_its_work_at_the_measured_pace(monkeypatch):
    pace = {1: (100.0, 10.0), 2: (200.0, 10.0)}  # GFLOP/s, GB/s
    monkeypatch.setattr(limits, "_rates", pace.__getitem__)
    work = limits.Work(50_000, read=1000)
    assert limits.least(work) == pytest.approx({"products": 1.0, "bandwidth": 0.1})
    assert limits.least(work._replace(cores=2))["products"] == pytest.approx(0.5)
    row = table.measure(slowed(1), rounds=1)
    assert "ours takes" in program.lines(row)[2]
    without = table.measure(replace(slowed(1), work=None), rounds=1)
    assert not any("at full pace" in line for line in program.lines(without))


def test_every_row_of_training_has_a_limit():
    assert {c.task for c in table.TABLE if c.work is None} == {"sweep"}


def test_floors_are_those_that_were_promised():
    floors = {(contest.task, contest.floor) for contest in table.TABLE if contest.floor}
    assert floors == {
        ("parity", 150), ("adding", 300), ("memory", 3), ("xnor", 2.5),
        ("mnist", 1.5),
    }  # fmt: skip


def test_an_unknown_task_is_refused(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["benchmarks", "chess"])
    with pytest.raises(SystemExit):
        program.main()
    assert "expected parity" in capsys.readouterr().err
