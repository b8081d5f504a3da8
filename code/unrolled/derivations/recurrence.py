"""Equations of the plain recurrent network: forward, backward, and how long its gradient lasts.

Chapters `state`, `numpy-rnn`, `how-long` and `gradients`. Vectors are columns; in the equations of
assignment 4 a batch is B columns side by side, D×B or H×B.
"""

from sympy import (
    Abs,
    DiagMatrix,
    Function,
    HadamardProduct,
    IndexedBase,
    Integral,
    MatAdd,
    MatMul,
    MatrixSymbol,
    OneMatrix,
    Rational,
    Sum,
    Symbol,
    UnevaluatedExpr,
    sqrt,
    symbols,
)
from sympy.matrices.expressions.hadamard import HadamardPower

from unrolled.derivations.notation import (
    Equation,
    Iverson,
    Newest,
    PlusMinus,
    path,
    plus,
    sigmoid,
    tanh_of,
    times,
)

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

# numpy-rnn: the letters of assignment 4
W, R, V_out = MatrixSymbol("W", D, H), MatrixSymbol("R", H, H), MatrixSymbol("V", H, O)
b_s, b_out = MatrixSymbol("b_{s}", H, 1), MatrixSymbol("b_{y}", O, 1)
y_hat = MatrixSymbol(r"\hat{y}", O, 1)
xs, hs, deltas = path("x", D, B), path("h", H, B), path(r"\delta", H, B)
d_y_hat = MatrixSymbol(r"\frac{\partial L}{\partial \hat{y}}", O, B)
total_R = MatrixSymbol(r"\frac{\partial L}{\partial R}", H, H)
mse_slope = Symbol(r"\frac{\partial L}{\partial \hat{y}_b}")
batch_sum = OneMatrix(B, 1)
guess, true = IndexedBase(r"\hat{y}"), IndexedBase("y")
L = Function("L")
theta, epsilon = symbols(r"\theta \varepsilon")

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


step_jacobian = MatMul(DiagMatrix(slope(h(t))), W_hh)

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

NUMPY_RNN = (
    Equation(
        "eq-memory-step",
        "Assignment 4's recurrence",
        h(t),
        tanh_of(W.T * x(t), R.T * h(t - 1), b_s),
        "numpy-rnn",
        "definition",
        ("memory_network", "torch_memory"),
    ),
    Equation(
        "eq-memory-output",
        "Assignment 4's output, once, at the end",
        y_hat,
        MatAdd(V_out.T * h(T), b_out),
        "numpy-rnn",
        "definition",
        ("memory_network", "torch_memory"),
    ),
    Equation(
        "eq-mse",
        "Mean squared error over a batch",
        Symbol("L"),
        times(UnevaluatedExpr(1 / B), Sum(plus(guess[b], -true[b]) ** 2, (b, 1, B))),
        "numpy-rnn",
        "definition",
        ("memory_mse", "torch_mse"),
    ),
    Equation(
        "eq-mse-gradient",
        "Derivative of the mean squared error",
        mse_slope,
        times(2 / B, plus(guess[b], -true[b])),
        "numpy-rnn",
        "result",
        ("memory_mse", "torch_mse", "mse_differences"),
    ),
    Equation(
        "eq-memory-delta-last",
        "Where the backward recursion starts",
        deltas(T),
        HadamardProduct(V_out * d_y_hat, slope(hs(T))),
        "numpy-rnn",
        "result",
        ("memory_backward", "torch_memory_backward"),
    ),
    Equation(
        "eq-memory-delta",
        "One step backwards through time",
        deltas(t),
        HadamardProduct(R * deltas(t + 1), slope(hs(t))),
        "numpy-rnn",
        "result",
        ("memory_backward", "torch_memory_backward"),
    ),
    Equation(
        "eq-memory-d-v",
        "Gradient of the output weights",
        MatrixSymbol("d_{V}", H, O),
        hs(T) * d_y_hat.T,
        "numpy-rnn",
        "result",
        ("memory_backward", "torch_memory_backward", "memory_differences"),
    ),
    Equation(
        "eq-memory-d-by",
        "Gradient of the output bias",
        MatrixSymbol("d_{b_y}", O, 1),
        d_y_hat * batch_sum,
        "numpy-rnn",
        "result",
        ("memory_backward", "torch_memory_backward", "memory_differences"),
    ),
    Equation(
        "eq-memory-d-w",
        "Gradient of the input weights, one step's share",
        path("d_{W}", D, H)(t),
        xs(t) * deltas(t).T,
        "numpy-rnn",
        "result",
        ("memory_backward", "torch_memory_backward"),
    ),
    Equation(
        "eq-memory-d-r",
        "Gradient of the recurrent weights, one step's share",
        path("d_{R}", H, H)(t),
        hs(t - 1) * deltas(t).T,
        "numpy-rnn",
        "result",
        ("memory_backward", "torch_memory_backward"),
    ),
    Equation(
        "eq-memory-d-bs",
        "Gradient of the state's bias, one step's share",
        path("d_{b_s}", H, 1)(t),
        deltas(t) * batch_sum,
        "numpy-rnn",
        "result",
        ("memory_backward", "torch_memory_backward"),
    ),
    Equation(
        "eq-memory-total",
        "A shared weight's gradient sums the shares of all steps",
        total_R,
        Sum(hs(t - 1) * deltas(t).T, (t, 1, T)),
        "numpy-rnn",
        "result",
        ("memory_backward", "torch_memory_backward", "memory_differences"),
    ),
    Equation(
        "eq-central-difference",
        "The central difference",
        Symbol(r"\hat{g}(\varepsilon)"),
        plus(L(plus(theta, epsilon)), -L(plus(theta, -epsilon))) / (2 * epsilon),
        "numpy-rnn",
        "definition",
        ("gradcheck_differences",),
    ),
    Equation(
        "eq-central-error",
        "How far the central difference is off",
        Abs(plus(Symbol(r"\hat{g}(\varepsilon)"), -Symbol(r"L'(\theta)")), evaluate=False),
        times(epsilon**2 / 6, Symbol(r"\max \left|L'''\right|")),
        "numpy-rnn",
        "bound",
        ("difference_error",),
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

GRADIENTS = (
    Equation(
        "eq-jacobian-step",
        "How the state answers to the state before it",
        d_h_step,
        step_jacobian,
        "gradients",
        "result",
        ("torch_jacobian", "jacobian_differences"),
    ),
    Equation(
        "eq-jacobian-product",
        "How the state answers to a state far back",
        d_h_T,
        Newest(step_jacobian, t, k + 1, T),
        "gradients",
        "result",
        ("torch_jacobian", "jacobian_differences"),
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
