"""Every bound of the table, tried by Hypothesis; where it is tight, 99 per cent of it are too few.

The left side is measured on a cell that ran, or on its gradients; only the right side is the
equation's. A new bound needs an entry in `TRIALS`: what Hypothesis draws, how that is turned into
pairs of a left side and a world, and where the two sides are equal.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from unrolled import cells, convert, tasks
from unrolled.derivations.equations import EQUATIONS, equation
from unrolled.gradcheck import numerical_gradient
from unrolled.studies.automata import parity_by_hand
from unrolled.witnesses.gate_algebra import FULL, run_units
from unrolled.witnesses.gate_steps import LETTERS
from unrolled.witnesses.numbers import World, evaluate
from unrolled.witnesses.proofs import LEAST_GAIN

Pairs = Iterator[tuple[float, World]]

CELLS = {
    "lstm": cells.LSTM,
    "gru": cells.GRU,
    "published": partial(cells.GRU, reset_after=False),
}
KEPT_STEPS = 100
values = st.floats(-3, 3) | st.floats(-FULL, FULL)
gains = st.floats(0, 10) | st.floats(0, 30) | st.floats(0, 400)
bits = st.lists(st.integers(0, 1), min_size=1, max_size=6)


class Trial(NamedTuple):
    drawn: st.SearchStrategy[dict]
    measured: Callable[..., Pairs]
    tight: tuple[dict, ...]


def array(*shape, elements=values):
    return arrays(float, shape, elements=elements, fill=st.nothing())


@st.composite
def driven(draw, kinds, **others):
    """Draw a cell by its pre-activations a [T, G, H], recurrent weights w and first states."""
    kind = draw(st.sampled_from(kinds))
    steps, units = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    gates, states = len(LETTERS[kind]), 2 if kind == "lstm" else 1
    return {
        "kind": kind,
        "a": draw(array(steps, gates, units)),
        "w": draw(array(gates, units, units)),
        "first": draw(array(states, units, elements=st.floats(-2, 2) | st.floats(-100, 100))),
        **{name: draw(strategy) for name, strategy in others.items()},
    }


def still(kind, first, steps=1, **full):
    """Write down a cell of one unit; a gate that is not in `full` has a pre-activation of 0."""
    a = np.zeros((steps, len(LETTERS[kind]), 1))
    for gate, value in full.items():
        a[:, LETTERS[kind].index(gate)] = value
    states = [[0.0], [first]] if kind == "lstm" else [[first]]
    return {"kind": kind, "a": a, "w": np.zeros((a.shape[1], 1, 1)), "first": np.array(states)}


def run(kind, a, w, first, held=None):
    """Run a cell; the gates in `held`, a function of what was drawn each, do not read the state."""
    a, w = a.copy(), w.copy()
    for gate, pre_activation in (held or {}).items():
        k = LETTERS[kind].index(gate)
        a[:, k], w[k] = pre_activation(a[:, k]), 0
    steps, gates, size = a.shape
    cell = CELLS[kind](gates * size, size)
    for parameter in cell.parameters.values():
        parameter[...] = 0
    cell.weight_ih[...] = np.eye(gates * size)
    cell.weight_hh[...] = w.reshape(-1, size)
    return run_units(cell, a.reshape(1, steps, -1), tuple(first[:, None]))


def each_step(worlds) -> Iterator[World]:
    return ({**world, "t": t} for world in worlds for t in range(1, world["T"] + 1))


def central_error(theta, epsilon, cubic, height, frequency) -> Pairs:
    def loss(at):
        return np.sum(cubic * at**3 + height * np.sin(frequency * at))

    slopes = 3 * cubic * theta**2 + height * frequency * np.cos(frequency * theta)
    for place, slope, found in zip(
        theta, slopes, numerical_gradient(loss, theta.copy(), epsilon), strict=True
    ):
        low, high = frequency * (place - epsilon), frequency * (place + epsilon)
        turns = np.pi * np.arange(np.ceil(low / np.pi), np.floor(high / np.pi) + 1)
        third = 6 * cubic - height * frequency**3 * np.cos([low, *turns, high])
        largest = {r"\max \left|L'''\right|": np.max(np.abs(third))}
        yield abs(found - slope), {r"\varepsilon": epsilon, **largest}


@st.composite
def networks(draw):
    size, steps = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    weights = st.floats(-1, 1) | st.floats(-1000, 1000)
    return {
        "w": draw(array(size, size, elements=weights)),
        "a": draw(array(steps, size, elements=st.floats(-1, 1) | values)),
        "first": draw(array(size)),
        "k": draw(st.integers(0, 3)),
    }


def arriving_gradient(w, a, first, k) -> Pairs:
    steps, size = a.shape
    cell = cells.RNN(size, size)
    for parameter, value in zip(cell.parameters.values(), (np.eye(size), w, 0, 0), strict=True):
        parameter[...] = value
    layer = torch.nn.RNN(size, size, batch_first=True, dtype=torch.float64)
    layer.load_state_dict({n: torch.from_numpy(p) for n, p in convert.to_torch(cell).items()})
    start = torch.tensor(np.tile(first, (1, size, 1)), requires_grad=True)
    h, last = layer(torch.tensor(np.tile(a, (size, 1, 1))), start)
    (jacobian,) = torch.autograd.grad(last[0], start, torch.eye(size, dtype=torch.float64))
    factors = {r"\gamma": np.max(1 - h.detach().numpy() ** 2), r"\sigma_{\max}": norm(w)}
    yield norm(jacobian[0].numpy()), {**factors, "k": k, "T": k + steps}


def norm(matrix):
    return float(np.linalg.norm(matrix, 2))


def parity_run(gain, parity, off, string):
    """Run the two units from a difference that is off: cell, its cache, d_t, s_t and x_t."""
    s = tasks.prefix_parity(np.array([parity, *string])[None, :, None])[0, :, 0].astype(float)
    cell = convert.from_torch(parity_by_hand(1.0).double().recurrent)
    for parameter in cell.parameters.values():
        parameter *= gain
    first = s[0] + off
    x = np.array(string, float)[None, :, None]
    h, _, cache = cell.forward(x, [[2 * first - 1, -1]])  # tanh units: 2σ - 1
    d = np.array([first, *(h[0, :, 0] - h[0, :, 1]) / 2])
    return cell, cache, d, s, np.array([np.nan, *string])


def parity_step(gain, parity, off, string) -> Pairs:
    *_, d, s, x = parity_run(gain, parity, off, string)
    errors = np.abs(d - s)
    for t in range(1, len(d)):
        yield errors[t], {"s": s, "x": x, "k": gain, "varepsilon": np.max(errors[:t]), "t": t}


def parity_gain(above) -> Pairs:
    gain = LEAST_GAIN + above
    _, cache, *_ = parity_run(gain, 0, 0.25, [0])
    yield 1 + cache["h"][0, 0, 0], {}  # 2σ: the first unit, ¼ below its threshold


def parity_forever(above, parity, off, string) -> Pairs:
    *_, d, s, _ = parity_run(LEAST_GAIN + above, parity, off, string)
    for error in np.abs(d - s):
        yield error, {}


def parity_reach(gain, parity, off, string) -> Pairs:
    cell, cache, d, s, _ = parity_run(gain, parity, off, string)
    _, gradients = cell.backward(np.zeros((1, len(string), 2)), cache, [[0.5, -0.5]])
    reach = 2 * gradients["state"][0, 0]  # d_0 enters as 2 d_0 - 1 into the first unit
    epsilon = np.max(np.abs(d - s)[:-1])
    yield abs(reach), {"k": gain, "varepsilon": epsilon, "t": len(string)}


def store_error(b, **drawn) -> Pairs:
    held = {"f": lambda a: -b - np.abs(a), "i": lambda a: b + np.abs(a)}
    for world in each_step(run(**drawn, held=held)):
        t = world["t"]
        yield abs(world["c"][t] - world["g"][t]), {**world, "b": b}


def squash_error(numbers, epsilon) -> Pairs:
    cell = cells.LSTM(1, 1)
    for parameter in cell.parameters.values():
        parameter[...] = 0
    cell.weight_ih[2] = epsilon
    (squashed,) = cell.forward(numbers[None, :, None])[2]["g"][:, :, 0]
    for x, g in zip(numbers, squashed, strict=True):
        yield abs(x - g / epsilon), {"x": x, r"\varepsilon": epsilon}


def reach(**drawn) -> Pairs:
    for world in each_step(run(**drawn)):
        yield abs(world["h"][world["t"]]), world


def kept_share(b, **drawn) -> Pairs:
    held = {"f": lambda a: b - np.abs(a), "g": np.zeros_like}
    for world in run(**drawn | {"first": np.ones_like(drawn["first"])}, held=held):
        for k in range(world["T"]):
            yield world["c"][-1] / world["c"][k], {"b": b, "k": k, "T": world["T"]}


def kept_steps(b, epsilon, below) -> Pairs:
    a = np.zeros((KEPT_STEPS, 4, 1))
    a[:, 1, 0] = b - np.resize(below, KEPT_STEPS)
    (world,) = run("lstm", a, np.zeros((4, 1, 1)), np.array([[0.0], [1.0]]))
    steps = np.count_nonzero(world["c"][1:] >= 1 - epsilon)
    yield steps, {"b": b, r"\varepsilon": epsilon}


def kept_error(kind, b, **drawn) -> Pairs:
    if kind == "lstm":
        held = {"f": lambda a: np.full_like(a, b), "i": lambda a: -b - np.abs(a)}
    else:
        held = {"z": lambda a: np.full_like(a, b)}
    for world in run(kind, **drawn, held=held):
        c = world["c" if kind == "lstm" else "h"]
        for k in range(world["T"]):
            yield abs(c[-1] - c[k]), {"c": c, "b": b, "k": k, "T": world["T"]}


walks = {"parity": st.integers(0, 1), "string": bits}
four_cases = [(parity, bit) for parity in (0, 1) for bit in (0, 1)]
quarter_turn = np.array([[0.0, -1.0], [1.0, 0.0]])

TRIALS = {
    "eq-central-error": Trial(
        st.fixed_dictionaries(
            {
                "theta": st.integers(1, 3).flatmap(partial(array, elements=st.floats(-3, 3))),
                "epsilon": st.floats(0.1, 3),  # below, rounding is what is seen
                "cubic": st.floats(-3, 3),
                "height": st.floats(-3, 3),
                "frequency": st.floats(0, 5),
            }
        ),
        central_error,
        (
            {
                "theta": np.array([0.4]),
                "epsilon": 0.2,
                "cubic": 1.0,
                "height": 0.0,
                "frequency": 0.0,
            },
        ),
    ),
    "eq-jacobian-bound": Trial(
        networks(),
        arriving_gradient,
        ({"w": 0.9 * quarter_turn, "a": np.zeros((4, 2)), "first": np.zeros(2), "k": 0},),
    ),
    "eq-parity-cases": Trial(
        st.fixed_dictionaries({"gain": gains, "off": st.floats(-1, 1), **walks}),
        parity_step,
        tuple(
            {"gain": 8.0, "off": 0.2 if parity == 0 else -0.2, "parity": parity, "string": [bit]}
            for parity, bit in four_cases
        ),
    ),
    "eq-parity-gain": Trial(
        st.fixed_dictionaries({"above": st.floats(0, 1) | st.floats(0, 1e6)}),
        parity_gain,
        ({"above": 0.0},),
    ),
    "eq-parity-invariant": Trial(
        st.fixed_dictionaries(
            {"above": gains, "off": st.just(0.25) | st.floats(-0.25, 0.25), **walks}
        ),
        parity_forever,
        ({"above": 0.0, "off": 0.25, "parity": 0, "string": [0]},),
    ),
    "eq-parity-forgets": Trial(
        st.fixed_dictionaries({"gain": gains, "off": st.floats(-0.5, 0.5), **walks}),
        parity_reach,
        ({"gain": 40.0, "off": 0.0, "parity": 0, "string": [0]},),
    ),
    "eq-store-error": Trial(
        driven(("lstm",), b=st.floats(-5, 60)),
        store_error,
        (still("lstm", -1.5, g=FULL) | {"b": 2.0},),
    ),
    "eq-squash-error": Trial(
        st.fixed_dictionaries(
            {
                "numbers": st.integers(1, 5).flatmap(
                    partial(array, elements=st.floats(-3, 3) | st.floats(-1000, 1000))
                ),
                "epsilon": st.floats(1e-6, 1) | st.floats(1, 1000),
            }
        ),
        squash_error,
        ({"numbers": np.array([100.0]), "epsilon": 1e-4},),
    ),
    "eq-lstm-reach": Trial(
        driven(("lstm",)),
        reach,
        tuple(still("lstm", first, **dict.fromkeys("ifgo", FULL)) for first in (0.0, 0.4, 1.2)),
    ),
    "eq-gru-reach": Trial(
        driven(("gru", "published")),
        reach,
        (still("gru", 2.0, z=FULL), still("gru", 0.3, z=-FULL, n=FULL)),
    ),
    "eq-keep-share": Trial(
        driven(("lstm",), b=st.floats(-5, 40)),
        kept_share,
        (still("lstm", 1.0, steps=6) | {"b": 1.5},),
    ),
    "eq-keep-steps": Trial(
        st.fixed_dictionaries(
            {
                "b": st.floats(-5, 12),
                "epsilon": st.floats(1e-6, 0.999),
                "below": st.integers(1, 4).flatmap(
                    partial(array, elements=st.just(0.0) | st.floats(0, 5))
                ),
            }
        ),
        kept_steps,
        ({"b": 0.0, "epsilon": 1 - 0.5**20, "below": np.zeros(1)},),
    ),
    "eq-keep-error": Trial(
        driven(("lstm", "gru", "published"), b=st.floats(-5, 30)),
        kept_error,
        (
            still("lstm", 0.8, steps=5, g=-FULL) | {"b": 2.0},
            still("gru", 0.8, steps=5, n=-FULL) | {"b": 2.0},
            still("published", 0.8, steps=5, n=-FULL) | {"b": 2.0},
        ),
    ),
}

each_bound = pytest.mark.parametrize("label", TRIALS)


def tried(label, arguments):
    """Measure the left sides and compute the right ones: at least one pair."""
    right = equation(label).rhs
    pairs = TRIALS[label].measured(**arguments)
    found = [(float(left), float(evaluate(right, world))) for left, world in pairs]
    assert found
    return found


def holds(left, right):
    return left <= right * (1 + 1e-9) + 1e-12


def test_every_bound_of_the_table_is_tried_here():
    assert set(TRIALS) == {e.label for e in EQUATIONS if e.kind == "bound"}


@each_bound
@settings(derandomize=True, deadline=None, database=None, max_examples=70)
@given(data=st.data())
def test_a_bound_holds_whatever_is_drawn(label, data):
    for left, right in tried(label, data.draw(TRIALS[label].drawn)):
        assert holds(left, right)


@each_bound
def test_a_tight_bound_holds_but_fails_when_scaled_by_99_per_cent(label):
    for arguments in TRIALS[label].tight:
        pairs = tried(label, arguments)
        assert all(holds(left, right) for left, right in pairs)
        assert not all(holds(left, 0.99 * right) for left, right in pairs)
