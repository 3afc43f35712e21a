"""Items -> nodes: blocks, repeat, if, branches and from are worked off, and shapes follow along.

Shapes are needed while expanding, since `in_channels` may stand in any expression. What follows a broken layer is
skipped in silence.
"""

from __future__ import annotations

from cnncalc.diagnostics import Label, did_you_mean
from cnncalc.layers import LAYERS, layer_type
from cnncalc.spec.expressions import UNKNOWN
from cnncalc.spec.expressions import Value as Number
from cnncalc.spec.items import BROKEN, Branch, Item, Structure
from cnncalc.spec.nodes import Known, Nodes
from cnncalc.spec.problems import Problems, suggestion
from cnncalc.spec.references import References
from cnncalc.spec.scope import Scope, Tensor
from cnncalc.spec.source import Scalar
from cnncalc.spec.values import Values
from cnncalc.text import Shape, say

MAX_BLOCK_DEPTH = 16
STEPS_A_LAYER = 10
"""Items worked off for each layer allowed, so that a repeat of nothing ends too."""


class Expander:
    """Expands items into `nodes`, in execution order."""

    def __init__(self, structure: Structure, problems: Problems, max_layers: int, known: Known) -> None:
        self.structure = structure
        self.problems = problems
        self.values = Values(problems)
        self.references = References(problems, structure.misnamed)
        self.nodes = Nodes(problems, structure.defaults, max_layers, known)
        self.steps = 0

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
                self.references.bind(scope, item.name.text, item, unknown)
            return unknown
        if item.repeat is None:
            return self.once(item, scope, current)
        times = self.values.times(item, scope)
        inline = self.is_inline(item)
        if inline or (item.repeat.name is None and item.name is None and scope.numbered):
            for i in range(times):
                self.count_step(item)
                current = self.once(item, scope.with_i(i), current)
            return current
        outer = scope
        name = ""
        if item.name is not None or item.repeat.name is None:
            name = self.name_of(item, scope)
            outer = scope.within(scope.full(name), numbered=True)
        for i in range(times):
            self.count_step(item)
            label = self.values.template(item.repeat.name, {**scope.numbers, "i": i}) if item.repeat.name else str(i)
            current = self.once(item, outer.with_i(i), current, name=label, repeated=True)
        if name:
            self.references.bind(scope, name, item, current)
        return current

    def once(self, item: Item, scope: Scope, current: Tensor, *, name: str = "", repeated: bool = False) -> Tensor:
        """Expand one copy of an item. Where `if` is false, the item stands for what would have entered it.

        A merge of several `from` stands for the item before it then, as if it had not been written.
        """
        entering = self.entering(item, scope, current)
        if item.condition is not None and not self.values.holds(item.condition, scope):
            instead = entering[0] if len(entering) == 1 else current
            if item.name is not None and not repeated:
                self.references.bind(scope, item.name.text, item, instead)
            return instead
        if self.is_inline(item):
            self.refuse_name(item, scope)
            return self.block(item, scope, scope.path, self.one(item, entering, scope))
        own = name or self.name_of(item, scope)
        result = self.expand(item, scope, own, entering)
        self.references.bind(scope, own, item, result)
        return result

    def is_inline(self, item: Item) -> bool:
        """Tell whether an item is a use of an inline block, which has no name of its own."""
        return item.type in self.structure.blocks and self.structure.blocks[item.type].inline

    def refuse_name(self, item: Item, scope: Scope) -> None:
        """Note a name given to a use of an inline block."""
        name = item.name or (item.repeat.name if item.repeat else None)
        if name is not None:
            self.problems.add_in(
                scope,
                "E230",
                say("{type} is inline: it adds no name to the names of its layers", type=item.type),
                name.span,
                help=say("leave the name out, or inline: true of the block"),
            )

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
        functional = item.functional or self.structure.functional.get(item.type)
        called = functional is not None and self.values.is_functional(functional, scope)
        return self.nodes.add(item, scope, path, entering, functional=called)

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

    def entering(self, item: Item, scope: Scope, current: Tensor) -> list[Tensor]:
        """Return what enters an item: what `from` names, else the item before."""
        if not item.sources:
            return [current]
        return [self.references.lookup(source, scope) for source in item.sources]

    def one(self, item: Item, entering: list[Tensor], scope: Scope) -> Tensor:
        """Return the one input of what takes one."""
        if len(entering) > 1:
            self.problems.add_in(
                scope,
                "E302",
                say("{type} takes one input, and from names {count}", type=item.type, count=len(entering)),
                item.sources_span or item.span,
                help=say("join them with Add or Concat first"),
            )
            return Tensor(entering[0].node, None)
        return entering[0]

    def block(self, item: Item, scope: Scope, path: str, entering: Tensor) -> Tensor:
        """Expand a use of a block."""
        block = self.structure.blocks[item.type]
        place = (
            say("in {block}", block=item.type) if block.inline else say("in {block} {name}", block=item.type, name=path)
        )
        calls = (*scope.calls, Label(item.span, place))
        if block.broken:
            return Tensor(path, None)
        if item.type in scope.blocks:
            cycle = " -> ".join((*scope.blocks[scope.blocks.index(item.type) :], item.type))
            self.problems.add_in(
                scope,
                "E216",
                say("the block contains itself: {cycle}", cycle=cycle),
                item.type_span,
                help=say("use repeat for a block that stands several times"),
            )
            return Tensor(path, None)
        if len(scope.blocks) >= MAX_BLOCK_DEPTH:
            self.problems.add_in(
                scope, "E217", say("blocks nested deeper than {limit}", limit=MAX_BLOCK_DEPTH), item.type_span
            )
            return Tensor(path, None)
        numbers: dict[str, Number] = {name: scope.numbers[name] for name in self.globals if name in scope.numbers}
        numbers.update(self.sizes(entering.shape))
        inner = Scope(path, entering, numbers, scope, calls=calls, blocks=(*scope.blocks, item.type))
        if block.inline:
            inner.numbered, inner.names = scope.numbered, scope.names
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
                self.problems.add_in(
                    scope,
                    "E202",
                    say("the block {type} has no param {name}", type=item.type, name=name),
                    entry.key.span,
                    help=suggestion(name, list(block.params)),
                )
                good = False
        meant = {did_you_mean(name, block.params) for name in given if name not in block.params}
        required, refs = block.required, block.refs
        for name, default in block.params.items():
            entry = given.get(name)
            if entry is None and name in required and name in meant:
                good = False
            elif entry is None and name in required:
                self.problems.add_in(
                    scope,
                    "E203",
                    say("the block {type} needs {name}", type=item.type, name=name),
                    item.span,
                    help=say("write {name}: and its value", name=name),
                )
                good = False
            elif name in refs and entry is not None:
                reference = entry.value
                if isinstance(reference, Scalar):
                    inner.handed[name] = self.references.lookup(reference, scope)
            else:
                value = self.values.value((entry or default).value, scope if entry else inner)
                good = good and value is not None
                inner.numbers[name] = UNKNOWN if value is None else value
        return good

    def branches(
        self, item: Item, branches: tuple[Branch, ...], scope: Scope, path: str, entering: Tensor
    ) -> list[Tensor]:
        """Expand the branches of a merge; an unnamed merge adds no segment to their paths, a copy of a repeat does."""
        own = item.name is not None or item.repeat is not None
        home = scope.within(path, numbered=False) if own else scope
        ends: list[Tensor] = []
        for branch in branches:
            name = branch.name.text if branch.name else home.next_name("branch")
            if branch.name and name in home.tensors:
                self.problems.add_in(
                    scope,
                    "E213",
                    say("the name {name} is used twice", name=home.full(name)),
                    branch.name.span,
                    help=say("give one of them another name"),
                )
            end = self.way(branch, home, name, entering, numbered=True)
            home.tensors[name] = end
            self.references.by_path[home.full(name)] = end
            ends.append(end)
        return ends

    def way(self, branch: Branch, home: Scope, name: str, entering: Tensor, *, numbered: bool) -> Tensor:
        """Expand a branch or a head: a list of items under its name, or one item that takes the name itself."""
        if branch.is_list or self.is_inline(branch.items[0]):
            return self.run(branch.items, home.within(home.full(name), numbered), entering)
        only = branch.items[0]
        if only.type != BROKEN and only.name is None and only.repeat is None:
            sources = self.entering(only, home, entering)
            skipped = only.condition is not None and not self.values.holds(only.condition, home)
            instead = sources[0] if len(sources) == 1 else entering
            return instead if skipped else self.expand(only, home, name, sources)
        return self.run(branch.items, home.within(home.full(name), numbered=False), entering)

    def refuse_arguments(self, item: Item, scope: Scope) -> None:
        """Note each argument of a Sequential, which has none."""
        for entry in item.arguments:
            self.problems.add_in(
                scope, "E202", say("Sequential has no argument {name}", name=entry.key.text), entry.key.span
            )

    def count_step(self, item: Item) -> None:
        """Count one item worked off; raise where there are too many."""
        self.steps += 1
        if self.steps > self.nodes.max_layers * STEPS_A_LAYER:
            raise self.nodes.too_many(item)
