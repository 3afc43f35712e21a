"""What can be varied of a network: its input, its vars, and the arguments of its layers; and over which values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from cnncalc.analysis.explain import missing_layer
from cnncalc.diagnostics import CnncalcError, did_you_mean
from cnncalc.graph import Graph, Node
from cnncalc.layers.base import argument_fields
from cnncalc.layers.kinds import Choice, Count, Flag, PaddingPairs, PerAxis
from cnncalc.questions.solve.ranges import Value, Values, refused
from cnncalc.text import Shape, say

Number = int | float | bool | str

AXES = {2: ("length",), 3: ("height", "width"), 4: ("depth", "height", "width")}
"""What the sizes of an input are called, by how many it has with its channels."""


class Unknown(NamedTuple):
    """One thing that is varied. `layer` is the name of the layer whose argument it is, else empty."""

    name: str
    kind: Literal["input", "var", "argument"]
    values: Values
    layer: str = ""

    @property
    def argument(self) -> str:
        """The argument's own name."""
        return self.name.rpartition(".")[2]


def find_node(graph: Graph, name: str) -> Node:
    """Return the node of a name; of a group (`layer4`) its last. Raises CnncalcError where there is none."""
    inside: Node | None = None
    for node in graph.every_node():
        if node.name == name:
            return node
        if node.name.startswith(f"{name}."):
            inside = node
    if inside is None:
        raise missing_layer(graph, name)
    return inside


def unknowns(
    graph: Graph, variables: Mapping[str, Number], vary: Mapping[str, Values | None], layer: str | None
) -> list[Unknown]:
    """Return what each name of `vary` means here: an argument of `layer` or another, a var, or the input.

    Raises CnncalcError (E720) for a name that means nothing.
    """
    found = [_unknown(graph, variables, name, values, layer) for name, values in vary.items()]
    spatial = [one.name for one in found if one.kind == "input" and one.name != "channels"]
    if "input" in spatial and len(spatial) > 1:
        problem = say("input varies all its sizes, and {name} one of them", name=spatial[-1])
        raise refused(problem, say("leave one of them out"))
    return found


def _unknown(
    graph: Graph, variables: Mapping[str, Number], name: str, values: Values | None, layer: str | None
) -> Unknown:
    path, _, argument = name.rpartition(".")
    if path or layer:
        node = find_node(graph, path or layer or "")
        known = argument_fields(type(node.layer))
        if argument in known:
            return Unknown(name, "argument", values or _argument_range(node, argument), node.name)
        if path:
            near = did_you_mean(argument, known)
            help = say("did you mean {name}?", name=near) if near else say("there are {names}", names=", ".join(known))
            raise refused(say("{type} has no argument {name}", type=node.type, name=argument), help)
    sizes = ("channels", *AXES.get(len(graph.input_shape), ()))
    if name == "input" or name in sizes:
        largest = graph.input_shape[0] if name == "channels" else max(graph.input_shape[1:] or graph.input_shape)
        kept = range(1, 2 * largest + 1) if values is None else values
        if not all(isinstance(value, int) and value >= 1 for value in kept):
            raise refused(say("{name} takes whole numbers of {least} or more", name=name, least=1))
        return Unknown(name, "input", kept)
    if name in variables:
        return Unknown(name, "var", values or _var_range(name, variables[name]))
    raise _nothing_such(graph, name, [*variables, "input", *sizes], layer)


def _nothing_such(graph: Graph, name: str, names: list[str], layer: str | None) -> CnncalcError:
    """Return what to raise for a name that is none of `names` and no argument of `layer`."""
    problem = say("there is no {name} to vary here", name=name)
    if layer:
        node = find_node(graph, layer)
        names = [*argument_fields(type(node.layer)), *names]
        problem = say("{layer} is of type {type}, which has no {name}", layer=node.name, type=node.type, name=name)
    near = did_you_mean(name, names)
    owners = [node.name for node in graph.every_node() if name in argument_fields(type(node.layer))]
    inside = [owner for owner in owners if layer and owner.startswith(f"{layer}.")]
    if near:
        help = say("did you mean {name}?", name=near)
    elif inside:
        help = say("of a group the last layer is meant; write --layer {layer}", layer=inside[0])
    elif layer or not owners:
        help = say("there are {names}", names=", ".join(names))
    else:
        help = say("say whose it is: --layer {layer}, or --vary {layer}.{name}", layer=owners[0], name=name)
    return refused(problem, help)


RANGES: dict[str, range] = {
    "kernel_size": range(1, 12),
    "stride": range(1, 9),
    "dilation": range(1, 9),
    "padding": range(12),
    "output_padding": range(8),
}
"""Tried of an argument where no values are given."""


def _argument_range(node: Node, argument: str) -> Values:
    kind, _ = argument_fields(type(node.layer))[argument]
    if isinstance(kind, Flag):
        return (False, True)
    if isinstance(kind, Choice):
        return kind.words
    if argument == "groups":
        channels = node.input_shapes[0][0]
        return [count for count in range(1, channels + 1) if channels % count == 0]
    if isinstance(kind, PerAxis | PaddingPairs):
        return RANGES.get(argument, range(1, 17))
    now: Any = getattr(node.layer, argument)
    if isinstance(kind, Count) and isinstance(now, int):
        return range(kind.minimum, 2 * now + 1)
    raise refused(
        say("there is no telling which values of {name} are meant", name=argument),
        say("write them: {name}=1:8 or {name}={{1,3,5}}", name=argument),
    )


def _var_range(name: str, now: Number) -> Values:
    if isinstance(now, bool):
        return (False, True)
    if isinstance(now, int) and now >= 1:
        return range(1, 2 * now + 1)
    raise refused(
        say("there is no telling which values of {name} are meant", name=name),
        say("write them: {name}=1:8 or {name}={{1,3,5}}", name=name),
    )


def input_with(shape: Shape, unknown: Sequence[Unknown], values: Mapping[str, Value]) -> Shape:
    """Return an input shape with the varied sizes in it."""
    sizes = list(shape)
    names = ("channels", *AXES.get(len(shape), ()))
    for one in unknown:
        value = int(values[one.name])
        if one.name == "input":
            sizes = [sizes[0], *(value for _ in sizes[1:])] if len(sizes) > 1 else [value]
        else:
            sizes[names.index(one.name)] = value
    return tuple(sizes)
