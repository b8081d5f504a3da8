"""Weights of one cell in four layouts: NumPy (`unrolled.cells`), PyTorch, Keras, ONNX.

==========  =================  =============  ====================  =====================
what        NumPy              PyTorch        Keras                 ONNX
==========  =================  =============  ====================  =====================
input       weight_ih (GH,D)   weight_ih_l0   kernel (D,GH)         W (1,GH,D)
recurrent   weight_hh (GH,H)   weight_hh_l0   recurrent (H,GH)      R (1,GH,H)
biases      bias_ih, bias_hh   two, as NumPy  RNN, LSTM: one (GH,)  B (1,2GH): both
LSTM gates  i, f, g, o         i, f, g, o     i, f, c, o            i, o, f, c
GRU gates   r, z, n            r, z, n        z, r, h               z, r, h
GRU, after  reset_after=True   its only form  bias (2,3H)           linear_before_reset=1
GRU before  reset_after=False  not there      bias (3H,)            linear_before_reset=0
at first    U(±1/√H)           U(±1/√H)       bias 0, but forget 1  –
state       (N,H) each         (1,N,H) each   (N,H) each            (1,N,H) each
==========  =================  =============  ====================  =====================

GH is the number of gates times H; g, c, n and h are four names of the candidate. PyTorch and ONNX
keep every number, so the way there and back is exact. So does Keras in the GRU that resets after.
Elsewhere Keras has a single bias: `to_keras` adds the two, and `from_keras` puts the sum into
bias_ih and zeros into bias_hh. The outputs stay the same, the two biases do not come back, and
training differs: two biases with equal gradients move their sum twice as far in a step.

>>> from unrolled.cells import LSTM
>>> cell = LSTM(2, 3, rng=np.random.default_rng(0))
>>> {name: array.shape for name, array in to_torch(cell).items()}["weight_ih_l0"]
(12, 2)
>>> [array.shape for array in to_keras(cell)], [array.shape for array in to_onnx(cell)]
([(2, 12), (3, 12), (12,)], [(1, 12, 2), (1, 12, 3), (1, 24)])

Source: chapter "Build your own LSTM" and the appendix "One cell, four layouts".
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from unrolled.cells import CELLS, GRU, Array, Cell

# Block k of the other layout holds gate ORDER[k] of `unrolled.cells`.
KERAS_ORDER = {"rnn": (0,), "lstm": (0, 1, 2, 3), "gru": (1, 0, 2)}
ONNX_ORDER = {"rnn": (0,), "lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}


def to_torch(cell: Cell, layer: int = 0) -> dict[str, Array]:
    """Copy a cell's weights under the names of a PyTorch layer's state dict.

    To load them: ``module.load_state_dict({k: torch.from_numpy(v) for k, v in d.items()})``.

    Args:
        cell: any cell but a GRU that resets before, which PyTorch does not have.
        layer: the layer of a stack, the number in weight_ih_l0.

    Returns:
        weight_ih_l0 (G·H, D), weight_hh_l0 (G·H, H), bias_ih_l0 and bias_hh_l0 (G·H,).

    Raises:
        ValueError: if the cell is a GRU with ``reset_after=False``.
    """
    if isinstance(cell, GRU) and not cell.reset_after:
        raise ValueError(
            "cell: expected a GRU with reset_after=True, PyTorch's only form, got False"
        )
    return {f"{name}_l{layer}": array.copy() for name, array in cell.parameters.items()}


def from_torch(source: Any, layer: int = 0) -> Cell:
    """Make a NumPy cell of a layer of torch.nn.RNN, LSTM or GRU.

    Which cell it is, the shapes say: weight_ih has 1, 4 or 3 times H rows.

    Args:
        source: the module, or its state dict, of tensors or arrays.
        layer: which layer of a stack.

    Returns:
        The cell, in the dtype of the weights.

    Raises:
        ValueError: if a weight is missing, or the layer is not of a kind the cells know
            (bidirectional, with a projection, without biases, or with ReLU).
    """
    if getattr(source, "nonlinearity", "tanh") != "tanh":
        raise ValueError(f"source: expected tanh, got nonlinearity={source.nonlinearity!r}")
    arrays = source if isinstance(source, Mapping) else source.state_dict()
    end = (f"_l{layer}", f"_l{layer}_reverse")
    arrays = {name: value for name, value in arrays.items() if name.endswith(end)}
    names = [f"{name}_l{layer}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    if sorted(arrays) != sorted(names):
        raise ValueError(f"source: expected {names} for layer {layer}, got {sorted(arrays)}")
    parameters = [_array(arrays[name]) for name in names]
    num_gates = len(parameters[0]) / parameters[1].shape[-1]
    kind = next((k for k, cell in CELLS.items() if cell.num_gates == num_gates), None)
    if kind is None:
        raise ValueError(f"source: expected 1, 3 or 4 times H rows, got {num_gates:g} times H")
    return _build(kind, range(CELLS[kind].num_gates), parameters)


def to_keras(cell: Cell) -> list[Array]:
    """Copy a cell's weights in the order of a Keras layer's ``get_weights()``.

    Args:
        cell: any cell; a GRU goes into a layer with the same ``reset_after``.

    Returns:
        kernel (D, G·H), recurrent kernel (H, G·H), and the bias: (2, 3H) for a GRU that resets
        after, else (G·H,), the sum of both biases.
    """
    order = KERAS_ORDER[_kind(cell)]
    kernel, recurrent, b_ih, b_hh = (_reorder(p, order) for p in cell.parameters.values())
    both = isinstance(cell, GRU) and cell.reset_after
    return [kernel.T.copy(), recurrent.T.copy(), np.stack([b_ih, b_hh]) if both else b_ih + b_hh]


def from_keras(weights: Sequence[Any], kind: str) -> Cell:
    """Make a NumPy cell of a Keras layer's ``get_weights()``.

    Args:
        weights: kernel (D, G·H), recurrent kernel (H, G·H), bias; a GRU's bias says by its shape
            whether it resets after, (2, 3H), or before, (3H,).
        kind: "rnn" (SimpleRNN), "lstm" or "gru".

    Returns:
        The cell, in the dtype of the weights; a single bias becomes bias_ih, bias_hh is zero.

    Raises:
        ValueError: if there are not three arrays, or their shapes do not fit the kind.
    """
    _check_kind(kind)
    if len(weights) != 3:
        raise ValueError(f"weights: expected kernel, recurrent kernel and bias, got {len(weights)}")
    kernel, recurrent, bias = (_array(w) for w in weights)
    both = kind == "gru" and bias.ndim == 2 and len(bias) == 2
    b_ih, b_hh = bias if both else (bias, np.zeros_like(bias))
    parameters = [kernel.T, recurrent.T, b_ih, b_hh]
    return _build(kind, KERAS_ORDER[kind], parameters, reset_after=both)


def to_onnx(cell: Cell) -> tuple[Array, Array, Array]:
    """Copy a cell's weights as the inputs W, R and B of the ONNX operator RNN, LSTM or GRU.

    Args:
        cell: any cell; a GRU goes with ``linear_before_reset=int(cell.reset_after)``.

    Returns:
        W (1, G·H, D), R (1, G·H, H), and B (1, 2·G·H), bias_ih before bias_hh.
    """
    order = ONNX_ORDER[_kind(cell)]
    w, r, b_ih, b_hh = (_reorder(p, order) for p in cell.parameters.values())
    return w[None], r[None], np.concatenate([b_ih, b_hh])[None]


def from_onnx(w: Any, r: Any, b: Any, kind: str, *, linear_before_reset: int | None = None) -> Cell:
    """Make a NumPy cell of the inputs W, R and B of an ONNX operator.

    Args:
        w: (1, G·H, D).
        r: (1, G·H, H).
        b: (1, 2·G·H).
        kind: "rnn", "lstm" or "gru".
        linear_before_reset: the operator's attribute, to be given for a GRU, as the arrays do not
            show it: 1 resets after, 0 (ONNX's default) before.

    Returns:
        The cell, in the dtype of the weights.

    Raises:
        ValueError: if the shapes do not fit the kind (two directions, say), or a GRU comes without
            `linear_before_reset`.
    """
    _check_kind(kind)
    if kind == "gru" and linear_before_reset not in (0, 1):
        raise ValueError(f"linear_before_reset: expected 0 or 1, got {linear_before_reset}")
    w, r, b = _array(w), _array(r), _array(b)
    if (w.ndim, r.ndim, b.ndim) != (3, 3, 2) or {len(w), len(r), len(b)} != {1}:
        shapes = f"{w.shape}, {r.shape}, {b.shape}"
        raise ValueError(f"w, r, b: expected (1, G·H, D), (1, G·H, H), (1, 2·G·H), got {shapes}")
    parameters = [w[0], r[0], *np.array_split(b[0], 2)]
    return _build(kind, ONNX_ORDER[kind], parameters, reset_after=bool(linear_before_reset))


def _kind(cell: Cell) -> str:
    return next(kind for kind, cls in CELLS.items() if isinstance(cell, cls))


def _check_kind(kind: str) -> None:
    if kind not in CELLS:
        raise ValueError(f"kind: expected one of {', '.join(CELLS)}, got {kind!r}")


def _array(value: Any) -> Array:
    """Copy an array or a tensor, wherever it lies and whether or not it wants a gradient."""
    return np.array(value.numpy(force=True) if hasattr(value, "detach") else value)


def _reorder(array: Array, order: ArrayLike) -> Array:
    """Bring the blocks of rows, one for each gate, into another order."""
    order = np.asarray(order)
    return array.reshape(len(order), -1, *array.shape[1:])[order].reshape(array.shape)


def _build(
    kind: str, order: Sequence[int], parameters: Sequence[Array], *, reset_after: bool = True
) -> Cell:
    """Make a cell of weight_ih, weight_hh, bias_ih and bias_hh whose gates stand in `order`."""
    hidden_size, input_size = parameters[1].shape[-1], parameters[0].shape[-1]
    rows = len(order) * hidden_size
    wanted = [(rows, input_size), (rows, hidden_size), (rows,), (rows,)]
    shapes = [array.shape for array in parameters]
    if shapes != wanted:
        raise ValueError(f"weights: expected {kind} parameters of shapes {wanted}, got {shapes}")
    cell = CELLS[kind](input_size, hidden_size, dtype=parameters[0].dtype)
    if isinstance(cell, GRU):
        cell.reset_after = reset_after
    for name, array in zip(cell.parameters, parameters, strict=True):
        setattr(cell, name, _reorder(array, np.argsort(order)))
    return cell
