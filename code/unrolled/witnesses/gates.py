"""Witnesses for the gated cells.

PyTorch and Keras keep their gates to themselves. Against them a cell's equations are run as a
program, the tested one among them, and what comes out is compared.
"""

from __future__ import annotations

import numpy as np

from unrolled import cells, convert, frameworks
from unrolled.derivations import gates
from unrolled.derivations.notation import Equation
from unrolled.witnesses.numbers import EXACT, Gap, World, compare, each_step, evaluate, from_step_1

D, H, T = 2, 3, 4


def _draw(cell: cells.Cell, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give a cell weights of size 1; return inputs [1, T, D] and two first states [1, H]."""
    rng = np.random.default_rng(seed)
    for parameter in cell.parameters.values():
        parameter[...] = rng.normal(size=parameter.shape)
    return rng.normal(size=(1, T, D)), rng.normal(size=(1, H)), rng.normal(size=(1, H))


def _steps(rest: np.ndarray, first: np.ndarray | None = None) -> np.ndarray:
    """Turn [1, T, H], and [1, H] for step 0, into columns: [T + 1, H, 1]."""
    return from_step_1(rest[0], np.nan if first is None else first[0])[:, :, None]


def _weights(cell: cells.Cell, letters: str) -> World:
    """Name each gate's weights and biases: W_{ii}, W_{hi}, b_{ii}, b_{hi}, and so on."""
    named: dict = {"H": H}
    for name, packed in cell.parameters.items():
        kind, side = ("W" if name.startswith("weight") else "b"), name[-2]
        for letter, rows in zip(letters, np.split(packed, len(letters)), strict=True):
            named[f"{kind}_{{{side}{letter}}}"] = rows if kind == "W" else rows[:, None]
    return named


def numpy_lstm(equation: Equation) -> Gap:
    """Compare with the gates and states of `unrolled.cells.LSTM`."""
    cell = cells.LSTM(D, H)
    x, h_0, c_0 = _draw(cell, 1)
    _, _, cache = cell.forward(x, (h_0, c_0))
    world = {letter: _steps(cache[letter]) for letter in "ifgo"} | _weights(cell, "ifgo")
    world |= {"x": _steps(x), "h": _steps(cache["h"], h_0), "c": _steps(cache["c"], c_0)}
    return compare(equation, each_step(world, last=T))


def _numpy_gru(equation: Equation, *, reset_after: bool) -> Gap:
    cell = cells.GRU(D, H, reset_after=reset_after)
    x, h_0, _ = _draw(cell, 2)
    _, _, cache = cell.forward(x, h_0)
    world = {letter: _steps(cache[letter]) for letter in "rzn"} | _weights(cell, "rzn")
    world |= {"x": _steps(x), "h": _steps(cache["h"], h_0)}
    return compare(equation, each_step(world, last=T))


def numpy_gru(equation: Equation) -> Gap:
    """Compare with the gates and states of `unrolled.cells.GRU`."""
    return _numpy_gru(equation, reset_after=True)


def numpy_gru_published(equation: Equation) -> Gap:
    """Compare with `unrolled.cells.GRU(reset_after=False)`."""
    return _numpy_gru(equation, reset_after=False)


def _run(program: tuple[Equation, ...], tested: Equation, world: dict) -> dict:
    """Run a cell's equations step by step, the tested one in its place; fill in the world."""
    program = tuple(tested if e.label == tested.label else e for e in program)
    for equation in program:
        world.setdefault(equation.lhs.args[0].name, np.full((T + 1, H, 1), np.nan))
    for t in range(1, T + 1):
        for equation in program:
            value = evaluate(equation.rhs, {**world, "t": t})
            world[equation.lhs.args[0].name][t] = value
    return world


def _from_state(state: np.ndarray) -> np.ndarray:
    """Make room for T states after the first one [1, H]: [T + 1, H, 1]."""
    return _steps(np.full((1, T, H), np.nan), state)


def _gap(*pairs: tuple[np.ndarray, np.ndarray]) -> Gap:
    return Gap(float(max(np.max(np.abs(ours - theirs)) for ours, theirs in pairs)), EXACT)


def torch_lstm(equation: Equation) -> Gap:
    """Run the six equations as a program and compare with `torch.nn.LSTM`."""
    import torch

    cell = cells.LSTM(D, H)
    x, h_0, c_0 = _draw(cell, 3)
    layer = torch.nn.LSTM(D, H, batch_first=True, dtype=torch.float64)
    layer.load_state_dict({k: torch.from_numpy(v) for k, v in convert.to_torch(cell).items()})
    with torch.no_grad():
        start = (torch.from_numpy(h_0)[None], torch.from_numpy(c_0)[None])
        outputs, (_, c_T) = layer(torch.from_numpy(x), start)
    world = {"x": _steps(x), "h": _from_state(h_0), "c": _from_state(c_0)}
    ours = _run(gates.LSTM, equation, world | _weights(cell, "ifgo"))
    return _gap((ours["h"][1:, :, 0], outputs[0].numpy()), (ours["c"][T, :, 0], c_T[0, 0].numpy()))


def torch_gru(equation: Equation) -> Gap:
    """Run the four equations as a program and compare with `torch.nn.GRU`."""
    import torch

    cell = cells.GRU(D, H)
    x, h_0, _ = _draw(cell, 4)
    layer = torch.nn.GRU(D, H, batch_first=True, dtype=torch.float64)
    layer.load_state_dict({k: torch.from_numpy(v) for k, v in convert.to_torch(cell).items()})
    with torch.no_grad():
        outputs, _ = layer(torch.from_numpy(x), torch.from_numpy(h_0)[None])
    world = {"x": _steps(x), "h": _from_state(h_0)} | _weights(cell, "rzn")
    return _gap((_run(gates.GRU, equation, world)["h"][1:, :, 0], outputs[0].numpy()))


def keras_gru(equation: Equation) -> Gap:
    """Run the published form as a program and compare with Keras's `reset_after=False`."""
    keras = frameworks.keras()
    cell = cells.GRU(D, H, reset_after=False)
    x, h_0, _ = _draw(cell, 5)
    theirs = keras.layers.GRUCell(H, reset_after=False, dtype="float64")
    theirs.build((1, D))
    theirs.set_weights(convert.to_keras(cell))
    world = {"x": _steps(x), "h": _from_state(h_0)} | _weights(cell, "rzn")
    r, z, _, h = gates.GRU
    ours = _run((r, z, gates.GRU_PUBLISHED, h), equation, world)
    pairs, state = [], h_0
    for t in range(1, T + 1):
        output, _ = theirs(x[:, t - 1], [state])
        state = keras.ops.convert_to_numpy(output)
        pairs.append((ours["h"][t, :, 0], state[0]))
    return _gap(*pairs)


def _packed_world(cell: cells.LSTM, x: np.ndarray, h_0: np.ndarray) -> dict:
    """Name the packed arrays of a cell, its inputs and its first state."""
    kernel, recurrent, bias = convert.to_keras(cell)
    names = {"K": kernel, "U": recurrent, "b": bias[None], "t": 1}
    return {**names, "x": _steps(x), "h": _from_state(h_0)}


def keras_layout(equation: Equation) -> Gap:
    """Compare with the four sums, each computed from its own rows of the unpacked weights."""
    cell = cells.LSTM(D, H)
    x, h_0, _ = _draw(cell, 6)
    sums = cell.weight_ih @ x[0, 0] + cell.bias_ih + cell.weight_hh @ h_0[0] + cell.bias_hh
    named = dict(zip("ifgo", np.split(sums, 4), strict=True))
    world = {f"a_{{{gate}}}": a[:, None] for gate, a in named.items()}
    return compare(equation, [world | _packed_world(cell, x, h_0)])


def keras_step(equation: Equation) -> Gap:
    """Run the packed form as a program and compare with `unrolled.keras_models.LSTM_step`."""
    frameworks.keras()
    from unrolled.keras_models import LSTM_step

    cell = cells.LSTM(D, H)
    x, h_0, c_0 = _draw(cell, 7)
    world = _packed_world(cell, x, h_0)
    h, (_, c) = LSTM_step(x[:, 0], (h_0, c_0), world["K"], world["U"], world["b"][0])
    blocks = np.split(evaluate(equation.rhs, world), 4, axis=1)  # four times [1, H]
    names = [block.arg.name for block in equation.lhs.blocks]
    sums = dict(zip(names, blocks, strict=True))
    i, f, o = (cells.sigmoid(sums[f"a_{{{gate}}}"]) for gate in "ifo")
    our_c = f * c_0 + i * np.tanh(sums["a_{g}"])
    return _gap((our_c, c.numpy()), (o * np.tanh(our_c), h.numpy()))
