"""Many networks as one PyTorch module: every cell, any number of layers, CPU and GPU.

For networks this small the time goes into calling the library, not into arithmetic. E networks in
one batched matrix product cost little more than one. Nothing flows from one to another, so network
e ends where a run of its seed alone ends, up to rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from unrolled.assignments import Settings
from unrolled.ensembles.members import Member, Task
from unrolled.experiments.parity import Batch, weighted_mean
from unrolled.torch_training import device_name, make_optimizer, pick_device, without_denormals

CHUNK = 250  # sequences of a network looked at at a time: more do not fit a CPU's cache
NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class Ensemble(nn.Module):
    """E networks of one cell and size; every parameter has a first axis of length E.

    y_t = W_out h_t + b_out, where h_t is the top layer's output

    Args:
        task: the cell and what is particular about it.
        states: each network's weights under the names of a `SequenceTagger`'s state dict.

    Raises:
        ValueError: no networks, or a cell other than rnn, lstm and gru.
    """

    def __init__(self, task: Task, states: Sequence[Mapping[str, np.ndarray]]) -> None:
        super().__init__()
        if not states:
            raise ValueError("states: expected at least one network, got none")
        steps = {"rnn": self._rnn, "lstm": self._lstm, "gru": self._gru}
        if task.cell not in steps:
            raise ValueError(f"cell: expected one of {', '.join(steps)}, got {task.cell!r}")
        self.task, self.step = task, steps[task.cell]
        self.num_layers = sum("weight_hh" in name for name in states[0])
        self.weights = nn.ParameterDict()
        for name in states[0]:
            stacked = torch.from_numpy(np.stack([state[name] for state in states]))
            trained = not name.startswith(task.untrained)
            self.weights[name.replace(".", "/")] = nn.Parameter(stacked, requires_grad=trained)

    def state(self) -> dict[str, np.ndarray]:
        """Return all weights under their names, each with a first axis of length E."""
        return {k.replace("/", "."): p.numpy(force=True).copy() for k, p in self.weights.items()}

    def forward(self, x: Tensor, inside: Tensor | None = None, cut: int = 0) -> Tensor:
        """Return the outputs [E, N, T, O] of each network on its own sequences [E, N, T, D].

        Args:
            x: the sequences.
            inside: 1 up to a sequence's end and 0 past it, [E, N, T, 1]; past the end the readout
                then sees zeros, as after packing.
            cut: stop the gradient from flowing back through the state at every `cut`-th step;
                0 lets it flow to the start.
        """
        h = x.permute(2, 0, 1, 3)  # [T, E, N, D]
        for k in range(self.num_layers):
            h = self._layer(h, k, cut)
        if inside is not None:
            h = h * inside.permute(2, 0, 1, 3)
        y = h @ self.weights["readout/weight"].mT + self.weights["readout/bias"][:, None]
        return y.permute(1, 2, 0, 3)

    def _layer(self, x: Tensor, k: int, cut: int) -> Tensor:
        weight_ih, weight_hh, bias_ih, bias_hh = (
            self.weights[f"recurrent/{name}_l{k}"] for name in NAMES
        )
        from_input = (x @ weight_ih.mT + bias_ih[:, None]).unbind(0)  # T times [E, N, G·H]
        recurrent = weight_hh.mT.contiguous()  # [E, H, G·H]
        state = (x.new_zeros(*x.shape[1:3], weight_hh.shape[2]),) * 2  # h and c, [E, N, H]
        outputs = []
        for t, a_t in enumerate(from_input):
            if cut and t % cut == 0:
                state = (state[0].detach(), state[1].detach())
            bias = 0 * bias_hh if self.task.late_bias and t == 0 else bias_hh
            state = self.step(a_t, *state, recurrent, bias[:, None])
            outputs.append(state[0])
        return torch.stack(outputs)

    def _rnn(self, a_t: Tensor, h: Tensor, c: Tensor, w: Tensor, b: Tensor) -> tuple:
        return torch.tanh(torch.baddbmm(a_t + b, h, w)), c

    def _lstm(self, a_t: Tensor, h: Tensor, c: Tensor, w: Tensor, b: Tensor) -> tuple:
        i, f, g, o = torch.baddbmm(a_t + b, h, w).chunk(4, dim=2)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    def _gru(self, a_t: Tensor, h: Tensor, c: Tensor, w: Tensor, b: Tensor) -> tuple:
        gates, size = 2 * h.shape[2], h.shape[2]
        both = torch.baddbmm(a_t[..., :gates] + b[..., :gates], h, w[..., :gates])
        r, z = torch.sigmoid(both).split(size, dim=2)
        if self.task.reset_after:
            inner = r * torch.baddbmm(b[..., gates:], h, w[..., gates:])
        else:
            inner = torch.baddbmm(b[..., gates:], r * h, w[..., gates:])
        n = torch.tanh(a_t[..., gates:] + inner)
        return (1 - z) * n + z * h, c


def clip_each(parameters: Iterable[Tensor], largest: float) -> None:
    """Scale each network's gradient so that its own norm is at most `largest`."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    squares = torch.stack([g.pow(2).flatten(1).sum(1) for g in gradients]).sum(0)
    scale = (largest / (torch.sqrt(squares) + 1e-6)).clamp(max=1.0)  # [E]
    for g in gradients:
        g.mul_(scale.view(-1, *[1] * (g.dim() - 1)))


def keep_members(
    ensemble: Ensemble, optimizer: torch.optim.Optimizer, members: Sequence[int]
) -> None:
    """Cut an ensemble, and what its optimiser remembers, down to some of its networks."""
    kept = list(members)
    for name, old in list(ensemble.weights.items()):
        new = nn.Parameter(old.detach()[kept], requires_grad=old.requires_grad)
        ensemble.weights[name] = new
        optimizer.state[new] = {
            key: value[kept] if torch.is_tensor(value) and value.dim() else value
            for key, value in optimizer.state.pop(old, {}).items()
        }
    optimizer.param_groups[0]["params"] = trained(ensemble)


def trained(ensemble: Ensemble) -> list[nn.Parameter]:
    """Return the parameters that are trained."""
    return [p for p in ensemble.parameters() if p.requires_grad]


class Batched:
    """The engine that trains all networks of an ensemble in step.

    Args:
        task: what they learn, and how.
        members: the networks.
        settings: optimiser, clip.
        device: "cpu" or "cuda"; chosen by the profile without it.
        cut: see `Ensemble.forward`.
    """

    name = "PyTorch, batched"

    def __init__(
        self,
        task: Task,
        members: Sequence[Member],
        settings: Settings,
        device: str | None = None,
        cut: int = 0,
    ) -> None:
        self.task, self.settings, self.cut = task, settings, cut
        self.device = pick_device(device)
        self.ensemble = Ensemble(task, [m.weights for m in members]).to(self.device)
        self.optimizer = make_optimizer(trained(self.ensemble), settings)
        self.members, self.done = list(members), 0

    @property
    def where(self) -> str:
        """The device, as a record says it."""
        return device_name(self.device)

    @without_denormals()
    def advance(self, rates: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
        """Make one update a rate; return each network's mean loss and share of right answers."""
        seen = [self._update(rate) for rate in rates]
        loss, right = torch.stack(seen).mean(0).numpy(force=True)
        return loss, right

    def _update(self, rate: float) -> Tensor:
        batches = [member.draw(1).first() for member in self.members]
        x, y, weight, inside = (part.to(self.device) for part in stack(batches))
        self.done += 1
        group = self.optimizer.param_groups[0]
        group["lr"] = rate
        if self.task.keras_adam:  # Keras adds its 1e-7 before the correction of the second moment
            group["eps"] = 1e-7 / (1 - 0.999**self.done) ** 0.5
        self.optimizer.zero_grad(set_to_none=True)
        z = self.ensemble(x, inside if self.task.ragged else None, self.cut)
        loss, right = loss_and_right(z, y, weight, self.task.is_bit)
        loss.sum().backward()
        if self.settings.clip:
            clip_each(trained(self.ensemble), self.settings.clip)
        self.optimizer.step()
        if self.settings.curriculum:
            for member, value in zip(self.members, right.tolist(), strict=True):
                member.heed(value)
        return torch.stack([loss.detach(), right])

    @torch.no_grad()
    def outputs(self, batches: Sequence[Batch]) -> np.ndarray:
        """Return what each network answers to its own batch, [E, N, T, 1]."""
        x, _, _, inside = stack(batches)
        parts = zip(x.split(CHUNK, 1), inside.split(CHUNK, 1), strict=True)
        ragged = self.task.ragged
        answers = [
            self.ensemble(a.to(self.device), b.to(self.device) if ragged else None)
            for a, b in parts
        ]
        return torch.cat(answers, 1).numpy(force=True)

    def keep(self, members: Sequence[int]) -> None:
        """Go on with some of the networks only."""
        keep_members(self.ensemble, self.optimizer, members)
        self.members = [self.members[e] for e in members]

    def state(self) -> dict[str, np.ndarray]:
        """Return all weights under their names, each with a first axis of length E."""
        return self.ensemble.state()


def loss_and_right(z: Tensor, y: Tensor, weight: Tensor, is_bit: bool) -> tuple[Tensor, Tensor]:
    """Return each network's loss and share of right answers over the steps that count, [E]."""
    if is_bit:
        loss = binary_cross_entropy_with_logits(z, y, reduction="none")
        right = ((z > 0) == (y > 0.5)).float()
        return weighted_mean(loss, weight), weighted_mean(right, weight)
    loss = weighted_mean((z - y).pow(2), weight)
    return loss, torch.zeros_like(loss).detach()


def stack(batches: Sequence[Batch]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Stack one batch a network; shorter ones (a curriculum) are padded with steps of weight 0.

    Returns:
        x [E, N, T, D], and y, weight and inside, each [E, N, T, 1].
    """
    longest = max(batch.x.shape[1] for batch in batches)

    def padded(arrays: list[np.ndarray]) -> Tensor:
        count, _, size = arrays[0].shape
        full = np.zeros((len(arrays), count, longest, size), np.float32)
        for e, array in enumerate(arrays):
            full[e, :, : array.shape[1]] = array
        return torch.from_numpy(full)

    lengths = np.stack([batch.lengths for batch in batches])  # [E, N]
    inside = np.arange(longest)[:, None] < lengths[:, :, None, None]
    x, y, weight = (padded([batch[k] for batch in batches]) for k in range(3))
    return x, y, weight, torch.from_numpy(inside.astype(np.float32))
