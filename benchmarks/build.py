"""A cold build of the book against the serial one: `python -m benchmarks.build`.

Ours is what `make book` does before it looks at the claims: the chapters, one a core, then the
pages. Serial is `jupyter-book build` alone, which runs each chapter when it comes to it. Each has a
fresh clone of the last commit, without any stored run; kernels, threads, data and profile are the
same (UNROLLED_PROFILE, by default cpu, which takes more than an hour; smoke takes ten minutes).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from bindery.build import Build, cores
from bindery.execute import chapters, open_cache, write_kernelspec
from rich.console import Console
from rich.progress import Progress

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["jupyter-book", "build", ".", "-W", "-n", "--keep-going", "--quiet", "--path-output"]


def clone(folder: Path) -> Build:
    """Clone the last commit into a folder; what Numba compiled stays behind, as in a first build."""
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
    """Leave what `jupyter-book build` needs besides the executed chapters: the kernel, the record."""
    open_cache(build)
    write_kernelspec(build)
    build.write_record({}, {chapter.name: chapter.reaches for chapter in chapters(build.root)})


def seconds(step: Callable[[Build], None], build: Build) -> float:
    """Return how long a step takes."""
    start = perf_counter()
    step(build)
    return perf_counter() - start


def main() -> None:
    """Build the book twice, and print how long each took."""
    console = Console(soft_wrap=True)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="unrolled-build-") as name, Progress() as progress:
        here = progress.add_task("chapters, one a core", total=3)
        ours, serial = clone(Path(name) / "ours"), clone(Path(name) / "serial")
        side_by_side = seconds(run_chapters, ours)
        progress.update(here, advance=1, description="pages")
        pages = seconds(make_pages, ours)
        progress.update(here, advance=1, description="jupyter-book build")
        prepare(serial)
        one_by_one = seconds(make_pages, serial)
        progress.update(here, advance=1, description="done")
    console.print(f"Profile {ours.profile} on {ours.device}; {cores()} cores, load {load:.1f}.")
    console.print(f"make book: chapters {side_by_side:,.0f} s, pages {pages:,.0f} s")
    console.print(f"jupyter-book build: {one_by_one:,.0f} s")
    console.print(f"ratio {one_by_one / (side_by_side + pages):.2f}")


if __name__ == "__main__":
    main()
