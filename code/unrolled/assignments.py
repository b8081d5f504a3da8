"""One literal table: every model of the assignments, its task, its network and its settings.

Three things are kept apart. The *network* is what the assignment prescribes. The settings called
*assignment* are those of the assignment's sheet. The settings called *recipe* are those that solve
the task reliably; they may change the width, never the kind of network.
A *profile* says how much is run: `smoke` (every line, no conclusion), `cpu` (what is published)
or `gpu` (larger sweeps).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How one network is trained.

    Attributes:
        hidden_size: H, units of each recurrent layer.
        num_layers: recurrent layers, one upon the other.
        optimizer: "sgd" or "adam".
        learning_rate: the step size; the largest one under one-cycle.
        momentum: of SGD.
        schedule: "constant" or "one-cycle".
        clip: largest norm of the gradient, or None for no clipping.
        batch_size: sequences in an update.
        steps: updates at most.
        n_train: training sequences drawn once; 0 draws fresh ones for each update.
        seq_len: T, the training length.
        evaluate_every: updates between two validations.
        n_validate: sequences in a validation.
        init: "identity", "orthogonal" or "default": how the recurrent matrix starts.
        input_scale: the input weights start uniform in ± this; None takes LeCun's √(3/fan-in).
        curriculum: grow the length from 2 to `seq_len`, a step each time the current one is solved.
        masked: leave padding out of loss and accuracy (ragged lengths).
    """

    hidden_size: int = 0
    num_layers: int = 1
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    momentum: float = 0.0
    schedule: str = "constant"
    clip: float | None = None
    batch_size: int = 64
    steps: int = 1000
    n_train: int = 0
    seq_len: int = 0
    evaluate_every: int = 100
    n_validate: int = 1000
    init: str = "default"
    input_scale: float | None = None
    curriculum: bool = False
    masked: bool = True


CHOICES = {"optimizer": ("sgd", "adam"), "schedule": ("constant", "one-cycle")}
LEAST = dict.fromkeys(("hidden_size", "num_layers", "batch_size", "evaluate_every"), 1) | (
    dict.fromkeys(("steps", "n_train", "n_validate", "learning_rate", "momentum"), 0)
)


@dataclass(frozen=True, kw_only=True)
class Model:
    """One row of the table.

    Attributes:
        assignment: the exercise it answers, such as "A2.2".
        task: the experiment that trains and measures it.
        framework: "torch", "keras" or "numpy".
        network: what stays the same under both settings (cell, target, …).
        recipe: settings that solve the task.
        sheet: the assignment's own settings.
        smoke: what the profile `smoke` changes in either.
    """

    assignment: str
    task: str
    framework: str
    network: dict[str, Any]
    recipe: Settings
    sheet: Settings
    smoke: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Profile:
    """How much a build runs.

    Attributes:
        name: "smoke", "cpu" or "gpu".
        seeds: networks behind a count of successes.
        repetitions: networks behind each point of a sweep.
        sweep_lengths: sequence lengths of the memory sweep.
        conclusive: whether the prose may draw conclusions.
    """

    name: str
    seeds: int
    repetitions: int
    sweep_lengths: tuple[int, ...]
    conclusive: bool = True


PROFILES = {
    "smoke": Profile("smoke", 3, 2, (3, 5), conclusive=False),
    "cpu": Profile("cpu", 40, 10, (3, 5, 7, 10, 15, 20, 30)),
    "gpu": Profile("gpu", 400, 40, (3, 5, 7, 10, 15, 20, 30, 40)),
}

# --- A1: XNOR, Keras --------------------------------------------------------------------------
XNOR = Settings(
    hidden_size=64,
    learning_rate=1e-2,
    batch_size=64,
    steps=15 * 16,  # 15 epochs of 16 updates: 1,000 strings in batches of 64
    n_train=1000,
    seq_len=8,
    evaluate_every=16,
)
XNOR_SHEET = replace(XNOR, learning_rate=1e-3)  # Keras's default; the sheet leaves it open
XNOR_SMOKE = {"hidden_size": 8, "n_train": 128, "steps": 4, "evaluate_every": 2}

# --- A2: parity, PyTorch ----------------------------------------------------------------------
PARITY = Settings(
    hidden_size=8,
    learning_rate=1e-2,
    clip=1.0,
    batch_size=64,
    steps=6000,
    seq_len=50,
    evaluate_every=100,
    n_validate=1000,
)
PARITY_SHEET = Settings(
    hidden_size=4,
    optimizer="sgd",
    learning_rate=1.0,
    batch_size=8,
    steps=62_500,  # 5 epochs of 100,000 strings
    n_train=100_000,
    seq_len=50,
    evaluate_every=1000,
    n_validate=5000,
    masked=False,
)
PARITY_SMOKE = {"steps": 20, "evaluate_every": 10, "n_train": 200, "n_validate": 50, "seq_len": 12}

# --- A3: adding, PyTorch ----------------------------------------------------------------------
# The recipe reads the streams in windows of `seq_len`: an update sees 90 windows of 100 steps, the
# same 9,000 stream steps that the sheet's three streams of 3,000 hold.
ADDING = Settings(
    hidden_size=8,
    learning_rate=2e-2,
    schedule="one-cycle",
    clip=1.0,
    batch_size=90,
    steps=1000,
    seq_len=100,
    evaluate_every=50,
    n_validate=90,
)
ADDING_SHEET = Settings(
    hidden_size=2,
    learning_rate=1e-3,
    batch_size=3,
    steps=150,  # 50 epochs of three updates
    n_train=9,
    seq_len=3000,
    evaluate_every=3,
    n_validate=9,
)
ADDING_SMOKE = {"steps": 6, "seq_len": 60, "evaluate_every": 3, "batch_size": 3, "n_validate": 3}

# --- A4: memory, NumPy ------------------------------------------------------------------------
MEMORY = Settings(
    hidden_size=10,
    learning_rate=3e-3,
    clip=1.0,
    batch_size=1024,
    steps=3000,
    seq_len=10,
    evaluate_every=50,
    n_validate=10_240,
    init="orthogonal",
    input_scale=0.1,
)
MEMORY_SHEET = replace(
    MEMORY,
    optimizer="sgd",
    learning_rate=1e-2,
    clip=None,
    steps=5000,
    init="identity",
    input_scale=None,
)
MEMORY_SMOKE = {"steps": 20, "evaluate_every": 10, "batch_size": 64, "n_validate": 256}

# --- A5: MNIST, PyTorch -----------------------------------------------------------------------
# Here the sheet's settings solve the task, so the recipe is the sheet.
MNIST = Settings(
    learning_rate=1e-3,
    batch_size=256,
    steps=10 * 215,  # 10 epochs of 55,000 images in batches of 256
    n_train=55_000,
    seq_len=28,
    evaluate_every=215,
    n_validate=5000,
)
MNIST_SMOKE = {"steps": 10, "n_train": 1280, "evaluate_every": 5, "n_validate": 256}


def _xnor(cell: str, exercise: str) -> Model:
    return Model(
        assignment=exercise,
        task="xnor",
        framework="keras",
        network={"cell": cell},
        recipe=XNOR,
        sheet=XNOR_SHEET,
        smoke=XNOR_SMOKE,
    )


def _parity(exercise: str, recipe: Settings, sheet: Settings, **network: Any) -> Model:
    network = {"cell": "rnn", "target": "prefix", "ragged": False} | network
    return Model(
        assignment=exercise,
        task="parity",
        framework="torch",
        network=network,
        recipe=recipe,
        sheet=sheet,
        smoke=PARITY_SMOKE,
    )


def _adding(cell: str, exercise: str, recipe: Settings) -> Model:
    return Model(
        assignment=exercise,
        task="adding",
        framework="torch",
        network={"cell": cell},
        recipe=recipe,
        sheet=ADDING_SHEET,
        smoke=ADDING_SMOKE,
    )


def _mnist(cell: str, hidden_size: int, num_layers: int = 1) -> Model:
    settings = replace(MNIST, hidden_size=hidden_size, num_layers=num_layers)
    return Model(
        assignment="A5.3" if cell == "whole-image" else "A5.2",
        task="mnist",
        framework="torch",
        network={"cell": cell},
        recipe=settings,
        sheet=settings,
        smoke=MNIST_SMOKE,
    )


MODELS: dict[str, Model] = {
    "xnor-lstm": _xnor("lstm", "A1.3"),
    "xnor-gru": _xnor("gru", "A1.3"),
    "xnor-own-lstm": _xnor("own-lstm", "A1.4"),
    "xnor-rnn": _xnor("rnn", "A1.3"),
    "parity-rnn": _parity("A2.2", PARITY, PARITY_SHEET),
    "parity-rnn-ragged": _parity("A2.3", PARITY, PARITY_SHEET, ragged=True),
    # With the last target alone it is random lengths that make the task learnable, not the cell.
    "parity-rnn-last": _parity(
        "A2.6",
        replace(PARITY, hidden_size=16, curriculum=True),
        PARITY_SHEET,
        target="last",
        ragged=True,
    ),
    "parity-rnn-last-fixed": _parity(
        "A2.6", replace(PARITY, hidden_size=16), PARITY_SHEET, target="last"
    ),
    "parity-lstm": _parity("A2.5", replace(PARITY, learning_rate=2e-2), PARITY_SHEET, cell="lstm"),
    "parity-lstm-last": _parity(
        "A2.6",
        replace(PARITY, learning_rate=2e-2, curriculum=True),
        PARITY_SHEET,
        cell="lstm",
        target="last",
        ragged=True,
    ),
    "adding-elman": _adding(
        "elman", "A3.5", replace(ADDING, hidden_size=16, learning_rate=1e-2, steps=2500)
    ),
    "adding-lstm": _adding("lstm", "A3.7", ADDING),
    "memory-rnn": Model(
        assignment="A4.4",
        task="memory",
        framework="numpy",
        network={"cell": "rnn"},
        recipe=MEMORY,
        sheet=MEMORY_SHEET,
        smoke=MEMORY_SMOKE,
    ),
    "mnist-lstm-32": _mnist("lstm", 32),
    "mnist-lstm-64": _mnist("lstm", 64),
    "mnist-lstm-128": _mnist("lstm", 128),
    "mnist-lstm-3x32": _mnist("lstm", 32, num_layers=3),
    "mnist-gru-32": _mnist("gru", 32),
    "mnist-gru-64": _mnist("gru", 64),
    "mnist-gru-128": _mnist("gru", 128),
    "mnist-gru-3x32": _mnist("gru", 32, num_layers=3),
    "mnist-whole-image": _mnist("whole-image", 64),
}


def profile(name: str | None = None) -> Profile:
    """Return the profile called `name`, or the one that UNROLLED_PROFILE names (default: cpu).

    Raises:
        ValueError: no such profile.
    """
    name = name or os.environ.get("UNROLLED_PROFILE") or "cpu"
    if name not in PROFILES:
        raise ValueError(f"profile: expected one of {', '.join(PROFILES)}, got {name!r}")
    return PROFILES[name]


def model(name: str) -> Model:
    """Return the row called `name`.

    Raises:
        ValueError: no such model.
    """
    if name not in MODELS:
        raise ValueError(f"model: expected one of {', '.join(MODELS)}, got {name!r}")
    return MODELS[name]


def settings_of(
    name: str, settings: str = "recipe", profile_name: str | None = None, **overrides: Any
) -> Settings:
    """Return the settings with which model `name` is trained.

    Args:
        name: a key of `MODELS`.
        settings: "recipe" or "assignment".
        profile_name: the profile; UNROLLED_PROFILE's without it.
        overrides: fields to change last, such as `seq_len=20`.

    Raises:
        ValueError: an unknown model, settings, profile or field, or a value that none can have.
    """
    row = model(name)
    if settings not in ("recipe", "assignment"):
        raise ValueError(f"settings: expected recipe or assignment, got {settings!r}")
    known = Settings.__dataclass_fields__
    if unknown := set(overrides) - set(known):
        raise ValueError(
            f"settings: unknown field {', '.join(sorted(unknown))}; expected {', '.join(known)}"
        )
    chosen = row.recipe if settings == "recipe" else row.sheet
    if profile(profile_name).name == "smoke":
        chosen = replace(chosen, **row.smoke)
    return possible(replace(chosen, **overrides))


def possible(settings: Settings) -> Settings:
    """Return the settings if something can be trained with them.

    Raises:
        ValueError: an optimiser or a schedule that is not known, or too small a number.
    """
    for name, known in CHOICES.items():
        if (value := getattr(settings, name)) not in known:
            raise ValueError(f"{name}: expected {' or '.join(known)}, got {value!r}")
    for name, least in LEAST.items():
        if (value := getattr(settings, name)) < least:
            raise ValueError(f"{name}: expected at least {least}, got {value}")
    return settings
