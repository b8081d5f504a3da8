"""Is a gradient right? Compare it with central differences of the loss.

∂L/∂θ_k ≈ (L(θ + ε e_k) - L(θ - ε e_k)) / 2ε

Two errors add up in the quotient: cutting off the Taylor series costs about ε², rounding about
1e-16/ε. In float64 their sum is least, around 1e-10, for ε near 1e-5. In float32 rounding costs
1e-7/ε and no ε is good: check in float64, whatever you train in.

A check rejects only what its numbers bring to light. A single step, a first state of zeros, or a
loss that reads nothing but the last output lets wrong code pass: use three steps or more, a first
state that is not zero, and a loss that weighs every output differently.

>>> w = np.array([1.0, 2.0])
>>> numerical_gradient(lambda w: np.sum(w**2), w).round(6)
array([2., 4.])
>>> check_gradients(lambda: np.sum(w**2), {"w": w}, {"w": 2 * w})["w"] < 1e-9
True
>>> check_gradients(lambda: np.sum(w**2), {"w": w}, {"w": w})
Traceback (most recent call last):
unrolled.gradcheck.GradientError: w[0]: claimed 1, central differences say 2 (error 0.5 > 1e-07)

Source: chapter "An RNN in NumPy".
"""

from collections.abc import Callable, Mapping

import numpy as np

Array = np.ndarray


class GradientError(ValueError):
    """A claimed gradient is not what central differences say; the message gives both numbers."""


def numerical_gradient(f: Callable[[Array], float], array: Array, eps: float = 1e-5) -> Array:
    """Differentiate a scalar function by central differences, one element at a time.

    Args:
        f: called with `array`, of which one element is moved by ±ε, in place, and put back. A
            function that reads the array where it lives may ignore the argument.
        array: floats, of any shape.
        eps: ε.

    Returns:
        ∂f/∂array, float64, in the shape of `array`.

    Raises:
        ValueError: if `array` holds no floats (an integer would swallow ε).
    """
    _check_floats("array", array)
    gradient = np.empty(array.shape)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + eps
        above = float(f(array))
        array[index] = kept - eps
        below = float(f(array))
        array[index] = kept
        gradient[index] = (above - below) / (2 * eps)
    return gradient


def check_gradients(
    loss: Callable[[], float],
    parameters: Mapping[str, Array],
    gradients: Mapping[str, Array],
    *,
    eps: float = 1e-5,
    tolerance: float = 1e-7,
) -> dict[str, float]:
    """Compare every element of every claimed gradient with central differences.

    The error of an element is |claimed - measured| / max(1, |claimed|, |measured|).

    Args:
        loss: a scalar function of the parameters, which it reads where they live.
        parameters: name → live array; each element is moved in place and put back.
        gradients: name → claimed ∂loss/∂parameter; names beyond `parameters` are left alone.
        eps: ε.
        tolerance: the largest error that passes.

    Returns:
        name → largest error.

    Raises:
        GradientError: at the first name above `tolerance`; it shows the worst element.
        ValueError: if a gradient is missing, has another shape than its parameter, or if all are
            zero, which would pass whatever the code.
    """
    _check_claims(parameters, gradients)
    errors = {}
    for name, array in parameters.items():
        measured = numerical_gradient(lambda _: loss(), array, eps)
        claimed = np.asarray(gradients[name], float)
        error = np.abs(claimed - measured) / np.maximum(1, np.maximum(abs(claimed), abs(measured)))
        worst = np.unravel_index(np.argmax(error), error.shape)
        label = f"{name}{[int(k) for k in worst]}"
        errors[name] = _judge(label, claimed[worst], measured[worst], error[worst], tolerance)
    return errors


def check_projection(
    loss: Callable[[], float],
    parameters: Mapping[str, Array],
    gradients: Mapping[str, Array],
    *,
    rng: np.random.Generator,
    eps: float = 1e-5,
    tolerance: float = 1e-6,
) -> dict[str, float]:
    """Compare the slope of the loss along one random direction for each parameter.

    v·∂L/∂θ ≈ (L(θ + ε v) - L(θ - ε v)) / 2ε, v standard normal

    Two evaluations a parameter, however large it is: for networks that are too big for
    `check_gradients`. A wrong gradient passes only if its error is orthogonal to v.

    Args:
        loss: as in `check_gradients`.
        parameters: as in `check_gradients`.
        gradients: as in `check_gradients`.
        rng: draws the directions.
        eps: ε.
        tolerance: the largest error that passes.

    Returns:
        name → error of the slope.

    Raises:
        GradientError: at the first name with an error above `tolerance`.
        ValueError: as in `check_gradients`.
    """
    _check_claims(parameters, gradients)
    errors = {}
    for name, array in parameters.items():
        direction, step, kept = rng.normal(size=array.shape), np.zeros(1), array.copy()

        def along(step: Array, array=array, kept=kept, direction=direction) -> float:
            array[...] = kept + step * direction
            return loss()

        measured = float(numerical_gradient(along, step, eps)[0])
        array[...] = kept
        claimed = float(np.sum(direction * gradients[name]))
        error = abs(claimed - measured) / max(1, abs(claimed), abs(measured))
        errors[name] = _judge(f"{name} along v", claimed, measured, error, tolerance)
    return errors


def _judge(label: str, claimed: float, measured: float, error: float, tolerance: float) -> float:
    if not error <= tolerance:  # so that NaN fails
        raise GradientError(
            f"{label}: claimed {claimed:.9g}, central differences say {measured:.9g} "
            f"(error {error:.3g} > {tolerance:g})"
        )
    return float(error)


def _check_floats(name: str, array: Array) -> None:
    if not np.issubdtype(array.dtype, np.floating):
        raise ValueError(f"{name}: expected an array of floats, got {array.dtype}")


def _check_claims(parameters: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
    for name, array in parameters.items():
        _check_floats(name, array)
        if name not in gradients:
            raise ValueError(f"gradients: expected one for {name}, got {sorted(gradients)}")
        if np.shape(gradients[name]) != array.shape:
            shape = np.shape(gradients[name])
            raise ValueError(f"gradients: expected shape {array.shape} for {name}, got {shape}")
    if not any(np.any(gradients[name]) for name in parameters):
        raise ValueError("gradients: expected one that is not zero, got only zeros")
