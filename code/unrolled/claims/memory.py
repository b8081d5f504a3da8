"""What is claimed about the memory task (assignment 4), and about the gradients of fresh cells."""

from __future__ import annotations

from typing import Any

from unrolled.evidence import Claim

LIMITS = {"strict": (1e-2, "1/100"), "loose": (1 / 30, "1/30")}
# Start of the recurrent matrix, and of the input weights: None is LeCun's ± √3.
STARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "orthogonal": ("an orthogonal start", {}),
    "identity": ("an identity start", {"init": "identity"}),
    "default": ("PyTorch's start", {"init": "default"}),
    "wide": ("an orthogonal start and wide input weights", {"input_scale": None}),
}
DESCENT: dict[str, Any] = {"optimizer": "sgd", "learning_rate": 1e-2}


def counts(
    label: str,
    sentence: str,
    *,
    n: int = 40,
    again: int = 0,
    chapter: str = "how-long",
    **arguments: Any,
) -> tuple[Claim, ...]:
    """Return two claims about the same networks, one a threshold."""
    return tuple(
        Claim(
            label=f"memory-{label}-{limit}",
            chapter=chapter,
            sentence=f"{sentence} below {words}.",
            measure="ensembles.count",
            arguments={"name": "memory-rnn"} | arguments,
            outcome="test_mse",
            test=("<", value),
            threshold=f"mean squared error on 10,240 fresh sequences below {words}",
            n=n,
            again=again,
        )
        for limit, (value, words) in LIMITS.items()
    )  # fmt: skip


SHEET: tuple[Claim, ...] = tuple(
    claim
    for length in (3, 5, 7, 10, 15, 20, 30)
    for claim in counts(
        f"sheet-{length}",
        f"With the assignment's settings and T = {length}, {{count}} networks end",
        again=20 if length == 3 else 0,
        settings="assignment",
        seq_len=length,
    )
)

RECIPE: tuple[Claim, ...] = tuple(
    claim
    for start, (words, changes) in STARTS.items()
    for length in ((10, 20, 40, 80) if start == "orthogonal" else (10, 20, 40))
    for claim in counts(
        f"{start}-{length}",
        f"With Adam, clipping, {words} and T = {length}, {{count}} networks end",
        again=10 if (start, length) == ("orthogonal", 20) else 0,
        seq_len=length,
        batch_size=256,
        **changes,
    )
)

# Plain RNNs beyond 20 steps, by the optimiser of those who said that it cannot be done.
PLAIN_DESCENT: tuple[Claim, ...] = tuple(
    claim
    for start, (words, changes) in STARTS.items()
    for length in (10, 20, 40)
    for claim in counts(
        f"sgd-{start}-{length}",
        f"With plain gradient descent, {words} and T = {length}, {{count}} networks end",
        seq_len=length,
        batch_size=256,
        clip=None,
        **DESCENT,
        **changes,
    )
)

GATED: tuple[Claim, ...] = tuple(
    claim
    for cell, plural in {"lstm": "LSTMs", "gru": "GRUs"}.items()
    for init, words in {
        "default": "PyTorch's biases",
        "bias 3": "a bias of 3 on the gate that keeps",
        "chrono": "chrono biases",
    }.items()
    for length in (20, 50, 100)
    for claim in counts(
        f"{cell}-{init.replace(' ', '-')}-{length}",
        f"With {words} and T = {length}, {{count}} {plural} end",
        n=10,
        chapter="gate-algebra",
        network={"cell": cell},
        init=init,
        seq_len=length,
        learning_rate=1e-2,
        batch_size=64,
        steps=2000,
    )
)

FACTORS: tuple[Claim, ...] = tuple(
    Claim(
        label=f"factor-{cell}-{start.lower().replace(' ', '-')}-{end}",
        chapter="gate-algebra",
        sentence=f"In {{count}} fresh {cell.upper()}s of 64 units with {words} {said}.",
        measure="studies.comparisons.carried",
        arguments={"kind": cell, "start": start},
        outcome="factor",
        test=test,
        threshold=f"‖∂s₄₀/∂s₀‖ to the power 1/40 {test[0]} {test[1]}",
        n=40,
        again=40,
    )
    for start, (words, cells) in {
        "PyTorch": ("PyTorch's start", ("rnn", "lstm", "gru")),
        "bias 3": ("a bias of 3 on the gate that keeps", ("lstm", "gru")),
        "chrono": ("chrono biases", ("lstm", "gru")),
    }.items()
    for cell in cells
    for end, test, said in (
        ("vanishes", ("<", 0.8), "a step back leaves less than 0.8 of the gradient"),
        ("grows", (">", 1.0), "a step back makes the gradient larger"),
    )
)

CLAIMS = (*SHEET, *RECIPE, *PLAIN_DESCENT, *GATED, *FACTORS)
