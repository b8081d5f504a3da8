"""Runs: what a training gave, kept with its weights under a key, and used again.

A key is the hash of everything the result depends on: the model's row of the table, the settings,
the seed, the device, the data, the versions of the frameworks, and the source (without comments
and docstrings) of the modules that take part. Change one of them and the run is made again; change
prose or plots and it is not. Chapters, tests and the command line share one store, so nothing is
trained twice.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from unrolled import assignments, devices, mnist
from unrolled.assignments import Settings
from unrolled.store import Kept, source_digest, stored, versions
from unrolled.training import Arrays, Row

ONE_LAYER = {"memory", "xnor", "elman", "whole-image"}  # tasks and cells whose networks have one


@dataclass(frozen=True)
class Run:
    """One training run: what it was given and what it gave.

    Attributes:
        name: a key of `assignments.MODELS`.
        profile: "smoke", "cpu" or "gpu".
        settings_name: "recipe" or "assignment".
        settings: the numbers themselves.
        seed: of the weights and the data.
        device: where it ran.
        seconds: what the training and its measurements took, wall clock.
        steps: updates made.
        metrics: name → number, on data that training never saw.
        versions: package → version.
        date: when it ended, UTC.
        interrupted: whether Ctrl-C ended it early; such a run is never used again.
        folder: where it is kept.
        history: column → array, see `training.History`.
        weights: name → array.
    """

    name: str
    profile: str
    settings_name: str
    settings: Settings
    seed: int
    device: str
    seconds: float
    steps: int
    metrics: dict[str, Any]
    versions: dict[str, str]
    date: str
    interrupted: bool = False
    folder: str = ""
    history: Arrays = field(default_factory=dict, repr=False)
    weights: Arrays = field(default_factory=dict, repr=False)

    def record(self) -> dict[str, Any]:
        """Return all but the arrays and where they are, ready for JSON."""
        bare = asdict(replace(self, history={}, weights={}))
        left_out = ("history", "weights", "folder")
        return {key: value for key, value in bare.items() if key not in left_out}

    def network(self) -> Any:
        """Build the network again, on the CPU, and give it the trained weights."""
        row = assignments.model(self.name)
        built = experiment(row.task).build(row.network, self.settings, self.seed, "cpu")
        load_weights(built, self.weights)
        return built


def load_weights(network: Any, weights: Arrays) -> None:
    """Give a network the weights of a run: a PyTorch module, a Keras model or a NumPy network."""
    if hasattr(network, "load_state_dict"):
        import torch

        network.load_state_dict({k: torch.from_numpy(w.copy()) for k, w in weights.items()})
    elif hasattr(network, "set_weights"):
        network.set_weights([weights[name] for name in sorted(weights)])
    else:
        for name, array in network.parameters.items():
            array[...] = weights[name]


def experiment(task: str) -> Any:
    """Return the module that trains and measures `task`.

    Raises:
        ValueError: its framework is not installed.
    """
    try:
        return importlib.import_module(f"unrolled.experiments.{task}")
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "keras", "tensorflow"):
            raise
        extra = "torch" if error.name == "torch" else "tensorflow"
        raise ValueError(
            f"{error.name} is not installed and {task} needs it: pip install 'unrolled[{extra}]'"
        ) from error


def depends_on(
    name: str,
    *,
    settings: str = "recipe",
    seed: int = 0,
    profile: str | None = None,
    device: str | None = None,
    **overrides: Any,
) -> dict[str, Any]:
    """Return all that the result of a run depends on; `store.digest` of it is the run's key.

    Args:
        name: a key of `assignments.MODELS`.
        settings: "recipe" or "assignment".
        seed: of the weights and the data.
        profile: how much is run; UNROLLED_PROFILE's without it.
        device: "cpu" or "cuda"; chosen by the profile without it.
        overrides: settings changed for this run, such as `seq_len=20`.

    Raises:
        ValueError: an unknown name, settings, profile or override, a negative seed, or several
            layers of a network that has one.
    """
    if seed < 0:
        raise ValueError(f"seed: expected 0 or more, got {seed}")
    row = assignments.model(name)
    chosen = assignments.settings_of(name, settings, profile, **overrides)
    if chosen.num_layers > 1 and {row.task, row.network["cell"]} & ONE_LAYER:
        raise ValueError(f"num_layers: expected 1 for {name}, got {chosen.num_layers}")
    return {
        "model": name,
        "network": row.network,
        "settings": asdict(chosen),
        "seed": seed,
        "device": device,
        "profile": assignments.profile(profile).name,
        "versions": versions(row.framework),
        "data": mnist.find().kind if row.task == "mnist" else None,
        "source": source_digest(f"unrolled.experiments.{row.task}"),
    }


def run(
    name: str,
    *,
    settings: str = "recipe",
    seed: int = 0,
    profile: str | None = None,
    device: str | None = None,
    callback: Callable[[int, Row], None] | None = None,
    again: bool = False,
    **overrides: Any,
) -> Run:
    """Return the run of a model: the stored one if there is one, else a new one, then stored.

    Args:
        name: a key of `assignments.MODELS`.
        settings: "recipe" or "assignment".
        seed: of the weights and the data.
        profile: how much is run; UNROLLED_PROFILE's without it.
        device: "cpu", "cuda" or "cuda:1"; see `devices.choose`. Only a training looks for it: what
            is stored is returned on a machine without a GPU too.
        callback: called with the step and its row after each measurement.
        again: train even if a run is stored.
        overrides: settings changed for this run, such as `seq_len=20`.

    Raises:
        ValueError: an unknown name, settings, profile, device or override, or a negative seed.
    """
    what = depends_on(
        name, settings=settings, seed=seed, profile=profile, device=device, **overrides
    )
    row, chosen = assignments.model(name), Settings(**what["settings"])

    def train() -> tuple[dict[str, Any], Arrays]:
        module = experiment(row.task)  # loading a framework is no part of the training time
        where = devices.choose(device, framework=row.framework, profile=what["profile"])
        start = time.perf_counter()
        with devices.placed(where, row.framework) as told:
            outcome = module.train(row.network, chosen, seed=seed, device=told, callback=callback)
        made = Run(
            name=name,
            profile=what["profile"],
            settings_name=settings,
            settings=chosen,
            seed=seed,
            device=outcome.device if where == "cpu" else devices.card(where, row.framework),
            seconds=round(time.perf_counter() - start, 3),
            steps=outcome.history.steps,
            metrics=outcome.metrics,
            versions=versions(row.framework),
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            interrupted=outcome.history.interrupted,
        )
        arrays = {f"history/{k}": v for k, v in outcome.history.arrays().items()}
        return made.record(), arrays | {f"weights/{k}": v for k, v in outcome.weights.items()}

    return from_record(stored(what, train, again=again))


def from_record(kept: Kept) -> Run:
    """Return the run that a record and its arrays describe."""

    def part(prefix: str) -> Arrays:
        return {k.removeprefix(prefix): v for k, v in kept.arrays.items() if k.startswith(prefix)}

    settings = Settings(**kept.record["settings"])
    known = kept.record | {"settings": settings, "folder": str(kept.folder)}
    return Run(**known, history=part("history/"), weights=part("weights/"))


def study(function: Callable[..., dict[str, Any]], **arguments: Any) -> dict[str, Any]:
    """Return what a measuring function gives for these arguments, kept like a run.

    Args:
        function: a function of the package that returns a dict of numbers and arrays.
        arguments: what it is called with; plain values, tuples or `Settings`. An argument that
            names a model stands for its row of the table, settings included. All else that the
            result depends on must be among them: the kind of data too, where it reads MNIST.

    Returns:
        The dict, with "seconds" (wall clock) and "date" added.
    """
    what = {
        "study": f"{function.__module__}.{function.__qualname__}",
        "arguments": arguments,
        "models": {
            value: assignments.MODELS[value]
            for value in arguments.values()
            if isinstance(value, str) and value in assignments.MODELS
        },
        "profile": assignments.profile().name,
        "versions": versions("all"),
        "source": source_digest(function.__module__),
    }

    def measure() -> tuple[dict[str, Any], Arrays]:
        start = time.perf_counter()
        result = function(**arguments)
        arrays = {k: np.asarray(v) for k, v in result.items() if np.ndim(v)}
        record = {k: v for k, v in result.items() if k not in arrays}
        seconds = round(time.perf_counter() - start, 3)
        date = datetime.now(UTC).isoformat(timespec="seconds")
        return record | {"seconds": seconds, "date": date}, arrays

    kept = stored(what, measure)
    return kept.record | kept.arrays
