"""The visible checks of the exercises: `check` runs one and says what came out, in one sentence.

    def double(x):
        ...

    @check(double)
    def hints():
        assert double(3) == 6, "Twice three is six."

An untouched stub is no error, so "Run all" reaches the end of a notebook. A wrong answer raises a
`Hint`, which Jupyter shows without the traceback that would hide it.
"""

from __future__ import annotations

import dis
import signal
import sysconfig
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property, partial, partialmethod
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

SECONDS = 60
PASSED = "Visible checks pass."
UNTOUCHED = "Not attempted yet."


class Hint(AssertionError):
    """What a failed check says to a student: one sentence, and in Jupyter nothing else."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def check(
    *answers: Any, own: bool = False, seconds: int = SECONDS
) -> Callable[[Callable[[], None]], None]:
    """Run the decorated checks of some answers at once, and print what came out.

    Args:
        answers: what the student wrote: functions, classes or values.
        own: whether an answer that leans on this library is refused.
        seconds: how long the checks may take.

    Returns:
        A decorator for a function without arguments, whose assertions each carry a hint.

    Raises:
        Hint: an assertion failed, or the time is up.
    """

    def run(hints: Callable[[], None]) -> None:
        if any(untouched(answer) for answer in answers):
            if _strict:
                raise Hint(UNTOUCHED)
            print(UNTOUCHED)
            return
        try:
            for answer in answers if own else ():
                borrowed = ", ".join(sorted(leans_on(answer)))
                assert not borrowed, f"Your own work is asked for: this leans on {borrowed}."
            with time_limit(seconds):
                hints()
        except Hint:
            raise
        except AssertionError as error:
            raise Hint(str(error)) from None
        print(PASSED)

    return run


_strict = False


def grade() -> None:
    """Let an untouched stub fail from now on, as it must where points are given."""
    global _strict
    _strict = True


def untouched(answer: Any) -> bool:
    """Say whether an answer is still `...`: itself, the whole body of a function, or of a method.

    >>> untouched(...), untouched((1, ...)), untouched(0), untouched(lambda: 1)
    (True, True, False, False)
    """
    if isinstance(answer, FunctionType):
        return _does(answer.__code__) == _does(_stub.__code__)
    if isinstance(answer, type):
        return any(untouched(v) for v in vars(answer).values() if isinstance(v, FunctionType))
    if isinstance(answer, dict):
        return any(untouched(v) for v in answer.values())
    return answer is ... or (isinstance(answer, list | tuple) and any(map(untouched, answer)))


def _stub() -> None: ...


def _does(code: CodeType) -> list[tuple[str, Any]]:
    """List what a function does, whatever its arguments and docstring."""
    return [(step.opname, step.argval) for step in dis.get_instructions(code)]


def leans_on(answer: Any, library: str = "unrolled") -> set[str]:
    """Name what an answer uses of a library, followed through what it calls and what it keeps.

    It stops who borrows by mistake or in haste; who means to deceive finds a way.
    """
    found: set[str] = set()
    seen: dict[int, Any] = {}
    waiting = [answer]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing  # kept: the number of what is gone may be given anew
        home = _home(thing)
        if home.split(".")[0] == library:
            name = getattr(thing, "__name__", type(thing).__name__)
            found.add(home if isinstance(thing, ModuleType) else f"{home}.{name}")
            continue
        waiting += _parts(thing)
        if isinstance(thing, FunctionType):
            found |= _imported(thing.__code__, library)
    return found


def _home(thing: Any) -> str:
    if isinstance(thing, ModuleType):
        return thing.__name__
    return getattr(thing, "__module__", None) or type(thing).__module__ or ""


def _parts(thing: Any) -> Iterator[Any]:
    """Yield what a thing calls or keeps, as far as a student made it."""
    for kind, names in _HOLDERS.items():
        if isinstance(thing, kind):
            yield from (getattr(thing, name) for name in names)
    if isinstance(thing, FunctionType):
        yield from _used_by(thing)
    elif isinstance(thing, dict):
        yield from thing.values()
    elif isinstance(thing, list | tuple | set | frozenset):
        yield from thing
    if _home(thing) == "__main__":
        yield from thing.__bases__ if isinstance(thing, type) else [type(thing)]
        kept = getattr(thing, "__dict__", {})
        yield from (kept[name] for name in kept if name != "__annotations__")


_HOLDERS: dict[type, tuple[str, ...]] = {
    partial: ("func", "args", "keywords"),
    partialmethod: ("func", "args", "keywords"),
    cached_property: ("func",),
    property: ("fget", "fset", "fdel"),
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
    MethodType: ("__func__", "__self__"),
    FunctionType: ("__defaults__", "__kwdefaults__", "__dict__"),
}


def _used_by(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # nothing is in it yet
            yield cell.cell_contents
    # The globals of a package lead to its registers, where what others made is listed too.
    if not function.__code__.co_filename.startswith(_INSTALLED):
        names = function.__globals__
        yield from (names[n] for n in _named(function.__code__, "LOAD_GLOBAL") if n in names)


_INSTALLED = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))


def _imported(code: CodeType, library: str) -> set[str]:
    return {n for n in _named(code, "IMPORT_NAME") if n.split(".")[0] == library}


def _named(code: CodeType, opname: str) -> set[str]:
    steps = (step for inner in _codes(code) for step in dis.get_instructions(inner))
    return {str(step.argval) for step in steps if step.opname == opname}


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Stop an endless loop, where the system can: in the main thread of Linux and macOS.

    Raises:
        Hint: the time is up.
    """
    # The browser's Python names the signal, and has no alarm to send it.
    if not hasattr(signal, "alarm") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        raise Hint(f"Stopped after {seconds} seconds: is there a loop that never ends?")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
