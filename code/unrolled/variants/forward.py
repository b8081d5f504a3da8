"""The forward pass of assignment 3, drawn anew: three steps, both biases, a linear output.

The sheet gives no formula: to write it down, with the biases where they belong, is half the answer.
"""

from __future__ import annotations

from sympy import Basic, tanh

from unrolled.derivations.equations import equation
from unrolled.derivations.notation import plus, sigmoid, times
from unrolled.derivations.recurrence import b_h, b_o, h_one, t, w_h, w_i, w_o, x_one, y_one
from unrolled.variants.choices import BIASES, WEIGHTS, at_steps, whole
from unrolled.variants.model import Asked, Given, Line, Question, Slip

STEPS = (1, 2, 3)
STATE, OUTPUT = equation("eq-hand-step"), equation("eq-hand-output")
INPUTS = whole(-4, 9)
from_input, from_state = times(w_i, x_one[t]), times(w_h, h_one[t - 1])
sums = plus(from_input, from_state, b_h)


def _state(name: str, why: str, formula: Basic) -> Slip:
    return Slip(name, why, {STATE.label: formula})


def _output(name: str, why: str, formula: Basic) -> Slip:
    return Slip(name, why, {OUTPUT.label: formula})


SLIPS = (
    _state(
        "the hidden bias outside the σ",
        "A bias moves the point at which a unit switches, so it is added before the σ.",
        plus(sigmoid(plus(from_input, from_state)), b_h),
    ),
    _state(
        "no hidden bias",
        "The hidden unit adds its bias at every step.",
        sigmoid(plus(from_input, from_state)),
    ),
    _state(
        "the state before left out",
        "Every step but the first reads the state that the step before has left.",
        sigmoid(plus(from_input, b_h)),
    ),
    _state(
        "the output fed back in place of the state",
        "What is carried to the next step is the hidden state, not the output.",
        sigmoid(plus(from_input, times(w_h, y_one[t - 1]), b_h)),
    ),
    _state("no σ", "The state is the σ of the sum, not the sum itself.", sums),
    _state("tanh in place of σ", "The hidden unit's activation is the σ.", tanh(sums)),
    _state(
        "the inputs read from the end",
        "The first step reads the first input.",
        sigmoid(plus(times(w_i, x_one[4 - t]), from_state, b_h)),
    ),
    _output("no output bias", "The output adds a bias of its own.", times(w_o, h_one[t])),
    _output(
        "the hidden bias at the output",
        "Each of the two maps has its own bias.",
        plus(times(w_o, h_one[t]), b_h),
    ),
    _output(
        "a σ at the output",
        "The output is linear: nothing squashes it.",
        sigmoid(plus(times(w_o, h_one[t]), b_o)),
    ),
)

FORWARD = Question(
    "forward",
    "A forward pass",
    (
        r"A recurrent network has one hidden unit with $\sigma(a) = 1 / (1 + e^{-a})$ and one "
        r"linear output. Its weights are $W^i$ from the input, $W^h$ from the state before and "
        r"$W^o$ to the output; $b_h$ is the bias of the hidden unit and $b_o$ that of the output. "
        r"It reads $x_1, x_2, x_3$ and starts from $h_0 = 0$.",
        r"Write down $h_t$ and $y_t$ for any $t$. Then compute the three states, and the output "
        r"after the third input.",
    ),
    (
        tuple(
            Given(name, str(letter), str(letter), None, choices)
            for name, letter, choices in (
                ("wi", w_i, WEIGHTS),
                ("wh", w_h, WEIGHTS),
                ("wo", w_o, WEIGHTS),
                ("bh", b_h, BIASES),
                ("bo", b_o, BIASES),
            )
        ),
        tuple(at_steps("x", INPUTS, STEPS)),
    ),
    tuple(Line.of(claim, step) for step in STEPS for claim in (STATE, OUTPUT)),
    (*(Asked(f"h{step}", f"h_{step}", "h", step) for step in STEPS), Asked("y3", "y_3", "y", 3)),
    SLIPS,
    {"h": {0: 0}, "y": {0: 0}},
)
