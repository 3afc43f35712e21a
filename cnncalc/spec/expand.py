"""Items -> nodes: blocks, repeat, if, branches and from are worked off, and shapes follow along.

Shapes are needed while expanding, since `in_channels` may stand in any expression; so this is also where a layer's
complaint about its input becomes an error with a place. What follows a broken layer is skipped in silence.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, TypeVar

from cnncalc.diagnostics import CnncalcError, Diagnostic, Label, Span, did_you_mean
from cnncalc.graph import INPUT, Node
from cnncalc.layers import LAYERS, layer_type
from cnncalc.layers.base import Layer, LayerError, create
from cnncalc.spec.expressions import UNKNOWN
from cnncalc.spec.expressions import Value as Number
from cnncalc.spec.fields import OTHER_TOOLS, WORDS, Bad, missing_arguments, read_arguments, value_of
from cnncalc.spec.items import BROKEN, Branch, Item, Structure
from cnncalc.spec.problems import Problem, Problems, suggestion
from cnncalc.spec.scope import Scope, Tensor
from cnncalc.spec.source import Entry, Scalar, Tree
from cnncalc.text import Shape, say, shape_text

MAX_LAYERS = 20_000
MAX_BLOCK_DEPTH = 16
STEPS_A_LAYER = 10
"""Items worked off for each layer allowed, so that a repeat of nothing ends too."""

T = TypeVar("T")


class Built(NamedTuple):
    """A layer made of one set of arguments, or None where they are wrong."""

    layer: Layer | None
    problems: list[Problem]


class Expander:
    """Expands items into `nodes`, in execution order."""

    def __init__(self, structure: Structure, problems: Problems, max_layers: int = MAX_LAYERS) -> None:
        self.structure = structure
        self.problems = problems
        self.max_layers = max_layers
        self.nodes: list[Node] = []
        self.by_name: dict[str, Node] = {}
        self.composites: dict[str, Tensor] = {}
        self.consumed: set[str] = set()
        self.steps = 0
        self._built: dict[Any, Built] = {}
        self._shapes: dict[tuple[Layer, tuple[Shape, ...]], Shape] = {}

    # -- lists of items

    def run(self, items: tuple[Item, ...], scope: Scope, current: Tensor) -> Tensor:
        """Expand a list of items one after another; return the last one's output."""
        scope.declare(items)
        for item in items:
            current = self.item(item, scope, current)
        return current

    def item(self, item: Item, scope: Scope, current: Tensor) -> Tensor:
        """Expand one item with its `if` and `repeat`; return its output, by which its name is known from now on."""
        self.count_step(item)
        if item.type == BROKEN:
            unknown = Tensor(item.name.text if item.name else "", None)
            if item.name is not None:
                self.bind(scope, item.name.text, item, unknown)
            return unknown
        if item.repeat is None:
            return self.once(item, scope, current)
        times = self.times(item, scope)
        if item.repeat.name is None and item.name is None and scope.numbered:
            for i in range(times):
                self.count_step(item)
                current = self.once(item, self.with_i(scope, i), current, counter=scope)
            return current
        outer = scope
        name = ""
        if item.name is not None or item.repeat.name is None:
            name = self.name_of(item, scope)
            outer = scope.within(scope.full(name), numbered=True)
        for i in range(times):
            self.count_step(item)
            label = self.template(item.repeat.name, {**scope.numbers, "i": i}) if item.repeat.name else str(i)
            current = self.once(item, self.with_i(outer, i), current, name=label, counter=outer, repeated=True)
        if name:
            self.bind(scope, name, item, current)
        return current

    def with_i(self, scope: Scope, i: int) -> Scope:
        """Return a view of `scope` in which `i` is known; names are still bound in the original."""
        view = scope.within(scope.path, scope.numbered)
        view.numbers = {**scope.numbers, "i": i}
        return view

    def times(self, item: Item, scope: Scope) -> int:
        """Return how often an item stands, 1 where that cannot be told."""
        assert item.repeat is not None
        tree = item.repeat.times
        times = self.value(tree, scope)
        if isinstance(times, bool) or not isinstance(times, int) or times < 0:
            if times is not None:
                self.add(
                    "E204",
                    say("repeat: expected a whole number of 0 or more, got {value}", value=times),
                    tree.span,
                    scope,
                )
            return 1
        return times

    def once(
        self,
        item: Item,
        scope: Scope,
        current: Tensor,
        *,
        name: str = "",
        counter: Scope | None = None,
        repeated: bool = False,
    ) -> Tensor:
        """Expand one copy of an item. Where `if` is false, the item stands for what would have entered it."""
        home = counter or scope
        entering = self.entering(item, scope, current)
        if item.condition is not None and not self.holds(item.condition, scope):
            if item.name is not None and not repeated:
                self.bind(home, item.name.text, item, entering[0])
            return entering[0]
        own = name or self.name_of(item, home)
        result = self.expand(item, scope, own, entering)
        self.bind(home, own, item, result)
        return result

    def expand(self, item: Item, scope: Scope, name: str, entering: list[Tensor]) -> Tensor:
        """Expand one copy of an item under its name."""
        path = scope.full(name)
        if item.layers is not None:
            self.refuse_arguments(item, scope)
            return self.run(item.layers, scope.within(path, numbered=True), self.one(item, entering, scope))
        if item.type in self.structure.blocks:
            return self.block(item, scope, path, self.one(item, entering, scope))
        if item.branches is not None:
            entering = self.branches(item, item.branches, scope, path, self.one(item, entering, scope))
        return self.layer(item, scope, path, entering)

    # -- names and references

    def name_of(self, item: Item, scope: Scope) -> str:
        """Return an item's own name, or the automatic one, and count it."""
        stem = self.stem(item)
        if item.name is None:
            return scope.next_name(stem)
        scope.count_named(stem, item.name.text)
        return item.name.text

    def stem(self, item: Item) -> str:
        """Return the stem of automatic names: `conv`, or a block in small letters."""
        if item.type in LAYERS:
            return layer_type(item.type).short
        return item.type.lower()

    def bind(self, scope: Scope, name: str, item: Item, tensor: Tensor) -> None:
        """Make a name known in its scope and by its full path; a second use of it is an error."""
        if name in scope.tensors:
            place = item.name.span if item.name else item.span
            first = scope.declared.get(name)
            labels = (Label(first, say("first here")),) if first and first != place else ()
            self.add("E213", say("the name {name} is used twice", name=scope.full(name)), place, scope, labels=labels,
                     help=say("give one of them another name"))  # fmt: skip
        scope.tensors[name] = tensor
        self.composites[scope.full(name)] = tensor

    def entering(self, item: Item, scope: Scope, current: Tensor) -> list[Tensor]:
        """Return what enters an item: what `from` names, else the item before."""
        if not item.sources:
            return [current]
        return [self.lookup(source, scope) for source in item.sources]

    def lookup(self, source: Scalar, scope: Scope) -> Tensor:
        """Return what a name in a `from` stands for, looking outward from `scope`."""
        name = source.text
        if name == INPUT:
            return scope.entry
        at: Scope | None = scope
        while at is not None:
            if name in at.tensors:
                return at.tensors[name]
            if "." in name and at.full(name) in self.composites:
                return self.composites[at.full(name)]
            if name in at.declared:
                self.add("E214", say("{name} comes later: from may only look back", name=name), source.span, scope,
                         labels=(Label(at.declared[name], say("defined here")),),
                         help=say("move this item below it, or name an earlier one"))  # fmt: skip
                return Tensor(name, None)
            at = at.parent
        if name in self.structure.misnamed:
            return Tensor(name, None)
        known = self.known_names(scope)
        self.add("E215", say("there is no layer {name} before this", name=name), source.span, scope,
                 help=suggestion(name, known[-12:]))  # fmt: skip
        return Tensor(name, None)

    def known_names(self, scope: Scope) -> list[str]:
        """Return the names a `from` could use here, outermost first."""
        found: list[str] = []
        at: Scope | None = scope
        while at is not None:
            found = [*at.tensors, *found]
            at = at.parent
        return [INPUT, *found]

    def one(self, item: Item, entering: list[Tensor], scope: Scope) -> Tensor:
        """Return the one input of what takes one."""
        if len(entering) > 1:
            self.add("E302", say("{type} takes one input, and from names {count}", type=item.type, count=len(entering)),
                     item.sources_span or item.span, scope, help=say("join them with Add or Concat first"))  # fmt: skip
            return Tensor(entering[0].node, None)
        return entering[0]

    # -- blocks, branches, layers

    def block(self, item: Item, scope: Scope, path: str, entering: Tensor) -> Tensor:
        """Expand a use of a block."""
        block = self.structure.blocks[item.type]
        calls = (*scope.calls, Label(item.span, say("in {block} {name}", block=item.type, name=path)))
        if block.broken:
            return Tensor(path, None)
        if item.type in scope.blocks:
            cycle = " -> ".join((*scope.blocks[scope.blocks.index(item.type) :], item.type))
            self.add("E216", say("the block contains itself: {cycle}", cycle=cycle), item.type_span, scope,
                     help=say("use repeat for a block that stands several times"))  # fmt: skip
            return Tensor(path, None)
        if len(scope.blocks) >= MAX_BLOCK_DEPTH:
            self.add("E217", say("blocks nested deeper than {limit}", limit=MAX_BLOCK_DEPTH), item.type_span, scope)
            return Tensor(path, None)
        numbers: dict[str, Number] = {name: scope.numbers[name] for name in self.globals if name in scope.numbers}
        numbers.update(self.sizes(entering.shape))
        inner = Scope(path, entering, numbers, None, calls=calls, blocks=(*scope.blocks, item.type))
        inner.parent = scope
        if not self.bind_params(item, scope, inner):
            return Tensor(path, None)
        return self.run(block.items, inner, entering)

    globals: frozenset[str] = frozenset()
    """The names that every block sees: the vars."""

    @staticmethod
    def sizes(shape: Shape | None) -> dict[str, Number]:
        """Return in_channels, in_height, in_width (in_length, in_depth) of what enters a block."""
        if shape is None:
            return dict.fromkeys(("in_channels", "in_length", "in_depth", "in_height", "in_width"), UNKNOWN)
        names = {
            1: ("in_channels",),
            2: ("in_channels", "in_length"),
            3: ("in_channels", "in_height", "in_width"),
            4: ("in_channels", "in_depth", "in_height", "in_width"),
        }
        return dict(zip(names.get(len(shape), ()), shape, strict=False))

    def bind_params(self, item: Item, scope: Scope, inner: Scope) -> bool:
        """Put a block's params in scope, from this use or their defaults; False where a value is missing or wrong."""
        block = self.structure.blocks[item.type]
        given = {entry.key.text: entry for entry in (*self.structure.defaults.get(item.type, ()), *item.arguments)}
        good = True
        for name, entry in given.items():
            if name not in block.params:
                self.add(
                    "E202",
                    say("the block {type} has no param {name}", type=item.type, name=name),
                    entry.key.span,
                    scope,
                    help=suggestion(name, list(block.params)),
                )
                good = False
        meant = {did_you_mean(name, block.params) for name in given if name not in block.params}
        for name, default in block.params.items():
            entry = given.get(name)
            if entry is None and name in block.required and name in meant:
                good = False
            elif entry is None and name in block.required:
                self.add("E203", say("the block {type} needs {name}", type=item.type, name=name), item.span, scope,
                         help=say("write {name}: and its value", name=name))  # fmt: skip
                good = False
            elif name in block.refs and entry is not None:
                reference = entry.value
                if isinstance(reference, Scalar):
                    inner.tensors[name] = self.lookup(reference, scope)
            else:
                value = self.value((entry or default).value, scope if entry else inner)
                good = good and value is not None
                inner.numbers[name] = UNKNOWN if value is None else value
        return good

    def branches(
        self, item: Item, branches: tuple[Branch, ...], scope: Scope, path: str, entering: Tensor
    ) -> list[Tensor]:
        """Expand the branches of a merge; an unnamed merge adds no segment to their paths."""
        home = scope.within(path, numbered=False) if item.name is not None else scope
        ends: list[Tensor] = []
        for branch in branches:
            name = branch.name.text if branch.name else home.next_name("branch")
            if branch.name and name in home.tensors:
                self.add("E213", say("the name {name} is used twice", name=home.full(name)), branch.name.span, scope,
                         help=say("give one of them another name"))  # fmt: skip
            end = self.way(branch, home, name, entering, numbered=True)
            home.tensors[name] = end
            self.composites[home.full(name)] = end
            ends.append(end)
        return ends

    def way(self, branch: Branch, home: Scope, name: str, entering: Tensor, *, numbered: bool) -> Tensor:
        """Expand a branch or a head: a list of items under its name, or one item that takes the name itself."""
        if branch.is_list:
            return self.run(branch.items, home.within(home.full(name), numbered), entering)
        only = branch.items[0]
        if only.type != BROKEN and only.name is None and only.repeat is None:
            sources = self.entering(only, home, entering)
            skipped = only.condition is not None and not self.holds(only.condition, home)
            return sources[0] if skipped else self.expand(only, home, name, sources)
        return self.run(branch.items, home.within(home.full(name), numbered=False), entering)

    def layer(self, item: Item, scope: Scope, path: str, entering: list[Tensor]) -> Tensor:
        """Add one node."""
        built = self.build(item, scope)
        for problem in built.problems:
            self.problems.take(problem, scope.calls)
        self.consumed.update(tensor.node for tensor in entering)
        if built.layer is None or any(tensor.shape is None for tensor in entering):
            return Tensor(path, None)
        if path in self.by_name:
            return Tensor(path, None)
        shapes = tuple(tensor.shape for tensor in entering if tensor.shape is not None)
        try:
            output = self.shape(built.layer, shapes)
        except LayerError as error:
            self.add_layer_error(error, item, scope, path, entering)
            return Tensor(path, None)
        if len(self.nodes) >= self.max_layers:
            raise self.too_many(item)
        node = Node(
            path, built.layer, tuple(tensor.node for tensor in entering), shapes, output, item.span, scope.calls
        )
        self.nodes.append(node)
        self.by_name[path] = node
        return Tensor(path, output)

    def shape(self, layer: Layer, inputs: tuple[Shape, ...]) -> Shape:
        """Return the output shape; the same layer on the same shapes is worked out once."""
        key = (layer, inputs)
        known = self._shapes.get(key)
        if known is None:
            known = self._shapes[key] = layer.output_shape(inputs)
        return known

    def build(self, item: Item, scope: Scope) -> Built:
        """Return the layer of an item's arguments; the same item with the same numbers in scope is built once."""
        key = (id(item), tuple(scope.numbers.items()))
        built = self._built.get(key)
        if built is None:
            built = self._built[key] = self._build(item, scope)
        return built

    def _build(self, item: Item, scope: Scope) -> Built:
        kind = layer_type(item.type)
        written = {entry.key.text for entry in item.arguments}
        defaults = [entry for entry in self.structure.defaults.get(item.type, ()) if entry.key.text not in written]
        values, problems = read_arguments(kind, [*defaults, *item.arguments], scope.numbers)
        meant = {own for name in written for own in OTHER_TOOLS.get(name, ())}
        for name in missing_arguments(kind, written | meant | {entry.key.text for entry in defaults}):
            message = say("{type} needs {name}", type=item.type, name=name)
            problems.append(Problem("E203", message, item.span, say("write {name}: and its value", name=name)))
        if problems:
            return Built(None, problems)
        return Built(create(kind, values), [])

    # -- values and errors

    def value(self, tree: Tree, scope: Scope) -> Any:
        """Return the value of a tree, or None after noting what is wrong with it."""
        try:
            found = value_of(tree, scope.numbers, WORDS)
        except Bad as bad:
            self.problems.take(bad.problem, scope.calls)
            return None
        if found is None:
            self.add("E204", say("expected a value, got nothing"), tree.span, scope)
        return found

    def holds(self, condition: Tree, scope: Scope) -> bool:
        """Tell whether an `if` holds; one that cannot be read does."""
        value = self.value(condition, scope)
        if value is not None and not isinstance(value, bool):
            self.add("E204", say("if: expected true or false, got {value}", value=value), condition.span, scope,
                     help=say("compare it: {value} != 0", value=value))  # fmt: skip
        return value is not False

    def template(self, name: Scalar, numbers: dict[str, Number]) -> str:
        """Return a name with its {expressions} worked out."""

        def fill(match: re.Match[str]) -> str:
            inner = Scalar(match[1], True, name.span)
            return str(value_of(inner, numbers))

        try:
            text = re.sub(r"\{([^{}]*)\}", fill, name.text)
        except Bad as bad:
            self.problems.take(bad.problem)
            return str(numbers["i"])
        if not text.isidentifier() and not text.isdigit():
            self.problems.add(
                "E205", say("{text} is not a name", text=text), name.span, say('write name: "layer{{i}}"')
            )
        return text

    def refuse_arguments(self, item: Item, scope: Scope) -> None:
        """Note each argument of a Sequential, which has none."""
        for entry in item.arguments:
            self.add("E202", say("Sequential has no argument {name}", name=entry.key.text), entry.key.span, scope)

    def count_step(self, item: Item) -> None:
        """Count one item worked off; raise where there are too many."""
        self.steps += 1
        if self.steps > self.max_layers * STEPS_A_LAYER:
            raise self.too_many(item)

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
        self.add(error.code, message, span, scope, help=help, shapes=traces)

    @staticmethod
    def input_help(error: LayerError, axes: int, shape: Shape) -> str:
        """Return the help for a first layer that fails because the input was written as another tool has it."""
        if error.code == "E303" and len(shape) == axes + 2 >= 3:
            return say("input has no batch axis: leave the first number out; --batch sets it")
        if error.code == "E310" and len(shape) == 3 and shape[2] <= 4 < shape[0]:
            swapped = [shape[2], shape[0], shape[1]]
            return say("the channels come first: input: {swapped}", swapped=swapped)
        return ""

    def argument_span(self, item: Item, field: str) -> Span:
        """Return the place of an argument, else of the type."""
        if field == "from" and item.sources_span:
            return item.sources_span
        entries: tuple[Entry, ...] = (*item.arguments, *self.structure.defaults.get(item.type, ()))
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

    def add(
        self, code: str, message: str, span: Span, scope: Scope, *, help: str = "", labels: tuple[Label, ...] = (),
        shapes: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """Note an error with the block uses it happened in."""
        self.problems.add(code, message, span, help, labels=labels, calls=scope.calls, shapes=shapes)
