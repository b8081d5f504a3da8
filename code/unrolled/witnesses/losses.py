"""Witnesses for the losses of yes and no, and of ten classes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial

import numpy as np
from sympy import diff

from unrolled.derivations import losses
from unrolled.derivations.notation import Equation
from unrolled.gradcheck import numerical_gradient
from unrolled.witnesses.numbers import DIFFERENCES, Gap, World, compare, evaluate, from_step_1

BCE_SLOPE, CLASS_SLOPE, LOSS = losses.bce_slope.name, losses.class_slope.name, r"\ell"
(BCE,) = (e.rhs for e in losses.LOGITS if e.label == "eq-bce")
(CROSS_ENTROPY,) = (e.rhs for e in losses.CLASSES if e.label == "eq-cross-entropy")


def bce_points() -> list[tuple[float, float]]:
    """List logits and targets: at the turn, far from it, and anywhere."""
    grid = [(z, y) for z in (-4.0, -0.5, 0.0, 1.5, 6.0) for y in (0.0, 0.3, 1.0)]
    rng = np.random.default_rng(1)
    return grid + list(zip(rng.normal(size=6) * 2, rng.uniform(size=6), strict=True))


@cache
def _torch_bce_worlds() -> tuple[World, ...]:
    import torch

    def world(z: float, y: float) -> World:
        logit = torch.tensor(z, dtype=torch.float64, requires_grad=True)
        target = torch.tensor(y, dtype=torch.float64)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logit, target)
        loss.backward()
        return {"z": z, "y": y, LOSS: loss.item(), BCE_SLOPE: np.asarray(logit.grad)}

    return tuple(world(z, y) for z, y in bce_points())


def torch_bce(equation: Equation) -> Gap:
    """Compare with `binary_cross_entropy_with_logits` and its gradient."""
    return compare(equation, _torch_bce_worlds())


def bce_far_out(equation: Equation) -> Gap:
    """Try logits where e^z overflows: the loss is |z| if the answer is wrong, else 0."""
    cases = [(800.0, 0.0, 800.0), (800.0, 1.0, 0.0), (-800.0, 0.0, 0.0), (-800.0, 1.0, 800.0)]
    return compare(equation, [{"z": z, "y": y, LOSS: loss} for z, y, loss in cases])


def bce_derivative(equation: Equation) -> Gap:
    """Compare with SymPy's derivative of the binary cross-entropy."""
    derivative = diff(BCE, losses.z)
    points = [{"z": z, "y": y} for z, y in bce_points()]
    return compare(equation, [{**p, BCE_SLOPE: evaluate(derivative, p)} for p in points])


def _bce_at(y: float, logit: np.ndarray) -> float:
    return float(evaluate(BCE, {"z": logit[0], "y": y}))


def bce_differences(equation: Equation) -> Gap:
    """Compare with central differences of the binary cross-entropy equation itself."""
    worlds = []
    for z, y in bce_points():
        slope = numerical_gradient(partial(_bce_at, y), np.array([z]))
        worlds.append({"z": z, "y": y, BCE_SLOPE: slope[0]})
    return compare(equation, worlds, DIFFERENCES)


def torch_bce_mean(equation: Equation) -> Gap:
    """Compare with `torch.nn.functional.binary_cross_entropy` over a batch."""
    import torch

    rng = np.random.default_rng(2)
    said, wanted = rng.uniform(0.01, 0.99, 9), rng.integers(0, 2, 9).astype(float)
    pair = torch.from_numpy(said), torch.from_numpy(wanted)
    loss = torch.nn.functional.binary_cross_entropy(*pair)
    world = {"p": from_step_1(said), "q": from_step_1(wanted), "N": 9, "L": loss.item()}
    return compare(equation, [world])


def class_points() -> list[tuple[np.ndarray, int]]:
    """List logits of ten, two and five classes, and the true class, counted from 1."""
    rng = np.random.default_rng(5)
    sizes = ((10, 1), (10, 4), (10, 10), (2, 1), (5, 3))
    return [(rng.normal(size=classes) * 3, y) for classes, y in sizes]


def class_worlds(z: np.ndarray, y: int, p: np.ndarray, loss: float, slopes: np.ndarray) -> Iterator:
    """Name logits, probabilities, loss and gradient, class by class."""
    names = {"z": from_step_1(z), "p": from_step_1(p), "C": len(z), "y": y, LOSS: loss}
    return ({**names, "c": c, CLASS_SLOPE: slopes[c - 1]} for c in range(1, len(z) + 1))


@cache
def _torch_class_worlds() -> tuple[World, ...]:
    import torch

    worlds: list[World] = []
    for logits, y in class_points():
        z = torch.tensor(logits, requires_grad=True)
        loss = torch.nn.functional.cross_entropy(z[None], torch.tensor([y - 1]))
        loss.backward()
        p = torch.softmax(z, dim=0).detach().numpy()
        worlds += class_worlds(logits, y, p, loss.item(), np.asarray(z.grad))
    return tuple(worlds)


def torch_cross_entropy(equation: Equation) -> Gap:
    """Compare with PyTorch's softmax and cross-entropy, and with its gradient."""
    return compare(equation, _torch_class_worlds())


def _cross_entropy_at(world: World, logits: np.ndarray) -> float:
    return float(evaluate(CROSS_ENTROPY, {**world, "z": logits}))


def cross_entropy_differences(equation: Equation) -> Gap:
    """Compare with central differences of the cross-entropy equation itself."""
    worlds = []
    for world in _torch_class_worlds():
        z = world["z"].copy()
        slopes = numerical_gradient(partial(_cross_entropy_at, world), z)
        worlds.append({**world, CLASS_SLOPE: slopes[world["c"]]})
    return compare(equation, worlds, DIFFERENCES)
