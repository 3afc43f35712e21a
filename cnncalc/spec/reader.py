"""The sections of a spec -> Structure: vars, blocks, defaults, layers, heads."""

from __future__ import annotations

import keyword

from cnncalc.layers import CANONICAL, LAYERS, layer_type
from cnncalc.layers.base import argument_fields
from cnncalc.spec.expressions import CONSTANTS, FUNCTIONS
from cnncalc.spec.fields import unknown_argument
from cnncalc.spec.item_reader import ItemReader
from cnncalc.spec.items import ITEM_KEYS, SEQUENTIAL, Block, Branch, HeadItem, Structure, word, words_in
from cnncalc.spec.keys import known_keys, lacks
from cnncalc.spec.problems import Problems, identifier_problem, kind_of
from cnncalc.spec.source import Entry, Mapping, Scalar, Tree
from cnncalc.text import say

RESERVED = frozenset(("i", "in_channels", "in_length", "in_depth", "in_height", "in_width", *FUNCTIONS))
"""Names that expressions know already."""


class Reader:
    """Reads the structure of a spec into `Structure`, noting every problem."""

    TOP = ("cnncalc", "name", "reference", "input", "vars", "defaults", "blocks", "layers", "heads", "tensors")

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.structure = Structure()
        self.reader = ItemReader(problems, self.structure.blocks)

    def read(self, tree: Tree) -> Structure:
        """Return what could be read; the rest is in the problems."""
        if not isinstance(tree, Mapping):
            self.problems.add(
                "E201",
                say("a spec is a mapping with input and layers, and this is {kind}", kind=kind_of(tree)),
                tree.span,
                say("start with input: [1, 32, 32] and layers:"),
            )
            return self.structure
        found = self.structure
        found.entries = known_keys(self.problems, tree, self.TOP, say("a spec"))
        for name in ("input", "layers"):
            if lacks(found.entries, tree, name, self.TOP):
                self.problems.add(
                    "E203",
                    say("the spec has no {name}", name=name),
                    tree.span._replace(end_line=tree.span.line, end_column=tree.span.column),
                    say("write input: [channels, height, width] and a list of layers"),
                )
        self.check_version()
        for name in ("name", "reference"):
            if name in found.entries and not isinstance(found.entries[name].value, Scalar):
                self.problems.add("E201", say("{key} is a line of text", key=name), found.entries[name].span)
        found.variables = self.named(found.entries.get("vars"))
        self.check_reserved(found.variables)
        blocks = self.named(found.entries.get("blocks"))
        found.blocks = {
            name: Block(name, entry.span, {}, (), frozenset(), broken=True) for name, entry in blocks.items()
        }
        self.reader = ItemReader(self.problems, found.blocks)
        for name, entry in blocks.items():
            self.check_block_name(name, entry)
            found.blocks[name] = self.block(name, entry)
        found.defaults = self.defaults(found.entries.get("defaults"))
        if "layers" in found.entries:
            found.items = self.reader.items(found.entries["layers"].value)
        found.heads = tuple(self.head(entry) for entry in self.named(found.entries.get("heads")).values())
        found.misnamed = self.reader.misnamed
        return found

    def check_version(self) -> None:
        """Refuse a format of another version."""
        entry = self.structure.entries.get("cnncalc")
        if entry and word(entry.value) != "1":
            self.problems.add(
                "E207",
                say("cnncalc: {got} is a format this version does not know", got=word(entry.value)),
                entry.span,
                say("write cnncalc: 1"),
            )

    def check_reserved(self, names: dict[str, Entry]) -> None:
        """Refuse names of vars and params that mean something else in an expression."""
        for name, entry in names.items():
            if name in RESERVED or keyword.iskeyword(name) or name.lower() in CONSTANTS:
                self.problems.add(
                    "E208",
                    say("{name} has a meaning of its own in expressions", name=name),
                    entry.key.span,
                    say("choose another name"),
                )

    def named(self, entry: Entry | None) -> dict[str, Entry]:
        """Return the entries of a mapping whose keys the user chooses."""
        if entry is None or (isinstance(entry.value, Scalar) and entry.value.plain and not entry.value.text):
            return {}
        if not isinstance(entry.value, Mapping):
            self.problems.add(
                "E201",
                say("{key} is a mapping of names, and this is {kind}", key=entry.key.text, kind=kind_of(entry.value)),
                entry.span,
            )
            return {}
        found: dict[str, Entry] = {}
        for inner in entry.value.entries:
            problem = identifier_problem(inner.key)
            if problem:
                self.problems.take(problem)
            else:
                found[inner.key.text] = inner
        return found

    def check_block_name(self, name: str, entry: Entry) -> None:
        """Refuse a block that hides a layer type."""
        if name.casefold() in CANONICAL or name == SEQUENTIAL:
            self.problems.add(
                "E208",
                say("the block {name} has the name of a layer type", name=name),
                entry.key.span,
                say("give the block another name"),
            )

    def block(self, name: str, entry: Entry) -> Block:
        """Return one block of `blocks`."""
        if not isinstance(entry.value, Mapping):
            self.problems.add(
                "E201",
                say("a block is a mapping with params and layers, and this is {kind}", kind=kind_of(entry.value)),
                entry.span,
            )
            return self.structure.blocks[name]
        known = ("params", "inline", "layers")
        keys = known_keys(self.problems, entry.value, known, say("a block"))
        params = self.named(keys.get("params"))
        if "params" in keys and not isinstance(keys["params"].value, Mapping):
            return self.structure.blocks[name]
        self.check_reserved(params)
        for param, given in params.items():
            if param in ITEM_KEYS:
                self.problems.add(
                    "E208",
                    say("a param may not be called {name}: it is a key of every item", name=param),
                    given.key.span,
                    say("give the param another name"),
                )
        body = keys.get("layers")
        if body is None:
            if lacks(keys, entry.value, "layers", known):
                self.problems.add("E203", say("the block {name} has no layers", name=name), entry.key.span)
            return self.structure.blocks[name]
        used = set(words_in(body.value))
        for param, given in params.items():
            if param not in used and not any(param in words_in(other.value) for other in params.values()):
                self.problems.add(
                    "W502",
                    say("the param {name} is never used", name=param),
                    given.key.span,
                    say("remove it, or use it in the block's layers"),
                )
        inline = self.is_inline(keys.get("inline"))
        return Block(name, entry.span, params, self.reader.items(body.value), frozenset(used), inline=inline)

    def is_inline(self, entry: Entry | None) -> bool:
        """Return a block's `inline`."""
        text = word(entry.value) if entry else "false"
        if entry and text not in ("true", "false"):
            self.problems.add(
                "E204",
                say("inline: expected true or false, got {value}", value=text),
                entry.span,
                say("write inline: true, or leave it out"),
            )
        return text == "true"

    def defaults(self, entry: Entry | None) -> dict[str, tuple[Entry, ...]]:
        """Return the arguments of `defaults` by type."""
        found: dict[str, tuple[Entry, ...]] = {}
        for inner in self.named(entry).values():
            name = self.reader.type_name(inner.key)
            if not isinstance(inner.value, Mapping):
                self.problems.add(
                    "E201",
                    say("defaults of a type are a mapping, and this is {kind}", kind=kind_of(inner.value)),
                    inner.span,
                )
            elif name in found:
                self.problems.add(
                    "E109",
                    say("defaults of {type} are given twice", type=name),
                    inner.key.span,
                    say("remove one of them"),
                )
            elif name:
                found[name] = self.arguments(name, inner.value)
                known = list(argument_fields(layer_type(name))) if name in LAYERS else []
                for argument in found[name]:
                    if known and argument.key.text not in known:
                        self.problems.take(unknown_argument(name, argument.key, known))
        return found

    def arguments(self, name: str, given: Mapping) -> tuple[Entry, ...]:
        """Return what `defaults` has for a type; a layer type's `functional` is no argument and is kept apart."""
        if name not in LAYERS:
            return given.entries
        for entry in given.entries:
            if entry.key.text == "functional":
                self.structure.functional[name] = entry.value
        return tuple(entry for entry in given.entries if entry.key.text != "functional")

    def head(self, entry: Entry) -> HeadItem:
        """Return one head of `heads`."""
        known = ("from", "train_only", "layers")
        if not isinstance(entry.value, Mapping):
            self.problems.add(
                "E201",
                say("a head is a mapping with from and layers, and this is {kind}", kind=kind_of(entry.value)),
                entry.span,
            )
            return HeadItem(entry.key, None, None, Branch(entry.key, (), True, entry.span), entry.span)
        keys = known_keys(self.problems, entry.value, known, say("a head"))
        for needed in ("from", "layers"):
            if lacks(keys, entry.value, needed, known):
                self.problems.add(
                    "E203", say("the head {name} has no {key}", name=entry.key.text, key=needed), entry.key.span
                )
        sources = (self.reader.sources(keys["from"])[0] if "from" in keys else ()) or ()
        if len(sources) > 1:
            self.problems.add(
                "E302",
                say("a head has one input, and from names {count}", count=len(sources)),
                keys["from"].span,
                say("join them with Add or Concat first"),
            )
        way = (
            self.reader.branch(entry.key, keys["layers"].value)
            if "layers" in keys
            else Branch(entry.key, (), True, entry.span)
        )
        train_only = keys["train_only"].value if "train_only" in keys else None
        return HeadItem(entry.key, sources[0] if sources else None, train_only, way, entry.span)
