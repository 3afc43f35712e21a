"""One level of a drawing as rows: every vertex below what it reads, and few crossings (Sugiyama, Tagawa, Toda 1981).

A level is the inside of a frame, or the whole network. Its vertices are parts (boxes and frames), the ports by which
lines enter and leave, and lanes: where a line passes by a row, so that it goes beside what stands there.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Literal, NamedTuple

Kind = Literal["part", "in", "out", "lane"]
Key = Hashable
"""Whose output a line carries."""


class Vertex(NamedTuple):
    """Something with a place in a row.

    `id` is its number and `part` its place among the level's parts, IN or OUT for a port, and for a lane that of
    what it carries. `key` is a port's or a lane's, None for a part.
    """

    id: int
    kind: Kind
    part: int
    row: int
    key: Key | None


class Segment(NamedTuple):
    """A piece of a line, from a vertex to one in the next row; vertices by index."""

    above: int
    below: int
    key: Key


class Link(NamedTuple):
    """A line of a level: from a part to a part, by their numbers; IN and OUT stand for the level's outside."""

    source: int
    target: int
    key: Key


IN, OUT = -1, -2
Place = dict[tuple[int, Key | None], int]


class Rows(NamedTuple):
    """The rows from top to bottom, each a list of vertices by index from left to right, and the lines between them.

    `place` is the vertex of a part (with None), or of a port by its key. `read` are the outputs, of (part, key), that
    another part of the level reads.
    """

    vertices: list[Vertex]
    rows: list[list[int]]
    segments: list[Segment]
    place: Place
    read: set[tuple[int, Key]]


def arrange(count: int, links: Sequence[Link]) -> Rows:
    """Return the rows of a level with `count` parts; links go from a part to a later one, from IN, or to OUT."""
    vertices, place = _vertices(count, links)
    segments = _with_lanes(vertices, place, links)
    rows: list[list[int]] = [[] for _ in range(1 + max((vertex.row for vertex in vertices), default=-1))]
    for vertex in vertices:
        rows[vertex.row].append(vertex.id)
    _order(rows, vertices, segments)
    read = {(link.source, link.key) for link in links if link.target != OUT}
    return Rows(vertices, rows, segments, place, read)


def _vertices(count: int, links: Sequence[Link]) -> tuple[list[Vertex], Place]:
    """Return parts and ports with their rows: a part is one row below the lowest that it reads."""
    entering = list(dict.fromkeys(link.key for link in links if link.source == IN))
    leaving = list(dict.fromkeys(link.key for link in links if link.target == OUT))
    read: dict[int, list[int]] = defaultdict(list)
    for link in links:
        if link.source != IN and link.target != OUT:
            read[link.target].append(link.source)
    first = 1 if entering else 0
    row: list[int] = []
    for part in range(count):
        row.append(max((row[source] + 1 for source in read[part]), default=first))
    last = max(row, default=first - 1) + 1
    kinds: list[tuple[Kind, int, int, Key | None]] = [
        *(("in", IN, 0, key) for key in entering),
        *(("part", part, row[part], None) for part in range(count)),
        *(("out", OUT, last, key) for key in leaving),
    ]
    vertices = [Vertex(index, kind, part, at, key) for index, (kind, part, at, key) in enumerate(kinds)]
    return vertices, {(part, key): index for index, (_, part, _, key) in enumerate(kinds)}


def _with_lanes(vertices: list[Vertex], place: Place, links: Sequence[Link]) -> list[Segment]:
    """Return the lines cut at rows, and add the lanes that takes; lines of one output share a lane."""
    bundles: dict[tuple[int, Key], list[int]] = defaultdict(list)
    for link in links:
        source = place[link.source, link.key if link.source == IN else None]
        bundles[source, link.key].append(place[link.target, link.key if link.target == OUT else None])
    segments: list[Segment] = []
    for (source, key), targets in bundles.items():
        by_row: dict[int, list[int]] = defaultdict(list)
        for target in dict.fromkeys(targets):
            by_row[vertices[target].row].append(target)
        at, last = source, max(by_row)
        for row in range(vertices[source].row + 1, last + 1):
            segments += (Segment(at, target, key) for target in by_row[row])
            if row < last:
                lane = Vertex(len(vertices), "lane", vertices[source].part, row, key)
                vertices.append(lane)
                segments.append(Segment(at, lane.id, key))
                at = lane.id
    return segments


_SWEEPS = 6


def _order(rows: list[list[int]], vertices: Sequence[Vertex], segments: Sequence[Segment]) -> None:
    """Order each row by what its vertices are joined to above and below, in turns; the best of all orders is kept."""
    above: dict[int, list[int]] = defaultdict(list)
    below: dict[int, list[int]] = defaultdict(list)
    for segment in segments:
        above[segment.below].append(segment.above)
        below[segment.above].append(segment.below)
    for row in rows[1:]:
        row.sort(key=lambda index: vertices[index].kind == "lane")
    for upper, lower in itertools.pairwise(rows):
        _sort_by(lower, above, _places(upper))
    best, fewest = [list(row) for row in rows], crossings(rows, segments)
    for _ in range(_SWEEPS):
        if not fewest:
            break
        for at in range(len(rows) - 2, -1, -1):
            _sort_by(rows[at], below, _places(rows[at + 1]))
        for at in range(1, len(rows)):
            _sort_by(rows[at], above, _places(rows[at - 1]))
        found = crossings(rows, segments)
        if found < fewest:
            best, fewest = [list(row) for row in rows], found
    rows[:] = best


def _places(row: Sequence[int]) -> dict[int, int]:
    return {index: at for at, index in enumerate(row)}


def _sort_by(row: list[int], joined: dict[int, list[int]], places: dict[int, int]) -> None:
    """Order a row by the mean place of what each vertex is joined to; one joined to nothing keeps its own."""
    own = _places(row)

    def mean(index: int) -> float:
        others = joined[index]
        return sum(places[one] for one in others) / len(others) if others else own[index]

    row.sort(key=mean)


def crossings(rows: Sequence[Sequence[int]], segments: Sequence[Segment]) -> int:
    """Return how many pairs of segments cross."""
    places = {index: at for row in rows for at, index in enumerate(row)}
    row_of = {index: at for at, row in enumerate(rows) for index in row}
    by_row: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for segment in segments:
        by_row[row_of[segment.above]].append((places[segment.above], places[segment.below]))
    count = 0
    for pairs in by_row.values():
        seen: list[int] = []
        for _, end in sorted(pairs):
            count += len(seen) - bisect_right(seen, end)
            insort(seen, end)
    return count
