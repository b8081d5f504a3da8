"""What a question is made of: what is given, how one computes, what is asked, what goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sympy import Basic, Indexed

from unrolled.derivations.notation import Equation, latex
from unrolled.witnesses.numbers import World, evaluate


@dataclass(frozen=True)
class Given:
    """A number that is drawn.

    Args:
        name: its name in tables, such as "x2".
        latex: its name on the sheet.
        letter: the letter of the equations that it gives a value to.
        step: the step t at which it does; None for a letter that has one value only.
        choices: what it is drawn from.
    """

    name: str
    latex: str
    letter: str
    step: int | None
    choices: tuple[Decimal, ...]


@dataclass(frozen=True)
class Asked:
    """A number that is asked for; the fields are those of `Given`."""

    name: str
    latex: str
    letter: str
    step: int | None = None


@dataclass(frozen=True)
class Line:
    """A line of the calculation.

    Args:
        label: its name; slips refer to it.
        left: what it gives a value to.
        right: the formula.
        step: the t for which it is computed; None where there is no t.
    """

    label: str
    left: Basic
    right: Basic
    step: int | None = None

    @classmethod
    def of(cls, equation: Equation, step: int | None = None) -> Line:
        """Compute an equation of the book's table."""
        return cls(equation.label, equation.lhs, equation.rhs, step)

    @property
    def letter(self) -> str:
        """The letter that gets a value, without its step."""
        return str(self.left.base if isinstance(self.left, Indexed) else self.left)

    @property
    def latex(self) -> str:
        """The line as a formula."""
        return f"{latex(self.left)} = {latex(self.right)}"


@dataclass(frozen=True)
class Slip:
    """A mistake.

    Args:
        name: what went wrong, in a few words.
        why: one sentence to the person who did it.
        formulas: label of each line that is spoilt → the formula used in place of its own.
    """

    name: str
    why: str
    formulas: Mapping[str, Basic]


@dataclass(frozen=True)
class Question:
    """A question that everybody gets with other numbers.

    Args:
        name: its name on the command line.
        title: its title on the sheet.
        text: its paragraphs: formulas stand between dollars, displayed ones between two.
        rows: what is given, a row of the sheet each.
        lines: the calculation, in its order.
        asked: what is asked for.
        slips: the mistakes that must not give the right answer.
        constants: letter → a value that is never drawn; {step: value} where it has steps.
        decimals: the digits behind the point that are asked for.
    """

    name: str
    title: str
    text: tuple[str, ...]
    rows: tuple[tuple[Given, ...], ...]
    lines: tuple[Line, ...]
    asked: tuple[Asked, ...]
    slips: tuple[Slip, ...]
    constants: Mapping[str, Any]
    decimals: int = 4

    @property
    def givens(self) -> tuple[Given, ...]:
        """All that is given, row after row."""
        return tuple(given for row in self.rows for given in row)

    @property
    def digits(self) -> str:
        """The sentence that says how many digits are wanted."""
        return (
            f"Give every number to {self.decimals} decimals, and keep at least two more on the way."
        )

    def world(self, numbers: Mapping[str, Any]) -> World:
        """Give every letter its value.

        Args:
            numbers: name of each given → its number, or [M] numbers for M variants at once.
        """
        world: World = {k: dict(v) if isinstance(v, dict) else v for k, v in self.constants.items()}
        for given in self.givens:
            _put(world, given.letter, given.step, numbers[given.name])
        return world

    def solve(
        self, numbers: Mapping[str, Any], slip: Slip | None = None, dtype: type = float
    ) -> dict[str, Any]:
        """Compute what is asked, line by line.

        Args:
            numbers: name of each given → its number, or [M] numbers for M variants at once.
            slip: a mistake to make on the way.
            dtype: object where the numbers are SymPy's, with as many digits as they have.

        Returns:
            name of each asked number → its value, or [M] values.
        """
        world, spoilt = self.world(numbers), slip.formulas if slip else {}
        for line in self.lines:
            formula = spoilt.get(line.label, line.right)
            value = evaluate(formula, {**world, "t": line.step}, dtype)
            _put(world, line.letter, line.step, value.item() if dtype is object else value)
        return {
            a.name: world[a.letter] if a.step is None else world[a.letter][a.step]
            for a in self.asked
        }


def _put(world: World, letter: str, step: int | None, value: Any) -> None:
    if step is None:
        world[letter] = value
    else:
        world.setdefault(letter, {})[step] = value
