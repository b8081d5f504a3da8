"""One module a task: build the network, train it, measure it.

Each module has the same two functions, and `unrolled.runs` calls nothing else:

    build(network, settings, seed, device)              the untrained network
    train(network, settings, *, seed, device, callback) an `Outcome`

`network` and `settings` are a row of `unrolled.assignments.MODELS`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unrolled.training import History


@dataclass
class Outcome:
    """What an experiment hands back.

    Attributes:
        history: what was seen during training.
        metrics: name → number, measured after training on data that training never saw.
        weights: name → array, enough to build the trained network again.
        device: where it ran, as a record says it.
    """

    history: History
    metrics: dict[str, Any]
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    device: str = "cpu"
