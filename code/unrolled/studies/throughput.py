"""How many networks can be counted in an hour: updates a second against networks side by side.

Only the updates are timed: drawing the first weights, validating and testing are left out. A
machine that does other work at the same time makes all figures smaller, so each is the best of
some rounds. What ends a curve is memory: autograd keeps the states of all networks and steps until
it has been back along them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from time import perf_counter
from typing import Any

import torch

from unrolled.assignments import settings_of
from unrolled.ensembles.members import task_of
from unrolled.runs import study
from unrolled.training import learning_rates

ROUNDS = 3
LONG_ROUND = 1000  # updates, those of all networks together


def networks_per_hour(
    name: str,
    *,
    engine: str,
    together: int,
    updates: int | None = None,
    device: str | None = None,
) -> dict[str, Any]:
    """Time the training of some networks side by side.

    Args:
        name: a model of assignments 1 to 4.
        engine: "batched" or "compiled".
        together: networks held at a time, E.
        updates: updates of each network in a round; without it ten, and of more than 100 networks
            fewer, for a round is long then.
        device: "cpu" or "cuda".

    Returns:
        "updates", those of all networks together in a second; "per_hour", how many networks could
        be given all the updates of the recipe in an hour; "together"; "kept", bytes, see
        `kept_for_the_way_back`; "device", "engine".

    Raises:
        ValueError: an unknown model or engine, or an engine that cannot do it.
    """
    settings = settings_of(name, "recipe", "cpu")
    task = task_of(name, settings)
    members = [task.member(seed) for seed in range(together)]
    trainer = _engine(engine)(task, members, settings=settings, device=device)
    updates = updates or max(1, min(10, LONG_ROUND // together))
    rates = list(islice(learning_rates(settings), updates))
    kept = kept_for_the_way_back(lambda: trainer.advance(rates[:1]))  # compiles, and warms up
    best = min(_seconds(trainer, rates) for _ in range(ROUNDS))
    pace = together * len(rates) / best
    return {
        "updates": pace,
        "per_hour": 3600 * pace / settings.steps,
        "together": together,
        "kept": kept,
        "device": trainer.where,
        "engine": trainer.name,
    }


def side_by_side(
    name: str, sizes: Iterable[int], *, engine: str, device: str, most: int
) -> list[dict[str, Any]]:
    """Time more and more networks side by side, as far as memory allows.

    Half of what is free may be used, for other chapters run at the same time. Gradients need as
    much as what is kept for the way back, and so do the batches.

    Args:
        name: a model of assignments 1 to 4.
        sizes: networks held at a time, growing.
        engine: "batched" or "compiled".
        device: "cpu" or "cuda".
        most: where to stop although there is room.

    Returns:
        What `networks_per_hour` returns, for each size that was tried.
    """
    found: list[dict[str, Any]] = []
    needed = 0.0  # bytes of one network
    for together in sizes:
        if together > most or needed * together > free(device) / 2:
            break
        how = {"engine": engine, "device": device, "together": together}
        found.append(study(networks_per_hour, name=name, **how))
        needed = 3 * found[-1]["kept"] / together
    return found


def free(device: str) -> float:
    """Return the bytes that are free on a device."""
    if device == "cuda":
        torch.cuda.empty_cache()  # what PyTorch keeps for itself looks used
        return torch.cuda.mem_get_info()[0]
    import psutil  # comes with the kernel of every notebook

    return psutil.virtual_memory().available


def kept_for_the_way_back(update: Callable[[], Any]) -> int:
    """Return how many bytes autograd keeps between the one forward and backward pass of an update.

    Arrays that share their memory count once; 0 where autograd has no part in it.
    """
    kept: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        memory = tensor.untyped_storage()
        kept[memory.data_ptr()] = memory.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        update()
    return sum(kept.values())


def _engine(name: str) -> Any:
    if name == "compiled":
        from unrolled.ensembles.compiled import Compiled

        return Compiled
    if name == "batched":
        from unrolled.ensembles.batched import Batched

        return Batched
    raise ValueError(f"engine: expected batched or compiled, got {name!r}")


def _seconds(trainer: Any, rates: list[float]) -> float:
    start = perf_counter()
    trainer.advance(rates)
    return perf_counter() - start
