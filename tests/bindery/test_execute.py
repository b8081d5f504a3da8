"""`bindery.execute`: what runs, what is kept, and what a failure does."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from bindery import build, execute
from bindery.build import read_record
from bindery.execute import (
    Chapter,
    Runner,
    chapters,
    longest_first,
    main,
    open_cache,
    write_kernelspec,
)
from rich.console import Console
from rich.progress import Progress

from benchmarks import build as cold

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:zmq")


def run(book):
    return main(["--root", str(book.root)])


def test_a_failing_chapter_is_shown_and_stops_no_other(book, capsys):
    book.chapter("bad", "print('before')\n1 / 0")
    book.chapter("good", book.counting("good"))
    assert run(book) == 1
    told = capsys.readouterr()
    assert "bad.md" in told.err
    assert "ZeroDivisionError" in told.err
    assert "good: done" in told.out
    assert book.runs("good") == 1
    book.chapter("bad", book.counting("bad"))  # mended: it runs, and the other is kept
    assert run(book) == 0
    assert (book.runs("bad"), book.runs("good")) == (1, 1)


@pytest.mark.skipif(os.name == "nt", reason="Windows knows TCP alone")
def test_no_kernel_asks_for_a_port_that_another_may_take(book):
    note = "from ipykernel.connect import get_connection_info as told\n"
    note += f"open({str(book.root)!r} + '/{{}}.said', 'w').write(told())"
    for name in "ab":
        book.chapter(name, note.format(name))
    assert run(book) == 0
    said = [json.loads((book.root / f"{name}.said").read_text()) for name in "ab"]
    assert [how["transport"] for how in said] == ["ipc", "ipc"]
    assert said[0]["ip"] != said[1]["ip"]
    assert not any(Path(how["ip"]).parent.exists() for how in said)


def test_only_a_change_of_code_runs_a_chapter_again(book):
    code = book.counting("a")
    book.chapter("a", code)
    runs = []
    for prose, cell in (("One.", code), ("Two.", code), ("Two.", code + "\n1 + 1")):
        book.chapter("a", cell, prose)
        assert run(book) == 0
        runs.append(book.runs("a"))
    (book.root / "constraints.txt").write_text("numpy==3\n")
    assert run(book) == 0
    assert [*runs, book.runs("a")] == [1, 1, 2, 3]


def test_a_change_of_the_library_runs_those_chapters_that_reach_it(book):
    library = book.root / "code" / "unrolled"
    (library / "cells.py").write_text("def late():\n    from unrolled import tasks\n")
    (library / "plots.py").write_text("")
    # Not the book's own library: the kernel would import the installed one.
    reads = "\nif False:\n    from unrolled import {}"
    for name in ("cells", "plots", "tasks"):
        book.chapter(name, book.counting(name) + reads.format(name))
    seen = []
    for changed in (None, "tasks", "plots", "cells"):
        if changed:
            (library / f"{changed}.py").write_text(f"{'from unrolled import tasks'}\nx = 2\n")
        assert run(book) == 0
        seen.append([book.runs(name) for name in ("cells", "plots", "tasks")])
    assert seen == [[1, 1, 1], [2, 1, 2], [2, 2, 2], [3, 2, 2]]


def test_pages_without_code_start_no_kernel(book, monkeypatch):
    book.chapter("empty", "")
    monkeypatch.setattr(execute, "NotebookClient", None)
    assert [chapter.name for chapter in chapters(book.root)] == ["empty"]
    assert run(book) == 0


def test_kernels_are_quiet_run_elsewhere_and_know_their_profile(book, capfd):
    book.chapter("a", "import os, sys, pathlib")
    source = (
        "import os, sys, pathlib\n"
        "assert os.environ['UNROLLED_PROFILE'] == 'smoke'\n"
        "assert os.environ['UNROLLED_RUNS'].endswith('_build/runs')\n"
        f"assert sys.executable == {sys.executable!r}\n"
        "assert not list(pathlib.Path.cwd().iterdir())\n"
        "pathlib.Path('litter').touch()"
    )
    book.chapter("a", source)
    assert run(book) == 0
    assert capfd.readouterr().err == ""
    assert not list(book.root.rglob("litter"))


def test_seconds_and_memory_are_recorded(book):
    book.chapter("a", "x = bytearray(200_000_000); del x\nimport time; time.sleep(0.3)")
    assert run(book) == 0
    cost = read_record(book.build().output)["chapters"]["a"]
    assert cost["seconds"] >= 0.3
    assert cost["peak_mb"] > 200


def test_a_cell_has_a_time_limit(book, capsys, monkeypatch):
    monkeypatch.setitem(execute.CELL_SECONDS, "smoke", 1)
    book.chapter("slow", "import time; time.sleep(60)")
    assert run(book) == 1
    assert "timed out" in capsys.readouterr().err


def test_a_dying_kernel_is_a_failure(book, capsys):
    book.chapter("dead", "import os; os._exit(1)")
    assert run(book) == 1
    assert "dead.md" in capsys.readouterr().err


def test_a_wrong_profile_is_one_sentence(book, capsys, monkeypatch):
    monkeypatch.setenv("UNROLLED_PROFILE", "huge")
    assert run(book) == 2
    assert capsys.readouterr().err.startswith("profile: expected one of")


def test_the_profile_gpu_without_a_gpu_says_so_and_goes_on(book, capsys, monkeypatch):
    monkeypatch.setattr(build.devices, "cards", lambda framework: [])
    monkeypatch.setenv("UNROLLED_PROFILE", "gpu")
    book.chapter("a", book.counting("a"))
    assert run(book) == 0
    assert "The profile gpu found no GPU" in capsys.readouterr().out
    assert book.runs("a") == 1
    monkeypatch.setenv("UNROLLED_PROFILE", "smoke")
    assert run(book) == 0
    assert "GPU" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("profile", "asked", "jobs"), [("gpu", 2, 1), ("gpu", None, 1), ("cpu", 2, 2), ("cpu", None, 3)]
)
def test_a_gpu_has_one_kernel_at_a_time(book, monkeypatch, profile, asked, jobs):
    seen = []

    class Counting(Runner):
        def run(self, todo, started):
            seen.append(self.jobs)
            return iter(())

    monkeypatch.setattr(build.devices, "cards", lambda framework: ["A card"])
    monkeypatch.setattr(execute, "cores", lambda: 3)
    monkeypatch.setattr(execute, "Runner", Counting)
    for name in "abcd":
        book.chapter(name, f"{name} = 1")
    execute.execute(book.build(profile), chapters(book.root), asked)
    assert seen == [jobs]


def test_a_wrong_data_folder_is_one_sentence(book, capsys, monkeypatch):
    monkeypatch.setenv("UNROLLED_DATA", str(book.root / "nowhere"))
    assert run(book) == 2
    said = capsys.readouterr().err
    assert said.endswith("nowhere does not exist.\n")
    assert said.count("\n") == 1


def test_an_output_that_cannot_be_written_is_one_sentence(book, capsys):
    (book.root / "_build").write_text("a file")
    book.chapter("a", "1")
    assert run(book) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_folder_without_a_book_is_one_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("UNROLLED_OFFLINE", "1")
    assert main(["--root", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "_toc.yml" in said
    assert said.count("\n") == 1


def test_options_of_a_cell_that_cannot_be_read_are_one_sentence(book, capsys):
    book.chapter("a", "---\nmystnb:\n  image:\n    alt: One thing: another\n---\n1")
    assert run(book) == 2
    said = capsys.readouterr().err
    assert "a.md" in said
    assert said.count("\n") == 1


def test_a_missing_file_is_one_sentence(book, capsys):
    book.chapter("a", "1")
    (book.root / "a.md").unlink()
    assert run(book) == 2
    assert capsys.readouterr().err == "_toc.yml: expected files that exist, got a\n"


def test_ctrl_c_exits_130_and_keeps_what_is_finished(book):
    pid = book.root / "pid"
    book.chapter("quick", book.counting("quick"))
    slow = f"import os, time\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)"
    book.chapter("slow", slow)
    # A shell that starts tests in the background makes them deaf to Ctrl-C; hence the signal call.
    start = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from bindery.execute import main; sys.exit(main(['--jobs', '2']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", start], cwd=book.root, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process:
        assert any("quick: done" in line for line in process.stdout)
        while not pid.exists() or not pid.read_text():
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 130
    kernel = int(pid.read_text())
    assert not psutil.pid_exists(kernel) or psutil.Process(kernel).status() == "zombie"
    book.chapter("slow", "1")
    assert run(book) == 0
    assert book.runs("quick") == 1


def test_a_kernel_that_was_still_starting_is_stopped_too(book):
    book.chapter("late", book.counting("late"))
    write_kernelspec(book.build())
    runner = Runner(book.build(), jobs=1)
    late = list(runner.run(chapters(book.root), started=lambda _: runner._stop()))
    assert [chapter.error for chapter in late] == ["stopped"]
    assert book.runs("late") == 0


def test_a_chapter_that_does_not_run_keeps_the_cost_of_the_run_that_is_shown(book, monkeypatch):
    times = iter(["2026-01-01T10:00:00+0000", "2026-01-01T11:00:00+0000", "never"])
    monkeypatch.setattr(execute.time, "strftime", lambda form: next(times))
    monkeypatch.setattr(build, "commit", lambda root: ("2026-01-01", "0"))
    book.chapter("a", "1")

    def ended(record=True):
        if not record:  # as after a kill, which leaves no time to write one
            (book.build().output / "execution.json").unlink()
        assert run(book) == 0
        return read_record(book.build().output)["chapters"]["a"]["finished"]

    first = ended()
    assert ended() == first
    assert ended(record=False) == first
    book.chapter("a", "2")
    assert ended() > first
    book.chapter("a", "1")  # taken back: the page shows the first run again
    assert ended() == first


def test_longest_first_by_the_last_run_or_by_the_minutes_a_page_names():
    def chapter(name, code="", **front_matter):
        cell = {"cell_type": "code", "source": code}
        pages = {"cells": [cell], "metadata": front_matter}
        return Chapter(name, None, execute.nbformat.from_dict(pages))

    record = {"chapters": {"quick": {"seconds": 1}, "slow": {"seconds": 100}}}
    todo = [
        chapter("quick", minutes=9),  # what was measured counts, not what is said
        chapter("short", "1"),
        chapter("slow"),
        chapter("shorter"),
        chapter("long", minutes=10),
    ]
    names = [each.name for each in longest_first(todo, record)]
    assert names == ["long", "slow", "short", "shorter", "quick"]


def test_old_caches_are_pruned_and_the_current_kept(book):
    current = book.build().cache
    for age in range(9):
        old = current.parent / f"old-{age}"
        old.mkdir(parents=True)
        os.utime(old, (0, time.time() - 100 * (age + 1)))
    open_cache(book.build())
    left = {path.name for path in current.parent.iterdir()}
    assert left == {current.name, "old-0", "old-1", "old-2"}


def test_progress_on_a_terminal_shows_what_runs(book):
    book.chapter("a", "1")
    with open(os.devnull, "w") as nowhere:
        console = Console(file=nowhere, force_terminal=True, record=True)
        assert execute.execute(book.build(), chapters(book.root), console=console) == []
    shown = console.export_text()
    assert "[1/1] a: done" in shown
    assert "chapters" in shown


def commit(book):
    git = ["git", "-C", str(book.root), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "A book."]):
        subprocess.run([*git, *command], check=True)


@pytest.fixture
def committed(book, monkeypatch):
    """A book of two chapters in a repository, which the benchmark of cold builds takes for ours."""
    for name in "ab":
        book.chapter(name, book.counting(name))
    commit(book)
    monkeypatch.setattr(cold, "ROOT", book.root)
    return book


def test_in_both_cold_builds_each_chapter_runs_while_the_clock_does(committed, monkeypatch):
    def runs():
        return sum(committed.runs(name) for name in "ab")

    def ran(step, build):
        before = runs()
        step(build)
        return runs() - before

    monkeypatch.setattr(cold, "seconds", ran)
    assert cold.measure(Progress(disable=True)) == {"chapters": 2, "pages": 0, "serial": 2}
    assert runs() == 4


def test_the_ratio_of_cold_builds_is_serial_by_ours():
    said = cold.lines({"chapters": 1000.0, "pages": 50.0, "serial": 2100.0})
    assert "chapters 1,000 s, pages 50 s" in said[0]
    assert said[2].startswith("ratio 2.00")


def test_a_cold_build_that_fails_is_no_measurement(committed):
    committed.chapter("b", "1 / 0")
    commit(committed)
    with pytest.raises(RuntimeError, match=r"bindery.execute\n[\s\S]*ZeroDivisionError"):
        cold.main()
