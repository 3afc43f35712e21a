"""The part of a graph that one node needs, for an input of another size: to see a unit that no border clips."""

from __future__ import annotations

from dataclasses import replace

from cnncalc.graph import INPUT, Graph, Node
from cnncalc.layers.base import LayerError
from cnncalc.text import Shape


def resized(graph: Graph, name: str, input_shape: Shape) -> Graph | None:
    """Return the ancestors of node `name`, and it as the output, for `input_shape`; None where a layer refuses it."""
    shapes: dict[str, Shape] = {INPUT: input_shape}
    nodes: list[Node] = []
    for node in graph.needed_for([name]):
        inputs = tuple(shapes[source] for source in node.inputs)
        try:
            output = node.layer.output_shape(inputs)
        except LayerError:
            return None
        shapes[node.name] = output
        nodes.append(replace(node, input_shapes=inputs, output_shape=output))
    return Graph(graph.name, input_shape, tuple(nodes))
