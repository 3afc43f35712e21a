"""Items as written -> Item records: types, names, references, branches. What cannot be read becomes a BROKEN item."""

from __future__ import annotations

from collections.abc import Collection

from cnncalc.diagnostics import Span, did_you_mean
from cnncalc.layers import CANONICAL, LAYERS, layer_type
from cnncalc.spec import other_tools
from cnncalc.spec.items import BROKEN, SEQUENTIAL, Branch, Item, Repeat
from cnncalc.spec.keys import known_keys, lacks
from cnncalc.spec.problems import Problems, identifier_problem, kind_of, suggestion
from cnncalc.spec.source import Entry, Mapping, Scalar, Sequence, Tree
from cnncalc.text import say


class ItemReader:
    """Reads items; `blocks` are the names that the spec defines."""

    def __init__(self, problems: Problems, blocks: Collection[str]) -> None:
        self.problems = problems
        self.blocks = blocks
        self.misnamed: set[str] = set()
        """Layer names that were refused, so that a `from` is not told of the same mistake again."""

    def items(self, tree: Tree) -> tuple[Item, ...]:
        """Return the items of a `layers` list."""
        if not isinstance(tree, Sequence):
            self.problems.add(
                "E201",
                say("layers is a list, and this is {kind}", kind=kind_of(tree)),
                tree.span,
                say("start each layer with a dash: - ReLU"),
            )
            return ()
        return tuple(self.item(item) for item in tree.items)

    def item(self, tree: Tree) -> Item:
        """Return one item, BROKEN where it cannot be read."""
        if isinstance(tree, Scalar):
            name = self.type_name(tree)
            if name == SEQUENTIAL:
                self.add_without_layers(tree)
                name = BROKEN
            return Item(name, tree.span, tree.span)
        if isinstance(tree, Sequence):
            self.problems.add(
                "E201",
                say("an item is a type or a mapping, and this is a list"),
                tree.span,
                say("write type: Sequential with layers"),
            )
            return Item(BROKEN, tree.span, tree.span)
        parts = {entry.key.text: entry for entry in tree.entries}
        kind = parts.pop("type", None)
        if kind is None or not isinstance(kind.value, Scalar):
            self.add_typeless(tree)
            return Item(BROKEN, tree.span, tree.span, self.label(parts.get("name")))
        name = self.type_name(kind.value)
        label = self.label(parts.pop("name", None))
        sources, sources_span = self.sources(parts.pop("from", None))
        condition = parts.pop("if", None)
        repeat = self.repeat(parts.pop("repeat", None))
        layers = parts.pop("layers", None)
        branches = parts.pop("branches", None)
        functional = parts.pop("functional", None)
        inner = self.items(layers.value) if layers else None
        ways = self.branches(branches.value) if branches else None
        if functional and name and name not in LAYERS:
            self.add_functional(functional, name)
        if name and (name == SEQUENTIAL) != (layers is not None):
            self.add_without_layers(kind.value)
            name = BROKEN
        elif name and branches and not (name in LAYERS and layer_type(name).many_inputs):
            self.problems.add(
                "E210",
                say("branches belongs to Add, Multiply or Concat, and this is {type}", type=name),
                branches.key.span,
                say("write type: Concat, or another that joins its branches"),
            )
            name = BROKEN
        guessed = other_tools.TYPES.get(kind.value.text.casefold().replace("_", ""), "") if name == BROKEN else ""
        unread = any(self.problems.is_unread(part.span) for part in (kind, *parts.values()))
        if unread or sources is None or (branches and ways is None):
            name, guessed = BROKEN, ""
        return Item(
            name or guessed,
            tree.span,
            kind.span,
            label,
            sources or (),
            sources_span,
            condition.value if condition else None,
            repeat,
            inner,
            ways,
            tuple(parts.values()),
            bool(guessed),
            functional.value if functional else None,
        )

    def add_without_layers(self, kind: Tree) -> None:
        """Note `layers` where it does not belong, or is missing."""
        self.problems.add(
            "E210",
            say("layers belongs to Sequential, and Sequential needs it"),
            kind.span,
            say("write type: Sequential with a list of layers"),
        )

    def add_functional(self, entry: Entry, name: str) -> None:
        """Note `functional` on what is no layer."""
        self.problems.add(
            "E210",
            say("functional belongs to a layer, and {type} holds layers", type=name),
            entry.key.span,
            say("write it at the layers inside, or once for a type: defaults: {{ReLU: {{functional: true}}}}"),
        )

    def add_typeless(self, tree: Mapping) -> None:
        """Note an item without a type."""
        first = tree.entries[0].key if tree.entries else None
        if first and (first.text.casefold() in CANONICAL or first.text in self.blocks):
            help = say("write - {{type: {type}, ...}}", type=first.text)
        elif first and first.text.startswith("type:"):
            help = say("put a space after the colon of type:")
        else:
            help = say("write type: and a layer type")
        self.problems.add("E203", say("the item has no type"), tree.span, help)

    def type_name(self, scalar: Scalar) -> str:
        """Return the canonical name of a type, or nothing where it is unknown."""
        text = scalar.text
        if text in self.blocks:
            return text
        folded = text.casefold()
        if folded in CANONICAL:
            return CANONICAL[folded]
        if folded == SEQUENTIAL.casefold():
            return SEQUENTIAL
        block = next((name for name in self.blocks if name.casefold() == folded), "")
        if block:
            return block
        problem = identifier_problem(scalar)
        if problem and (":" in text or not text.isascii()):
            self.problems.take(problem)
        elif not text:
            self.problems.add(
                "E203", say("the item is empty"), scalar.span, say("write a layer type after the dash: - ReLU")
            )
        elif " - " in text:
            self.problems.add(
                "E211",
                say("{name} is not a layer type", name=text),
                scalar.span,
                say("start each item with a dash on a line of its own, all dashes in one column"),
            )
        else:
            self.problems.add(
                "E211",
                say("{name} is not a layer type or a block of this spec", name=text),
                scalar.span,
                self.type_help(text),
            )
        return BROKEN

    def type_help(self, text: str) -> str:
        """Return what an unknown type might have meant; of types for several dimensions, all are not listed."""
        name = text.casefold().replace("_", "")
        if name in other_tools.TYPE_NOTES:
            return say(other_tools.TYPE_NOTES[name])
        blocks = list(self.blocks)
        wanted = other_tools.TYPES.get(name) or did_you_mean(text, [*blocks, *LAYERS, SEQUENTIAL])
        listed = [name for name in LAYERS if not name.endswith(("1d", "3d"))]
        return suggestion(text, [*blocks, *listed, SEQUENTIAL], wanted or "")

    def label(self, entry: Entry | None) -> Scalar | None:
        """Return an item's `name`, or None."""
        if entry is None:
            return None
        if not isinstance(entry.value, Scalar):
            self.problems.add("E205", say("a name is one word"), entry.span)
            return None
        problem = identifier_problem(entry.value)
        if problem and not (entry.value.text.isascii() and entry.value.text.isdigit()):
            self.problems.take(problem)
            self.misnamed.add(entry.value.text)
            return None
        if entry.value.text == "input":
            self.problems.add(
                "E205",
                say("a layer may not be called input: that names what enters"),
                entry.span,
                say("give it another name"),
            )
            return None
        return entry.value

    def sources(self, entry: Entry | None) -> tuple[tuple[Scalar, ...] | None, Span | None]:
        """Return the names in a `from`, or None where it cannot be read, and its place."""
        if entry is None:
            return (), None
        trees = entry.value.items if isinstance(entry.value, Sequence) else (entry.value,)
        names = tuple(tree for tree in trees if isinstance(tree, Scalar) and tree.text)
        if len(names) != len(trees) or not names:
            self.problems.add("E212", say("from is a name or a list of names"), entry.span)
            return None, entry.span
        return names, entry.span

    def repeat(self, entry: Entry | None) -> Repeat | None:
        """Return an item's `repeat`."""
        if entry is None:
            return None
        if not isinstance(entry.value, Mapping):
            return Repeat(entry.value, None)
        keys = known_keys(self.problems, entry.value, ("times", "name"), say("repeat"))
        if "times" not in keys:
            if lacks(keys, entry.value, "times", ("times", "name")):
                self.problems.add("E203", say("repeat has no times"), entry.span, say("write repeat: {{times: 3}}"))
            return None
        name = keys["name"].value if "name" in keys else None
        if name is not None and not isinstance(name, Scalar):
            self.problems.add("E205", say("a name is one word"), keys["name"].span, say('write name: "layer{{i}}"'))
        return Repeat(keys["times"].value, name if isinstance(name, Scalar) else None)

    def branches(self, tree: Tree) -> tuple[Branch, ...] | None:
        """Return the branches of a merge, or None where they cannot be read."""
        if isinstance(tree, Mapping):
            return tuple(self.branch(entry.key, entry.value) for entry in tree.entries)
        if isinstance(tree, Sequence):
            return tuple(self.branch(None, item) for item in tree.items)
        self.problems.add(
            "E201", say("branches is a mapping or a list, and this is {kind}", kind=kind_of(tree)), tree.span
        )
        return None

    def branch(self, name: Scalar | None, tree: Tree) -> Branch:
        """Return one branch."""
        if name:
            problem = identifier_problem(name)
            if problem:
                self.problems.take(problem)
        if isinstance(tree, Sequence):
            return Branch(name, self.items(tree), True, tree.span)
        return Branch(name, (self.item(tree),), False, tree.span)
