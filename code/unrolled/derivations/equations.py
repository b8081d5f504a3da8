"""The table of every equation that a chapter displays, and how a chapter shows them.

A chapter calls ``glue("its-file-name")`` once, in a hidden cell, and then pastes what it needs:

    ```{glue:math} eq-rnn-step
    :label: eq-rnn-step
    ```

so the page prints the object that `unrolled.verify` checks, and ``{eq}`eq-rnn-step` `` refers to
it from any page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from unrolled.derivations import (
    bptt,
    bptt_matrix,
    carrying,
    counting,
    gate_algebra,
    gate_backward,
    gate_jacobians,
    gates,
    layouts,
    losses,
    memory,
    proofs,
    recurrence,
    shares,
    spectrum,
    targets,
)
from unrolled.derivations.notation import Equation

if TYPE_CHECKING:
    from IPython.display import Math

__all__ = ["EQUATIONS", "Equation", "chapters", "equation", "glue", "of_chapter", "show"]

EQUATIONS: tuple[Equation, ...] = (
    *recurrence.STATE,
    *bptt.FORWARD,
    *bptt.BACKWARD,
    *shares.OVER_TIME,
    *bptt_matrix.MATRIX,
    *bptt_matrix.COSTS,
    *bptt_matrix.RTRL,
    *memory.NUMPY_RNN,
    *recurrence.HOW_LONG,
    *recurrence.GRADIENTS,
    *spectrum.SPECTRUM,
    *proofs.PROOFS,
    *targets.PARITY,
    *losses.LOGITS,
    *gate_algebra.GATE_ALGEBRA,
    *carrying.CARRYING,
    *gate_jacobians.GATE_JACOBIANS,
    *gate_backward.GATE_BACKWARD,
    *gates.LSTM,
    gates.PACKED,
    *targets.XNOR,
    *losses.PROBABILITIES,
    *targets.ADDING,
    *gates.GRU,
    gates.GRU_PUBLISHED,
    *losses.CLASSES,
    *targets.PARAMETERS,
    *counting.COUNTING,
    *layouts.LAYOUTS,
)


def equation(label: str) -> Equation:
    """Find one equation.

    Args:
        label: its name, "eq-…".

    Raises:
        ValueError: if no equation has this label.
    """
    for candidate in EQUATIONS:
        if candidate.label == label:
            return candidate
    raise ValueError(f"label: expected one of the table's, got {label!r}")


def chapters() -> tuple[str, ...]:
    """List the chapters that display equations, in the book's order."""
    return tuple(dict.fromkeys(e.chapter for e in EQUATIONS))


def of_chapter(chapter: str) -> tuple[Equation, ...]:
    """List the equations of one chapter, in the table's order.

    Args:
        chapter: the chapter's file name without its ending, such as "state".

    Raises:
        ValueError: if no equation belongs to the chapter.
    """
    found = tuple(e for e in EQUATIONS if e.chapter == chapter)
    if not found:
        raise ValueError(f"chapter: expected one of {', '.join(chapters())}, got {chapter!r}")
    return found


def show(label: str) -> Math:
    """Display one equation in a notebook.

    Args:
        label: its name, "eq-…".

    Raises:
        ValueError: if no equation has this label.
    """
    from IPython.display import Math

    return Math(equation(label).latex)


def glue(chapter: str) -> None:
    """Store a chapter's equations in the notebook, under their labels, for the page to paste.

    Nothing is displayed. Without myst-nb (on Colab, say) no page is made, and one line says so.

    Args:
        chapter: the chapter's file name without its ending, such as "state".

    Raises:
        ValueError: if no equation belongs to the chapter.
    """
    found = of_chapter(chapter)
    try:
        from myst_nb import glue as store
    except ImportError:
        print(f"myst-nb is not installed, so {len(found)} equations are not pasted into a page.")
        return
    for e in found:
        store(e.label, show(e.label), display=False)
