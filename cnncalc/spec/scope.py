"""Where names are looked up while a spec is expanded: layers in scopes, numbers in environments, and running names."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from cnncalc.diagnostics import Label, Span
from cnncalc.spec.expressions import Value as Number
from cnncalc.spec.items import Item
from cnncalc.text import Shape


class Tensor(NamedTuple):
    """What a name stands for: the output of a node (or the network's input). `shape` is None after an error."""

    node: str
    shape: Shape | None


@dataclass
class Names:
    """The names under one path: those given to tensors, those declared further down, and how far the counting is."""

    declared: dict[str, Span] = field(default_factory=dict[str, Span])
    tensors: dict[str, Tensor] = field(default_factory=dict[str, Tensor])
    counts: Counter[str] = field(default_factory=Counter[str])
    position: int = 0


@dataclass
class Scope:
    """The items of one list: their names, how they are numbered, and what encloses them.

    `path` is the prefix of node names. `entry` is what `input` means here; `numbers` the expressions' names.
    `numbered`: unnamed items are called 0, 1, 2, as PyTorch's Sequential does. `names` are shared by the lists that
    stand under one path: those of inline blocks, and the copies of a repeat. `handed`: the layers that params name.
    """

    path: str
    entry: Tensor
    numbers: dict[str, Number]
    parent: Scope | None = None
    numbered: bool = False
    calls: tuple[Label, ...] = ()
    blocks: tuple[str, ...] = ()
    names: Names = field(default_factory=Names)
    handed: dict[str, Tensor] = field(default_factory=dict[str, Tensor])

    @property
    def tensors(self) -> dict[str, Tensor]:
        """What each name under this path stands for."""
        return self.names.tensors

    @property
    def declared(self) -> dict[str, Span]:
        """Where each explicit name under this path is written."""
        return self.names.declared

    def within(self, path: str, numbered: bool) -> Scope:
        """Return the scope of a list inside this one, at `path`."""
        return Scope(path, self.entry, self.numbers, self, numbered, self.calls, self.blocks)

    def with_i(self, i: int) -> Scope:
        """Return this scope as one copy of a repeat sees it: the same names, and `i`."""
        numbers = {**self.numbers, "i": i}
        return Scope(self.path, self.entry, numbers, self, self.numbered, self.calls, self.blocks, self.names)

    def declare(self, items: tuple[Item, ...]) -> None:
        """Reserve the explicit names of `items`, so that automatic ones avoid them, and forward references are told."""
        for item in items:
            if item.name is not None:
                self.declared.setdefault(item.name.text, item.name.span)

    def full(self, name: str) -> str:
        """Return the dotted path of a name here."""
        return f"{self.path}.{name}" if self.path else name

    def next_name(self, stem: str) -> str:
        """Return the next free automatic name: the item's position, or `stem` with a running number."""
        while True:
            if self.numbered:
                name = str(self.names.position)
                self.names.position += 1
            else:
                self.names.counts[stem] += 1
                name = f"{stem}{self.names.counts[stem]}"
            if name not in self.declared and name not in self.tensors:
                return name

    def count_named(self, stem: str, name: str) -> None:
        """Count an item that has a name of its own, so that a later unnamed one is not called the first."""
        self.names.position += 1
        digits = name[len(stem) :] if name.startswith(stem) else ""
        number = int(digits) if digits.isdecimal() and len(digits) < 6 else 0
        self.names.counts[stem] = max(self.names.counts[stem] + 1, number)
