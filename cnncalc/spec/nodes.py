"""Layers -> nodes of the graph: arguments are read, shapes follow, a layer's complaint becomes a placed error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cnncalc.diagnostics import CnncalcError, Diagnostic, Span
from cnncalc.graph import INPUT, Node
from cnncalc.layers import layer_type
from cnncalc.layers.base import Layer, LayerError, create
from cnncalc.spec import other_tools
from cnncalc.spec.fields import missing_arguments, read_arguments
from cnncalc.spec.items import Item, words_in
from cnncalc.spec.problems import Problem, Problems
from cnncalc.spec.scope import Scope, Tensor
from cnncalc.spec.source import Entry
from cnncalc.text import Shape, say, shape_text

MAX_LAYERS = 20_000


class Built(NamedTuple):
    """A layer made of one set of arguments, or None where they are wrong."""

    layer: Layer | None
    problems: list[Problem]


MOST_KNOWN = 50_000


class Known:
    """What networks of one spec have in common: the layer of an item with the same numbers, and its shapes, are kept.

    So a repeated block, or the same spec with other vars, asks again only for what differs.
    """

    def __init__(self) -> None:
        self.built: dict[Any, Built] = {}
        self.shapes: dict[tuple[int, tuple[Shape, ...]], tuple[Layer, Shape]] = {}
        """By the layer's id, which stays its own as long as the layer is kept beside the shape."""
        self._words: dict[int, tuple[str, ...]] = {}

    def words(self, item: Item, defaults: tuple[Entry, ...]) -> tuple[str, ...]:
        """Return the words in an item's arguments: all that its layer depends on."""
        found = self._words.get(id(item))
        if found is None:
            entries = (*item.arguments, *defaults)
            found = self._words[id(item)] = tuple({word for entry in entries for word in words_in(entry.value)})
        return found

    def forget_if_many(self) -> None:
        """Start anew before too much is kept."""
        if len(self.built) + len(self.shapes) > MOST_KNOWN:
            self.built.clear()
            self.shapes.clear()


class Nodes:
    """The nodes so far, in execution order. `defaults`: arguments by type; `consumed`: names that something reads."""

    def __init__(
        self, problems: Problems, defaults: Mapping[str, tuple[Entry, ...]], max_layers: int, known: Known
    ) -> None:
        self.problems = problems
        self.defaults = defaults
        self.known = known
        known.forget_if_many()
        self.max_layers = max_layers
        self.nodes: list[Node] = []
        self.by_name: dict[str, Node] = {}
        self.consumed: set[str] = set()
        self.clashes: list[str] = []
        """Names that were given twice, and noted where they are bound."""

    def add(self, item: Item, scope: Scope, path: str, entering: list[Tensor], *, functional: bool = False) -> Tensor:
        """Add one node."""
        built = self.build(item, scope)
        for problem in built.problems:
            if not (item.guessed and problem.code == "E203"):
                self.problems.take(problem, scope.calls)
        inputs = tuple([tensor.node for tensor in entering])
        shapes = tuple([tensor.shape for tensor in entering if tensor.shape is not None])
        self.consumed.update(inputs)
        if built.layer is None or item.guessed or len(shapes) < len(inputs):
            return Tensor(path, None)
        if path in self.by_name:
            self.clashes.append(path)
            return Tensor(path, None)
        try:
            output = self.shape(built.layer, shapes)
        except LayerError as error:
            self.add_layer_error(error, item, scope, path, entering)
            return Tensor(path, None)
        if len(self.nodes) >= self.max_layers:
            raise self.too_many(item)
        node = Node(path, built.layer, inputs, shapes, output, item.span, scope.calls, functional)
        self.nodes.append(node)
        self.by_name[path] = node
        return Tensor(path, output)

    def shape(self, layer: Layer, inputs: tuple[Shape, ...]) -> Shape:
        """Return the output shape; the same layer on the same shapes is worked out once."""
        key = (id(layer), inputs)
        known = self.known.shapes.get(key)
        if known is None:
            known = self.known.shapes[key] = layer, layer.output_shape(inputs)
        return known[1]

    def build(self, item: Item, scope: Scope) -> Built:
        """Return the layer of an item's arguments; the same item with the same numbers in scope is built once."""
        words = self.known.words(item, self.defaults.get(item.type, ()))
        # With the types, since 64 == 64.0 and 1 == True, and an argument takes one and not the other.
        key = (id(item), *[(type(value), value) for value in map(scope.numbers.get, words)])
        built = self.known.built.get(key)
        if built is None:
            built = self.known.built[key] = self._build(item, scope)
        return built

    def _build(self, item: Item, scope: Scope) -> Built:
        kind = layer_type(item.type)
        written = {entry.key.text for entry in item.arguments}
        defaults = [entry for entry in self.defaults.get(item.type, ()) if entry.key.text not in written]
        values, problems = read_arguments(kind, [*defaults, *item.arguments], scope.numbers)
        meant = {own for name in written for own in other_tools.ARGUMENTS.get(name, ())}
        for name in missing_arguments(kind, written | meant | {entry.key.text for entry in defaults}):
            message = say("{type} needs {name}", type=item.type, name=name)
            problems.append(Problem("E203", message, item.span, say("write {name}: and its value", name=name)))
        if problems:
            return Built(None, problems)
        return Built(create(kind, values), [])

    # -- values and errors

    def too_many(self, item: Item) -> CnncalcError:
        """Return the error for a network that is too large."""
        found = Diagnostic(
            "E402",
            say("the network has more than {limit} layers", limit=f"{self.max_layers:,}"),
            item.span,
            say("check the repeats; --max-layers raises the limit"),
        )
        return CnncalcError([found], {self.problems.source: self.problems.text})

    def add_layer_error(self, error: LayerError, item: Item, scope: Scope, path: str, entering: list[Tensor]) -> None:
        """Note a layer's complaint at the argument it is about, with the shapes that led to it."""
        span = self.argument_span(item, error.field)
        traces = tuple(self.trace(tensor, path) for tensor in entering)
        message = say("{layer}: {problem}", layer=path, problem=error)
        help = error.help
        if entering and entering[0].node == INPUT:
            help = self.input_help(error, layer_type(item.type).axes, entering[0].shape or ()) or help
        self.problems.add_in(scope, error.code, message, span, help=help, shapes=traces)

    @staticmethod
    def input_help(error: LayerError, axes: int, shape: Shape) -> str:
        """Return the help for a first layer that fails because the input was written as another tool has it."""
        if error.code == "E303" and axes >= 2 and len(shape) == axes + 2:
            return say("input has no batch axis: leave the first number out; --batch sets it")
        if error.code == "E303" and len(shape) == axes >= 1:
            return say("the channels are missing: input: {shape}", shape=[1, *shape])
        if error.code in ("E304", "E310") and len(shape) == 3 and shape[2] <= 4 < shape[0]:
            swapped = [shape[2], shape[0], shape[1]]
            return say("the channels come first: input: {swapped}", swapped=swapped)
        return ""

    def argument_span(self, item: Item, field: str) -> Span:
        """Return the place of an argument, else of the type."""
        if field == "from" and item.sources_span:
            return item.sources_span
        entries: tuple[Entry, ...] = (*item.arguments, *self.defaults.get(item.type, ()))
        return next((entry.span for entry in entries if entry.key.text == field), item.type_span)

    def trace(self, tensor: Tensor, end: str) -> str:
        """Return the last three shapes on the way to a layer: `conv2 16x10x10 -> relu2 16x10x10 -> conv3`."""
        steps: list[str] = []
        node = self.by_name.get(tensor.node)
        while node is not None and len(steps) < 3:
            steps.append(f"{node.name} {shape_text(node.output_shape)}")
            before = node.inputs[0]
            if before == INPUT and len(steps) < 3:
                steps.append(f"{INPUT} {shape_text(node.input_shapes[0])}")
                break
            node = self.by_name.get(before)
        if not steps and tensor.shape is not None:
            steps.append(f"{tensor.node} {shape_text(tensor.shape)}")
        return " -> ".join([*reversed(steps), end])
