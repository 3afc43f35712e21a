"""Where the vertices of a level lie from left to right: chains hang straight, and lines are as short as can be.

A strand is a chain of vertices that are drawn exactly below each other. No two cross, so all of them can be.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import NamedTuple

from cnncalc.render.plot.layered import Rows, Segment


class Extent(NamedTuple):
    """How far a vertex reaches to the left and right of its own line, with the room it needs on each side."""

    left: float
    right: float


class Ends(NamedTuple):
    """Where a segment leaves the vertex above and meets the one below, from their own lines."""

    above: float
    below: float


_ROUNDS = 24


def positions(rows: Rows, extents: Sequence[Extent], ends: Mapping[Segment, Ends], spine: set[Segment]) -> list[float]:
    """Return where each vertex's own line lies. Segments of `spine` are straight before all others."""
    strand_of, offset = _strands(rows, ends, spine)
    apart = _constraints(rows, extents, strand_of, offset)
    order = _sorted(len(set(strand_of)), apart)
    if order is None:  # not with strands that do not cross; then each vertex is its own
        strand_of, offset = list(range(len(rows.vertices))), [0.0] * len(rows.vertices)
        apart = _constraints(rows, extents, strand_of, offset)
        order = _sorted(len(strand_of), apart) or []
    places = _relaxed(rows, ends, strand_of, offset, apart, order)
    return [places[strand] + shift for strand, shift in zip(strand_of, offset, strict=True)]


def _strands(rows: Rows, ends: Mapping[Segment, Ends], spine: set[Segment]) -> tuple[list[int], list[float]]:
    """Return each vertex's strand and its distance from the strand's line."""
    place = {index: at for row in rows.rows for at, index in enumerate(row)}
    taken: dict[int, list[tuple[int, int]]] = defaultdict(list)
    next_of: dict[int, Segment] = {}
    hung: set[int] = set()
    for segment in _by_importance(rows, spine):
        pair = place[segment.above], place[segment.below]
        row = rows.vertices[segment.above].row
        if segment.above in next_of or segment.below in hung:
            continue
        at = bisect_left(taken[row], pair)  # those taken do not cross, so only the neighbours can be crossed
        if not any(other[1] > pair[1] for other in taken[row][at - 1 : at]) and not any(
            other[1] < pair[1] for other in taken[row][at : at + 1]
        ):
            next_of[segment.above] = segment
            hung.add(segment.below)
            taken[row].insert(at, pair)
    strand_of, offset = [-1] * len(rows.vertices), [0.0] * len(rows.vertices)
    count = 0
    for start in range(len(rows.vertices)):
        if start in hung:
            continue
        at = start
        strand_of[at] = count
        while at in next_of:
            segment = next_of[at]
            strand_of[segment.below] = count
            offset[segment.below] = offset[at] + ends[segment].above - ends[segment].below
            at = segment.below
        count += 1
    return strand_of, offset


def _by_importance(rows: Rows, spine: set[Segment]) -> Iterator[Segment]:
    """Yield the segments that may be straight: the spine, lanes, then lines that neither fork nor join."""
    vertices = rows.vertices
    out: dict[int, int] = defaultdict(int)
    into: dict[int, int] = defaultdict(int)
    for segment in rows.segments:
        out[segment.above] += 1
        into[segment.below] += 1
    yield from (segment for segment in rows.segments if segment in spine)
    yield from (one for one in rows.segments if vertices[one.above].kind == vertices[one.below].kind == "lane")
    yield from (one for one in rows.segments if out[one.above] == into[one.below] == 1)


Apart = list[list[tuple[int, float]]]
"""By strand: the strands to its right, and how far away at least."""


def _constraints(rows: Rows, extents: Sequence[Extent], strand_of: Sequence[int], offset: Sequence[float]) -> Apart:
    widest: list[dict[int, float]] = [{} for _ in range(max(strand_of, default=-1) + 1)]
    for row in rows.rows:
        for one, other in itertools.pairwise(row):
            far = extents[one].right + extents[other].left + offset[one] - offset[other]
            known = widest[strand_of[one]]
            known[strand_of[other]] = max(far, known.get(strand_of[other], far))
    return [list(found.items()) for found in widest]


def _sorted(count: int, apart: Apart) -> list[int] | None:
    """Return the strands from left to right; None where they go round in a circle."""
    waiting = [0] * count
    for others in apart:
        for other, _ in others:
            waiting[other] += 1
    order = [strand for strand in range(count) if not waiting[strand]]
    for strand in order:  # grows while it is read
        for other, _ in apart[strand]:
            waiting[other] -= 1
            if not waiting[other]:
                order.append(other)
    return order if len(order) == count else None


def _relaxed(
    rows: Rows,
    ends: Mapping[Segment, Ends],
    strand_of: Sequence[int],
    offset: Sequence[float],
    apart: Apart,
    order: Sequence[int],
) -> list[float]:
    """Return the strands' lines: packed from the left, then each in turn drawn to what it is joined to, as far as free.

    The mean of what a strand wants is the least-squares place, so each step shortens the lines.
    """
    count = len(order)
    left: Apart = [[] for _ in range(count)]
    for strand, others in enumerate(apart):
        for other, far in others:
            left[other].append((strand, far))
    places = [0.0] * count
    for strand in order:
        places[strand] = max((places[one] + far for one, far in left[strand]), default=0.0)
    pulls: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    for segment in rows.segments:
        one, other = strand_of[segment.above], strand_of[segment.below]
        if one != other:
            away = offset[segment.below] + ends[segment].below - offset[segment.above] - ends[segment].above
            pulls[one].append((other, away))
            pulls[other].append((one, -away))
    for turn in range(_ROUNDS):
        moved = 0.0
        for strand in order if turn % 2 else reversed(order):
            if not pulls[strand]:
                continue
            wanted = sum(places[other] + away for other, away in pulls[strand]) / len(pulls[strand])
            least = max((places[one] + far for one, far in left[strand]), default=-inf)
            most = min((places[one] - far for one, far in apart[strand]), default=inf)
            new = max(least, min(most, wanted))
            moved = max(moved, abs(new - places[strand]))
            places[strand] = new
        if moved < 0.1:
            break
    return places
