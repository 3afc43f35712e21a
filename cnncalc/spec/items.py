"""The structure of a spec, read once: items, blocks and heads, before any number is known."""

from __future__ import annotations

import keyword
from collections.abc import Iterator
from typing import NamedTuple

from cnncalc.diagnostics import Span, did_you_mean
from cnncalc.layers import CANONICAL, LAYERS, layer_type
from cnncalc.layers.base import argument_fields
from cnncalc.spec.expressions import CONSTANTS, FUNCTIONS
from cnncalc.spec.fields import unknown_argument
from cnncalc.spec.problems import Problems, identifier_problem, kind_of, suggestion
from cnncalc.spec.source import Entry, Mapping, Scalar, Sequence, Tree
from cnncalc.text import say

OTHER_TYPES: dict[str, str] = {
    "dense": "Linear",
    "fullyconnected": "Linear",
    "innerproduct": "Linear",
    "convolution": "Conv2d",
    "convolution1d": "Conv1d",
    "convolution2d": "Conv2d",
    "convolution3d": "Conv3d",
    "conv": "Conv2d",
    "separableconv2d": "Conv2d",
    "depthwiseconv2d": "Conv2d",
    "pooling": "MaxPool2d",
    "maxpool": "MaxPool2d",
    "maxpooling1d": "MaxPool1d",
    "maxpooling2d": "MaxPool2d",
    "maxpooling3d": "MaxPool3d",
    "avgpool": "AvgPool2d",
    "averagepool": "AvgPool2d",
    "averagepooling1d": "AvgPool1d",
    "averagepooling2d": "AvgPool2d",
    "averagepooling3d": "AvgPool3d",
    "globalaveragepool": "GlobalAvgPool2d",
    "globalaveragepooling1d": "GlobalAvgPool1d",
    "globalaveragepooling2d": "GlobalAvgPool2d",
    "globalaveragepooling3d": "GlobalAvgPool3d",
    "globalmaxpooling2d": "GlobalMaxPool2d",
    "batchnorm": "BatchNorm2d",
    "batchnormalization": "BatchNorm2d",
    "lrn": "LocalResponseNorm",
    "activation": "ReLU",
    "zeropadding2d": "ZeroPad2d",
    "concatenate": "Concat",
    "cat": "Concat",
    "eltwise": "Add",
    "sum": "Add",
    "mul": "Multiply",
    "swish": "SiLU",
    "hardswish": "Hardswish",
    "dropout2d": "Dropout",
}
"""What other tools call a layer -> its type here."""

SEQUENTIAL = "Sequential"
BROKEN = ""
"""The type of an item that could not be read: what follows it is not judged."""

RESERVED = frozenset(("i", "in_channels", "in_length", "in_depth", "in_height", "in_width", *FUNCTIONS))
"""Names that expressions know already."""


class Repeat(NamedTuple):
    """How often an item stands, and how its copies are named (a template with {i})."""

    times: Tree
    name: Scalar | None


class Branch(NamedTuple):
    """One way into a merge. `is_list`: its items are numbered; else it is one item that takes the branch's name."""

    name: Scalar | None
    items: tuple[Item, ...]
    is_list: bool
    span: Span


class Item(NamedTuple):
    """One entry of a `layers` list. `type` is a layer type, a block of the spec, Sequential or BROKEN."""

    type: str
    span: Span
    type_span: Span
    name: Scalar | None = None
    sources: tuple[Scalar, ...] = ()
    sources_span: Span | None = None
    condition: Tree | None = None
    repeat: Repeat | None = None
    layers: tuple[Item, ...] | None = None
    branches: tuple[Branch, ...] | None = None
    arguments: tuple[Entry, ...] = ()


class Block(NamedTuple):
    """A type the spec defines. `broken`: it could not be read, so its uses are not judged."""

    name: str
    span: Span
    params: dict[str, Entry]
    items: tuple[Item, ...]
    words: frozenset[str]
    broken: bool = False

    @property
    def refs(self) -> set[str]:
        """The params that are layer references."""
        return {name for name, entry in self.params.items() if word(entry.value) == "ref"}

    @property
    def required(self) -> set[str]:
        """The params without a default."""
        return {name for name, entry in self.params.items() if word(entry.value) in ("required", "ref")}


class HeadItem(NamedTuple):
    """A side output. `way`: its layers, read as a branch is."""

    name: Scalar
    source: Scalar | None
    train_only: Tree | None
    way: Branch
    span: Span


class Structure:
    """All of a spec, read but not expanded."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.variables: dict[str, Entry] = {}
        self.defaults: dict[str, tuple[Entry, ...]] = {}
        self.blocks: dict[str, Block] = {}
        self.items: tuple[Item, ...] = ()
        self.heads: tuple[HeadItem, ...] = ()
        self.misnamed: set[str] = set()
        """Layer names that were refused, so that a `from` is not told of the same mistake again."""


def word(tree: Tree) -> str:
    """Return the text of a scalar, or nothing."""
    return tree.text if isinstance(tree, Scalar) else ""


def words_in(tree: Tree) -> Iterator[str]:
    """Yield every identifier-like word of a tree's values."""
    if isinstance(tree, Scalar):
        yield from "".join(c if c.isalnum() or c == "_" else " " for c in tree.text).split()
    else:
        children = tree.items if isinstance(tree, Sequence) else (entry.value for entry in tree.entries)
        for child in children:
            yield from words_in(child)


class Reader:
    """Reads the structure of a spec into `Structure`, noting every problem."""

    TOP = ("cnncalc", "name", "reference", "input", "vars", "defaults", "blocks", "layers", "heads", "tensors")

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self.structure = Structure()

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
        found.entries = self.keys(tree, self.TOP, say("a spec"))
        for name in ("input", "layers"):
            if self.lacks(found.entries, tree, name, self.TOP):
                self.problems.add("E203", say("the spec has no {name}", name=name), Span(tree.span.source, 1, 1, 1, 1),
                                  say("write input: [channels, height, width] and a list of layers"))  # fmt: skip
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
        for name, entry in blocks.items():
            self.check_block_name(name, entry)
            found.blocks[name] = self.block(name, entry)
        found.defaults = self.defaults(found.entries.get("defaults"))
        if "layers" in found.entries:
            found.items = self.items(found.entries["layers"].value)
        found.heads = tuple(self.head(entry) for entry in self.named(found.entries.get("heads")).values())
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

    def keys(self, mapping: Mapping, known: tuple[str, ...], what: str) -> dict[str, Entry]:
        """Return a mapping's entries by key; those not in `known` are problems."""
        found: dict[str, Entry] = {}
        for entry in mapping.entries:
            key = entry.key.text
            if key in known:
                found[key] = entry
            else:
                problem = identifier_problem(entry.key)
                if problem:
                    self.problems.take(problem)
                else:
                    self.problems.add("E202", say("{what} has no key {key}", what=what, key=key), entry.key.span,
                                      suggestion(key, list(known)))  # fmt: skip
        return found

    @staticmethod
    def lacks(found: dict[str, Entry], mapping: Mapping, name: str, known: tuple[str, ...]) -> bool:
        """Tell whether `name` is missing from a mapping's keys, and no misspelt key was meant for it."""
        unknown = [entry.key.text for entry in mapping.entries if entry.key.text not in known]
        return name not in found and not any(did_you_mean(key.partition(":")[0], known) == name for key in unknown)

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
            self.problems.add("E201", say("{key} is a mapping of names, and this is {kind}", key=entry.key.text,
                                          kind=kind_of(entry.value)), entry.span)  # fmt: skip
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
            self.problems.add("E208", say("the block {name} has the name of a layer type", name=name), entry.key.span,
                              say("give the block another name"))  # fmt: skip

    def block(self, name: str, entry: Entry) -> Block:
        """Return one block of `blocks`."""
        if not isinstance(entry.value, Mapping):
            self.problems.add("E201", say("a block is a mapping with params and layers, and this is {kind}",
                                          kind=kind_of(entry.value)), entry.span)  # fmt: skip
            return self.structure.blocks[name]
        keys = self.keys(entry.value, ("params", "layers"), say("a block"))
        params = self.named(keys.get("params"))
        if "params" in keys and not isinstance(keys["params"].value, Mapping):
            return self.structure.blocks[name]
        self.check_reserved(params)
        for param, given in params.items():
            if param in ("type", "name", "from", "if", "repeat", "layers", "branches"):
                self.problems.add(
                    "E208",
                    say("a param may not be called {name}: it is a key of every item", name=param),
                    given.key.span,
                    say("give the param another name"),
                )
        body = keys.get("layers")
        if body is None:
            if self.lacks(keys, entry.value, "layers", ("params", "layers")):
                self.problems.add("E203", say("the block {name} has no layers", name=name), entry.key.span)
            return self.structure.blocks[name]
        used = set(words_in(body.value))
        for param, given in params.items():
            if param not in used and not any(param in words_in(other.value) for other in params.values()):
                self.problems.add("W502", say("the param {name} is never used", name=param), given.key.span,
                                  say("remove it, or use it in the block's layers"))  # fmt: skip
        return Block(name, entry.span, params, self.items(body.value), frozenset(used))

    def defaults(self, entry: Entry | None) -> dict[str, tuple[Entry, ...]]:
        """Return the arguments of `defaults` by type."""
        found: dict[str, tuple[Entry, ...]] = {}
        for inner in self.named(entry).values():
            name = self.type_name(inner.key)
            if not isinstance(inner.value, Mapping):
                self.problems.add(
                    "E201",
                    say("defaults of a type are a mapping, and this is {kind}", kind=kind_of(inner.value)),
                    inner.span,
                )
            elif name in found:
                self.problems.add("E109", say("defaults of {type} are given twice", type=name), inner.key.span,
                                  say("remove one of them"))  # fmt: skip
            elif name:
                found[name] = inner.value.entries
                known = list(argument_fields(layer_type(name))) if name in LAYERS else []
                for argument in inner.value.entries:
                    if known and argument.key.text not in known:
                        self.problems.take(unknown_argument(name, argument.key, known))
        return found

    def head(self, entry: Entry) -> HeadItem:
        """Return one head of `heads`."""
        known = ("from", "train_only", "layers")
        if not isinstance(entry.value, Mapping):
            self.problems.add("E201", say("a head is a mapping with from and layers, and this is {kind}",
                                          kind=kind_of(entry.value)), entry.span)  # fmt: skip
            return HeadItem(entry.key, None, None, Branch(entry.key, (), True, entry.span), entry.span)
        keys = self.keys(entry.value, known, say("a head"))
        for needed in ("from", "layers"):
            if self.lacks(keys, entry.value, needed, known):
                self.problems.add(
                    "E203", say("the head {name} has no {key}", name=entry.key.text, key=needed), entry.key.span
                )
        sources = (self.sources(keys["from"])[0] if "from" in keys else ()) or ()
        if len(sources) > 1:
            self.problems.add("E302", say("a head has one input, and from names {count}", count=len(sources)),
                              keys["from"].span, say("join them with Add or Concat first"))  # fmt: skip
        way = (
            self.branch(entry.key, keys["layers"].value)
            if "layers" in keys
            else Branch(entry.key, (), True, entry.span)
        )
        train_only = keys["train_only"].value if "train_only" in keys else None
        return HeadItem(entry.key, sources[0] if sources else None, train_only, way, entry.span)

    def items(self, tree: Tree) -> tuple[Item, ...]:
        """Return the items of a `layers` list."""
        if not isinstance(tree, Sequence):
            self.problems.add("E201", say("layers is a list, and this is {kind}", kind=kind_of(tree)), tree.span,
                              say("start each layer with a dash: - ReLU"))  # fmt: skip
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
            self.problems.add("E201", say("an item is a type or a mapping, and this is a list"), tree.span,
                              say("write type: Sequential with layers"))  # fmt: skip
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
        inner = self.items(layers.value) if layers else None
        ways = self.branches(branches.value) if branches else None
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
        if sources is None or (branches and ways is None):
            name = BROKEN
        return Item(
            name,
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
        )

    def add_without_layers(self, kind: Tree) -> None:
        """Note `layers` where it does not belong, or is missing."""
        self.problems.add("E210", say("layers belongs to Sequential, and Sequential needs it"), kind.span,
                          say("write type: Sequential with a list of layers"))  # fmt: skip

    def add_typeless(self, tree: Mapping) -> None:
        """Note an item without a type."""
        first = tree.entries[0].key if tree.entries else None
        if first and (first.text.casefold() in CANONICAL or first.text in self.structure.blocks):
            help = say("write - {{type: {type}, ...}}", type=first.text)
        elif first and first.text.startswith("type:"):
            help = say("put a space after the colon of type:")
        else:
            help = say("write type: and a layer type")
        self.problems.add("E203", say("the item has no type"), tree.span, help)

    def type_name(self, scalar: Scalar) -> str:
        """Return the canonical name of a type, or nothing where it is unknown."""
        text = scalar.text
        if text in self.structure.blocks:
            return text
        folded = text.casefold()
        if folded in CANONICAL:
            return CANONICAL[folded]
        if folded == SEQUENTIAL.casefold():
            return SEQUENTIAL
        block = next((name for name in self.structure.blocks if name.casefold() == folded), "")
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
            self.problems.add("E211", say("{name} is not a layer type or a block of this spec", name=text), scalar.span,
                              self.type_help(text))  # fmt: skip
        return BROKEN

    def type_help(self, text: str) -> str:
        """Return what an unknown type might have meant; of types for several dimensions, all are not listed."""
        blocks = list(self.structure.blocks)
        wanted = OTHER_TYPES.get(text.casefold().replace("_", "")) or did_you_mean(text, [*blocks, *LAYERS, SEQUENTIAL])
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
            self.structure.misnamed.add(entry.value.text)
            return None
        if entry.value.text == "input":
            self.problems.add("E205", say("a layer may not be called input: that names what enters"), entry.span,
                              say("give it another name"))  # fmt: skip
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
        keys = self.keys(entry.value, ("times", "name"), say("repeat"))
        if "times" not in keys:
            if self.lacks(keys, entry.value, "times", ("times", "name")):
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
