"""The table of equations: its labels, its print, and how a chapter shows it."""

import re
import sys

import myst_nb
import pytest
from IPython.display import Math
from sympy import Symbol, latex
from unrolled.derivations import equations
from unrolled.derivations.notation import Equation, plus, sigmoid

TABLE = equations.EQUATIONS
each_equation = pytest.mark.parametrize("equation", TABLE, ids=lambda e: e.label)

PRINTED = {
    "eq-rnn-step": r"h_{t} = \tanh\left(W_{ih} x_{t} + b_{ih} + W_{hh} h_{t-1} + b_{hh}\right)",
    "eq-memory-step": r"h_{t} = \tanh\left(W^{\top} x_{t} + R^{\top} h_{t-1} + b_{s}\right)",
    "eq-memory-delta": r"\delta_{t} = \left(R \delta_{t+1}\right) \odot "
    r"\left(\mathbf{1} - h_{t}^{\odot 2}\right)",
    "eq-memory-d-r": r"d_{R}^{(t)} = h_{t-1} \delta_{t}^{\top}",
    "eq-mse": r"L = \frac{1}{B} \sum_{b=1}^{B} \left(\hat{y}_{b} - y_{b}\right)^{2}",
    "eq-jacobian-product": r"\frac{\partial h_T}{\partial h_k} = \prod_{t=k+1}^{T} "
    r"\operatorname{diag}\left(\mathbf{1} - h_{t}^{\odot 2}\right) W_{hh}",
    "eq-jacobian-bound": r"\left\lVert \frac{\partial h_T}{\partial h_k} \right\rVert_2 \le "
    r"\left(\gamma \sigma_{\max}\right)^{T - k}",
    "eq-parity": r"s_{t} = \left(s_{t-1} + x_{t}\right) \bmod 2",
    "eq-lstm-c": r"c_{t} = f_{t} \odot c_{t-1} + i_{t} \odot g_{t}",
    "eq-gru-h": r"h_{t} = \left(\mathbf{1} - z_{t}\right) \odot n_{t} + z_{t} \odot h_{t-1}",
    "eq-softmax-gradient": r"\frac{\partial \ell}{\partial z_c} = p_{c} - \left[c = y\right]",
}


def test_labels_are_unique_and_plain():
    labels = [e.label for e in TABLE]
    assert len(set(labels)) == len(labels)
    assert all(re.fullmatch(r"eq-[a-z0-9]+(-[a-z0-9]+)*", label) for label in labels)


def test_every_chapter_of_the_table_is_there():
    expected = {"state", "numpy-rnn", "how-long", "parity", "own-lstm", "xnor", "adding"}
    assert set(equations.chapters()) >= expected | {"mnist-rows"}


@each_equation
def test_an_equation_names_a_check_and_a_title(equation):
    assert equation.checks
    assert equation.title


@each_equation
def test_latex_is_whole(equation):
    tex = equation.latex
    left, relation, right = re.split(r"( = | \\le )", tex, maxsplit=1)
    assert left
    assert right
    assert (relation.strip() == r"\le") == (equation.kind == "bound")
    assert tex.count("{") == tex.count("}")
    assert len(re.findall(r"\\left\b", tex)) == len(re.findall(r"\\right\b", tex))
    assert re.findall(r"\\begin{(\w+)}", tex) == re.findall(r"\\end{(\w+)}", tex)
    depth = 0
    for bracket in re.findall(r"(?<!\\)[{}]", tex):
        depth += 1 if bracket == "{" else -1
        assert depth >= 0


@each_equation
def test_latex_holds_the_book_s_notation_only(equation):
    # SymPy's own print of what the book sets otherwise, or of what it could not set at all.
    assert not re.search(
        r"\\circ|[\w)]\^\{T\}|DiagMatrix|mapsto|\^T\b|letter_|None|-1 \+", equation.latex
    )


@pytest.mark.parametrize("label", PRINTED)
def test_terms_are_printed_in_the_order_of_the_text(label):
    assert equations.equation(label).latex == PRINTED[label]


def test_what_stands_between_the_sides_is_printed():
    chain = equations.equation("eq-adding-zero")
    assert latex(chain.rhs) == chain.latex.split(" = ")[-1]
    assert r"\int" in chain.latex.split(" = ")[1]


@pytest.mark.parametrize(
    ("change", "message"), [({"kind": "theorem"}, "kind: .*definition"), ({"label": "rnn"}, "eq-")]
)
def test_the_table_refuses_an_unknown_kind_and_a_stray_label(change, message):
    given = {"label": "eq-a", "kind": "result"} | change
    with pytest.raises(ValueError, match=message):
        Equation(title="", lhs=Symbol("a"), rhs=Symbol("b"), chapter="c", checks=(), **given)


def test_sigma_knows_its_derivative():
    a = Symbol("a")
    assert sigmoid(a).diff(a) == sigmoid(a) * (1 - sigmoid(a))
    assert float(sigmoid(a).rewrite("exp").subs(a, 2)) == pytest.approx(0.8807970779778823)


def test_sums_keep_their_order():
    a, b = Symbol("a"), Symbol("b")
    assert plus(b, a).args == (b, a)


def test_an_unknown_label_is_named():
    with pytest.raises(ValueError, match="'eq-nothing'"):
        equations.equation("eq-nothing")


def test_of_chapter_gives_this_chapter_s_equations_in_order():
    found = equations.of_chapter("own-lstm")
    assert [e.label for e in found][:3] == ["eq-lstm-i", "eq-lstm-f", "eq-lstm-g"]
    assert {e.chapter for e in found} == {"own-lstm"}
    with pytest.raises(ValueError, match="'own-lstn'"):
        equations.of_chapter("own-lstn")


def test_show_displays_the_printed_equation():
    shown = equations.show("eq-parity")
    assert isinstance(shown, Math)
    assert shown.data == PRINTED["eq-parity"]


def test_glue_stores_a_chapter_s_equations_and_shows_none(monkeypatch, capsys):
    stored = {}
    monkeypatch.setattr(
        myst_nb, "glue", lambda name, value, display: stored.update({name: (value.data, display)})
    )
    equations.glue("xnor")
    expected = {e.label: (e.latex, False) for e in equations.of_chapter("xnor")}
    assert stored == expected
    assert capsys.readouterr().out == ""


def test_glue_without_myst_nb_says_so_in_one_line(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "myst_nb", None)
    equations.glue("xnor")
    said = capsys.readouterr()
    assert said.out.count("\n") == 1
    assert "myst-nb is not installed" in said.out
    assert said.err == ""
    with pytest.raises(ValueError, match="'xor'"):
        equations.glue("xor")
