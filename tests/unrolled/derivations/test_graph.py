"""The unrolled graph: a node a quantity, an edge a dependence, and the chain rule over both."""

from dataclasses import replace

import pytest
from unrolled.derivations import graph, one_unit
from unrolled.derivations.graph import unroll
from unrolled.witnesses import bptt


@pytest.fixture(params=[1, 2, 4])
def case(request):
    """A network of T steps with all its numbers."""
    steps, numbers = request.param, (0.3, -1.2, 0.8, 2.0)
    weights = {"wx": 0.7, "wh": -1.3, "b1": 0.2, "w": 1.1, "b2": -0.4}
    known = bptt.world(weights, numbers[:steps], (0, 1, 1, 0)[:steps], h_0=0.3)
    return unroll(steps), known


def test_each_quantity_is_a_node_and_each_use_of_a_weight_an_edge(case):
    net, known = case
    steps = known["T"]
    assert len(net.nodes) == 3 * steps + 2
    of = [edge.weight for edge in net.edges]
    assert [of.count(w) for w in (one_unit.w_x, one_unit.w_h, one_unit.w)] == [steps] * 3
    assert of.count(None) == steps
    assert len(net.leaving("h_{1}")) == (2 if steps > 1 else 1)


def test_values_on_the_nodes_are_the_network_s(case):
    net, known = case
    values, _ = bptt.on_graph(net, known)
    assert values["L"] == pytest.approx(known["L"])
    assert values["h_{1}"] == known["h"][1]
    assert values["h_{0}"] == 0.3


def test_gradients_are_those_of_the_complex_step(case):
    net, known = case
    _, slopes = bptt.on_graph(net, known)
    found = net.gradients(slopes)
    for t in range(1, known["T"] + 1):
        slope = known["h"][t] * (1 - known["h"][t])
        assert found[f"h_{{{t}}}"] * slope == pytest.approx(known[r"\delta"][t], abs=1e-14)
        assert found[f"x_{{{t}}}"] == pytest.approx(0.7 * known[r"\delta"][t], abs=1e-14)


def test_without_the_path_through_time_the_gradient_differs():
    net = unroll(3)
    known = bptt.world(dict.fromkeys(bptt.LETTERS, 0.9), (1, -1, 2), (0, 1, 0))
    _, slopes = bptt.on_graph(net, known)
    along = [edge for edge in net.edges if edge.weight != one_unit.w_h]
    cut = replace(net, edges=tuple(along)).gradients(slopes)["h_{1}"]
    assert abs(cut - net.gradients(slopes)["h_{1}"]) > 1e-3


def test_a_slope_is_written_in_the_values_of_nodes():
    (edge,) = [e for e in graph.unroll(2).edges if (e.start, e.end) == ("h_{1}", "h_{2}")]
    h = one_unit.h
    assert edge.slope.equals(one_unit.w_h * h[2] * (1 - h[2]))


def test_no_step_is_refused():
    with pytest.raises(ValueError, match=r"steps: .*got 0"):
        unroll(0)
