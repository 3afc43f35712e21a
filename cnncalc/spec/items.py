"""The structure of a spec, read once: items, blocks and heads, before any number is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cnncalc.diagnostics import Label, Span
from cnncalc.layers import CANONICAL, LAYERS
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


@dataclass(frozen=True)
class Repeat:
    """How often an item stands, and how its copies are named (a template with {i})."""

    times: Tree
    name: Scalar | None


@dataclass(frozen=True)
class Branch:
    """One way into a merge. `is_list`: its items are numbered; else it is one item that takes the branch's name."""

    name: Scalar | None
    items: tuple[Item, ...]
    is_list: bool
    span: Span


@dataclass(frozen=True)
class Item:
    """One entry of a `layers` list. `type` is a layer type, a block of the spec, or Sequential."""

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


@dataclass(frozen=True)
class Block:
    """A type the spec defines. `params`: name -> default, or None where required; `refs` are handed-in layer references."""

    name: str
    span: Span
    params: dict[str, Entry]
    items: tuple[Item, ...]
    words: frozenset[str]

    @property
    def refs(self) -> set[str]:
        """The params that are layer references."""
        return {name for name, entry in self.params.items() if word(entry.value) == "ref"}

    @property
    def required(self) -> set[str]:
        """The params without a default."""
        return {name for name, entry in self.params.items() if word(entry.value) in ("required", "ref")}


@dataclass(frozen=True)
class HeadItem:
    """A side output. `way`: its layers, read as a branch is."""

    name: Scalar
    source: Scalar | None
    train_only: Tree | None
    way: Branch
    span: Span


@dataclass
class Structure:
    """All of a spec, read but not expanded."""

    entries: dict[str, Entry] = field(default_factory=dict[str, Entry])
    variables: dict[str, Entry] = field(default_factory=dict[str, Entry])
    defaults: dict[str, tuple[Entry, ...]] = field(default_factory=dict[str, tuple[Entry, ...]])
    blocks: dict[str, Block] = field(default_factory=dict[str, Block])
    items: tuple[Item, ...] = ()
    heads: tuple[HeadItem, ...] = ()


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
            self.problems.add("E201", say("a spec is a mapping with input and layers, and this is {kind}", kind=kind_of(tree)),
                              tree.span, say("start with input: [1, 32, 32] and layers:"))  # fmt: skip
            return self.structure
        found = self.structure
        found.entries = self.keys(tree, self.TOP, say("a spec"))
        for name in ("input", "layers"):
            if name not in found.entries:
                self.problems.add("E203", say("the spec has no {name}", name=name), Span(tree.span.source, 1, 1, 1, 1),
                                  say("write input: [channels, height, width] and a list of layers"))  # fmt: skip
        self.check_version()
        found.variables = self.named(found.entries.get("vars"))
        blocks = self.named(found.entries.get("blocks"))
        found.blocks = {name: Block(name, entry.span, {}, (), frozenset()) for name, entry in blocks.items()}
        for name, entry in blocks.items():
            self.check_block_name(name, entry)
            found.blocks[name] = self.block(name, entry)
        found.defaults = self.defaults(found.entries.get("defaults"))
        if "layers" in found.entries:
            found.items = self.items(found.entries["layers"].value)
        found.heads = tuple(self.head(entry) for entry in self.named(found.entries.get("heads")).values())
        return found

    def check_version(self) -> None:
        entry = self.structure.entries.get("cnncalc")
        if entry and word(entry.value) != "1":
            self.problems.add("E207", say("cnncalc: {got} is a format this version does not know", got=word(entry.value)),
                              entry.span, say("write cnncalc: 1"))  # fmt: skip

    def keys(self, mapping: Mapping, known: tuple[str, ...], what: str) -> dict[str, Entry]:
        """Return a mapping's entries by key; those not in `known` are problems."""
        found: dict[str, Entry] = {}
        for entry in mapping.entries:
            key = entry.key.text
            if key in known:
                found[key] = entry
            elif ":" in key:
                name, _, rest = key.partition(":")
                self.problems.add("E110", say("a space is missing after the colon of {key}", key=key), entry.key.span,
                                  say("write {name}: {value}", name=name, value=rest.strip()))  # fmt: skip
            else:
                problem = identifier_problem(entry.key)
                if problem:
                    self.problems.take(problem)
                else:
                    self.problems.add("E202", say("{what} has no key {key}", what=what, key=key), entry.key.span,
                                      suggestion(key, list(known)))  # fmt: skip
        return found

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
        if name.casefold() in CANONICAL or name == SEQUENTIAL:
            self.problems.add("E208", say("the block {name} has the name of a layer type", name=name), entry.key.span,
                              say("give the block another name"))  # fmt: skip

    def block(self, name: str, entry: Entry) -> Block:
        if not isinstance(entry.value, Mapping):
            self.problems.add("E201", say("a block is a mapping with params and layers, and this is {kind}",
                                          kind=kind_of(entry.value)), entry.span)  # fmt: skip
            return self.structure.blocks[name]
        keys = self.keys(entry.value, ("params", "layers"), say("a block"))
        params = self.named(keys.get("params"))
        for param, given in params.items():
            if param in ("type", "name", "from", "if", "repeat", "layers", "branches"):
                self.problems.add("E208", say("a param may not be called {name}: it is a key of every item", name=param),
                                  given.key.span, say("give the param another name"))  # fmt: skip
        body = keys.get("layers")
        if body is None:
            self.problems.add("E203", say("the block {name} has no layers", name=name), entry.key.span)
            return self.structure.blocks[name]
        used = set(words_in(body.value))
        for param, given in params.items():
            if param not in used and not any(param in words_in(other.value) for other in params.values()):
                self.problems.add("W502", say("the param {name} is never used", name=param), given.key.span,
                                  say("remove it, or use it in the block's layers"))  # fmt: skip
        return Block(name, entry.span, params, self.items(body.value), frozenset(used))

    def defaults(self, entry: Entry | None) -> dict[str, tuple[Entry, ...]]:
        found: dict[str, tuple[Entry, ...]] = {}
        for inner in self.named(entry).values():
            name = self.type_name(inner.key)
            if not isinstance(inner.value, Mapping):
                self.problems.add("E201", say("defaults of a type are a mapping, and this is {kind}", kind=kind_of(inner.value)),
                                  inner.span)  # fmt: skip
            elif name:
                found[name] = inner.value.entries
        return found

    def head(self, entry: Entry) -> HeadItem:
        keys: dict[str, Entry] = {}
        if isinstance(entry.value, Mapping):
            keys = self.keys(entry.value, ("from", "train_only", "layers"), say("a head"))
        for needed in ("from", "layers"):
            if needed not in keys:
                self.problems.add("E203", say("the head {name} has no {key}", name=entry.key.text, key=needed), entry.key.span)
        sources = self.sources(keys["from"])[0] if "from" in keys else ()
        way = self.branch(entry.key, keys["layers"].value) if "layers" in keys else Branch(entry.key, (), True, entry.span)
        train_only = keys["train_only"].value if "train_only" in keys else None
        return HeadItem(entry.key, sources[0] if sources else None, train_only, way, entry.span)

    def items(self, tree: Tree) -> tuple[Item, ...]:
        """Return the items of a `layers` list."""
        if not isinstance(tree, Sequence):
            self.problems.add("E201", say("layers is a list, and this is {kind}", kind=kind_of(tree)), tree.span,
                              say("start each layer with a dash: - ReLU"))  # fmt: skip
            return ()
        found = [self.item(item) for item in tree.items]
        return tuple(item for item in found if item is not None)

    def item(self, tree: Tree) -> Item | None:
        """Return one item, or None where its type cannot be told."""
        if isinstance(tree, Scalar):
            name = self.type_name(tree)
            return Item(name, tree.span, tree.span) if name else None
        if isinstance(tree, Sequence):
            self.problems.add("E201", say("an item is a type or a mapping, and this is a list"), tree.span,
                              say("write type: Sequential with layers"))  # fmt: skip
            return None
        parts = {entry.key.text: entry for entry in tree.entries}
        kind = parts.pop("type", None)
        if kind is None or not isinstance(kind.value, Scalar):
            self.add_typeless(tree)
            return None
        name = self.type_name(kind.value)
        label = self.label(parts.pop("name", None))
        sources, sources_span = self.sources(parts.pop("from", None))
        condition = parts.pop("if", None)
        repeat = self.repeat(parts.pop("repeat", None))
        layers = parts.pop("layers", None)
        branches = parts.pop("branches", None)
        inner = self.items(layers.value) if layers else None
        ways = self.branches(branches.value) if branches else None
        if not name:
            return None
        if (name == SEQUENTIAL) != (layers is not None):
            self.problems.add("E210", say("layers belongs to Sequential, and Sequential needs it"), kind.span,
                              say("write type: Sequential with a list of layers"))  # fmt: skip
            return None
        return Item(
            name, tree.span, kind.span, label, sources, sources_span, condition.value if condition else None, repeat,
            inner, ways, tuple(parts.values()),
        )  # fmt: skip

    def add_typeless(self, tree: Mapping) -> None:
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
        if problem and not text.isascii():
            self.problems.take(problem)
        elif ":" in text:
            self.problems.add("E110", say("a space is missing after the colon of {key}", key=text), scalar.span,
                              say("write - {{type: ..., name: value}}"))  # fmt: skip
        else:
            known = [*self.structure.blocks, *LAYERS, SEQUENTIAL]
            wanted = OTHER_TYPES.get(folded.replace("_", ""), "")
            self.problems.add("E211", say("{name} is not a layer type or a block of this spec", name=text), scalar.span,
                              suggestion(text, known, wanted))  # fmt: skip
        return ""

    def label(self, entry: Entry | None) -> Scalar | None:
        if entry is None:
            return None
        if not isinstance(entry.value, Scalar):
            self.problems.add("E205", say("a name is one word"), entry.span)
            return None
        problem = identifier_problem(entry.value)
        if problem and not entry.value.text.isdigit():
            self.problems.take(problem)
            return None
        if entry.value.text == "input":
            self.problems.add("E205", say("a layer may not be called input: that names what enters"), entry.span,
                              say("give it another name"))  # fmt: skip
            return None
        return entry.value

    def sources(self, entry: Entry | None) -> tuple[tuple[Scalar, ...], Span | None]:
        if entry is None:
            return (), None
        trees = entry.value.items if isinstance(entry.value, Sequence) else (entry.value,)
        names = tuple(tree for tree in trees if isinstance(tree, Scalar) and tree.text)
        if len(names) != len(trees) or not names:
            self.problems.add("E212", say("from is a name or a list of names"), entry.span)
        return names, entry.span

    def repeat(self, entry: Entry | None) -> Repeat | None:
        if entry is None:
            return None
        if not isinstance(entry.value, Mapping):
            return Repeat(entry.value, None)
        keys = self.keys(entry.value, ("times", "name"), say("repeat"))
        if "times" not in keys:
            self.problems.add("E203", say("repeat has no times"), entry.span, say("write repeat: {{times: 3}}"))
            return None
        name = keys["name"].value if "name" in keys else None
        return Repeat(keys["times"].value, name if isinstance(name, Scalar) else None)

    def branches(self, tree: Tree) -> tuple[Branch, ...]:
        if isinstance(tree, Mapping):
            return tuple(self.branch(entry.key, entry.value) for entry in tree.entries)
        if isinstance(tree, Sequence):
            return tuple(self.branch(None, item) for item in tree.items)
        self.problems.add("E201", say("branches is a mapping or a list, and this is {kind}", kind=kind_of(tree)), tree.span)
        return ()

    def branch(self, name: Scalar | None, tree: Tree) -> Branch:
        if name:
            problem = identifier_problem(name)
            if problem:
                self.problems.take(problem)
        if isinstance(tree, Sequence):
            return Branch(name, self.items(tree), True, tree.span)
        item = self.item(tree)
        return Branch(name, (item,) if item else (), False, tree.span)


def first_use(name: str, span: Span) -> tuple[Label, ...]:
    """Return the label that shows where a name was used first."""
    return (Label(span, say("{name} is first used here", name=name)),)
