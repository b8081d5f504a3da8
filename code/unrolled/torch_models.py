"""The PyTorch networks of assignments 2, 3 and 5, and an LSTM of our own that shows its gates.

Sequences are batch first: x is [N, T, D]. Recurrent layers are PyTorch's fused ones, with one
exception that is there to be read, `LSTM`, and one that the assignment asks for, `Elman`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

LAYERS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw PyTorch's initial weights from `seed` and leave the global generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def recurrent_layer(cell: str, input_size: int, hidden_size: int, num_layers: int) -> nn.RNNBase:
    """Make PyTorch's own recurrent layer of the named cell, batch first.

    Raises:
        ValueError: `cell` is not one of rnn, lstm, gru.
    """
    if cell not in LAYERS:
        raise ValueError(f"cell: expected one of {', '.join(LAYERS)}, got {cell!r}")
    return LAYERS[cell](input_size, hidden_size, num_layers, batch_first=True)


class SequenceTagger(nn.Module):
    """Answer at every step: a recurrent layer, then one linear readout for all steps.

    y_t = W_out h_t + b_out

    Args:
        cell: "rnn" (tanh), "lstm" or "gru".
        input_size: D, numbers that enter at each step.
        hidden_size: H, units of each layer.
        num_layers: layers, each reading the outputs of the one below.
        output_size: numbers that leave at each step; a logit where the target is a bit.
    """

    def __init__(
        self,
        cell: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        output_size: int = 1,
    ) -> None:
        super().__init__()
        self.recurrent = recurrent_layer(cell, input_size, hidden_size, num_layers)
        self.readout = nn.Linear(hidden_size, output_size)

    def forward(self, x: Tensor, lengths: Tensor | None = None, state=None) -> Tensor:
        """Return the outputs [N, T, output_size] for x [N, T, D].

        Args:
            x: the sequences, padded to the longest.
            lengths: true length of each sequence, longest first; with it the batch is packed, and
                the outputs past a sequence's end are the readout's bias alone.
            state: the layer's first state; zeros without it.
        """
        if lengths is None:
            outputs, _ = self.recurrent(x, state)
        else:
            packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True)
            outputs, _ = self.recurrent(packed, state)
            outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=x.shape[1])
        return self.readout(outputs)


class Elman(nn.Module):
    """Assignment 3's Elman network, made of `nn.Linear` layers only.

    h_0 = tanh(l1(x_0)),  h_t = tanh(l1(x_t) + hr(h_{t-1})),  y_t = l2(h_t)

    l1 does not depend on the state, so it is applied to all steps at once, before the loop: one
    large matrix product instead of T small ones. The loop over time stays; permuting the steps
    changes the outputs.

    Source: Elman (1990); chapter "The adding problem".
    """

    def __init__(self, input_size: int, hidden_size: int, output_size: int) -> None:
        super().__init__()
        self.l1 = nn.Linear(input_size, hidden_size)
        self.hr = nn.Linear(hidden_size, hidden_size)
        self.l2 = nn.Linear(hidden_size, output_size)

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs [N, T, output_size] for x [N, T, D]."""
        projected = self.l1(x)  # [N, T, H]
        h_t = torch.tanh(projected[:, 0])
        hidden = [h_t]
        for t in range(1, x.shape[1]):
            h_t = torch.tanh(projected[:, t] + self.hr(h_t))
            hidden.append(h_t)
        return self.l2(torch.stack(hidden, dim=1))


class RowReader(nn.Module):
    """Assignment 5's classifier: read an image row by row, answer after the last row.

    affine to the cell's width → cell → last output → ReLU → dense 64 → ReLU → dense 10
    """

    def __init__(self, cell: str, hidden_size: int, num_layers: int = 1) -> None:
        super().__init__()
        self.affine = nn.Linear(28, hidden_size)
        self.recurrent = recurrent_layer(cell, hidden_size, hidden_size, num_layers)
        self.head = nn.Sequential(
            nn.ReLU(), nn.Linear(hidden_size, 64), nn.ReLU(), nn.Linear(64, 10)
        )

    def outputs(self, rows: Tensor) -> Tensor:
        """Return the top layer's output after every row, [N, 28, H], for rows [N, 28, 28]."""
        return self.recurrent(self.affine(rows))[0]

    def forward(self, rows: Tensor) -> Tensor:
        """Return the class logits [N, 10] read off the output after the last row."""
        return self.head(self.outputs(rows)[:, -1])


class WholeImage(nn.Module):
    """The network that sees all 784 pixels at once: dense 64, ReLU, dense 10."""

    def __init__(self, hidden_size: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(784, hidden_size), nn.ReLU(), nn.Linear(hidden_size, 10)
        )

    def forward(self, rows: Tensor) -> Tensor:
        """Return the class logits [N, 10] for rows [N, 28, 28]."""
        return self.layers(rows)


class LSTM(nn.Module):
    """An LSTM layer written out, with `nn.LSTM`'s parameter names, that can show its gates.

    i, f, o = σ(…),  g = tanh(…),  c_t = f ⊙ c_{t-1} + i ⊙ g,  h_t = o ⊙ tanh(c_t)

    Loading the weights of a one-layer `nn.LSTM` gives equal outputs; `gates` then gives what the
    fused layer keeps to itself.

    Source: Hochreiter and Schmidhuber (1997); Gers, Schmidhuber and Cummins (2000) for f; chapter
    "Build your own LSTM".
    """

    weight_ih_l0: nn.Parameter
    weight_hh_l0: nn.Parameter
    bias_ih_l0: nn.Parameter
    bias_hh_l0: nn.Parameter

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        bound = hidden_size**-0.5
        self.hidden_size = hidden_size
        shapes = {
            "weight_ih_l0": (4 * hidden_size, input_size),
            "weight_hh_l0": (4 * hidden_size, hidden_size),
            "bias_ih_l0": (4 * hidden_size,),
            "bias_hh_l0": (4 * hidden_size,),
        }
        for name, shape in shapes.items():
            self.register_parameter(name, nn.Parameter(torch.empty(shape).uniform_(-bound, bound)))

    def step(self, x_t: Tensor, h_prev: Tensor, c_prev: Tensor) -> dict[str, Tensor]:
        """Take one step and return i, f, g, o, c and h, each [N, H]."""
        pre = x_t @ self.weight_ih_l0.T + self.bias_ih_l0 + h_prev @ self.weight_hh_l0.T
        i, f, g, o = (pre + self.bias_hh_l0).chunk(4, dim=1)
        i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
        c_t = f * c_prev + i * g
        return {"i": i, "f": f, "g": g, "o": o, "c": c_t, "h": o * torch.tanh(c_t)}

    def gates(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None) -> dict[str, Tensor]:
        """Return i, f, g, o, c and h at every step, each [N, T, H], for x [N, T, D].

        Args:
            x: the sequences.
            state: (h, c), each [N, H]; zeros without it.
        """
        zeros = x.new_zeros(x.shape[0], self.hidden_size)
        h_t, c_t = (zeros, zeros) if state is None else state
        steps = []
        for t in range(x.shape[1]):
            steps.append(self.step(x[:, t], h_t, c_t))
            h_t, c_t = steps[-1]["h"], steps[-1]["c"]
        return {name: torch.stack([step[name] for step in steps], dim=1) for name in "ifgoch"}

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None = None):
        """Return outputs [N, T, H] and the last state (h, c), each [N, H]."""
        gates = self.gates(x, state)
        return gates["h"], (gates["h"][:, -1], gates["c"][:, -1])
