"""The benchmarks: each row runs, and a slower "ours" shows."""

from dataclasses import replace
from time import sleep

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("keras")  # after torch: the other order can crash
from benchmarks import __main__ as program  # noqa: E402
from benchmarks import ours, table  # noqa: E402
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
