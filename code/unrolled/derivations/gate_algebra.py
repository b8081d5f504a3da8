"""Gate algebra: what gates can do with one number, and which cell can do what the other does.

Chapter `gate-algebra`. Gates act entry by entry, so the letters of this module are numbers: one
entry of each vector of `gates`. `carrying` says for how long; `gate_jacobians` and `gate_backward`
hold the derivatives of whole steps.
"""

from sympy import (
    Abs,
    IndexedBase,
    Limit,
    Max,
    Product,
    Sum,
    atanh,
    oo,
    symbols,
    tanh,
)

from unrolled.derivations.notation import Equation, Mistake, plus, sigmoid, times

t, k, j, T = symbols("t k j T", integer=True, positive=True)
h, c, i, f, g, o, z, n = (IndexedBase(letter) for letter in "hcifgozn")
a, b, x, epsilon = symbols(r"a b x \varepsilon")
a_f, a_i, a_z = symbols("a_f a_i a_z")
CHAPTER = "gate-algebra"

memory_line = plus(times(sigmoid(a_f), c[t - 1]), times(sigmoid(a_i), g[t]))
state_line = plus(times(plus(1, -sigmoid(a_z)), n[t]), times(sigmoid(a_z), h[t - 1]))


def slowly(expression, *limits):
    """Write nested limits, the outermost variable first."""
    for variable, place in reversed(limits):
        expression = Limit(expression, variable, place, "-" if place is oo else "+")
    return expression


UNITS = (
    Equation(
        "eq-unit-memory",
        "One entry of an LSTM's memory",
        c[t],
        plus(times(f[t], c[t - 1]), times(i[t], g[t])),
        CHAPTER,
        "definition",
        ("numpy_unit", "torch_unit"),
    ),
    Equation(
        "eq-unit-output",
        "One entry of an LSTM's output",
        h[t],
        times(o[t], tanh(c[t])),
        CHAPTER,
        "definition",
        ("numpy_unit", "torch_unit"),
    ),
    Equation(
        "eq-unit-state",
        "One entry of a GRU's state",
        h[t],
        plus(times(plus(1, -z[t]), n[t]), times(z[t], h[t - 1])),
        CHAPTER,
        "definition",
        ("numpy_gru_unit", "torch_gru_unit"),
        mistakes=(
            Mistake(
                "z with the opposite sign",
                plus(times(z[t], n[t]), times(plus(1, -z[t]), h[t - 1])),
                "That is the convention of Chung and others; here z = 1 keeps the old state.",
            ),
        ),
    ),
    Equation(
        "eq-sigmoid-flip",
        "Turning a gate round is changing its sign",
        plus(1, -sigmoid(a)),
        sigmoid(-a),
        CHAPTER,
        "result",
        ("by_algebra", "torch_sigmoid"),
    ),
)

STORE = (
    Equation(
        "eq-lstm-store",
        "Store: forget all, write all",
        slowly(memory_line, (a_f, -oo), (a_i, oo)),
        g[t],
        CHAPTER,
        "result",
        ("limit_taken", "saturated_cell"),
    ),
    Equation(
        "eq-gru-store",
        "Store, in a GRU",
        slowly(state_line, (a_z, -oo)),
        n[t],
        CHAPTER,
        "result",
        ("limit_taken", "saturated_cell"),
        mistakes=(
            Mistake(
                "the update gate read the other way round",
                h[t - 1],
                "With z at 0 the factor 1 - z in front of the candidate is 1.",
            ),
        ),
    ),
    Equation(
        "eq-store-error",
        "What a finite pre-activation leaves of the old memory",
        Abs(plus(c[t], -g[t]), evaluate=False),
        times(sigmoid(-b), plus(Abs(c[t - 1]), Abs(g[t]))),
        CHAPTER,
        "bound",
        ("gates_within_b",),
    ),
    Equation(
        "eq-squash-error",
        "What the candidate's tanh does to a number",
        Abs(plus(x, -tanh(epsilon * x) / epsilon), evaluate=False),
        times(epsilon**2, Abs(x) ** 3) / 3,
        CHAPTER,
        "bound",
        ("squashed_numbers",),
    ),
)

KEEP = (
    Equation(
        "eq-lstm-keep",
        "Keep: forget nothing, write nothing",
        slowly(memory_line, (a_f, oo), (a_i, -oo)),
        c[t - 1],
        CHAPTER,
        "result",
        ("limit_taken", "saturated_cell"),
    ),
    Equation(
        "eq-gru-keep",
        "Keep, in a GRU",
        slowly(state_line, (a_z, oo)),
        h[t - 1],
        CHAPTER,
        "result",
        ("limit_taken", "saturated_cell"),
        mistakes=(
            Mistake(
                "z = 1 means update",
                n[t],
                "In this book, as in Cho's paper and PyTorch, z = 1 keeps the old state.",
            ),
        ),
    ),
    Equation(
        "eq-memory-unrolled",
        "What the memory holds after many steps",
        c[T],
        plus(
            times(c[k], Product(f[t], (t, k + 1, T))),
            Sum(times(i[j], g[j], Product(f[t], (t, j + 1, T))), (j, k + 1, T)),
        ),
        CHAPTER,
        "result",
        ("numpy_unit_over_time", "torch_unit_over_time"),
        mistakes=(
            Mistake(
                "the last forget gate to a power",
                plus(
                    times(c[k], f[T] ** (T - k)),
                    Sum(times(i[j], g[j], f[T] ** (T - j)), (j, k + 1, T)),
                ),
                "The gates differ from step to step: it is their product, not a power of one.",
            ),
            Mistake(
                "what was written is not forgotten",
                plus(
                    times(c[k], Product(f[t], (t, k + 1, T))),
                    Sum(times(i[j], g[j]), (j, k + 1, T)),
                ),
                "What enters at step j passes all later forget gates.",
            ),
            Mistake(
                "what is written passes its own forget gate",
                plus(
                    times(c[k], Product(f[t], (t, k + 1, T))),
                    Sum(times(i[j], g[j], Product(f[t], (t, j, T))), (j, k + 1, T)),
                ),
                "The forget gate of step j multiplies the memory before i and g are added.",
            ),
        ),
    ),
)

SPECIAL = (
    Equation(
        "eq-lstm-reach",
        "How far an LSTM's output reaches in a step",
        Abs(h[t]),
        tanh(plus(1, Abs(c[t - 1]))),
        CHAPTER,
        "bound",
        ("lstm_outputs",),
    ),
    Equation(
        "eq-gru-reach",
        "How far a GRU's state reaches in a step",
        Abs(h[t]),
        Max(1, Abs(h[t - 1])),
        CHAPTER,
        "bound",
        ("gru_outputs",),
    ),
    Equation(
        "eq-needed-gate",
        "The input gate with which an empty LSTM would show h",
        i[1],
        atanh(h[1] / o[1]) / g[1],
        CHAPTER,
        "result",
        ("solved_for_i", "first_step_of_lstm"),
        mistakes=(
            Mistake(
                "no tanh on the way out",
                h[1] / (o[1] * g[1]),
                "The memory is squashed before the output gate lets it out.",
            ),
        ),
    ),
)

GATE_ALGEBRA = (*UNITS, *STORE, *KEEP, *SPECIAL)
