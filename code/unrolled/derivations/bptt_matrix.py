"""Backpropagation through time in matrices: any T, N, D, H, and a target at every step.

Chapter `bptt`. The network is that of `recurrence`: eq-rnn-step and eq-rnn-output. A batch is N
columns side by side; e_t is the gradient of the loss in the outputs y_t, C×N, and δ_t that in the
pre-activations a_t, H×N. P is the number of the cell's parameters, with one bias.
"""

from sympy import (
    DiagMatrix,
    HadamardProduct,
    MatAdd,
    MatMul,
    MatrixSymbol,
    OneMatrix,
    Sum,
    Symbol,
    symbols,
)

from unrolled.derivations.notation import Equation, Mistake, path, plus, times
from unrolled.derivations.recurrence import V, W_hh, slope

t, T, N, D, H, C, P = symbols("t T N D H C P", integer=True, positive=True)
x, h, e, delta = path("x", D, N), path("h", H, N), path("e", C, N), path(r"\delta", H, N)
ones = OneMatrix(N, 1)


def gradient(by: str, rows: object, columns: object) -> MatrixSymbol:
    """Name the gradient of the loss in a matrix."""
    return MatrixSymbol(rf"\frac{{\partial L}}{{\partial {by}}}", rows, columns)


d_ih, d_hh = gradient("W_{ih}", H, D), gradient("W_{hh}", H, H)
d_bias, d_V, d_by = gradient("b", H, 1), gradient("V", C, H), gradient("b_y", C, 1)
no_path = HadamardProduct(V.T * e(t), slope(h(t)))

# forward mode, one sequence: S_t = ∂h_t/∂θ, A_t = ∂a_t/∂θ at a fixed h_{t-1}
S, A = path("S", H, P), path("A", H, P)
h_one, e_one = path("h", H), path("e", C)
d_theta = gradient(r"\theta", P, 1)

# what it costs
kept_reverse, kept_forward = symbols(r"m_{\mathrm{back}} m_{\mathrm{forw}}")
products_run, products_reverse, products_forward = symbols(
    r"c_{\mathrm{run}} c_{\mathrm{back}} c_{\mathrm{forw}}"
)

PARTS = ("matrix_by_symbols", "matrix_by_torch", "matrix_by_tape", "matrix_by_differences")
WITNESSES = (*PARTS, "numpy_backward")


def _sum(product: object) -> Sum:
    return Sum(product, (t, 1, T))


LAST_ALONE = "The weight is used at every step, so each step adds its product."
NO_PATH = "h_{t-1} depends on the weight as well: δ_t needs the term W_hhᵀ δ_{t+1}."

MATRIX = (
    Equation(
        "eq-bptt-matrix-delta-last",
        "Where the recursion starts, in matrices",
        delta(T),
        HadamardProduct(V.T * e(T), slope(h(T))),
        "bptt",
        "result",
        PARTS,
        mistakes=(
            Mistake("tanh′ forgotten", V.T * e(T), "δ stands before the tanh: times its slope."),
        ),
    ),
    Equation(
        "eq-bptt-matrix-delta",
        "One step backwards, in matrices",
        delta(t),
        HadamardProduct(MatAdd(V.T * e(t), W_hh.T * delta(t + 1)), slope(h(t))),
        "bptt",
        "result",
        PARTS,
        mistakes=(
            Mistake(
                "W_hh not transposed",
                HadamardProduct(MatAdd(V.T * e(t), W_hh * delta(t + 1)), slope(h(t))),
                "Backwards, what unit j sent to unit i comes back from i to j: the transpose.",
            ),
            Mistake(
                "tanh′ forgotten",
                MatAdd(V.T * e(t), W_hh.T * delta(t + 1)),
                "δ stands before the tanh: its slope 1 − h² multiplies.",
            ),
            Mistake(
                "tanh′ of the step after",
                HadamardProduct(MatAdd(V.T * e(t), W_hh.T * delta(t + 1)), slope(h(t + 1))),
                "δ_{t+1} holds the slope of its own step already; here step t's is due.",
            ),
            Mistake("no path through time", no_path, NO_PATH),
            Mistake(
                "the loss of step t forgotten",
                HadamardProduct(W_hh.T * delta(t + 1), slope(h(t))),
                "With a target at every step, every step's own error enters too.",
            ),
        ),
    ),
    Equation(
        "eq-bptt-matrix-d-ih",
        "Gradient of the input weights",
        d_ih,
        _sum(delta(t) * x(t).T),
        "bptt",
        "result",
        WITNESSES,
        mistakes=(
            Mistake("no path through time", _sum(MatMul(no_path, x(t).T)), NO_PATH),
            Mistake("no sum over t", delta(T) * x(T).T, LAST_ALONE),
            Mistake(
                "a mean over the batch",
                _sum(MatMul(1 / N, delta(t), x(t).T)),
                "Any 1/N of the loss is inside e_t already; the product sums over the batch.",
            ),
        ),
    ),
    Equation(
        "eq-bptt-matrix-d-hh",
        "Gradient of the recurrent weights",
        d_hh,
        _sum(delta(t) * h(t - 1).T),
        "bptt",
        "result",
        WITNESSES,
        mistakes=(
            Mistake(
                "the outer product transposed",
                _sum(h(t - 1) * delta(t).T),
                "Row i of W_hh leads to unit i, so δ gives the rows and the old state the columns.",
            ),
            Mistake(
                "the new state in place of the old",
                _sum(delta(t) * h(t).T),
                "At step t the matrix multiplies the state before: h_{t-1}.",
            ),
            Mistake("no path through time", _sum(MatMul(no_path, h(t - 1).T)), NO_PATH),
            Mistake("no sum over t", delta(T) * h(T - 1).T, LAST_ALONE),
        ),
    ),
    Equation(
        "eq-bptt-matrix-d-b",
        "Gradient of either hidden bias",
        d_bias,
        _sum(delta(t) * ones),
        "bptt",
        "result",
        WITNESSES,
        mistakes=(
            Mistake("no path through time", _sum(MatMul(no_path, ones)), NO_PATH),
            Mistake("no sum over t", delta(T) * ones, LAST_ALONE),
        ),
    ),
    Equation(
        "eq-bptt-matrix-d-v",
        "Gradient of the readout's weights",
        d_V,
        _sum(e(t) * h(t).T),
        "bptt",
        "result",
        PARTS,
        mistakes=(
            Mistake("no sum over t", e(T) * h(T).T, LAST_ALONE),
            Mistake(
                "the old state in place of the new",
                _sum(e(t) * h(t - 1).T),
                "The output of step t is read from the state after step t.",
            ),
        ),
    ),
    Equation(
        "eq-bptt-matrix-d-by",
        "Gradient of the readout's bias",
        d_by,
        _sum(e(t) * ones),
        "bptt",
        "result",
        PARTS,
        mistakes=(Mistake("no sum over t", e(T) * ones, LAST_ALONE),),
    ),
)

RTRL = (
    Equation(
        "eq-bptt-rtrl",
        "Total derivatives carried forwards (RTRL)",
        S(t),
        MatMul(DiagMatrix(slope(h_one(t))), MatAdd(A(t), W_hh * S(t - 1))),
        "bptt",
        "result",
        ("rtrl_by_torch", "rtrl_by_tape", "rtrl_by_differences"),
        mistakes=(
            Mistake(
                "immediate for total",
                MatMul(DiagMatrix(slope(h_one(t))), A(t)),
                "The state before depends on the weights too: W_hh S_{t-1}.",
            ),
            Mistake(
                "W_hh transposed",
                MatMul(DiagMatrix(slope(h_one(t))), MatAdd(A(t), W_hh.T * S(t - 1))),
                "Forwards the matrix stands as it is; the transpose belongs to the way back.",
            ),
        ),
    ),
    Equation(
        "eq-bptt-rtrl-gradient",
        "The gradient from total derivatives, in matrices",
        d_theta,
        _sum(S(t).T * V.T * e_one(t)),
        "bptt",
        "result",
        ("rtrl_by_torch", "rtrl_by_tape", "rtrl_by_differences"),
    ),
)


def _count(label: str, title: str, left: Symbol, right: object) -> Equation:
    return Equation(label, title, left, right, "bptt", "result", ("counted_costs",))


COSTS = (
    _count(
        "eq-bptt-cost-run",
        "Multiplications of the forward pass",
        products_run,
        times(N, T, H, plus(D, H)),
    ),
    _count(
        "eq-bptt-cost",
        "Multiplications of backpropagation through time",
        products_reverse,
        times(2, N, T, H, plus(D, H)),
    ),
    _count(
        "eq-bptt-kept",
        "Numbers kept for backpropagation through time",
        kept_reverse,
        times(N, plus(times(T, plus(D, H)), H)),
    ),
    _count(
        "eq-bptt-rtrl-cost",
        "Multiplications of forward mode",
        products_forward,
        times(N, T, P, H, plus(H, 1)),
    ),
    _count(
        "eq-bptt-rtrl-kept",
        "Numbers kept by forward mode",
        kept_forward,
        times(N, H, P),
    ),
)
