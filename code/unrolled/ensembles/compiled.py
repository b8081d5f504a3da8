"""Small vanilla RNNs one after the other in machine code, many updates in one call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unrolled.assignments import Settings
from unrolled.ensembles import kernels
from unrolled.ensembles.members import Member, Task
from unrolled.experiments.parity import Batch
from unrolled.torch_training import without_denormals

UNITS = 32  # above it, the matrix products of a library are faster than these loops
NUMBERS = 2_000_000  # inputs that are drawn at a time, at most
NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


def can_do(task: Task, settings: Settings) -> bool:
    """Say whether these loops know the networks: small tanh RNNs of one layer, PyTorch's Adam."""
    small = settings.hidden_size <= UNITS and settings.num_layers == 1
    return task.cell == "rnn" and small and not task.keras_adam


class Compiled:
    """The engine that trains each network of an ensemble by itself.

    Args:
        task: what they learn, and how.
        members: the networks.
        settings: optimiser, clip.
        device: "cpu" or None.
        cut: the gradient stops where a multiple of `cut` steps begins; 0: nowhere.

    Raises:
        ValueError: networks or a device that the loops do not know.
    """

    name = "Numba, compiled"
    where = "cpu, 1 thread"

    def __init__(
        self,
        task: Task,
        members: Sequence[Member],
        settings: Settings,
        device: str | None = None,
        cut: int = 0,
    ) -> None:
        if device not in (None, "cpu") or not can_do(task, settings):
            raise ValueError("engine: compiled loops do small RNNs of one layer on the CPU only")
        self.task, self.settings, self.cut = task, settings, cut
        self.size = settings.hidden_size
        self.padded = 4 * -(-self.size // 4)
        self.members = list(members)
        self.theta = [self._row(member.weights) for member in members]
        self.trained = self._row(
            {
                name: np.full_like(array, not name.startswith(task.untrained))
                for name, array in members[0].weights.items()
            }
        )
        self.moments = [np.zeros((2, len(theta)), np.float32) for theta in self.theta]
        self.done = 0

    def _row(self, weights: dict[str, np.ndarray]) -> np.ndarray:
        """Lay all parameters out in a row, units added with weights 0."""
        more = self.padded - self.size
        w, r, b_ih, b_hh = (weights[f"recurrent.{name}"] for name in NAMES)
        parts = [
            np.pad(w, ((0, more), (0, 0))),
            np.pad(r, ((0, more), (0, more))),
            *(np.pad(b, (0, more)) for b in (b_ih, b_hh, weights["readout.weight"][0])),
            weights["readout.bias"],
        ]
        return np.concatenate([np.ravel(part) for part in parts]).astype(np.float32)

    @without_denormals()
    def advance(self, rates: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
        """Make one update a rate; return each network's mean loss and share of right answers."""
        settings = self.settings
        per_update = settings.batch_size * settings.seq_len
        span = 1 if settings.curriculum else max(1, NUMBERS // per_update)
        seen = np.zeros((2, len(self.members)))
        for e, member in enumerate(self.members):
            for first in range(0, len(rates), span):
                now = np.asarray(rates[first : first + span], np.float64)
                found = self._advance_one(e, member, now, self.done + first)
                seen[:, e] += found.sum(1)
                if settings.curriculum:
                    member.heed(float(found[1, -1]))
        self.done += len(rates)
        loss, right = seen / len(rates)
        return loss, right

    def _advance_one(self, e: int, member: Member, rates: np.ndarray, done: int) -> np.ndarray:
        settings = self.settings
        return kernels.advance(
            self.theta[e],
            self.trained,
            self.moments[e],
            done,
            rates,
            *member.draw(len(rates)),
            self.padded,
            self.size,
            self.task.is_bit,
            settings.momentum,
            settings.clip or 0.0,
            settings.optimizer == "adam",
            self.task.late_bias,
            self.cut,
        )

    def outputs(self, batches: Sequence[Batch]) -> np.ndarray:
        """Return what each network answers to its own batch, [E, N, T, 1]."""
        late = self.task.late_bias
        return np.stack(
            [
                kernels.outputs(theta, batch.x, batch.lengths, self.padded, self.size, late)
                for theta, batch in zip(self.theta, batches, strict=True)
            ]
        )

    def keep(self, members: Sequence[int]) -> None:
        """Go on with some of the networks only."""
        self.members = [self.members[e] for e in members]
        self.theta = [self.theta[e] for e in members]
        self.moments = [self.moments[e] for e in members]

    def state(self) -> dict[str, np.ndarray]:
        """Return all weights under their names, each with a first axis of length E."""
        h, size = self.padded, self.size
        inputs = self.members[0].weights["recurrent.weight_ih_l0"].shape[1]
        rows = np.stack(self.theta)
        ends = np.cumsum([h * inputs, h * h, h, h, h])
        w, r, b_ih, b_hh, v, b_y = np.split(rows, ends, axis=1)
        return {
            "recurrent.weight_ih_l0": w.reshape(-1, h, inputs)[:, :size],
            "recurrent.weight_hh_l0": r.reshape(-1, h, h)[:, :size, :size],
            "recurrent.bias_ih_l0": b_ih[:, :size],
            "recurrent.bias_hh_l0": b_hh[:, :size],
            "readout.weight": v[:, None, :size],
            "readout.bias": b_y,
        }
