"""Measure the ratios: `python -m benchmarks [TASK…]`; writes benchmarks/latest.json."""

from __future__ import annotations

import argparse
import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from unrolled.claims.measuring import fingerprint

from benchmarks import limits, table

PACKAGES = ("numpy", "torch", "numba", "tensorflow", "tensorflow-cpu", "keras")
HEAD = f"{'plain : ours':41} {'for one':20} {'plain':>8} {'ours':>8}"
HEAD += f"{'min':>7} {'median':>7} {'floor':>5}"


def span(microseconds: float) -> str:
    """Return a duration with its unit."""
    if microseconds < 1:
        return f"{1000 * microseconds:.3g} ns"
    if microseconds < 999:
        return f"{microseconds:.3g} µs"
    return f"{microseconds / 1e3:.3g} ms" if microseconds < 999e3 else f"{microseconds / 1e6:.3g} s"


def told(paces: dict[str, float]) -> str:
    """Return the limits of a row in words."""
    return ", ".join(f"{name} {span(microseconds)}" for name, microseconds in paces.items())


def times_least(row: dict) -> float:
    """Return how many times the larger limit ours takes."""
    return row["ours_us"] / max(row["limits_us"].values())


def lines(row: dict) -> list[str]:
    """Return what the table says of a row; an asterisk marks one whose median misses the floor."""
    floor = row["floor"]
    missed = "*" if floor and row["ratio_median"] < floor else ""
    times = f"{span(row['plain_us']):>8} {span(row['ours_us']):>8}"
    ratios = f"{row['ratio_min']:6.3g} {row['ratio_median']:7.3g} {floor or '–':>5}{missed}"
    said = [f"{row['ways']:41} {row['unit']:20} {times} {ratios}"]
    said.append(f"  {row['task']}, equal: {row['held equal']}")
    if row["limits_us"]:
        paces = told(row["limits_us"])
        said.append(f"  at full pace: {paces}; ours takes {times_least(row):.3g} times that")
    score = row["score"]
    if score["of"]:
        said.append(f"  {score['of']}: plain {score['plain']:.4f}, ours {score['ours']:.4f}")
    return said


def limit_lines(found: dict) -> list[str]:
    """Return the limits, one kind a line; of MNIST one model a line."""
    said = []
    for name, values in found.items():
        if not isinstance(values, dict):
            said.append(f"{name}: {values:.3g}")
        elif all(isinstance(value, float) for value in values.values()):
            said.append(f"{name}:")
            said.append("  " + ", ".join(f"{k} {v:.3g}" for k, v in values.items()))
        else:
            said.append(f"{name}: measured, limit of the products, ratio")
            for k, v in values.items():
                said.append(f"  {k:16} {v['ms']:7.2f} {v['limit_ms']:7.2f} {v['times']:5.1f}")
    return said


def conditions() -> dict:
    """Return where and with what this is measured."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{fingerprint()['cpu']}, {platform.machine()}, {platform.system()}",
        "threads": os.cpu_count(),
        "load": os.getloadavg() if hasattr(os, "getloadavg") else None,
        "versions": versions,
    }


def store(report: dict) -> None:
    """Write the report beside this file, all of it or nothing."""
    part = Path(__file__).with_name("latest.json.part")
    part.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    part.replace(part.with_suffix(""))


def main() -> None:
    """Measure what is asked for, print it as it comes, and store it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    tasks = list(dict.fromkeys(contest.task for contest in table.TABLE))
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=", ".join([*tasks, "limits"]))
    asked = parser.parse_args().tasks or [*tasks, "limits"]
    if unknown := set(asked) - {*tasks, "limits"}:
        parser.error(f"expected {', '.join([*tasks, 'limits'])}, got {', '.join(sorted(unknown))}")
    report = conditions() | {"rows": [], "limits": {}}
    print(HEAD)
    for contest in table.TABLE:
        if contest.task in asked:
            report["rows"].append(table.measure(contest))
            print(*lines(report["rows"][-1]), sep="\n", flush=True)
    if "limits" in asked:
        report["limits"] = limits.measure()
        print(*limit_lines(report["limits"]), sep="\n")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"load at the start {(report['load'] or [load])[0]:.1f}, at the end {load:.1f}")
    store(report | {"load at the end": load})


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
