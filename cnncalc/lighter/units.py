"""Channels that stay or go together: union-find over the channels of all tensors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Channels = Sequence[int]
"""The units of a tensor's channels (axis 0; of a vector its features), one each, in order."""


class Units:
    """Each channel that some layer makes is a unit; bound units are one class, known by one of them."""

    def __init__(self) -> None:
        self._parent: list[int] = []

    def fresh(self, count: int) -> Channels:
        """Return so many new units."""
        first = len(self._parent)
        self._parent.extend(range(first, first + count))
        return range(first, first + count)

    def find(self, unit: int) -> int:
        """Return the unit that stands for the class of this one."""
        parent = self._parent
        while parent[unit] != unit:
            parent[unit] = parent[parent[unit]]
            unit = parent[unit]
        return unit

    def bind(self, first: int, second: int) -> None:
        """Make one class of two; the older unit stands for it."""
        a, b = self.find(first), self.find(second)
        if a != b:
            self._parent[max(a, b)] = min(a, b)

    def classes(self, channels: Iterable[int]) -> list[int]:
        """Return the class of each channel."""
        return [self.find(unit) for unit in channels]
