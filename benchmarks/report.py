"""benchmarks/latest.json as Markdown, for whoever reads a run's summary: `make report`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.__main__ import limit_lines, span, times_least

LATEST = Path(__file__).with_name("latest.json")
HEADER = ("task", "plain : ours", "for one", "plain", "ours", "least", "median", "floor", "× limit")


def line(cells: tuple[str, ...]) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(cells)} |"


def cells_of(row: dict) -> tuple[str, ...]:
    """Return what the table says of a row; a median that misses its floor stands in bold."""
    floor = row["floor"]
    ratio = f"{row['ratio_median']:.3g}"
    return (
        row["task"],
        row["ways"],
        row["unit"],
        span(row["plain_us"]),
        span(row["ours_us"]),
        f"{row['ratio_min']:.3g}",
        f"**{ratio}**" if floor and row["ratio_median"] < floor else ratio,
        f"{floor or '–'}",
        f"{times_least(row):.3g}" if row["limits_us"] else "–",
    )


def markdown(report: dict) -> str:
    """Return the report: the ratios, the limits of the machine, and where they were measured."""
    versions = ", ".join(f"{name} {number}" for name, number in report["versions"].items())
    rows = [line(cells_of(row)) for row in report["rows"]]
    parts = [
        "## Benchmarks",
        "\n".join([line(HEADER), line(("---",) * len(HEADER)), *rows]),
        "A ratio is plain by ours within one run; one in bold misses its floor. "
        "× limit: how many times as long ours takes as its products and reads at full pace.",
    ]
    if report["limits"]:
        parts.append("\n".join(["```text", *limit_lines(report["limits"]), "```"]))
    parts.append(f"{report['date']}; {report['machine']}, {report['threads']} threads; {versions}.")
    return "\n\n".join(parts) + "\n"


def main() -> int:
    """Print the report; the exit status is 2 if nothing has been measured."""
    if not LATEST.is_file():
        print("Nothing has been measured: run `make bench` first.", file=sys.stderr)
        return 2
    print(markdown(json.loads(LATEST.read_text(encoding="utf-8"))), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
