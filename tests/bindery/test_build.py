"""`bindery.build`: what the key depends on, and what kernels are told."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bindery import build
from unrolled import mnist

PROFILES = ("smoke", "cpu", "gpu")


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml"])
def test_key_changes_with_each_source(book, name):
    before = book.build().key()
    (book.root / name).write_text("changed\n")
    assert book.build().key() != before


def test_what_cuda_adds_changes_the_key_of_the_profile_gpu_alone(book, monkeypatch):
    monkeypatch.setattr(build.Build, "device", "A GPU")
    before = {name: book.build(name).key() for name in ("cpu", "gpu")}
    (book.root / "constraints-gpu.txt").write_text("triton==4\n")
    changed = [name for name, key in before.items() if book.build(name).key() != key]
    assert changed == ["gpu"]


def test_key_changes_with_profile_data_and_gpu(book, tmp_path, monkeypatch):
    real = mnist.Source("real", tmp_path, True, "")
    keys = {book.build().key(), book.build("cpu").key(), book.build(data=real).key()}
    for name in ("CPU (8 cores)", "A GPU", "Another GPU"):
        monkeypatch.setattr(build.Build, "device", name)
        keys.add(book.build().key())
    assert len(keys) == 5  # the number of cores is no reason to run again


def test_key_ignores_pages_and_the_library(book):
    """Of the library, a chapter's own key holds what it reaches."""
    before = book.build().key()
    book.page("intro", "# Other words\n")
    (book.root / "code" / "unrolled" / "tasks.py").write_text("changed\n")
    assert book.build().key() == before


def test_a_kernel_has_one_thread_whatever_the_machine_has(book, monkeypatch):
    monkeypatch.setattr(build, "cores", lambda: 6)
    assert {book.build().environment()[name] for name in build.ONE_THREAD} == {"1"}


def test_only_the_profile_gpu_sees_a_card(book, monkeypatch):
    monkeypatch.setattr(build.devices, "cards", lambda framework: ["A card"])
    hidden = {p: book.build(p).environment().get("CUDA_VISIBLE_DEVICES") for p in PROFILES}
    assert hidden == {"smoke": "-1", "cpu": "-1", "gpu": None}
    assert [book.build(p).device for p in PROFILES][2] == "A card"
    assert "A card" not in book.build("cpu").device
    assert {book.build(p).environment()["TF_FORCE_GPU_ALLOW_GROWTH"] for p in PROFILES} == {"true"}


def test_a_missing_card_is_told_in_the_profile_gpu_alone(book, monkeypatch):
    monkeypatch.setattr(build.devices, "cards", lambda framework: [])
    assert [bool(book.build(p).remark) for p in PROFILES] == [False, False, True]
    book.build("gpu").write_record({})
    record = build.read_record(book.build("gpu").output)
    assert record["remark"].startswith("The profile gpu found no GPU: everything runs on the CPU")
    assert record["device"].startswith("CPU")
    monkeypatch.setattr(
        build.devices, "cards", lambda framework: ["A card"] * (framework != "keras")
    )
    assert book.build("gpu").remark.startswith("TensorFlow finds no GPU")
    monkeypatch.setattr(build.devices, "cards", lambda framework: ["A card"])
    assert book.build("gpu").remark == ""


def test_kernels_are_told_which_data_were_found(book, tmp_path):
    digits = book.build().environment()
    assert digits["UNROLLED_OFFLINE"] == "1"
    assert "UNROLLED_DATA" not in digits
    real = book.build(data=mnist.Source("real", tmp_path, True, "")).environment()
    assert real["UNROLLED_DATA"] == str(tmp_path)


def test_a_relative_data_folder_is_found_from_wherever_a_kernel_runs(book, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = mnist.Source("real", Path("mnist"), True, "")
    assert book.build(data=source).environment()["UNROLLED_DATA"] == str(tmp_path / "mnist")


def test_profiles_share_no_output(book, monkeypatch):
    monkeypatch.setattr(build.Build, "device", "CPU")
    outputs = {book.build(profile).output for profile in ("smoke", "cpu", "gpu")}
    caches = {book.build(profile).cache for profile in ("smoke", "cpu", "gpu")}
    assert len(outputs) == len(caches) == 3


def test_record_keeps_the_cost_of_chapters_that_did_not_run(book):
    book.build().write_record({"a": {"seconds": 1.0}, "b": {"seconds": 2.0}})
    book.build().write_record({"b": {"seconds": 3.0}})
    costs = build.read_record(book.build().output)["chapters"]
    assert costs == {"a": {"seconds": 1.0}, "b": {"seconds": 3.0}}


def test_record_keeps_its_date_when_nothing_changed(book):
    book.build().write_record({"a": {"seconds": 1.0}})
    file = book.build().output / "execution.json"
    os.utime(file, (0, 0))
    book.build().write_record({})
    assert file.stat().st_mtime == 0
    book.build(data=mnist.Source("real", book.root, True, "")).write_record({})
    assert file.stat().st_mtime > 0


def test_record_names_versions_and_commit(book):
    build.Build.write_record(book.build(), {})
    record = build.read_record(book.build().output)
    assert record["versions"]["numpy"] == np.__version__
    assert record["versions"]["Python"] == sys.version.split()[0]
    assert record["commit"] == ""  # this book is not kept in git


def test_the_commit_is_marked_when_files_have_changed_since(tmp_path):
    def git(*words):
        named = ["-c", "user.name=x", "-c", "user.email=x", "-c", "commit.gpgsign=false"]
        return subprocess.check_output(["git", "-C", tmp_path, *named, *words], text=True).strip()

    git("init", "-q")
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-q", "-m", "x")
    git("tag", "-a", "v1", "-m", "x")
    short = git("rev-parse", "--short", "HEAD")
    assert build.revision(tmp_path) == short
    (tmp_path / "a").write_text("2")
    assert build.revision(tmp_path) == f"{short} and later changes"


def test_no_record_before_the_first_build(book):
    assert build.read_record(book.build().output) == {}
