"""One step of a gated cell, and many, as NumPy, PyTorch and TensorFlow differentiate them.

Nothing here knows an equation. Every cell gets one extra input for each pre-activation, wired to it
with weight 1 and fed with 0: the gradient in that input is the gradient in the pre-activation,
which no library shows otherwise. Points, sizes and lengths are drawn from three seeds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from unrolled import cells, convert, frameworks
from unrolled.gradcheck import numerical_gradient

Array = np.ndarray
SIZES = {1: (2, 3, 4), 2: (1, 4, 3), 3: (3, 2, 5)}  # seed → D, H, T
LETTERS = {"lstm": "ifgo", "gru": "rzn", "published": "rzn"}


@dataclass(frozen=True)
class Run:
    """A cell, what it reads from which state, and what the loss Σ e_t · h_t says to each output."""

    kind: str
    cell: Any
    x: Array  # [1, T, D + G·H]
    start: tuple[Array, ...]  # h, and c of an LSTM, [1, H] each
    e: Array  # [T, H]

    @property
    def gates(self) -> slice:
        """Where the inputs lie that are wired to the pre-activations."""
        return slice(self.x.shape[2] - self.cell.num_gates * self.cell.hidden_size, None)

    def read(self, x: Array, start: tuple[Array, ...]) -> tuple[Array, Any, Any]:
        """Let the NumPy cell read from a state given as a tuple."""
        return self.cell.forward(x, start if self.kind == "lstm" else start[0])

    @property
    def states(self) -> list[tuple[Array, ...]]:
        """The states 0 … T, each a tuple like `start`."""
        cache = self.read(self.x, self.start)[2]
        names = ("h", "c")[: len(self.start)]
        return [self.start, *(tuple(cache[k][:, t] for k in names) for t in range(len(self.e)))]


@cache
def draw(kind: str, seed: int) -> Run:
    """Draw a cell of kind "lstm", "gru" or "published", its inputs, its state and its loss."""
    rng, (input_size, size, steps) = np.random.default_rng([seed, len(kind)]), SIZES[seed]
    wires = len(LETTERS[kind]) * size
    if kind == "lstm":
        cell: cells.Cell = cells.LSTM(input_size + wires, size)
    else:
        cell = cells.GRU(input_size + wires, size, reset_after=kind == "gru")
    for parameter in cell.parameters.values():
        parameter[...] = 0.8 * rng.normal(size=parameter.shape)
    cell.weight_ih[:, input_size:] = np.eye(wires)
    x = np.concatenate([rng.normal(size=(1, steps, input_size)), np.zeros((1, steps, wires))], 2)
    start = tuple(rng.normal(size=(1, size)) for _ in range(2 if kind == "lstm" else 1))
    return Run(kind, cell, x, start, rng.normal(size=(steps, size)))


def parts(kind: str, ops: Any, arrays: list, x: Any, state: tuple) -> dict[str, Any]:
    """Write one step out, in the tensors of any library: every gate and state, [1, H] each.

    Args:
        kind: "lstm", "gru" or "published".
        ops: has sigmoid, tanh and cut(a, count).
        arrays: both weights, transposed, and both biases.
        x: the input, [1, D].
        state: h, and c of an LSTM.
    """
    w_x, w_h, b_x, b_h = arrays
    if kind == "lstm":
        h, c = state
        a_i, a_f, a_g, a_o = ops.cut(x @ w_x + b_x + h @ w_h + b_h, 4)
        i, f, g, o = ops.sigmoid(a_i), ops.sigmoid(a_f), ops.tanh(a_g), ops.sigmoid(a_o)
        c_t = f * c + i * g
        return {"i": i, "f": f, "g": g, "o": o, "c": c_t, "h": o * ops.tanh(c_t)}
    (h,) = state
    x_r, x_z, x_n = ops.cut(x @ w_x + b_x, 3)
    h_r, h_z, h_n = ops.cut(h @ w_h + b_h, 3)
    r, z = ops.sigmoid(x_r + h_r), ops.sigmoid(x_z + h_z)
    if kind == "gru":
        n = ops.tanh(x_n + r * h_n)
    else:
        n = ops.tanh(x_n + (r * h) @ ops.cut(w_h, 3)[2] + b_h[-h.shape[1] :])
    return {"r": r, "z": z, "n": n, "h": (1 - z) * n + z * h}


def arrays_of(run: Run) -> list[Array]:
    """Return both weights, transposed, and both biases."""
    w_ih, w_hh, b_ih, b_hh = run.cell.parameters.values()
    return [w_ih.T.copy(), w_hh.T.copy(), b_ih, b_hh]


def _agree(name: str, ours: Array, theirs: Array) -> None:
    if not np.allclose(ours, theirs, rtol=0, atol=1e-12):
        raise ValueError(f"{name}: the step written out and the library's differ")


def torch_jacobians(run: Run, t: int) -> dict[str, Array]:
    """Differentiate step t with PyTorch: {"f by h": ∂f_t/∂h_{t-1}, …}, and "h by c now"."""
    import torch

    ops = torch_ops(torch)
    arrays = [torch.from_numpy(a) for a in arrays_of(run)]
    x = torch.from_numpy(run.x[:, t - 1])
    state = tuple(torch.tensor(s) for s in run.states[t - 1])
    found: dict[str, Array] = {}
    for k, letter in enumerate("hc"[: len(state)]):

        def step(s: torch.Tensor, k: int = k) -> tuple:
            moved = (*state[:k], s, *state[k + 1 :])
            return tuple(parts(run.kind, ops, arrays, x, moved).values())

        names = parts(run.kind, ops, arrays, x, state)
        each = torch.autograd.functional.jacobian(step, state[k])
        found |= {f"{n} by {letter}": j[0, :, 0].numpy() for n, j in zip(names, each, strict=True)}
    _agree("PyTorch", names["h"].numpy(), torch_step(torch, run, t))
    if run.kind == "lstm":
        show = torch.autograd.functional.jacobian(lambda c: names["o"] * c.tanh(), names["c"])
        found["h by c now"] = show[0, :, 0].numpy()
    return found


def torch_ops(torch: Any) -> Any:
    """Return PyTorch's functions under the names that `parts` uses."""

    class Ops:
        sigmoid, tanh = torch.sigmoid, torch.tanh

        @staticmethod
        def cut(a: Any, count: int) -> Any:
            return a.chunk(count, dim=1)

    return Ops


def torch_step(torch: Any, run: Run, t: int) -> Array:
    """Take step t with PyTorch's own layer; the published GRU, which it lacks, in NumPy."""
    if run.kind == "published":
        return run.states[t][0]
    layer = (torch.nn.LSTM if run.kind == "lstm" else torch.nn.GRU)(
        run.x.shape[2], run.cell.hidden_size, batch_first=True, dtype=torch.float64
    )
    layer.load_state_dict({k: torch.from_numpy(v) for k, v in convert.to_torch(run.cell).items()})
    state = tuple(torch.tensor(s)[None] for s in run.states[t - 1])
    with torch.no_grad():
        x = torch.from_numpy(run.x[:, t - 1 : t])
        return layer(x, state if run.kind == "lstm" else state[0])[0][0].numpy()


def keras_cell(run: Run) -> Any:
    """Make Keras's own cell with the weights of a run."""
    keras = frameworks.keras()
    size = run.cell.hidden_size
    if run.kind == "lstm":
        cell = keras.layers.LSTMCell(size, dtype="float64")
    else:
        cell = keras.layers.GRUCell(size, reset_after=run.kind == "gru", dtype="float64")
    cell.build((1, run.x.shape[2]))
    cell.set_weights(convert.to_keras(run.cell))
    return cell


def tensorflow_jacobians(run: Run, t: int) -> dict[str, Array]:
    """Differentiate step t with GradientTape: states through Keras's cell, gates written out."""
    tf = frameworks.tensorflow()

    class Ops:
        sigmoid, tanh = tf.sigmoid, tf.tanh

        @staticmethod
        def cut(a: Any, count: int) -> Any:
            return tf.split(a, count, axis=1)

    arrays = [tf.constant(a) for a in arrays_of(run)]
    x = tf.constant(run.x[:, t - 1])
    state = [tf.constant(s) for s in run.states[t - 1]]
    cell, found = keras_cell(run), {}
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(state)
        here = parts(run.kind, Ops, arrays, x, tuple(state))
        _, theirs = cell(x, state)
        theirs = dict(zip("hc", theirs, strict=False))
    for letter, s in zip("hc", state, strict=False):
        for name, value in (here | theirs).items():
            jacobian = tape.jacobian(value, s, experimental_use_pfor=False)
            zero = np.zeros((run.cell.hidden_size,) * 2)
            found[f"{name} by {letter}"] = zero if jacobian is None else jacobian[0, :, 0].numpy()
    _agree("Keras", here["h"].numpy(), theirs["h"].numpy())
    if run.kind == "lstm":
        show = tape.jacobian(theirs["h"], theirs["c"], experimental_use_pfor=False)
        found["h by c now"] = show[0, :, 0].numpy()
    return found


def measured_jacobians(run: Run, t: int) -> dict[str, Array]:
    """Measure the Jacobians of step t of the NumPy cell by central differences."""
    x, state = run.x[:, t - 1 : t], [s.copy() for s in run.states[t - 1]]
    names = (*LETTERS[run.kind], *"hc"[: len(state)])

    def value(name: str, unit: int) -> Callable[[Array], float]:
        return lambda _: run.read(x, tuple(state))[2][name][0, 0, unit]

    units = range(run.cell.hidden_size)
    found = {
        f"{name} by {letter}": np.stack([numerical_gradient(value(name, u), s)[0] for u in units])
        for letter, s in zip("hc", state, strict=False)
        for name in names
    }
    if run.kind == "lstm":
        cache = run.read(x, tuple(state))[2]
        o, c = cache["o"][0, 0], cache["c"][0, 0].copy()

        def shown(unit: int) -> Callable[[Array], float]:
            return lambda _: o[unit] * np.tanh(c[unit])

        found["h by c now"] = np.stack([numerical_gradient(shown(u), c) for u in units])
    return found
