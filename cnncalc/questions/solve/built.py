"""One combination: the network that it gives, and the sizes on the way through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from cnncalc.analysis.rebuild import rebuilt
from cnncalc.analysis.report import Report
from cnncalc.graph import INPUT, Graph, Node
from cnncalc.layers.base import LayerError, argument_fields
from cnncalc.questions.solve.ranges import Value
from cnncalc.questions.solve.unknowns import Number, Unknown, find_node, input_with
from cnncalc.spec.load import Draft
from cnncalc.spec.nodes import MAX_LAYERS
from cnncalc.text import Shape, say


class Network(NamedTuple):
    """What is built for each combination: the spec, its input and its vars, and what the bytes are for."""

    draft: Draft
    input_shape: Shape | None = None
    settings: Mapping[str, str | Number] = {}
    batch: int = 1
    dtype: str = "float32"
    max_layers: int = MAX_LAYERS


Path = list[tuple[str, Shape]]
"""The layers that change the spatial sizes on the way from the input to a layer, and the sizes they give."""


def build(network: Network, graph: Graph, varied: Sequence[Unknown], values: Mapping[str, Value]) -> tuple[Graph, str]:
    """Return the network of one combination, and what is wrong with it after the layers that were changed, or nothing.

    Raises CnncalcError where the spec itself gives no network.
    """
    settings = {one.name: values[one.name] for one in varied if one.kind == "var"}
    sizes = [one for one in varied if one.kind == "input"]
    if settings or sizes:
        graph = network.draft.graph(
            input_shape=input_with(graph.input_shape, sizes, values) if sizes else network.input_shape,
            settings={**network.settings, **settings},
            max_layers=network.max_layers,
        )
    changed: dict[str, dict[str, Value]] = {}
    for one in varied:
        if one.kind == "argument":
            changed.setdefault(one.layer, {})[one.argument] = values[one.name]
    return _with_arguments(graph, changed) if changed else (graph, "")


def _with_arguments(graph: Graph, changed: Mapping[str, Mapping[str, Value]]) -> tuple[Graph, str]:
    """Return the graph with other arguments of some layers, cut off where it does not fit any more, and why."""
    layers: dict[str, Any] = {}
    for name, arguments in changed.items():
        layer = find_node(graph, name).layer
        try:
            kinds = argument_fields(type(layer))
            fresh = {key: kinds[key][0].normalise(value, layer.axes) for key, value in arguments.items()}
        except ValueError as error:
            return graph, say("{layer}: {problem}", layer=name, problem=error)
        layers[name] = replace(layer, **fresh)
    after = rebuilt(graph, layers=layers)
    kept = {node.name: node for node in after.every_node()}
    lost = next((node for node in graph.every_node() if node.name not in kept), None)
    return after, _why(lost, layers, kept, graph) if lost else ""


def _why(lost: Node, layers: Mapping[str, Any], kept: Mapping[str, Node], graph: Graph) -> str:
    """Return what the first layer that is left out says of its inputs."""
    shapes = [graph.input_shape if name == INPUT else kept[name].output_shape for name in lost.inputs]
    try:
        layers.get(lost.name, lost.layer).output_shape(shapes)
    except LayerError as error:
        return say("{layer}: {problem}", layer=lost.name, problem=error)
    raise AssertionError("a layer was left out that fits")


def sized_by(report: Report, name: str, changed: Sequence[str]) -> str:
    """Return the last layer, up to `name`, that was changed or whose output is larger or smaller than its input."""
    node = report.layer(name).node
    while node.inputs[0] != INPUT and node.name not in changed and node.output_shape[1:] == node.input_shapes[0][1:]:
        node = report.layer(node.inputs[0]).node
    return node.name


def path_to(graph: Graph, node: Node) -> Path:
    """Return the sizes on the way from the input to a node, along the first input of each layer."""
    nodes = {one.name: one for one in graph.every_node()}
    steps: Path = []
    while True:
        if node.output_shape[1:] != node.input_shapes[0][1:]:
            steps.append((node.name, node.output_shape[1:] or node.output_shape))
        if node.inputs[0] == INPUT:
            break
        node = nodes[node.inputs[0]]
    return [(INPUT, graph.input_shape[1:] or graph.input_shape), *reversed(steps)]
