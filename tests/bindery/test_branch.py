"""`bindery.branch`: a small repository gets its branch of notebooks, and is left as it was."""

import subprocess

import nbformat
import pytest
from bindery.branch import main
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

TOC = """format: jb-book
root: chapters/intro
parts:
  - caption: One
    chapters:
      - file: chapters/second
  - caption: Two
    chapters:
      - file: chapters/first
      - file: chapters/words
"""
CONFIG = """repository:
  url: https://github.com/someone/course
  branch: main
  notebooks_branch: made
"""


class Repository:
    """A repository with a book of two notebooks, and no identity to commit with."""

    def __init__(self, root):
        self.root = root
        self.notebooks = root / "_build" / "notebooks"
        self.notebooks.mkdir(parents=True)
        (root / ".gitignore").write_text("/_build/\n*.ipynb\n")
        (root / "_toc.yml").write_text(TOC)
        (root / "_config.yml").write_text(CONFIG)
        self.notebook("first", "First in name")
        self.notebook("second", "First to read")
        self.git("init", "--quiet", "--initial-branch=main")
        self.save("Begin")

    def notebook(self, name, title):
        cells = [new_code_cell("# installs"), new_markdown_cell(f"About.\n\n# {title}\n\nText.")]
        nbformat.write(new_notebook(cells=cells), self.notebooks / f"{name}.ipynb")

    def git(self, *arguments):
        run = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return run.stdout.strip()

    def save(self, message):
        self.git("add", "--all")
        self.git(
            "-c", "user.name=Ada", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", message
        )

    def write(self):
        return main([str(self.notebooks), "--root", str(self.root)])

    def files(self):
        return self.git("ls-tree", "-r", "--name-only", "made").splitlines()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, "/dev/null")
    root = tmp_path / "repository"
    root.mkdir()
    return Repository(root)


def test_the_branch_holds_notebooks_readme_and_binder(repository, capsys):
    binder = repository.root / ".binder"
    binder.mkdir()
    (binder / "postBuild").write_text("#!/bin/sh\n")
    (binder / "postBuild").chmod(0o755)
    (binder / "requirements.txt").write_bytes(b"numpy\r\n")
    repository.save("Binder")
    repository.git("config", "core.autocrlf", "true")
    (repository.root / ".git" / "info" / "exclude").write_text("*.ipynb\n")
    assert repository.write() == 0
    assert capsys.readouterr().out.startswith("The branch made: 2 notebooks, ")
    notebooks = ["first.ipynb", "second.ipynb"]
    assert repository.files() == [
        ".binder/postBuild",
        ".binder/requirements.txt",
        "README.md",
        *notebooks,
    ]
    assert repository.git("ls-tree", "made:.binder").startswith("100755")
    assert repository.git("cat-file", "-s", "made:.binder/requirements.txt") == "7"
    for name in notebooks:
        held = repository.git("show", f"made:{name}")
        assert held == (repository.notebooks / name).read_text().strip()
    assert repository.git("log", "--format=%an %s", "made").startswith("Ada Notebooks of ")


def test_the_readme_links_each_notebook_in_reading_order(repository):
    assert repository.write() == 0
    rows = [
        row for row in repository.git("show", "made:README.md").splitlines() if "[Colab]" in row
    ]
    assert [row.split("]")[0] for row in rows] == ["| [First to read", "| [First in name"]
    assert rows[1] == (
        "| [First in name](first.ipynb) "
        "| [Colab](https://colab.research.google.com/github/someone/course/blob/made/first.ipynb) "
        "| [Binder](https://mybinder.org/v2/gh/someone/course/made?urlpath=lab/tree/first.ipynb) |"
    )


def test_only_a_change_makes_a_commit_and_none_has_a_past(repository, capsys):
    def commit():
        assert repository.write() == 0
        return repository.git("rev-parse", "made")

    first = commit()
    (repository.root / "more.txt").write_text("Nothing that a notebook shows.\n")
    repository.save("More")
    capsys.readouterr()
    assert commit() == first
    assert "nothing has changed" in capsys.readouterr().out
    repository.notebook("first", "Another title")
    second = commit()
    assert second != first
    (repository.notebooks / "first.ipynb").unlink()
    commit()
    assert repository.files() == ["README.md", "second.ipynb"]
    assert repository.git("rev-list", "--count", "made") == "1"


def test_what_was_fetched_is_taken_if_it_is_the_same(repository, tmp_path):
    assert repository.write() == 0
    published = repository.git("rev-parse", "made")
    repository.git("update-ref", "refs/remotes/origin/made", published)
    repository.git("branch", "-D", "made")
    (repository.root / "more.txt").write_text("A later commit of the sources.\n")
    repository.save("More")
    assert repository.write() == 0
    assert repository.git("rev-parse", "made") == published


def test_working_tree_index_and_branch_stay_as_they_are(repository):
    (repository.root / "_toc.yml").write_text(TOC + "# changed\n")
    (repository.root / "staged.txt").write_text("staged\n")
    (repository.root / "untracked.txt").write_text("untracked\n")
    repository.git("add", "staged.txt")

    def state():
        asked = (("status", "--porcelain", "--branch"), ("rev-parse", "HEAD"), ("ls-files", "-s"))
        return [repository.git(*query) for query in asked]

    before = state()
    assert repository.write() == 0
    assert state() == before
    assert repository.git("branch", "--show-current") == "main"


def refused(repository, capsys):
    assert repository.write() == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


def test_a_branch_in_use_is_left_alone(repository, capsys):
    assert repository.write() == 0
    repository.git("checkout", "--quiet", "made")
    (repository.root / "_toc.yml").write_text(TOC)
    (repository.root / "_config.yml").write_text(CONFIG)
    before = repository.git("rev-parse", "made")
    repository.notebook("first", "Another title")
    assert "git branch: fatal: cannot force update the branch 'made'" in refused(repository, capsys)
    assert repository.git("rev-parse", "made") == before


def test_notebooks_that_are_not_the_book_s(repository, capsys):
    repository.notebook("third", "No page")
    assert "no page for third" in refused(repository, capsys)
    for path in repository.notebooks.glob("*.ipynb"):
        path.unlink()
    assert "expected those of the book, got none in" in refused(repository, capsys)
    assert repository.git("branch", "--list", "made") == ""


def test_settings_and_git_that_are_missing(repository, capsys, monkeypatch):
    config = repository.root / "_config.yml"
    config.write_text(CONFIG.replace("  notebooks_branch: made\n", ""))
    assert "notebooks_branch: expected a branch, got none" in refused(repository, capsys)
    config.write_text(CONFIG)
    monkeypatch.setenv("PATH", "")
    assert "apt install git" in refused(repository, capsys)
