"""Measure the ratios: `python -m benchmarks`; writes benchmarks/latest.json.

Plain and ours take turns, round by round, in one process and on one thread, so that a slower
minute of the machine slows both. A round's figure is the median of its repetitions; a ratio is
that of one round's pair.
"""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch

from benchmarks import ours, plain

ROUNDS = 5

# task → unit, units in a plain update, in one of ours, repetitions of each, ratio to reach
TABLE = {
    "parity": ("string and network", 8, 64 * ours.NETWORKS, 30, 6, 20.0),
    "adding": ("stream step", 3 * 3000, 90 * 100, 1, 10, 40.0),
    "memory": ("sequence", 1024, 1024, 60, 60, 2.5),
}


def seconds(update, repetitions: int) -> float:
    """Return the median time of one update."""
    times = []
    for _ in range(repetitions):
        start = perf_counter()
        update()
        times.append(perf_counter() - start)
    return median(times)


def measure(task: str) -> dict:
    """Return one row of the table."""
    unit, plain_units, our_units, plain_runs, our_runs, floor = TABLE[task]
    theirs, mine = getattr(plain, task)(), getattr(ours, task)()
    theirs(), mine()  # the first call pays for what is made once
    rounds = [(seconds(theirs, plain_runs), seconds(mine, our_runs)) for _ in range(ROUNDS)]
    ratios = [(a / plain_units) / (b / our_units) for a, b in rounds]
    return {
        "task": task,
        "unit": unit,
        "plain_us": 1e6 * median(a for a, _ in rounds) / plain_units,
        "ours_us": 1e6 * median(b for _, b in rounds) / our_units,
        "ratio_min": min(ratios),
        "ratio_median": median(ratios),
        "floor": floor,
    }


def main() -> None:
    """Measure all, print the table and write it."""
    rows = [measure(task) for task in TABLE]
    print(f"{'per …':20} {'plain µs':>10} {'ours µs':>10} {'ratio, median (min)':>22} {'floor':>6}")
    for r in rows:
        print(
            f"{r['unit']:20} {r['plain_us']:10.2f} {r['ours_us']:10.2f} "
            f"{r['ratio_median']:13.1f} ({r['ratio_min']:.1f}) {r['floor']:8.1f}"
        )
    report = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} threads, 1 used",
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "versions": {"numpy": np.__version__, "torch": torch.__version__},
        "rounds": ROUNDS,
        "rows": rows,
    }
    beside = Path(__file__).with_name("latest.json.part")
    beside.write_text(json.dumps(report, indent=1) + "\n")
    beside.replace(beside.with_suffix(""))


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
