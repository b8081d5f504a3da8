"""A book of a few lines, built in a temporary folder."""

import pytest
from bindery.build import Build
from unrolled import mnist

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
        (root / "constraints.txt").write_text("numpy==2\n")
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
