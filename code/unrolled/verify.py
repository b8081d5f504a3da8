"""Are the book's equations true? Run every witness of every equation.

`CHECKS` says which functions of `unrolled.witnesses` test which equation; the table of equations
names them too, so that a check which is dropped or forgotten on either side is an error and never
a silent gap.

>>> [result.passed for result in run("eq-xnor-parity")]
[True]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from unrolled.derivations.equations import EQUATIONS, Equation, equation
from unrolled.derivations.notation import EquationError
from unrolled.witnesses import (
    bptt,
    bptt_matrix,
    carrying,
    gate_algebra,
    gate_gradients,
    gates,
    layouts,
    losses,
    memory,
    modes,
    one_unit,
    proofs,
    recurrence,
    spectrum,
    students,
    tape,
    targets,
)
from unrolled.witnesses.judge import (
    Check,
    Result,
    Summary,
    Trial,
    complaints,
    rejected,
    rejects,
    summary,
    verify,
)
from unrolled.witnesses.students import Finding, Problem

LSTM_GATE = (gates.numpy_lstm, gates.torch_lstm)
GRU_GATE = (gates.numpy_gru, gates.torch_gru)
BACKWARD = (
    memory.memory_backward,
    memory.torch_memory_backward,
    tape.tape_memory_backward,
    memory.memory_differences,
)
JACOBIAN = (recurrence.torch_jacobian, tape.tape_jacobian, recurrence.jacobian_differences)
CLIP = (spectrum.numpy_clip, spectrum.torch_clip)
LAYOUT = (layouts.as_converted, layouts.in_the_library)
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
BASELINE = (targets.exact_integrals, targets.adding_table, targets.adding_simulation)
LSTM_UNIT = (gate_algebra.numpy_unit, gate_algebra.torch_unit)
LIMIT = (gate_algebra.limit_taken, gate_algebra.saturated_cell)
STEP_JACOBIAN = (
    gate_gradients.torch_jacobians,
    gate_gradients.tensorflow_jacobians,
    gate_gradients.jacobian_differences,
)
PUBLISHED_JACOBIAN = (
    gate_gradients.published_torch_jacobians,
    gate_gradients.published_tensorflow_jacobians,
    gate_gradients.published_differences,
)
STEP_BACK = (
    gate_gradients.numpy_backward,
    gate_gradients.torch_backward,
    gate_gradients.tensorflow_backward,
    gate_gradients.backward_differences,
)
PUBLISHED_BACK = (
    gate_gradients.published_backward,
    gate_gradients.published_torch_backward,
    gate_gradients.published_tensorflow_backward,
    gate_gradients.published_backward_differences,
)

__all__ = [
    "CHECKS",
    "EquationError",
    "Finding",
    "Problem",
    "Result",
    "Summary",
    "Trial",
    "complaints",
    "diagnose",
    "rejected",
    "run",
    "run_all",
    "summary",
    "try_mistakes",
    "verify",
]

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
    "eq-mse-gradient": (memory.memory_mse, memory.torch_mse, tape.tape_mse, memory.mse_differences),
    "eq-memory-delta-last": BACKWARD,
    "eq-memory-delta": BACKWARD,
    "eq-memory-d-v": BACKWARD,
    "eq-memory-d-by": BACKWARD,
    "eq-memory-d-w": BACKWARD,
    "eq-memory-d-r": BACKWARD,
    "eq-memory-d-bs": BACKWARD,
    "eq-memory-total": BACKWARD,
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
    "eq-parity-jacobian": (
        targets.torch_parity_network,
        tape.tape_parity_network,
        targets.parity_differences,
    ),
    "eq-bce": (losses.torch_bce,),
    "eq-bce-logits": (losses.torch_bce, losses.bce_far_out),
    "eq-bce-gradient": (
        losses.torch_bce,
        tape.tape_bce,
        losses.bce_differences,
        losses.bce_derivative,
    ),
    "eq-unit-memory": LSTM_UNIT,
    "eq-unit-output": LSTM_UNIT,
    "eq-unit-state": (
        gate_algebra.numpy_gru_unit,
        gate_algebra.torch_gru_unit,
    ),
    "eq-sigmoid-flip": (
        gate_algebra.by_algebra,
        gate_algebra.torch_sigmoid,
    ),
    "eq-lstm-store": LIMIT,
    "eq-gru-store": LIMIT,
    "eq-store-error": (gate_algebra.gates_within_b,),
    "eq-squash-error": (gate_algebra.squashed_numbers,),
    "eq-lstm-keep": LIMIT,
    "eq-gru-keep": LIMIT,
    "eq-memory-unrolled": (
        gate_algebra.numpy_unit_over_time,
        gate_algebra.torch_unit_over_time,
    ),
    "eq-lstm-reach": (gate_algebra.lstm_outputs,),
    "eq-gru-reach": (gate_algebra.gru_outputs,),
    "eq-needed-gate": (
        gate_algebra.solved_for_i,
        gate_algebra.first_step_of_lstm,
    ),
    "eq-keep-share": (carrying.shares_within_b,),
    "eq-keep-steps": (carrying.steps_counted,),
    "eq-half-life": (carrying.halved_memory,),
    "eq-keep-error": (
        carrying.drift_within_b,
        carrying.gru_drift_within_b,
    ),
    "eq-bias-for": (carrying.share_left_by_bias,),
    "eq-chrono-gate": (
        gate_algebra.by_algebra,
        gate_algebra.torch_sigmoid,
    ),
    "eq-chrono-share": (carrying.chrono_cells,),
    "eq-gate-jacobian": STEP_JACOBIAN,
    "eq-candidate-jacobian": STEP_JACOBIAN,
    "eq-lstm-memory-path": STEP_JACOBIAN,
    "eq-lstm-memory-by-output": STEP_JACOBIAN,
    "eq-lstm-output-by-memory": STEP_JACOBIAN,
    "eq-lstm-jacobian": STEP_JACOBIAN,
    "eq-gru-reset-meets": (gate_gradients.numpy_gru_q,),
    "eq-gru-jacobian": (*STEP_JACOBIAN, *PUBLISHED_JACOBIAN),
    "eq-gru-candidate-jacobian": STEP_JACOBIAN,
    "eq-gru-candidate-jacobian-published": PUBLISHED_JACOBIAN,
    "eq-lstm-d-h": STEP_BACK,
    "eq-lstm-d-c": STEP_BACK,
    "eq-lstm-delta-i": STEP_BACK,
    "eq-lstm-delta-f": STEP_BACK,
    "eq-lstm-delta-g": STEP_BACK,
    "eq-lstm-delta-o": STEP_BACK,
    "eq-gru-delta-n": STEP_BACK,
    "eq-gru-delta-z": STEP_BACK,
    "eq-gru-delta-r": STEP_BACK,
    "eq-gru-delta-r-published": PUBLISHED_BACK,
    "eq-gru-d-h": STEP_BACK,
    "eq-gru-d-h-published": PUBLISHED_BACK,
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
    "eq-xnor-bce": (losses.torch_bce_mean,),
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
    "eq-softmax": (losses.torch_cross_entropy,),
    "eq-cross-entropy": (losses.torch_cross_entropy,),
    "eq-softmax-gradient": (
        losses.torch_cross_entropy,
        tape.tape_cross_entropy,
        losses.cross_entropy_differences,
    ),
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


def try_mistakes(
    table: Sequence[Equation] = EQUATIONS, checks: Mapping[str, Sequence[Check]] = CHECKS
) -> list[Trial]:
    """Put each known mistake of each equation before each of its checks.

    Args:
        table: the equations.
        checks: label → the functions that test this equation.

    Returns:
        One trial for each mistake and check. Look at `rejected`: a check that lets a mistake pass
        does not test enough.

    Raises:
        EquationError: if a check breaks down, other than on a mistake whose shape does not fit.
    """
    return [
        Trial(claim.label, mistake.name, check.__name__, rejects(check, claim, mistake.rhs))
        for claim in table
        for mistake in claim.mistakes
        for check in checks.get(claim.label, ())
    ]


DEFAULT_PROBLEM: Callable[[], Problem] = students.memory_example


def diagnose(
    gradient: Mapping[str, Any], problem: Problem | None = None, *, rtol: float = 1e-5
) -> dict[str, Finding]:
    """Name the mistake behind a gradient.

    Args:
        gradient: name of each gradient → its value; some of the problem's names, or all.
        problem: the numbers and equations of the exercise; `DEFAULT_PROBLEM` when None.
        rtol: how far, relative to its largest number, a gradient may be off and still match: six
            printed digits do.

    Returns:
        A `Finding` for each name: right, right up to a factor, the mistakes that lead to this
        value, or unknown. Print it to read it.

    Raises:
        ValueError: if a name is unknown, a value has another shape, or is no number.
    """
    return students.diagnose(gradient, problem or DEFAULT_PROBLEM(), rtol)
