"""What is claimed about the adding problem (assignment 3)."""

from __future__ import annotations

from typing import Any

from unrolled.evidence import Claim

CELLS = {"elman": "Elman networks", "lstm": "LSTMs", "gru": "GRUs"}
LINES = {
    "third": (1 / 3, "1/3, the best constant function of the current input"),
    "quarter": (1 / 4, "1/4, the best linear function of the current input"),
    "sixth": (1 / 6, "1/6, the best function of the current input"),
    "solved": (1e-3, "1/1,000"),
}
SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "sheet": ("With the assignment's settings", {"settings": "assignment"}),
    "recipe": ("With the recipe", {}),
    "two": ("With the recipe, but two units and a rate of 0.03,", {"hidden_size": 2}),
}
QUICK = {("sheet", "elman")}  # seconds for many: these every build can afford

CLAIMS: tuple[Claim, ...] = tuple(
    Claim(
        label=f"adding-{cell}-{settings}-{line}",
        chapter="adding",
        sentence=f"{words} {{count}} {plural} end below {words_of_line}.",
        measure="ensembles.count",
        arguments={"name": f"adding-{'lstm' if cell == 'gru' else cell}"}
        | ({"network": {"cell": "gru"}} if cell == "gru" else {})
        | changes
        | ({"learning_rate": 3e-2} if settings == "two" else {}),
        outcome="test_mse",
        test=("<", limit),
        threshold=f"mean squared error on fresh streams below {words_of_line}",
        n=40 if (settings, cell) in QUICK else 10,
        again=20 if (settings, cell) in QUICK else 0,
    )
    for cell, plural in CELLS.items()
    for settings, (words, changes) in SETTINGS.items()
    for line, (limit, words_of_line) in LINES.items()
)
