"""The language of the book's equations: what an equation is, and how it is printed.

SymPy has matrices and sums, but no word for "the vector h at step t", for a product of matrices
whose order matters, or for the two ends of an interval. The few classes below add these words;
`latex` prints them as the book's notation page lists them. Times are counted from 1 to T, and
step 0 is the state before the first input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sympy import Add, Basic, Function, MatAdd, MatrixExpr, MatrixSymbol, Mul, Symbol, exp, tanh
from sympy.printing.latex import LatexPrinter

KINDS = {"definition": "=", "result": "=", "bound": r"\le"}
FUNCTIONS = {"tanh": r"\tanh", "sigmoid": r"\sigma"}


class EquationError(ValueError):
    """An equation could not be verified: the message names it and says why."""


@dataclass(frozen=True)
class Mistake:
    """A right side that is often written in place of an equation's own.

    Args:
        name: what went wrong, in a few words, such as "no path through time".
        rhs: the formula, in the equation's letters.
        why: one sentence to the person who wrote it.
    """

    name: str
    rhs: Basic
    why: str


@dataclass(frozen=True)
class Equation:
    """One displayed equation, and what makes us believe it.

    Args:
        label: the name by which pages refer to it, "eq-…".
        title: what it says, in a few words.
        lhs: left side.
        rhs: right side.
        chapter: file name of the chapter that displays it, without its ending.
        kind: "definition" (code must do just this), "result" (follows from definitions) or "bound"
            (lhs ≤ rhs).
        checks: names of the functions that test it, in `unrolled.witnesses`.
        via: the expressions printed between the two sides, each equal to both.
        mistakes: the wrong right sides that its checks must tell from the right one.

    Raises:
        ValueError: if the kind is unknown or the label does not begin with "eq-".
    """

    label: str
    title: str
    lhs: Basic
    rhs: Basic
    chapter: str
    kind: str
    checks: tuple[str, ...]
    via: tuple[Basic, ...] = ()
    mistakes: tuple[Mistake, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what the table must not hold."""
        if self.kind not in KINDS:
            raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {self.kind!r}")
        if not self.label.startswith("eq-"):
            raise ValueError(f"label: expected a name that begins with eq-, got {self.label!r}")

    @property
    def latex(self) -> str:
        """The equation as LaTeX, without delimiters."""
        return f" {KINDS[self.kind]} ".join(latex(s) for s in (self.lhs, *self.via, self.rhs))


class At(MatrixExpr):
    """The matrix ``path`` at one step of time: ``At(h, t - 1)`` prints h_{t-1}."""

    def __new__(cls, path: MatrixSymbol, step: Any) -> At:
        """Keep the path and the step."""
        return super().__new__(cls, path, step)

    @property
    def shape(self) -> tuple:
        """Rows and columns at any step."""
        return self.args[0].shape

    def _latex(self, printer: LatexPrinter) -> str:
        name, step = (printer._print(arg) for arg in self.args)
        step = _close(step)
        return f"{name}^{{({step})}}" if "_" in name else f"{name}_{{{step}}}"

    def _numpycode(self, printer: Any) -> str:
        path, step = (printer._print(arg) for arg in self.args)
        return f"{path}[{step}]"


class Newest(MatrixExpr):
    """The product of a matrix over the steps ``low`` … ``high``, the newest step leftmost."""

    def __new__(cls, factor: MatrixExpr, step: Symbol, low: Any, high: Any) -> Newest:
        """Keep the factor and the range of its step."""
        return super().__new__(cls, factor, step, low, high)

    @property
    def shape(self) -> tuple:
        """Rows and columns at any step."""
        return self.args[0].shape

    @property
    def free_symbols(self) -> set:
        """All letters but the step that the product runs over."""
        factor, step, low, high = self.args
        return (factor.free_symbols - {step}) | low.free_symbols | high.free_symbols

    def _latex(self, printer: LatexPrinter) -> str:
        factor, step, low, high = (printer._print(arg) for arg in self.args)
        return rf"\prod_{{{step}={_close(low)}}}^{{{high}}} {factor}"

    def _numpycode(self, printer: Any) -> str:
        factor, step, low, high = (printer._print(arg) for arg in self.args)
        reduce, matmul = map(printer._module_format, ("functools.reduce", "numpy.matmul"))
        return f"{reduce}({matmul}, [{factor} for {step} in range({high}, {low} - 1, -1)])"


def plus(*terms: Any) -> Add:
    """Add numbers and keep their order, for print."""
    return Add(*terms, evaluate=False)


def times(*factors: Any) -> Mul:
    """Multiply numbers and keep their order, for print."""
    return Mul(*factors, evaluate=False)


class sigmoid(Function):
    """The logistic function σ(a) = 1 / (1 + e^-a)."""

    def fdiff(self, argindex: int = 1) -> Basic:
        """Differentiate: σ' = σ (1 - σ)."""
        return self * (1 - self)

    def _eval_rewrite_as_exp(self, a: Basic, **kwargs: Any) -> Basic:
        return 1 / (1 + exp(-a))

    def _latex(self, printer: LatexPrinter, exp: str = "") -> str:
        power = f"^{{{exp}}}" if exp else ""
        return rf"\sigma\left({printer._print(self.args[0])}\right){power}"

    def _numpycode(self, printer: Any) -> str:
        return f"({printer._print(self.rewrite(exp))})"  # a power of it needs the brackets


class Iverson(Function):
    """Iverson's bracket: 1 where its condition holds, else 0."""

    def _latex(self, printer: LatexPrinter) -> str:
        return rf"\left[{printer._print(self.args[0])}\right]"

    def _numpycode(self, printer: Any) -> str:
        return f"(1.0*({printer._print(self.args[0])}))"


class PlusMinus(Function):
    """Both signs of a number at once; its value is the pair (-a, +a)."""

    def _latex(self, printer: LatexPrinter) -> str:
        return rf"\pm {printer._print(self.args[0])}"

    def _numpycode(self, printer: Any) -> str:
        array = printer._module_format("numpy.array")
        return f"({array}([-1.0, 1.0])*({printer._print(self.args[0])}))"


def path(name: str, rows: Any, columns: Any = 1) -> Callable[[Any], At]:
    """Name a matrix that changes with time; call the result with a step."""
    return lambda step: At(MatrixSymbol(name, rows, columns), step)


def squash(function: type[Function], *terms: MatrixExpr) -> MatrixExpr:
    """Apply tanh or `sigmoid` to each element of a sum whose terms keep their order."""
    return (MatAdd(*terms) if len(terms) > 1 else terms[0]).applyfunc(function)


def tanh_of(*terms: MatrixExpr) -> MatrixExpr:
    """Write tanh(…) of a sum of matrices, element by element."""
    return squash(tanh, *terms)


def sigmoid_of(*terms: MatrixExpr) -> MatrixExpr:
    """Write σ(…) of a sum of matrices, element by element."""
    return squash(sigmoid, *terms)


class _Printer(LatexPrinter):
    """LaTeX as the book sets it: ⊙, ᵀ, diag, and sums in the order they were written."""

    def _print_ElementwiseApplyFunction(self, expr: Any) -> str:
        name = FUNCTIONS[type(expr.function.expr).__name__]
        return rf"{name}\left({self._print(expr.expr)}\right)"

    def _print_HadamardProduct(self, expr: Any) -> str:
        sides = [
            rf"\left({self._print(arg)}\right)"
            if arg.is_MatAdd or arg.is_MatMul
            else self._print(arg)
            for arg in expr.args
        ]
        return r" \odot ".join(sides)

    def _print_HadamardPower(self, expr: Any) -> str:
        return rf"{self._print(expr.base)}^{{\odot {self._print(expr.exp)}}}"

    def _print_Transpose(self, expr: Any) -> str:
        inner = self._print(expr.arg)
        if inner.startswith(r"\frac"):
            inner = rf"\left({inner}\right)"
        return rf"{inner}^{{\top}}"

    def _print_DiagMatrix(self, expr: Any) -> str:
        return rf"\operatorname{{diag}}\left({self._print(expr.args[0])}\right)"

    def _print_OneMatrix(self, expr: Any) -> str:
        return r"\mathbf{1}"

    def _print_ZeroMatrix(self, expr: Any) -> str:
        return r"\mathbf{0}"

    def _print_Indexed(self, expr: Any) -> str:
        indices = ", ".join(_close(self._print(i)) for i in expr.indices)
        return f"{self._print(expr.base)}_{{{indices}}}"

    def _print_Mod(self, expr: Any, exp: Any = None) -> str:
        number, modulus = (self._print(arg) for arg in expr.args)
        if not expr.args[0].is_Atom:  # the sum of x, mod 2, is not the sum of x mod 2
            number = rf"\left({number}\right)"
        return rf"{number} \bmod {modulus}"

    def _print_Piecewise(self, expr: Any) -> str:
        return super()._print_Piecewise(expr).replace(r"\text{for}", r"\text{if}")

    def _print_Add(self, expr: Any, order: Any = None) -> str:
        order = "lex" if expr.is_integer else order  # a step is t - 1, never -1 + t
        return super()._print_Add(expr, order=order).replace(r"+ \pm", r"\pm")


def _close(step: str) -> str:
    """Set an index without spaces: t-1."""
    return step.replace(" - ", "-").replace(" + ", "+")


def latex(expression: Basic) -> str:
    """Print one expression in the book's notation.

    >>> h = path("h", 3)
    >>> latex(tanh_of(h(Symbol("t", integer=True) - 1)))
    '\\\\tanh\\\\left(h_{t-1}\\\\right)'
    """
    return _Printer({"order": "none", "mat_delim": "("}).doprint(expression)
