"""Many networks of one model, trained side by side, so that a claim can be a count.

`count` is what the book calls. The networks come from `members`, the loop is here, and one of two
engines makes the updates: `batched` (PyTorch, every cell, CPU and GPU) or `compiled` (Numba, small
vanilla RNNs). Each network keeps its own seed: its own first weights, its own stream of data, its
own clipping and its own end. Network e ends where a run of its seed alone ends, up to rounding.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import torch

from unrolled import assignments
from unrolled.assignments import Settings
from unrolled.ensembles.batched import Batched
from unrolled.ensembles.members import Member, Task, task_of
from unrolled.torch_training import pick_device
from unrolled.training import learning_rates

ENGINES = ("batched", "compiled")
TOGETHER = {"batched": 100, "compiled": 8}  # networks held at a time on a CPU, each with its data


def count(name: str, *, seeds: int, **how: Any) -> dict[str, Any]:
    """Train a model with seeds 0 … `seeds` − 1 and count which of them solve its task.

    Args:
        name: a model of assignments 1 to 4 in `assignments.MODELS`.
        seeds: networks, E.
        how: what else `train` takes, settings changed among it.

    Returns:
        `solved` [E], the task's metrics (as `runs.run` has them) [E], the number of networks `n`
        and of solved ones `k`, `device` and `engine`; and of the training `step` [K] and
        `loss`, `train_accuracy`, `val_accuracy` or `val_loss` [K, E], NaN once a network has
        ended. Parity ends at the first validation without a mistake: `solved_step` [E], 0 if there
        was none.

    Raises:
        ValueError: fewer than one seed, an unknown model, override or engine, or an engine that
            cannot do it.
    """
    return train(name, seeds=seeds, **how)[0]


def train(
    name: str,
    *,
    seeds: int,
    settings: str = "recipe",
    profile: str | None = None,
    device: str | None = None,
    engine: str | None = None,
    cut: int = 0,
    together: int | None = None,
    network: dict[str, Any] | None = None,
    **overrides: Any,
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Train as `count` does, and return the weights too.

    Args:
        name: a model of assignments 1 to 4 in `assignments.MODELS`.
        seeds: networks, E.
        settings: "recipe" or "assignment".
        profile: how much is run.
        device: "cpu" or "cuda".
        engine: "batched" or "compiled"; the faster one that can do it without it.
        cut: the gradient stops where a multiple of `cut` steps begins; 0: nowhere.
        together: networks held at a time, at most; fewer where the device has no room for them.
        network: entries of the model's network that are changed, such as {"cell": "gru"}.
        overrides: settings changed, such as `hidden_size=4`.

    Returns:
        What `count` returns, and the trained weights by name, each with a first axis [E].

    Raises:
        ValueError: see `count`.
    """
    for named, value, least in (("seeds", seeds, 1), ("together", together, 1), ("cut", cut, 0)):
        if value is not None and (not isinstance(value, int) or value < least):
            raise ValueError(f"{named}: expected at least {least}, got {value}")
    chosen = assignments.settings_of(name, settings, profile, **overrides)
    task = task_of(name, chosen, **(network or {}))
    engine = engine or faster(task, chosen, device)
    if engine not in ENGINES:
        raise ValueError(f"engine: expected one of {', '.join(ENGINES)}, got {engine!r}")
    build = partial(_engine(engine), task, settings=chosen, device=device, cut=cut)
    size = together or (seeds if pick_device(device).type == "cuda" else TOGETHER[engine])
    parts: list[tuple[dict[str, Any], dict[str, np.ndarray]]] = []
    done = 0
    while done < seeds:
        members = [task.member(seed) for seed in range(done, min(done + size, seeds))]
        try:
            parts.append(_train(build, members, task, chosen))
        except torch.OutOfMemoryError as error:
            if size == 1:
                raise ValueError("device: it has no room for a single network") from error
            size = max(1, len(members) // 2)
            text = f"no room for {len(members)} networks at a time: going on with {size}"
            warnings.warn(text, stacklevel=2)
            continue
        done += len(members)
    result, weights = _join([p for p, _ in parts]), [w for _, w in parts]
    result |= {"n": seeds, "k": int(result["solved"].sum())}
    return result, {k: np.concatenate([w[k] for w in weights]) for k in weights[0]}


def faster(task: Task, settings: Settings, device: str | None) -> str:
    """Return the engine that does this fastest among those that can do it here."""
    if pick_device(device).type == "cpu" and importlib.util.find_spec("numba"):
        from unrolled.ensembles import compiled

        if compiled.can_do(task, settings):
            return "compiled"
    return "batched"


def _engine(name: str) -> Any:
    if name == "batched":
        return Batched
    try:
        from unrolled.ensembles.compiled import Compiled
    except ModuleNotFoundError as error:
        raise ValueError("engine: compiled needs Numba: pip install 'unrolled[fast]'") from error
    return Compiled


def _train(
    build: Callable[[list[Member]], Any], members: list[Member], task: Task, settings: Settings
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Train until the steps are done or all networks have ended; then test them.

    A network that is solved is taken out, as a run of its seed alone would end.
    """
    engine, size = build(members), len(members)
    left, solved_step = np.arange(size), np.zeros(size, int)  # left: still being trained
    final = engine.state()
    steps: list[int] = []
    rows: list[dict[str, np.ndarray]] = []
    rates = learning_rates(settings)
    while len(left) and (now := list(islice(rates, settings.evaluate_every))):
        loss, right = engine.advance(now)
        steps.append((steps or [0])[-1] + len(now))
        row = {"loss": loss} | ({"train_accuracy": right} if task.is_bit else {})
        row |= _validate(engine, task)
        rows.append({name: _among(values, left, size) for name, values in row.items()})
        for name, values in engine.state().items():
            final[name][left] = values
        if task.solved_by_validation and (good := row["val_accuracy"] == 1.0).any():
            solved_step[left[good]] = steps[-1]
            left = left[~good]
            engine.keep(np.flatnonzero(~good))
    curves = {name: np.stack([row[name] for row in rows]) for name in (rows or [{}])[0]}
    result = {"step": np.array(steps), **curves, "solved_step": solved_step}
    trained = [
        replace(member, weights={name: values[e] for name, values in final.items()})
        for e, member in enumerate(members)
    ]
    result |= _test(build(trained), task)
    return result | {"device": engine.where, "engine": engine.name}, final


def _test(engine: Any, task: Task) -> dict[str, np.ndarray]:
    """Return each network's numbers on its own test sequences."""
    members: list[Member] = engine.members
    names = members[0].tests
    outputs = {name: engine.outputs([m.tests[name] for m in members]) for name in names}
    found = [
        task.metrics({name: z[e] for name, z in outputs.items()}, member.tests)
        for e, member in enumerate(members)
    ]
    return {name: np.array([one[name] for one in found]) for name in found[0]}


def _validate(engine: Any, task: Task) -> dict[str, np.ndarray]:
    """Return each network's figure on its own validation sequences, if it has any."""
    batches = [member.validation for member in engine.members]
    if batches[0] is None:
        return {}
    z = engine.outputs(batches)
    y, weight = (np.stack([batch[k] for batch in batches]) for k in (1, 2))
    good = ((z > 0) == (y > 0.5)) if task.is_bit else (z - y) ** 2
    share = (good * weight).sum((1, 2, 3)) / weight.sum((1, 2, 3))
    return {"val_accuracy" if task.is_bit else "val_loss": share}


def _among(values: np.ndarray, left: np.ndarray, size: int) -> np.ndarray:
    """Return the values at their networks' places, NaN at the others."""
    full = np.full(size, np.nan)
    full[left] = values
    return full


def _join(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Join the results of networks trained in groups; shorter curves go on as NaN."""
    longest = max((part["step"] for part in parts), key=len)
    joined: dict[str, Any] = {}
    for key, value in parts[0].items():
        arrays = [np.asarray(part[key]) for part in parts]
        if np.ndim(value) == 2:
            ends = [((0, len(longest) - len(array)), (0, 0)) for array in arrays]
            padded = zip(arrays, ends, strict=True)
            arrays = [np.pad(array, end, constant_values=np.nan) for array, end in padded]
        joined[key] = np.concatenate(arrays, axis=-1) if np.ndim(value) else value
    return joined | {"step": longest}
