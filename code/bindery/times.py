"""Sphinx extension: the directive `{execution-times}`, what executing each chapter cost.

It reads the record that `bindery.execute` leaves (`bindery.build.Build.write_record`), so the page
on which it stands is not executed itself, and changes with the record alone.
"""

from datetime import UTC, datetime
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from bindery.tables import link, row, table, text

HEADER = ("chapter", "seconds", "peak memory, MB", "ended (UTC)")
WIDTHS = (36, 16, 20, 28)
NEVER = "not run yet"
DATA = {"real": "the real files", "digits": "embedded digits"}


class ExecutionTimes(SphinxDirective):
    """Lists the build and, in reading order, what its executed chapters cost."""

    def run(self) -> list[nodes.Node]:
        """Return what is known of the build, and the table below it."""
        record = self.config.bindery_record
        return [build_of(record), table_of(record)]


def build_of(record: dict[str, Any]) -> nodes.field_list:
    """List device, profile, data, versions and sources, as far as the record has them."""
    versions = record.get("versions", {})
    facts = {
        "Device": record.get("device"),
        "Remark": record.get("remark"),
        "Profile": record.get("profile"),
        "MNIST": DATA.get(record.get("data", "")),
        "Versions": ", ".join(f"{name} {number}" for name, number in versions.items()),
        "Commit": record.get("commit"),
        "Sources of": record.get("commit_date"),
    }
    listed = nodes.field_list()
    for name, value in facts.items():
        if value:
            listed += nodes.field("", nodes.field_name("", name), nodes.field_body("", text(value)))
    return listed


def table_of(record: dict[str, Any]) -> nodes.table:
    """Make the table: a row for each executed chapter, then their sum."""
    costs = record.get("chapters", {})
    known = [costs[name] for name in record["reaches"] if name in costs]
    rows = [_row(link(name), costs.get(name)) for name in record["reaches"]]
    total = sum(cost["seconds"] for cost in known)
    count = "all" if len(known) == len(rows) else f"{len(known)} of {len(rows)} chapters"
    together = (text(f"Together ({count})"), text(f"{total:,.1f}", "number"), None, None)
    return table(HEADER, WIDTHS, [*rows, row(together)], "execution-times")


def _row(chapter: nodes.paragraph, cost: dict[str, Any] | None) -> nodes.row:
    if cost is None:
        return nodes.row("", nodes.entry("", chapter), nodes.entry("", text(NEVER), morecols=2))
    ended = datetime.strptime(cost["finished"], "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)
    return row(
        [
            chapter,
            text(f"{cost['seconds']:,.1f}", "number"),
            text(f"{cost['peak_mb']:,}", "number"),
            text(f"{ended:%Y-%m-%d %H:%M}", "moment"),
        ]
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.add_directive("execution-times", ExecutionTimes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
