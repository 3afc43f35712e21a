"""Puts a small network together, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping

from cnncalc.graph import INPUT, Graph, Node
from cnncalc.layers import layer_type
from cnncalc.layers.base import create
from cnncalc.text import Shape


class Build:
    """A graph as it grows. A layer that does not fit what enters it raises LayerError."""

    def __init__(self, input_shape: Shape) -> None:
        self.input_shape = input_shape
        self._shapes: dict[str, Shape] = {INPUT: input_shape}
        self._nodes: list[Node] = []

    @property
    def last(self) -> str:
        """The layer added last, or the input."""
        return self._nodes[-1].name if self._nodes else INPUT

    @property
    def shape(self) -> Shape:
        """What the last layer gives."""
        return self._shapes[self.last]

    def add(self, type_name: str, arguments: Mapping[str, object] = {}, *, after: tuple[str, ...] = ()) -> str:
        """Add a layer behind `after`, else behind the last one, and return its name: conv1, conv2, pool1."""
        layer = create(layer_type(type_name), arguments)
        inputs = after or (self.last,)
        shapes = tuple(self._shapes[name] for name in inputs)
        output = layer.output_shape(shapes)
        number = 1 + sum(type(node.layer).short == layer.short for node in self._nodes)
        name = f"{layer.short}{number}"
        self._nodes.append(Node(name, layer, inputs, shapes, output))
        self._shapes[name] = output
        return name

    def graph(self, name: str = "") -> Graph:
        """Return the network so far."""
        return Graph(name=name, input_shape=self.input_shape, nodes=tuple(self._nodes))
