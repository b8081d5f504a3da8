"""Variants of every question, a thousand each: right, tellable from mistakes, and reproducible."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
import torch
from unrolled.variants import QUESTIONS, draw, draw_all
from unrolled.variants.drawing import APART, VISIBLE, suitable, touches
from unrolled.witnesses.numbers import evaluate

SEEDS = range(1000)


@pytest.fixture(scope="module")
def drawn():
    """Every question's variants, and their givens as arrays [1000]."""
    made = {name: draw_all(name, SEEDS) for name in QUESTIONS}
    givens = {
        name: {g: np.array([float(v.givens[g]) for v in variants]) for g in variants[0].givens}
        for name, variants in made.items()
    }
    return made, givens


def key(variants, name):
    return np.array([float(answer(v, name).value) for v in variants])


def rounded(variants, name):
    return np.array([float(answer(v, name).rounded) for v in variants])


def answer(variant, name):
    return next(a for a in variant.answers if a.asked.name == name)


def by_autograd(numbers, hold=lambda h: h):
    """The five gradients of ½ Σ (y − g)²; `hold` is done to a state before it is handed on."""
    names = ("wx", "wh", "b1", "w", "b2")
    given = {name: torch.tensor(values) for name, values in numbers.items()}
    wx, wh, b1, w, b2 = weights = [given[name].clone().requires_grad_() for name in names]
    h, loss = given["h0"], torch.zeros(())
    for t in "123":
        h = torch.sigmoid(wx * given["x" + t] + wh * h + b1)
        loss = loss + ((torch.sigmoid(w * h + b2) - given["g" + t]) ** 2).sum() / 2
        h = hold(h)
    gradients = torch.autograd.grad(loss, weights)
    return {f"d{n}": d.numpy() for n, d in zip(names, gradients, strict=True)}


def by_layers(numbers, outside=False):
    """The forward pass with torch.nn's own layers, a network for each variant."""
    found = {name: [] for name in ("h1", "h2", "h3", "y3")}
    for row in zip(*numbers.values(), strict=True):
        given = dict(zip(numbers, row, strict=True))
        cell = torch.nn.Linear(2, 1, dtype=torch.float64)
        readout = torch.nn.Linear(1, 1, dtype=torch.float64)
        with torch.no_grad():
            cell.weight[:] = torch.tensor([[given["wi"], given["wh"]]])
            cell.bias[:] = 0 if outside else given["bh"]
            readout.weight[:], readout.bias[:] = given["wo"], given["bo"]
            h = torch.zeros(1, dtype=torch.float64)
            for t in "123":
                h = torch.sigmoid(cell(torch.cat([torch.tensor([given["x" + t]]), h])))
                h = h + given["bh"] if outside else h
                found["h" + t].append(h.item())
            found["y3"].append(readout(h).item())
    return {name: np.array(values) for name, values in found.items()}


def by_lstm_cell(numbers, order="ifgo"):
    """One step of torch.nn.LSTMCell, which keeps its gates to itself: they are written out."""
    found = {name: [] for name in ("c1", "h1")}
    cell = torch.nn.LSTMCell(1, 1, dtype=torch.float64)
    for row in zip(*numbers.values(), strict=True):
        given = dict(zip(numbers, row, strict=True))
        with torch.no_grad():
            for rows, prefix in (
                (cell.weight_ih, "wi"),
                (cell.weight_hh, "wh"),
                (cell.bias_ih, "b"),
            ):
                values = torch.tensor([given[prefix + gate] for gate in order])
                rows[:] = values.reshape(rows.shape)
            cell.bias_hh.zero_()
            x, h, c = (torch.tensor([[given[name]]]) for name in ("x1", "h0", "c0"))
            h, c = cell(x, (h, c))
        found["h1"].append(h.item())
        found["c1"].append(c.item())
    gates = {
        f"{g}1": (np.tanh if g == "g" else lambda a: 1 / (1 + np.exp(-a)))(
            numbers["wi" + g] * numbers["x1"] + numbers["wh" + g] * numbers["h0"] + numbers["b" + g]
        )
        for g in "ifgo"
    }
    return gates | {name: np.array(values) for name, values in found.items()}


WITNESS = {"bptt": by_autograd, "forward": by_layers, "gates": by_lstm_cell}


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_key_agrees_with_pytorch(name, drawn):
    made, givens = drawn
    witness = WITNESS[name](givens[name])
    assert set(witness) == {a.name for a in QUESTIONS[name].asked}
    for asked, values in witness.items():
        np.testing.assert_allclose(key(made[name], asked), values, rtol=0, atol=1e-14)
        np.testing.assert_allclose(rounded(made[name], asked), values, rtol=0, atol=0.5001e-4)


@pytest.mark.parametrize(
    ("name", "witness", "entered"),
    [
        ("bptt", lambda n: by_autograd(n, torch.Tensor.detach), {"dwx", "dwh", "db1"}),
        ("forward", lambda n: by_layers(n, outside=True), {"h1", "h2", "h3", "y3"}),
        ("gates", lambda n: by_lstm_cell(n, order="figo"), {"c1", "h1"}),
        ("gates", lambda n: by_lstm_cell(n, order="ofgi"), {"c1", "h1"}),
        ("gates", lambda n: by_lstm_cell(n, order="iogf"), {"c1", "h1"}),
    ],
    ids=[
        "no path through time",
        "bias outside",
        "i and f exchanged",
        "i and o exchanged",
        "f and o exchanged",
    ],
)
def test_the_classic_mistake_shows_at_the_digits_asked(name, witness, entered, drawn):
    made, givens = drawn
    for asked, values in witness(givens[name]).items():
        differ = np.round(values, 4) != rounded(made[name], asked)
        assert differ.all() if asked in entered else not differ.any()


def test_tanh_of_the_memory_shows_at_the_digits_asked(drawn):
    made, _ = drawn
    forgotten = rounded(made["gates"], "o1") * key(made["gates"], "c1")
    assert (np.abs(forgotten - rounded(made["gates"], "h1")) > 2e-4).all()


def by_hand(question, givens, slip=None):
    """Compute with every intermediate value rounded to two digits more than are asked for."""
    world, digits = question.world(givens), question.decimals
    for line in question.lines:
        formula = slip.formulas.get(line.label, line.right) if slip else line.right
        value = np.round(evaluate(formula, {**world, "t": line.step}), digits + 2)
        if line.step is None:
            world[line.letter] = value
        else:
            world.setdefault(line.letter, {})[line.step] = value
    return {
        a.name: np.round(world[a.letter] if a.step is None else world[a.letter][a.step], digits)
        for a in question.asked
    }


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_right_answer_by_hand_is_accepted_and_a_mistaken_one_is_not(name, drawn):
    made, givens = drawn
    question, variants = QUESTIONS[name], made[name]
    tolerance = float(variants[0].answers[0].tolerance)
    right = by_hand(question, givens[name])
    for asked, values in right.items():
        assert (np.abs(values - rounded(variants, asked)) <= tolerance).all(), asked
    for slip in question.slips:
        for asked, values in by_hand(question, givens[name], slip).items():
            if slip.name in touches(name)[asked]:
                away = np.abs(values - rounded(variants, asked))
                assert (away > tolerance + 0.9e-4).all(), (slip.name, asked)


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_answers_of_a_variant_are_all_different_and_large_enough(name, drawn):
    for variant in drawn[0][name]:
        for a in variant.answers:
            values = [float(a.rounded), *(round(v, a.decimals) for v in a.mistakes.values())]
            assert np.diff(sorted(values)).min() > 2.9e-4  # their intervals of tolerance are apart
            assert abs(a.rounded) >= Decimal("0.01")
            assert set(a.mistakes) == set(touches(name)[a.asked.name])


def test_which_mistake_enters_which_answer():
    of = touches("bptt")
    assert {a for a, slips in of.items() if "no path through time" in slips} == {
        "dwx",
        "dwh",
        "db1",
    }
    assert all("the mean in place of ½ Σ" in slips for slips in of.values())
    assert "the state before left out" not in touches("forward")["h1"]
    assert "the hidden bias outside the σ" in touches("forward")["h1"]
    assert "tanh of the memory forgotten" not in touches("gates")["c1"]
    for name, question in QUESTIONS.items():  # no mistake is without effect
        entered = {slip for slips in touches(name).values() for slip in slips}
        assert entered == {slip.name for slip in question.slips}


@pytest.mark.parametrize("name", QUESTIONS)
def test_different_seeds_give_different_numbers(name, drawn):
    assert len({tuple(v.givens.values()) for v in drawn[0][name]}) == len(SEEDS)


SHEETS = {
    "bptt": "-0.4 1.3 -0.8 -1.1 0.4 0.8 -3 -2 2 1 1 1",
    "forward": "-0.6 -1.1 -1 -0.2 0.6 5 -2 2",
    "gates": "1 0.8 -0.7 -1.1 0.8 -0.2 -1.3 -1.4 0.2 1.2 -1.3 0.9 0.9 1 -0.2",
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_seed_gives_the_same_sheet_alone_in_company_and_next_year(name, drawn):
    alone = draw(name, 0)
    assert alone == drawn[0][name][0] == draw_all(name, [5, 0])[1]
    assert " ".join(str(number) for number in alone.givens.values()) == SHEETS[name]


def test_a_sheet_with_a_weight_that_hides_a_mistake_is_not_suitable(drawn):
    question, good = QUESTIONS["bptt"], {n: v[:1] for n, v in drawn[1]["bptt"].items()}
    assert suitable(question, good).all()
    assert not suitable(question, good | {"wh": np.ones(1)}).any()  # a forgotten w_h
    assert not suitable(question, good | {"h0": np.zeros(1)}).any()  # a path of one step
    # A1.1's own weights and inputs, with a third step: saturated.
    sheet = {"wx": 3, "wh": 1, "b1": 2, "w": -1, "b2": 1, "x1": -1, "x2": 2, "x3": 1}
    sheet |= {"h0": 0.5, "g1": 0, "g2": 1, "g3": 0}
    assert not suitable(question, {n: np.array([float(v)]) for n, v in sheet.items()}).any()


def test_mistakes_that_no_numbers_tell_apart_are_an_error_and_no_endless_search(monkeypatch):
    question = QUESTIONS["forward"]
    twin = replace(question.slips[0], name="the same by another name")
    twins = replace(question, name="twins", slips=(*question.slips, twin))
    monkeypatch.setitem(QUESTIONS, "twins", twins)
    with pytest.raises(ValueError, match=r"^question: no numbers tell the mistakes of twins from"):
        draw("twins", 0)


def test_the_margins_are_the_ones_that_the_text_explains():
    answer = draw("forward", 0).answers[0]
    assert (answer.tolerance, answer.unit) == (Decimal("0.00015"), Decimal("0.0001"))
    assert APART * answer.unit > 3 * answer.tolerance
    assert VISIBLE * answer.unit == Decimal("0.01")


def test_bad_input_is_one_sentence():
    with pytest.raises(
        ValueError, match=r"^question: expected one of bptt, forward, gates, got 'x'$"
    ):
        draw("x", 0)
    with pytest.raises(ValueError, match=r"^seed: expected 0 or more, got -1$"):
        draw_all("bptt", [0, -1])
