"""What a terminal shows while chapters run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


@contextmanager
def progress(
    total: int, console: Console
) -> Iterator[tuple[Callable[[str], None], Callable[[str, str], None]]]:
    """Show what runs: rows that move on a terminal, one plain line a chapter elsewhere.

    Args:
        total: how many will run.
        console: where it is shown.

    Yields:
        Two functions: `started(name)`, and `ended(name, how)`.
    """
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    whole = bar.add_task("chapters", total=total)
    rows: dict[str, Any] = {}

    def started(name: str) -> None:
        rows[name] = bar.add_task(f"  {name}", total=None)

    def ended(name: str, how: str) -> None:
        bar.remove_task(rows.pop(name))
        bar.advance(whole)
        line = f"[{bar.tasks[0].completed:.0f}/{total}] {name}: {how}"
        console.print(line, markup=False, highlight=False)

    with bar:
        yield started, ended
