import html
import signal
import time

import pytest
from unrolled import selfcheck, tasks
from unrolled.selfcheck import Hint, check, leans_on, untouched


def stub(a, b=2, *, c=3):
    """Do something."""
    ...


def double(x):
    return 2 * x


def by_the_library(x):
    return tasks.prefix_xnor(x)


def by_another(x):
    return by_the_library(x)


def by_an_import(x):
    from unrolled.tasks import prefix_xnor as own

    return own(x)


def within(x):
    return [by_another(row) for row in x]


class Half:
    def __init__(self):
        self.x = 1

    def forward(self): ...


class Whole:
    def forward(self):
        return 1


@pytest.mark.parametrize("answer", [..., (1, ...), [...], {"a": ...}, stub, Half])
def test_a_stub_is_untouched(answer):
    assert untouched(answer)


@pytest.mark.parametrize("answer", [0, None, (), [], {"a": 0}, double, Whole, "", lambda: 0])
def test_an_answer_is_not(answer):
    assert not untouched(answer)


def test_a_function_that_only_returns_none_counts_as_a_stub():
    assert untouched(lambda: None)  # the same instructions: nobody is asked to write it


def test_what_is_said(capsys):
    @check(double)
    def passes():
        assert double(2) == 4, "Never seen."

    @check(stub)
    def waits():
        raise ValueError("never reached")

    assert capsys.readouterr().out.splitlines() == [selfcheck.PASSED, selfcheck.UNTOUCHED]


def test_a_failed_assertion_is_a_hint_of_one_line():
    with pytest.raises(Hint, match=r"^Twice is asked for\.$") as raised:

        @check(double)
        def fails():
            raise AssertionError("Twice is asked for.")  # pytest adds lines to an assert of ours

    assert raised.value._render_traceback_() == ["Twice is asked for."]
    assert raised.value.__suppress_context__


def test_another_error_is_shown_as_it_is():
    with pytest.raises(ZeroDivisionError):

        @check(double)
        def breaks():
            return 1 / 0


@pytest.mark.parametrize("answer", [by_the_library, by_another, by_an_import, within])
def test_borrowing_is_refused_where_own_work_is_asked_for(answer):
    with pytest.raises(Hint, match=r"leans on unrolled\.tasks"):

        @check(answer, own=True)
        def never():
            raise ValueError("never reached")


SETUP = """
import contextlib, functools, math
import numpy as np
from unrolled import memory
generate_samples = memory.generate_samples
"""
HANDED_ON = {
    "partial": "answer = functools.partial(generate_samples, 3)",
    "partial's argument": "answer = functools.partial(map, generate_samples)",
    "partial's keyword": "answer = functools.partial(sorted, key=generate_samples)",
    "default": "def answer(n, _f=memory.generate_samples): return _f(n)",
    "keyword default": "def answer(n, *, _f=generate_samples): return _f(n)",
    "closure": """
def make(f):
    return lambda n: f(n)
answer = make(generate_samples)
""",
    "nested closure": """
def make(f):
    def outer():
        return lambda n: f(n)
    return outer()
answer = make(generate_samples)
""",
    "static method": """
class answer:
    @staticmethod
    def f(n): return generate_samples(n)
""",
    "class method": """
class answer:
    @classmethod
    def f(cls, n): return generate_samples(n)
""",
    "method of partial": """
class answer:
    f = functools.partialmethod(generate_samples, 3)
""",
    "bound method": """
class Own:
    def f(self, n): return generate_samples(n)
answer = Own().f
""",
    "property": """
class answer:
    @property
    def f(self): return generate_samples
""",
    "cached property": """
class answer:
    @functools.cached_property
    def f(self): return generate_samples
""",
    "instance": """
class Own:
    def __init__(self): self.f = generate_samples
own = Own()
def answer(n): return own.f(n)
""",
    "cache": """
@functools.lru_cache
def answer(n): return generate_samples(n)
""",
    "decorator": """
@contextlib.contextmanager
def answer(n): yield generate_samples(n)
""",
    "dictionary": """
table = {"f": [(generate_samples,)]}
def answer(n): return table["f"][0][0](n)
""",
    "set": """
borrowed = {generate_samples}
def answer(n): return next(iter(borrowed))(n)
""",
    "attribute": """
def answer(n): return answer.f(n)
answer.f = generate_samples
""",
}
OWN = {
    "helpers": """
def helper(n, _zeros=np.zeros): return _zeros(n)
def answer(n): return np.cumsum(helper(n))
""",
    "cycles": """
table = {}
table["self"] = [table]
def even(n): return n == 0 or odd(n - 1)
def odd(n, table=table): return n > 0 and even(n - 1)
class answer:
    def f(self): return answer, table, even
""",
    "a closure that is empty": """
def make():
    def f(): return later
    return f
    later = 1
answer = make()
""",
    "all sorts": """
class Base:
    kept: memory.RNN = None
    @property
    def size(self): return math.prod([2, 3])
    @staticmethod
    def f(n): return functools.partial(np.add, n)
class answer(Base):
    @functools.lru_cache
    def g(self): return {"f": Base.f, "x": [np.arange(3)]}
""",
    "a method of numpy's": "answer = np.random.default_rng(0).normal",
}


def made(code):
    names = {"__name__": "__main__"}
    exec(compile(SETUP + code, "answer", "exec"), names)
    return names["answer"]


@pytest.mark.parametrize("code", HANDED_ON.values(), ids=HANDED_ON)
def test_what_merely_hands_on_the_library_is_refused(code):
    assert leans_on(made(code)) == {"unrolled.memory.generate_samples"}


@pytest.mark.parametrize("code", OWN.values(), ids=OWN)
def test_honest_work_is_not(code):
    assert leans_on(made(code)) == set()


def test_what_a_package_lists_of_the_library_is_not_the_students(monkeypatch):
    """Keras keeps a register of all layers that were ever declared, the library's among them."""
    monkeypatch.setattr(html, "_charref", [tasks.xnor])  # a register that `unescape` reads
    assert leans_on(html.unescape) == set()


def test_the_library_itself_is_no_answer():
    assert leans_on(tasks.xnor) == {"unrolled.tasks.xnor"}
    assert leans_on(tasks) == {"unrolled.tasks"}


def test_own_work_passes(capsys):
    @check(double, own=True)
    def passes():
        pass

    assert selfcheck.PASSED in capsys.readouterr().out


def test_an_attribute_with_the_name_of_a_module_is_not_borrowed():
    def answer(x):
        return x.tasks

    assert leans_on(answer) == set()


def test_an_endless_loop_is_stopped():
    with pytest.raises(Hint, match="never ends"):

        @check(double, seconds=1)
        def loops():
            while True:
                time.sleep(0.01)


def test_where_points_are_given_a_stub_fails(monkeypatch):
    monkeypatch.setattr(selfcheck, "_strict", False)
    selfcheck.grade()
    with pytest.raises(Hint, match=selfcheck.UNTOUCHED):

        @check(stub)
        def never():
            pass


def test_where_there_is_no_alarm_the_checks_still_run(monkeypatch, capsys):
    monkeypatch.delattr(signal, "alarm")  # the browser's Python has SIGALRM and no alarm

    @check(1)
    def hints():
        assert True

    assert selfcheck.PASSED in capsys.readouterr().out
