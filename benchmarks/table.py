"""The literal table of what is compared, and how one row is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from benchmarks import limits, ours, plain, scaling
from benchmarks.limits import Work, sequence
from benchmarks.turns import EPOCH, XNOR_STRINGS, Size, Turn, torch_threads
from benchmarks.turns import MNIST as MODELS

ROUNDS = 5
Maker = Callable[[Size], Turn]


@dataclass(frozen=True)
class Contest:
    """One row.

    Attributes:
        task: what it is about; several rows share one.
        ways: plain against ours.
        unit: what a time is for.
        equal: what both sides have in common.
        plain: the assignment's own way, and how much of it is a turn.
        ours: the book's way.
        work: about what a unit of ours has to do; None where it is not arithmetic that counts.
        floor: the ratio to reach; None for a row that is there for comparison.
        threads: how many PyTorch may take for plain; where there are several, the fastest counts.
        score: what the score of both sides is, if they have one.
    """

    task: str
    ways: str
    unit: str
    equal: str
    plain: tuple[Maker, Size]
    ours: tuple[Maker, Size]
    work: Work | None = None
    floor: float | None = None
    threads: tuple[int, ...] = (1,)
    score: str = ""


PARITY = "batch 8, SGD rate 1, float32, H 4, 50 bits, 100,000 fixed strings"
PARITY_PLAIN = (plain.parity, Size(300))
PARITY_WORK = Work(sequence(50, 1, 4), read=50 * 2 * 4)
ADDING_WORK = Work(sequence(1, 2, 2), read=3 * 4)
MEMORY = "H 10, T 10, batch 1,024, fresh data, SGD rate 1e-2"
MEMORY_WORK = Work(sequence(10, 1, 10, answers=1), read=10 * 4)
XNOR = "1,000 strings of 8 bits, batch 64, LSTM 64, Adam; tracing left out"
XNOR_PLAIN = (plain.xnor, Size(5))
XNOR_WORK = Work(XNOR_STRINGS * sequence(8, 1, 64, gates=4), read=XNOR_STRINGS * 8 * 2 * 4)
MNIST = "networks, Adam 1e-3, batch 256, shuffled, as many updates of each"
EIGHT = Size(12, 8)
UPDATE = Work(sum(map(ours.multiply_adds, MODELS)), read=8 * 256 * 784 * 4, cores=2)
HALF = Work(*(EPOCH / 2 * part for part in UPDATE[:2]), cores=2)
SWEEP = "the memory task by its recipe, six networks, 1,000 updates each"
SIX = Size(1000, 6)
AFTER_EPOCH = "test accuracy of LSTM 32 from the same first weights after one epoch"

TABLE = (
    Contest(
        "parity",
        "loop, 1 thread : compiled, 1 thread",
        "string, network",
        PARITY,
        PARITY_PLAIN,
        (ours.parity, Size(1000, 8)),
        PARITY_WORK,
    ),
    Contest(
        "parity",
        "loop, 1 or 2 threads : compiled, 2 threads",
        "string, network",
        PARITY,
        PARITY_PLAIN,
        (ours.parity_two, Size(1000, 8)),
        PARITY_WORK._replace(cores=2),
        floor=150,
        threads=(1, 2),
    ),
    Contest(
        "parity",
        "loop, 1 thread : 40 batched, 1 thread",
        "string, network",
        PARITY,
        PARITY_PLAIN,
        (ours.parity_batched, Size(30, 40)),
        PARITY_WORK,
    ),
    Contest(
        "adding",
        "loop : 10 compiled, windows of 100",
        "stream step, network",
        "Elman, H 2, Adam 3e-2, 9,000 steps an update, as many updates",
        (plain.adding, Size(16)),
        (ours.adding, Size(16, 10)),
        ADDING_WORK,
        floor=300,
        score="test MSE from the same first weights after as many updates",
    ),
    Contest(
        "memory",
        "float64 loop : float32 NumPy cell",
        "sequence, network",
        MEMORY,
        (plain.memory, Size(300)),
        (ours.memory, Size(600)),
        MEMORY_WORK,
    ),
    Contest(
        "memory",
        "float64 loop : compiled",
        "sequence, network",
        MEMORY,
        (plain.memory, Size(300)),
        (ours.memory_compiled, Size(100, 8)),
        MEMORY_WORK,
        floor=3,
    ),
    Contest(
        "xnor",
        "Keras fit : keras_models.fit",
        "epoch",
        XNOR,
        XNOR_PLAIN,
        (ours.xnor, Size(6)),
        XNOR_WORK._replace(cores=2),
        floor=2.5,
    ),
    Contest(
        "xnor",
        "Keras fit : 40 batched, in PyTorch",
        "epoch, network",
        XNOR,
        XNOR_PLAIN,
        (ours.xnor_batched, Size(1, 40)),
        XNOR_WORK,
    ),
    Contest(
        "mnist",
        "Keras fit, 2 threads : 2 processes",
        "update of all eight",
        MNIST,
        (plain.mnist_keras, EIGHT),
        (ours.mnist, EIGHT),
        UPDATE,
        floor=1.5,
        score=AFTER_EPOCH,
    ),
    Contest(
        "mnist",
        "DataLoader, 1 or 2 threads : 2 processes",
        "update of all eight",
        MNIST,
        (plain.mnist_torch, EIGHT),
        (ours.mnist, EIGHT),
        UPDATE,
        floor=1.5,
        threads=(1, 2),
        score=AFTER_EPOCH,
    ),
    Contest(
        "mnist",
        "DataLoader : 2 processes, one-cycle",
        "training of all",
        "networks, first weights, accuracy: an epoch at 1e-3, half a one-cycle epoch to 2e-2",
        (plain.mnist_epoch, EIGHT),
        (ours.mnist_half, EIGHT),
        HALF,
        floor=1.5,
        threads=(1, 2),
        score="mean test accuracy of the eight",
    ),
    Contest(
        "sweep",
        "--jobs 1 : --jobs 2",
        "network",
        SWEEP,
        (scaling.one_process, SIX),
        (scaling.two_processes, SIX),
    ),
    Contest(
        "sweep",
        "1 Dask worker : 2 Dask workers",
        "network",
        SWEEP,
        (scaling.one_dask_worker, SIX),
        (scaling.two_dask_workers, SIX),
    ),
)


def measure(contest: Contest, rounds: int = ROUNDS) -> dict:
    """Let both sides take turns, so that a slower minute of the machine slows both."""
    theirs, mine = (make(size) for make, size in (contest.plain, contest.ours))

    def run_plain() -> float:
        times = []
        for threads in contest.threads:
            with torch_threads(threads):
                times.append(theirs.run())
        return min(times)

    run_plain(), mine.run()  # the first turn pays for what is made once
    turns = [(run_plain(), mine.run()) for _ in range(rounds)]
    ratios = [a / b for a, b in turns]
    scores = [side.score() if contest.score and side.score else None for side in (theirs, mine)]
    return {
        "task": contest.task,
        "ways": contest.ways,
        "unit": contest.unit,
        "held equal": contest.equal,
        "plain_us": 1e6 * median(a for a, _ in turns),
        "ours_us": 1e6 * median(b for _, b in turns),
        "limits_us": limits.least(contest.work) if contest.work else {},
        "ratio_min": min(ratios),
        "ratio_median": median(ratios),
        "floor": contest.floor,
        "rounds": rounds,
        "score": {"of": contest.score, "plain": scores[0], "ours": scores[1]},
    }
