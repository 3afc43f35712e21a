"""A graph with other layers or other shapes put in: what follows from them is worked out again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cnncalc.graph import INPUT, Graph, Node
from cnncalc.layers.base import Layer, LayerError
from cnncalc.text import Shape


def rebuilt(graph: Graph, *, layers: Mapping[str, Layer] = {}, shapes: Mapping[str, Shape] = {}) -> Graph:
    """Return `graph` with `layers` in place of its own, and with `shapes` for what these nodes are said to give.

    `shapes` are taken as they are, also where they are wrong: what comes after is computed from them, as a student
    does who goes on with an earlier answer. A node whose inputs do not fit it is left out, with all that needs it.
    """
    known: dict[str, Shape] = {INPUT: graph.input_shape}

    def again(node: Node) -> Node | None:
        if any(name not in known for name in node.inputs):
            return None
        layer = layers.get(node.name, node.layer)
        inputs = tuple(known[name] for name in node.inputs)
        output = node.output_shape
        if layer is not node.layer or inputs != node.input_shapes:
            try:
                output = layer.output_shape(inputs)
            except LayerError:
                if node.name not in shapes:
                    return None
        output = known[node.name] = shapes.get(node.name, output)
        if layer is node.layer and inputs == node.input_shapes and output == node.output_shape:
            return node
        return replace(node, layer=layer, input_shapes=inputs, output_shape=output)

    nodes = tuple(new for new in map(again, graph.nodes) if new)
    heads = tuple(replace(head, nodes=tuple(new for new in map(again, head.nodes) if new)) for head in graph.heads)
    return replace(graph, nodes=nodes, heads=heads)
