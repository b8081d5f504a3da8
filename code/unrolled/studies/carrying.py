"""How far the gated cells carry a gradient, and what the start of their biases has to do with it.

Jacobians are computed in float64 from what a forward pass leaves in the cache, for each sequence by
itself: N sequences, T steps, H hidden. An LSTM's state is the pair (c, h), 2H numbers.
`unrolled.witnesses.gate_gradients` compares the same equations with autograd and differences.

Source: Jozefowicz, Zaremba and Sutskever (2015) for the forget bias, Tallec and Ollivier (2018) for
the chrono start; chapter "Gate algebra".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unrolled import convert, frameworks, tasks
from unrolled.cells import CELLS, GRU, LSTM, Array, Cache, Cell
from unrolled.ensembles import count
from unrolled.starts import set_keeping_biases
from unrolled.studies.gradients import factor_per_step
from unrolled.studies.gradients import step_jacobians as rnn_jacobians
from unrolled.torch_models import recurrent_layer, seeded

SEQ_LEN = 40
STARTS = ("PyTorch", "Keras", "bias 3", "chrono")


def _diag_times(vector: Array, matrix: Array) -> Array:
    """Multiply row j of a matrix by entry j of the vector: diag(v) M for each v of [N, T, H]."""
    return vector[..., None] * matrix


def lstm_jacobians(cell: LSTM, cache: Cache) -> Array:
    """Return how each state (c, h) of an LSTM answers to the state before it.

    Args:
        cell: the cell.
        cache: what its `forward` returned.

    Returns:
        [N, T, 2H, 2H]; the first H rows and columns belong to c, the others to h.
    """
    i, f, g, o = (cache[k].astype(float) for k in "ifgo")
    c, c_prev = cache["c"].astype(float), cache["c_prev"].astype(float)
    w_i, w_f, w_g, w_o = np.split(cell.weight_hh.astype(float), 4)
    tanh_c = np.tanh(c)
    c_by_h = (
        _diag_times(c_prev * f * (1 - f), w_f)
        + _diag_times(g * i * (1 - i), w_i)
        + _diag_times(i * (1 - g**2), w_g)
    )
    c_by_c = _diag_times(f, np.eye(cell.hidden_size))
    shown = o * (1 - tanh_c**2)  # ∂h_t/∂c_t
    h_by_h = _diag_times(shown, c_by_h) + _diag_times(tanh_c * o * (1 - o), w_o)
    return np.block([[c_by_c, c_by_h], [_diag_times(shown, c_by_c), h_by_h]])


def gru_jacobians(cell: GRU, cache: Cache) -> Array:
    """Return how each state of a GRU answers to the state before it.

    Args:
        cell: the cell, resetting before or after.
        cache: what its `forward` returned.

    Returns:
        [N, T, H, H].
    """
    r, z, n, q, h_prev = (cache[k].astype(float) for k in ("r", "z", "n", "q", "h_prev"))
    w_r, w_z, w_n = np.split(cell.weight_hh.astype(float), 3)
    z_by_h, r_by_h = _diag_times(z * (1 - z), w_z), _diag_times(r * (1 - r), w_r)
    if cell.reset_after:
        inside = _diag_times(r, w_n) + _diag_times(q, r_by_h)
    else:
        inside = w_n @ (_diag_times(r, np.eye(cell.hidden_size)) + _diag_times(h_prev, r_by_h))
    n_by_h = _diag_times(1 - n**2, inside)
    kept = _diag_times(z, np.eye(cell.hidden_size))
    return kept + _diag_times(h_prev - n, z_by_h) + _diag_times(1 - z, n_by_h)


JACOBIANS: dict[str, Callable[..., Array]] = {
    "rnn": rnn_jacobians,
    "lstm": lstm_jacobians,
    "gru": gru_jacobians,
}


def fresh_cell(kind: str, start: str, hidden_size: int, seed: int) -> Cell:
    """Return an untrained cell with one input, in float64, drawn by the library itself.

    Args:
        kind: "rnn", "lstm" or "gru".
        start: "PyTorch" or "Keras" for the library's default; "bias 3" or "chrono" for PyTorch's
            with `set_keeping_biases`.
        hidden_size: H.
        seed: of the draw.
    """
    if start == "Keras":
        return _from_keras(kind, hidden_size, seed)
    with seeded(seed):
        cell = convert.from_torch(recurrent_layer(kind, 1, hidden_size, 1).double())
    if start != "PyTorch":
        set_keeping_biases(cell, start, rng=np.random.default_rng([seed, 1]))
    return cell


def _from_keras(kind: str, hidden_size: int, seed: int) -> Cell:
    """Draw a cell as Keras does by default, but from a seed of its own."""
    keras = frameworks.keras()
    layers = {"rnn": "SimpleRNNCell", "lstm": "LSTMCell", "gru": "GRUCell"}
    layer = getattr(keras.layers, layers[kind])(
        hidden_size,
        kernel_initializer=keras.initializers.GlorotUniform(seed=2 * seed),
        recurrent_initializer=keras.initializers.Orthogonal(seed=2 * seed + 1),
        dtype="float64",
    )
    layer.build((None, 1))
    return convert.from_keras(layer.get_weights(), kind)


def state_jacobians(cell: Cell, x: Array) -> Array:
    """Read sequences from state 0 and return the Jacobian of every step, [N, T, S, S]."""
    kind = next(name for name in JACOBIANS if isinstance(cell, CELLS[name]))
    return JACOBIANS[kind](cell, cell.forward(x)[2])


def factors(
    kind: str, start: str, hidden_size: int, *, seq_len: int = SEQ_LEN, draws: int = 30
) -> dict[str, Any]:
    """Measure how an untrained cell's gradient changes in a step, on the memory task's inputs.

    Args:
        kind: "rnn", "lstm" or "gru".
        start: see `fresh_cell`.
        hidden_size: H.
        seq_len: T.
        draws: cells, each with a sequence of its own.

    Returns:
        "factor" [draws], ‖∂s_T/∂s_0‖₂^(1/T) of each cell.
    """
    factor = np.empty(draws)
    for seed in range(draws):
        cell = fresh_cell(kind, start, hidden_size, seed)
        x, _ = tasks.memory(1, seq_len, rng=np.random.default_rng([seed, 2]))
        factor[seed] = factor_per_step(state_jacobians(cell, x))[0]
    return {"factor": factor}


def remember(
    *,
    starts: tuple[str, ...] = ("PyTorch", "bias 3", "chrono"),
    seeds: int = 10,
    seq_len: int = SEQ_LEN,
    steps: int = 1000,
    hidden_size: int = 10,
    batch_size: int = 32,
    learning_rate: float = 1e-2,
) -> dict[str, Any]:
    """Train LSTMs on the memory task, alike in everything but the biases they start with.

    Trained with the recipe's Adam and clipping; each network has its own data.
    Networks of one seed have the same weights, the same data and different biases.

    Args:
        starts: "PyTorch", "bias 3" or "chrono".
        seeds: networks a start.
        seq_len: T.
        steps: updates.
        hidden_size: H.
        batch_size: sequences of a network in an update.
        learning_rate: Adam's.

    Returns:
        "test_mse" [starts, seeds], each on 2,000 fresh sequences.
    """
    trained = [
        count(
            "memory-rnn",
            network={"cell": "lstm"},
            seeds=seeds,
            init="default" if start == "PyTorch" else start,
            seq_len=seq_len,
            steps=steps,
            hidden_size=hidden_size,
            batch_size=batch_size,
            learning_rate=learning_rate,
            n_validate=2000,
        )
        for start in starts
    ]
    return {"test_mse": np.stack([result["test_mse"] for result in trained])}
