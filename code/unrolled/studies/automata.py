"""Networks read as automata: one built by hand, some found by guessing, some trained.

Parity is the smallest task that needs a memory: one bit in, one bit kept. That makes it possible to
look at everything: weights that solve it, how far its gradient reaches, how often weights drawn
blindly solve it, and the automaton that a trained network has become.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.cluster import KMeans

from unrolled import tasks
from unrolled.experiments import parity
from unrolled.torch_models import SequenceTagger


def parity_by_hand(gain: float = 20.0) -> SequenceTagger:
    """Build a network of two tanh units that computes parity.

        h_t = σ(k(W h_{t-1} + x_t − θ)),  z_t = k(h_1 − h_2 − ½),
        W = [[1, −1], [1, −1]],  θ = (½, 1½)

    W h is h_1 − h_2 in both rows: the parity so far, a. The first unit answers a + x ≥ 1 (or), the
    second a + x ≥ 2 (and), and "or but not and" is the parity including x. PyTorch's layer has tanh
    for σ; with s = 2h − 1 the step becomes s_t = tanh(½k(½W s_{t-1} + x_t − θ)), since W(½, ½) = 0.
    For the same reason the start s_0 = 0 will do.

    Args:
        gain: k; the larger, the nearer the units are to switches.

    Returns:
        A network whose logit is positive where the parity is odd.

    Source: chapter "Parity".
    """
    w, threshold = np.array([[1.0, -1.0], [1.0, -1.0]]), np.array([0.5, 1.5])
    readout = gain / 2 * np.array([1.0, -1.0])
    weights = {
        "recurrent.weight_ih_l0": gain / 2 * np.ones((2, 1)),
        "recurrent.weight_hh_l0": gain / 4 * w,
        "recurrent.bias_ih_l0": -gain / 2 * threshold,
        "recurrent.bias_hh_l0": np.zeros(2),
        "readout.weight": readout[None],
        "readout.bias": np.array([-gain / 2]),
    }
    tagger = SequenceTagger("rnn", 1, 2)
    tagger.load_state_dict({name: torch.from_numpy(w) for name, w in weights.items()})
    return tagger


@torch.no_grad()
def run_over(tagger: SequenceTagger, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the top layer's outputs [N, T, H] and the answers, 0 or 1 [N, T], to x [N, T, 1]."""
    bits = torch.from_numpy(x).to(tagger.readout.weight)
    states = tagger.recurrent(bits)[0]
    return states.numpy(), (tagger.readout(states) > 0)[..., 0].numpy().astype(int)


def guess(
    hidden_size: int,
    *,
    tries: int,
    seed: int = 0,
    scale: float = 1000.0,
    only_last: bool = False,
    strings: int = 40,
    seq_len: int = 50,
) -> dict[str, Any]:
    """Draw the weights of small tanh networks at random and count those that are right.

    Args:
        hidden_size: H.
        tries: networks to draw.
        seed: of weights and strings.
        scale: weights and biases are uniform in ± this.
        only_last: ask for the last answer of each string, not for that of every prefix.
        strings: a network is kept if it is right on this many random strings …
        seq_len: … of this many bits.

    Returns:
        `tries`; `found`, the networks kept; `accuracy` [found], the share of right answers of each
        over every prefix of 20 fresh strings of 5,000 bits, and `even_lengths` [found], over the
        prefixes of even length alone; `perfect`, how many accuracies are 1; and `alive` [strings],
        the networks without a mistake after so many strings.

    Source: Hochreiter and Schmidhuber (1996) for guessing as a baseline; chapter "Parity".
    """
    rng = np.random.default_rng(seed)
    x, y = tasks.parity(strings, seq_len, rng=rng)
    alive, kept = np.zeros(strings, int), []
    for drawn in _draws(hidden_size, tries, scale, rng):
        for k in range(strings):
            drawn = _right(drawn, x[k, :, 0], y[k, :, 0], only_last)
            alive[k] += len(drawn["c"])
        kept.append(drawn)
    found = {name: np.concatenate([drawn[name] for drawn in kept]) for name in kept[0]}
    right = _accuracy(found, *parity.test_strings(5000, seed=seed))
    return {
        "tries": tries,
        "found": len(right),
        "perfect": int((right == 1).all(1).sum()),
        "accuracy": right.mean(1),
        "even_lengths": right[:, 1::2].mean(1),
        "alive": alive,
    }


def _draws(
    hidden_size: int, tries: int, scale: float, rng: np.random.Generator, size: int = 50_000
) -> Iterator[dict[str, np.ndarray]]:
    """Yield networks in batches: u [E, H], w [E, H, H], b [E, H], v [E, H] and c [E]."""
    h = hidden_size
    shapes = {"u": (h,), "w": (h, h), "b": (h,), "v": (h,), "c": ()}
    for start in range(0, tries, size):
        e = min(size, tries - start)
        yield {
            name: rng.uniform(-scale, scale, (e, *shape)).astype(np.float32)
            for name, shape in shapes.items()
        }


def _step(nets: dict[str, np.ndarray], h_t: np.ndarray, x_t: np.ndarray) -> np.ndarray:
    """Take each network one step on, h_t [E, N, H] and x_t [N]."""
    from_input = nets["u"][:, None] * x_t[:, None] + nets["b"][:, None]
    return np.tanh(h_t @ nets["w"].transpose(0, 2, 1) + from_input)


def _odd(nets: dict[str, np.ndarray], h_t: np.ndarray) -> np.ndarray:
    """Return the answers [E, N] of each network."""
    return (h_t * nets["v"][:, None]).sum(2) + nets["c"][:, None] > 0


def _right(
    nets: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray, only_last: bool
) -> dict[str, np.ndarray]:
    """Return the networks that answer one string [T] rightly; each leaves at its first mistake."""
    h_t = np.zeros_like(nets["b"])[:, None]  # [E, 1, H]
    for t in range(len(x)):
        h_t = _step(nets, h_t, x[t : t + 1])
        if only_last and t < len(x) - 1:
            continue
        good = _odd(nets, h_t)[:, 0] == (y[t] == 1)
        nets, h_t = {name: array[good] for name, array in nets.items()}, h_t[good]
    return nets


def _accuracy(nets: dict[str, np.ndarray], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return each network's share of right answers after each step, [E, T], for x [N, T, 1]."""
    n, seq_len, _ = x.shape
    e, h = nets["b"].shape
    h_t, right = np.zeros((e, n, h), np.float32), np.zeros((e, seq_len))
    for t in range(seq_len):
        h_t = _step(nets, h_t, x[:, t, 0])
        right[:, t] = (_odd(nets, h_t) == (y[:, t, 0] == 1)).mean(1)
    return right


@dataclass(frozen=True)
class Automaton:
    """A finite automaton over bits.

    Attributes:
        transitions: the state after reading 0 and after reading 1, [K, 2].
        answers: what each state says, 0 or 1 [K].
        agreement: share of the observed steps and answers that it reproduces.
    """

    transitions: np.ndarray
    answers: np.ndarray
    agreement: float = 1.0

    def minimal(self) -> tuple[Automaton, np.ndarray]:
        """Merge the states that no further bits can tell apart (Moore's refinement).

        Returns:
            The smallest automaton with the same answers, and the new state of each old one, [K].
        """
        groups = self.answers
        while True:
            seen = np.column_stack([groups, groups[self.transitions]])
            _, finer = np.unique(seen, axis=0, return_inverse=True)
            finer = finer.ravel()
            if finer.max() == np.unique(groups).size - 1:
                break
            groups = finer
        first = [int(np.flatnonzero(finer == k)[0]) for k in range(finer.max() + 1)]
        merged = Automaton(finer[self.transitions[first]], self.answers[first], self.agreement)
        return merged, finer


def extract(
    states: np.ndarray, x: np.ndarray, answers: np.ndarray, clusters: int, *, seed: int = 0
) -> tuple[Automaton, np.ndarray]:
    """Read the automaton off a network: cluster its states, then see where each bit leads.

    Args:
        states: hidden states [N, T, H].
        x: the bits that were read [N, T, 1].
        answers: what the network said, 0 or 1 [N, T].
        clusters: K, how many states to look for.
        seed: of k-means.

    Returns:
        The automaton of most frequent steps, and the cluster of every state, [N, T].

    Raises:
        ValueError: a cluster and bit that were never seen together.

    Source: Giles et al. (1992); Omlin and Giles (1996); chapter "Parity".
    """
    n, seq_len, width = states.shape
    found = KMeans(clusters, n_init=10, random_state=seed).fit(states.reshape(-1, width))
    labels = found.labels_.reshape(n, seq_len)
    steps = np.zeros((clusters, 2, clusters), int)
    np.add.at(steps, (labels[:, :-1], x[:, 1:, 0].astype(int), labels[:, 1:]), 1)
    if not steps.sum(2).all():
        raise ValueError(f"clusters: {clusters} are too many, some were never left by 0 or by 1")
    said = np.zeros((clusters, 2), int)
    np.add.at(said, (labels, answers), 1)
    agreement = (steps.max(2).sum() + said.max(1).sum()) / (steps.sum() + said.sum())
    return Automaton(steps.argmax(2), said.argmax(1), float(agreement)), labels


@torch.no_grad()
def ragged_accuracy(
    tagger: SequenceTagger, *, seq_len: int = 75, n: int = 5000, seed: int = 0
) -> dict[str, float]:
    """Measure a network on strings of random lengths, with and without the padding.

    The strings are packed, so past a string's end the readout sees zeros and answers with the sign
    of its bias.

    Returns:
        Shares of right answers: "counted" over all steps, "masked" over the steps before each
        string's end, "padding" over those after it; and "inside", the share of steps before it.
    """
    rng = np.random.default_rng([seed, 3])
    x, _ = tasks.parity(n, seq_len, rng=rng)
    batch = parity.make_batch(x, {"target": "prefix", "ragged": True}, masked=True, rng=rng)
    logits = tagger(torch.from_numpy(batch.x), torch.from_numpy(batch.lengths))
    right = ((logits > 0).numpy() == (batch.y == 1)).astype(float)
    inside = batch.weight.astype(bool)
    return {
        "counted": float(right.mean()),
        "masked": float(right[inside].mean()),
        "padding": float(right[~inside].mean()),
        "inside": float(inside.mean()),
    }
