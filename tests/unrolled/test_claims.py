"""The table of claims, how they are measured, and what the manifest and its bands let pass."""

import json
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import betabinom
from unrolled import assignments, claims, cli, tasks
from unrolled.claims import comparing, manifest, measuring
from unrolled.evidence import FALSE_ALARMS, Band, Claim, band

ROOT = Path(__file__).parents[2]
SIX_OF_FORTY = [seed in (3, 8, 17, 21, 30, 38) for seed in range(40)]


@pytest.fixture
def lottery(alone, monkeypatch, tmp_path):
    """One claim, measured by a double with six winners, and a manifest of its own."""
    calls = []

    def count(*, seeds, name):
        calls.append(seeds)
        return {"solved": np.array(SIX_OF_FORTY[:seeds]), "device": "cpu", "engine": "double"}

    count.__module__ = "unrolled.tasks"  # a study is known by its module and name
    monkeypatch.setattr(tasks, "count", count, raising=False)
    monkeypatch.setenv("UNROLLED_PROFILE", "cpu")
    claim = Claim(
        label="lottery",
        chapter="parity",
        sentence="{count} networks win.",
        measure="tasks.count",
        arguments={"name": "parity-rnn"},
        threshold="solved",
        n=40,
        again=40,
    )
    path = tmp_path / "claims.json"
    path.write_text("{}")
    monkeypatch.setattr(claims, "CLAIMS", (claim,))
    for function in (manifest.read, comparing.write):
        monkeypatch.setattr(function, "__defaults__", (path,))
    lottery_of = type("Lottery", (), {"claim": claim, "path": path, "calls": calls})
    return lottery_of


# --- the table ----------------------------------------------------------------------------------


def test_labels_are_unique_and_fit_a_page():
    labels = [c.label for c in claims.CLAIMS]
    assert len(set(labels)) == len(labels)
    assert not [label for label in labels if not re.fullmatch(r"[a-z0-9.-]+", label)]


def test_sentences_are_unique_and_whole():
    sentences = [c.sentence for c in claims.CLAIMS]
    assert len(set(sentences)) == len(sentences)
    assert not [s for s in sentences if not s.endswith(".") or "  " in s]


@pytest.mark.parametrize("chapter", claims.chapters())
def test_chapters_exist(chapter):
    assert (ROOT / "chapters" / f"{chapter}.md").is_file()


def floor(claim):
    """How many seeds the book asks for at least."""
    task, cell = claim.label.split("-")[:2]
    if task == "mnist":
        return 3
    return 10 if task == "adding" or (task == "memory" and cell in ("lstm", "gru")) else 40


def test_n_is_large_enough():
    assert not [c.label for c in claims.CLAIMS if c.n < floor(c)]


def test_claims_that_share_networks_share_their_seeds():
    seeds = {}
    for c in claims.CLAIMS:
        what = json.dumps([c.measure, dict(c.arguments)], sort_keys=True)
        seeds.setdefault(what, set()).add((c.n, c.again))
    assert {len(found) for found in seeds.values()} == {1}


def test_arguments_name_models_and_settings_that_there_are():
    for c in claims.CLAIMS:
        names = {c.arguments[k] for k in ("name", "first", "second") if k in c.arguments}
        assert names <= {*assignments.MODELS}, c.label
        if c.measure == "ensembles.count":
            known = {
                "name",
                "settings",
                "cut",
                "network",
                *assignments.Settings.__dataclass_fields__,
            }
            assert set(c.arguments) <= known, c.label


@pytest.mark.parametrize("name", sorted({c.measure for c in claims.CLAIMS} - {"ensembles.count"}))
def test_measuring_functions_exist(name):
    assert callable(measuring.measuring_function(name))


def test_a_measuring_function_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r"expected a function of the package, got 'tasks\.none'"):
        measuring.measuring_function("tasks.none")


def test_the_bands_of_a_build_together_alarm_falsely_in_under_one_percent():
    # Exact, with the rate as uncertain as the record leaves it, for the least favourable record.
    number, total = comparing.compared(), 0.0
    assert number > 20
    for n, m in [(c.n, c.again) for c in claims.CLAIMS if c.again]:
        total += max(_alarm(k, n, m, number) for k in {0, 1, n // 7, n // 2, n - 1, n})
    assert total < FALSE_ALARMS
    assert total > FALSE_ALARMS / 20


def test_so_do_the_bands_of_what_only_a_whole_measurement_compares():
    number, total = len(claims.CLAIMS), 0.0
    sizes = [c.n for c in claims.CLAIMS if not c.again]
    for n in sizes:
        total += max(_alarm(k, n, n, number) for k in {0, 1, n // 7, n // 2, n - 1, n})
    assert FALSE_ALARMS / 20 < total < FALSE_ALARMS
    for k, n in ((5, 10), (6, 40)):
        assert comparing.allowed(k, n, 0) == band(k, n, n, claims=number)
        assert comparing.allowed(k, n, 20) == band(k, n, 20, claims=comparing.compared())


_alarms = {}


def _alarm(k, n, m, number):
    if (k, n, m, number) not in _alarms:
        low, high = band(k, n, m, claims=number)
        predicted = betabinom(m, k + 0.5, n - k + 0.5)
        _alarms[k, n, m, number] = float(predicted.cdf(low - 1) + predicted.sf(high))
    return _alarms[k, n, m, number]


def test_builds_with_true_rates_rarely_fail():
    rng, number = np.random.default_rng(0), comparing.compared()
    sizes = [(c.n, c.again) for c in claims.CLAIMS if c.again]
    bands = {}
    failed = 0
    for _ in range(100):
        rates = rng.choice([0.02, 0.15, 0.5, 0.98, 1.0], len(sizes))
        for (n, m), p in zip(sizes, rates, strict=True):
            k = int(rng.binomial(n, p))
            if (k, n, m) not in bands:
                bands[k, n, m] = band(k, n, m, claims=number)
            if int(rng.binomial(m, p)) not in bands[k, n, m]:
                failed += 1
    assert failed <= 5  # 1 is expected at most; 6 would come less than once in a thousand times


# --- measuring ----------------------------------------------------------------------------------


def test_a_measurement_is_stored_and_used_again(lottery):
    first, second = measuring.measure(lottery.claim), measuring.measure(lottery.claim)
    assert lottery.calls == [40]
    assert (first.k, first.n, first.digits) == (6, 40, second.digits)
    assert first.digits[3] == "1"
    assert first.digits[4] == "0"
    assert first.device == "cpu, double"
    assert first.settings["hidden_size"] == 8
    assert first.platform == measuring.fingerprint()


def test_the_first_seeds_are_a_measurement_of_their_own(lottery):
    assert measuring.measure(lottery.claim, 10).digits == "0001000010"
    assert lottery.calls == [10]


def test_the_manifest_keeps_what_the_first_seeds_gave_by_themselves(lottery, monkeypatch):
    # Side by side with fewer others a network may end otherwise; a build repeats the part.
    def count(*, seeds, name):
        return {"solved": np.array(SIX_OF_FORTY[:seeds]) ^ (seeds == 10)}

    count.__module__ = "unrolled.tasks"
    monkeypatch.setattr(tasks, "count", count)
    part = replace(lottery.claim, again=10)
    record = comparing.record(part)
    assert record.outcomes.startswith("0001000010")
    assert record.again == "1110111101"
    again = measuring.measure(part, 10)
    assert comparing.compare(part, record, again).holds


def test_runs_that_were_stored_count_with_what_they_once_took(lottery, monkeypatch):
    def count(*, seeds, name):
        return {"solved": np.ones(seeds, bool), "trained_for": 1234.5}

    count.__module__ = "unrolled.tasks"
    monkeypatch.setattr(tasks, "count", count)
    assert comparing.record(lottery.claim).seconds == 1234.5


def test_claims_of_one_measurement_share_it(lottery):
    other = replace(lottery.claim, label="losers", outcome="solved", test=("<", 1))
    todo = measuring.jobs([lottery.claim, other])
    assert [len(job.claims) for job in todo] == [2]
    assert [wrong for _, wrong in measuring.run(todo)] == [""]
    assert measuring.measure(other).k == 34
    assert lottery.calls == [40]


def test_jobs_of_a_build_are_the_first_seeds_and_only_where_the_table_says_so(lottery):
    part, never = replace(lottery.claim, again=10), replace(lottery.claim, label="b", again=0)
    assert [job.seeds for job in measuring.jobs([part, never], whole=False, again=True)] == [10]
    assert sorted(j.seeds for j in measuring.jobs([part], again=True)) == [10, 40]
    assert [j.seeds for j in measuring.jobs([lottery.claim], again=True)] == [40]


def test_smoke_measures_nothing(lottery, monkeypatch):
    monkeypatch.setenv("UNROLLED_PROFILE", "smoke")
    with pytest.raises(ValueError, match="got smoke, from which no claim follows"):
        measuring.measure(lottery.claim)
    with pytest.raises(ValueError, match="smoke"):
        comparing.write([lottery.claim])
    assert lottery.path.read_text() == "{}"


def test_a_wrong_number_of_outcomes_is_refused(lottery, monkeypatch):
    monkeypatch.setitem(globals(), "SIX_OF_FORTY", SIX_OF_FORTY[:39])
    with pytest.raises(ValueError, match="lottery: expected 40 outcomes, got 39"):
        measuring.measure(lottery.claim)


def test_one_claim_that_fails_does_not_stop_the_others(lottery):
    bad = replace(lottery.claim, label="bad", measure="tasks.none")
    lines = []
    todo = measuring.jobs([bad, lottery.claim])
    good, wrong = sorted(wrong for _, wrong in measuring.run(todo, say=lines.append))
    assert good == ""
    assert "bad: measure: expected a function" in wrong
    assert any("lottery 6 of 40" in line for line in lines)


def test_the_estimate_comes_from_the_record(lottery):
    assert "1 that no record tells about" in measuring.announced(measuring.jobs([lottery.claim]), 1)
    comparing.write([lottery.claim])
    record = replace(manifest.read()["lottery"], seconds=240.0)
    manifest.write([record], lottery.path)
    todo = measuring.jobs([replace(lottery.claim, again=10)], whole=False, again=True)
    assert measuring.announced(todo, 2).startswith("1 measurements, about 1.0 core-minutes, 2 at")


def test_a_real_ensemble_is_counted(alone, monkeypatch):
    monkeypatch.setenv("UNROLLED_PROFILE", "cpu")
    tiny = {"name": "parity-rnn", "steps": 2, "batch_size": 2, "n_validate": 4, "seq_len": 4}
    claim = Claim(
        label="tiny",
        chapter="parity",
        sentence="{count} networks are worse than 0.9.",
        measure="ensembles.count",
        arguments=tiny,
        outcome="accuracy_500",
        test=("<", 0.9),
        threshold="0.9",
        n=2,
    )
    measured = measuring.measure(claim)
    assert (measured.k, measured.n) == (2, 2)  # untrained, they are near one half
    assert measured.settings["steps"] == 2
    assert measured.settings["clip"] == 1.0


SLOW = """
import sys, time
from pathlib import Path
import numpy as np
from unrolled import claims, tasks
from unrolled.claims import measuring
from unrolled.evidence import Claim

def count(*, seeds, name):
    with Path(sys.argv[1]).open("a") as log:
        log.write(name + "\\n")
    if name == sys.argv[2]:
        time.sleep(60)
    return {"solved": np.ones(seeds, bool)}

count.__module__ = "unrolled.tasks"
tasks.count = count
table = tuple(
    Claim(label=x, chapter="parity", sentence="{count}.", measure="tasks.count",
          arguments={"name": x}, threshold="all", n=5)
    for x in "abcd"
)
todo = sorted(measuring.jobs(table), key=lambda job: job.name)
for job, wrong in measuring.run(todo):
    print(job.name, wrong, flush=True)
"""


def test_a_kill_loses_only_what_was_in_the_making(alone, monkeypatch, tmp_path):
    monkeypatch.setenv("UNROLLED_PROFILE", "cpu")
    log = tmp_path / "log"

    def start(sleeps_at):
        command = [sys.executable, "-c", SLOW, str(log), sleeps_at]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    with start("c") as first:
        assert first.stdout is not None
        assert [first.stdout.readline().strip() for _ in "ab"] == ["a", "b"]
        while "c" not in log.read_text():
            pass
        first.send_signal(signal.SIGKILL)
    with start("none") as second:
        out, _ = second.communicate(timeout=60)
    assert out.split() == list("abcd")
    assert log.read_text().split() == list("abc") + list("cd")  # a and b were kept


# --- the manifest -------------------------------------------------------------------------------


def test_the_manifest_comes_back_as_it_was_written(lottery):
    (record,) = comparing.write([lottery.claim])
    assert manifest.read() == {"lottery": record}
    assert record.outcomes.count("1") == record.k == 6
    assert record.again == record.outcomes
    assert record.asked["settings"]["hidden_size"] == 8


def test_writing_again_changes_nothing_and_is_sorted(lottery, monkeypatch):
    other = replace(lottery.claim, label="another")
    monkeypatch.setattr(claims, "CLAIMS", (lottery.claim, other))
    comparing.write([lottery.claim, other])
    text = lottery.path.read_text()
    assert text.index('"another"') < text.index('"lottery"')
    comparing.write([other])  # a part of them: the other block stays
    assert lottery.path.read_text() == text
    assert text == manifest.text(manifest.read().values())
    assert [f.name for f in lottery.path.parent.glob("*claims.json*")] == ["claims.json"]


def test_a_claim_that_left_the_table_leaves_the_manifest(lottery, monkeypatch):
    comparing.write([lottery.claim])
    other = replace(lottery.claim, label="another")
    monkeypatch.setattr(claims, "CLAIMS", (other,))
    comparing.write([other])
    assert set(manifest.read()) == {"another"}


def test_a_count_that_its_outcomes_do_not_bear_out_is_damaged(lottery):
    comparing.write([lottery.claim])
    lottery.path.write_text(lottery.path.read_text().replace('"k": 6', '"k": 16'))
    with pytest.raises(ValueError, match="lottery: k = 16, but its outcomes say 6; damaged"):
        manifest.read()


@pytest.mark.parametrize("wrong", ["{", "[]", '{"lottery": {"k": 6}}', '{"lottery": 6}'])
def test_a_damaged_manifest_is_one_sentence(lottery, wrong):
    lottery.path.write_text(wrong)
    with pytest.raises(ValueError, match="expected the claims' manifest"):
        manifest.read()


@pytest.mark.parametrize("outcomes", ["0" * 39 + "2", "0" * 39])
def test_damaged_outcomes_are_refused(lottery, outcomes):
    (record,) = comparing.write([lottery.claim])
    with pytest.raises(ValueError, match="lottery: expected 40 outcomes of 0 or 1"):
        replace(record, outcomes=outcomes)


def test_the_committed_manifest_answers_what_the_table_asks():
    known = manifest.read()
    asked = {c.label: c for c in claims.CLAIMS}
    assert not [label for label in known if label not in asked]
    assert not [why for label in known if (why := comparing.outdated(asked[label], known))]
    assert manifest.FILE.read_text(encoding="utf-8") == manifest.text(known.values())


def test_no_band_that_a_build_compares_lets_every_count_pass():
    known = manifest.read()
    parts = [known[c.label] for c in claims.CLAIMS if c.again]
    assert not [r.label for r in parts if r.band == (0, len(r.again))]


def test_each_build_measures_again_within_fifteen_core_minutes():
    todo = measuring.jobs(claims.CLAIMS, whole=False, again=True)
    assert sum(job.seconds or 0 for job in todo) < measuring.BUDGET


# --- comparing ----------------------------------------------------------------------------------


def mutated(record):
    """Six of forty, written as sixteen, in every place where it stands."""
    outcomes = "1" * 16 + "0" * 24
    drawn = band(16, 40, 40, claims=comparing.compared())
    return replace(record, k=16, outcomes=outcomes, again=outcomes, band=drawn)


def forgotten(record):
    """The same mutation, but for the band."""
    return replace(mutated(record), band=record.band)


def test_the_recorded_platform_allows_one_count_and_another_a_band(lottery):
    (record,) = comparing.write([lottery.claim])
    new = measuring.measure(lottery.claim)
    here = comparing.compare(lottery.claim, record, new)
    assert (here.band, here.same_platform, here.holds) == (Band(6, 6), True, True)
    for change in ({"platform": record.platform | {"cpu": "another"}}, {"device": "cuda"}):
        away = comparing.compare(lottery.claim, replace(record, **change), new)
        assert (away.band, away.same_platform) == (record.band, False)
        assert away.holds


def test_the_mutated_claim_fails_and_is_named_with_band_and_value(lottery, capsys):
    (record,) = comparing.write([lottery.claim])
    manifest.write([mutated(record)], lottery.path)
    (verdict,) = comparing.compare_all([lottery.claim])
    assert not verdict.holds
    assert str(verdict) == (
        "lottery: measured 6 of 40, OUTSIDE the band 16 to 16 (the recorded platform)"
    )
    assert cli.main(["evidence", "--again", "--jobs", "1"]) == 1
    assert str(verdict) in capsys.readouterr().err


def test_the_mutated_claim_fails_elsewhere_too_with_the_seeds_that_the_table_has():
    early, number = claims.claim("parity-sheet-early"), comparing.compared()
    for written, true in ((16, 6), (6, 16)):  # of 40
        allowed = band(early.n * written // 40, early.n, early.again, claims=number)
        assert early.again * written // 40 in allowed
        assert early.again * true // 40 not in allowed


@pytest.mark.parametrize(
    ("mutate", "drawn"),
    [(lambda r: replace(r, band=Band(0, 40)), "0 to 40"), (forgotten, "0 to 16")],
)
def test_a_band_that_its_counts_do_not_bear_out_is_damaged(lottery, mutate, drawn):
    (record,) = comparing.write([lottery.claim])
    manifest.write([mutate(record)], lottery.path)
    with pytest.raises(ValueError, match=f"lottery: .* and its band is {drawn}; damaged"):
        comparing.compare_all([lottery.claim])


def test_one_more_claim_that_builds_compare_draws_all_bands_anew(lottery, monkeypatch):
    (record,) = comparing.write([lottery.claim])
    others = tuple(replace(lottery.claim, label=f"another-{i}") for i in range(200))
    monkeypatch.setattr(claims, "CLAIMS", (lottery.claim, *others))
    with pytest.raises(
        ValueError, match=r"more claims \(`unrolled evidence --only lottery --write`"
    ):
        comparing.compare_all([lottery.claim])
    wider = next(r for r in comparing.write(others) if r.label == "lottery")
    assert wider.band.high > record.band.high
    assert replace(wider, band=record.band) == record


def test_a_subset_that_does_not_go_with_its_whole_is_damaged(lottery):
    (record,) = comparing.write([lottery.claim])
    manifest.write([replace(record, again="1" * 40)], lottery.path)
    with pytest.raises(ValueError, match=r"lottery: .*6 of 40.* and 40 were found; damaged"):
        comparing.compare_all([lottery.claim])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": "new"}, "new: not in the manifest"),
        ({"arguments": {"name": "parity-lstm"}}, "answers another question"),
        ({"test": ("<", 1)}, "answers another question"),
        ({"n": 39, "again": 39}, "has 40 seeds and 40 of them again, the table 39 and 39"),
        ({"again": 20}, "has 40 seeds and 40 of them again, the table 40 and 20"),
    ],
)
def test_a_manifest_that_answers_another_question_is_refused(lottery, changes, message):
    comparing.write([lottery.claim])
    with pytest.raises(ValueError, match=message):
        comparing.compare_all([replace(lottery.claim, **changes)])


def test_what_was_found_is_written_for_the_pages_and_touched_only_if_it_changed(lottery, tmp_path):
    comparing.write([lottery.claim])
    out = tmp_path / "build" / "found.json"
    comparing.keep_verdicts(comparing.compare_all([lottery.claim]), out)
    found = json.loads(out.read_text())
    assert found["claims"] == [
        {"label": "lottery", "k": 6, "n": 40, "band": [6, 6], "same_platform": True, "holds": True}
    ]
    before = out.stat().st_mtime_ns
    comparing.keep_verdicts(comparing.compare_all([lottery.claim]), out)
    assert out.stat().st_mtime_ns == before
    comparing.keep_verdicts([], out)
    assert json.loads(out.read_text())["claims"] == []


# --- the commands -------------------------------------------------------------------------------


def test_the_command_measures_writes_and_compares(lottery, capsys, tmp_path):
    assert cli.main(["evidence", "--write", "--jobs", "1"]) == 0
    assert "[1/1] lottery 6 of 40" in capsys.readouterr().err
    out = tmp_path / "found.json"
    assert cli.main(["evidence", "--again", "--jobs", "1", "--out", str(out)]) == 0
    assert "inside the band 6 to 6" in capsys.readouterr().out
    assert out.is_file()
    assert lottery.calls == [40]
    assert cli.main(["claims"]) == 0
    assert "6 of 40 networks win (95 % interval 7–29 %)." in capsys.readouterr().out


@pytest.mark.parametrize("again", [40, 0])
def test_a_count_that_moved_is_named_when_it_is_written(lottery, monkeypatch, capsys, again):
    claim = replace(lottery.claim, again=again)
    monkeypatch.setattr(claims, "CLAIMS", (claim,))
    assert cli.main(["evidence", "--write", "--jobs", "1"]) == 0  # nothing was on record
    elsewhere = replace(manifest.read()["lottery"], platform={"cpu": "another"})
    manifest.write([replace(elsewhere, date="before")], lottery.path)
    assert cli.main(["evidence", "--write", "--jobs", "1"]) == 0  # the same count, from elsewhere
    assert manifest.read()["lottery"].date != "before"
    none = "0" * 40
    band_of_none = comparing.allowed(0, 40, again)
    wrong = {"k": 0, "outcomes": none, "again": none[:again], "band": band_of_none}
    manifest.write([replace(elsewhere, **wrong)], lottery.path)
    assert cli.main(["evidence", "--write", "--jobs", "1"]) == 1
    said = f"lottery: measured 6 of 40, OUTSIDE the band {band_of_none} (another platform)"
    assert said in capsys.readouterr().err
    assert manifest.read()["lottery"].k == 6


def test_without_a_manifest_one_command_makes_it(lottery, capsys):
    lottery.path.unlink()
    assert cli.main(["evidence", "--again", "--jobs", "1"]) == 2
    assert "lottery: not in the manifest" in capsys.readouterr().err
    assert cli.main(["evidence", "--write", "--jobs", "1"]) == 0
    assert manifest.read()["lottery"].k == 6


def test_the_command_in_smoke_compares_nothing_and_says_so(lottery, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("UNROLLED_PROFILE", "smoke")
    out = tmp_path / "found.json"
    assert cli.main(["evidence", "--again", "--out", str(out)]) == 0
    assert "profile smoke: no claim is measured again or compared" in capsys.readouterr().err
    assert json.loads(out.read_text())["claims"] == []
    assert cli.main(["evidence", "--write"]) == 2
    assert lottery.path.read_text() == "{}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--again", "--write"], "--write: expected a whole measurement"),
        (["--jobs", "0"], "--jobs: expected at least 1, got 0"),
        (["--only", "none"], "expected one of the table of claims, got 'none'"),
        (["--again"], "lottery: not in the manifest"),
    ],
)
def test_mistakes_are_one_sentence_before_any_work(lottery, capsys, arguments, message):
    assert cli.main(["evidence", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert lottery.calls == []


def test_a_failed_measurement_writes_nothing(lottery, monkeypatch, capsys):
    bad = replace(lottery.claim, label="bad", measure="tasks.none")
    monkeypatch.setattr(claims, "CLAIMS", (lottery.claim, bad))
    assert cli.main(["evidence", "--write", "--jobs", "1"]) == 1
    assert "bad: measure" in capsys.readouterr().err
    assert lottery.path.read_text() == "{}"


# --- the pages ----------------------------------------------------------------------------------


def test_a_chapter_pastes_counts_from_the_manifest(lottery, monkeypatch):
    import myst_nb

    comparing.write([lottery.claim])
    lottery.calls.clear()
    pasted = {}
    monkeypatch.setattr(myst_nb, "glue", lambda key, value, display: pasted.update({key: value}))
    claims.glue("parity")
    assert pasted["claim-lottery"] == "6 of 40 (95 % interval 7–29 %)"
    assert pasted["claim-lottery-short"] == "6 of 40"
    assert pasted["claim-lottery-sentence"] == "6 of 40 networks win (95 % interval 7–29 %)."
    day = manifest.read()["lottery"].date[:10]
    assert pasted["claim-lottery-made"].startswith(f"measured on {day}, cpu, double, torch ")
    assert lottery.calls == []


def test_a_chapter_without_claims_is_refused():
    with pytest.raises(ValueError, match=r"chapter: expected one of parity, .*got 'intro'"):
        claims.glue("intro")


def test_the_table_has_a_row_for_each_claim_that_was_measured(lottery):
    assert claims.table() == []
    comparing.write([lottery.claim])
    (row,) = claims.table()
    assert (row["k"], row["n"], row["device"], row["threshold"]) == (6, 40, "cpu, double", "solved")
    assert row["settings"] == measuring.settings_of(lottery.claim)
    assert row["interval"] == pytest.approx((0.0706, 0.2907), abs=1e-3)
