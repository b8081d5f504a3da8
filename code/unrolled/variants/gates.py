"""One step of an LSTM with one unit, by hand: the gates, the memory, the output.

The book's equations are about vectors; with one input and one unit every matrix is a number. The
two biases of a gate are always added, so the sheet gives their sum.
"""

from __future__ import annotations

from sympy import Basic, HadamardProduct, IndexedBase, MatAdd, MatMul, MatrixSymbol, S, Symbol, tanh
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from unrolled.derivations.gates import LSTM, t
from unrolled.derivations.notation import At, plus, sigmoid, times
from unrolled.variants.choices import BIASES, INPUTS, tenths
from unrolled.variants.model import Asked, Given, Line, Question, Slip

WEIGHTS = tenths(-15, 15, least=2)
STATES = tenths(-9, 9, least=2)
MEMORIES = tenths(-15, 15, least=3)
GATES = "ifgo"


def as_number(expression: Basic) -> Basic:
    """Write an expression of matrices for one row and one column; b_{hi} and its like are 0."""
    parts = [as_number(part) for part in expression.args if isinstance(part, Basic)]
    match expression:
        case At():
            return IndexedBase(expression.args[0].name)[expression.args[1]]
        case MatrixSymbol():
            return _letter(expression.name)
        case ElementwiseApplyFunction():
            return expression.function(as_number(expression.expr))
        case MatAdd():
            return plus(*(part for part in parts if part != 0))
        case MatMul() | HadamardProduct():
            return times(*parts)
    return expression


def _letter(name: str) -> Basic:
    """Keep a weight's name; the input's bias b_{ii} becomes b_{i}, and the state's is 0."""
    if not name.startswith("b"):
        return Symbol(name)
    return S.Zero if name[3] == "h" else Symbol(f"b_{{{name[4]}}}")


i, f, g, o, c, h, x = (IndexedBase(letter) for letter in "ifgochx")
LINES = {
    claim.label[-1]: Line(claim.label, as_number(claim.lhs), as_number(claim.rhs), 1)
    for claim in LSTM
}


def _in_gates(name: str, why: str, swap: dict) -> Slip:
    """Make the same mistake inside all gates."""
    lines = [LINES[letter] for letter in GATES]
    return Slip(name, why, {line.label: line.right.xreplace(swap) for line in lines})


def _in(letter: str, name: str, why: str, formula: Basic) -> Slip:
    return Slip(name, why, {LINES[letter].label: formula})


def _exchanged(name: str, why: str, memory: Basic, output: Basic) -> Slip:
    """Use two gates for each other in both places."""
    return Slip(name, why, {LINES["c"].label: memory, LINES["h"].label: output})


SLIPS = (
    _in_gates(
        "no biases",
        "Every gate adds a bias of its own.",
        {Symbol(f"b_{{{gate}}}"): S.Zero for gate in GATES},
    ),
    _in_gates(
        "the gates do not read h_{t-1}",
        "Every gate reads the input and the output of the step before.",
        {h[t - 1]: S.Zero},
    ),
    _in_gates(
        "the gates read the memory",
        "The gates read h_{t-1}; the memory c_{t-1} is kept and added to.",
        {h[t - 1]: c[t - 1]},
    ),
    _in_gates(
        "x_t and h_{t-1} exchanged",
        "In W_{ii} the first letter says what is read: i for the input, h for h_{t-1}.",
        {h[t - 1]: x[t], x[t]: h[t - 1]},
    ),
    Slip(
        "tanh for σ in the gates",
        "A gate lets a share between 0 and 1 through: it is a σ.",
        {LINES[gate].label: LINES[gate].right.replace(sigmoid, tanh) for gate in "ifo"},
    ),
    _in(
        "g",
        "σ for tanh in the candidate",
        "The candidate may lower the memory as well as raise it: it is a tanh.",
        LINES["g"].right.replace(tanh, sigmoid),
    ),
    _in(
        "c",
        "input and forget gate exchanged",
        "The forget gate multiplies the old memory, the input gate the candidate.",
        plus(times(i[t], c[t - 1]), times(f[t], g[t])),
    ),
    _in(
        "c",
        "the old memory left out",
        "The memory keeps what the forget gate lets through, and adds to it.",
        times(i[t], g[t]),
    ),
    _in(
        "c",
        "1 − f for the input gate",
        "The two gates of an LSTM are independent; a GRU couples them.",
        plus(times(f[t], c[t - 1]), times(plus(1, -f[t]), g[t])),
    ),
    _in(
        "c",
        "h_{t-1} for the old memory",
        "What is kept is c_{t-1}; h_{t-1} is what has been shown of it.",
        plus(times(f[t], h[t - 1]), times(i[t], g[t])),
    ),
    _in(
        "h",
        "tanh of the memory forgotten",
        "The memory is squashed before the output gate shows some of it.",
        times(o[t], c[t]),
    ),
    _in(
        "h",
        "tanh around the product",
        "The tanh is taken of the memory alone; the gate multiplies afterwards.",
        tanh(times(o[t], c[t])),
    ),
    _exchanged(
        "input and output gate exchanged",
        "The input gate acts before the memory is written, the output gate after.",
        plus(times(f[t], c[t - 1]), times(o[t], g[t])),
        times(i[t], tanh(c[t])),
    ),
    _exchanged(
        "forget and output gate exchanged",
        "The forget gate multiplies the old memory; the output gate, what is shown of the new.",
        plus(times(o[t], c[t - 1]), times(i[t], g[t])),
        times(f[t], tanh(c[t])),
    ),
    _in(
        "h",
        "the old memory shown",
        "The output shows the new memory, c_t.",
        times(o[t], tanh(c[t - 1])),
    ),
)

GATE_STEP = Question(
    "gates",
    "One step of an LSTM",
    (
        r"An LSTM has one input and one unit. Its input gate $i$, forget gate $f$ and output gate "
        r"$o$ use $\sigma(a) = 1 / (1 + e^{-a})$, its candidate $g$ uses $\tanh$. In $W_{if}$ the "
        r"first letter says what is read, $i$ for the input and $h$ for the output of the step "
        r"before; the second names the gate. Each gate has one bias.",
        r"Write down one step. Then compute the gates $i_1, f_1, g_1, o_1$, the memory $c_1$ and "
        r"the output $h_1$.",
    ),
    (
        (
            Given("x1", "x_1", "x", 1, INPUTS),
            Given("h0", "h_0", "h", 0, STATES),
            Given("c0", "c_0", "c", 0, MEMORIES),
        ),
        *(
            (
                Given(f"wi{gate}", f"W_{{i{gate}}}", f"W_{{i{gate}}}", None, WEIGHTS),
                Given(f"wh{gate}", f"W_{{h{gate}}}", f"W_{{h{gate}}}", None, WEIGHTS),
                Given(f"b{gate}", f"b_{gate}", f"b_{{{gate}}}", None, BIASES),
            )
            for gate in GATES
        ),
    ),
    tuple(LINES[letter] for letter in "ifgoch"),
    tuple(Asked(f"{letter}1", f"{letter}_1", letter, 1) for letter in "ifgoch"),
    SLIPS,
    {},
)
