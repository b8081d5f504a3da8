"""The one-unit network unrolled as a graph: a node a quantity, an edge a dependence.

Nodes hold the forward equations of `bptt` with their step put in; the slope of an edge is SymPy's
derivative of the node at its end in the node at its start. The chain rule is then one line: the
gradient at a node sums, over the edges that leave it, the gradient at the edge's end times the
edge's slope.

>>> graph = unroll(2)
>>> [node.name for node in graph.nodes if node.name.startswith("h")]
['h_{0}', 'h_{1}', 'h_{2}']
>>> len(graph.leaving("h_{1}"))
2
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Basic, Symbol, diff

from unrolled.derivations import bptt
from unrolled.derivations.notation import latex
from unrolled.derivations.one_unit import T, h, t, w, w_h, w_x, x, y

#: Which weight an edge passes, by the letters at its ends; the loss passes none.
WEIGHT_OF = {("x", "h"): w_x, ("h", "h"): w_h, ("h", "y"): w}


@dataclass(frozen=True)
class Node:
    """One quantity of the unrolled network.

    Args:
        symbol: h_2, say, or L.
        value: its equation in the symbols of other nodes; itself where it is given.
    """

    symbol: Basic
    value: Basic

    @property
    def name(self) -> str:
        """The symbol as LaTeX."""
        return latex(self.symbol)


@dataclass(frozen=True)
class Edge:
    """One dependence: `end` reads `start`, through `weight` or directly.

    Args:
        start: the node that is read.
        end: the node that reads it.
        slope: ∂end/∂start, in the symbols of the nodes.
        weight: the shared weight on the way; None into the loss.
    """

    start: str
    end: str
    slope: Basic
    weight: Symbol | None


@dataclass(frozen=True)
class Graph:
    """Nodes in the order of computation, and the edges between them."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def leaving(self, name: str) -> tuple[Edge, ...]:
        """List the edges that leave a node."""
        return tuple(edge for edge in self.edges if edge.start == name)

    def gradients(self, slopes: Mapping[tuple[str, str], float]) -> dict[str, float]:
        """Carry the gradient of the loss back to every node, the newest first.

        Args:
            slopes: (start, end) → the value of the edge's slope.

        Returns:
            node → ∂L/∂node.
        """
        found = {self.nodes[-1].name: 1.0}
        for node in reversed(self.nodes[:-1]):
            found[node.name] = sum(
                found[edge.end] * slopes[edge.start, edge.end] for edge in self.leaving(node.name)
            )
        return found


def unroll(steps: int) -> Graph:
    """Write the one-unit network out for a number of steps.

    Args:
        steps: T.

    Raises:
        ValueError: if there is no step.
    """
    if steps < 1:
        raise ValueError(f"steps: expected at least 1, got {steps}")
    step, output, loss = (equation.rhs for equation in bptt.FORWARD[:3])
    nodes = [Node(h[0], h[0])]
    for now in range(1, steps + 1):
        nodes += [
            Node(x[now], x[now]),
            *(Node(letter[now], rule.subs(t, now)) for letter, rule in ((h, step), (y, output))),
        ]
    whole = loss.subs(T, steps).doit()
    nodes.append(Node(Symbol("L"), whole))
    edges = [_edge(start, end) for end in nodes for start in nodes if _reads(end, start)]
    return Graph(tuple(nodes), tuple(edges))


def _reads(end: Node, start: Node) -> bool:
    return end.value != end.symbol and end.value.has(start.symbol)


def _edge(start: Node, end: Node) -> Edge:
    weight = WEIGHT_OF.get((start.name[0], end.name[0]))
    return Edge(start.name, end.name, _slope(start, end), weight)


def _slope(start: Node, end: Node) -> Basic:
    """Differentiate, and write σ(…) as the name of the node that it is the value of."""
    return diff(end.value, start.symbol).subs(end.value, end.symbol)
