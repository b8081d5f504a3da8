"""Two ways to the same gradient of the plain cell, and what each costs.

Backwards (backpropagation through time) keeps every state and goes back once; forwards (real-time
recurrent learning) keeps how the state answers to each parameter, and never goes back. Both are
written for one sequence after the other and count the multiplications inside their matrix products;
products element by element, of a lower order, are not counted.

Source: Werbos (1990) and Williams and Zipser (1989); chapter "Backpropagation through time".
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from unrolled.cells import RNN, Array


@dataclass
class Bill:
    """What a computation has cost so far.

    Args:
        products: multiplications inside matrix products.
        kept: numbers that had to be kept at once.
    """

    products: int = 0
    kept: int = 0

    def dot(self, a: Array, b: Array) -> Array:
        """Multiply two matrices and count."""
        self.products += a.size * b.shape[-1]
        return a @ b


@dataclass
class Answer:
    """The gradient in (W_ih, W_hh, b), in one vector, and the bill of the run and of the rest."""

    gradient: Array
    run: Bill = field(default_factory=Bill)
    rest: Bill = field(default_factory=Bill)


def backwards(cell: RNN, x: Array, d_outputs: Array, state: Array) -> Answer:
    """Return the gradient by backpropagation through time.

    Args:
        cell: the plain cell; its two biases count as one.
        x: inputs [N, T, D].
        d_outputs: ∂L/∂h_t where the loss reads h_t itself [N, T, H].
        state: h_0 [N, H].
    """
    run, rest = Bill(), Bill()
    xs, states = x.transpose(1, 2, 0), [state.T]  # columns: [T, D, N], [H, N]
    for x_t in xs:
        a = run.dot(cell.weight_ih, x_t) + run.dot(cell.weight_hh, states[-1])
        states.append(np.tanh(a + (cell.bias_ih + cell.bias_hh)[:, None]))
    rest.kept = xs.size + sum(h.size for h in states)
    d_ih, d_hh, d_b = np.zeros_like(cell.weight_ih), np.zeros_like(cell.weight_hh), 0.0
    dh = np.zeros_like(states[0])
    for t in reversed(range(len(xs))):
        delta = (d_outputs[:, t].T + dh) * (1 - states[t + 1] ** 2)
        dh = rest.dot(cell.weight_hh.T, delta)
        rest.dot(cell.weight_ih.T, delta)  # the gradient of the input, which a layer below wants
        d_ih += rest.dot(delta, xs[t].T)
        d_hh += rest.dot(delta, states[t].T)
        d_b += delta.sum(axis=1)
    return Answer(np.concatenate([d_ih.ravel(), d_hh.ravel(), d_b]), run, rest)


def immediate(x_t: Array, h_prev: Array) -> Array:
    """Return A_t, how the pre-activations answer to (W_ih, W_hh, b) while h_{t-1} is held fixed.

    Args:
        x_t: one input [D].
        h_prev: one state [H].

    Returns:
        [H, P]; row i is zero but where the parameters lead to unit i.
    """
    eye = np.eye(len(h_prev))
    return np.hstack([np.kron(eye, x_t), np.kron(eye, h_prev), eye])


def forwards(cell: RNN, x: Array, d_outputs: Array, state: Array) -> Answer:
    """Return the gradient by real-time recurrent learning; arguments as for `backwards`."""
    run, rest = Bill(), Bill()
    gradient = np.zeros(cell.hidden_size * (cell.input_size + cell.hidden_size + 1))
    for x_n, d_n, h in zip(x, d_outputs, state, strict=True):
        answers = np.zeros((len(h), len(gradient)))  # S_0: h_0 depends on no weight
        for x_t, d_t in zip(x_n, d_n, strict=True):
            own = immediate(x_t, h)
            h = np.tanh(
                run.dot(cell.weight_ih, x_t[:, None])[:, 0]
                + run.dot(cell.weight_hh, h[:, None])[:, 0]
                + cell.bias_ih
                + cell.bias_hh
            )
            slope = (1 - h**2)[:, None]
            answers = slope * (own + rest.dot(cell.weight_hh, answers))
            gradient += rest.dot(d_t[None], answers)[0]
        rest.kept += answers.size
    return Answer(gradient, run, rest)


def cut(cell: RNN, x: Array, d_outputs: Array, steps: int) -> Array:
    """Return ∂L/∂W_hh where each loss is followed back over a number of steps only.

    Args:
        cell: the plain cell; it starts at zero.
        x: inputs [N, T, D].
        d_outputs: ∂L/∂h_t where the loss reads h_t itself [N, T, H].
        steps: τ; with τ = T nothing is cut.

    Returns:
        [H, H], float64.
    """
    _, _, cache = cell.forward(x)
    h, before = (cache[name].astype(np.float64) for name in ("h", "h_prev"))
    gradient = np.zeros(cell.weight_hh.shape)
    for t in range(x.shape[1]):
        dh = d_outputs[:, t].astype(np.float64)
        for k in range(t, max(-1, t - steps), -1):
            delta = dh * (1 - h[:, k] ** 2)
            gradient += delta.T @ before[:, k]
            dh = delta @ cell.weight_hh
    return gradient


def cut_errors(cell: RNN, x: Array, d_outputs: Array) -> Array:
    """Return ‖G_τ − G‖ / ‖G‖ for τ = 1 … T, where G = ∂L/∂W_hh: [T]."""
    whole = cut(cell, x, d_outputs, x.shape[1])
    sums = [cut(cell, x, d_outputs, steps) for steps in range(1, x.shape[1] + 1)]
    return np.array([np.linalg.norm(part - whole) for part in sums]) / np.linalg.norm(whole)
