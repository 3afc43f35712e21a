"""How much memory buffers take that live from one step to another: what the analyzer states and an arena is held to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Lifetime(NamedTuple):
    """A buffer of `size` bytes that must be there from step `first` to step `last`, both included."""

    size: int
    first: int
    last: int


def peak_of(lifetimes: Iterable[Lifetime]) -> tuple[int, int]:
    """Return the most bytes alive at once, which no arena can undercut, and the first step at which they are."""
    changes: dict[int, int] = {}
    for size, first, last in lifetimes:
        changes[first] = changes.get(first, 0) + size
        changes[last + 1] = changes.get(last + 1, 0) - size
    live = peak = at = 0
    for step in sorted(changes):
        live += changes[step]
        if live > peak:
            peak, at = live, step
    return peak, at
