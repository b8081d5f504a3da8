"""A cold build of the book against the serial one: `python -m benchmarks.build`.

Ours is what `make book` does, but for the claims that it compares: the chapters, one a core, then
the pages. Serial is `jupyter-book build` alone, which runs each chapter when it comes to it. Each
has a fresh clone of the last commit, without any stored run; kernels, threads, data and profile are
the same (UNROLLED_PROFILE: cpu, by default, takes about an hour, smoke ten minutes).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from bindery import execute
from bindery.build import Build
from rich.console import Console
from rich.progress import Progress

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["jupyter-book", "build", ".", "-W", "-n", "--keep-going", "--quiet", "--path-output"]


def clone(folder: Path) -> Build:
    """Clone the last commit into a folder; what Numba has compiled stays behind."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    return Build.current(folder)


def call(build: Build, *command: str) -> None:
    """Run a program of this environment in a clone, with the clone's library.

    Raises:
        RuntimeError: it failed.
    """
    found = Path(sys.executable).with_name(command[0])
    settings = {
        **os.environ,
        **build.environment(),
        "PYTHONPATH": str(build.root / "code"),
        "JUPYTER_PATH": str(build.root / "_build" / "jupyter"),
    }
    done = subprocess.run(
        [str(found), *command[1:]], cwd=build.root, env=settings, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def run_chapters(build: Build) -> None:
    """Run the chapters side by side."""
    call(build, "python", "-m", "bindery.execute")


def make_pages(build: Build) -> None:
    """Call `jupyter-book build`; a chapter that the cache does not hold runs there."""
    call(build, *PAGES, str(build.output.parent))


def prepare(build: Build) -> None:
    """Leave what `jupyter-book build` needs besides executed chapters: the kernel, the record."""
    execute.open_cache(build)
    execute.write_kernelspec(build)
    found = execute.chapters(build.root)
    build.write_record({}, {chapter.name: chapter.reaches for chapter in found})


def seconds(step: Callable[[Build], None], build: Build) -> float:
    """Return how long a step takes."""
    start = perf_counter()
    step(build)
    return perf_counter() - start


def measure(show: Progress) -> dict[str, float]:
    """Build the book twice; return the seconds of the chapters, the pages, and the serial build."""
    here = show.add_task("chapters, one a core", total=3)
    with tempfile.TemporaryDirectory(prefix="unrolled-build-") as name:
        ours, serial = clone(Path(name) / "ours"), clone(Path(name) / "serial")
        chapters = seconds(run_chapters, ours)
        show.update(here, advance=1, description="pages")
        pages = seconds(make_pages, ours)
        show.update(here, advance=1, description="jupyter-book build")
        prepare(serial)
        one_by_one = seconds(make_pages, serial)
        show.update(here, advance=1, description="done")
    return {"chapters": chapters, "pages": pages, "serial": one_by_one}


def lines(took: dict[str, float]) -> list[str]:
    """Return what is said of a measurement."""
    ours = took["chapters"] + took["pages"]
    return [
        f"side by side: chapters {took['chapters']:,.0f} s, pages {took['pages']:,.0f} s",
        f"jupyter-book build: {took['serial']:,.0f} s",
        f"ratio {took['serial'] / ours:.2f}, one round, without the claims of make book",
    ]


def main() -> None:
    """Build the book twice, and print how long each took."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    build, console = Build.current(ROOT), Console(soft_wrap=True)
    console.print(f"Profile {build.profile} on {build.device}, a thread a kernel, load {load:.1f}.")
    with Progress(console=console) as show:
        took = measure(show)
    console.print("\n".join(lines(took)))


if __name__ == "__main__":
    main()
