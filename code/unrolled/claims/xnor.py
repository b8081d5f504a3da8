"""What is claimed about XNOR (assignment 1), and about biases and the place of the reset."""

from __future__ import annotations

from typing import Any

from unrolled.evidence import Claim

EVERY_STRING = "all 256 strings of 8 bits right at every step"
EVERY_LONG_BIT = "every bit of 1,000 fresh strings of 64 bits right"
CELLS = {"lstm": "LSTMs", "gru": "GRUs", "rnn": "plain RNNs"}
RATES = {0.001: "0.001, Keras's default", 0.003: "0.003", 0.01: "0.01", 0.03: "0.03"}


def count(label: str, sentence: str, name: str, *, again: int = 0, **arguments: Any) -> Claim:
    """Return a claim that all 256 strings are right."""
    return Claim(
        label=f"xnor-{label}",
        chapter="xnor",
        sentence=sentence,
        measure="ensembles.count",
        arguments={"name": name} | arguments,
        outcome="strings_right",
        test=(">=", 256),
        threshold=EVERY_STRING,
        n=40,
        again=again,
    )


def long_count(label: str, sentence: str, name: str, *, again: int = 0, **arguments: Any) -> Claim:
    """Return a claim that strings of eight times the training length are right."""
    return Claim(
        label=f"xnor-{label}-64",
        chapter="xnor",
        sentence=sentence,
        measure="ensembles.count",
        arguments={"name": name} | arguments,
        outcome="long_bit_accuracy",
        test=(">=", 1.0),
        threshold=EVERY_LONG_BIT,
        n=40,
        again=again,
    )


NARROW: dict[str, Any] = {"hidden_size": 16, "learning_rate": 3e-2}  # what a plain RNN wants
AGAIN = {0.001: 10, 0.01: 20}  # of the LSTM's rates

RATES_AND_CELLS: tuple[Claim, ...] = tuple(
    claim
    for cell, plural in CELLS.items()
    for rate, words in RATES.items()
    for claim in (
        count(
            f"{cell}-{rate}",
            f"At a learning rate of {words}, {{count}} {plural} of 64 units have all 256 strings "
            "right after 15 epochs.",
            f"xnor-{cell}",
            again=AGAIN.get(rate, 0) if cell == "lstm" else 0,
            learning_rate=rate,
        ),
        long_count(
            f"{cell}-{rate}",
            f"At a learning rate of {words}, {{count}} {plural} of 64 units make no mistake on "
            "strings of 64 bits.",
            f"xnor-{cell}",
            again=AGAIN.get(rate, 0) if cell == "lstm" else 0,
            learning_rate=rate,
        ),
    )
)

SIXTEEN_UNITS: tuple[Claim, ...] = tuple(
    claim
    for cell, plural in CELLS.items()
    for claim in (
        count(
            f"{cell}-16",
            f"Of 16 units at a rate of 0.03 {{count}} {plural} have all 256 strings right.",
            f"xnor-{cell}",
            **NARROW,
        ),
        long_count(
            f"{cell}-16",
            f"Of 16 units at a rate of 0.03 {{count}} {plural} make no mistake on strings of 64 "
            "bits.",
            f"xnor-{cell}",
            **NARROW,
        ),
    )
)

BIASES: tuple[Claim, ...] = tuple(
    Claim(
        label=f"biases-{outcome.replace('_', '-')}",
        chapter="own-lstm",
        sentence=sentence,
        measure="studies.comparisons.one_bias_or_two",
        arguments={"steps": 250},
        outcome=outcome,
        threshold="updates until all 256 strings are right, paired by the start",
        n=40,
        again=20,
    )
    for outcome, sentence in {
        "changed": "Under Adam the second bias changes the number of updates in {count} starts.",
        "two_faster": "Under Adam two biases are faster than one from {count} starts.",
    }.items()
)

RESET: tuple[Claim, ...] = tuple(
    Claim(
        label=f"reset-{outcome.replace('_', '-')}",
        chapter="own-lstm",
        sentence=sentence,
        measure="studies.comparisons.reset_placement",
        outcome=outcome,
        threshold="updates until all 256 strings are right, paired by the start",
        n=40,
        again=20,
    )
    for outcome, sentence in {
        "changed": "Where the reset gate of a GRU acts changes the number of updates in {count} "
        "starts.",
        "after_faster": "A GRU that resets after the product is faster than one that resets "
        "before it from {count} starts.",
    }.items()
)

CLAIMS = (*RATES_AND_CELLS, *SIXTEEN_UNITS, *BIASES, *RESET)
