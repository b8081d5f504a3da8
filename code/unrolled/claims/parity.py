"""What is claimed about parity (assignment 2)."""

from __future__ import annotations

from typing import Any

from unrolled.evidence import Claim

PERFECT = "no mistake in any prefix of fresh strings of 75, 500 and 5,000 bits"
LENGTHS = {75: "75", 500: "500", 5000: "5,000"}
SHEET: dict[str, Any] = {"settings": "assignment"}
SHORT_SHEET = SHEET | {"steps": 10_000}
CUTS = {0: "the whole gradient", 1: "the gradient cut at every step"} | {
    t: f"the gradient cut at every {ordinal} step"
    for t, ordinal in {2: "second", 5: "fifth"}.items()
}


def count(
    label: str,
    sentence: str,
    name: str,
    *,
    n: int,
    again: int = 0,
    threshold: str = PERFECT,
    outcome: str = "solved",
    test: tuple[str, float] | None = None,
    **arguments: Any,
) -> Claim:
    """Return a claim about networks of one parity model."""
    return Claim(
        label=f"parity-{label}",
        chapter="parity",
        sentence=sentence,
        measure="ensembles.count",
        arguments={"name": name} | arguments,
        outcome=outcome,
        test=test,
        threshold=threshold,
        n=n,
        again=again,
    )  # fmt: skip


# The lottery of the sheet, and what its winners can do. One measurement, four questions.
SETTINGS_OF_THE_SHEET: tuple[Claim, ...] = (
    count(
        "sheet",
        "With the assignment's settings {count} vanilla RNNs read strings of 75, 500 and 5,000 "
        "bits without a mistake.",
        "parity-rnn", n=200, again=40, **SHEET,
    ),
    *(
        count(
            f"sheet-{bits}",
            f"With the assignment's settings {{count}} vanilla RNNs read strings of {text} bits "
            "without a mistake.",
            "parity-rnn", n=200, again=40, outcome=f"accuracy_{bits}", test=("==", 1.0),
            threshold=f"no mistake in any prefix of fresh strings of {text} bits", **SHEET,
        )
        for bits, text in LENGTHS.items()
    ),
    count(
        "sheet-early",
        "With the assignment's settings {count} vanilla RNNs are right within 10,000 updates, a "
        "sixth of what the sheet allows.",
        "parity-rnn", n=400, again=100, **SHORT_SHEET,
    ),
    count(
        "sheet-near-half",
        "Within 10,000 updates of the assignment's settings {count} vanilla RNNs stay below 0.6 "
        "on strings of 500 bits.",
        "parity-rnn", n=400, again=100, outcome="accuracy_500", test=("<", 0.6),
        threshold="share of right answers below 0.6", **SHORT_SHEET,
    ),
    count(
        "ragged",
        "With ragged lengths and padding counted in the loss, {count} vanilla RNNs are right "
        "within 10,000 updates of the assignment's settings.",
        "parity-rnn-ragged", n=100, again=20, **SHORT_SHEET,
    ),
    count(
        "ragged-masked",
        "With ragged lengths and padding left out of the loss, {count} vanilla RNNs are right "
        "within 10,000 updates of the assignment's settings.",
        "parity-rnn-ragged", n=100, again=20, masked=True, **SHORT_SHEET,
    ),
    count(
        "sheet-last",
        "With the last target alone, {count} vanilla RNNs are right within 10,000 updates of the "
        "assignment's settings.",
        "parity-rnn-last-fixed", n=40, **SHORT_SHEET,
    ),
    count(
        "sheet-lstm",
        "With the assignment's settings {count} LSTMs are right within 10,000 updates.",
        "parity-lstm", n=40, **SHORT_SHEET,
    ),
)  # fmt: skip

# One thing changed in the sheet's settings.
OPTIMISERS: tuple[Claim, ...] = (
    *(
        count(
            f"sheet-width-{h}",
            f"With the assignment's SGD and {h} units {{count}} vanilla RNNs are right within "
            "10,000 updates.",
            "parity-rnn", n=40, hidden_size=h, **SHORT_SHEET,
        )
        for h in (2, 8, 16, 32)
    ),
    *(
        count(
            f"sheet-batch-{size}",
            f"With the assignment's SGD and batches of {size} {{count}} vanilla RNNs are right "
            "within 10,000 updates.",
            "parity-rnn", n=40, batch_size=size, **SHORT_SHEET,
        )
        for size in (2, 32, 128)
    ),
    count(
        "sheet-momentum",
        "With SGD at a rate of 0.1 and momentum 0.9 {count} vanilla RNNs of the assignment's size "
        "are right within 10,000 updates.",
        "parity-rnn", n=40, learning_rate=0.1, momentum=0.9, **SHORT_SHEET,
    ),
    count(
        "sheet-adam",
        "With Adam at 0.01 and clipping, all else as the assignment has it, {count} vanilla RNNs "
        "are right within 10,000 updates.",
        "parity-rnn", n=40, optimizer="adam", learning_rate=1e-2, clip=1.0, **SHORT_SHEET,
    ),
    count(
        "recipe-sgd",
        "With the recipe, but SGD at a rate of 1, {count} vanilla RNNs are right.",
        "parity-rnn", n=40, optimizer="sgd", learning_rate=1.0,
    ),
)  # fmt: skip

# The recipe: eight units, Adam, clipping.
RECIPE: tuple[Claim, ...] = (
    count(
        "recipe", "With the recipe {count} vanilla RNNs are right.", "parity-rnn", n=200, again=40
    ),
    count("recipe-lstm", "With the recipe {count} LSTMs are right.", "parity-lstm", n=40, again=20),
    *(
        count(
            f"recipe-{cell}-{bits}",
            f"With the recipe {{count}} {plural} read strings of {text} bits without a mistake.",
            f"parity-{cell}", n=n, again=again, outcome=f"accuracy_{bits}", test=("==", 1.0),
            threshold=f"no mistake in any prefix of fresh strings of {text} bits",
        )
        for cell, plural, n, again in (("rnn", "vanilla RNNs", 200, 40), ("lstm", "LSTMs", 40, 20))
        for bits, text in LENGTHS.items()
    ),
    *(
        count(
            f"recipe-{layers}x{h}",
            f"Within 1,500 updates of the recipe {{count}} RNNs with {layers} "
            f"layer{'s'[: layers - 1]} of {h} units are right.",
            "parity-rnn", n=40, hidden_size=h, num_layers=layers, steps=1500,
        )
        for layers, widths in ((1, (2, 4, 8, 16)), (2, (4, 8)))
        for h in widths
    ),
)  # fmt: skip

# Does parity need backpropagation through time? And what if only the last answer is asked for?
GRADIENTS: tuple[Claim, ...] = (
    *(
        count(
            f"dense-cut-{cut}" if cut else "dense-whole",
            f"With a target at every step and {words} {{count}} vanilla RNNs are right.",
            "parity-rnn", n=40, again=20, cut=cut,
        )
        for cut, words in CUTS.items()
    ),
    *(
        count(
            f"last-cut-{cut}" if cut else "last-whole",
            f"With the last target alone, random growing lengths and {words} {{count}} vanilla "
            "RNNs are right.",
            "parity-rnn-last", n=40, steps=2000, cut=cut,
        )
        for cut, words in CUTS.items()
    ),
    *(
        count(
            f"fixed-last-cut-{cut}" if cut else "fixed-last-whole",
            f"With the last target of 50 bits alone and {words} {{count}} vanilla RNNs are right "
            "after 2,000 updates.",
            "parity-rnn-last-fixed", n=40, steps=2000, cut=cut,
        )
        for cut, words in CUTS.items()
    ),
    count(
        "last-random",
        "With the last target of random lengths up to 50, not growing, {count} vanilla RNNs are "
        "right after 2,000 updates.",
        "parity-rnn-last", n=40, steps=2000, curriculum=False,
    ),
    count(
        "last-one-length",
        "With the last target alone and one growing length {count} vanilla RNNs are right after "
        "2,000 updates.",
        "parity-rnn-last-fixed", n=40, steps=2000, curriculum=True,
    ),
    count(
        "last-lstm",
        "With the last target alone and random growing lengths {count} LSTMs are right after "
        "2,000 updates.",
        "parity-lstm-last", n=40, steps=2000,
    ),
)  # fmt: skip

GUESSES: tuple[Claim, ...] = tuple(
    Claim(
        label=f"parity-guess-{h}",
        chapter="parity",
        sentence=f"{{count}} heaps of {tries:,} networks of {h} unit{'s'[: h - 1]} with random "
        "weights hold one that makes no mistake.",
        measure="studies.comparisons.guessed",
        arguments={"hidden_size": h, "tries": tries},
        outcome="perfect",
        test=(">=", 1),
        threshold="a network without a mistake in any prefix of 20 strings of 5,000 bits",
        n=40,
        again=again,
    )
    for h, tries, again in ((1, 100_000, 10), (2, 100_000, 40))
)

CLAIMS = (*SETTINGS_OF_THE_SHEET, *OPTIMISERS, *RECIPE, *GRADIENTS, *GUESSES)
