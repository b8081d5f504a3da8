"""Recurrent cells in NumPy: the forward pass, and a backward pass written by hand.

Letters and shapes, here and in the whole book:

    N batch, T time, D input, H hidden; G gates: RNN 1, GRU 3, LSTM 4
    x (N, T, D)   outputs (N, T, H)   states h and c (N, H)
    weight_ih (G·H, D)   weight_hh (G·H, H)   bias_ih, bias_hh (G·H,)

The gates lie one below the other in the rows of the weights: i, f, g, o and r, z, n, as in PyTorch.
`unrolled.convert` knows the other layouts. Every cell keeps the contract of `Cell`:

    outputs, state, cache = cell.forward(x, state)
    d_x, grads = cell.backward(d_outputs, cache, d_state)

``d`` stands for ∂L/∂: ``dh`` is the gradient of the loss in h. The cache holds every gate by
name, (N, T, H), to look at and to go back through. Outputs, state and cache are read-only views of
one memory: copy before changing.

Two choices make the loops short and fast. A step works on columns, (H, N), so that ``W @ h`` is the
product the equation writes and every gate is one unbroken block of memory. And the inputs cost the
loop over time nothing: where there are gates, the weights times all the inputs, which wait for no
state, are taken before it; the plain cell reads state and input in a single product.

>>> cell = LSTM(2, 3, rng=np.random.default_rng(0))
>>> outputs, state, cache = cell.forward(np.ones((5, 7, 2)))
>>> outputs.shape, state.c.shape, cache["f"].shape
((5, 7, 3), (5, 3), (5, 7, 3))
"""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

Array = np.ndarray
Cache = dict[str, Array]
Gradients = dict[str, Any]


class LSTMState(NamedTuple):
    """The state of an LSTM: the output h and the memory c, each (N, H)."""

    h: Array
    c: Array


def sigmoid(a: Array) -> Array:
    """Squash into (0, 1): σ(a) = 1 / (1 + e^-a)."""
    return 1 / (1 + np.exp(-np.maximum(a, -88)))  # e^89 is beyond float32


class Cell(ABC):
    """The contract of the three cells, and what they share.

    Weights and biases start uniform in ±1/√H, as in PyTorch.

    Args:
        input_size: D, the numbers read at each step.
        hidden_size: H, the units.
        rng: draws the parameters; without one, every cell starts differently.
        dtype: float32 or float64; whatever the cell is given is cast to it.

    Raises:
        ValueError: if a size is below 1, or the dtype is another.
    """

    num_gates: int

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        if min(input_size, hidden_size) < 1:
            sizes = f"{input_size} and {hidden_size}"
            raise ValueError(f"input_size, hidden_size: expected at least 1, got {sizes}")
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise ValueError(f"dtype: expected float32 or float64, got {np.dtype(dtype)}")
        self.input_size, self.hidden_size, self.dtype = input_size, hidden_size, np.dtype(dtype)
        rng = np.random.default_rng() if rng is None else rng
        rows, bound = self.num_gates * hidden_size, 1 / np.sqrt(hidden_size)
        self.weight_ih = rng.uniform(-bound, bound, (rows, input_size)).astype(dtype)
        self.weight_hh = rng.uniform(-bound, bound, (rows, hidden_size)).astype(dtype)
        self.bias_ih = rng.uniform(-bound, bound, rows).astype(dtype)
        self.bias_hh = rng.uniform(-bound, bound, rows).astype(dtype)

    @property
    def parameters(self) -> dict[str, Array]:
        """The four parameters by name: the arrays themselves, so that ``-=`` trains the cell."""
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return {name: getattr(self, name) for name in names}

    @abstractmethod
    def forward(self, x: ArrayLike, state: Any = None) -> tuple[Array, Any, Cache]:
        """Read sequences from a given state on.

        Args:
            x: (N, T, D).
            state: the state before the first step: h (N, H), of an LSTM (h, c); zeros if not given.

        Returns:
            outputs h_1…h_T (N, T, H); the state after the last step; the cache for `backward`.

        Raises:
            ValueError: if a shape does not fit.
        """

    @abstractmethod
    def backward(
        self, d_outputs: ArrayLike, cache: Cache, d_state: Any = None
    ) -> tuple[Array, Gradients]:
        """Carry ∂L/∂outputs back through time.

        Args:
            d_outputs: (N, T, H).
            cache: what `forward` returned.
            d_state: ∂L/∂(last state), where the loss reads that too; zeros if not given.

        Returns:
            d_x (N, T, D); the gradients of the four parameters and, as "state", of the first state.

        Raises:
            ValueError: if a shape does not fit.
        """

    def _inputs(self, x: ArrayLike) -> Array:
        """Turn x into columns and put a one below each: its weight is the bias."""
        x = _checked("x", x, ("N", "T", self.input_size), self.dtype)
        inputs = np.ones((x.shape[1], x.shape[2] + 1, x.shape[0]), self.dtype)  # (T, D + 1, N)
        inputs[:, :-1] = x.transpose(1, 2, 0)
        return inputs

    def _project(self, inputs: Array, bias: Array) -> Array:
        """Compute W_ih x_t + b for all steps at once: (T, G·H, N)."""
        return np.column_stack([self.weight_ih, bias]) @ inputs

    def _state(self, name: str, state: ArrayLike | None, batch_size: int) -> Array:
        """Turn one of the arrays of a state into columns, (H, N): zeros if not given."""
        shape = (batch_size, self.hidden_size)
        state = np.zeros(shape) if state is None else state
        return _checked(name, state, shape, self.dtype).T

    def _d_outputs(self, d_outputs: ArrayLike, cache: Cache) -> Array:
        return _columns(_checked("d_outputs", d_outputs, cache["h"].shape, self.dtype))

    def _through_the_inputs(self, da: Array, cache: Cache) -> tuple[Array, Gradients]:
        """Take da, where a_t = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh, to x and the parameters."""
        dweight = _sum_of_products(da, _columns(cache["inputs"]))  # (G·H, D + 1)
        grads = {
            "weight_ih": dweight[:, :-1],
            "weight_hh": _sum_of_products(da, _columns(cache["h_prev"])),
            "bias_ih": dweight[:, -1],
            "bias_hh": dweight[:, -1].copy(),
        }
        return np.moveaxis(self.weight_ih.T @ da, -1, 0), grads


class RNN(Cell):
    """The plain recurrent cell, whose state is its output.

    h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)

    Source: Elman 1990; chapters "State, unrolled" and "An RNN in NumPy".
    """

    num_gates = 1

    def forward(self, x: ArrayLike, state: ArrayLike | None = None) -> tuple[Array, Array, Cache]:
        """Read sequences from a given state on; see `Cell.forward`."""
        inputs, size = self._inputs(x), self.hidden_size
        steps, rows, batch_size = inputs.shape
        # h_{t-1}, x_t and a one below each other: one product gives the step's whole sum.
        read = np.empty((steps + 1, size + rows, batch_size), self.dtype)
        h, read[:-1, size:] = read[:, :size], inputs
        h[0] = self._state("state", state, batch_size)
        weights = np.column_stack([self.weight_hh, self.weight_ih, self.bias_ih + self.bias_hh])
        for t in range(steps):
            h[t + 1] = np.tanh(weights @ read[t])
        cache = _views(inputs=inputs, h_prev=h[:-1], h=h[1:])
        return cache["h"], cache["h"][:, -1], cache

    def backward(
        self, d_outputs: ArrayLike, cache: Cache, d_state: ArrayLike | None = None
    ) -> tuple[Array, Gradients]:
        """Carry ∂L/∂outputs back through time; see `Cell.backward`."""
        dout, h = self._d_outputs(d_outputs, cache), _columns(cache["h"])  # (T, H, N) each
        dh = self._state("d_state", d_state, h.shape[-1]).copy()
        da = np.empty(h.shape, self.dtype)
        for t in reversed(range(len(h))):
            dh += dout[t]  # the next step and the loss both read h_t
            da[t] = dh * (1 - h[t] ** 2)  # tanh′ = 1 - tanh²
            dh = self.weight_hh.T @ da[t]
        d_x, grads = self._through_the_inputs(da, cache)
        return d_x, grads | {"state": dh.T}


class LSTM(Cell):
    """The long short-term memory: a memory c that is kept, added to and read through gates.

    i_t = σ(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi)      input gate
    f_t = σ(W_if x_t + b_if + W_hf h_{t-1} + b_hf)      forget gate
    g_t = tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)   candidate
    o_t = σ(W_io x_t + b_io + W_ho h_{t-1} + b_ho)      output gate
    c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t
    h_t = o_t ⊙ tanh(c_t)

    Source: Hochreiter & Schmidhuber 1997, with the forget gate of Gers, Schmidhuber & Cummins 2000;
    chapter "Build your own LSTM".
    """

    num_gates = 4

    def forward(
        self, x: ArrayLike, state: tuple[ArrayLike, ArrayLike] | None = None
    ) -> tuple[Array, LSTMState, Cache]:
        """Read sequences from a given state (h, c) on; see `Cell.forward`."""
        inputs = self._inputs(x)
        steps, _, batch_size = inputs.shape
        a_x = self._project(inputs, self.bias_ih + self.bias_hh)  # (T, 4H, N)
        i, f, g, o = _gates(a_x, 4)  # (T, H, N) each; a gate replaces its part of a_x
        h_0, c_0 = self._states("state", state, batch_size)
        h, c = _history(h_0, steps), _history(c_0, steps)  # (T + 1, H, N) each
        for t in range(steps):
            a_i, a_f, a_g, a_o = _gates(a_x[t] + self.weight_hh @ h[t], 4)  # (H, N) each
            i[t] = sigmoid(a_i)
            f[t] = sigmoid(a_f)
            g[t] = np.tanh(a_g)
            o[t] = sigmoid(a_o)
            c[t + 1] = f[t] * c[t] + i[t] * g[t]
            h[t + 1] = o[t] * np.tanh(c[t + 1])
        cache = _views(inputs=inputs, i=i, f=f, g=g, o=o)
        cache |= _views(h_prev=h[:-1], c_prev=c[:-1], h=h[1:], c=c[1:])
        return cache["h"], LSTMState(cache["h"][:, -1], cache["c"][:, -1]), cache

    def backward(
        self,
        d_outputs: ArrayLike,
        cache: Cache,
        d_state: tuple[ArrayLike, ArrayLike] | None = None,
    ) -> tuple[Array, Gradients]:
        """Carry ∂L/∂outputs back through time, along h and along c; see `Cell.backward`."""
        dout = self._d_outputs(d_outputs, cache)  # (T, H, N)
        i, f, g, o, c, c_prev = (_columns(cache[k]) for k in ("i", "f", "g", "o", "c", "c_prev"))
        dh, dc = self._states("d_state", d_state, c.shape[-1])
        da = np.empty((len(c), 4 * self.hidden_size, c.shape[-1]), self.dtype)
        da_i, da_f, da_g, da_o = _gates(da, 4)  # (T, H, N) each
        for t in reversed(range(len(c))):
            dh = dh + dout[t]  # the next step and the loss both read h_t
            tanh_c = np.tanh(c[t])
            dc = dc + dh * o[t] * (1 - tanh_c**2)  # tanh′ = 1 - tanh²
            da_i[t] = dc * g[t] * i[t] * (1 - i[t])  # σ′ = σ (1 - σ)
            da_f[t] = dc * c_prev[t] * f[t] * (1 - f[t])
            da_g[t] = dc * i[t] * (1 - g[t] ** 2)
            da_o[t] = dh * tanh_c * o[t] * (1 - o[t])
            dc = dc * f[t]
            dh = self.weight_hh.T @ da[t]
        d_x, grads = self._through_the_inputs(da, cache)
        return d_x, grads | {"state": LSTMState(dh.T, dc.T)}

    def _states(self, name: str, state: Any, batch_size: int) -> tuple[Array, Array]:
        if state is not None and len(state) != 2:
            raise ValueError(f"{name}: expected a pair (h, c), got {len(state)} items")
        h, c = (None, None) if state is None else state
        return self._state(f"{name}.h", h, batch_size), self._state(f"{name}.c", c, batch_size)


class GRU(Cell):
    """The gated recurrent unit: one gate weighs the old state against a candidate.

    r_t = σ(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)              reset gate
    z_t = σ(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)              update gate
    n_t = tanh(W_in x_t + b_in + r_t ⊙ (W_hn h_{t-1} + b_hn))   candidate, `reset_after=True`
    n_t = tanh(W_in x_t + b_in + W_hn (r_t ⊙ h_{t-1}) + b_hn)   candidate, `reset_after=False`
    h_t = (1 - z_t) ⊙ n_t + z_t ⊙ h_{t-1}

    The cache calls q what the reset gate meets or makes: W_hn h_{t-1} + b_hn, or r_t ⊙ h_{t-1}.

    Args:
        reset_after: True for the form of PyTorch and (unless told otherwise) Keras, where the reset
            gate acts after the product; False for the published form, where it acts before.

    Source: Cho et al. 2014; chapter "Reading MNIST row by row".
    """

    num_gates = 3

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        reset_after: bool = True,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        super().__init__(input_size, hidden_size, rng=rng, dtype=dtype)
        self.reset_after = reset_after

    def forward(self, x: ArrayLike, state: ArrayLike | None = None) -> tuple[Array, Array, Cache]:
        """Read sequences from a given state on; see `Cell.forward`."""
        inputs = self._inputs(x)
        steps, size, batch_size = len(inputs), self.hidden_size, inputs.shape[-1]
        w_rz, w_n, b_n = self.weight_hh[:-size], self.weight_hh[-size:], self.bias_hh[-size:, None]
        bias = self.bias_ih.copy()
        bias[:-size] += self.bias_hh[:-size]  # but not b_hn, which the reset gate may scale
        r, z, n = _gates(self._project(inputs, bias), 3)  # (T, H, N) each, as yet W_ih x_t + b
        q = np.empty_like(n)
        h = _history(self._state("state", state, batch_size), steps)  # (T + 1, H, N)
        for t in range(steps):
            a_r, a_z = _gates(w_rz @ h[t], 2)  # (H, N) each
            r[t] = sigmoid(r[t] + a_r)
            z[t] = sigmoid(z[t] + a_z)
            if self.reset_after:
                q[t] = w_n @ h[t] + b_n
                n[t] = np.tanh(n[t] + r[t] * q[t])
            else:
                q[t] = r[t] * h[t]
                n[t] = np.tanh(n[t] + w_n @ q[t] + b_n)
            h[t + 1] = (1 - z[t]) * n[t] + z[t] * h[t]
        cache = _views(inputs=inputs, r=r, z=z, q=q, n=n, h_prev=h[:-1], h=h[1:])
        return cache["h"], cache["h"][:, -1], cache

    def backward(
        self, d_outputs: ArrayLike, cache: Cache, d_state: ArrayLike | None = None
    ) -> tuple[Array, Gradients]:
        """Carry ∂L/∂outputs back through time; see `Cell.backward`."""
        dout = self._d_outputs(d_outputs, cache)  # (T, H, N)
        r, z, q, n, h_prev = (_columns(cache[k]) for k in ("r", "z", "q", "n", "h_prev"))
        size, dh = self.hidden_size, self._state("d_state", d_state, n.shape[-1])
        w_rz, w_n = self.weight_hh[:-size], self.weight_hh[-size:]
        da, dq = np.empty((len(n), 3 * size, n.shape[-1]), self.dtype), np.empty_like(q)
        da_r, da_z, da_n = _gates(da, 3)  # (T, H, N) each
        for t in reversed(range(len(n))):
            dh = dh + dout[t]  # the next step and the loss both read h_t
            da_n[t] = dh * (1 - z[t]) * (1 - n[t] ** 2)  # tanh′ = 1 - tanh²
            da_z[t] = dh * (h_prev[t] - n[t]) * z[t] * (1 - z[t])  # σ′ = σ (1 - σ)
            if self.reset_after:
                dq[t] = da_n[t] * r[t]
                dr, dh_n = da_n[t] * q[t], w_n.T @ dq[t]
            else:
                dq[t] = w_n.T @ da_n[t]
                dr, dh_n = dq[t] * h_prev[t], dq[t] * r[t]
            da_r[t] = dr * r[t] * (1 - r[t])
            dh = dh * z[t] + dh_n + w_rz.T @ da[t, :-size]
        d_x, grads = self._through_the_inputs(da, cache)
        if self.reset_after:  # W_hn and b_hn do not stand beside W_in x_t, as the others do
            grads["weight_hh"][-size:] = _sum_of_products(dq, h_prev)
            grads["bias_hh"][-size:] = dq.sum(axis=(0, 2))
        else:
            grads["weight_hh"][-size:] = _sum_of_products(da_n, q)
        return d_x, grads | {"state": dh.T}


CELLS: dict[str, type[Cell]] = {"rnn": RNN, "lstm": LSTM, "gru": GRU}


def _checked(name: str, array: ArrayLike, shape: tuple[int | str, ...], dtype: DTypeLike) -> Array:
    """Cast an argument and compare its shape, where a letter stands for any length but 0."""
    array = np.asarray(array, dtype)
    fits = array.ndim == len(shape) and array.size > 0
    if not fits or any(s not in ("N", "T", n) for s, n in zip(shape, array.shape, strict=True)):
        wanted = ", ".join(map(str, shape))
        raise ValueError(f"{name}: expected shape ({wanted}), got {array.shape}")
    return array


def _columns(array: Array) -> Array:
    """Put the batch last, as a view: (N, T, ·) becomes (T, ·, N)."""
    return array.transpose(1, 2, 0)


def _views(**arrays: Array) -> Cache:
    """Put the batch first: each (T, ·, N) becomes a read-only (N, T, ·)."""
    views = {name: np.moveaxis(array, -1, 0) for name, array in arrays.items()}
    for view in views.values():
        view.flags.writeable = False
    return views


def _history(first: Array, steps: int) -> Array:
    """Make room for a state at every step, (T + 1, H, N), of which the first is known."""
    history = np.empty((steps + 1, *first.shape), first.dtype)
    history[0] = first
    return history


def _gates(a: Array, count: int) -> list[Array]:
    """Cut (…, count·H, N) into `count` blocks of H rows, as views."""
    size = a.shape[-2] // count
    return [a[..., k * size : (k + 1) * size, :] for k in range(count)]


def _sum_of_products(a: Array, b: Array) -> Array:
    """Sum a_t b_tᵀ over time and batch: (T, G·H, N) and (T, D, N) give (G·H, D)."""
    return (a @ b.swapaxes(1, 2)).sum(axis=0)
