"""Mistakes that students make in more than one gradient, each with its sentence of advice.

A slip is called with the formula that it leads to, ``SLOPE_FORGOTTEN(R * deltas(t + 1))``, and
gives the `Mistake` that an equation lists. Mistakes of one equation only are written beside it.
"""

from collections.abc import Callable

from sympy import Basic

from unrolled.derivations.notation import Mistake

Slip = Callable[[Basic], Mistake]


def slip(name: str, why: str) -> Slip:
    """Name a mistake that is made in several places; the result wants the wrong formula."""
    return lambda rhs: Mistake(name, rhs, why)


SLOPE_FORGOTTEN = slip(
    "slope of tanh forgotten",
    "This is the gradient at the state; times 1 - h² it is that at the pre-activation.",
)
TANH_TWICE = slip(
    "tanh taken twice",
    "The state is already a tanh: its slope is 1 - h², not 1 - tanh²(h).",
)
SLOPE_TWICE = slip(
    "slope counted twice",
    "δ_t is the gradient at the pre-activation: the slope of tanh is in it.",
)
SECOND_MEAN = slip(
    "a second mean over the batch",
    "The 1/B of the mean is already inside the gradient at the output.",
)
BATCH_NOT_SUMMED = slip(
    "no sum over the batch",
    "All sequences share the bias, so its gradient adds up their columns.",
)
WRONG_AXIS = slip(
    "summed over the wrong axis",
    "Each row has a bias of its own: the sum runs over the sequences of the batch.",
)
STATE_TOO_LATE = slip(
    "h_t for h_{t-1}",
    "At step t the recurrent weights met the state before it, h_{t-1}.",
)
TRANSPOSED = slip(
    "transposed",
    "A gradient has its weight's own shape; where that is square, no error message says so.",
)
UPHILL = slip(
    "the sign turned",
    "The slope is that of (answer - target); with its sign turned, training climbs.",
)
LINEAR_STEP = slip(
    "slope of tanh forgotten",
    "Between two states stands a tanh; without its slopes this holds for a linear network.",
)
WEIGHTS_TRANSPOSED = slip(
    "recurrent weights transposed",
    "Row i of a Jacobian is unit i of the later state: the weights stay as they are.",
)
SLOPE_AT_RIGHT = slip(
    "slope on the wrong side",
    "The slope belongs to the later state: it multiplies rows, so it stands on the left.",
)
EXTRA_SLOPE = slip(
    "one slope too many",
    "The logarithm of the loss cancels this slope; it stays with the squared error only.",
)
