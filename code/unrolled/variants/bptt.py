"""The five gradients of assignment 1's network, drawn anew: three steps, and a first state.

The sheet's own numbers hide the path through time (chapter "Backpropagation through time"). With
three steps the mean is not the half sum; with a first state that is not 0 a path that ends after
one step is too short for the recurrent weight as well.
"""

from __future__ import annotations

from collections.abc import Iterable

from unrolled.derivations.equations import equation
from unrolled.derivations.notation import Equation, latex
from unrolled.derivations.one_unit import WEIGHTS as LETTERS
from unrolled.variants.choices import BIASES, BITS, INPUTS, STATES, WEIGHTS, at_steps
from unrolled.variants.model import Asked, Given, Line, Question, Slip

NAMES = ("wx", "wh", "b1", "w", "b2")
STEPS = (1, 2, 3)
STEP, OUTPUT, LOSS, ERROR, LAST, BEFORE = (
    equation(f"eq-bptt-{part}")
    for part in ("step", "output", "loss", "error", "delta-last", "delta")
)
GRADIENTS = tuple(equation(f"eq-bptt-d-{name}") for name in NAMES)


def _slips(gradients: Iterable[Equation], on_the_way: Iterable[Equation]) -> tuple[Slip, ...]:
    """Make each mistake of the table in all gradients that list it; then those on the way there."""
    found: dict[str, Slip] = {}
    for claim in gradients:
        for m in claim.mistakes:
            before = found[m.name].formulas if m.name in found else {}
            found[m.name] = Slip(m.name, m.why, {**before, claim.label: m.rhs})
    for claim in on_the_way:
        for m in claim.mistakes:
            found.setdefault(m.name, Slip(m.name, m.why, {claim.label: m.rhs}))
    return tuple(found.values())


BPTT = Question(
    "bptt",
    "Backpropagation through time",
    (
        r"A network has one hidden unit and one output, both with "
        r"$\sigma(a) = 1 / (1 + e^{-a})$. It reads $x_1, x_2, x_3$ and starts from $h_0$:",
        rf"$${STEP.latex}, \qquad {OUTPUT.latex}$$",
        r"The targets are $g_1, g_2, g_3$, and the loss is",
        rf"$${LOSS.latex}, \qquad T = 3.$$",
        "Find the gradient of the loss in each of the five weights.",
    ),
    (
        tuple(
            Given(name, str(letter), str(letter), None, BIASES if name[0] == "b" else WEIGHTS)
            for name, letter in zip(NAMES, LETTERS, strict=True)
        ),
        (Given("h0", "h_0", "h", 0, STATES), *at_steps("x", INPUTS, STEPS)),
        tuple(at_steps("g", BITS, STEPS)),
    ),
    (
        *(Line.of(claim, t) for t in STEPS for claim in (STEP, OUTPUT, ERROR)),
        Line.of(LAST, 3),
        Line.of(BEFORE, 2),
        Line.of(BEFORE, 1),
        *map(Line.of, GRADIENTS),
    ),
    tuple(
        Asked(f"d{name}", latex(claim.lhs), str(claim.lhs))
        for name, claim in zip(NAMES, GRADIENTS, strict=True)
    ),
    _slips(GRADIENTS, (ERROR, BEFORE)),
    {"T": 3},
)
