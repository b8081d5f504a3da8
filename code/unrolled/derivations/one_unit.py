"""The network of one unit, one input and one output: its letters, and how its gradient goes wrong.

The letters are those of assignment 1's sheet, with t counted from 1. g_t is the target, e_t the
gradient of the loss in what the output's σ is applied to, δ_t that in what the hidden σ is applied
to. `bptt` and `shares` write the equations with them.
"""

from collections.abc import Callable

from sympy import (
    Basic,
    IndexedBase,
    Max,
    Product,
    Rational,
    S,
    Sum,
    Symbol,
    UnevaluatedExpr,
    symbols,
)

from unrolled.derivations.notation import Mistake, plus, sigmoid, times

t, k, j, u, T, tau = symbols(r"t k j u T \tau", integer=True, positive=True)
x, h, y, g = (IndexedBase(letter) for letter in "xhyg")
e, delta = IndexedBase("e"), IndexedBase(r"\delta")
w_x, w_h, b_1, w, b_2 = WEIGHTS = symbols("w_{x} w_{h} b_{1} w b_{2}")
half = UnevaluatedExpr(Rational(1, 2))


def derivative(of: str, by: str) -> Symbol:
    """Name a derivative, for the left side of an equation."""
    return Symbol(rf"\frac{{\partial {of}}}{{\partial {by}}}")


d_wx, d_wh, d_b1, d_w, d_b2 = GRADIENTS = tuple(derivative("L", str(s)) for s in WEIGHTS)
d_theta, d_mean = derivative("L", r"\theta"), derivative(r"L_{\mathrm{mean}}", r"\theta")
d_sum = derivative(r"L_{\Sigma}", r"\theta")
reach = IndexedBase("J")  # ∂h_t/∂h_k, by t and k
share = IndexedBase("s")  # ∂L_t/∂w_x^(k), by t and k
immediate, total = IndexedBase(r"\dot{h}^{+}"), IndexedBase(r"\dot{h}")  # of h_t in w_x
cut = Symbol(r"G_{\tau}")


def slope(value: Basic) -> Basic:
    """Write σ' in terms of σ's value: v (1 - v)."""
    return times(value, plus(1, -value))


def error(step: Basic, sign: int = 1) -> Basic:
    """Write e_t out: how the loss answers to the output's pre-activation."""
    return times(plus(sign * y[step], -sign * g[step]), slope(y[step]))


def every_path(
    through: Callable[[Basic], Basic],
    error: Callable[[Basic], Basic] = lambda step: e[step],
    slope: Callable[[Basic], Basic] = lambda step: slope(h[step]),
    weight: Basic = w_h,
    first: Basic = S.One,
) -> Sum:
    """Write the gradient of a hidden weight as a sum over pairs of steps, to get parts of it wrong.

    Args:
        through: what the weight multiplies at step k.
        error: what stands for e_t.
        slope: what stands for σ' at a step.
        weight: what the path through time is multiplied by at each step.
        first: the first k of the inner sum.
    """
    path = Product(times(slope(j), weight), (j, k + 1, t))
    return Sum(times(error(t), w, path, slope(k), through(k)), (k, first, t), (t, 1, T))


def hidden_mistakes(through: Callable[[Basic], Basic]) -> tuple[Mistake, ...]:
    """List what goes wrong in the hidden weights' gradients; `through` is what one multiplies."""
    right = Sum(delta[t] * through(t), (t, 1, T))
    return (
        Mistake(
            "no path through time",
            Sum(times(e[t], w, slope(h[t]), through(t)), (t, 1, T)),
            "h_{t-1} depends on the weight as well: δ_t needs the term that comes from δ_{t+1}.",
        ),
        Mistake(
            "the path ends after one step",
            every_path(through, first=Max(1, t - 1)),
            "The recursion for δ_t runs down to step 1, not only to the step before.",
        ),
        Mistake(
            "σ′ of the hidden unit forgotten",
            every_path(through, slope=lambda step: S.One),
            "Each passage through the hidden σ multiplies by its slope, h_t (1 − h_t).",
        ),
        Mistake(
            "σ′ of the output forgotten",
            every_path(through, error=lambda step: plus(y[step], -g[step])),
            "The loss reads y_t, which has passed a σ of its own: multiply by y_t (1 − y_t).",
        ),
        Mistake(
            "σ′ taken at the value",
            every_path(through, slope=lambda step: slope(sigmoid(h[step]))),
            "h_t is σ(a_t) already: the slope is h_t (1 − h_t), not σ(h_t)(1 − σ(h_t)).",
        ),
        Mistake(
            "the recurrent weight missing on the way back",
            every_path(through, weight=S.One),
            "Between h_{t-1} and h_t stands the weight w_h, and the gradient is multiplied by it.",
        ),
        Mistake(
            "no sum over t",
            times(delta[T], through(T)),
            "The weight is used at every step, so each step adds its share.",
        ),
        *_conventions(right),
    )


def output_mistakes(through: Callable[[Basic], Basic]) -> tuple[Mistake, ...]:
    """List what goes wrong in the gradients of w and b_2; `through` is what each multiplies."""
    return (
        Mistake(
            "σ′ of the output forgotten",
            Sum(times(plus(y[t], -g[t]), through(t)), (t, 1, T)),
            "The loss reads y_t, which has passed a σ: multiply by y_t (1 − y_t).",
        ),
        Mistake(
            "σ′ taken at the value",
            Sum(times(plus(y[t], -g[t]), slope(sigmoid(y[t])), through(t)), (t, 1, T)),
            "y_t is σ of its argument already: the slope is y_t (1 − y_t).",
        ),
        Mistake(
            "no sum over t",
            times(e[T], through(T)),
            "The weight is used at every step, so each step adds its share.",
        ),
        *_conventions(Sum(e[t] * through(t), (t, 1, T))),
    )


def _conventions(right: Basic) -> tuple[Mistake, ...]:
    """List the right gradient of another loss, and of the loss turned round."""
    return (
        Mistake(
            "the loss without its ½",
            times(2, right),
            "This is the gradient of Σ (y_t − g_t)²; the loss here has a ½ in front.",
        ),
        Mistake(
            "the mean in place of ½ Σ",
            times(2 / T, right),
            "This is the gradient of the mean over the steps, which is 2/T times that of ½ Σ.",
        ),
        Mistake(
            "the error's sign turned",
            times(-1, right),
            "The derivative of ½ (y − g)² is y − g: answer minus target.",
        ),
    )
