"""Sweeps: the right cells, each done once, whatever is killed, damaged or misspelt on the way."""

import json
import os
import signal
import socketserver
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from unrolled import cli, runs, store, sweep
from unrolled.results import Results

pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out" / "results.jsonl"


@pytest.fixture
def trained(monkeypatch):
    """The runs that are asked for from here on, in a store that holds none yet."""
    real, asked = runs.run, []

    def run(name, **arguments):
        asked.append((name, arguments))
        return real(name, **arguments)

    monkeypatch.setattr(runs, "run", run)
    return asked


def lines(path):
    return [json.loads(text) for text in path.read_text().splitlines()]


def measured(path):
    """Key → all that a second training of the cell must give again."""
    return {line["key"]: (line["seed"], line["steps"], line["metrics"]) for line in lines(path)}


def command(*arguments):
    return [sys.executable, "-m", "unrolled.cli", "sweep", *map(str, arguments)]


STARTED = []


@pytest.fixture(autouse=True)
def nothing_runs_on():
    """End the sweeps, with their processes, that a failed test left at work."""
    yield
    while STARTED:
        process = STARTED.pop()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def listen():
    """Heed Ctrl-C even where the tests themselves run in the background, and shells ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(*arguments, **environment):
    process = subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        start_new_session=True,
        preexec_fn=listen,
    )
    STARTED.append(process)
    return process


def wait_for_lines(path, n, process):
    """Wait until a file holds n lines, or the process that writes it has ended."""
    while process.poll() is None and not (path.exists() and path.read_text().count("\n") >= n):
        time.sleep(0.01)
    assert process.poll() is None, process.communicate()


# --- the grid -----------------------------------------------------------------------------------


def test_the_grid_is_the_product_and_its_keys_are_those_of_the_store():
    changes = sweep.parse(["steps=20,30", "clip=none,0.5"])
    names = ["memory-rnn", "parity-rnn"]
    cells = sweep.grid(names, changes, 3, settings="recipe,assignment")
    assert len(cells) == len({cell.key for cell in cells}) == 2 * 2 * 4 * 3
    assert [cell.seed for cell in cells[:4]] == [0, 1, 2, 0]
    assert cells[3].overrides == {"steps": 20, "clip": 0.5}
    assert str(cells[-1]) == "parity-rnn, assignment, steps=30, clip=0.5, seed 2"
    run = runs.run("memory-rnn", seed=2, steps=20, clip=None)
    assert Path(run.folder).name == cells[2].key


def test_values_have_the_type_of_their_setting():
    texts = ["hidden_size=4,8,4", "learning_rate=1e-3,1", "clip=none,1", "masked=true,false"]
    found = sweep.parse([*texts, "optimizer=sgd,adam"])
    assert found == {
        "hidden_size": [4, 8],
        "learning_rate": [1e-3, 1.0],
        "clip": [None, 1.0],
        "masked": [True, False],
        "optimizer": ["sgd", "adam"],
    }
    assert [type(value) for value in found["learning_rate"]] == [float, float]
    assert [type(value) for value in found["masked"]] == [bool, bool]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--seeds", "0"], "--seeds: expected at least 1, got 0"),
        (["--seeds", "-3"], "--seeds: expected at least 1, got -3"),
        (["--set", "hiden_size=4"], "--set: expected one of hidden_size, num_layers, "),
        (["--set", "hidden_size"], "--set hidden_size: expected a whole number, got ''"),
        (["--set", "hidden_size=4,"], "--set hidden_size: expected a whole number, got ''"),
        (["--set", "hidden_size=4.5"], "--set hidden_size: expected a whole number, got '4.5'"),
        (["--set", "learning_rate=nan"], "--set learning_rate: expected a number, got 'nan'"),
        (["--set", "learning_rate=none"], "--set learning_rate: expected a number, got 'none'"),
        (["--set", "clip=big"], "--set clip: expected a number or none, got 'big'"),
        (["--set", "masked=1"], "--set masked: expected true or false, got '1'"),
        (["--set", "steps=1", "--set", "steps=2"], "--set: expected steps once"),
        (["--settings", "recipe,sheet"], "expected recipe or assignment, got 'sheet'"),
        (["--jobs", "0"], "--jobs: expected at least 1, got 0"),
        (["--device", "cuda"], "memory-rnn, recipe, seed 0: device: NumPy networks run on cpu"),
        (["--set", "init=none"], "memory-rnn, recipe, init=none, seed 0: init: expected identity"),
        (["--set", "hidden_size=-2"], "hidden_size: expected at least 1, got -2"),
        (["--set", "optimizer=rmsprop"], "optimizer: expected sgd or adam, got 'rmsprop'"),
        (["--set", "schedule=cosine"], "schedule: expected constant or one-cycle, got 'cosine'"),
        (["--set", "steps=-5"], "steps: expected at least 0, got -5"),
        (["--set", "evaluate_every=0"], "evaluate_every: expected at least 1, got 0"),
        (["--set", "num_layers=2"], "num_layers: expected 1 for memory-rnn, got 2"),
        (["adding-elman", "--set", "num_layers=2"], "num_layers: expected 1 for "),
        (["parity-rmn"], "expected one of xnor-lstm"),
        (["--dask", "nonsense"], "--dask: no scheduler answers at 'nonsense'"),
    ],
)
def test_a_mistake_is_one_sentence_and_writes_nothing(arguments, sentence, out, capsys):
    seeds = [] if "--seeds" in arguments else ["--seeds", "2"]
    assert cli.main(["sweep", "memory-rnn", *arguments, *seeds, "--out", str(out)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert sentence in said.err
    assert not out.exists()


# --- what is written and what is done again -------------------------------------------------------


def test_a_line_says_what_was_run_and_what_came_out(out, capsys):
    arguments = ["memory-rnn", "--seeds", "2", "--set", "steps=10,20", "--out", str(out)]
    assert cli.main(["sweep", *arguments]) == 0
    said = capsys.readouterr()
    assert said.err == f"unrolled: 4 runs, 0 of them done before; results in {out}\n"
    assert said.out.startswith("memory-rnn, recipe, steps=10\nseed   0  {'test_mse': ")
    assert said.out.count("solved: 0 of 2 (95 % interval 0–66 %)") == 2
    for line, (steps, seed) in zip(lines(out), [(10, 0), (10, 1), (20, 0), (20, 1)], strict=True):
        run = runs.run("memory-rnn", seed=seed, steps=steps)
        assert line == {"key": Path(run.folder).name, "overrides": {"steps": steps}, **run.record()}
        assert line["steps"] == steps
    assert {"name", "settings_name", "profile", "metrics", "seconds", "device", "versions"} <= set(
        lines(out)[0]
    )


def test_a_second_sweep_does_only_the_rest_even_without_the_store(
    out, trained, tmp_path, monkeypatch, capsys
):
    arguments = ["sweep", "memory-rnn", "--out", str(out), "--json", "--seeds"]
    assert cli.main([*arguments, "2"]) == 0
    first = json.loads(capsys.readouterr().out)
    monkeypatch.setenv("UNROLLED_RUNS", str(tmp_path / "empty"))
    assert cli.main([*arguments, "3"]) == 0
    said = capsys.readouterr()
    assert [arguments["seed"] for _, arguments in trained] == [0, 1, 2]
    assert json.loads(said.out)[:2] == first
    assert "3 runs, 2 of them done before" in said.err
    assert [line["seed"] for line in lines(out)] == [0, 1, 2]


def test_without_out_the_same_grid_finds_its_file_and_another_has_its_own(trained):
    for seeds, change in (("2", "steps=5"), ("3", "steps=5"), ("1", "steps=6")):
        assert cli.main(["sweep", "memory-rnn", "--seeds", seeds, "--set", change]) == 0
    assert [arguments["seed"] for _, arguments in trained] == [0, 1, 2, 0]
    files = (store.folder_of_store() / "sweeps").glob("*.jsonl")
    assert sorted(len(lines(file)) for file in files) == [1, 3]


def test_cells_that_are_the_same_run_are_trained_once(trained, capsys):
    said = ["sweep", "memory-rnn", "--seeds", "1", "--settings", "recipe,assignment", "--json"]
    same = ["optimizer=adam", "learning_rate=0.01", "clip=1", "init=default", "input_scale=0.1"]
    assert cli.main([*said, *(text for change in same for text in ("--set", change))]) == 0
    both = json.loads(capsys.readouterr().out)
    assert [line["settings_name"] for line in both] == ["recipe", "assignment"]
    assert both[0]["metrics"] == both[1]["metrics"]
    assert len(trained) == 1


@pytest.mark.parametrize(
    ("spoil", "again"),
    [
        (lambda text: text[:-40], [2]),
        (lambda text: text[:-1], [2]),  # JSON, but nobody saw its end
        (lambda text: text.replace(b'"seed": 1', b'"s\x00\xff', 1), [1]),
        (lambda text: text.replace(b'"metrics"', b'"mertics"', 1), [0]),
        (lambda text: text.replace(b'"overrides": {}', b'"overrides": 3', 1), [0]),
        (lambda text: text[:30] + b"\n" + text, []),
    ],
    ids=["half a line", "no line end", "in the middle", "a field is missing", "3", "before it"],
)
def test_a_damaged_line_is_named_kept_aside_and_done_again(spoil, again, out, trained, capsys):
    arguments = ["sweep", "memory-rnn", "--seeds", "3", "--out", str(out), "--json"]
    assert cli.main(arguments) == 0
    whole, first = out.read_bytes(), capsys.readouterr().out
    damaged = spoil(whole)
    out.write_bytes(damaged)
    trained.clear()
    assert cli.main(arguments) == 0
    said = capsys.readouterr()
    assert "1 damaged line moved to results.jsonl.damaged; what stood there is run" in said.err
    assert json.loads(said.out) == json.loads(first)  # the store still had the run
    assert [arguments["seed"] for _, arguments in trained] == again
    assert sorted(line["seed"] for line in lines(out)) == [0, 1, 2]
    now = out.read_bytes() + Path(f"{out}.damaged").read_bytes()
    assert {*damaged.split(b"\n")} <= {*now.split(b"\n")}  # nothing is lost
    assert cli.main(arguments) == 0
    assert "damaged line" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "other"),
    [("versions", lambda framework: {"numpy": "99"}), ("source_digest", lambda module: "other")],
)
def test_results_of_other_versions_or_code_do_not_count(
    name, other, out, trained, monkeypatch, capsys
):
    arguments = ["sweep", "memory-rnn", "--seeds", "2", "--out", str(out)]
    assert cli.main(arguments) == 0
    old = out.read_bytes()
    monkeypatch.setattr(runs, name, other)
    assert cli.main(arguments) == 0
    assert "2 lines of this grid made by other versions, code" in capsys.readouterr().err
    assert [arguments["seed"] for _, arguments in trained] == [0, 1, 0, 1]
    assert out.read_bytes().startswith(old)
    assert len(lines(out)) == 4


def test_somebody_elses_file_is_refused_and_untouched(out, capsys):
    for text in ("my notes\n", '{"a": 1}\n', "x"):
        out.parent.mkdir(exist_ok=True)
        out.write_text(text)
        assert cli.main(["sweep", "memory-rnn", "--seeds", "1", "--out", str(out)]) == 2
        assert "expected results of a sweep, got another file" in capsys.readouterr().err
        assert out.read_text() == text


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path, trained, capsys):
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "results.jsonl"
    assert cli.main(["sweep", "memory-rnn", "--seeds", "1", "--out", str(out)]) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert not trained


def test_half_a_line_does_not_spoil_the_line_after_it(out):
    out.parent.mkdir()
    out.write_bytes(b'{"key": "a", "na')
    line = {"name": "", "settings_name": "", "overrides": {}, "seed": 0, "metrics": {}}
    Results(out).append({"key": "b"} | line)
    assert Results(out).read() == ({"b": {"key": "b"} | line}, 1)
    assert Results(out).read().damaged == 0


def test_a_line_goes_out_in_one_write(out, monkeypatch):
    written, real = [], os.write
    monkeypatch.setattr(os, "write", lambda file, text: written.append(text) or real(file, text))
    Results(out).append({"key": "a"})
    assert b'{"key": "a"}\n' in written
    monkeypatch.setattr(os, "write", lambda file, text: real(file, text[:4]))
    with pytest.raises(ValueError, match="the disk is full"):
        Results(out).append({"key": "b"})


def test_a_bar_where_somebody_sees_it(capsys, monkeypatch):
    arguments = ["sweep", "memory-rnn", "--seeds"]
    assert cli.main([*arguments, "1"]) == 0
    assert "run/s" not in capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert cli.main([*arguments, "3"]) == 0
    said = capsys.readouterr().err
    assert " 1/3 [" in said  # it starts with what is done
    assert " 3/3 [" in said
    assert "<" in said  # elapsed<left
    assert "run/s" in said or "s/run" in said


# --- kills --------------------------------------------------------------------------------------


def test_a_killed_sweep_loses_at_most_what_was_in_flight(
    out, trained, tmp_path, monkeypatch, capsys
):
    arguments = ["memory-rnn", "--seeds", 6, "--set", "steps=150,151", "--out", out]
    killed = start(*arguments)
    wait_for_lines(out, 3, killed)
    killed.kill()
    killed.communicate()
    before = measured(out)
    assert 3 <= len(before) < 12
    monkeypatch.setenv("UNROLLED_RUNS", str(tmp_path / "empty"))
    assert cli.main(["sweep", *map(str, arguments)]) == 0
    assert len(trained) == 12 - len(before)
    assert f"12 runs, {len(before)} of them done before" in capsys.readouterr().err
    after = measured(out)
    assert len(lines(out)) == len(after) == 12
    alone = tmp_path / "alone.jsonl"
    assert cli.main(["sweep", *map(str, arguments[:-1]), str(alone)]) == 0
    assert measured(alone) == after


def test_processes_side_by_side_write_what_is_ready_and_ctrl_c_keeps_it(out):
    arguments = ["memory-rnn", "--seeds", 1, "--set", "steps=5000000,20,21,22", "--out", out]
    stopped = start(*arguments, "--jobs", 2)
    wait_for_lines(out, 3, stopped)  # although the first of the four is far from ready
    os.killpg(stopped.pid, signal.SIGINT)  # what a terminal sends
    said, words = stopped.communicate()
    assert stopped.returncode == 130
    assert said == ""
    assert words.startswith(f"unrolled: stopped by Ctrl-C; 3 of 4 runs are kept in {out}")
    assert words.count("\n") == 1
    assert sorted(line["steps"] for line in lines(out)) == [20, 21, 22]


@contextmanager
def scheduler(folder, **environment):
    """A Dask scheduler: its address, and a function that starts a worker of its own store."""
    started = []

    def dask(kind, *arguments, **more):
        common = ["--no-dashboard", *map(str, arguments)]
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{kind}", *common],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **environment, **more},
        )
        started.append(process)
        return process

    def worker(threads=1):
        own = folder / f"worker{len(started)}"
        arguments = ("--nthreads", threads, "--no-nanny", "--local-directory", own)
        process = dask("worker", address, *arguments, UNROLLED_RUNS=str(own / "runs"))
        process.runs = own / "runs"
        return process

    note = folder / "scheduler.json"
    server = dask("scheduler", "--host", "127.0.0.1", "--port", 0, "--scheduler-file", note)
    try:
        while not note.exists() or not note.read_text():
            assert server.poll() is None
            time.sleep(0.02)
        address = json.loads(note.read_text())["address"]
        yield address, worker
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_dask_worker_killed_in_the_middle_loses_nothing(out, tmp_path):
    grid = ["memory-rnn", "--seeds", 5, "--set", "steps=400,401"]
    with scheduler(tmp_path) as (address, worker):
        first, _ = worker(), worker()
        running = start(*grid, "--out", out, "--dask", address)
        wait_for_lines(out, 3, running)
        first.kill()  # SIGKILL
        said, words = running.communicate()
        assert running.returncode == 0, words
        assert words == f"unrolled: 10 runs, 0 of them done before; results in {out}\n"
        for wrong, sentence in (
            (
                ["--set", "init=none"],
                "memory-rnn, recipe, init=none, seed 0: init: expected identity",
            ),
            (["--set", "steps=7"], "seed 0: this worker has other versions, code or data"),
        ):
            other = tmp_path / "other.py"
            other.write_text(
                "import sys\nfrom unrolled import cli, runs\n"
                f"if {wrong[1] == 'steps=7'}: runs.versions = lambda framework: {{}}\n"
                "sys.exit(cli.main(sys.argv[1:]))\n"
            )
            arguments = ["sweep", "memory-rnn", "--seeds", "1", *wrong, "--dask", address]
            done = subprocess.run(
                [sys.executable, other, *arguments], capture_output=True, text=True, check=False
            )
            assert done.returncode == 2
            assert sentence in done.stderr
            assert done.stderr.count("\n") == 1
    serial = tmp_path / "serial.jsonl"
    alone = start(*grid, "--out", serial)
    assert alone.communicate()[0] == said
    assert measured(out) == measured(serial)
    assert len(lines(out)) == 10


def test_a_cluster_that_fails_is_one_sentence(out, tmp_path):
    short = ["memory-rnn", "--seeds", 2, "--set", "steps=20", "--out", out, "--dask"]
    long = ["memory-rnn", "--seeds", 2, "--set", "steps=5000000", "--out", out, "--dask"]

    def at_work(process, worker):
        while not list(worker.runs.glob("*.lock")):
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)

    def failed(process, sentence):
        said, words = process.communicate()
        assert process.returncode == 2, words
        assert said == ""
        assert words.count("\n") == 1
        assert sentence in words

    never_again = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with scheduler(tmp_path, **never_again) as (address, worker):
        wide = worker(threads=2)
        failed(start(*short, address), "--dask: expected workers of one thread")
        wide.kill()
        wide.wait()
        narrow = worker()
        running = start(*long, address)
        at_work(running, narrow)
        narrow.kill()
        failed(running, ": given up by the cluster: ")
        narrow = worker()
        start(*short, address).communicate()
        assert len(list(narrow.runs.glob("*/record.json"))) == 2  # one worker, and it did the work
        narrow.kill()
        narrow = worker()
        running = start(*long, address)
        at_work(running, narrow)
    failed(running, "--dask: the scheduler has gone; what is finished is kept")
    failed(start(*short[:2], 3, *short[3:], address), f"no scheduler answers at '{address}'")
    assert sorted((line["steps"], line["seed"]) for line in lines(out)) == [(20, 0), (20, 1)]


def test_another_server_is_no_scheduler(capsys, out):
    """Its greeting reads as a message of exabytes."""
    pytest.importorskip("distributed")

    class Greet(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n" * 4)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Greet) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"tcp://127.0.0.1:{server.server_address[1]}"
        arguments = ["memory-rnn", "--seeds", "1", "--out", str(out), "--dask", address]
        assert cli.main(["sweep", *arguments]) == 2
        server.shutdown()
    said = capsys.readouterr().err
    assert f"--dask: no scheduler answers at '{address}'" in said
    assert said.count("\n") == 1


def test_without_dask_the_sentence_names_the_extra(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert cli.main(["sweep", "memory-rnn", "--seeds", "1", "--dask", "tcp://127.0.0.1:1"]) == 2
    assert "pip install 'unrolled[cluster]'" in capsys.readouterr().err
