"""Equations of the tasks: their targets, what a trivial answer costs, how large a layer is.

Chapters `parity`, `xnor`, `adding` and `mnist-rows`; the losses are in `losses`. Bits and
numbers at one step are scalars.
"""

from sympy import (
    DiagMatrix,
    Eq,
    HadamardProduct,
    ImmutableMatrix,
    IndexedBase,
    Integral,
    MatAdd,
    MatMul,
    MatPow,
    MatrixSymbol,
    Mod,
    OneMatrix,
    Piecewise,
    Pow,
    Rational,
    Sum,
    Symbol,
    UnevaluatedExpr,
    ZeroMatrix,
    symbols,
)
from sympy.matrices.expressions.hadamard import HadamardPower

from unrolled.derivations.notation import (
    Equation,
    Iverson,
    Mistake,
    path,
    plus,
    sigmoid_of,
    times,
)
from unrolled.derivations.slips import SLOPE_AT_RIGHT, WEIGHTS_TRANSPOSED

t, j, D, H, T = symbols("t j D H T", integer=True, positive=True)
half, third = Rational(1, 2), Rational(1, 3)

# parity and XNOR
bit, parity, xnor, fold = (IndexedBase(name) for name in ("x", "s", "q", "f"))
gain = Symbol("k")
W, h, unit = MatrixSymbol("W", 2, 2), path("h", 2), IndexedBase("h")
d_parity_step = MatrixSymbol(r"\frac{\partial h_t}{\partial h_{t-1}}", 2, 2)
unit_slopes = DiagMatrix(HadamardProduct(h(t), MatAdd(OneMatrix(2, 1), MatMul(-1, h(t)))))
thresholds = ImmutableMatrix([half, 3 * half])

# the adding problem: number u, marker m, previous marked step tau
number, marker, previous = IndexedBase("u"), IndexedBase("m"), IndexedBase(r"\tau")
target = IndexedBase("y")
u, p, k = Symbol("u"), Symbol("p"), Symbol("k")
from_u, from_p = (u, -1, 1), (p, -1, 1)

PARITY = (
    Equation(
        "eq-parity",
        "Parity of a prefix",
        parity[t],
        Mod(plus(parity[t - 1], bit[t]), 2),
        "parity",
        "definition",
        ("parity_targets",),
    ),
    Equation(
        "eq-parity-weights",
        "The hand-built network's recurrent weights",
        W,
        ImmutableMatrix([[1, -1], [1, -1]]),
        "parity",
        "definition",
        ("or_and_automaton", "squared_weights", "torch_parity_network"),
    ),
    Equation(
        "eq-parity-network",
        "A two-unit network that computes parity",
        h(t),
        sigmoid_of(
            MatMul(
                gain, MatAdd(W * h(t - 1), MatMul(bit[t], OneMatrix(2, 1)), MatMul(-1, thresholds))
            )
        ),
        "parity",
        "definition",
        ("or_and_automaton", "torch_parity_network"),
    ),
    Equation(
        "eq-parity-readout",
        "Its readout: a logit, positive where the parity is odd",
        Symbol("z_{t}"),
        times(gain, plus(unit[t, 1], -unit[t, 2], -half)),
        "parity",
        "definition",
        ("parity_logit",),
    ),
    Equation(
        "eq-parity-nilpotent",
        "Its recurrent weights vanish when squared",
        MatPow(W, 2),
        ZeroMatrix(2, 2),
        "parity",
        "result",
        ("squared_weights",),
    ),
    Equation(
        "eq-parity-jacobian",
        "Its Jacobian, one step",
        d_parity_step,
        MatMul(
            gain,
            unit_slopes,
            W,
        ),
        "parity",
        "result",
        ("torch_parity_network", "tape_parity_network", "parity_differences"),
        mistakes=(
            Mistake(
                "the gain forgotten",
                MatMul(unit_slopes, W),
                "The gain stands inside σ, so the chain rule brings it out.",
            ),
            WEIGHTS_TRANSPOSED(MatMul(gain, unit_slopes, W.T)),
            Mistake(
                "slope of tanh",
                MatMul(
                    gain, DiagMatrix(MatAdd(OneMatrix(2, 1), MatMul(-1, HadamardPower(h(t), 2)))), W
                ),
                "These units are σ, whose slope is h (1 - h).",
            ),
            SLOPE_AT_RIGHT(MatMul(gain, W, unit_slopes)),
        ),
    ),
)

XNOR = (
    Equation(
        "eq-xnor",
        "XNOR of a prefix: 1 where the number of ones is even",
        xnor[t],
        plus(1, -Mod(Sum(bit[j], (j, 1, t)), 2)),
        "xnor",
        "definition",
        ("xnor_targets",),
    ),
    Equation(
        "eq-xnor-parity",
        "XNOR is the complement of parity",
        xnor[t],
        plus(1, -parity[t]),
        "xnor",
        "result",
        ("xnor_targets",),
    ),
    Equation(
        "eq-xnor-fold-step",
        "Folding the two-input XNOR",
        fold[t],
        plus(1, -Mod(plus(fold[t - 1], bit[t]), 2)),
        "xnor",
        "definition",
        ("fold_targets",),
    ),
    Equation(
        "eq-xnor-fold",
        "The fold is XNOR for even t, parity for odd t",
        fold[t],
        Piecewise((xnor[t], Eq(Mod(t, 2), 0)), (parity[t], True)),
        "xnor",
        "result",
        ("fold_targets",),
    ),
)

ADDING = (
    Equation(
        "eq-adding-previous",
        "The last marked step before t",
        previous[t],
        Piecewise((t - 1, Eq(marker[t - 1], 1)), (previous[t - 1], True)),
        "adding",
        "definition",
        ("adding_stream",),
    ),
    Equation(
        "eq-adding-target",
        "The target of the adding problem",
        target[t],
        times(
            Iverson(Eq(marker[t], 1)),
            Iverson(previous[t] > 0),
            plus(number[t], number[previous[t]]),
        ),
        "adding",
        "definition",
        ("adding_stream",),
    ),
    Equation(
        "eq-adding-zero",
        "What predicting 0 costs",
        Symbol(r"\mathbb{E}\left[y_t^2\right]"),
        third,
        "adding",
        "result",
        ("exact_integrals", "adding_table", "adding_simulation"),
        via=(times(UnevaluatedExpr(half), Integral(plus(u, p) ** 2 / 4, from_p, from_u)),),
    ),
    Equation(
        "eq-adding-linear",
        "What the best linear answer to the current input costs",
        Symbol(r"\min_a \mathbb{E}\left[(y_t - a u_t)^2\right]"),
        Rational(1, 4),
        "adding",
        "result",
        ("exact_integrals", "best_linear_answer", "adding_table", "adding_simulation"),
        via=(
            times(
                UnevaluatedExpr(half),
                Integral(plus(plus(u / 2, p) ** 2, (u / 2) ** 2) / 4, from_p, from_u),
            ),
        ),
    ),
    Equation(
        "eq-adding-memoryless",
        "What the best answer to the current input costs",
        Symbol(r"\mathbb{E}\left[(y_t - [m_t = 1]\, u_t)^2\right]"),
        Rational(1, 6),
        "adding",
        "result",
        ("exact_integrals", "adding_table", "adding_simulation"),
        via=(times(UnevaluatedExpr(half), Integral(p**2 / 2, from_p)),),
    ),
    Equation(
        "eq-adding-rung",
        "What remembering k steps still costs",
        Symbol(r"\mathrm{MSE}_k"),
        times(UnevaluatedExpr(Rational(1, 6)), Pow(2, -k)),
        "adding",
        "result",
        ("exact_integrals", "adding_table", "adding_simulation"),
        via=(times(Pow(2, -k), UnevaluatedExpr(half), Integral(p**2 / 2, from_p)),),
    ),
)

PARAMETERS = (
    Equation(
        "eq-rnn-parameters",
        "Parameters of a plain recurrent layer",
        Symbol(r"n_{\mathrm{RNN}}"),
        times(H, plus(D, H, 2)),
        "mnist-rows",
        "result",
        ("counted_parameters",),
    ),
    Equation(
        "eq-gru-parameters",
        "Parameters of a GRU layer",
        Symbol(r"n_{\mathrm{GRU}}"),
        times(3, H, plus(D, H, 2)),
        "mnist-rows",
        "result",
        ("counted_parameters",),
    ),
    Equation(
        "eq-lstm-parameters",
        "Parameters of an LSTM layer",
        Symbol(r"n_{\mathrm{LSTM}}"),
        times(4, H, plus(D, H, 2)),
        "mnist-rows",
        "result",
        ("counted_parameters",),
    ),
)
