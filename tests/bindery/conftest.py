"""A book of a few lines, built in a temporary folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bindery.build import Build
from bs4 import BeautifulSoup
from unrolled import mnist

ROOT = Path(__file__).parents[2]
FRONT = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
{more}---

# {title}
"""
DIGITS = mnist.Source("digits", None, True, "No MNIST here.")


class Book:
    """A small book: pages are added one by one."""

    def __init__(self, root):
        self.root = root
        (root / "code" / "unrolled").mkdir(parents=True)
        (root / "code" / "unrolled" / "tasks.py").write_text("x = 1\n")
        for name in ("_config.yml", "references.bib"):
            shutil.copy(ROOT / name, root)
        (root / "constraints.txt").write_text("numpy==2\n")
        (root / "constraints-gpu.txt").write_text("triton==3\n")
        (root / "pyproject.toml").write_text("[project]\n")
        self.names = ["intro"]
        self.page("intro", "# Intro\n")

    def page(self, name, text):
        (self.root / f"{name}.md").write_text(text)
        if name not in self.names:
            self.names.append(name)
        chapters = [f"  - file: {other}" for other in self.names[1:]]
        toc = ["format: jb-book", "root: intro", *(["chapters:", *chapters] if chapters else [])]
        (self.root / "_toc.yml").write_text("\n".join(toc) + "\n")

    def chapter(self, name, code, prose="Prose.", more=""):
        cell = f"```{{code-cell}} ipython3\n{code}\n```\n" if code else ""
        self.page(name, f"{FRONT.format(title=name, more=more)}\n{prose}\n\n{cell}")

    def counting(self, name):
        """Code that notes each of its runs in a file, and the number of its runs so far."""
        log = self.root / f"{name}.runs"
        return f"with open({str(log)!r}, 'a') as log: log.write('x')"

    def runs(self, name):
        log = self.root / f"{name}.runs"
        return len(log.read_text()) if log.exists() else 0

    def html(self):
        """Build the pages with the real settings, warnings fatal; return them by their names."""
        run = self.jupyter_book()
        assert run.returncode == 0, run.stdout + run.stderr
        pages = (self.build(os.environ["UNROLLED_PROFILE"]).output / "html").rglob("*.html")
        return {path.stem: BeautifulSoup(path.read_bytes(), "html.parser") for path in pages}

    def jupyter_book(self, *options):
        """Let Jupyter Book build as the Makefile does."""
        out = self.build(os.environ["UNROLLED_PROFILE"]).output.parent
        program = str(Path(sys.executable).with_name("jupyter-book"))
        return subprocess.run(
            [program, "build", ".", "-Wnq", "--keep-going", f"--path-output={out}", *options],
            cwd=self.root,
            env={**os.environ, "JUPYTER_PATH": ""},
            capture_output=True,
            text=True,
        )

    def build(self, profile="smoke", data=DIGITS):
        return Build(self.root, profile, data)


@pytest.fixture
def book(tmp_path, monkeypatch):
    monkeypatch.setenv("UNROLLED_OFFLINE", "1")
    monkeypatch.setenv("UNROLLED_PROFILE", "smoke")
    monkeypatch.delenv("UNROLLED_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # the user's own MNIST, if any
    monkeypatch.setenv("JUPYTER_PATH", "")  # set by every execution; put back afterwards
    return Book(tmp_path)
