"""The Jacobians of one step of the LSTM and of the GRU.

Chapter `gate-algebra`. The letters are those of `gates`. A Jacobian of another equation stands in
these as a symbol of its own, so that each line is one use of the chain rule.
"""

from sympy import (
    BlockMatrix,
    DiagMatrix,
    HadamardProduct,
    MatAdd,
    MatMul,
    MatrixSymbol,
    OneMatrix,
    ZeroMatrix,
    tanh,
)
from sympy.matrices.expressions.hadamard import HadamardPower

from unrolled.derivations.gates import H, W_hn, b_hn, c, f, g, h, i, n, o, r, t, z
from unrolled.derivations.notation import Equation, Mistake, path

CHAPTER = "gate-algebra"
JACOBIAN = ("torch_jacobians", "tensorflow_jacobians", "jacobian_differences")
PUBLISHED = (
    "published_torch_jacobians",
    "published_tensorflow_jacobians",
    "published_differences",
)

q = path("q", H)
W = {gate: MatrixSymbol(f"W_{{h{gate}}}", H, H) for gate in "ifgorzn"}


def by_old_state(name: str, rows=H, columns=H, state: str = "h_{t-1}") -> MatrixSymbol:
    """Name a Jacobian: ∂(name) / ∂h_{t-1}."""
    return MatrixSymbol(rf"\frac{{\partial {name}}}{{\partial {state}}}", rows, columns)


def one_minus(v):
    """Write 1 - v."""
    return MatAdd(OneMatrix(H, 1), MatMul(-1, v))


def had(*factors):
    """Multiply element by element, in this order."""
    return HadamardProduct(*factors)


def diag(*factors):
    """Put the elementwise product of some vectors on a diagonal."""
    return DiagMatrix(had(*factors) if len(factors) > 1 else factors[0])


def sigma_slope(v):
    """Write σ' in terms of the gate's value: v ⊙ (1 - v)."""
    return v, one_minus(v)


def tanh_slope(v):
    """Write tanh' in terms of its value: 1 - v ⊙ v."""
    return MatAdd(OneMatrix(H, 1), MatMul(-1, HadamardPower(v, 2)))


tanh_c = c(t).applyfunc(tanh)
di, df, dg, do = (by_old_state(f"{gate}_t") for gate in "ifgo")
dr, dz, dn = (by_old_state(f"{gate}_t") for gate in "rzn")
dc, dh = by_old_state("c_t"), by_old_state("h_t")
dc_dc, dh_dc = by_old_state("c_t", state="c_{t-1}"), by_old_state("h_t", state="c_t")
whole = by_old_state("(c_t, h_t)", 2 * H, 2 * H, "(c_{t-1}, h_{t-1})")
q_t = MatAdd(W_hn * h(t - 1), b_hn)
SLOPE = "σ′ forgotten"
TRANSPOSED = "W_hh transposed"
WHY_SLOPE = "The gate is a σ of its pre-activation: its slope, v(1 - v), belongs into the chain."
WHY_TRANSPOSED = "Row k of the Jacobian belongs to unit k of the new state, as row k of W_hh does."

LSTM_JACOBIAN = (
    Equation(
        "eq-gate-jacobian",
        "How a gate answers to the output before it",
        df,
        MatMul(diag(*sigma_slope(f(t))), W["f"]),
        CHAPTER,
        "result",
        JACOBIAN,
        mistakes=(
            Mistake(SLOPE, W["f"], WHY_SLOPE),
            Mistake(TRANSPOSED, MatMul(diag(*sigma_slope(f(t))), W["f"].T), WHY_TRANSPOSED),
        ),
    ),
    Equation(
        "eq-candidate-jacobian",
        "How the candidate answers to the output before it",
        dg,
        MatMul(diag(tanh_slope(g(t))), W["g"]),
        CHAPTER,
        "result",
        JACOBIAN,
        mistakes=(
            Mistake("tanh′ forgotten", W["g"], "The slope of tanh is 1 - g², not 1."),
            Mistake(
                "σ′ for tanh′",
                MatMul(diag(*sigma_slope(g(t))), W["g"]),
                "The candidate is a tanh: its slope is 1 - g².",
            ),
        ),
    ),
    Equation(
        "eq-lstm-memory-path",
        "How the memory answers to the memory before it",
        dc_dc,
        diag(f(t)),
        CHAPTER,
        "result",
        JACOBIAN,
        mistakes=(
            Mistake("the input gate's value", diag(i(t)), "i multiplies the candidate, f keeps."),
            Mistake(
                "the gate of the step before", diag(f(t - 1)), "Step t multiplies c_{t-1} by f_t."
            ),
        ),
    ),
    Equation(
        "eq-lstm-memory-by-output",
        "How the memory answers to the output before it",
        dc,
        MatAdd(diag(c(t - 1)) * df, diag(g(t)) * di, diag(i(t)) * dg),
        CHAPTER,
        "result",
        JACOBIAN,
        mistakes=(
            Mistake(
                "c_t for c_{t-1}",
                MatAdd(diag(c(t)) * df, diag(g(t)) * di, diag(i(t)) * dg),
                "The forget gate multiplies the old memory: ∂c_t/∂f_t is c_{t-1}.",
            ),
            Mistake(
                "the candidate only",
                diag(i(t)) * dg,
                "The gates read h_{t-1} as well, and c_t answers to them.",
            ),
        ),
    ),
    Equation(
        "eq-lstm-output-by-memory",
        "How the output answers to the memory of the same step",
        dh_dc,
        diag(o(t), tanh_slope(tanh_c)),
        CHAPTER,
        "result",
        JACOBIAN,
        mistakes=(
            Mistake("tanh′ forgotten", diag(o(t)), "The memory passes a tanh on its way out."),
            Mistake(
                "tanh′ of the wrong thing",
                diag(o(t), tanh_slope(c(t))),
                "The slope is 1 - tanh²(c): it needs the value of the tanh, not its argument.",
            ),
        ),
    ),
    Equation(
        "eq-lstm-jacobian",
        "The Jacobian of a whole step of the LSTM",
        whole,
        BlockMatrix(
            [
                [diag(f(t)), dc],
                [dh_dc * diag(f(t)), MatAdd(dh_dc * dc, diag(tanh_c) * do)],
            ]
        ),
        CHAPTER,
        "result",
        JACOBIAN,
        mistakes=(
            Mistake(
                "the cell-state path dropped",
                BlockMatrix(
                    [
                        [ZeroMatrix(H, H), dc],
                        [ZeroMatrix(H, H), MatAdd(dh_dc * dc, diag(tanh_c) * do)],
                    ]
                ),
                "The old memory acts on the new one through f, whatever the gates see.",
            ),
            Mistake(
                "the output gate for a constant",
                BlockMatrix([[diag(f(t)), dc], [dh_dc * diag(f(t)), dh_dc * dc]]),
                "The output gate reads h_{t-1} too.",
            ),
            Mistake(
                "the two states in the other order",
                BlockMatrix(
                    [
                        [MatAdd(dh_dc * dc, diag(tanh_c) * do), dh_dc * diag(f(t))],
                        [dc, diag(f(t))],
                    ]
                ),
                "The left side lists c first and h second, in rows and in columns.",
            ),
        ),
    ),
)


def new_state(of_candidate):
    """Write the GRU's Jacobian with a given last term."""
    return MatAdd(diag(z(t)), diag(MatAdd(h(t - 1), MatMul(-1, n(t)))) * dz, of_candidate)


after = MatMul(diag(tanh_slope(n(t))), MatAdd(diag(r(t)) * W_hn, diag(q(t)) * dr))
before = MatMul(diag(tanh_slope(n(t))), W_hn, MatAdd(diag(r(t)), diag(h(t - 1)) * dr))
CONFUSED = "reset before and after confused"

GRU_JACOBIAN = (
    Equation(
        "eq-gru-reset-meets",
        "What the reset gate meets when it acts after the product",
        q(t),
        q_t,
        CHAPTER,
        "definition",
        ("numpy_gru_q",),
    ),
    Equation(
        "eq-gru-jacobian",
        "The Jacobian of a step of the GRU, in either form",
        dh,
        new_state(diag(one_minus(z(t))) * dn),
        CHAPTER,
        "result",
        (*JACOBIAN, *PUBLISHED),
        mistakes=(
            Mistake(
                "the old state's own path dropped",
                MatAdd(*new_state(diag(one_minus(z(t))) * dn).args[1:]),
                "The old state is handed on through z, whatever the gates see.",
            ),
            Mistake(
                "z with the opposite sign",
                MatAdd(
                    diag(one_minus(z(t))),
                    diag(MatAdd(n(t), MatMul(-1, h(t - 1)))) * dz,
                    diag(z(t)) * dn,
                ),
                "That is the convention of Chung and others; here z = 1 keeps the old state.",
            ),
            Mistake(
                "the update gate for a constant",
                MatAdd(diag(z(t)), diag(one_minus(z(t))) * dn),
                "The update gate reads h_{t-1} too.",
            ),
        ),
    ),
    Equation(
        "eq-gru-candidate-jacobian",
        "How the candidate answers to the old state, reset after the product",
        dn,
        after,
        CHAPTER,
        "result",
        JACOBIAN,
        mistakes=(
            Mistake(CONFUSED, before, "In this form r multiplies W_hn h + b_hn, not h alone."),
            Mistake(
                "the reset gate for a constant",
                MatMul(diag(tanh_slope(n(t))), diag(r(t)), W_hn),
                "The reset gate reads h_{t-1} too.",
            ),
        ),
    ),
    Equation(
        "eq-gru-candidate-jacobian-published",
        "How the candidate answers to the old state, reset before the product",
        dn,
        before,
        CHAPTER,
        "result",
        PUBLISHED,
        mistakes=(
            Mistake(CONFUSED, after, "In the published form r multiplies h before W_hn does."),
        ),
    ),
)

GATE_JACOBIANS = (*LSTM_JACOBIAN, *GRU_JACOBIAN)
