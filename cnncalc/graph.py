"""The flat graph a spec becomes: nodes in execution order, each with its layer, its inputs and its shapes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath

from cnncalc.diagnostics import CnncalcError, Diagnostic, Label, Span
from cnncalc.layers.base import Layer
from cnncalc.text import Shape, say, shape_text

INPUT = "input"
"""The name by which nodes refer to the network's input."""

Nested = list["Nested"] | int | float
"""An inline tensor as nested lists of numbers."""


@dataclass(frozen=True)
class Node:
    """One layer in its place. `inputs` are names of earlier nodes, or INPUT; shapes have no batch axis.

    `functional`: the network calls a function (F.relu) where it might have a module, which tools that hook modules
    do not see. It changes no shape and no exact count.
    """

    name: str
    layer: Layer
    inputs: tuple[str, ...]
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    span: Span | None = None
    calls: tuple[Label, ...] = ()
    functional: bool = False

    @property
    def type(self) -> str:
        """The layer type's name, as PyTorch has it."""
        return type(self.layer).__name__

    def check_index(self, index: Sequence[int]) -> None:
        """Raise CnncalcError where `index` is no element of the output: (c, y, x) of a map, (feature,) of a vector."""
        sizes = self.output_shape
        if len(index) == len(sizes) and all(0 <= at < size for at, size in zip(index, sizes, strict=True)):
            return
        message = say(
            "{layer} has no element {index}: its output is {shape}",
            layer=self.name,
            index=",".join(map(str, index)),
            shape=shape_text(sizes),
        )
        help = say("count from 0; the last is {last}", last=",".join(str(size - 1) for size in sizes))
        raise CnncalcError([Diagnostic("E227", message, help=help)])


@dataclass(frozen=True)
class Head:
    """A side output. One that is `train_only` is neither run nor in the totals."""

    name: str
    train_only: bool
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Graph:
    """A network. `nodes` are topologically ordered; the last is the output.

    `input_span`: where a spec says what the input is, if it is that which counts.
    """

    name: str
    input_shape: Shape
    nodes: tuple[Node, ...]
    heads: tuple[Head, ...] = ()
    reference: str = ""
    source: str = ""
    tensors: dict[str, Nested] = field(default_factory=dict[str, Nested])
    warnings: tuple[Diagnostic, ...] = ()
    input_span: Span | None = None

    @cached_property
    def executed(self) -> tuple[Node, ...]:
        """The nodes that inference runs: the main line, then the heads that are not train_only."""
        return self.nodes + tuple(node for head in self.heads if not head.train_only for node in head.nodes)

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """The names of the nodes whose results are kept: the main output first, then each executed head's."""
        kept = [head.nodes[-1].name for head in self.heads if not head.train_only]
        return (self.nodes[-1].name, *kept)

    def every_node(self) -> Iterator[Node]:
        """Yield the nodes of the main line and of all heads."""
        yield from self.nodes
        for head in self.heads:
            yield from head.nodes

    def needed_for(self, names: Iterable[str]) -> tuple[Node, ...]:
        """Return the nodes with these names and all that they need, heads included, in order."""
        needed = set(names)
        kept: list[Node] = []
        for node in reversed(list(self.every_node())):
            if node.name in needed:
                needed.update(node.inputs)
                kept.append(node)
        return tuple(reversed(kept))


def check_network(given: object) -> None:
    """Raise CnncalcError (E772) where something else stands in a network's place, such as a spec's path or text."""
    if isinstance(given, Graph):
        return
    if isinstance(given, str) and "\n" in given:
        message = say("a network is needed, and this is a text")
        help = say("cnncalc.loads(text) makes a network of it")
    elif isinstance(given, str | PurePath):
        message = say("a network is needed, and this is a path: {path}", path=str(given))
        help = say("cnncalc.load(path) makes a network of it")
    elif isinstance(getattr(given, "graph", None), Graph):
        message = say("a network is needed, and this is a {kind}", kind=type(given).__name__)
        help = say("it has the network in its .graph")
    else:
        message = say("a network is needed, and this is a {kind}", kind=type(given).__name__)
        help = say("cnncalc.load(path) makes one of a spec")
    raise CnncalcError([Diagnostic("E772", message, help=help)])
