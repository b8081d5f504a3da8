"""How claims are measured: all seeds once, the first few in every build.

Each measurement goes through `runs.study`, so it is stored when it is done, under a key made of
all that it depends on. Killed at any moment, a second call does only the rest; and a build in
which nothing has changed measures nothing. Claims that ask different questions of the same
networks share one measurement.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
import os
import platform
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from unrolled import assignments, runs
from unrolled.assignments import Settings
from unrolled.claims import manifest
from unrolled.claims.manifest import Record
from unrolled.evidence import Claim
from unrolled.store import versions

BUDGET = 15 * 60  # core-seconds in which a build measures its part again
ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Measured:
    """What the measurement of one claim gave.

    Attributes:
        outcomes: whether each seed counts, bool [n].
        seconds: what it took, on one core.
        device: where it ran, and with which engine if the function says so.
        platform: what else decides the last bits, see `fingerprint`.
        date: when, UTC.
        settings: what the networks were trained with, where they have a row of the table.
    """

    outcomes: np.ndarray
    seconds: float
    device: str
    platform: dict[str, str]
    date: str
    settings: dict[str, Any]

    @property
    def n(self) -> int:
        """How many seeds there were."""
        return len(self.outcomes)

    @property
    def k(self) -> int:
        """How many of them count."""
        return int(self.outcomes.sum())

    @property
    def digits(self) -> str:
        """The outcomes, seed by seed, as 0 and 1."""
        return "".join("01"[int(outcome)] for outcome in self.outcomes)


class Job(NamedTuple):
    """One measurement: the claims that share it, its seeds, and about how long it takes."""

    claims: tuple[Claim, ...]
    seeds: int
    seconds: float | None = None

    @property
    def name(self) -> str:
        """The labels of its claims."""
        return ", ".join(c.label for c in self.claims)


@functools.cache
def fingerprint() -> dict[str, str]:
    """Return what, besides seeds and source, decides the last bits of a result."""
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "cpu": _cpu("model name"),
        "features": hashlib.sha256(_cpu("flags").encode()).hexdigest()[:8],
        **versions("all"),  # Keras draws the first weights of assignment 1's networks
    }


def _cpu(what: str) -> str:
    """Return what Linux says of the processor: its name, or the instructions that it knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith(what))
    return next(named, platform.processor())


def measuring_function(name: str) -> Callable[..., dict[str, Any]]:
    """Return the function that a claim names, which also says on what it ran.

    `runs.study` knows a function by its module and name, and both stay: what a chapter measured
    with the same arguments is the same study.

    Raises:
        ValueError: the package has no such function.
        ModuleNotFoundError: it needs a framework that is not installed.
    """
    module, _, function = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(f"unrolled.{module}"), function)
    except (ModuleNotFoundError, AttributeError) as error:
        if not str(error.name).startswith(("unrolled", function)):
            raise
        raise ValueError(f"measure: expected a function of the package, got {name!r}") from error

    @functools.wraps(found)
    def witnessed(**arguments: Any) -> dict[str, Any]:
        return found(**arguments) | {"platform": fingerprint()}

    return witnessed


def settings_of(claim: Claim) -> dict[str, Any]:
    """Return the settings of the claim's networks, as far as they are not the table's defaults."""
    name = claim.arguments.get("name")
    if name not in assignments.MODELS:
        return {}
    known = Settings.__dataclass_fields__
    overrides = {k: v for k, v in claim.arguments.items() if k in known}
    chosen = assignments.settings_of(
        name, claim.arguments.get("settings", "recipe"), "cpu", **overrides
    )
    return {k: v for k, v in asdict(chosen).items() if v != known[k].default}


def measure(claim: Claim, first: int | None = None) -> Measured:
    """Measure a claim, or take what is stored.

    Args:
        claim: the claim.
        first: how many of the first seeds; all n without it.

    Raises:
        ValueError: in the profile smoke, from which nothing follows; or the function is missing,
            refuses its arguments, or returns other than a number a seed.
    """
    if not assignments.profile().conclusive:
        raise ValueError("profile: expected cpu or gpu, got smoke, from which no claim follows")
    seeds = claim.n if first is None else first
    result = runs.study(measuring_function(claim.measure), **claim.arguments, seeds=seeds)
    outcomes = claim.outcomes(result)
    if len(outcomes) != seeds:
        raise ValueError(f"{claim.label}: expected {seeds} outcomes, got {len(outcomes)}")
    device = str(result.get("device", "cpu"))
    engine = result.get("engine")
    return Measured(
        outcomes=outcomes,
        # Stored runs take no time; what they once took is what they would take again.
        seconds=max(result["seconds"], result.get("trained_for", 0.0)),
        device=f"{device}, {engine}" if engine else device,
        platform=result.get("platform", fingerprint()),
        date=result["date"],
        settings=settings_of(claim),
    )


def jobs(chosen: Iterable[Claim], *, whole: bool = True, again: bool = False) -> list[Job]:
    """Return the measurements that some claims need, each once, the longest first.

    Args:
        chosen: the claims.
        whole: all seeds.
        again: the first seeds of those that every build measures again, by themselves.
    """
    known = manifest.read()
    groups: dict[str, tuple[int, list[Claim]]] = {}
    for c in chosen:
        for seeds in {c.n * whole, c.again * again} - {0}:
            what = json.dumps([c.measure, dict(c.arguments), seeds], sort_keys=True)
            groups.setdefault(what, (seeds, []))[1].append(c)
    found = [
        Job(tuple(group), seeds, _estimate(group, seeds, known)) for seeds, group in groups.values()
    ]
    return sorted(found, key=lambda job: -(job.seconds or float("inf")))


def _estimate(group: list[Claim], seeds: int, known: dict[str, Record]) -> float | None:
    """Return about how long a measurement takes, if one like it is on record."""
    records = [known[c.label] for c in group if c.label in known]
    return records[0].seconds * seeds / records[0].n if records else None


def announced(todo: list[Job], workers: int) -> str:
    """Say how much there is to do and how long it may take if nothing is stored."""
    told = [job.seconds for job in todo if job.seconds is not None]
    unknown = len(todo) - len(told)
    text = f"{len(todo)} measurements, about {sum(told) / 60:.1f} core-minutes"
    text += f" and {unknown} that no record tells about" if unknown else ""
    return f"{text}, {workers} at a time; what is stored already takes no time"


def run(
    todo: list[Job], *, workers: int = 1, say: Callable[[str], None] = lambda line: None
) -> Iterator[tuple[Job, str]]:
    """Make measurements side by side, one thread each, and yield each job with what went wrong.

    Args:
        todo: the jobs.
        workers: processes.
        say: told a line about each that ends.

    Yields:
        The job and "", or a sentence if it failed; the others go on.
    """
    from joblib import Parallel, delayed

    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))  # before any framework loads
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    ending = Parallel(n_jobs=workers, return_as="generator_unordered")(
        delayed(_work)(job, number) for number, job in enumerate(todo)
    )
    left = dict(enumerate(todo))
    for number, line, wrong in ending:
        job = left.pop(number)
        seconds = sum(other.seconds or 0 for other in left.values()) / workers
        rest = f"; about {seconds / 60:.0f} min left" if seconds > 60 else ""
        say(f"[{len(todo) - len(left)}/{len(todo)}] {wrong or line}{rest}")
        yield job, wrong


def _work(job: Job, number: int) -> tuple[int, str, str]:
    """Make one measurement in a process of its own; the store keeps it."""
    try:
        measured = [measure(c, job.seeds) for c in job.claims]
    except Exception as error:  # whatever it is: a night's other measurements go on
        kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        return number, "", f"{job.name}: {kind}{' '.join(str(error).split())}"
    counts = ", ".join(
        f"{c.label} {m.k} of {m.n}" for c, m in zip(job.claims, measured, strict=True)
    )
    return number, f"{counts}  ({measured[0].seconds:.1f} s, {measured[0].date[:10]})", ""
