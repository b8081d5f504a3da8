"""What is claimed about reading MNIST row by row (assignment 5): counts of paired seeds."""

from __future__ import annotations

from typing import Any

from unrolled.evidence import Claim

SEEDS = 3
READERS = {
    f"{cell}-{size}": f"{cell.upper()} {size.replace('x', '×')}"
    for cell in ("lstm", "gru")
    for size in ("32", "64", "128", "3x32")
}
ONE_CYCLE = {"learning_rate": 1e-2, "schedule": "one-cycle", "steps": 5 * 215}


def claim(label: str, sentence: str, function: str, threshold: str, **more: Any) -> Claim:
    """Return a claim about the real MNIST."""
    chapter, n = more.pop("chapter", "mnist-rows"), more.pop("n", SEEDS)
    outcome, test, arguments = more.pop("outcome"), more.pop("test"), more
    return Claim(
        label=f"mnist-{label}",
        chapter=chapter,
        sentence=sentence,
        measure=f"studies.comparisons.{function}",
        arguments=arguments,
        outcome=outcome,
        test=test,
        threshold=threshold,
        n=n,
    )


EIGHT: tuple[Claim, ...] = tuple(
    claim(
        f"{model}-95",
        f"The {words} is above 95 % of the test images with {{count}} seeds.",
        "trained",
        "test accuracy above 0.95",
        name=f"mnist-{model}",
        outcome="accuracy",
        test=(">", 0.95),
    )
    for model, words in READERS.items()
)

WHOLE_IMAGE: tuple[Claim, ...] = tuple(
    claim(
        f"{model}-whole-image",
        f"With {{count}} paired seeds the {words} beats the network that sees the whole image.",
        "paired",
        "higher test accuracy with the same seed",
        first=f"mnist-{model}",
        second="mnist-whole-image",
        outcome="accuracy_gain",
        test=(">", 0),
    )
    for model, words in READERS.items()
)

# 56 units of an LSTM have 31,458 parameters, 64 of a GRU 31,626.
EQUAL: dict[str, Any] = {
    "first": "mnist-gru-64",
    "second": "mnist-lstm-64",
    "second_changes": {"hidden_size": 56},
}
EQUAL_PARAMETERS: tuple[Claim, ...] = (
    claim(
        "equal-accuracy",
        "With {count} paired seeds a GRU of 64 units is more accurate than an LSTM of equally many "
        "parameters.",
        "paired",
        "higher test accuracy with the same seed",
        outcome="accuracy_gain",
        test=(">", 0),
        **EQUAL,
    ),
    claim(
        "equal-time",
        "In {count} rounds an update of a GRU of 64 units took less time than one of an LSTM of "
        "equally many parameters.",
        "pace",
        "fewer seconds in the same round, the two taking turns on one thread",
        n=10,
        outcome="time_ratio",
        test=("<", 1),
        **EQUAL,
    ),
)

REST: tuple[Claim, ...] = (
    claim(
        "wider",
        "With {count} paired seeds the LSTM 128 is more accurate than the LSTM 32.",
        "paired",
        "higher test accuracy with the same seed",
        first="mnist-lstm-128",
        second="mnist-lstm-32",
        outcome="accuracy_gain",
        test=(">", 0),
    ),
    claim(
        "one-cycle",
        "With {count} paired seeds five epochs of one-cycle at 0.01 make a GRU 64 more accurate "
        "than ten of the assignment's settings.",
        "paired",
        "higher test accuracy with the same seed",
        first="mnist-gru-64",
        first_changes=ONE_CYCLE,
        second="mnist-gru-64",
        outcome="accuracy_gain",
        test=(">", 0),
    ),
    claim(
        "one-cycle-98",
        "Five epochs of one-cycle bring the GRU 64 above 98 % with {count} seeds.",
        "trained",
        "test accuracy above 0.98",
        name="mnist-gru-64",
        changes=ONE_CYCLE,
        outcome="accuracy",
        test=(">", 0.98),
    ),
    claim(
        "settled",
        "With {count} seeds half of a GRU 32's answers still change after row 20.",
        "decision",
        "median row from which an answer stays is above 20",
        chapter="decision",
        name="mnist-gru-32",
        outcome="settled",
        test=(">", 20),
    ),
    claim(
        "row-20",
        "Read after row 20, a GRU 32 is right about fewer than half of the images with {count} "
        "seeds.",
        "decision",
        "share of right answers below 0.5",
        chapter="decision",
        name="mnist-gru-32",
        outcome="accuracy_20",
        test=("<", 0.5),
    ),
)

CLAIMS = (*EIGHT, *WHOLE_IMAGE, *EQUAL_PARAMETERS, *REST)
