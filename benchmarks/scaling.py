"""A sweep on one worker and on two: local processes, and a Dask cluster on this machine."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from unrolled import sweep
from unrolled.results import Results

from benchmarks.turns import Size, Turn, timed

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
FOLDER = tempfile.TemporaryDirectory(prefix="unrolled-scaling-")  # goes when Python ends
more = count()  # no turn trains what one before it has: the store knows that


def one_process(size: Size) -> Turn:
    """`--jobs 1`, with so many networks in a turn."""
    return _turn(size, jobs=1)


def two_processes(size: Size) -> Turn:
    """`--jobs 2`."""
    return _turn(size, jobs=2)


def one_dask_worker(size: Size) -> Turn:
    """`--dask`: a scheduler on this machine, and a worker of one thread."""
    return _turn(size, dask=_cluster(1))


def two_dask_workers(size: Size) -> Turn:
    """`--dask`, with two workers."""
    return _turn(size, dask=_cluster(2))


def _turn(size: Size, **where: object) -> Turn:
    def train() -> None:
        changes = {"steps": [size.updates + next(more)]}
        cells = sweep.grid(["memory-rnn"], changes, size.networks, profile="cpu")
        with _surroundings():
            done = list(sweep.sweep(cells, Results(Path(FOLDER.name) / "lines.jsonl"), **where))
        assert len(done) == size.networks

    return Turn(timed(train, size.networks))


def _cluster(workers: int) -> str:
    """Start a cluster that ends with this process, and return its address."""
    from distributed import LocalCluster

    with _surroundings():
        cluster = LocalCluster(
            n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0"
        )
    return str(cluster.scheduler_address)


@contextmanager
def _surroundings() -> Iterator[None]:
    """Give processes that are started one thread, and a store of their own."""
    before = dict(os.environ)
    os.environ.update(ONE_THREAD, UNROLLED_RUNS=FOLDER.name)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
