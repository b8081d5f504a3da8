"""Equations of two proofs: two units compute parity for ever, and one unit cannot.

Chapter `gradients`. d_t is the difference of the two units of eq-parity-network, so W h_{t-1} is
d_{t-1} in both rows; s_t is the parity that it should be. In the second proof h_t and h'_t are two
states of one unit after the same bit, and a_t and a'_t what stands inside their tanh.
"""

from sympy import Abs, Eq, IndexedBase, Piecewise, Rational, Symbol, cosh, sinh, symbols

from unrolled.derivations.notation import Equation, Mistake, plus, sigmoid, times
from unrolled.derivations.targets import bit, gain, half, parity, unit

t = Symbol("t", integer=True, positive=True)
d = IndexedBase("d")
epsilon, w = symbols("varepsilon w")
quarter = Rational(1, 4)
d_step = Symbol(r"\frac{\partial d_t}{\partial d_{t-1}}")
d_reach = Symbol(r"\left|\frac{\partial d_t}{\partial d_0}\right|")
h_one, h_two = IndexedBase("h"), IndexedBase("h'")
a_one, a_two = IndexedBase("a"), IndexedBase("a'")


def switch(threshold, before=None):
    """Write σ(k(d_{t-1} + x_t − threshold)), a unit of the network."""
    return sigmoid(times(gain, plus(d[t - 1] if before is None else before, bit[t], -threshold)))


def tail(distance):
    """Write σ(−k · distance): how far a unit is from its limit, so far from its threshold."""
    return sigmoid(-times(gain, distance))


def slope_of(number):
    """Write h(1 − h), the slope of one of the units over its gain."""
    return times(unit[t, number], plus(1, -unit[t, number]))


near, far, beyond = plus(half, -epsilon), plus(half, epsilon), plus(3 * half, -epsilon)

PARITY_PROOF = (
    Equation(
        "eq-parity-difference",
        "The two-unit network in one number",
        d[t],
        plus(switch(half), -switch(3 * half)),
        "gradients",
        "result",
        ("hand_built_network", "two_units"),
        mistakes=(
            Mistake(
                "the units added",
                plus(switch(half), switch(3 * half)),
                "'Or, but not and' takes the second unit away.",
            ),
            Mistake(
                "the thresholds exchanged",
                plus(switch(3 * half), -switch(half)),
                "The unit with the lower threshold says 'or', and is the one that counts.",
            ),
        ),
    ),
    Equation(
        "eq-parity-cases",
        "How far the difference is off after a step, if it was off by at most ε",
        Abs(plus(d[t], -parity[t]), evaluate=False),
        Piecewise(
            (plus(tail(near), -tail(beyond)), Eq(parity[t - 1], bit[t])),
            (plus(tail(near), tail(far)), True),
        ),
        "gradients",
        "bound",
        ("ends_by_algebra", "all_four_cases"),
        mistakes=(
            Mistake(
                "the error does not enter",
                Piecewise(
                    (plus(tail(half), -tail(3 * half)), Eq(parity[t - 1], bit[t])),
                    (times(2, tail(half)), True),
                ),
                "The step starts from a state that is off by up to ε, nearer to the threshold.",
            ),
            Mistake(
                "one unit's error for both",
                tail(near),
                "Where state and bit differ, both units are off, in opposite directions.",
            ),
        ),
    ),
    Equation(
        "eq-parity-gain",
        "With a gain of 4 ln 7 or more an error of ¼ does not grow",
        times(2, sigmoid(-gain / 4)),
        quarter,
        "gradients",
        "bound",
        ("solved_for_the_gain",),
        mistakes=(Mistake("one half", half, "The bound would hold for gains that let it grow."),),
    ),
    Equation(
        "eq-parity-invariant",
        "The difference stays near the parity, on every string",
        Abs(plus(d[t], -parity[t]), evaluate=False),
        quarter,
        "gradients",
        "bound",
        ("every_string",),
        mistakes=(
            Mistake("one eighth", quarter / 2, "The start itself may be off by one quarter."),
        ),
    ),
    Equation(
        "eq-parity-slope",
        "How the difference answers to the one before",
        d_step,
        times(gain, plus(slope_of(1), -slope_of(2))),
        "gradients",
        "result",
        ("torch_slope", "tape_slope", "slope_differences"),
        mistakes=(
            Mistake("the gain forgotten", plus(slope_of(1), -slope_of(2)), "σ(ka)′ = kσ′(ka)."),
            Mistake(
                "the slopes added",
                times(gain, plus(slope_of(1), slope_of(2))),
                "The second unit is subtracted, and so is its slope.",
            ),
            Mistake(
                "σ′ forgotten",
                times(gain, plus(unit[t, 1], -unit[t, 2])),
                "The slope of σ is σ(1 − σ), not σ.",
            ),
        ),
    ),
    Equation(
        "eq-parity-forgets",
        "What is left of the gradient after t steps",
        d_reach,
        times(gain, tail(near)) ** t,
        "gradients",
        "bound",
        ("products_of_slopes",),
        mistakes=(
            Mistake(
                "the slope without the gain",
                tail(near) ** t,
                "Each step multiplies by the gain too.",
            ),
        ),
    ),
)

ONE_UNIT = (
    Equation(
        "eq-one-unit",
        "Two states of one unit, after the same bit",
        plus(h_one[t], -h_two[t]),
        sinh(times(w, plus(h_one[t - 1], -h_two[t - 1]))) / times(cosh(a_one[t]), cosh(a_two[t])),
        "gradients",
        "result",
        ("numpy_unit", "torch_unit", "tanh_by_algebra"),
        mistakes=(
            Mistake(
                "the difference of the arguments alone",
                times(w, plus(h_one[t - 1], -h_two[t - 1])),
                "tanh is no straight line: it shortens the distance.",
            ),
            Mistake(
                "sinh of the sum",
                sinh(times(w, plus(h_one[t - 1], h_two[t - 1])))
                / times(cosh(a_one[t]), cosh(a_two[t])),
                "The bias and the bit cancel only in the difference.",
            ),
        ),
    ),
)

PROOFS = (*PARITY_PROOF, *ONE_UNIT)
