"""Looking into the trained row readers of assignment 5: when they decide, and on what.

Rows and steps are counted from 1 in what these functions return, as on the pages; row t is what
the network reads at step t. Images are binarised rows [N, T, D].

Source: chapters "Reading MNIST row by row" and "When does it decide?".
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import binomtest
from torch import Tensor, nn

from unrolled.torch_models import LSTM, RowReader

Clamps = Mapping[str, Tensor]


class Disagreement(NamedTuple):
    """How often one of two classifiers is right where the other is wrong.

    Attributes:
        only_first: images that only the first gets right.
        only_second: images that only the second gets right.
        p_value: how likely a split at least as uneven is when either is as likely to be the one.
    """

    only_first: int
    only_second: int
    p_value: float


def disagreement(first: np.ndarray, second: np.ndarray) -> Disagreement:
    """Compare two classifiers on the same images: McNemar's test, exact.

    Args:
        first: whether the first is right, bool [N].
        second: whether the second is, bool [N].
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    differing = only_first + only_second
    p_value = binomtest(only_first, differing).pvalue if differing else 1.0
    return Disagreement(only_first, only_second, float(p_value))


@torch.no_grad()
def is_right(network: nn.Module, rows: Tensor, labels: Tensor) -> np.ndarray:
    """Return for each image whether the network names it, bool [N]."""
    chunks = zip(rows.split(1000), labels.split(1000), strict=True)
    return np.concatenate([(network(x).argmax(1) == y).numpy() for x, y in chunks])


@torch.no_grad()
def outputs_by_row(network: RowReader, rows: Tensor) -> Tensor:
    """Return the top layer's output after every row, [N, T, H]."""
    return torch.cat([network.outputs(chunk) for chunk in rows.split(1000)])


@torch.no_grad()
def probabilities_by_row(network: RowReader, rows: Tensor) -> np.ndarray:
    """Put the classifier's head on the output after every row, not after the last alone.

    Returns:
        Class probabilities [N, T, C].
    """
    return network.head(outputs_by_row(network, rows)).softmax(dim=2).numpy()


def settling_row(answers: np.ndarray) -> np.ndarray:
    """Return the row from which on the answer stays what it is after the last row.

    Args:
        answers: the class named after each row, [N, T].

    Returns:
        Rows from 1 (never changed) to T (changed by the last row), [N].
    """
    same = answers == answers[:, -1:]
    kept = np.cumprod(same[:, ::-1], axis=1).sum(axis=1)  # equal answers, counted from the end
    return answers.shape[1] - kept + 1


def last_inked_row(rows: Tensor) -> np.ndarray:
    """Return each image's last row that is not blank, counted from 1; 0 for a blank image, [N]."""
    inked = rows.amax(dim=2).numpy() > 0
    return (inked * np.arange(1, inked.shape[1] + 1)).max(axis=1)


def moved(rows: Tensor, *, down: int = 0, right: int = 0) -> Tensor:
    """Move images by whole pixels; what leaves is lost, what enters is blank.

    Args:
        rows: [N, T, D].
        down: rows, negative for up.
        right: pixels, negative for left.
    """
    shifted = torch.roll(rows, (down, right), dims=(1, 2))
    if down:
        shifted[:, slice(0, down) if down > 0 else slice(down, None)] = 0
    if right:
        shifted[:, :, slice(0, right) if right > 0 else slice(right, None)] = 0
    return shifted


def ink_ending_at(rows: Tensor, end: int) -> Tensor:
    """Move every image up or down so that its last row with ink is row `end`."""
    last, placed = last_inked_row(rows), torch.empty_like(rows)
    for row in np.unique(last):
        chosen = torch.from_numpy(last == row)
        placed[chosen] = moved(rows[chosen], down=end - int(row))
    return placed


def probe_by_row(
    outputs: Tensor, labels: Tensor, test_outputs: Tensor, test_labels: Tensor
) -> np.ndarray:
    """Fit a linear classifier on the outputs after each row, by least squares, and test it.

    min over A, b of Σ ‖A h_t + b − e_y‖²,  where e_y is 1 at the class y and 0 elsewhere

    Args:
        outputs: what it is fitted on, [N, T, H].
        labels: [N].
        test_outputs: [M, T, H].
        test_labels: [M].

    Returns:
        Accuracy after each row, [T].
    """
    wanted = nn.functional.one_hot(labels, 10).double()
    accuracy = []
    for h, h_test in zip(outputs.unbind(1), test_outputs.unbind(1), strict=True):
        # gelsd copes with outputs that are the same for every image, as after a blank row
        fit = torch.linalg.lstsq(_with_one(h), wanted, driver="gelsd").solution
        answers = (_with_one(h_test) @ fit).argmax(1)
        accuracy.append((answers == test_labels).double().mean().item())
    return np.array(accuracy)


def _with_one(h: Tensor) -> Tensor:
    return nn.functional.pad(h.double(), (0, 1), value=1.0)


def connectivity(network: nn.Module, rows: Tensor, labels: Tensor) -> np.ndarray:
    """Return the length of the gradient of each image's own logit in each of its rows, [N, T]."""
    rows = rows.detach().requires_grad_()
    logits = network(rows)
    (gradient,) = torch.autograd.grad(logits.gather(1, labels[:, None]).sum(), rows)
    return gradient.norm(dim=2).numpy()


def influence(network: nn.Module, rows: Tensor) -> np.ndarray:
    """Return how much the logits of each image of a batch depend on the pixels of each image.

    Args:
        network: the classifier.
        rows: a small batch, [N, T, D].

    Returns:
        Lengths of gradients [N, N]; row i, column j: the sum of image i's logits in the pixels of
        image j. Off the diagonal they must be 0.
    """
    rows = rows.detach().requires_grad_()
    sums = network(rows).sum(dim=1)
    gradients = [torch.autograd.grad(s, rows, retain_graph=True)[0] for s in sums]
    return torch.stack(gradients).flatten(2).norm(dim=2).numpy()


def seconds_per_update(
    networks: Mapping[str, nn.Module], rows: Tensor, labels: Tensor, repeats: int = 15
) -> dict[str, float]:
    """Return the time of one forward and backward pass of each network, in seconds.

    The networks take turns; the first repeat only warms up, and the median of the others counts.
    """
    times: dict[str, list[float]] = {name: [] for name in networks}
    for _ in range(repeats):
        for name, network in networks.items():
            start = time.perf_counter()
            nn.functional.cross_entropy(network(rows), labels).backward()
            times[name].append(time.perf_counter() - start)
    return {
        name: float(np.median(measured[1:])) for name, measured in times.items()
    }  # 1st: warm-up


def opened(layer: nn.RNNBase) -> LSTM:
    """Return our own LSTM with the weights of a library layer.

    Raises:
        ValueError: the layer is no LSTM, or is stacked or bidirectional.
    """
    if not isinstance(layer, nn.LSTM) or layer.num_layers > 1 or layer.bidirectional:
        raise ValueError(f"layer: expected an LSTM of one layer and direction, got {layer}")
    own = LSTM(layer.input_size, layer.hidden_size)
    own.load_state_dict(layer.state_dict())
    return own.to(next(layer.parameters()).dtype)


@torch.no_grad()
def gates_by_row(network: RowReader, rows: Tensor) -> dict[str, Tensor]:
    """Return i, f, g, o, c and h of a one-layer LSTM reader at every step, each [N, T, H]."""
    return opened(network.recurrent).gates(network.affine(rows))


@torch.no_grad()
def clamped_answers(network: RowReader, rows: Tensor, clamps: Clamps) -> Tensor:
    """Let an LSTM reader run with some gates held at given values, and return its answers [N].

    The state is computed anew from the held gates, so every later step feels them.

    Args:
        network: a one-layer LSTM reader.
        rows: [N, T, D].
        clamps: gate ("i", "f", "g" or "o") → values [T, H], the same for all images.
    """
    own, x = opened(network.recurrent), network.affine(rows)
    h_t = c_t = x.new_zeros(len(x), own.hidden_size)
    for t, x_t in enumerate(x.unbind(1)):
        gate = own.step(x_t, h_t, c_t) | {name: values[t] for name, values in clamps.items()}
        c_t = gate["f"] * c_t + gate["i"] * gate["g"]
        h_t = gate["o"] * torch.tanh(c_t)
    return network.head(h_t).argmax(1)


def mean_clamps(gates: Mapping[str, Tensor]) -> Iterator[tuple[str, str, Clamps]]:
    """Yield the clamps of the experiment: each gate at its mean, of each step and of all steps.

    Args:
        gates: what `gates_by_row` gives for the images that the means are taken over.

    Yields:
        The gate, "each step" or "all steps", and the clamps to pass to `clamped_answers`.
    """
    for name in "ifgo":
        by_step = gates[name].mean(dim=0)  # [T, H]
        yield name, "each step", {name: by_step}
        yield name, "all steps", {name: by_step.mean(dim=0).expand_as(by_step)}
