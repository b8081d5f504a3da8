"""The witnesses of the gated cells: their derivatives agree, and their wires measure δ."""

import numpy as np
import pytest
from unrolled.derivations import carrying, gate_algebra, gate_backward, gate_jacobians
from unrolled.witnesses import gate_returns, gate_steps
from unrolled.witnesses.numbers import evaluate

KINDS = ("lstm", "gru", "published")
each_kind = pytest.mark.parametrize("kind", KINDS)


def test_every_gradient_carries_a_mistake():
    gradients = (*gate_jacobians.GATE_JACOBIANS, *gate_backward.GATE_BACKWARD)
    without = [e.label for e in gradients if e.kind == "result" and not e.mistakes]
    assert without == []


@each_kind
@pytest.mark.parametrize("seed", gate_steps.SIZES)
def test_the_wires_carry_the_gradient_in_the_biases(kind, seed):
    run = gate_steps.draw(kind, seed)
    cache = run.read(run.x, run.start)[2]
    d_x, grads = run.cell.backward(run.e[None], cache)
    np.testing.assert_allclose(d_x[0, :, run.gates].sum(0), grads["bias_ih"], atol=1e-12)


@each_kind
def test_four_ways_of_differentiating_agree(kind):
    run = gate_steps.draw(kind, 2)
    ours = gate_returns.numpy_gradients(run)
    assert set(ours) == ({"gates", "h", "c"} if kind == "lstm" else {"gates", "h"})
    for other in (
        gate_returns.torch_gradients,
        gate_returns.tensorflow_gradients,
        gate_returns.measured_gradients,
    ):
        for name, values in other(run).items():
            np.testing.assert_allclose(values, ours[name], atol=1e-8)


def test_a_step_written_out_wrongly_is_noticed(monkeypatch):
    right = gate_steps.parts

    def swapped(kind, ops, arrays, x, state):
        found = right(kind, ops, arrays, x, state)
        return found | {"h": found["i"]}

    monkeypatch.setattr(gate_steps, "parts", swapped)
    with pytest.raises(ValueError, match="PyTorch: the step written out"):
        gate_steps.torch_jacobians(gate_steps.draw("lstm", 1), 1)


def test_a_power_of_sigma_is_computed_as_one():
    value = evaluate(gate_algebra.sigmoid(gate_algebra.b) ** gate_algebra.t, {"b": 0.0, "t": 3})
    assert value == 0.125


def test_a_product_runs_over_its_steps():
    shares = carrying.SURVIVAL[0].lhs
    f = np.array([np.nan, 9.0, 2.0, 3.0, 5.0])
    assert evaluate(shares, {"f": f, "k": 1, "T": 3}) == 6
    assert evaluate(shares, {"f": f, "k": 3, "T": 3}) == 1
