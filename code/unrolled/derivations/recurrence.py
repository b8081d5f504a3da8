"""Equations of the plain recurrent network: its step, and how long its gradient lasts.

Chapters `state`, `gradients` and `how-long`; those of assignment 4's network are in `memory`.
Vectors are columns.
"""

from sympy import (
    DiagMatrix,
    IndexedBase,
    Integral,
    MatAdd,
    MatMul,
    MatrixSymbol,
    OneMatrix,
    Rational,
    Sum,
    Symbol,
    sqrt,
    symbols,
)
from sympy.matrices.expressions.hadamard import HadamardPower

from unrolled.derivations.notation import (
    Equation,
    Iverson,
    Mistake,
    Newest,
    PlusMinus,
    path,
    plus,
    sigmoid,
    tanh_of,
    times,
)
from unrolled.derivations.slips import LINEAR_STEP, SLOPE_AT_RIGHT, WEIGHTS_TRANSPOSED

t, k, T, B, D, H, C, O, b, n, s = symbols(  # noqa: E741 - the book's letters
    "t k T B D H C O b n s", integer=True, positive=True
)

# state
x, h, y = path("x", D), path("h", H), path("y", C)
W_ih, W_hh, V = (
    MatrixSymbol("W_{ih}", H, D),
    MatrixSymbol("W_{hh}", H, H),
    MatrixSymbol("V", C, H),
)
b_ih, b_hh, b_y = (
    MatrixSymbol("b_{ih}", H, 1),
    MatrixSymbol("b_{hh}", H, 1),
    MatrixSymbol("b_{y}", C, 1),
)
x_one, h_one, y_one = IndexedBase("x"), IndexedBase("h"), IndexedBase("y")  # one unit, one input
w_i, w_h, w_o, b_h, b_o = symbols("W^{i} W^{h} W^{o} b_{h} b_{o}")

# how-long
gamma, sigma_max = symbols(r"\gamma \sigma_{\max}")
p_hat, z = symbols(r"\hat{p} z")
losses, solved_below = IndexedBase("L"), Symbol(r"L_{\mathrm{solved}}")
target = Symbol("y")
d_h_step = MatrixSymbol(r"\frac{\partial h_t}{\partial h_{t-1}}", H, H)
d_h_T = MatrixSymbol(r"\frac{\partial h_T}{\partial h_k}", H, H)
norm_Tk = Symbol(r"\left\lVert \frac{\partial h_T}{\partial h_k} \right\rVert_2")
norm_T0 = Symbol(r"\left\lVert \frac{\partial h_T}{\partial h_0} \right\rVert_2")


def slope(state):
    """Write 1 - h ⊙ h, the derivative of tanh in terms of its value."""
    return MatAdd(OneMatrix(*state.shape), MatMul(-1, HadamardPower(state, 2)))


slopes = DiagMatrix(slope(h(t)))
step_jacobian = MatMul(slopes, W_hh)

STATE = (
    Equation(
        "eq-rnn-step",
        "One step of a recurrent network",
        h(t),
        tanh_of(W_ih * x(t), b_ih, W_hh * h(t - 1), b_hh),
        "state",
        "definition",
        ("numpy_rnn", "torch_rnn"),
    ),
    Equation(
        "eq-rnn-output",
        "The linear readout",
        y(t),
        MatAdd(V * h(t), b_y),
        "state",
        "definition",
        ("torch_readout",),
    ),
    Equation(
        "eq-hand-step",
        "The one-unit network of assignment 3: its state",
        h_one[t],
        sigmoid(plus(times(w_i, x_one[t]), times(w_h, h_one[t - 1]), b_h)),
        "state",
        "definition",
        ("hand_numbers", "torch_hand"),
    ),
    Equation(
        "eq-hand-output",
        "The one-unit network of assignment 3: its output",
        y_one[t],
        plus(times(w_o, h_one[t]), b_o),
        "state",
        "definition",
        ("hand_numbers", "torch_hand"),
    ),
)

GRADIENTS = (
    Equation(
        "eq-jacobian-step",
        "How the state answers to the state before it",
        d_h_step,
        step_jacobian,
        "gradients",
        "result",
        ("torch_jacobian", "tape_jacobian", "jacobian_differences"),
        mistakes=(
            LINEAR_STEP(W_hh),
            WEIGHTS_TRANSPOSED(MatMul(slopes, W_hh.T)),
            SLOPE_AT_RIGHT(MatMul(W_hh, slopes)),
            Mistake(
                "slope of the state before",
                MatMul(DiagMatrix(slope(h(t - 1))), W_hh),
                "The tanh that is differentiated gave h_t, so its slope is 1 - h_t².",
            ),
        ),
    ),
    Equation(
        "eq-jacobian-product",
        "How the state answers to a state far back",
        d_h_T,
        Newest(step_jacobian, t, k + 1, T),
        "gradients",
        "result",
        ("torch_jacobian", "tape_jacobian", "jacobian_differences"),
        mistakes=(
            Mistake(
                "the oldest factor leftmost",
                Newest(step_jacobian.T, t, k + 1, T).T,
                "The newest state, the one that is differentiated, stands at the left end.",
            ),
            LINEAR_STEP(Newest(W_hh, t, k + 1, T)),
            WEIGHTS_TRANSPOSED(Newest(MatMul(slopes, W_hh.T), t, k + 1, T)),
            Mistake(
                "one factor too many",
                Newest(step_jacobian, t, k, T),
                "From step k to step T there are T - k steps: the first factor is ∂h_{k+1}/∂h_k.",
            ),
        ),
    ),
    Equation(
        "eq-jacobian-bound",
        "A bound on the gradient that arrives",
        norm_Tk,
        times(gamma, sigma_max) ** (T - k),
        "gradients",
        "bound",
        ("jacobian_norms",),
    ),
    Equation(
        "eq-gradient-factor",
        "The gradient's factor a step",
        Symbol(r"\rho"),
        norm_T0 ** (1 / T),
        "gradients",
        "definition",
        ("gradient_factor",),
    ),
)

HOW_LONG = (
    Equation(
        "eq-memory-baseline",
        "What predicting 0 costs in the memory task",
        Symbol(r"\mathbb{E}\left[y^2\right]"),
        Rational(1, 3),
        "how-long",
        "result",
        ("exact_integrals", "memory_samples"),
        via=(Integral(target**2 / 2, (target, -1, 1)),),
    ),
    Equation(
        "eq-success-count",
        "How many of n seeds solved the task",
        k,
        Sum(Iverson(losses[s] < solved_below), (s, 1, n)),
        "how-long",
        "definition",
        ("counted_by_hand",),
    ),
    Equation(
        "eq-wilson",
        "Wilson's interval for k of n",
        Symbol(r"p_{\pm}"),
        plus(
            p_hat,
            z**2 / (2 * n),
            PlusMinus(z * sqrt(plus(p_hat * plus(1, -p_hat) / n, z**2 / (4 * n**2)))),
        )
        / plus(1, z**2 / n),
        "how-long",
        "definition",
        ("evidence_wilson", "score_equation"),
    ),
)
