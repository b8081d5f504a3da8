"""Sweeps: a grid of model × settings × seed, run on many processes or machines, and resumable.

Each finished cell of the grid is one JSON line of a results file. A cell counts as done when a
line carries its key, the key of the stored run: whatever would make `runs.run` train again makes
the sweep run the cell again. The lines are written by the process that was asked, never by a
worker, so that workers on other machines need no common disk.
"""

from __future__ import annotations

import math
import threading
import warnings
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, get_args, get_type_hints

from unrolled import assignments, runs, store
from unrolled.assignments import Settings
from unrolled.evidence import Count
from unrolled.results import Found, Line, Results

TRAINING = threading.Lock()


@dataclass(frozen=True)
class Cell:
    """One training of the grid.

    Attributes:
        name: a key of `assignments.MODELS`.
        settings: "recipe" or "assignment".
        overrides: settings changed for this cell, by name.
        seed: of the weights and the data.
        profile: "smoke", "cpu" or "gpu".
        device: "cpu", "cuda" or None, which leaves it to the profile.
        key: of the run, see `store.digest`.
    """

    name: str
    settings: str
    overrides: dict[str, Any]
    seed: int
    profile: str
    device: str | None
    key: str = field(repr=False)

    def __str__(self) -> str:
        """Return the cell as a sentence names it."""
        return f"{self.group}, seed {self.seed}"

    @property
    def group(self) -> str:
        """The name of all cells that differ in the seed alone."""
        return group(self.name, self.settings, self.overrides)

    @property
    def arguments(self) -> dict[str, Any]:
        """What `runs.run` and `runs.depends_on` are called with."""
        named = ("name", "settings", "seed", "profile", "device")
        return {k: getattr(self, k) for k in named} | self.overrides


def group(name: str, settings: str, overrides: dict[str, Any]) -> str:
    """Return the name of all cells that differ in the seed alone."""
    return ", ".join([name, settings, *(f"{k}={v}" for k, v in overrides.items())])


# --- the grid -----------------------------------------------------------------------------------


def parse(changes: Iterable[str]) -> dict[str, list[Any]]:
    """Return the values that each setting takes in the grid, from "FIELD=VALUE,VALUE".

    >>> parse(["hidden_size=4,8", "clip=none,1"])
    {'hidden_size': [4, 8], 'clip': [None, 1.0]}

    Raises:
        ValueError: no such setting, one named twice, or a value of another type.
    """
    found: dict[str, list[Any]] = {}
    types = get_type_hints(Settings)
    for change in changes:
        name, _, texts = change.partition("=")
        if name not in types:
            raise ValueError(f"--set: expected one of {', '.join(types)}, got {name!r}")
        if name in found:
            raise ValueError(f"--set: expected {name} once, with commas between its values")
        found[name] = list(dict.fromkeys(_value(name, types[name], t) for t in texts.split(",")))
    return found


def _value(name: str, kind: Any, text: str) -> Any:
    """Read one value of a setting."""
    kinds = get_args(kind) or (kind,)
    if type(None) in kinds and text == "none":
        return None
    if bool in kinds and text in ("true", "false"):
        return text == "true"
    try:
        value = kinds[0](text)
    except ValueError:
        value = None
    if bool in kinds or value in (None, "") or (kinds[0] is float and not math.isfinite(value)):
        words = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}
        none = " or none" if type(None) in kinds else ""
        raise ValueError(f"--set {name}: expected {words[kinds[0]]}{none}, got {text!r}")
    return value


def grid(
    names: Sequence[str],
    changes: dict[str, list[Any]],
    seeds: int,
    *,
    settings: str = "recipe",
    profile: str | None = None,
    device: str | None = None,
) -> list[Cell]:
    """Return all cells: every model × every settings × every combination of changes × every seed.

    Args:
        names: keys of `assignments.MODELS`.
        changes: setting → its values.
        seeds: how many; they are 0 … seeds − 1.
        settings: "recipe", "assignment", or both with a comma between them.
        profile: how much is run; UNROLLED_PROFILE's without it.
        device: "cpu" or "cuda".

    Raises:
        ValueError: seeds below 1, or anything that no run would accept.
    """
    if seeds < 1:
        raise ValueError(f"--seeds: expected at least 1, got {seeds}")
    level, cells = assignments.profile(profile).name, []
    tables = list(dict.fromkeys(settings.split(",")))
    for name, table, values in product(dict.fromkeys(names), tables, product(*changes.values())):
        overrides = dict(zip(changes, values, strict=True))
        common = {"name": name, "settings": table, "profile": level, "device": device}
        what = runs.depends_on(**common, **overrides)  # once: with MNIST it reads the files
        cells += [
            Cell(**common, overrides=overrides, seed=n, key=store.digest(what | {"seed": n}))
            for n in range(seeds)
        ]
    return cells


def place(cells: Sequence[Cell]) -> Path:
    """Return the results file of a grid that was given none: one in the folder of the store.

    The number of seeds is left out: a sweep with more of them goes on in the same file.
    """
    first = cells[0]
    what = {"grid": sorted({c.group for c in cells}), "profile": first.profile}
    name = store.digest(what | {"device": first.device})
    return store.folder_of_store() / "sweeps" / f"{name}.jsonl"


# --- what the file says ---------------------------------------------------------------------------


def remarks(cells: Sequence[Cell], results: Results, found: Found) -> list[str]:
    """Return what has to be said about a results file before the grid goes on in it."""
    said = []
    if found.damaged:
        said.append(
            f"{results.path}: {found.damaged} damaged {_lines(found.damaged)} moved to "
            f"{results.aside.name}; what stood there is run again"
        )
    if others := stale(cells, found.lines):
        said.append(
            f"{results.path}: {others} {_lines(others)} of this grid made by other versions, code, "
            "data or another device; they are kept and do not count"
        )
    return said


def _lines(n: int) -> str:
    return "line" if n == 1 else "lines"


def stale(cells: Sequence[Cell], lines: dict[str, Line]) -> int:
    """Count the lines that stand for cells of the grid but were made by something else."""
    keys = {cell.key for cell in cells}
    wanted = {(cell.group, cell.seed, cell.profile) for cell in cells}
    others = [line for key, line in lines.items() if key not in keys]
    return sum((_group(line), line["seed"], line.get("profile")) in wanted for line in others)


def _group(line: Line) -> str:
    return group(line["name"], line["settings_name"], line["overrides"])


def in_order(cells: Sequence[Cell], lines: dict[str, Line]) -> list[Line]:
    """Return the line of each cell, in the order of the grid.

    Two cells may share a key, such as those of a recipe and a sheet that say the same.
    """
    return [
        lines[cell.key] | {"settings_name": cell.settings, "overrides": cell.overrides}
        for cell in cells
    ]


def report(cells: Sequence[Cell], lines: Sequence[Line]) -> list[str]:
    """Return what a reader sees: each run's metrics and, where there are any, the successes."""
    groups: dict[str, list[Line]] = {}
    for cell, line in zip(cells, lines, strict=True):
        groups.setdefault(cell.group, []).append(line)
    said = []
    for name, members in groups.items():
        if len(groups) > 1 or members[0]["overrides"]:
            said.append(name)
        said += [f"seed {line['seed']:3}  {line['metrics']}" for line in members]
        if "solved" in members[0]["metrics"]:
            solved = sum(line["metrics"]["solved"] for line in members)
            said.append(f"solved: {Count(solved, len(members))}")
    return said


# --- the work -----------------------------------------------------------------------------------


def solve(cell: Cell) -> Line:
    """Train one cell where this is called, on a worker perhaps, and return its line.

    Raises:
        ValueError: it cannot be trained, or this machine would train something else.
        KeyboardInterrupt: Ctrl-C ended the training.
    """
    try:
        with TRAINING:  # starting weights pass through PyTorch's global seed, which threads share
            if store.digest(runs.depends_on(**cell.arguments)) != cell.key:
                raise ValueError("this worker has other versions, code or data than the sweep")
            made = runs.run(**cell.arguments)
    except ValueError as error:
        raise ValueError(f"{cell}: {error}") from error
    except Exception as error:
        error.add_note(f"in the cell {cell}")
        raise
    if made.interrupted:
        raise KeyboardInterrupt
    return {"key": cell.key, "overrides": cell.overrides} | made.record()


def sweep(
    cells: Sequence[Cell], results: Results, *, jobs: int = 1, dask: str | None = None
) -> Iterator[Line]:
    """Train the cells side by side and write each one's line as soon as it is there.

    Args:
        cells: those that are still to be done.
        results: where the lines go.
        jobs: local processes; without meaning when `dask` is given.
        dask: the address of a Dask scheduler whose workers do the work.

    Yields:
        The lines, in the order in which they come.

    Raises:
        ValueError: jobs below 1, a cell fails, or the cluster does.
    """
    from joblib import Parallel, delayed, parallel_config

    if jobs < 1:
        raise ValueError(f"--jobs: expected at least 1, got {jobs}")
    todo = list({cell.key: cell for cell in cells}.values())
    # One cell a batch: what a kill can cost is what is in flight.
    options = {"return_as": "generator_unordered", "batch_size": 1}
    if dask is None:
        making = Parallel(n_jobs=jobs, **options)(delayed(solve)(cell) for cell in todo)
        yield from _written(making, results)
        return
    from unrolled import cluster

    with cluster.connected(dask) as backend, parallel_config(backend):
        making = Parallel(n_jobs=-1, pre_dispatch="all", **options)(
            delayed(solve)(cell) for cell in todo
        )
        yield from _written(making, results)


def _written(making: Generator[Line], results: Results) -> Iterator[Line]:
    """Write each line when it comes, then hand it on."""
    try:
        for line in making:
            results.append(line)
            yield line
    finally:
        with warnings.catch_warnings():  # joblib's, that work is thrown away: after Ctrl-C it is
            warnings.simplefilter("ignore")
            making.close()
