"""What the workflows do to a repository: the alarm's issue, the branch, the release."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Stands in for GitHub's own command line: notes how it is called, and knows some open issues.
GH = """#!/usr/bin/env bash
printf '%s\\n' "$@" -- >> calls
if [ "$1 $2" = "issue list" ]; then cat open; fi
"""
AT = "https://example.org/runs/7"


@pytest.fixture
def folder(tmp_path):
    """An empty place with our Makefile, scripts, and the stand-in for gh."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    for name in ("chapters", "code/bindery", "_build", "bin"):
        (tmp_path / name).mkdir(parents=True)
    gh = tmp_path / "bin" / "gh"
    gh.write_text(GH)
    gh.chmod(0o755)
    (tmp_path / "open").write_text("")
    return tmp_path


def make(folder, *asked, **settings):
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["make", *asked],
        cwd=folder,
        env={**os.environ, "MAKEFLAGS": "", "PATH": path, **settings},
        capture_output=True,
        text=True,
    )


def calls(folder):
    return [call.splitlines() for call in (folder / "calls").read_text().split("--\n") if call]


@pytest.mark.parametrize("known", ["", "Workflow GPU fails\n", "Workflow Links fails again\n"])
def test_the_alarm_opens_an_issue_with_the_link(folder, known):
    (folder / "open").write_text(known)
    run = make(folder, "alarm", WHAT="Links", RUN=AT)
    assert run.returncode == 0, run.stderr
    created = calls(folder)[-1]
    assert created[:4] == ["issue", "create", "--title", "Workflow Links fails"]
    assert AT in created[-1]


def test_the_alarm_opens_no_second_issue(folder):
    (folder / "open").write_text("Another\nWorkflow Links fails\n")
    run = make(folder, "alarm", WHAT="Links", RUN=AT)
    assert run.returncode == 0, run.stderr
    assert [call[:2] for call in calls(folder)] == [["issue", "list"]]


def test_the_alarm_fails_if_the_issues_cannot_be_read_or_it_is_told_nothing(folder):
    assert make(folder, "alarm", RUN=AT).returncode
    (folder / "open").unlink()
    assert make(folder, "alarm", WHAT="Links", RUN=AT).returncode
    assert [call[:2] for call in calls(folder)] == [["issue", "list"]]


def git(folder, *arguments):
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(folder), *who, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_the_branch_takes_the_place_of_the_one_before_and_no_other_changes(folder, tmp_path):
    origin = tmp_path / "origin.git"
    git(tmp_path, "init", "--quiet", "--bare", str(origin))
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "remote", "add", "origin", str(origin))
    git(folder, "commit", "--quiet", "--allow-empty", "--message=sources")
    git(folder, "push", "--quiet", "origin", "main")
    sources = git(folder, "rev-parse", "main")
    for edition in ("one", "two"):  # without a common history, as `make branch` writes them
        git(folder, "checkout", "--quiet", "--orphan", edition)
        git(folder, "commit", "--quiet", "--allow-empty", f"--message={edition}")
        git(folder, "branch", "--force", "notebooks", edition)
        git(folder, "bundle", "create", "--quiet", "_build/notebooks.bundle", "notebooks")
        run = make(folder, "branch-push")
        assert run.returncode == 0, run.stderr
        assert git(origin, "rev-parse", "notebooks") == git(folder, "rev-parse", edition)
    assert git(origin, "rev-parse", "main") == sources


def test_a_release_is_made_of_its_tag_with_every_file(folder):
    (folder / "dist").mkdir()
    for name in ("SHA256SUMS", "unrolled.pdf"):
        (folder / "dist" / name).write_text(name)
    assert make(folder, "release-upload", "TAG=v1.2.3").returncode == 0
    (call,) = calls(folder)
    assert call[:3] == ["release", "create", "v1.2.3"]
    assert "--verify-tag" in call
    assert call[-2:] == ["dist/SHA256SUMS", "dist/unrolled.pdf"]
