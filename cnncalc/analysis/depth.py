"""Depth: how many layers of weights follow one another, which is the number in names such as ResNet-50."""

from __future__ import annotations

from cnncalc.graph import INPUT, Graph, Node
from cnncalc.layers.merge import Multiply


def depth(graph: Graph) -> int:
    """Return how many layers of weights lie on the longest way from the input to an output.

    A layer of weights is one that multiplies and adds: a convolution or a fully connected layer. What lies beside the
    longest way is not counted, such as the 1x1 convolutions in ResNet's shortcuts (He et al. 2015, table 1); nor is the
    way through a gate, which only scales what passes (squeeze and excitation). Heads that are train_only are left out.
    """
    found = {INPUT: 0}
    for node in graph.executed:
        own = node.layer.quantities(node.input_shapes, node.output_shape).mac > 0
        found[node.name] = max(found[name] for name in _ways(node)) + own
    return max(found[name] for name in graph.outputs)


def _ways(node: Node) -> list[str]:
    """Return the inputs that are followed: of a product, those that are not stretched."""
    whole = [name for name, shape in zip(node.inputs, node.input_shapes, strict=True) if shape == node.output_shape]
    return whole if isinstance(node.layer, Multiply) and whole else list(node.inputs)
