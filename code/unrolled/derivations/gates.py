"""Equations of the gated cells: the LSTM and both forms of the GRU.

Chapters `own-lstm` and `mnist-rows`. Weights carry PyTorch's names: W_{ii} leads from the input to
gate i, W_{hi} from the state to gate i; `unrolled.cells` stacks them in the rows of `weight_ih`
and `weight_hh`.
"""

from sympy import BlockMatrix, HadamardProduct, MatAdd, MatMul, MatrixSymbol, OneMatrix, symbols

from unrolled.derivations.notation import Equation, path, sigmoid_of, tanh_of

t, D, H = symbols("t D H", integer=True, positive=True)
x, h, c = path("x", D), path("h", H), path("c", H)
i, f, g, o = (path(letter, H) for letter in "ifgo")
r, z, n = (path(letter, H) for letter in "rzn")
K, U, bias = (
    MatrixSymbol("K", D, 4 * H),
    MatrixSymbol("U", H, 4 * H),
    MatrixSymbol("b", 1, 4 * H),
)


def from_input(gate: str) -> tuple:
    """Write the input's two terms in a gate: W x_t and its bias."""
    return MatrixSymbol(f"W_{{i{gate}}}", H, D) * x(t), MatrixSymbol(f"b_{{i{gate}}}", H, 1)


def from_state(gate: str) -> tuple:
    """Write the state's two terms in a gate: W h_{t-1} and its bias."""
    return MatrixSymbol(f"W_{{h{gate}}}", H, H) * h(t - 1), MatrixSymbol(f"b_{{h{gate}}}", H, 1)


def gate_of(gate: str) -> tuple:
    """Write the four terms inside a gate."""
    return *from_input(gate), *from_state(gate)


W_hn, b_hn = MatrixSymbol("W_{hn}", H, H), MatrixSymbol("b_{hn}", H, 1)

LSTM = (
    Equation(
        "eq-lstm-i",
        "The input gate",
        i(t),
        sigmoid_of(*gate_of("i")),
        "own-lstm",
        "definition",
        ("numpy_lstm", "torch_lstm"),
    ),
    Equation(
        "eq-lstm-f",
        "The forget gate",
        f(t),
        sigmoid_of(*gate_of("f")),
        "own-lstm",
        "definition",
        ("numpy_lstm", "torch_lstm"),
    ),
    Equation(
        "eq-lstm-g",
        "The candidate",
        g(t),
        tanh_of(*gate_of("g")),
        "own-lstm",
        "definition",
        ("numpy_lstm", "torch_lstm"),
    ),
    Equation(
        "eq-lstm-o",
        "The output gate",
        o(t),
        sigmoid_of(*gate_of("o")),
        "own-lstm",
        "definition",
        ("numpy_lstm", "torch_lstm"),
    ),
    Equation(
        "eq-lstm-c",
        "The memory: keep some, add some",
        c(t),
        MatAdd(HadamardProduct(f(t), c(t - 1)), HadamardProduct(i(t), g(t))),
        "own-lstm",
        "definition",
        ("numpy_lstm", "torch_lstm"),
    ),
    Equation(
        "eq-lstm-h",
        "The output: show some of the memory",
        h(t),
        HadamardProduct(o(t), tanh_of(c(t))),
        "own-lstm",
        "definition",
        ("numpy_lstm", "torch_lstm"),
    ),
)

PACKED = Equation(
    "eq-lstm-packed",
    "All four gates in one product, in Keras's order",
    BlockMatrix([[MatrixSymbol(f"a_{{{gate}}}", H, 1).T for gate in "ifgo"]]),
    MatAdd(x(t).T * K, h(t - 1).T * U, bias),
    "own-lstm",
    "definition",
    ("keras_layout", "keras_step"),
)

GRU = (
    Equation(
        "eq-gru-r",
        "The reset gate",
        r(t),
        sigmoid_of(*gate_of("r")),
        "mnist-rows",
        "definition",
        ("numpy_gru", "torch_gru"),
    ),
    Equation(
        "eq-gru-z",
        "The update gate",
        z(t),
        sigmoid_of(*gate_of("z")),
        "mnist-rows",
        "definition",
        ("numpy_gru", "torch_gru"),
    ),
    Equation(
        "eq-gru-n",
        "The candidate, reset after the product",
        n(t),
        tanh_of(*from_input("n"), HadamardProduct(r(t), MatAdd(*from_state("n")))),
        "mnist-rows",
        "definition",
        ("numpy_gru", "torch_gru"),
    ),
    Equation(
        "eq-gru-h",
        "The state: between the candidate and the state before",
        h(t),
        MatAdd(
            HadamardProduct(MatAdd(OneMatrix(H, 1), MatMul(-1, z(t))), n(t)),
            HadamardProduct(z(t), h(t - 1)),
        ),
        "mnist-rows",
        "definition",
        ("numpy_gru", "torch_gru"),
    ),
)

GRU_PUBLISHED = Equation(
    "eq-gru-n-published",
    "The candidate as published: reset before the product",
    n(t),
    tanh_of(*from_input("n"), MatMul(W_hn, HadamardProduct(r(t), h(t - 1))), b_hn),
    "mnist-rows",
    "definition",
    ("numpy_gru_published", "keras_gru"),
)
