"""The same network with one channel everywhere.

Which positions a unit depends on does not depend on channels, so the receptive field of the thin network is that of the
whole one, and running it is cheap. Vectors keep their length, so that a feature's index means the same in both.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from cnncalc.engine.reference.operation import Array
from cnncalc.engine.tensors import tensor_shapes
from cnncalc.graph import INPUT, Graph, Node
from cnncalc.layers import layer_type
from cnncalc.layers.base import Layer, create
from cnncalc.text import Shape

COPIED = "#one"
"""Ends the name of a helper node: the one channel, or the one feature, that the node itself then repeats."""

WHOLE = "#whole"
"""Ends the name of a helper node that has all channels again."""


def thin(graph: Graph) -> Graph:
    """Return `graph` with one channel in every feature map, train-only heads included in its nodes.

    A layer that joins, takes or shuffles channels becomes one that keeps positions. Flatten and Linear become two
    nodes: one that works on the one channel, and under the old name a Concat that repeats its result to the old length.
    Unflatten along the channels works on as many as there are, of which the mean over the new channels is kept.
    BatchNorm without running statistics takes those of each input, as the probes lie side by side in one batch.
    Raises LayerError where channels laid end to end with another axis meet a map that has one channel.
    """
    shape = graph.input_shape
    shapes: dict[str, Shape] = {INPUT: (1, *shape[1:]) if len(shape) > 1 else shape}
    nodes: list[Node] = []
    for node in graph.every_node():
        for thinner in _thinned(node, [shapes[name] for name in node.inputs]):
            inputs = tuple(shapes[name] for name in thinner.inputs)
            shapes[thinner.name] = thinner.layer.output_shape(inputs)
            nodes.append(replace(thinner, input_shapes=inputs, output_shape=shapes[thinner.name]))
    return replace(graph, input_shape=shapes[INPUT], nodes=tuple(nodes), heads=(), tensors={})


def _thinned(node: Node, inputs: list[Shape]) -> list[Node]:
    """Return what takes the place of `node`; the shapes of what it returns are not yet right."""
    layer: Any = node.layer
    if node.type == "Linear":
        return _repeated(node, _with(layer, in_features=None, out_features=1), node.output_shape[0])
    if node.type == "Flatten" and len(node.output_shape) == 1 < len(node.input_shapes[0]):
        # Feature c*H*W + h*W + w of the whole network is position (h, w) of any channel.
        return _repeated(node, layer, node.output_shape[0] // prod(inputs[0]))
    if node.type == "Mean" and node.output_shape == node.input_shapes[0][:1] and 0 not in layer.reduced(inputs[0]):
        return _repeated(node, layer, node.output_shape[0])
    if node.type == "Unflatten" and len(node.output_shape) > 1 and _works_on_channels(layer, node.input_shapes[0]):
        return _unflattened(node, inputs[0])
    return [replace(node, layer=_one_channel(node, inputs))]


def _repeated(node: Node, layer: Layer, times: int) -> list[Node]:
    if times == 1:
        return [replace(node, layer=layer)]
    one = replace(node, name=node.name + COPIED, layer=layer)
    return [one, replace(node, layer=_plain("Concat"), inputs=(one.name,) * times)]


def _unflattened(node: Node, shape: Shape) -> list[Node]:
    """Lay so many copies of a thin input side by side that its channels, or features, are those of the whole one."""
    whole, split = node.name + WHOLE, node.name + COPIED
    times = node.input_shapes[0][0] // shape[0]
    copies = replace(node, name=whole, layer=_plain("Identity" if times == 1 else "Concat"), inputs=node.inputs * times)
    mean = create(layer_type("Mean"), {"dim": 1, "keepdim": True})
    return [copies, replace(node, name=split, inputs=(whole,)), replace(node, layer=mean, inputs=(split,))]


def _one_channel(node: Node, inputs: list[Shape]) -> Layer:
    layer: Any = node.layer
    if node.type.startswith("Conv"):
        return _with(layer, in_channels=None, out_channels=1, groups=1)
    if node.type.startswith("BatchNorm"):
        if layer.track_running_stats or len(node.output_shape) == 1:
            return _with(layer, num_features=None, track_running_stats=True)
        return create(layer_type("GroupNorm"), {"num_groups": 1})
    if node.type.startswith("InstanceNorm"):
        return _with(layer, num_features=None)
    if node.type == "GroupNorm" and len(node.output_shape) > 1:
        return _with(layer, num_channels=None, num_groups=1)
    if node.type == "LayerNorm" and layer.normalized_shape and len(layer.normalized_shape) == len(node.output_shape):
        return _with(layer, normalized_shape=inputs[0])
    if node.type == "LayerNorm2d":
        return _with(layer, normalized_shape=None)
    if node.type == "PReLU":
        return _with(layer, num_parameters=1)
    if node.type == "PixelShuffle":  # of each channel that is laid out, a position sees the same position
        return create(layer_type("Upsample"), {"scale_factor": layer.upscale_factor})
    if node.type == "PixelUnshuffle":
        return create(layer_type("AvgPool2d"), {"kernel_size": layer.downscale_factor})
    is_map = len(node.output_shape) > 1
    if node.type == "ChannelShuffle":
        return _plain("Identity")
    if node.type == "Slice" and is_map and _works_on_channels(layer, node.output_shape):
        return _plain("Identity")
    if node.type == "Concat" and is_map and _works_on_channels(layer, node.output_shape) and len(set(inputs)) == 1:
        return _plain("Add")
    return layer


def _works_on_channels(layer: Any, shape: Shape) -> bool:
    return int(layer.dim) % (len(shape) + 1) == 1


def _with(layer: Any, **changes: object) -> Layer:
    changed: Layer = replace(layer, **changes)
    return changed


def _plain(name: str) -> Layer:
    return create(layer_type(name), {})


def averaging_weights(graph: Graph) -> dict[str, Array]:
    """Return positive weights that make each product layer a mean, so that nothing in a deep network overflows."""
    weights: dict[str, Array] = {}
    for name, shape in tensor_shapes(graph).items():
        short = name.rsplit(".", 1)[-1]
        value = 0.0 if short in ("bias", "running_mean") else 1.0 / prod(shape[1:])
        weights[name] = np.full(shape, value, np.float32)
    return weights
