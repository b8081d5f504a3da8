"""The benchmarks' report: a table that Markdown reads, and what misses its floor stands out."""

import json

import pytest

from benchmarks import report

ROW = {
    "task": "parity",
    "ways": "loop : compiled",
    "unit": "string, network",
    "plain_us": 1234.0,
    "ours_us": 0.5,
    "ratio_min": 140.0,
    "ratio_median": 151.2,
    "floor": 150,
    "limits_us": {"products": 0.1, "bandwidth": 0.02},
}
REPORT = {
    "date": "2026-11-22T12:00:00+00:00",
    "machine": "x86_64, Linux",
    "threads": 2,
    "versions": {"numpy": "2.4.6"},
    "rows": [ROW, ROW | {"ratio_median": 149.0}, ROW | {"floor": None, "limits_us": {}}],
    "limits": {"memory": 12.5},
}


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    latest = tmp_path / "latest.json"
    latest.write_text(json.dumps(REPORT))
    monkeypatch.setattr(report, "LATEST", latest)
    assert report.main() == 0
    return capsys.readouterr().out


def test_every_row_has_every_column(said):
    table = [line for line in said.splitlines() if line.startswith("|")]
    assert len(table) == 2 + len(REPORT["rows"])
    assert {line.count("|") for line in table} == {len(report.HEADER) + 1}


def test_only_a_missed_floor_is_bold(said):
    medians = [line.split("|")[7].strip() for line in said.splitlines() if "compiled" in line]
    assert medians == ["151", "**149**", "151"]


def test_each_row_says_how_far_it_is_from_its_limit(said):
    shares = [line.split("|")[9].strip() for line in said.splitlines() if "compiled" in line]
    assert shares == ["5", "5", "–"]


def test_it_says_where_it_was_measured_and_the_limits(said):
    assert "1.23 ms" in said
    assert "500 ns" in said
    assert "memory: 12.5" in said
    assert said.endswith("2026-11-22T12:00:00+00:00; x86_64, Linux, 2 threads; numpy 2.4.6.\n")


def test_before_a_measurement_it_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(report, "LATEST", tmp_path / "latest.json")
    assert report.main() == 2
    assert "make bench" in capsys.readouterr().err
