"""Equations of assignment 4's network: forward, loss, and backward through time.

Chapter `numpy-rnn`. Vectors are columns, and a batch is B columns side by side, D×B or H×B.
"""

from sympy import (
    Abs,
    Function,
    HadamardProduct,
    IndexedBase,
    MatAdd,
    MatMul,
    MatrixSymbol,
    OneMatrix,
    Sum,
    Symbol,
    UnevaluatedExpr,
    ZeroMatrix,
    symbols,
)
from sympy.matrices.expressions.hadamard import HadamardPower

from unrolled.derivations.notation import Equation, Mistake, path, plus, tanh_of, times
from unrolled.derivations.recurrence import B, D, H, O, T, b, h, slope, t, x
from unrolled.derivations.slips import (
    BATCH_NOT_SUMMED,
    SECOND_MEAN,
    SLOPE_FORGOTTEN,
    SLOPE_TWICE,
    STATE_TOO_LATE,
    TANH_TWICE,
    TRANSPOSED,
    UPHILL,
    WRONG_AXIS,
)

W, R, V_out = MatrixSymbol("W", D, H), MatrixSymbol("R", H, H), MatrixSymbol("V", H, O)
b_s, b_out = MatrixSymbol("b_{s}", H, 1), MatrixSymbol("b_{y}", O, 1)
y_hat = MatrixSymbol(r"\hat{y}", O, 1)
xs, hs, deltas = path("x", D, B), path("h", H, B), path(r"\delta", H, B)
d_y_hat = MatrixSymbol(r"\frac{\partial L}{\partial \hat{y}}", O, B)
total_R = MatrixSymbol(r"\frac{\partial L}{\partial R}", H, H)
mse_slope = Symbol(r"\frac{\partial L}{\partial \hat{y}_b}")
batch_sum, unit_sum = OneMatrix(B, 1), OneMatrix(1, H)
guess, true = IndexedBase(r"\hat{y}"), IndexedBase("y")
L = Function("L")
theta, epsilon = symbols(r"\theta \varepsilon")
error = plus(guess[b], -true[b])


def slope_again(state):
    """Write 1 - tanh²(h): the slope of a second tanh, which the network does not have."""
    return MatAdd(OneMatrix(*state.shape), MatMul(-1, HadamardPower(tanh_of(state), 2)))


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
        times(UnevaluatedExpr(1 / B), Sum(error**2, (b, 1, B))),
        "numpy-rnn",
        "definition",
        ("memory_mse", "torch_mse"),
    ),
    Equation(
        "eq-mse-gradient",
        "Derivative of the mean squared error",
        mse_slope,
        times(2 / B, error),
        "numpy-rnn",
        "result",
        ("memory_mse", "torch_mse", "tape_mse", "mse_differences"),
        mistakes=(
            Mistake(
                "not divided by the batch size",
                times(2, error),
                "The loss is a mean over B sequences, so each has 1/B of the slope.",
            ),
            Mistake(
                "the 2 forgotten",
                times(1 / B, error),
                "A square's derivative is twice its base; the 2 goes only if the loss has a ½.",
            ),
            UPHILL(times(-2 / B, error)),
            Mistake(
                "the loss in place of its slope",
                times(1 / B, error**2),
                "This is the sequence's share of the loss itself: differentiate the square.",
            ),
        ),
    ),
    Equation(
        "eq-memory-delta-last",
        "Where the backward recursion starts",
        deltas(T),
        HadamardProduct(V_out * d_y_hat, slope(hs(T))),
        "numpy-rnn",
        "result",
        ("memory_backward", "torch_memory_backward", "tape_memory_backward", "memory_differences"),
        mistakes=(
            SLOPE_FORGOTTEN(V_out * d_y_hat),
            TANH_TWICE(HadamardProduct(V_out * d_y_hat, slope_again(hs(T)))),
            Mistake(
                "slope of the inverse",
                HadamardProduct(V_out * d_y_hat, HadamardPower(slope(hs(T)), -1)),
                "1/(1 - h²) is how the pre-activation changes with the state: the reverse.",
            ),
            Mistake(
                "slope of the state before",
                HadamardProduct(V_out * d_y_hat, slope(hs(T - 1))),
                "The output reads h_T, so the slope is taken there.",
            ),
        ),
    ),
    Equation(
        "eq-memory-delta",
        "One step backwards through time",
        deltas(t),
        HadamardProduct(R * deltas(t + 1), slope(hs(t))),
        "numpy-rnn",
        "result",
        ("memory_backward", "torch_memory_backward", "tape_memory_backward", "memory_differences"),
        mistakes=(
            SLOPE_FORGOTTEN(R * deltas(t + 1)),
            Mistake(
                "R transposed",
                HadamardProduct(R.T * deltas(t + 1), slope(hs(t))),
                "Forward, columns meet Rᵀ; the way back transposes once more, so it is R.",
            ),
            TANH_TWICE(HadamardProduct(R * deltas(t + 1), slope_again(hs(t)))),
            Mistake(
                "slope of the step before",
                HadamardProduct(R * deltas(t + 1), slope(hs(t - 1))),
                "δ_t belongs to the pre-activation of step t, so its slope is that of h_t.",
            ),
            Mistake(
                "slope of the step after",
                HadamardProduct(R * deltas(t + 1), slope(hs(t + 1))),
                "That slope is inside δ_{t+1} already; what is missing is that of h_t.",
            ),
            Mistake(
                "recurrent weights forgotten",
                HadamardProduct(deltas(t + 1), slope(hs(t))),
                "h_t reaches the next pre-activation through R; the way back meets R again.",
            ),
            Mistake(
                "no path through time",
                ZeroMatrix(H, B),
                "h_t is not read by the output, but the later states are made from it.",
            ),
        ),
    ),
    Equation(
        "eq-memory-d-v",
        "Gradient of the output weights",
        MatrixSymbol("d_{V}", H, O),
        hs(T) * d_y_hat.T,
        "numpy-rnn",
        "result",
        ("memory_backward", "torch_memory_backward", "tape_memory_backward", "memory_differences"),
        mistakes=(
            Mistake(
                "the state before the last",
                hs(T - 1) * d_y_hat.T,
                "The output is read from the last state, h_T.",
            ),
            SECOND_MEAN(MatMul(1 / B, hs(T), d_y_hat.T)),
            Mistake(
                "every state's share",
                Sum(hs(t) * d_y_hat.T, (t, 1, T)),
                "Only recurrent weights are used at every step; V is used once, at the end.",
            ),
            TRANSPOSED(d_y_hat * hs(T).T),
        ),
    ),
    Equation(
        "eq-memory-d-by",
        "Gradient of the output bias",
        MatrixSymbol("d_{b_y}", O, 1),
        d_y_hat * batch_sum,
        "numpy-rnn",
        "result",
        ("memory_backward", "torch_memory_backward", "tape_memory_backward", "memory_differences"),
        mistakes=(
            BATCH_NOT_SUMMED(d_y_hat),
            SECOND_MEAN(MatMul(1 / B, d_y_hat, batch_sum)),
            WRONG_AXIS(OneMatrix(1, O) * d_y_hat),
        ),
    ),
    Equation(
        "eq-memory-d-w",
        "Gradient of the input weights, one step's share",
        path("d_{W}", D, H)(t),
        xs(t) * deltas(t).T,
        "numpy-rnn",
        "result",
        ("memory_backward", "torch_memory_backward", "tape_memory_backward", "memory_differences"),
        mistakes=(
            SLOPE_TWICE(xs(t) * HadamardProduct(deltas(t), slope(hs(t))).T),
            SECOND_MEAN(MatMul(1 / B, xs(t), deltas(t).T)),
            Mistake(
                "the first input at every step",
                xs(1) * deltas(t).T,
                "At step t the weights met the input of step t.",
            ),
            TRANSPOSED(deltas(t) * xs(t).T),
        ),
    ),
    Equation(
        "eq-memory-d-r",
        "Gradient of the recurrent weights, one step's share",
        path("d_{R}", H, H)(t),
        hs(t - 1) * deltas(t).T,
        "numpy-rnn",
        "result",
        ("memory_backward", "torch_memory_backward", "tape_memory_backward", "memory_differences"),
        mistakes=(
            STATE_TOO_LATE(hs(t) * deltas(t).T),
            SLOPE_TWICE(hs(t - 1) * HadamardProduct(deltas(t), slope(hs(t))).T),
            SECOND_MEAN(MatMul(1 / B, hs(t - 1), deltas(t).T)),
            TRANSPOSED(deltas(t) * hs(t - 1).T),
        ),
    ),
    Equation(
        "eq-memory-d-bs",
        "Gradient of the state's bias, one step's share",
        path("d_{b_s}", H, 1)(t),
        deltas(t) * batch_sum,
        "numpy-rnn",
        "result",
        ("memory_backward", "torch_memory_backward", "tape_memory_backward", "memory_differences"),
        mistakes=(
            BATCH_NOT_SUMMED(deltas(t)),
            SECOND_MEAN(MatMul(1 / B, deltas(t), batch_sum)),
            WRONG_AXIS(unit_sum * deltas(t)),
            SLOPE_TWICE(HadamardProduct(deltas(t), slope(hs(t))) * batch_sum),
        ),
    ),
    Equation(
        "eq-memory-total",
        "A shared weight's gradient sums the shares of all steps",
        total_R,
        Sum(hs(t - 1) * deltas(t).T, (t, 1, T)),
        "numpy-rnn",
        "result",
        ("memory_backward", "torch_memory_backward", "tape_memory_backward", "memory_differences"),
        mistakes=(
            Mistake(
                "only the last step's share",
                hs(T - 1) * deltas(T).T,
                "No path through time: the weights act at every step, so each has a share.",
            ),
            Mistake(
                "a mean over the steps",
                times(1 / T, Sum(hs(t - 1) * deltas(t).T, (t, 1, T))),
                "Shares add up: a weight used T times moves the loss T times.",
            ),
            Mistake(
                "the last step left out",
                Sum(hs(t - 1) * deltas(t).T, (t, 1, T - 1)),
                "The sum includes step T; Python's range ends one earlier than its second number.",
            ),
            STATE_TOO_LATE(Sum(hs(t) * deltas(t).T, (t, 1, T))),
            TRANSPOSED(Sum(deltas(t) * hs(t - 1).T, (t, 1, T))),
        ),
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
