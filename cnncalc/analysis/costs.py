"""The work of each node for one input.

The rule: MACs are the multiply-accumulates of weights with inputs in convolutions and fully connected layers, those on
padded zeros included; FLOPs are twice the MACs; bias, pooling, normalisation and activations are not counted.
"""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.graph import Graph, Node
from cnncalc.text import Shape

FLOPS_PER_MAC = 2


class Cost(NamedTuple):
    """Exact counts for one input, whatever the batch."""

    macs: int
    macs_without_padding: int
    flops: int


def costs(graph: Graph) -> dict[str, Cost]:
    """Return the cost of every node, heads included: {node name: Cost}."""
    # By the layer's identity: a repeated layer is one object, and to compare its arguments takes longer.
    known: dict[tuple[int, tuple[Shape, ...]], Cost] = {}
    found: dict[str, Cost] = {}
    for node in graph.every_node():
        key = (id(node.layer), node.input_shapes)
        cost = known.get(key)
        if cost is None:
            cost = known[key] = cost_of(node)
        found[node.name] = cost
    return found


def cost_of(node: Node) -> Cost:
    """Return the cost of one node."""
    counted = node.layer.quantities(node.input_shapes, node.output_shape)
    return Cost(counted.mac, counted.mac - counted.padded_mac, FLOPS_PER_MAC * counted.mac)
