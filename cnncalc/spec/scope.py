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
class Scope:
    """The items of one list: their names, how they are numbered, and what encloses them.

    `path` is the prefix of node names. `entry` is what `input` means here; `numbers` the expressions' names.
    `numbered`: unnamed items are called 0, 1, 2, as PyTorch's Sequential does.
    """

    path: str
    entry: Tensor
    numbers: dict[str, Number]
    parent: Scope | None = None
    numbered: bool = False
    calls: tuple[Label, ...] = ()
    blocks: tuple[str, ...] = ()
    declared: dict[str, Span] = field(default_factory=dict[str, Span])
    tensors: dict[str, Tensor] = field(default_factory=dict[str, Tensor])
    counts: Counter[str] = field(default_factory=Counter[str])
    position: int = 0

    def within(self, path: str, numbered: bool) -> Scope:
        """Return the scope of a list inside this one, at `path`."""
        return Scope(path, self.entry, self.numbers, self, numbered, self.calls, self.blocks)

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
                name = str(self.position)
                self.position += 1
            else:
                self.counts[stem] += 1
                name = f"{stem}{self.counts[stem]}"
            if name not in self.declared and name not in self.tensors:
                return name

    def count_named(self, stem: str, name: str) -> None:
        """Count an item that has a name of its own, so that a later unnamed one is not called the first."""
        self.position += 1
        digits = name[len(stem) :] if name.startswith(stem) else ""
        self.counts[stem] = max(self.counts[stem] + 1, int(digits) if digits.isdecimal() and len(digits) < 6 else 0)
