"""One step of the LSTM and of the GRU backwards: the gradients that travel through time.

Chapter `gate-algebra`. The letters are those of `gates`; d is the gradient of the loss in a state,
δ that in a gate's pre-activation, e what the loss at step t itself says to h_t.
"""

from sympy import MatAdd, MatMul

from unrolled.derivations.gate_jacobians import (
    CHAPTER,
    CONFUSED,
    SLOPE,
    TRANSPOSED,
    WHY_SLOPE,
    W,
    had,
    one_minus,
    q,
    sigma_slope,
    tanh_c,
    tanh_slope,
)
from unrolled.derivations.gates import H, W_hn, c, f, g, h, i, n, o, r, t, z
from unrolled.derivations.notation import Equation, Mistake, path

BACKWARD = ("numpy_backward", "torch_backward", "tensorflow_backward", "backward_differences")
PUBLISHED = (
    "published_backward",
    "published_torch_backward",
    "published_tensorflow_backward",
    "published_backward_differences",
)
WHY_BACK = "Going back, the pre-activations are many and h is one: W_hh acts transposed."
VALUES = {"i": i, "f": f, "o": o, "r": r, "z": z}

d_h, d_c, e = (path(letter, H) for letter in ("d^{h}", "d^{c}", "e"))
delta = {gate: path(rf"\delta^{{{gate}}}", H) for gate in "ifgorzn"}


def weighed(gate: str, first):
    """Write δ of a gate: what its value multiplies, times the slope of its σ."""
    return had(first[0], first[1], *sigma_slope(VALUES[gate](t)))


def without_slope(first) -> tuple[Mistake, ...]:
    """Write the mistake of a gate without its slope."""
    return (Mistake(SLOPE, had(*first), WHY_SLOPE),)


def summed(gates: str, transposed: bool = True) -> tuple:
    """Write what the pre-activations of the next step send back to h_t."""
    return tuple((W[k].T if transposed else W[k]) * delta[k](t + 1) for k in gates)


through_output = had(d_h(t), o(t), tanh_slope(tanh_c))
through_memory = had(f(t + 1), d_c(t + 1))

LSTM_BACKWARD = (
    Equation(
        "eq-lstm-d-h",
        "The gradient in an LSTM's output",
        d_h(t),
        MatAdd(e(t), *summed("ifgo")),
        CHAPTER,
        "result",
        BACKWARD,
        mistakes=(
            Mistake(TRANSPOSED, MatAdd(e(t), *summed("ifgo", transposed=False)), WHY_BACK),
            Mistake("the loss at this step forgotten", MatAdd(*summed("ifgo")), "e_t adds to it."),
        ),
    ),
    Equation(
        "eq-lstm-d-c",
        "The gradient in an LSTM's memory",
        d_c(t),
        MatAdd(through_output, through_memory),
        CHAPTER,
        "result",
        BACKWARD,
        mistakes=(
            Mistake(
                "the cell-state path dropped",
                through_output,
                "The memory of step t also feeds the memory of step t + 1.",
            ),
            Mistake(
                "the gate of this step",
                MatAdd(through_output, had(f(t), d_c(t + 1))),
                "Between c_t and c_{t+1} stands f_{t+1}.",
            ),
        ),
    ),
    Equation(
        "eq-lstm-delta-i",
        "The gradient in the input gate's pre-activation",
        delta["i"](t),
        weighed("i", (d_c(t), g(t))),
        CHAPTER,
        "result",
        BACKWARD,
        mistakes=without_slope((d_c(t), g(t))),
    ),
    Equation(
        "eq-lstm-delta-f",
        "The gradient in the forget gate's pre-activation",
        delta["f"](t),
        weighed("f", (d_c(t), c(t - 1))),
        CHAPTER,
        "result",
        BACKWARD,
        mistakes=(
            Mistake(
                "c_t for c_{t-1}",
                weighed("f", (d_c(t), c(t))),
                "The forget gate multiplies the old memory: ∂c_t/∂f_t is c_{t-1}.",
            ),
            *without_slope((d_c(t), c(t - 1))),
        ),
    ),
    Equation(
        "eq-lstm-delta-g",
        "The gradient in the candidate's pre-activation",
        delta["g"](t),
        had(d_c(t), i(t), tanh_slope(g(t))),
        CHAPTER,
        "result",
        BACKWARD,
        mistakes=(
            Mistake("tanh′ forgotten", had(d_c(t), i(t)), "The slope of tanh is 1 - g², not 1."),
        ),
    ),
    Equation(
        "eq-lstm-delta-o",
        "The gradient in the output gate's pre-activation",
        delta["o"](t),
        weighed("o", (d_h(t), tanh_c)),
        CHAPTER,
        "result",
        BACKWARD,
        mistakes=(
            Mistake(
                "no tanh on the way out",
                weighed("o", (d_h(t), c(t))),
                "The output gate multiplies tanh(c_t).",
            ),
            *without_slope((d_h(t), tanh_c)),
        ),
    ),
)

delta_r = had(delta["n"](t), q(t), *sigma_slope(r(t)))
delta_r_published = had(W_hn.T * delta["n"](t), h(t - 1), *sigma_slope(r(t)))
handed_on = (e(t), had(z(t + 1), d_h(t + 1)), *summed("rz"))
last_term = W_hn.T * had(r(t + 1), delta["n"](t + 1))
last_term_published = had(r(t + 1), W_hn.T * delta["n"](t + 1))

GRU_BACKWARD = (
    Equation(
        "eq-gru-delta-n",
        "The gradient in the candidate's pre-activation",
        delta["n"](t),
        had(d_h(t), one_minus(z(t)), tanh_slope(n(t))),
        CHAPTER,
        "result",
        BACKWARD,
        mistakes=(
            Mistake(
                "z with the opposite sign",
                had(d_h(t), z(t), tanh_slope(n(t))),
                "The candidate enters with the weight 1 - z.",
            ),
        ),
    ),
    Equation(
        "eq-gru-delta-z",
        "The gradient in the update gate's pre-activation",
        delta["z"](t),
        weighed("z", (d_h(t), MatAdd(h(t - 1), MatMul(-1, n(t))))),
        CHAPTER,
        "result",
        BACKWARD,
        mistakes=(
            Mistake(
                "z with the opposite sign",
                weighed("z", (d_h(t), MatAdd(n(t), MatMul(-1, h(t - 1))))),
                "Opening z moves the state towards h_{t-1} and away from n.",
            ),
            *without_slope((d_h(t), MatAdd(h(t - 1), MatMul(-1, n(t))))),
        ),
    ),
    Equation(
        "eq-gru-delta-r",
        "The gradient in the reset gate's pre-activation, reset after",
        delta["r"](t),
        delta_r,
        CHAPTER,
        "result",
        BACKWARD,
        mistakes=(
            Mistake(CONFUSED, delta_r_published, "In this form r multiplies W_hn h + b_hn."),
            *without_slope((delta["n"](t), q(t))),
        ),
    ),
    Equation(
        "eq-gru-delta-r-published",
        "The gradient in the reset gate's pre-activation, reset before",
        delta["r"](t),
        delta_r_published,
        CHAPTER,
        "result",
        PUBLISHED,
        mistakes=(
            Mistake(CONFUSED, delta_r, "In the published form r multiplies h before W_hn does."),
        ),
    ),
    Equation(
        "eq-gru-d-h",
        "The gradient in a GRU's state, reset after",
        d_h(t),
        MatAdd(*handed_on, last_term),
        CHAPTER,
        "result",
        BACKWARD,
        mistakes=(
            Mistake(
                "the old state's own path dropped",
                MatAdd(e(t), *summed("rz"), last_term),
                "The state is also handed on through z.",
            ),
            Mistake(
                CONFUSED,
                MatAdd(*handed_on, last_term_published),
                "In this form r stands in front of W_hn: going back, it acts first.",
            ),
            Mistake(
                TRANSPOSED,
                MatAdd(
                    e(t),
                    had(z(t + 1), d_h(t + 1)),
                    *summed("rz", transposed=False),
                    W_hn * had(r(t + 1), delta["n"](t + 1)),
                ),
                WHY_BACK,
            ),
        ),
    ),
    Equation(
        "eq-gru-d-h-published",
        "The gradient in a GRU's state, reset before",
        d_h(t),
        MatAdd(*handed_on, last_term_published),
        CHAPTER,
        "result",
        PUBLISHED,
        mistakes=(
            Mistake(
                CONFUSED,
                MatAdd(*handed_on, last_term),
                "In the published form r multiplies h itself: going back, it acts last.",
            ),
        ),
    ),
)

GATE_BACKWARD = (*LSTM_BACKWARD, *GRU_BACKWARD)
