"""The command line: stable output, one sentence for a mistake, exit codes."""

import json
import subprocess
import sys
import time

import pytest
from unrolled import assignments, cli

pytestmark = pytest.mark.usefixtures("alone")


def test_list(capsys):
    assert cli.main(["list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == list(assignments.MODELS)
    assert {"task", "framework"} <= set(rows[0])
    assert cli.main(["list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(rows)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "parity-rmn"], "expected one of xnor-lstm"),
        (["train", "parity-rnn", "--profile", "big"], "profile: expected one of smoke, cpu, gpu"),
        (["train", "parity-rnn", "--settings", "x"], "expected recipe or assignment"),
        (["train", "parity-rnn", "--seed", "-2"], "seed: expected 0 or more, got -2"),
        (["train", "memory-rnn", "--device", "cuda"], "NumPy networks run on cpu"),
        (["train", "xnor-gru", "--device", "cuda:99"], "but TensorFlow finds"),
        (["sweep", "parity-rnn", "--seeds", "0"], "--seeds: expected at least 1, got 0"),
        (["sweep", "parity-rnn", "--seeds", "1", "--jobs", "0"], "--jobs: expected at least 1"),
        (["sweep", "parity-rmn", "--seeds", "1"], "expected one of xnor-lstm"),
        (["variants", "bppt", "--seeds", "1"], "question: expected one of bptt, forward, gates"),
        (["variants", "bptt", "--seeds", "0"], "--seeds: expected at least 1, got 0"),
        (["variants", "bptt", "--seeds", "1", "--first", "-1"], "seed: expected 0 or more, got -1"),
        (
            ["variants", "forward", "--seeds", "1", "--format", "pdf"],
            "format: expected one of csv, json, moodle, got 'pdf'",
        ),
        (
            ["variants", "forward", "--seeds", "1", "--format", "moodle", "--sheet"],
            "sheet: expected csv or json, got moodle",
        ),
        (
            ["variants", "forward", "--seeds", "1", "--out", "no-such-folder/sheet.csv"],
            "--out: expected a file in a folder that exists, got no-such-folder",
        ),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(arguments, sentence, capsys):
    assert cli.main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert sentence in said.err


def test_unknown_command_and_option():
    for arguments in (["traim"], ["train", "parity-rnn", "--sead", "1"], []):
        with pytest.raises(SystemExit) as stop:
            cli.main(arguments)
        assert stop.value.code == 2


def test_out_that_holds_other_things_is_refused_before_training(tmp_path, capsys, monkeypatch):
    (tmp_path / "notes.txt").write_text("mine")
    monkeypatch.setattr("unrolled.runs.run", lambda *_, **__: pytest.fail("trained first"))
    assert cli.main(["train", "memory-rnn", "--out", str(tmp_path)]) == 2
    assert "nothing else" in capsys.readouterr().err


def test_unwritable_store_is_one_sentence(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("UNROLLED_RUNS", str(tmp_path / "file" / "runs"))
    assert cli.main(["train", "memory-rnn"]) == 2
    said = capsys.readouterr().err
    assert "UNROLLED_RUNS" in said
    assert said.count("\n") == 1


def test_sweep_counts(capsys):
    assert cli.main(["sweep", "memory-rnn", "--seeds", "3"]) == 0
    said = capsys.readouterr().out
    assert "solved: 0 of 3 (95 % interval 0–56 %)" in said
    assert cli.main(["sweep", "memory-rnn", "--seeds", "2", "--json"]) == 0
    assert [r["seed"] for r in json.loads(capsys.readouterr().out)] == [0, 1]


def test_variants_are_printed_or_written(capsys, tmp_path):
    from unrolled import variants

    drawn = variants.draw_all("forward", [4, 5])
    asked = ["variants", "forward", "--seeds", "2", "--first", "4"]
    for form in variants.FORMATS:
        assert cli.main([*asked, "--format", form]) == 0
        assert capsys.readouterr().out == variants.write(drawn, form)
    assert cli.main([*asked, "--sheet", "--out", str(tmp_path / "sheet.csv")]) == 0
    assert capsys.readouterr().out == ""
    written = (tmp_path / "sheet.csv").read_bytes().decode("utf-8")
    assert written == variants.write(drawn, "csv", sheet=True)


def test_variants_help_names_every_question(capsys):
    from unrolled import variants

    with pytest.raises(SystemExit):
        cli.main(["variants", "--help"])
    said = capsys.readouterr().out
    assert all(name in said for name in (*variants.QUESTIONS, *variants.FORMATS))


def test_data_names_the_fallback(capsys):
    assert cli.main(["data", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["kind"] == "digits"
    assert not said["verified"]


def test_damaged_data_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("UNROLLED_DATA", str(tmp_path / "nowhere"))
    assert cli.main(["data"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_equations_that_fail_and_mistakes_that_pass_are_named(capsys, monkeypatch):
    from unrolled import verify

    result = verify.Result("eq-x", "against_y", 0.5, 1e-9, False)
    trials = [
        verify.Trial("eq-x", "no slope", "against_y", True),
        verify.Trial("eq-x", "no sum", "against_y", False),
    ]
    monkeypatch.setattr(verify, "run_all", lambda: [result])
    monkeypatch.setattr(verify, "try_mistakes", lambda: trials)
    assert cli.main(["equations", "--json"]) == 1
    said = capsys.readouterr()
    (row,) = json.loads(said.out)
    assert row["largest_error"] == 0.5
    assert row["mistakes_rejected"] == 1
    assert "not verified: eq-x by against_y: off by 5.0e-01, 1e-09 allowed" in said.err
    assert "not rejected: eq-x: no sum, by against_y" in said.err


def test_good_equations_exit_with_0(capsys, monkeypatch):
    from unrolled import verify

    result = verify.Result("eq-x", "against_y", 0.0, 1e-9, True)
    monkeypatch.setattr(verify, "run_all", lambda: [result])
    monkeypatch.setattr(verify, "try_mistakes", list)
    assert cli.main(["equations"]) == 0
    said = capsys.readouterr()
    assert said.out.split() == ["eq-x", "against_y", "0.0e+00"]
    assert said.err == ""


def breaks(claim):
    raise ZeroDivisionError("no steps")


def does_not_fit(claim):
    from unrolled.witnesses.numbers import compare

    return compare(claim, [{"h": [[1.0, 2.0]], "y": [[1.0]], "V": [[1.0]], "b_{y}": 0, "t": 0}])


def thinks(claim):
    from sympy import Integer
    from unrolled.derivations.patience import simplified

    simplified(Integer(60), 0.2, by=time.sleep)


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (breaks, "eq-rnn-output: check breaks broke down: no steps"),
        (does_not_fit, "eq-rnn-output: check does_not_fit broke down: "),
        (thinks, "eq-rnn-output: check thinks broke down: 60: expected an answer in 0.2 s"),
        (None, "eq-rnn-output: expected at least one check, got none"),
    ],
    ids=["raises", "shape", "too slow", "missing"],
)
def test_a_check_that_cannot_be_made_is_an_error_and_is_not_skipped(
    check, message, capsys, monkeypatch
):
    from dataclasses import replace

    from unrolled import verify
    from unrolled.derivations.equations import equation

    label, run_all = "eq-rnn-output", verify.run_all
    made = {label: (check,)} if check else {}
    claim = replace(equation(label), checks=(check.__name__,) if check else ("any",))
    monkeypatch.setattr(verify, "run_all", lambda: run_all((claim,), made))
    assert cli.main(["equations"]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.out == ""


def test_the_installed_command_and_a_reader_that_leaves():
    command = f'"{sys.executable}" -m unrolled.cli list | head -1'
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("xnor-lstm")
    assert done.stderr == ""
