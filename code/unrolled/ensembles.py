"""Many networks of one kind, trained side by side.

For networks this small the time goes into calling the library, not into arithmetic. E networks in
one batched matrix product cost little more than one, so a count over 40 seeds is a run, not a
night. Each network keeps its own seed: its own first weights, its own stream of data, its own
clipping. Nothing flows from one to another, and network e ends where a run of its seed alone ends
up to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unrolled import assignments
from unrolled.experiments import parity
from unrolled.torch_models import SequenceTagger
from unrolled.torch_training import device_name, make_optimizer, pick_device, without_denormals
from unrolled.training import learning_rates

CHUNK = 250  # validation strings of a network at a time: more of them do not fit a CPU's cache


class Ensemble(nn.Module):
    """E `SequenceTagger`s as one module: every parameter has a first axis of length E.

    Args:
        members: networks of one cell and one size; their weights are copied.

    Raises:
        ValueError: no members, or a cell other than rnn and lstm.
    """

    def __init__(self, members: Sequence[SequenceTagger]) -> None:
        super().__init__()
        if not members:
            raise ValueError("members: expected at least one network, got none")
        layer = members[0].recurrent
        if not isinstance(layer, nn.RNN | nn.LSTM):
            raise ValueError(f"members: expected rnn or lstm layers, got {type(layer).__name__}")
        self.gated = isinstance(layer, nn.LSTM)
        self.num_layers = layer.num_layers
        states = [member.state_dict() for member in members]
        self.weights = nn.ParameterDict(
            {
                name.replace(".", "/"): nn.Parameter(torch.stack([s[name] for s in states]))
                for name in states[0]
            }
        )

    def member_weights(self, e: int) -> dict[str, np.ndarray]:
        """Return the state dict of network e, as arrays."""
        return {
            name.replace("/", "."): p[e].numpy(force=True).copy()
            for name, p in self.weights.items()
        }

    def forward(self, x: Tensor, inside: Tensor | None = None, cut: int = 0) -> Tensor:
        """Return the logits [E, N, T, O] of each network on its own sequences [E, N, T, D].

        Args:
            x: the sequences.
            inside: 1 up to a sequence's end and 0 past it, [E, N, T, 1]; past the end the readout
                then sees zeros, as after packing.
            cut: stop the gradient from flowing back through the state at every `cut`-th step;
                0 lets it flow to the start.
        """
        outputs = x.permute(2, 0, 1, 3)  # [T, E, N, D]
        for k in range(self.num_layers):
            outputs = self._layer(outputs, k, cut)
        if inside is not None:
            outputs = outputs * inside.permute(2, 0, 1, 3)
        weight, bias = self.weights["readout/weight"], self.weights["readout/bias"]
        logits = outputs @ weight.mT + bias[:, None]  # [T, E, N, O]
        return logits.permute(1, 2, 0, 3)

    def _layer(self, x: Tensor, k: int, cut: int) -> Tensor:
        weight_ih, weight_hh, bias_ih, bias_hh = (
            self.weights[f"recurrent/{name}_l{k}"]
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        projected = x @ weight_ih.mT + (bias_ih + bias_hh)[:, None]  # [T, E, N, G·H]
        recurrent = weight_hh.mT.contiguous()  # [E, H, G·H]
        h_t = c_t = x.new_zeros(*x.shape[1:3], weight_hh.shape[2])  # [E, N, H]
        outputs = []
        for t, from_input in enumerate(projected.unbind(0)):
            if cut and t % cut == 0:
                h_t, c_t = h_t.detach(), c_t.detach()
            pre = torch.baddbmm(from_input, h_t, recurrent)
            if self.gated:
                i, f, g, o = pre.chunk(4, dim=2)
                c_t = torch.sigmoid(f) * c_t + torch.sigmoid(i) * torch.tanh(g)
                h_t = torch.sigmoid(o) * torch.tanh(c_t)
            else:
                h_t = torch.tanh(pre)
            outputs.append(h_t)
        return torch.stack(outputs)


def clip_each(parameters: Sequence[Tensor], largest: float) -> None:
    """Scale each network's gradient so that its own norm is at most `largest`."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    squares = torch.stack([g.pow(2).flatten(1).sum(1) for g in gradients]).sum(0)
    scale = (largest / (torch.sqrt(squares) + 1e-6)).clamp(max=1.0)  # [E]
    for g in gradients:
        g.mul_(scale.view(-1, *[1] * (g.dim() - 1)))


class ParityBatches:
    """The batches of E networks, each from its own stream, padded to the longest and stacked."""

    def __init__(self, network: dict[str, Any], settings: assignments.Settings, seeds: list[int]):
        self.streams = [
            parity.Batches(network, settings, rng=np.random.default_rng([seed, 0]))
            for seed in seeds
        ]

    def draw(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return x, y, weight and inside, each [E, N, T, 1]."""
        return stack([stream.draw() for stream in self.streams])

    def heed(self, accuracy: Tensor) -> None:
        """Tell each stream how its network did on the last batch."""
        for stream, value in zip(self.streams, accuracy.tolist(), strict=True):
            stream.heed(value)

    def keep(self, members: Sequence[int]) -> None:
        """Go on with the streams of some networks only."""
        self.streams = [self.streams[e] for e in members]


def stack(batches: Sequence[parity.Batch]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Stack one batch a network; shorter ones (a curriculum) are padded with steps of weight 0."""
    longest = max(batch.x.shape[1] for batch in batches)

    def padded(arrays: list[np.ndarray]) -> Tensor:
        full = np.zeros((len(arrays), len(arrays[0]), longest, 1), np.float32)
        for e, array in enumerate(arrays):
            full[e, :, : array.shape[1]] = array
        return torch.from_numpy(full)

    lengths = np.stack([batch.lengths for batch in batches])  # [E, N]
    inside = np.arange(longest)[:, None] < lengths[:, :, None, None]
    x, y, weight = (padded([batch[k] for batch in batches]) for k in range(3))
    return x, y, weight, torch.from_numpy(inside.astype(np.float32))


@without_denormals()
def count_parity(
    name: str,
    *,
    seeds: int,
    settings: str = "recipe",
    profile: str | None = None,
    device: str | None = None,
    cut: int = 0,
    **overrides: Any,
) -> dict[str, Any]:
    """Train a parity model with seeds 0 … `seeds` − 1 at once and count which of them solve it.

    A network is solved at the first validation without a mistake; its weights of that moment are
    tested on every prefix of fresh strings of 75, 500 and 5,000 bits.

    Args:
        name: a parity model of `assignments.MODELS`.
        seeds: networks, E.
        settings: "recipe" or "assignment".
        profile: how much is run.
        device: "cpu" or "cuda".
        cut: see `Ensemble.forward`.
        overrides: settings changed, such as `hidden_size=4`.

    Returns:
        `step` [K], `loss`, `train_accuracy` (means over the updates since the row before) and
        `val_accuracy` [K, E] along training, NaN once a network is solved; `solved_step` [E] (0:
        never without a mistake), `accuracy_75`, `accuracy_500`, `accuracy_5000` [E], `solved` [E],
        the number of networks `n` and of solved ones `k`, and the device.

    Raises:
        ValueError: fewer than one seed, or an unknown model or override.
    """
    if seeds < 1:
        raise ValueError(f"seeds: expected at least 1, got {seeds}")
    network = assignments.model(name).network
    chosen = assignments.settings_of(name, settings, profile, **overrides)
    everyone = list(range(seeds))
    members = [parity.build(network, chosen, seed, "cpu") for seed in everyone]
    where = pick_device(device)
    ensemble = Ensemble(members).to(where)
    curves, solved_step = _train_parity(ensemble, network, chosen, everyone, where, cut)
    result = curves | {"solved_step": solved_step}
    for seq_len in parity.TEST_STRINGS:
        result[f"accuracy_{seq_len}"] = _prefix_accuracy(ensemble, seq_len, everyone, where)
    result["solved"] = np.all([result[f"accuracy_{t}"] == 1.0 for t in parity.TEST_STRINGS], axis=0)
    return result | {"n": seeds, "k": int(result["solved"].sum()), "device": device_name(where)}


def _train_parity(
    ensemble: Ensemble,
    network: dict[str, Any],
    settings: assignments.Settings,
    seeds: list[int],
    device: torch.device,
    cut: int,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Train until all networks are solved; leave each with the weights of that moment.

    A solved network is taken out, as a run of its seed alone would end: its curves go on as NaN.
    """
    parameters = list(ensemble.parameters())
    optimizer = make_optimizer(parameters, settings)
    batches = ParityBatches(network, settings, seeds)
    drawn = stack([parity.validation_batch(network, settings, seed=seed) for seed in seeds])
    held_out = [part.to(device) for part in drawn]
    solved_step, left = np.zeros(len(seeds), int), np.arange(len(seeds))  # left: not yet solved
    final = [p.detach().clone() for p in parameters]
    seen: list[Tensor] = []
    rows: list[np.ndarray] = []
    steps = []
    for step, rate in enumerate(learning_rates(settings), start=1):
        optimizer.param_groups[0]["lr"] = rate
        x, y, weight, inside = (part.to(device) for part in batches.draw())
        optimizer.zero_grad(set_to_none=True)
        logits = ensemble(x, inside if network["ragged"] else None, cut)
        loss, accuracy = parity.loss_and_accuracy(logits, y, weight)
        loss.sum().backward()
        if settings.clip:
            clip_each(parameters, settings.clip)
        optimizer.step()
        batches.heed(accuracy)
        seen.append(torch.stack([loss.detach(), accuracy]))
        if step % settings.evaluate_every and step != settings.steps:
            continue
        right = _validate(ensemble, held_out, network["ragged"])
        row = np.full((3, len(seeds)), np.nan)
        row[:, left] = [*torch.stack(seen).mean(0).numpy(force=True), right]
        seen.clear()
        rows.append(row)
        steps.append(step)
        for held, p in zip(final, parameters, strict=True):
            held[left] = p.detach()
        solved_step[left[right == 1.0]] = step
        unsolved = np.flatnonzero(right < 1.0)
        if len(unsolved) == 0:
            break
        if len(unsolved) < len(left):
            left, held_out = left[unsolved], [part[unsolved] for part in held_out]
            batches.keep(unsolved.tolist())
            parameters = keep_members(ensemble, optimizer, unsolved.tolist())
    for name, held in zip(ensemble.weights, final, strict=True):
        ensemble.weights[name] = nn.Parameter(held)
    names = ("loss", "train_accuracy", "val_accuracy")
    curves = dict(zip(names, np.stack(rows, axis=1), strict=True))
    return curves | {"step": np.array(steps)}, solved_step


def keep_members(
    ensemble: Ensemble, optimizer: torch.optim.Optimizer, members: Sequence[int]
) -> list[nn.Parameter]:
    """Cut an ensemble, and what its optimiser remembers, down to some of its networks.

    Returns:
        The new parameters, on which the optimiser goes on.
    """
    kept = list(members)
    for name, old in list(ensemble.weights.items()):
        new = ensemble.weights[name] = nn.Parameter(old.detach()[kept])
        optimizer.state[new] = {
            key: value[kept] if torch.is_tensor(value) and value.dim() else value
            for key, value in optimizer.state.pop(old, {}).items()
        }
    optimizer.param_groups[0]["params"] = list(ensemble.parameters())
    return optimizer.param_groups[0]["params"]


@torch.no_grad()
def _validate(ensemble: Ensemble, batch: Sequence[Tensor], ragged: bool) -> np.ndarray:
    """Return each network's share of right answers on its own validation strings."""
    x, y, weight, inside = batch
    parts = zip(x.split(CHUNK, 1), inside.split(CHUNK, 1), strict=True)
    logits = torch.cat([ensemble(a, b if ragged else None) for a, b in parts], 1)
    return parity.loss_and_accuracy(logits, y, weight)[1].numpy(force=True)


@torch.no_grad()
def _prefix_accuracy(
    ensemble: Ensemble, seq_len: int, seeds: list[int], device: torch.device
) -> np.ndarray:
    """Return each network's share of right answers over every prefix of its own test strings."""
    strings = [parity.test_strings(seq_len, seed=seed) for seed in seeds]
    x, y = (torch.from_numpy(np.stack(part)).to(device) for part in zip(*strings, strict=True))
    right = (ensemble(x) > 0) == (y > 0.5)
    return right.double().mean((1, 2, 3)).numpy(force=True)
