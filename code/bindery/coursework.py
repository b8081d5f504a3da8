"""The five assignments: which exercises make each up; points, hours and notebooks follow."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Assignment:
    """One assignment.

    Args:
        key: its name in files and addresses, `a1`.
        title: what it is about.
        exercises: the labels of what is asked, in order.
        optional: those of them that earn extra points.
    """

    key: str
    title: str
    exercises: tuple[str, ...]
    optional: tuple[str, ...] = ()


ASSIGNMENTS = (
    Assignment(
        "a1",
        "XNOR",
        ("ex-a1-bptt", "ex-a1-data", "ex-a1-train", "ex-a1-cell"),
    ),
    Assignment(
        "a2",
        "Parity",
        (
            "ex-a2-data",
            "ex-a2-model",
            "ex-a2-ragged",
            "ex-a2-architecture",
            "ex-a2-lstm",
            "ex-a2-last",
        ),
        optional=("ex-a2-lstm", "ex-a2-last"),
    ),
    Assignment(
        "a3",
        "The adding problem",
        (
            "ex-a3-forward",
            "ex-a3-data",
            "ex-a3-train",
            "ex-a3-test",
            "ex-a3-elman",
            "ex-a3-elman-run",
            "ex-a3-lstm",
            "ex-a3-lstm-run",
        ),
    ),
    Assignment(
        "a4",
        "The memory task",
        (
            "ex-a4-generator",
            "ex-a4-rnn",
            "ex-a4-loss",
            "ex-a4-learner",
            "ex-a4-length",
            "ex-a4-vanishing",
        ),
    ),
    Assignment(
        "a5",
        "MNIST, row by row",
        (
            "ex-a5-input",
            "ex-a5-keep",
            "ex-a5-special-case",
            "ex-a5-rows",
            "ex-a5-reader",
            "ex-a5-table",
            "ex-a5-whole",
            "ex-a5-first",
            "ex-a5-decision",
            "ex-a5-gates",
        ),
        optional=("ex-a5-gates",),
    ),
)

OF = {label: assignment for assignment in ASSIGNMENTS for label in assignment.exercises}
