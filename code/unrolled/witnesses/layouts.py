"""Witnesses for the layouts: the libraries themselves, run on arrays packed as an equation says."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from unrolled import cells
from unrolled.derivations.notation import Equation
from unrolled.studies import layouts
from unrolled.witnesses.gates import _steps, _weights
from unrolled.witnesses.numbers import EXACT, Gap, World, compare, evaluate

LIBRARIES = {"torch": "PyTorch", "keras": "Keras", "onnx": "ONNX"}
FROM_ATANH = 1e-9  # the candidate is read off the state by an inverse tanh


def _drawn(equation: Equation) -> Iterator[tuple]:
    """Draw cells of the equation's kind, and the letters of their gates."""
    kind = "gru" if equation.label.endswith("-gru") else "lstm"
    for seed in range(3):
        cell, x, states = layouts.draw(kind, rng=np.random.default_rng(seed))
        world = _weights(cell, layouts.LETTERS[kind])
        world |= {f"b_{{{side}}}": getattr(cell, f"bias_{side}")[:, None] for side in ("ih", "hh")}
        yield cell, x, states, world


def _where(equation: Equation) -> tuple[str, str]:
    """Say which library's array an equation is about, and the array's name."""
    if equation.label == "eq-layout-bias":
        return "Keras", "bias"
    library = LIBRARIES[equation.label.split("-")[2]]
    names = {"PyTorch": "weight_ih_l0", "Keras": "kernel", "ONNX": "W"}
    return library, names[library]


def as_converted(equation: Equation) -> Gap:
    """Compare with the array that `unrolled.convert` makes, for three random cells."""
    library, name = _where(equation)
    errors = []
    for cell, _, _, world in _drawn(equation):
        stored = layouts.layouts(cell)[library][name]
        packed = evaluate(equation.rhs, world)
        if packed.size != stored.size or packed.shape[0] not in stored.shape:
            raise ValueError(f"sides: expected {stored.shape}, got {packed.shape}")
        errors.append(np.max(np.abs(packed.reshape(stored.shape) - stored)))
    return Gap(float(max(errors)), EXACT)


def in_the_library(equation: Equation) -> Gap:
    """Pack the array as the equation says and let the library run 30 steps, from given states."""
    library, name = _where(equation)
    errors = []
    for cell, x, states, world in _drawn(equation):
        arrays = layouts.layouts(cell)[library]
        packed = evaluate(equation.rhs, world)
        arrays[name] = packed.reshape(arrays[name].shape)
        weights = arrays if library == "PyTorch" else list(arrays.values())
        theirs = layouts.RUNNERS[library](cell, x, states, weights)
        ours = layouts.run_numpy(cell, x, states)
        errors += [np.max(np.abs(a - b)) for a, b in zip(ours, theirs, strict=True)]
    return Gap(float(max(errors)), EXACT)


def _moved(cell: cells.GRU, d: np.ndarray) -> cells.GRU:
    """Move d from the candidate's second bias to its first; the sum stays."""
    other = cells.GRU(cell.input_size, cell.hidden_size)
    for name, array in cell.parameters.items():
        other.parameters[name][...] = array
    other.bias_ih[-len(d) :] += d
    other.bias_hh[-len(d) :] -= d
    return other


def _reset_worlds(run: str) -> Iterator[World]:
    """Measure Δa_n at one step: what is inside tanh, with d moved and without."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        cell = cells.GRU(3, 5, rng=rng)
        x, h_0, d = rng.normal(size=(1, 1, 3)), rng.normal(size=(1, 5)), rng.normal(size=5) / 2
        _, _, cache = cell.forward(x, h_0)
        inside = []
        for gru in (_moved(cell, d), cell):
            h_1 = layouts.RUNNERS[run](gru, x, [h_0])[0][0] if run in layouts.RUNNERS else None
            z = cache["z"][0]  # the same for both: d is the candidate's
            n = gru.forward(x, h_0)[2]["n"][0] if h_1 is None else (h_1 - z * h_0) / (1 - z)
            inside.append(np.arctanh(n))
        change = (inside[0] - inside[1]).T
        yield {r"\Delta a_n": change, "r": _steps(cache["r"]), "d": d[:, None], "H": 5, "t": 1}


def numpy_candidate(equation: Equation) -> Gap:
    """Compare with the candidate of `unrolled.cells.GRU`."""
    return compare(equation, _reset_worlds("NumPy"), FROM_ATANH)


def torch_candidate(equation: Equation) -> Gap:
    """Compare with the candidate that `torch.nn.GRU`'s state was made of."""
    return compare(equation, _reset_worlds("PyTorch"), FROM_ATANH)
