"""A Dask cluster for joblib: how it is reached, and what is said when it fails."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from joblib._dask import DaskDistributedBackend  # it can be imported without Dask, too

SECONDS_TO_ANSWER = 4  # that a scheduler is given
SECONDS_TO_COME = 20  # that the first worker is given


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Connect to a Dask scheduler and give joblib's backend for it.

    Args:
        address: of the scheduler, such as "tcp://192.0.2.7:8786".

    Raises:
        ValueError: Dask is not installed, nobody answers, no worker comes, or one has more threads
            than one.
    """
    try:
        from distributed import Client
        from distributed.comm import get_address_host_port
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{error.name} is not installed and --dask needs it: pip install 'unrolled[cluster]'"
        ) from error
    _silence()
    try:
        get_address_host_port(address)  # a client that was given no address never quite closes
        client = Client(address, timeout=SECONDS_TO_ANSWER, set_as_default=False)
    # Another server's greeting is read as lengths of messages, for which there is no memory.
    except (OSError, ValueError, MemoryError) as error:
        raise ValueError(
            f"--dask: no scheduler answers at {address!r}; `dask scheduler` starts one and prints "
            "its address, such as tcp://192.0.2.7:8786"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=SECONDS_TO_COME)
        except TimeoutError as error:
            raise ValueError(
                f"--dask: {address} has no worker; on each machine, `dask worker {address} "
                "--nworkers auto --nthreads 1` starts them"
            ) from error
        if max(client.nthreads().values()) > 1:  # trainings in one process would wait in line
            raise ValueError(
                "--dask: expected workers of one thread, got more; start them with --nthreads 1"
            )
        yield Backend(client=client)


def _silence() -> None:
    """Keep Dask's own log off stderr: what goes wrong is one sentence, and it is ours."""
    talkers = [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]
    for name in [*talkers, "tornado.application"]:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


class Backend(DaskDistributedBackend):
    """joblib's Dask backend, told of the tasks that the cluster itself gives up.

    What a task raises comes back as its result. But of a task that could not be unpacked, or took
    its workers down with it, or whose scheduler has gone, joblib's backend does not tell
    `Parallel`, which then waits for ever.
    """

    def effective_n_jobs(self, n_jobs: int) -> int:
        """Return the number of workers, but never 1: with 1 `Parallel` would do the work itself."""
        return max(2, super().effective_n_jobs(n_jobs))

    def submit(self, func: Any, callback: Any = None) -> Any:
        """Hand a batch of one task to the cluster."""
        future = super().submit(func, callback)
        (_, (cell,), _), *_ = func.items

        def tell(done: Any) -> None:
            if error := done.exception():
                callback(ValueError(f"{cell}: given up by the cluster: {error}"))

        future.add_done_callback(tell)
        return future

    def retrieve_result_callback(self, out: Any) -> Any:
        """Return what a task returned; raise what it or the cluster raised."""
        if isinstance(out, ValueError):
            raise out
        if isinstance(out, BaseException):
            raise ValueError(
                "--dask: the scheduler has gone; what is finished is kept, and the same command "
                f"goes on from there ({out})"
            ) from out
        return super().retrieve_result_callback(out)
