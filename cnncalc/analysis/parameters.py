"""The tensors each node holds."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from cnncalc.graph import Graph, Node
from cnncalc.layers.base import Parameters
from cnncalc.text import Shape


class Held(NamedTuple):
    """Trainable tensors and buffers of one node, by short name, and how many numbers each kind has."""

    parameters: Parameters
    buffers: Parameters
    parameter_count: int
    buffer_count: int


def parameters(graph: Graph) -> dict[str, Held]:
    """Return what every node holds, heads included: {node name: Held}."""
    # By the layer's identity: a repeated layer is one object, and to compare its arguments takes longer.
    known: dict[tuple[int, tuple[Shape, ...]], Held] = {}
    found: dict[str, Held] = {}
    for node in graph.every_node():
        key = (id(node.layer), node.input_shapes)
        held = known.get(key)
        if held is None:
            held = known[key] = held_by(node)
        found[node.name] = held
    return found


def held_by(node: Node) -> Held:
    """Return what one node holds."""
    trained = node.layer.parameters(node.input_shapes)
    stored = node.layer.buffers(node.input_shapes)
    return Held(trained, stored, _count(trained), _count(stored))


def _count(tensors: Parameters) -> int:
    return sum(prod(shape) for shape in tensors.values())
