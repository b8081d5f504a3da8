"""Are the book's equations true? Run every witness of every equation.

`CHECKS` says which functions of `unrolled.witnesses` test which equation; the table of equations
names them too, so that a check which is dropped or forgotten on either side is an error and never
a silent gap.

>>> [result.passed for result in run("eq-xnor-parity")]
[True]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from unrolled.derivations.equations import EQUATIONS, Equation, equation
from unrolled.witnesses import gates, layouts, memory, proofs, recurrence, spectrum, targets
from unrolled.witnesses.numbers import Gap

Check = Callable[[Equation], Gap]

LSTM_GATE = (gates.numpy_lstm, gates.torch_lstm)
GRU_GATE = (gates.numpy_gru, gates.torch_gru)
BACKWARD = (memory.memory_backward, memory.torch_memory_backward)
JACOBIAN = (recurrence.torch_jacobian, recurrence.jacobian_differences)
CLIP = (spectrum.numpy_clip, spectrum.torch_clip)
LAYOUT = (layouts.as_converted, layouts.in_the_library)
BASELINE = (targets.exact_integrals, targets.adding_table, targets.adding_simulation)

CHECKS: dict[str, tuple[Check, ...]] = {
    "eq-rnn-step": (recurrence.numpy_rnn, recurrence.torch_rnn),
    "eq-rnn-output": (recurrence.torch_readout,),
    "eq-hand-step": (recurrence.hand_numbers, recurrence.torch_hand),
    "eq-hand-output": (recurrence.hand_numbers, recurrence.torch_hand),
    "eq-memory-step": (memory.memory_network, memory.torch_memory),
    "eq-memory-output": (memory.memory_network, memory.torch_memory),
    "eq-mse": (memory.memory_mse, memory.torch_mse),
    "eq-mse-gradient": (memory.memory_mse, memory.torch_mse, memory.mse_differences),
    "eq-memory-delta-last": BACKWARD,
    "eq-memory-delta": BACKWARD,
    "eq-memory-d-v": (*BACKWARD, memory.memory_differences),
    "eq-memory-d-by": (*BACKWARD, memory.memory_differences),
    "eq-memory-d-w": BACKWARD,
    "eq-memory-d-r": BACKWARD,
    "eq-memory-d-bs": BACKWARD,
    "eq-memory-total": (*BACKWARD, memory.memory_differences),
    "eq-central-difference": (memory.gradcheck_differences,),
    "eq-central-error": (memory.difference_error,),
    "eq-jacobian-step": JACOBIAN,
    "eq-jacobian-product": JACOBIAN,
    "eq-jacobian-bound": (recurrence.jacobian_norms,),
    "eq-gradient-factor": (recurrence.gradient_factor,),
    "eq-power-nilpotent": (spectrum.multiplied_out,),
    "eq-power-shear": (spectrum.multiplied_out, spectrum.by_induction),
    "eq-power-peak": (spectrum.derivative_is_zero, spectrum.largest_on_a_grid),
    "eq-power-rate": (spectrum.repeated_squaring,),
    "eq-mean-slope": (spectrum.scipy_mean,),
    "eq-jacobian-volume": (
        spectrum.torch_volume,
        spectrum.tape_volume,
        spectrum.volume_differences,
    ),
    "eq-clip": CLIP,
    "eq-clip-length": CLIP,
    "eq-parity-difference": (proofs.hand_built_network, proofs.two_units),
    "eq-parity-cases": (proofs.ends_by_algebra, proofs.all_four_cases),
    "eq-parity-gain": (proofs.solved_for_the_gain,),
    "eq-parity-invariant": (proofs.every_string,),
    "eq-parity-slope": (proofs.torch_slope, proofs.tape_slope, proofs.slope_differences),
    "eq-parity-forgets": (proofs.products_of_slopes,),
    "eq-one-unit": (proofs.numpy_unit, proofs.torch_unit, proofs.tanh_by_algebra),
    "eq-memory-baseline": (targets.exact_integrals, recurrence.memory_samples),
    "eq-success-count": (recurrence.counted_by_hand,),
    "eq-wilson": (recurrence.evidence_wilson, recurrence.score_equation),
    "eq-parity": (targets.parity_targets,),
    "eq-parity-weights": (
        targets.or_and_automaton,
        targets.squared_weights,
        targets.torch_parity_network,
    ),
    "eq-parity-network": (targets.or_and_automaton, targets.torch_parity_network),
    "eq-parity-readout": (targets.parity_logit,),
    "eq-parity-nilpotent": (targets.squared_weights,),
    "eq-parity-jacobian": (targets.torch_parity_network,),
    "eq-bce": (targets.torch_bce,),
    "eq-bce-logits": (targets.torch_bce, targets.bce_far_out),
    "eq-bce-gradient": (targets.torch_bce, targets.bce_derivative),
    "eq-lstm-i": LSTM_GATE,
    "eq-lstm-f": LSTM_GATE,
    "eq-lstm-g": LSTM_GATE,
    "eq-lstm-o": LSTM_GATE,
    "eq-lstm-c": LSTM_GATE,
    "eq-lstm-h": LSTM_GATE,
    "eq-lstm-packed": (gates.keras_layout, gates.keras_step),
    "eq-xnor": (targets.xnor_targets,),
    "eq-xnor-parity": (targets.xnor_targets,),
    "eq-xnor-fold-step": (targets.fold_targets,),
    "eq-xnor-fold": (targets.fold_targets,),
    "eq-xnor-bce": (targets.torch_bce_mean,),
    "eq-adding-previous": (targets.adding_stream,),
    "eq-adding-target": (targets.adding_stream,),
    "eq-adding-zero": BASELINE,
    "eq-adding-linear": (*BASELINE, targets.best_linear_answer),
    "eq-adding-memoryless": BASELINE,
    "eq-adding-rung": BASELINE,
    "eq-gru-r": GRU_GATE,
    "eq-gru-z": GRU_GATE,
    "eq-gru-n": GRU_GATE,
    "eq-gru-h": GRU_GATE,
    "eq-gru-n-published": (gates.numpy_gru_published, gates.keras_gru),
    "eq-softmax": (targets.torch_cross_entropy,),
    "eq-cross-entropy": (targets.torch_cross_entropy,),
    "eq-softmax-gradient": (targets.torch_cross_entropy, targets.cross_entropy_differences),
    "eq-rnn-parameters": (targets.counted_parameters,),
    "eq-gru-parameters": (targets.counted_parameters,),
    "eq-lstm-parameters": (targets.counted_parameters,),
    "eq-layout-torch-lstm": LAYOUT,
    "eq-layout-keras-lstm": LAYOUT,
    "eq-layout-onnx-lstm": LAYOUT,
    "eq-layout-torch-gru": LAYOUT,
    "eq-layout-keras-gru": LAYOUT,
    "eq-layout-onnx-gru": LAYOUT,
    "eq-layout-bias": LAYOUT,
    "eq-layout-reset-bias": (layouts.numpy_candidate, layouts.torch_candidate),
}


class EquationError(ValueError):
    """An equation could not be verified: the message names it and says why."""


class Result(NamedTuple):
    """What one check found out about one equation."""

    label: str
    check: str
    largest_error: float
    tolerance: float
    passed: bool


def verify(claim: Equation, checks: Sequence[Check]) -> list[Result]:
    """Let each check test an equation.

    Args:
        claim: the equation.
        checks: the functions to run on it.

    Returns:
        One result a check; it has passed if the largest error is a number within the tolerance.

    Raises:
        EquationError: if there is no check, the equation names others, or a check breaks down.
    """
    names = tuple(check.__name__ for check in checks)
    if not names:
        raise EquationError(f"{claim.label}: expected at least one check, got none")
    if sorted(names) != sorted(claim.checks):
        listed = ", ".join(claim.checks) or "none"
        raise EquationError(f"{claim.label}: expected its checks {listed}, got {', '.join(names)}")
    return [_result(claim, check) for check in checks]


def _result(claim: Equation, check: Check) -> Result:
    try:
        gap = check(claim)
    except Exception as error:
        raise EquationError(f"{claim.label}: check {check.__name__} broke down: {error}") from error
    passed = 0 <= gap.largest_error <= gap.tolerance  # false for NaN as well
    return Result(claim.label, check.__name__, gap.largest_error, gap.tolerance, passed)


def run(label: str) -> list[Result]:
    """Run the checks of one equation.

    Args:
        label: its name, "eq-…".

    Returns:
        One result a check.

    Raises:
        ValueError: if the label is unknown; `EquationError`, a kind of it, if a check is missing.
    """
    return verify(equation(label), CHECKS.get(label, ()))


def run_all(
    table: Sequence[Equation] = EQUATIONS, checks: Mapping[str, Sequence[Check]] = CHECKS
) -> list[Result]:
    """Run every check of every equation.

    Args:
        table: the equations.
        checks: label → the functions that test this equation.

    Returns:
        One result for each equation and check, in the table's order. Look at `passed`.

    Raises:
        EquationError: if a label occurs twice or a check belongs to no equation, and in every
            case in which `verify` raises it.
    """
    labels = [claim.label for claim in table]
    for label in labels:
        if labels.count(label) > 1:
            raise EquationError(f"{label}: expected one equation of this label, got several")
    for label in checks:
        if label not in labels:
            raise EquationError(f"{label}: expected a label of the table, got an unknown one")
    return [
        result for claim in table for result in verify(claim, tuple(checks.get(claim.label, ())))
    ]
