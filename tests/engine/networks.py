"""Small networks for tests, built without the spec reader."""

from __future__ import annotations

from collections.abc import Sequence

from cnncalc.graph import INPUT, Graph, Head, Node
from cnncalc.layers import layer_type
from cnncalc.layers.base import create

Line = tuple


def build(
    input_shape: tuple[int, ...], *lines: Line, heads: Sequence[tuple[str, bool, Sequence[Line]]] = (), **more
) -> Graph:
    """Build a graph from lines (name, type, arguments[, inputs]); inputs default to the line before."""
    shapes = {INPUT: input_shape}

    def nodes(some: Sequence[Line], last: str) -> tuple[Node, ...]:
        made = []
        for name, kind, arguments, *given in some:
            inputs = tuple(given[0]) if given else (last,)
            layer = create(layer_type(kind), arguments)
            input_shapes = tuple(shapes[i] for i in inputs)
            shapes[name] = layer.output_shape(input_shapes)
            made.append(Node(name, layer, inputs, input_shapes, shapes[name]))
            last = name
        return tuple(made)

    main = nodes(lines, INPUT)
    side = tuple(Head(name, train_only, nodes(some, main[-1].name)) for name, train_only, some in heads)
    return Graph("test", input_shape, main, heads=side, **more)


def conv(name: str, out: int, kernel: object, inputs: Sequence[str] | None = None, **more: object) -> Line:
    line = (name, "Conv2d", {"out_channels": out, "kernel_size": kernel, **more})
    return line if inputs is None else (*line, inputs)
