"""Layers of several networks in common rows: by name where names agree, else by type and shape, always in order.

A number at the end of a name (`features.3`) is a place and not a name: such layers are aligned by their types.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import Protocol, TypeVar


class Alignable(Protocol):
    """What a layer is aligned by."""

    @property
    def name(self) -> str:
        """Its full name."""
        ...

    @property
    def type(self) -> str:
        """Its layer type."""
        ...

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Its output's shape."""
        ...


One = TypeVar("One", bound=Alignable)
Row = tuple[One | None, ...]

MOST_CELLS = 250_000
"""Of one table of scores; longer stretches without a common name are laid side by side as they stand."""

Pairs = list[tuple[int | None, int | None]]
"""Places in two lists that belong together; None where one has nothing."""


def aligned_rows(lists: Sequence[Sequence[One]]) -> list[Row[One]]:
    """Return rows with one entry a list, in the order of all of them; None where a list has nothing there."""
    rows: list[Row[One]] = [(one,) for one in lists[0]]
    for count, other in enumerate(lists[1:], 1):
        known = [next(one for one in row if one is not None) for row in rows]
        empty: Row[One] = (None,) * count
        rows = [
            (*(empty if here is None else rows[here]), None if there is None else other[there])
            for here, there in pair(known, other)
        ]
    return rows


def pair(a: Sequence[Alignable], b: Sequence[Alignable]) -> Pairs:
    """Return which places of two lists belong together: common names first, then what lies between them."""
    if [(one.name, one.type) for one in a] == [(one.name, one.type) for one in b]:
        return [(at, at) for at in range(len(a))]
    matcher = SequenceMatcher(None, _names(a, 0), _names(b, 1), autojunk=False)
    found: Pairs = []
    at = other = 0
    for block in matcher.get_matching_blocks():
        found += _between(a, b, range(at, block.a), range(other, block.b))
        found += [(block.a + step, block.b + step) for step in range(block.size)]
        at, other = block.a + block.size, block.b + block.size
    return found


def _names(layers: Sequence[Alignable], side: int) -> list[object]:
    """Return what is compared as names: of a place in a list something that is on no other side."""
    return [(side, at) if _is_place(one.name) else one.name for at, one in enumerate(layers)]


def _is_place(name: str) -> bool:
    return name.rpartition(".")[2].isdecimal()


def _between(a: Sequence[Alignable], b: Sequence[Alignable], here: range, there: range) -> Pairs:
    """Pair two stretches without a common name."""
    if not here or not there or len(here) * len(there) > MOST_CELLS:
        shorter = min(len(here), len(there))
        side = [(one, other) if _alike(a[one], b[other]) else None for one, other in zip(here, there, strict=False)]
        if shorter and all(side):
            found: Pairs = [one for one in side if one]
            return [*found, *((one, None) for one in here[shorter:]), *((None, one) for one in there[shorter:])]
        return [*((one, None) for one in here), *((None, one) for one in there)]
    scores = _scores(len(here), len(there), lambda i, j: _alike(a[here[i]], b[there[j]]))
    return [(None if i is None else here[i], None if j is None else there[j]) for i, j in _traced(scores)]


def _alike(one: Alignable, other: Alignable) -> int:
    """Return how much two layers have in common: 0 for other types, more where the group or the shape is the same.

    Groups of layers, which have no type, have something in common only by their names, or as places of a list.
    """
    if one.type != other.type or (not one.type and not (_is_place(one.name) and _is_place(other.name))):
        return 0
    same_group = one.name.rpartition(".")[0] == other.name.rpartition(".")[0]
    return 4 + same_group + (one.output_shape == other.output_shape)


Scores = tuple[list[list[int]], Callable[[int, int], int]]


def _scores(rows: int, columns: int, alike: Callable[[int, int], int]) -> Scores:
    """Return the best common score of what remains of two lists from each pair of places on."""
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        row, below = best[i], best[i + 1]
        for j in range(columns - 1, -1, -1):
            score = alike(i, j)
            row[j] = max(below[j], row[j + 1], below[j + 1] + score if score else 0)
    return best, alike


def _traced(scores: Scores) -> Pairs:
    """Walk along the best scores."""
    best, alike = scores
    found: Pairs = []
    i = j = 0
    while i < len(best) - 1 and j < len(best[0]) - 1:
        score = alike(i, j)
        if score and best[i][j] == best[i + 1][j + 1] + score:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            found.append((i, None))
            i += 1
        else:
            found.append((None, j))
            j += 1
    found += [(one, None) for one in range(i, len(best) - 1)]
    found += [(None, one) for one in range(j, len(best[0]) - 1)]
    return found
