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
from unrolled.witnesses import (
    bptt,
    bptt_matrix,
    gates,
    memory,
    modes,
    one_unit,
    recurrence,
    targets,
)
from unrolled.witnesses.numbers import Gap

Check = Callable[[Equation], Gap]

LSTM_GATE = (gates.numpy_lstm, gates.torch_lstm)
GRU_GATE = (gates.numpy_gru, gates.torch_gru)
ONE_UNIT = (one_unit.sheet_forward, one_unit.torch_layers, one_unit.keras_layers)
LOSS = (one_unit.torch_loss, one_unit.keras_loss)
UNROLLED = (bptt.by_symbols, bptt.by_torch, bptt.by_tape, bptt.by_differences)
MATRIX = (
    bptt_matrix.matrix_by_symbols,
    bptt_matrix.matrix_by_torch,
    bptt_matrix.matrix_by_tape,
    bptt_matrix.matrix_by_differences,
)
CELL = (*MATRIX, bptt_matrix.numpy_backward)
RTRL = (modes.rtrl_by_torch, modes.rtrl_by_differences)
BACKWARD = (memory.memory_backward, memory.torch_memory_backward)
JACOBIAN = (recurrence.torch_jacobian, recurrence.jacobian_differences)
BASELINE = (targets.exact_integrals, targets.adding_table, targets.adding_simulation)

CHECKS: dict[str, tuple[Check, ...]] = {
    "eq-rnn-step": (recurrence.numpy_rnn, recurrence.torch_rnn),
    "eq-rnn-output": (recurrence.torch_readout,),
    "eq-hand-step": (recurrence.hand_numbers, recurrence.torch_hand),
    "eq-hand-output": (recurrence.hand_numbers, recurrence.torch_hand),
    "eq-bptt-step": ONE_UNIT,
    "eq-bptt-output": ONE_UNIT,
    "eq-bptt-loss": (one_unit.torch_loss,),
    "eq-bptt-loss-mean": LOSS,
    "eq-bptt-loss-sum": LOSS,
    "eq-bptt-error": UNROLLED,
    "eq-bptt-d-w": UNROLLED,
    "eq-bptt-d-b2": UNROLLED,
    "eq-bptt-delta-last": UNROLLED,
    "eq-bptt-delta": UNROLLED,
    "eq-bptt-d-wx": UNROLLED,
    "eq-bptt-d-wh": UNROLLED,
    "eq-bptt-d-b1": UNROLLED,
    "eq-bptt-two-steps": UNROLLED,
    "eq-bptt-reach": UNROLLED,
    "eq-bptt-share": UNROLLED,
    "eq-bptt-shares": UNROLLED,
    "eq-bptt-immediate": UNROLLED,
    "eq-bptt-total": UNROLLED,
    "eq-bptt-forward": UNROLLED,
    "eq-bptt-truncated": (one_unit.torch_detached,),
    "eq-bptt-matrix-delta-last": MATRIX,
    "eq-bptt-matrix-delta": MATRIX,
    "eq-bptt-matrix-d-ih": CELL,
    "eq-bptt-matrix-d-hh": CELL,
    "eq-bptt-matrix-d-b": CELL,
    "eq-bptt-matrix-d-v": MATRIX,
    "eq-bptt-matrix-d-by": MATRIX,
    "eq-bptt-cost-run": (modes.counted_costs,),
    "eq-bptt-cost": (modes.counted_costs,),
    "eq-bptt-kept": (modes.counted_costs,),
    "eq-bptt-rtrl-cost": (modes.counted_costs,),
    "eq-bptt-rtrl-kept": (modes.counted_costs,),
    "eq-bptt-rtrl": RTRL,
    "eq-bptt-rtrl-gradient": RTRL,
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
