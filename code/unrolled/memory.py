"""Assignment 4: a recurrent network in NumPy that has to remember its first input.

Names and shapes are the assignment's: time comes first, so an input is [T, B, D] (elsewhere in the
book it is [N, T, D]); the weights multiply from the right and biases are columns. The network reads
the whole sequence and answers once, at its end:

    h_t = tanh(x_t W + h_{t-1} R + b_s),  h_0 = 0        ŷ = h_T V + b_y

Source: chapter "An RNN in NumPy" (`numpy-rnn`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Each weight of the network, and the name under which `RNN.backward` returns its gradient.
GRADIENT_OF = {"W": "d_W", "R": "d_R", "b_s": "d_bs", "V": "d_V", "b_y": "d_by"}


def generate_samples(
    batch_size: int, seq_length: int, *, rng: np.random.Generator | None = None
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield batches of the memory task without end.

    Args:
        batch_size: sequences in a batch, B.
        seq_length: steps of a sequence, T.
        rng: source of the numbers; a fresh unseeded one when None.

    Returns:
        An endless iterator over (x, y): x [T, B, 1] uniform in [-1, 1), and y = x[0], [B, 1].

    Raises:
        ValueError: if a size is below 1.
    """
    if batch_size < 1 or seq_length < 1:
        raise ValueError(
            f"batch_size and seq_length must be at least 1, got {batch_size} and {seq_length}"
        )
    return _endless_samples(batch_size, seq_length, rng or np.random.default_rng())


def _endless_samples(
    batch_size: int, seq_length: int, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The loop of `generate_samples`: apart, so that a bad size is refused at the call."""
    while True:
        x = rng.uniform(-1.0, 1.0, size=(seq_length, batch_size, 1))
        yield x, x[0].copy()


class RNN:
    """Read a sequence with a tanh recurrence and answer once, at its end.

    Attributes:
        W: input weights [D, H].
        R: recurrent weights [H, H].
        b_s: bias of the state [H, 1].
        V: output weights [H, O].
        b_y: bias of the output [O, 1].
        states: h_0 … h_T of the last forward pass [T + 1, B, H].
        gradients: what the last `backward` returned; None before it.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        *,
        rng: np.random.Generator | None = None,
        dtype: type[np.floating] = np.float64,
    ) -> None:
        """Store the sizes D, H, O and draw the first weights (see `reset_parameters`)."""
        self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, output_size
        self.dtype = dtype
        self.reset_parameters(rng=rng)

    def reset_parameters(self, *, rng: np.random.Generator | None = None) -> None:
        """Draw W and V LeCun-uniform, ±√(3 / fan-in); R = identity, biases = 0."""
        rng = rng or np.random.default_rng()
        d, h, o = self.input_size, self.hidden_size, self.output_size
        self.W = rng.uniform(-1.0, 1.0, (d, h)).astype(self.dtype) * self.dtype(np.sqrt(3 / d))
        self.R = np.eye(h, dtype=self.dtype)
        self.b_s = np.zeros((h, 1), self.dtype)
        self.V = rng.uniform(-1.0, 1.0, (h, o)).astype(self.dtype) * self.dtype(np.sqrt(3 / h))
        self.b_y = np.zeros((o, 1), self.dtype)
        self.states: np.ndarray | None = None
        self.gradients: dict[str, np.ndarray] | None = None

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        """The five weight arrays themselves, by name: for an optimiser, which changes them."""
        return {name: getattr(self, name) for name in GRADIENT_OF}

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Run over the sequence and return the output after its last step.

            h_t = tanh(x_t W + h_{t-1} R + b_s)        ŷ = h_T V + b_y

        Args:
            x: input [T, B, D].

        Returns:
            ŷ, [B, O].

        Raises:
            ValueError: if x is not [T, B, D] with T at least 1.
        """
        x = np.asarray(x, dtype=self.dtype)
        if x.ndim != 3 or len(x) < 1 or x.shape[2] != self.input_size:
            raise ValueError(f"x must be [T, B, {self.input_size}] with T ≥ 1, got {x.shape}")
        states = np.zeros((len(x) + 1, x.shape[1], self.hidden_size), self.dtype)
        from_input = x @ self.W + self.b_s.T  # [T, B, H], all steps at once
        for t, a_t in enumerate(from_input):
            states[t + 1] = np.tanh(a_t + states[t] @ self.R)
        self.x, self.states = x, states
        return states[-1] @ self.V + self.b_y.T

    def backward(self, d_loss: np.ndarray) -> dict[str, np.ndarray]:
        """Carry the gradient of the loss back through time.

            δ_t = ∂L/∂h_t ⊙ (1 - h_t²)        ∂L/∂h_{t-1} = δ_t Rᵀ
            d_W[t] = x_tᵀ δ_t,  d_R[t] = h_{t-1}ᵀ δ_t,  d_bs[t] = Σ_B δ_t

        The gradients of the shared weights are kept apart by time step, so that one can see which
        steps they come from; their sum over t is the gradient (see `total_gradients`).

        Args:
            d_loss: ∂L/∂ŷ of the last forward pass [B, O].

        Returns:
            d_V [H, O], d_W [T, D, H], d_R [T, H, H], d_bs [T, H, 1], d_by [O, 1].

        Raises:
            RuntimeError: if there was no forward pass.
            ValueError: if d_loss is not [B, O].
        """
        if self.states is None:
            raise RuntimeError("backward needs a forward pass first")
        d_loss, states = np.asarray(d_loss, dtype=self.dtype), self.states
        if d_loss.shape != (states.shape[1], self.output_size):
            expected = (states.shape[1], self.output_size)
            raise ValueError(f"d_loss must be [B, O] = {expected}, got {d_loss.shape}")
        deltas = 1.0 - states[1:] ** 2  # tanh' written in the outputs, [T, B, H]
        d_state = d_loss @ self.V.T
        for delta_t in deltas[::-1]:
            delta_t *= d_state  # now δ_t
            d_state = delta_t @ self.R.T
        self.gradients = {
            "d_V": states[-1].T @ d_loss,
            "d_W": self.x.transpose(0, 2, 1) @ deltas,
            "d_R": states[:-1].transpose(0, 2, 1) @ deltas,
            "d_bs": deltas.sum(axis=1)[:, :, None],
            "d_by": d_loss.sum(axis=0)[:, None],
        }
        return self.gradients

    def total_gradients(self) -> dict[str, np.ndarray]:
        """Sum the last gradients over time; the result is named and shaped like the weights.

        Raises:
            RuntimeError: if there was no backward pass.
        """
        if self.gradients is None:
            raise RuntimeError("there is no gradient yet: call backward first")
        g = self.gradients
        shared = {name: g[GRADIENT_OF[name]].sum(axis=0) for name in ("W", "R", "b_s")}
        return shared | {"V": g["d_V"].copy(), "b_y": g["d_by"].copy()}

    def update(self, lr: float) -> None:
        """Take one step of gradient descent; the gradients over time are summed, not averaged.

        Args:
            lr: learning rate.

        Raises:
            RuntimeError: if there was no backward pass.
        """
        gradients = self.total_gradients()
        for name, weight in self.parameters.items():
            weight -= lr * gradients[name]

    def get_weights(self) -> dict[str, np.ndarray]:
        """Return copies of the five weights by name: later updates leave them as they are."""
        return {name: weight.copy() for name, weight in self.parameters.items()}

    def set_weights(self, weights: dict[str, np.ndarray]) -> None:
        """Copy all five weights in; states and gradients of the old ones are dropped.

        Raises:
            ValueError: if one of the five is missing or has another shape; nothing is changed then.
        """
        missing = [name for name in GRADIENT_OF if name not in weights]
        if missing:
            raise ValueError(f"weights must hold {list(GRADIENT_OF)}, missing: {missing}")
        new = {name: np.array(weights[name], dtype=self.dtype) for name in GRADIENT_OF}
        for name, weight in self.parameters.items():
            if new[name].shape != weight.shape:
                raise ValueError(f"{name} must be {weight.shape}, got {new[name].shape}")
        for name, weight in self.parameters.items():
            weight[...] = new[name]
        self.states = self.gradients = None


class MSELoss:
    """Mean squared error over a batch: L = 1/B Σ (ŷ - y)², so ∂L/∂ŷ = 2 (ŷ - y) / B."""

    def __init__(self) -> None:
        """Start without a difference: `backward` needs a `forward` first."""
        self.difference: np.ndarray | None = None

    def forward(self, y_hat: np.ndarray, y_true: np.ndarray) -> float:
        """Return the loss of predictions y_hat against targets y_true, both [B, 1].

        Raises:
            ValueError: if the shapes differ; broadcasting [B, 1] against [B] would give [B, B].
        """
        y_hat, y_true = np.asarray(y_hat), np.asarray(y_true)
        if y_hat.shape != y_true.shape:
            raise ValueError(f"y_true must have y_hat's shape {y_hat.shape}, got {y_true.shape}")
        self.difference = y_hat - y_true
        return float(np.mean(self.difference**2))

    def backward(self) -> np.ndarray:
        """Return ∂L/∂ŷ of the last forward call, [B, 1].

        Raises:
            RuntimeError: if forward was not called.
        """
        if self.difference is None:
            raise RuntimeError("backward needs a forward call first")
        return 2.0 * self.difference / self.difference.size


class Learner:
    """Train a network on batches from a generator, and look at what it learned.

    Attributes:
        step: updates made so far, over all calls of `train`.
        loss_values: step → loss of the batch drawn after that many updates (0 is untrained).
        y_hats: predictions of the last `make_predictions`, [n_batches · B, O]; None before it.
        y_trues: their targets, of the same shape.
    """

    def __init__(
        self,
        model: RNN,
        loss_obj: MSELoss,
        data_generator: Iterator[tuple[np.ndarray, np.ndarray]],
    ) -> None:
        """Keep the three parts; nothing is drawn or trained yet."""
        self.model, self.loss_obj, self.data_generator = model, loss_obj, data_generator
        self.step = 0
        self.loss_values: dict[int, float] = {}
        self.y_hats: np.ndarray | None = None
        self.y_trues: np.ndarray | None = None

    def train(
        self, iter_steps: int, lr: float, log_steps: int = 50, *, progress: bool = True
    ) -> None:
        """Make iter_steps updates; a second call goes on where the first stopped.

        Args:
            iter_steps: updates to make.
            lr: learning rate.
            log_steps: the loss is kept at every multiple of this many updates.
            progress: show a bar, where somebody can watch it: in a terminal or a notebook.
        """
        bar = tqdm(range(iter_steps), disable=not (progress and _watched()), file=sys.stdout)
        for _ in bar:
            x, y = next(self.data_generator)
            loss = self.loss_obj.forward(self.model.forward(x), y)
            if self.step % log_steps == 0:
                self.loss_values[self.step] = loss
                bar.set_postfix(loss=f"{loss:.4f}")
            self.model.backward(self.loss_obj.backward())
            self.model.update(lr)
            self.step += 1

    def make_predictions(self, n_batches: int) -> tuple[np.ndarray, np.ndarray]:
        """Predict fresh batches.

        Args:
            n_batches: batches to draw, at least 1.

        Returns:
            (y_hats, y_trues), both [n_batches · B, O]; also kept as attributes.
        """
        pairs = []
        for _ in range(n_batches):
            x, y = next(self.data_generator)
            pairs.append((self.model.forward(x), y))
        self.y_hats, self.y_trues = (np.concatenate(column) for column in zip(*pairs, strict=True))
        return self.y_hats, self.y_trues

    def plot_loss(self, ax: Axes | None = None, **style: Any) -> Axes:
        """Draw the kept losses against the step, on a logarithmic scale.

        Raises:
            RuntimeError: if nothing was trained yet.
        """
        if not self.loss_values:
            raise RuntimeError("there is no loss to plot yet: call train first")
        ax = ax or _new_axes()
        ax.plot(list(self.loss_values), list(self.loss_values.values()), **style)
        ax.set(xlabel="updates", ylabel="training loss (MSE)", yscale="log")
        return ax

    def scatter_plot(self, ax: Axes | None = None, **style: Any) -> Axes:
        """Draw true against predicted values, with the diagonal on which they would agree.

        Raises:
            RuntimeError: if nothing was predicted yet.
        """
        if self.y_hats is None or self.y_trues is None:
            raise RuntimeError("there is nothing to plot yet: call make_predictions first")
        ax = ax or _new_axes()
        ax.plot(self.y_trues.ravel(), self.y_hats.ravel(), **{"ls": "", "marker": "."} | style)
        ax.axline((0.0, 0.0), slope=1.0, color="grey", lw=1.0)
        ax.set(xlabel="true first input", ylabel="predicted", aspect="equal")
        return ax


def _watched() -> bool:
    """Say whether standard output is a terminal or a notebook's cell."""
    return sys.stdout.isatty() or type(sys.stdout).__module__.startswith("ipykernel")


def _new_axes() -> Axes:
    """Make one empty set of axes; Matplotlib is loaded only by those who plot."""
    import matplotlib.pyplot as plt

    return plt.subplots()[1]
