"""`bindery.release`: a release holds what it should, and nothing that shows solutions."""

import hashlib
import subprocess

import pytest
from bindery import handouts, release


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A repository whose wheel and PDFs have been made."""
    monkeypatch.setenv("UNROLLED_PROFILE", "cpu")
    monkeypatch.delenv("UNROLLED_PAPER", raising=False)
    monkeypatch.setattr(handouts, "printed", lambda root: {"unrolled": [], "parity": []})
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "unrolled-1.2.3-py3-none-any.whl").write_text("wheel")
    for edition in ("student", "instructor"):
        folder = tmp_path / "_build" / "handouts" / "a4" / edition
        folder.mkdir(parents=True)
        for name in ("unrolled", "parity"):
            (folder / f"{name}.pdf").write_text(f"{edition}: {name}")
    return tmp_path


def gathered(root, tag="v1.2.3"):
    return release.main(["--root", str(root), "--tag", tag])


def test_it_holds_wheel_the_students_pdfs_and_their_sums(made):
    (made / "dist" / "unrolled-gone.pdf").write_text("of the last release")
    assert gathered(made) == 0
    dist = made / "dist"
    names = ["unrolled-1.2.3-py3-none-any.whl", "unrolled-parity.pdf", "unrolled.pdf"]
    assert sorted(path.name for path in dist.iterdir()) == ["SHA256SUMS", *names]
    assert (dist / "unrolled.pdf").read_text() == "student: unrolled"
    assert (dist / "unrolled-parity.pdf").read_text() == "student: parity"
    digest = hashlib.sha256(b"student: parity").hexdigest()
    assert f"{digest}  unrolled-parity.pdf\n" in (dist / "SHA256SUMS").read_text()


def test_sha256sum_takes_the_sums_and_notices_a_changed_file(made):
    assert gathered(made) == 0
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    assert subprocess.run(command, cwd=made / "dist", capture_output=True).returncode == 0
    (made / "dist" / "unrolled.pdf").write_text("another")
    assert subprocess.run(command, cwd=made / "dist", capture_output=True).returncode == 1


@pytest.mark.parametrize("tag", ["v1.2.4", "1.2.3"])
def test_a_tag_of_another_version_is_refused(made, capsys, tag):
    assert gathered(made, tag) == 2
    assert f"expected v1.2.3, got {tag}" in capsys.readouterr().err
    assert not (made / "dist" / "SHA256SUMS").exists()


def test_without_a_tag_it_is_gathered_all_the_same(made):
    assert gathered(made, tag="") == 0


def test_a_missing_pdf_and_another_wheel_are_named(made, capsys):
    (made / "_build" / "handouts" / "a4" / "student" / "parity.pdf").unlink()
    assert gathered(made) == 2
    assert "no PDF of parity" in capsys.readouterr().err
    (made / "dist" / "unrolled-1.2.2-py3-none-any.whl").write_text("old")
    assert gathered(made) == 2
    assert "expected one wheel" in capsys.readouterr().err
