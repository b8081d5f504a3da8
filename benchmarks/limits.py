"""What this machine can do at most: products, copies and tanh a second."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from statistics import median
from time import perf_counter
from typing import NamedTuple

import numpy as np
import torch
from numba import njit
from unrolled import tasks
from unrolled.ensembles import kernels

from benchmarks import ours, plain
from benchmarks.turns import MNIST, Size, torch_threads

SHAPES = {  # what is multiplied → [rows, inner] × [inner, columns]
    "large": (1024, 1024, 1024),
    "memory H 10": (1024, 10, 10),
    "LSTM 32": (256, 32, 128),
    "LSTM 64": (256, 64, 256),
    "LSTM 128": (256, 128, 512),
    "GRU 32": (256, 32, 96),
    "GRU 64": (256, 64, 192),
    "GRU 128": (256, 128, 384),
}
SECONDS = 0.05  # of each measurement; the fastest of five counts, for it is a limit


def fastest(action: Callable[[], object]) -> float:
    """Return the seconds of an action, repeated for a while, in the fastest of five whiles."""
    action()
    start = perf_counter()
    action()
    repetitions = max(1, int(SECONDS / (perf_counter() - start)))
    whiles = []
    for _ in range(5):
        start = perf_counter()
        for _ in range(repetitions):
            action()
        whiles.append((perf_counter() - start) / repetitions)
    return min(whiles)


class Work(NamedTuple):
    """About what a unit has to do: multiply-adds, bytes of data that it reads; on how many cores.

    A step has three products, forward, for the weights' gradient and for what came before; the
    first layer needs no third one for its inputs, which makes this a few per cent too much. What is
    drawn and tanh are left out, which makes it too little.
    """

    multiply_adds: float
    read: float
    cores: int = 1


def sequence(
    steps: int, inputs: int, units: int, *, gates: int = 1, answers: int | None = None
) -> float:
    """Return about the multiply-adds of learning from a sequence: forward, and twice as many back.

    Args:
        steps: its length, T.
        inputs: D.
        units: H.
        gates: 1 (RNN), 3 (GRU) or 4 (LSTM).
        answers: steps at which one number is read out; all of them without it.
    """
    read_out = (steps if answers is None else answers) * units
    return 3 * (steps * gates * units * (inputs + units) + read_out)


def least(work: Work) -> dict[str, float]:
    """Return the microseconds of a unit's products at the pace of a large one, and of its reads."""
    flops, copies = _rates(work.cores)
    return {"products": 2e-3 * work.multiply_adds / flops, "bandwidth": 1e-3 * work.read / copies}


@cache
def _rates(cores: int) -> tuple[float, float]:
    return product(SHAPES["large"], cores), bandwidth()


def product(shape: tuple[int, int, int], threads: int) -> float:
    """Return float32 GFLOP a second (a multiply-add is two) of PyTorch's product."""
    n, inner, columns = shape
    a, b, out = torch.randn(n, inner), torch.randn(inner, columns), torch.empty(n, columns)
    with torch_threads(threads):
        return 2e-9 * n * inner * columns / fastest(partial(torch.mm, a, b, out=out))


def products(threads: int) -> dict[str, float]:
    """Return the pace of each shape's product, see `product`."""
    return {name: product(shape, threads) for name, shape in SHAPES.items()}


def bandwidth() -> float:
    """Return the gigabytes read and written a second when 256 MiB are copied."""
    source = np.ones(2**26, np.float32)
    target = np.empty_like(source)
    return 2e-9 * source.nbytes / fastest(lambda: np.copyto(target, source))


@njit(**kernels.COMPILED)
def _kernel_tanh(source, target):
    for k in range(source.size):
        target[k] = kernels.tanh(source[k])


def tanh_rates() -> dict[str, float]:
    """Return 10⁹ tanh a second, of 10,240 numbers that stay in the nearest memory."""
    numbers = np.random.default_rng(0).standard_normal(10_240)
    single, target = numbers.astype(np.float32), np.empty(10_240, np.float32)
    ways = {
        "NumPy float64": lambda: np.tanh(numbers),
        "NumPy float32": lambda: np.tanh(single),
        "kernel float32": lambda: _kernel_tanh(single, target),
    }
    return {name: 1e-9 * numbers.size / fastest(way) for name, way in ways.items()}


def memory_parts(product: float, tanh: float) -> dict[str, float]:
    """Return what the parts of A4's arithmetic take for a sequence, and what ratio that allows.

    A step takes H² multiply-adds forward, H² back and H² for the gradient; W, V and the biases
    are left out.

    Args:
        product: 10⁹ floating-point operations a second.
        tanh: 10⁹ a second.
    """
    rng = np.random.default_rng(0)
    parts = {
        "multiply-adds": 1e-3 * 10 * 3 * 2 * 10**2 / product,
        "tanh": 1e-3 * 10 * 10 / tanh,
        "drawing": 1e6 * fastest(lambda: tasks.memory(1024, 10, rng=rng)) / 1024,
    }
    loop, compiled = plain.memory(Size(50)), ours.memory_compiled(Size(20, 4))
    wholes = {"loop": loop, "compiled": compiled}
    took = {name: 1e6 * min(turn.run() for _ in range(6)) for name, turn in wholes.items()}
    limit = sum(parts.values())
    shares = {"limit / compiled": limit / took["compiled"], "loop / limit": took["loop"] / limit}
    return parts | took | shares


def mnist_parts(product: dict[str, float], updates: int) -> dict[str, dict[str, float]]:
    """Return for each model what an update takes on one thread, and what its products alone would.

    Args:
        product: GFLOP a second of each shape, on one thread.
        updates: of each model, behind its figure.
    """
    found = {}
    for name in MNIST:
        cell, _, size = name.removeprefix("mnist-").partition("-")
        rate = product[f"{cell.upper()} {size.removeprefix('3x')}"]
        measured = median(ours.alone(name, max(1, updates // 3)) for _ in range(3))
        limit = 2e-9 * ours.multiply_adds(name) / rate
        found[name] = {"ms": 1e3 * measured, "limit_ms": 1e3 * limit, "times": measured / limit}
    return found


def measure(updates: int = 12) -> dict:
    """Return all limits."""
    one, two, tanh = products(1), products(2), tanh_rates()
    return {
        "float32 GFLOP/s, 1 thread": one,
        "float32 GFLOP/s, 2 threads": two,
        "copy, GB/s": bandwidth(),
        "tanh, 10⁹/s": tanh,
        "memory, µs a sequence, 1 thread": memory_parts(one["large"], tanh["kernel float32"]),
        "MNIST, ms an update, 1 thread": mnist_parts(one, updates),
    }
