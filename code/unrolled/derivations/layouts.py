"""Equations of the four layouts: in which order, and in which direction, gates are packed.

Appendix `layouts`. W_{ii} and its like are the gates' own weights, as in `gates`; the left sides
are the arrays that a library stores.
"""

from sympy import BlockMatrix, HadamardProduct, MatAdd, MatMul, MatrixSymbol, OneMatrix

from unrolled.derivations.gates import D, H, r, t
from unrolled.derivations.notation import Equation, Mistake

CHECKS = ("as_converted", "in_the_library")
d = MatrixSymbol("d", H, 1)  # what is moved from one bias to the other
b_keras, b_ih, b_hh = (MatrixSymbol(name, 4 * H, 1) for name in ("b", "b_{ih}", "b_{hh}"))
moved = MatrixSymbol(r"\Delta a_n", H, 1)


def rows(gates: str) -> BlockMatrix:
    """Pack the gates' input weights below each other."""
    return BlockMatrix([[MatrixSymbol(f"W_{{i{gate}}}", H, D)] for gate in gates])


def columns(gates: str) -> BlockMatrix:
    """Pack the gates' input weights, transposed, beside each other."""
    return BlockMatrix([[MatrixSymbol(f"W_{{i{gate}}}", H, D).T for gate in gates]])


def _array(letter: str, packed: BlockMatrix) -> MatrixSymbol:
    return MatrixSymbol(letter, *packed.shape)


def _layout(
    cell: str, library: str, letter: str, packed: BlockMatrix, *mistakes: Mistake
) -> Equation:
    """Say how one library packs one cell's input weights."""
    names = {"torch": "PyTorch", "keras": "Keras", "onnx": "ONNX"}
    return Equation(
        f"eq-layout-{library}-{cell}",
        f"The {cell.upper()}'s input weights in {names[library]}",
        _array(letter, packed),
        packed,
        "layouts",
        "definition",
        CHECKS,
        mistakes=mistakes,
    )


_SHAPES = "The shapes of both orders are the same, so nothing but the numbers can tell."
_NOT_KERAS = Mistake("Keras's order of gates", rows("zrn"), _SHAPES)

LAYOUTS = (
    _layout(
        "lstm", "torch", "W_{ih}", rows("ifgo"), Mistake("ONNX's order", rows("iofg"), _SHAPES)
    ),
    _layout(
        "lstm",
        "keras",
        "K",
        columns("ifgo"),
        Mistake("ONNX's order", columns("iofg"), _SHAPES),
        Mistake("the candidate last", columns("ifog"), "Keras's c is the candidate, the third."),
    ),
    _layout("lstm", "onnx", "W", rows("iofg"), Mistake("PyTorch's order", rows("ifgo"), _SHAPES)),
    _layout("gru", "torch", "W_{ih}", rows("rzn"), _NOT_KERAS),
    _layout("gru", "keras", "K", columns("zrn"), Mistake("PyTorch's", columns("rzn"), _SHAPES)),
    _layout("gru", "onnx", "W", rows("zrn"), Mistake("PyTorch's order", rows("rzn"), _SHAPES)),
    Equation(
        "eq-layout-bias",
        "Keras's one bias of an LSTM",
        b_keras,
        MatAdd(b_ih, b_hh),
        "layouts",
        "definition",
        CHECKS,
        mistakes=(Mistake("one of the two", b_ih, "PyTorch adds both, so both must go over."),),
    ),
    Equation(
        "eq-layout-reset-bias",
        "What moving a bias does to a GRU that resets after the product",
        moved,
        HadamardProduct(MatAdd(OneMatrix(H, 1), MatMul(-1, r(t))), d),
        "layouts",
        "result",
        ("numpy_candidate", "torch_candidate"),
        mistakes=(
            Mistake(
                "nothing, as in an LSTM",
                0 * d,
                "The reset gate multiplies one of the two biases and not the other.",
            ),
            Mistake(
                "the reset gate for one minus it",
                HadamardProduct(r(t), d),
                "What is added outside the brackets counts fully; r ⊙ d is lost inside them.",
            ),
        ),
    ),
)
