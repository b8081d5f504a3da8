"""Run the book's chapters side by side and keep what they print.

Each chapter of `_toc.yml` that has code cells runs in a kernel of its own, the longest first, and
goes into a jupyter-cache that Sphinx then reads. The cache's folder is named after what all
chapters depend on, the locked versions, the data and the profile (`bindery.build`); a chapter's
place in it after its cells and the modules they reach (`bindery.reach`). So prose can change
freely, and a change of the library runs those chapters again that use what was changed.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from myst_nb.core.read import (
    MystMetadataParsingError,
    is_myst_markdown_notebook,
    read_myst_markdown_notebook,
)
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from rich.console import Console
from sphinx_external_toc.parsing import parse_toc_yaml

from bindery.build import Build, cores, read_record
from bindery.editions import edition, hidden_checks
from bindery.exercises import read as read_exercises
from bindery.progress import progress
from bindery.reach import digest

CELL_SECONDS = {"smoke": 300, "cpu": 1800, "gpu": 3600}
KEPT_CACHES = 4
KEPT_NOTEBOOKS = 500  # of one cache: some twenty versions of each chapter
KERNEL = "python3"
JOBS = "chapters at a time, at most (default: one a core; on a GPU never more than one)"


@dataclass
class Chapter:
    """One page with code cells, and what its run cost.

    Args:
        name: its entry in `_toc.yml`.
        path: its file.
        notebook: its cells.
        seconds: how long it ran.
        peak_mb: the most memory its kernel held.
        error: its traceback, if it failed.
    """

    name: str
    path: Path
    notebook: nbformat.NotebookNode
    seconds: float = 0.0
    peak_mb: float = 0.0
    error: str = ""

    @property
    def cells(self) -> list[str]:
        """The sources of its code cells."""
        return [cell.source for cell in self.notebook.cells if cell.cell_type == "code"]

    @property
    def code(self) -> str:
        """All its code cells, joined."""
        return "\n".join(self.cells)

    @property
    def reaches(self) -> str:
        """The digest of what its cells reach in the library."""
        return self.notebook.metadata.kernelspec["reaches"]

    def summary(self) -> str:
        """Say in a few words how its run went."""
        how = "FAILED" if self.error else "done"
        return f"{how} after {self.seconds:.1f} s, {self.peak_mb:.0f} MB"

    def cost(self) -> dict[str, Any]:
        """Return what the record says of a finished run."""
        return {
            "seconds": round(self.seconds, 1),
            "peak_mb": round(self.peak_mb),
            "finished": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        }


def chapters(root: Path) -> list[Chapter]:
    """Read the chapters of `_toc.yml` that Sphinx will take for notebooks, in reading order.

    Raises:
        ValueError: it names a file that is not there, or a cell's options cannot be read.
    """
    found = []
    for name in parse_toc_yaml(root / "_toc.yml"):
        path = root / f"{name}.md"
        if not path.is_file():
            raise ValueError(f"_toc.yml: expected files that exist, got {name}")
        text = path.read_text(encoding="utf-8")
        if not is_myst_markdown_notebook(text):
            continue
        try:
            chapter = Chapter(name, path, read_myst_markdown_notebook(text, path=path))
        except MystMetadataParsingError as error:
            raise ValueError(f"{path}: {error}") from error
        chapter.notebook.metadata.kernelspec["reaches"] = digest(chapter.cells, root / "code")
        found.append(chapter)
    return found


def longest_first(todo: list[Chapter], record: dict[str, Any]) -> list[Chapter]:
    """Sort chapters by the seconds they last took, before the first run by the `minutes` they name.

    With two at a time, a long chapter begun last would run alone while a core stands idle.
    """
    costs = record.get("chapters", {})

    def cost(chapter: Chapter) -> tuple[float, int]:
        named = 60 * chapter.notebook.metadata.get("minutes", 1)
        return costs.get(chapter.name, {}).get("seconds", named), len(chapter.code)

    return sorted(todo, key=cost, reverse=True)


def write_kernelspec(build: Build) -> None:
    """Make the kernel of this build: this very Python, quiet, found before the user's own."""
    folder = build.root / "_build" / "jupyter"
    kernel = folder / "kernels" / KERNEL
    kernel.mkdir(parents=True, exist_ok=True)
    # Level 40 hides the notice, one per chapter, that a kernel on this machine is not encrypted.
    quiet = "--IPKernelApp.log_level=40"
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", quiet],
        "display_name": "Python 3",
        "language": "python",
        "env": build.environment(),
    }
    (kernel / "kernel.json").write_text(json.dumps(spec, indent=1), encoding="utf-8")
    os.environ["JUPYTER_PATH"] = str(folder)


class Runner:
    """Runs chapters in threads, each of which waits for a kernel process.

    Args:
        build: what is built.
        jobs: how many chapters run at once.
    """

    def __init__(self, build: Build, jobs: int) -> None:
        self.build = build
        self.jobs = jobs
        self._clients: set[NotebookClient] = set()
        self._stopped = threading.Event()

    def run(self, todo: list[Chapter], started: Callable[[Chapter], None]) -> Iterator[Chapter]:
        """Run the chapters and yield each as it ends, failed ones with their `error`."""
        with ThreadPoolExecutor(self.jobs) as pool:
            futures = [pool.submit(self._run_one, chapter, started) for chapter in todo]
            try:
                for future in as_completed(futures):
                    yield future.result()
            except BaseException:  # Ctrl-C reaches this thread only, never the kernels
                pool.shutdown(wait=False, cancel_futures=True)
                self._stop()
                raise

    def _stop(self) -> None:
        self._stopped.set()
        for client in list(self._clients):
            process = kernel_process(client)
            if process:
                process.kill()

    def _go_on(self, **_: Any) -> None:
        """Before each cell: a kernel that was only starting when others were killed ends here."""
        if self._stopped.is_set():
            raise RuntimeError("stopped")

    def _run_one(self, chapter: Chapter, started: Callable[[Chapter], None]) -> Chapter:
        started(chapter)
        begin = time.perf_counter()
        log = self.build.output / "logs" / f"{chapter.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(self.build, chapter) as folder, log.open("wb") as stderr:
            client: NotebookClient = NotebookClient(
                chapter.notebook,
                timeout=CELL_SECONDS[self.build.profile],
                kernel_name=KERNEL,
                resources={"metadata": {"path": str(folder)}},
                record_timing=False,  # times written into the cells would change their key
                on_cell_start=self._go_on,
                on_cell_executed=lambda **_: note_memory(chapter, client),
            )
            self._clients.add(client)
            try:
                with own_sockets(client):
                    asyncio.run(client.async_execute(stderr=stderr))
            except (CellExecutionError, CellTimeoutError, DeadKernelError, RuntimeError) as error:
                chapter.error = f"{error}\n{log.read_text(errors='replace')}".strip()
                if self._stopped.is_set():  # what a killed kernel still said explains nothing
                    chapter.error = "stopped"
            finally:
                self._clients.discard(client)
        chapter.seconds = time.perf_counter() - begin
        return chapter


@contextmanager
def own_sockets(client: NotebookClient) -> Iterator[None]:
    """Let a client and its kernel talk through files of their own.

    A port of TCP is looked for first and taken later: of two kernels that start at the same moment
    one may find its port taken, and dies. Windows knows nothing else.
    """
    with tempfile.TemporaryDirectory(prefix="kernel-", ignore_cleanup_errors=True) as folder:
        if os.name != "nt":
            manager = client.create_kernel_manager()
            manager.transport, manager.connection_file = "ipc", f"{folder}/kernel.json"
        yield


@contextmanager
def scratch_folder(build: Build, chapter: Chapter) -> Iterator[Path]:
    """Give a chapter an empty folder to run in, so that no cell writes among the sources."""
    folder = build.output / "scratch" / chapter.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def kernel_process(client: NotebookClient) -> psutil.Process | None:
    """Return the process of a client's kernel, if there is one (yet, or still)."""
    pid = getattr(getattr(client.km, "provisioner", None), "pid", None)
    with suppress(psutil.Error):
        return psutil.Process(pid) if pid else None
    return None


def note_memory(chapter: Chapter, client: NotebookClient) -> None:
    """Note the kernel's memory after a cell: its peak on Linux, elsewhere what it holds now."""
    process = kernel_process(client)
    with suppress(psutil.Error):
        if process is None:
            return
        status = Path(f"/proc/{process.pid}/status")
        now = process.memory_info().rss
        if status.exists():
            rows = dict(row.split(":", 1) for row in status.read_text().splitlines())
            now = 1024 * int(rows["VmHWM"].split()[0])
        chapter.peak_mb = max(chapter.peak_mb, now / 1e6)


def open_cache(build: Build) -> JupyterCacheAbstract:
    """Open this build's cache, and remove all but the last few others."""
    cache = get_cache(str(build.cache))
    cache.change_cache_limit(KEPT_NOTEBOOKS)
    build.cache.touch()
    folders = sorted(build.cache.parent.iterdir(), key=lambda path: path.stat().st_mtime)
    for old in folders[:-KEPT_CACHES]:
        shutil.rmtree(old)
    return cache


def is_cached(cache: JupyterCacheAbstract, chapter: Chapter) -> bool:
    """Say whether the cache holds this chapter's cells; a page without any needs no run."""
    with suppress(KeyError):
        return bool(cache.match_cache_notebook(chapter.notebook))
    if not chapter.code:
        keep(cache, chapter)
    return not chapter.code


def known_costs(cache: JupyterCacheAbstract, kept: list[Chapter]) -> dict[str, Any]:
    """Return chapter -> cost of the very run whose output the cache holds, as far as it was noted.

    After an edit is taken back, that is not the last run; after a killed build, no record has it.
    """
    notes = {c.name: cache.match_cache_notebook(c.notebook).data for c in kept}
    return {name: note["cost"] for name, note in notes.items() if "cost" in note}


def keep(cache: JupyterCacheAbstract, chapter: Chapter) -> dict[str, Any]:
    """Put an executed chapter into the cache; return what is noted there of its cost."""
    cost = chapter.cost()
    data = {"execution_seconds": chapter.seconds, "cost": cost}
    bundle = CacheBundleIn(chapter.notebook, str(chapter.path), data=data)
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    return cost


def execute(
    build: Build, found: list[Chapter], jobs: int | None = None, console: Console | None = None
) -> list[Chapter]:
    """Run every chapter that the cache does not hold yet.

    Args:
        build: what is built.
        found: the book's chapters.
        jobs: how many chapters run at once, at most (default: one a core); one on a GPU.
        console: where progress is shown.

    Returns:
        The chapters that failed, each with its traceback in `error`.
    """
    console = console or Console()
    cache = open_cache(build)
    todo = [chapter for chapter in found if not is_cached(cache, chapter)]
    todo = longest_first(todo, read_record(build.output))
    # Two kernels on a GPU wait for each other's arithmetic and share its memory.
    jobs = 1 if build.on_card else max(1, min(jobs or cores(), len(todo)))
    write_kernelspec(build)
    console.print(f"Chapters: {len(found) - len(todo)} unchanged, {len(todo)} to run.")
    failed: list[Chapter] = []
    costs = known_costs(cache, [chapter for chapter in found if chapter not in todo])
    try:
        with progress(len(todo), console) as (started, ended):
            for chapter in Runner(build, jobs).run(todo, lambda chapter: started(chapter.name)):
                if chapter.error:
                    failed.append(chapter)
                else:
                    # Before it is announced: what was said stays true.
                    costs[chapter.name] = keep(cache, chapter)
                ended(chapter.name, chapter.summary())
    finally:
        build.write_record(costs, {chapter.name: chapter.reaches for chapter in found})
    return failed


def main(argv: list[str] | None = None) -> int:
    """Run the book's chapters; the exit status is 0, 1 (a chapter failed), 2 or 130 (Ctrl-C)."""
    parser = argparse.ArgumentParser(
        prog="python -m bindery.execute", description="Run the book's chapters into the cache."
    )
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="the folder of _toc.yml")
    parser.add_argument("--jobs", type=int, help=JOBS)
    options = parser.parse_args(argv)
    console = Console(soft_wrap=True)
    try:
        build = Build.current(options.root)
        edition()  # an unknown one is refused now, not when all chapters have run
        found = chapters(build.root)  # first: what in a cell's options cannot be read
        exercises, faults = read_exercises(build.root)
        if faults:
            print("\n".join(faults), file=sys.stderr)
            return 2
        hidden_checks({e.label for e in exercises})  # now, too
        console.print(f"Profile {build.profile} on {build.device}. {build.data.message}")
        if build.remark:
            console.print(build.remark)
        failed = execute(build, found, options.jobs, console)
    except (ValueError, OSError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped; the chapters that had finished are kept.", file=sys.stderr)
        return 130
    for chapter in failed:
        print(f"\n{chapter.path}\n{chapter.error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
