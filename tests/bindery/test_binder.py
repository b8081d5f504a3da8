"""Binder's files: exact versions, no CUDA, the profile, and where the library comes from."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from bindery import binder
from bindery.environments import read_pins

ROOT = Path(__file__).parents[2]
BINDER = ROOT / ".binder"
FIXED = read_pins(ROOT / "constraints.txt")


def test_the_list_is_what_constraints_and_project_say():
    text = (BINDER / "requirements.txt").read_text()
    assert text == binder.requirements(ROOT), "renew it with `make .binder/requirements.txt`"


def test_every_version_is_that_of_the_book_and_none_is_built_for_cuda():
    listed = read_pins(BINDER / "requirements.txt")
    assert {"torch", "tensorflow-cpu", "keras", "onnx", "numpy"} <= set(listed)
    assert listed["torch"] == f"{FIXED['torch']}+cpu"
    assert {n: v.removesuffix("+cpu") for n, v in listed.items()}.items() <= FIXED.items()
    assert not [name for name, version in listed.items() if binder.is_cuda(name, version)]
    assert "unrolled" not in listed
    assert binder.CPU_WHEELS in (BINDER / "requirements.txt").read_text()


def test_a_package_without_a_version_is_named(tmp_path):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    kept = [line for line in lines if not line.startswith("grpcio==")]
    (tmp_path / "constraints.txt").write_text("\n".join(kept))
    with pytest.raises(ValueError, match="it lacks grpcio"):
        binder.requirements(tmp_path)


def test_the_python_is_the_one_that_the_list_is_for():
    assert (BINDER / "runtime.txt").read_text().split() == [
        "python-" + binder.THERE["python_version"]
    ]


def test_start_sets_the_profile_and_runs_what_it_is_given():
    run = subprocess.run(
        [BINDER / "start", "env"],
        env={"PATH": os.environ["PATH"], "UNROLLED_PROFILE": "cpu"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "UNROLLED_PROFILE=smoke" in run.stdout.splitlines()
    assert "OMP_NUM_THREADS=1" in run.stdout.splitlines()


@pytest.fixture
def asked(tmp_path):
    """Run postBuild in a folder, with a Python that only notes what pip is asked for."""
    note = tmp_path / "bin" / "python"
    note.parent.mkdir()
    note.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    note.chmod(0o755)

    def run(folder):
        path = f"{note.parent}{os.pathsep}{os.environ['PATH']}"
        command = [BINDER / "postBuild"]
        subprocess.run(command, cwd=folder, env={"PATH": path}, check=True, capture_output=True)
        return (tmp_path / "asked").read_text().splitlines()[0]

    return run


def test_the_library_comes_from_the_sources_where_they_are(tmp_path, asked):
    (tmp_path / "pyproject.toml").touch()
    assert asked(tmp_path).endswith("--no-deps .")


def test_on_the_branch_of_the_notebooks_it_comes_from_main_of_the_same_repository(tmp_path, asked):
    branch = yaml.safe_load((ROOT / "_config.yml").read_text())["repository"]["branch"]
    address = "https://example.org/someone/unrolled"
    for command in (["init", "-q"], ["remote", "add", "origin", address]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    assert asked(tmp_path).endswith(f" git+{address}@{branch}")


def test_without_either_nothing_is_installed(tmp_path, asked):
    with pytest.raises(subprocess.CalledProcessError):
        asked(tmp_path)


def test_no_file_names_the_repository():
    for path in BINDER.iterdir():
        assert not re.search(r"OWNER|github", path.read_text()), path.name


@pytest.fixture
def image(tmp_path, monkeypatch):
    """An environment of a thousand bytes, which claims to hold what a test says."""
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    (site / "code.py").write_bytes(b"#" * 1000)

    def faults(listed, found, limit):
        monkeypatch.setattr(binder, "installed", lambda _: found)
        return binder.faults(tmp_path / "bin" / "python", listed, limit)

    return faults


@pytest.mark.parametrize(
    ("found", "limit", "wrong"),
    [
        ({"torch": "2.13.0+cpu", "pip": "26"}, 1, None),
        ({"torch": "2.13.0"}, 1, r"torch: 2\.13\.0\+cpu is listed, 2\.13\.0 installed\."),
        ({}, 1, r"torch: 2\.13\.0\+cpu is listed, none installed\."),
        ({"torch": "2.13.0+cpu", "nvidia-cublas": "13"}, 1, "nvidia-cublas: CUDA"),
        ({"torch": "2.13.0+cpu", "cuda-toolkit": "13"}, 1, "cuda-toolkit: CUDA"),
        ({"torch": "2.13.0+cpu"}, 1e-7, "site-packages: .* over"),
    ],
)
def test_an_image_with_another_version_with_cuda_or_too_large_is_refused(
    image, found, limit, wrong
):
    said = image({"torch": "2.13.0+cpu"}, found, limit)
    assert len(said) == (wrong is not None)
    assert not said or re.match(wrong, said[0])


def test_what_repo2docker_leaves_out_is_named():
    right = """
    COPY environment-2epy-2d3-2e11-2dlinux
    RUN pip install --no-cache-dir -r ".binder/requirements.txt"
    RUN ./.binder/postBuild
    ENV R2D_ENTRYPOINT="${REPO_DIR}/.binder/start"
    """
    assert binder.not_understood(right) == []
    wrong = right.replace(".binder/postBuild", "postBuild").replace("3-2e11", "3-2e10")
    assert len(binder.not_understood(wrong)) == 2


def test_the_trial_lays_out_the_branch_of_the_notebooks(tmp_path):
    binder.branch(ROOT, tmp_path)
    clone = tmp_path / "clone"
    assert not (clone / "pyproject.toml").exists()
    assert {p.name for p in (clone / ".binder").iterdir()} == {p.name for p in BINDER.iterdir()}
    assert (tmp_path / "origin" / "pyproject.toml").exists()
