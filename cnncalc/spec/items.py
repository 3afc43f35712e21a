"""What a spec is made of once it is read, before any number is known: items, blocks, heads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cnncalc.diagnostics import Span
from cnncalc.spec.source import Entry, Scalar, Sequence, Tree

SEQUENTIAL = "Sequential"
BROKEN = ""
"""The type of an item that could not be read: what follows it is not judged."""


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


ITEM_KEYS = ("type", "name", "from", "if", "repeat", "layers", "branches", "functional")
"""The keys that any item may have; every other is an argument of its type."""


class Item(NamedTuple):
    """One entry of a `layers` list. `type` is a layer type, a block of the spec, Sequential or BROKEN.

    `guessed`: the type is another tool's word for it, which is an error; only what is written of it is judged further.
    """

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
    guessed: bool = False
    functional: Tree | None = None


class Block(NamedTuple):
    """A type the spec defines. `broken`: it could not be read, so its uses are not judged.

    `inline`: its layers are named as if they were written where it is used.
    """

    name: str
    span: Span
    params: dict[str, Entry]
    items: tuple[Item, ...]
    words: frozenset[str]
    broken: bool = False
    inline: bool = False

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
        self.functional: dict[str, Tree] = {}
        """What `defaults` says of `functional`, by type."""
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
