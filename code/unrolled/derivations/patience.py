"""Simplify with a time limit: SymPy may think for ever, and a page or a test must not.

The work is done by a second Python, which is started once and stopped if it takes too long. So the
limit holds in every thread and on every platform.
"""

from __future__ import annotations

import atexit
import contextlib
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import cache
from textwrap import shorten
from typing import Any

from sympy import Basic, simplify

from unrolled.derivations.notation import EquationError

SECONDS = 10.0
# It answers each (function, expression) with (worked, result or what went wrong), until its
# standard input ends, as it does when this process ends.
WORKER = """
import pickle, sys
sys.path[:] = pickle.load(sys.stdin.buffer)
import sympy
answers = sys.stdout.buffer
sys.stdout = sys.stderr
while True:
    pickle.dump(True, answers)
    answers.flush()
    try:
        function, expression = pickle.load(sys.stdin.buffer)
    except EOFError:
        break
    try:
        answer = pickle.dumps((True, function(expression)))
    except Exception as error:
        answer = pickle.dumps((False, f"{type(error).__name__}: {error}"))
    answers.write(answer)
"""


class TooSlow(EquationError, TimeoutError):
    """An expression did not simplify in the time allowed."""


def simplified(
    expression: Basic, seconds: float = SECONDS, *, by: Callable[[Basic], Any] = simplify
) -> Any:
    """Simplify an expression, or give up in time.

    >>> from sympy import Symbol, cos, sin
    >>> x = Symbol("x")
    >>> simplified(sin(x) ** 2 + cos(x) ** 2)
    1

    Args:
        expression: what to simplify.
        seconds: the time allowed, once the second Python is ready.
        by: the function that simplifies, `sympy.simplify` or another that can be imported.

    Returns:
        What the function returns.

    Raises:
        TooSlow: if it does not return in time.
        EquationError: if it raises an error, or the expression cannot be handed over.
        ValueError: if `seconds` is not positive.
    """
    if not seconds > 0:
        raise ValueError(f"seconds: expected a positive number, got {seconds}")
    try:
        task = pickle.dumps((by, expression))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise EquationError(
            f"{_short(expression)}: expected what can be pickled: {error}"
        ) from None
    with _lock:
        worked, answer = _ask(task, seconds, expression)
    if not worked:
        raise EquationError(f"{_short(expression)}: {_name(by)} broke down: {answer}")
    return answer


_lock = threading.Lock()


@cache
def _worker() -> subprocess.Popen:
    """Start the second Python; it says that it is ready before each task."""
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    pickle.dump(sys.path, worker.stdin)  # type: ignore[arg-type]
    worker.stdin.flush()  # type: ignore[union-attr]
    atexit.register(_stop, worker)
    return worker


def _ask(task: bytes, seconds: float, expression: Basic) -> tuple[bool, Any]:
    """Let the worker do a task; the clock runs once it is ready, and stops it when it rings."""
    worker, late = _worker(), threading.Event()

    def ring() -> None:
        late.set()
        worker.kill()

    clock = threading.Timer(seconds, ring)
    try:
        pickle.load(worker.stdout)  # type: ignore[arg-type]
        clock.start()
        worker.stdin.write(task)  # type: ignore[union-attr]
        worker.stdin.flush()  # type: ignore[union-attr]
        return pickle.load(worker.stdout)  # type: ignore[arg-type]
    except BaseException as error:  # Ctrl-C as well: what it would still answer, nobody asked for
        _worker.cache_clear()
        _stop(worker)
        if late.is_set():
            message = f"{_short(expression)}: expected an answer in {seconds:g} s, got none"
            raise TooSlow(message) from None
        if isinstance(error, EOFError | OSError):
            raise EquationError(
                f"{_short(expression)}: the second Python ended by itself"
            ) from error
        raise
    finally:
        clock.cancel()


def _stop(worker: subprocess.Popen) -> None:
    """End the second Python and close the pipes to it."""
    atexit.unregister(_stop)
    worker.kill()
    worker.wait()
    for pipe in (worker.stdin, worker.stdout):
        with contextlib.suppress(OSError):  # a task it did not take
            pipe.close()  # type: ignore[union-attr]


def _name(function: Callable) -> str:
    return getattr(function, "__name__", str(function))


def _short(expression: Basic) -> str:
    return shorten(str(expression), 80, placeholder=" …")
