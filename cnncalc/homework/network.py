"""The network a question is about, as the analyzer sees it: the value of whatever can be asked of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cached_property
from math import prod

from cnncalc.analysis.costs import cost_of
from cnncalc.analysis.memory import BITS, memory, tensor_bytes
from cnncalc.analysis.parameters import held_by, parameters
from cnncalc.analysis.receptive import Receptive, receptive
from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.graph import Graph, Node
from cnncalc.homework.assignment import Counting
from cnncalc.homework.marks import Value
from cnncalc.homework.quantities import ARGUMENTS, TOTAL, Asked
from cnncalc.layers.base import Layer, LayerError
from cnncalc.layers.conv import Conv
from cnncalc.layers.geometry import Window, Windows
from cnncalc.layers.kinds import Padding, Sizes
from cnncalc.text import say, shape_text

_AXES = {
    2: {"output_channels": 0, "output_length": 1},
    3: {"output_channels": 0, "output_height": 1, "output_width": 2},
    4: {"output_channels": 0, "output_depth": 1, "output_height": 2, "output_width": 3},
}
"""Where each axis stands, by the number of sizes of the shape."""


class Network:
    """A graph and how an assignment counts. Facts are computed when asked for, and once."""

    def __init__(self, graph: Graph, counting: Counting = Counting(), seed: int = 0) -> None:  # noqa: B008
        self.graph = graph
        self.counting = counting
        self.seed = seed
        self.nodes: dict[str, Node] = {node.name: node for node in graph.every_node()}
        self._known: dict[Asked, Value] = {}

    @cached_property
    def fields(self) -> Mapping[str, Receptive]:
        """The receptive field of every node."""
        return receptive(self.graph)[0]

    @cached_property
    def windows(self) -> Mapping[str, tuple[Window, ...] | None]:
        """The windows of every node that looks at one input through windows alone; None of another."""
        return {name: _windows(node) for name, node in self.nodes.items()}

    def value(self, asked: Asked) -> Value:
        """Return the right answer. Raises CnncalcError (E503) for what this place does not have.

        That is also whatever a layer cannot make of its input, in a network rebuilt from a student's own shapes.
        """
        if asked not in self._known:
            try:
                self._known[asked] = self._total(asked) if asked.place == TOTAL else self._of_layer(asked)
            except LayerError as problem:
                raise _has_none(asked, str(problem)) from None
        return self._known[asked]

    def value_or_none(self, asked: Asked) -> Value | None:
        """Return the right answer, or None where there is none."""
        if asked.place != TOTAL and asked.place not in self.nodes:
            return None
        try:
            return self.value(asked)
        except CnncalcError:
            return None

    def element(self, asked: Asked) -> Fraction:
        """Return one element of an output, run by the reference engine in double precision."""
        from cnncalc.engine.element import trace
        from cnncalc.engine.tensors import inline_weights, random_input, random_weights

        self.nodes[asked.place].check_index(asked.at)
        x = random_input(self.graph, 1, self.seed, "float64")
        weights = {**random_weights(self.graph, self.seed, "float64"), **inline_weights(self.graph, "float64")}
        return Fraction(float(trace(self.graph, asked.place, asked.at, x, weights).value))

    def _of_layer(self, asked: Asked) -> Value:
        node = self.nodes[asked.place]
        if asked.quantity == "output":
            if not asked.at:
                raise _has_none(asked, say("write which element: {key}", key=f"{asked.place}.output[0,0,0]"))
            return (self.element(asked),)
        if asked.quantity in ("receptive_field", "jump"):
            return self._field(asked)
        if asked.quantity in ARGUMENTS:
            return argument(node.layer, asked)
        axis = _AXES.get(len(node.output_shape), {}).get(asked.quantity)
        if axis is not None:
            return (node.output_shape[axis],)
        if asked.quantity not in _OF_LAYER:
            shape = shape_text(node.output_shape)
            raise _has_none(asked, say("the output of {layer} is {shape}", layer=node.name, shape=shape))
        return _OF_LAYER[asked.quantity](self, node)

    def quoted(self, asked: Asked) -> Value | None:
        """Return the receptive field as papers quote it, without gates and statistics; None where it is no other."""
        if asked.quantity != "receptive_field" or asked.place not in self.fields:
            return None
        told = self.fields[asked.place]
        return tuple(field.size for field in told.without_gate) if told.without_gate != told.fields else None

    def _field(self, asked: Asked) -> Value:
        fields = self.fields[asked.place].fields
        if not fields:
            raise _has_none(asked, say("the input is a vector, which has no positions"))
        if asked.quantity == "receptive_field":
            return tuple(field.size for field in fields)
        if any(field.jump == 0 for field in fields):
            raise _has_none(asked, say("every unit of {layer} sees the same", layer=asked.place))
        return tuple(field.jump for field in fields)

    def _total(self, asked: Asked) -> Value:
        if not asked.about.of_total:
            raise _has_none(asked, say("ask it of a layer"))
        if asked.quantity == "peak_memory":
            held = parameters(self.graph)
            return (memory(self.graph, held, batch=self.counting.batch, dtype=self.counting.dtype).peak,)
        return (sum(_OF_LAYER[asked.quantity](self, node)[0] for node in self.graph.executed),)


def _windows(node: Node) -> tuple[Window, ...] | None:
    if len(node.inputs) != 1:
        return None
    relation = node.layer.windows(node.input_shapes, node.output_shape)[0]
    axes = relation.axes if isinstance(relation, Windows) else ()
    windows = tuple(axis for axis in axes if isinstance(axis, Window))
    return windows if windows and len(windows) == len(axes) else None


def argument(layer: Layer, asked: Asked) -> Value:
    """Return an argument of a layer as numbers; padding must be the same on both sides. Raises CnncalcError (E503)."""
    name = "strides" if asked.quantity == "stride" and hasattr(layer, "strides") else asked.quantity
    given: Padding | Sizes | int | None = getattr(layer, name, None)
    if given is None:
        raise _has_none(asked, say("{type} has no such argument", type=type(layer).__name__))
    if isinstance(given, int):
        return (given,)
    sides = [size if isinstance(size, tuple) else (size, size) for size in given if not isinstance(size, str)]
    if not sides or any(before != after for before, after in sides):
        raise _has_none(asked, say("its two sides differ, or follow from the input"))
    return tuple(before for before, _ in sides)


def _has_none(asked: Asked, help: str) -> CnncalcError:
    message = say("{key}: there is no such number", key=asked.key)
    return CnncalcError([Diagnostic("E503", message, help=help)])


def _tensors(node: Node, named: str) -> int:
    return sum(prod(shape) for name, shape in held_by(node).parameters.items() if name == named)


def _parameters(network: Network, node: Node) -> Value:
    biases = _tensors(node, "bias") if not network.counting.bias_in_parameters else 0
    return (held_by(node).parameter_count - biases,)


def _bias_additions(network: Network, node: Node) -> int:
    counted = network.counting.bias_in_macs
    return node.layer.quantities(node.input_shapes, node.output_shape).bias_add if counted else 0


def _macs(network: Network, node: Node) -> Value:
    return (cost_of(node).macs + _bias_additions(network, node),)


def _flops(network: Network, node: Node) -> Value:
    return (network.counting.flops_per_mac * cost_of(node).macs + _bias_additions(network, node),)


def _memory(network: Network, node: Node) -> Value:
    counting = network.counting
    return (tensor_bytes(node.output_shape, BITS[counting.dtype], counting.batch),)


def _parameter_memory(network: Network, node: Node) -> Value:
    bits = BITS[network.counting.dtype]
    return (sum(tensor_bytes(shape, bits) for shape in held_by(node).parameters.values()),)


def _sharing(kind: str) -> Callable[[Network, Node], Value]:
    def count(network: Network, node: Node) -> Value:
        if not isinstance(node.layer, Conv):
            raise _has_none(Asked(node.name, kind), say("only a convolution shares its weights"))
        return (node.layer.sharing(node.input_shapes, node.output_shape)[kind],)

    return count


_OF_LAYER: Mapping[str, Callable[[Network, Node], Value]] = {
    "output_shape": lambda network, node: node.output_shape,
    "output_elements": lambda network, node: (prod(node.output_shape),),
    "parameters": _parameters,
    "weights": lambda network, node: (held_by(node).parameter_count - _tensors(node, "bias"),),
    "biases": lambda network, node: (_tensors(node, "bias"),),
    "buffers": lambda network, node: (held_by(node).buffer_count,),
    "macs": _macs,
    "flops": _flops,
    "memory": _memory,
    "parameter_memory": _parameter_memory,
    "locally_connected": _sharing("locally_connected"),
    "fully_connected": _sharing("fully_connected"),
}
