"""One cell in four layouts: what each array holds, and the same cell run by each library.

The drawings of the packed arrays are made from here: `packed_letters` marks every weight with its
gate, sends the cell through `unrolled.convert`, and reads the marks where they have arrived.

Source: appendix "One cell, four layouts".
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import numpy as np

from unrolled import convert, frameworks
from unrolled.cells import CELLS, GRU, LSTM, Array, Cell

#: Kind of cell → its blocks in the order of `unrolled.cells`; h is the plain cell's only one.
LETTERS = {"rnn": "h", "lstm": "ifgo", "gru": "rzn"}
KERAS_ARRAYS, ONNX_ARRAYS = ("kernel", "recurrent_kernel", "bias"), ("W", "R", "B")


def kind_of(cell: Cell) -> str:
    """Return the kind of a cell: "rnn", "lstm" or "gru"."""
    return next(kind for kind, cls in CELLS.items() if isinstance(cell, cls))


def layouts(cell: Cell) -> dict[str, dict[str, Array]]:
    """Return a cell's arrays as each library stores them: library → name → array."""
    return {
        "NumPy": dict(cell.parameters),
        "PyTorch": convert.to_torch(cell),
        "Keras": dict(zip(KERAS_ARRAYS, convert.to_keras(cell), strict=True)),
        "ONNX": dict(zip(ONNX_ARRAYS, convert.to_onnx(cell), strict=True)),
    }


def packed_letters(
    kind: str, input_size: int = 3, hidden_size: int = 2
) -> dict[str, dict[str, Array]]:
    """Return which gate each number of each library's arrays belongs to.

    Every weight of block k is set to k, the cell is converted, and the k-th smallest number of an
    array is read as block k; that holds for a sum of two biases as well.

    Args:
        kind: "rnn", "lstm" or "gru".
        input_size: D.
        hidden_size: H.

    Returns:
        Library → name → letters, in the shape of the array.
    """
    cell, letters = CELLS[kind](input_size, hidden_size), np.array(list(LETTERS[kind]))
    for array in cell.parameters.values():
        array.T[...] = np.repeat(np.arange(len(letters)), hidden_size)

    def read(array: Array) -> Array:
        return letters[np.unique(array, return_inverse=True)[1].reshape(array.shape)]

    return {
        library: {name: read(array) for name, array in arrays.items()}
        for library, arrays in layouts(cell).items()
    }


def run_numpy(cell: Cell, x: Array, states: Sequence[Array]) -> list[Array]:
    """Run the cell itself.

    Args:
        cell: any cell.
        x: inputs [N, T, D].
        states: the first state's arrays [N, H]: h, of an LSTM h and c.

    Returns:
        The outputs of all steps [N, T, H], then the arrays of the last state.
    """
    outputs, last, _ = cell.forward(x, tuple(states) if len(states) > 1 else states[0])
    return [outputs, *(last if len(states) > 1 else [last])]


def run_torch(cell: Cell, x: Array, states: Sequence[Array], weights: Any = None) -> list[Array]:
    """Run PyTorch's layer of the same kind; see `run_numpy`.

    `weights` takes the place of the converted ones, here and in the functions below.
    """
    import torch

    weights = weights or convert.to_torch(cell)
    sizes, options = (cell.input_size, cell.hidden_size), {"dtype": torch.float64}
    layer = getattr(torch.nn, type(cell).__name__)(*sizes, batch_first=True, **options)
    layer.load_state_dict({name: torch.from_numpy(w) for name, w in weights.items()})
    start = tuple(torch.from_numpy(s)[None] for s in states)  # (1, N, H) each
    with torch.no_grad():
        outputs, last = layer(torch.from_numpy(x), start if len(start) > 1 else start[0])
    return [outputs.numpy(), *(s[0].numpy() for s in (last if len(start) > 1 else [last]))]


def run_keras(cell: Cell, x: Array, states: Sequence[Array], weights: Any = None) -> list[Array]:
    """Run Keras's layer of the same kind; see `run_torch`."""
    keras = frameworks.keras()
    name = {"rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}[kind_of(cell)]
    options: dict[str, Any] = {"reset_after": cell.reset_after} if isinstance(cell, GRU) else {}
    options |= {"return_sequences": True, "return_state": True, "dtype": "float64"}
    layer = getattr(keras.layers, name)(cell.hidden_size, **options)
    layer.build(x.shape)
    layer.set_weights(weights or convert.to_keras(cell))
    start = [keras.ops.convert_to_tensor(s) for s in states]
    return [np.asarray(y) for y in layer(x, initial_state=start)]


def run_onnx(
    cell: Cell, x: Array, states: Sequence[Array], weights: Any = None, **attributes: int
) -> list[Array]:
    """Run one ONNX operator in the reference evaluator; see `run_torch`.

    `attributes` are the operator's; a GRU's `linear_before_reset` follows the cell if not given.
    Before onnx 1.23 the evaluator gives no last c of an LSTM: there it is read off its last h.
    """
    import onnx
    from onnx.helper import make_node
    from onnx.reference import ReferenceEvaluator

    given = dict(zip("WRB", weights or convert.to_onnx(cell), strict=True))
    given |= {"X": x.swapaxes(0, 1)} | {"hc"[k]: s[None] for k, s in enumerate(states)}
    inputs, outputs = [*"XWRB", "", *"hc"[: len(states)]], ["Y", "Y_h", "Y_c"][: 1 + len(states)]
    options: dict[str, Any] = {"hidden_size": cell.hidden_size}
    if isinstance(cell, GRU):
        options["linear_before_reset"] = int(cell.reset_after)
    without_c = tuple(map(int, onnx.__version__.split(".")[:2])) < (1, 23)
    wanted = outputs[:2] if without_c else outputs
    node = make_node(type(cell).__name__, inputs, wanted, **options | attributes)
    results: list[Any] = list(ReferenceEvaluator(node).run(None, given))
    if len(results) < len(outputs):
        results.append(_last_c(given, results[0]))
    y, *last = results
    return [y[:, 0].swapaxes(0, 1), *(s[0] for s in last)]  # Y is (T, 1, N, H)


def _last_c(given: dict[str, Array], y: Array) -> Array:
    """Read an ONNX LSTM's last c, [1, N, H], off its outputs: h = o tanh(c).

    The output gate o is the second block of rows in ONNX's order.
    """
    weight, recurrent, bias = (given[name][0] for name in "WRB")
    size = recurrent.shape[1]
    block = slice(size, 2 * size)
    h_before = y[-2, 0] if len(y) > 1 else given["h"][0]
    z = given["X"][-1] @ weight[block].T + h_before @ recurrent[block].T
    z += bias[: 4 * size][block] + bias[4 * size :][block]
    return np.arctanh(y[-1] * (1 + np.exp(-z)))


RUNNERS = {"PyTorch": run_torch, "Keras": run_keras, "ONNX": run_onnx}


def read_in_order(cell: Cell, order: str) -> Cell:
    """Return the cell that results when another order of gates is read into its arrays.

    Args:
        cell: a cell, whose blocks stand in the order of `LETTERS`.
        order: what a reader takes the blocks for, such as "iofg".

    Returns:
        A new cell, in which block k of the old one serves as the gate order[k].

    Raises:
        ValueError: if `order` is no arrangement of the cell's letters.
    """
    letters = LETTERS[kind_of(cell)]
    if sorted(order) != sorted(letters):
        raise ValueError(f"order: expected an arrangement of {letters}, got {order!r}")
    other = type(cell)(cell.input_size, cell.hidden_size, dtype=cell.dtype)
    for name, array in cell.parameters.items():
        blocks = dict(zip(order, np.split(array, len(letters)), strict=True))
        other.parameters[name][...] = np.concatenate([blocks[gate] for gate in letters])
    return other


def wrong_orders(kind: str) -> list[str]:
    """List every order of the gates but the right one."""
    right = LETTERS[kind]
    return [order for order in map("".join, permutations(right)) if order != right]


def cost_of_orders(cell: Cell, x: Array) -> dict[str, float]:
    """Return, for each wrong order, the outputs' root mean square error over that of the outputs.

    Args:
        cell: an LSTM or a GRU.
        x: inputs [N, T, D]; the first state is zero.
    """
    right = cell.forward(x)[0]
    costs = {}
    for order in wrong_orders(kind_of(cell)):
        wrong = read_in_order(cell, order).forward(x)[0]
        costs[order] = float(np.sqrt(np.mean((wrong - right) ** 2) / np.mean(right**2)))
    return costs


def draw(kind: str, *, rng: np.random.Generator, **options: Any) -> tuple[Cell, Array, list[Array]]:
    """Draw a cell with weights of size 1, inputs [4, 30, 3] and a first state [4, 5].

    Args:
        kind: "rnn", "lstm" or "gru".
        rng: draws them.
        options: of the cell, such as ``reset_after=False``.
    """
    cell = CELLS[kind](3, 5, **options)
    for array in cell.parameters.values():
        array[...] = rng.normal(size=array.shape)
    states = [rng.normal(size=(4, 5)) for _ in range(2 if isinstance(cell, LSTM) else 1)]
    return cell, rng.normal(size=(4, 30, 3)), states
