"""`bindery.times`: the page of execution times, built from a record."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bindery import times
from bindery.execute import main

ROOT = Path(__file__).parents[2]
PAGE = "(ch-execution)=\n# Times\n\n```{execution-times}\n```\n"
RECORD = {
    "device": "CPU (2 cores)",
    "profile": "cpu",
    "data": "real",
    "versions": {"Python": "3.11.4", "numpy": "2.0"},
    "commit": "abc123",
    "commit_date": "2026-11-22",
    "reaches": {"b": "1", "a": "2"},
    "chapters": {
        "a": {"seconds": 1061.25, "peak_mb": 1023, "finished": "2026-11-22T03:37:45+0200"},
        "b": {"seconds": 2.0, "peak_mb": 90, "finished": "2026-11-21T23:00:00+0000"},
        "gone": {"seconds": 500.0, "peak_mb": 1, "finished": "2026-11-20T00:00:00+0000"},
    },
}


def rows(record):
    table = times.table_of(record)
    return [[cell.astext() for cell in row.children] for row in table.findall(times.nodes.row)]


def test_a_row_for_each_executed_chapter_in_reading_order_and_their_sum():
    assert rows(RECORD) == [
        list(times.HEADER),
        ["b", "2.0", "90", "2026-11-21 23:00"],
        ["a", "1,061.2", "1,023", "2026-11-22 01:37"],
        ["Together (all)", "1,063.2", "", ""],
    ]


def test_a_chapter_without_a_finished_run_is_said_to_have_none():
    record = RECORD | {"chapters": {"b": RECORD["chapters"]["b"]}}
    assert rows(record)[2:] == [
        ["a", "not run yet"],
        ["Together (1 of 2 chapters)", "2.0", "", ""],
    ]
    assert rows(RECORD | {"chapters": {}})[-1][:2] == ["Together (0 of 2 chapters)", "0.0"]


def test_the_build_is_described_as_far_as_it_is_known():
    said = times.build_of(RECORD).astext()
    for fact in ("CPU (2 cores)", "cpu", "real files", "numpy 2.0", "abc123", "2026-11-22"):
        assert fact in said
    remark = "The profile gpu found no GPU."
    assert remark in times.build_of(RECORD | {"remark": remark}).astext()
    assert "Remark" not in times.build_of(RECORD | {"remark": ""}).astext()
    assert "Commit" not in times.build_of(RECORD | {"commit": ""}).astext()


def test_the_page_follows_the_record_and_is_not_executed(book):
    book.page("times", PAGE)
    book.chapter("z", book.counting("z"))
    book.chapter("a", "1")
    assert main(["--root", str(book.root)]) == 0
    file = book.build().output / "execution.json"
    record = json.loads(file.read_text())
    assert list(record["reaches"]) == ["z", "a"]
    table = book.html()["times"].select_one("table.execution-times")
    assert [tag["href"] for tag in table.select("a")] == ["z.html", "a.html"]
    assert [tag.get_text() for tag in table.select("tbody a")] == ["z", "a"]  # their titles
    assert table.select("td")[1].get_text() == f"{record['chapters']['z']['seconds']:.1f}"
    record["chapters"]["z"]["seconds"] = 123.4
    del record["chapters"]["a"]
    file.write_text(json.dumps(record))
    pages = book.html()  # without removing what was built: the record is enough
    text = pages["times"].select_one("table.execution-times").get_text(" ", strip=True)
    assert "z 123.4" in text
    assert "a not run yet" in text
    assert book.runs("z") == 1


@pytest.mark.parametrize("builder", ["latex", "text"])
def test_the_table_is_the_same_in_print(book, tmp_path, builder):
    (tmp_path / "conf.py").write_text(
        "extensions = ['myst_parser', 'bindery.times']\nroot_doc = 'intro'\n"
        f"bindery_record = {RECORD!r}\n"
        "def setup(app): app.add_config_value('bindery_record', {}, 'env', types=[dict])\n"
    )
    book.page("intro", f"{PAGE}\n```{{toctree}}\na\nb\n```\n")
    book.page("a", "# Title of A\n")
    book.page("b", "# Title of B\n")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", builder, ".", "out"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    (page,) = [*tmp_path.glob("out/*.tex"), *tmp_path.glob("out/intro.txt")]
    text = page.read_text()
    for part in ("Title of A", "1,061.2", "1,023", "Together"):
        assert part in text
    assert text.index("Title of B") < text.index("1,023")  # b comes first here


def test_the_book_has_the_page():
    text = (ROOT / "chapters" / "execution.md").read_text(encoding="utf-8")
    assert "```{execution-times}" in text
    assert "kernelspec" not in text
    assert "chapters/execution" in (ROOT / "_toc.yml").read_text()
