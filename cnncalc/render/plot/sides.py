"""From left to right: where each vertex of a level lies, and where its lines begin and end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cnncalc.render.plot.layered import Key, Rows, Segment, Vertex
from cnncalc.render.plot.strands import Ends, Extent, positions

_BESIDE, _BETWEEN_LANES = 22.0, 9.0
"""How far apart are two parts in a row, and two lines that pass by."""
_SPREAD = 16.0
"""How far apart lines enter a box."""


class Size(NamedTuple):
    """A part as its level sees it.

    `above` and `below` are where the lines of a key enter and leave, from its left edge. Both are empty for a box:
    lines enter it where it suits and leave in its middle. `label` is how wide the text beside its outgoing lines is.
    The lines that an `even` box joins are branches alike if nothing else reads them.
    """

    width: float
    height: float
    above: Mapping[Key, float]
    below: Mapping[Key, float]
    label: float = 0.0
    even: bool = False


class Sides(NamedTuple):
    """Of each vertex, by index: the x of its own `lines` and how far it is drawn to both sides (`bare`), and with the
    text beside its lines (`full`). Of each segment: the x where it begins and ends (`joined`). `labelled` are the
    segments, one for an output, that have a text.
    """

    lines: list[float]
    bare: list[Extent]
    full: list[Extent]
    joined: dict[Segment, tuple[float, float]]
    labelled: list[Segment]


def sides(rows: Rows, sizes: Sequence[Size], begins: Sequence[int] = ()) -> Sides:
    """Return where everything lies from left to right; of columns, which begin with the rows `begins`, each alone."""
    anchors = [_anchor(vertex, sizes) for vertex in rows.vertices]
    ends = {segment: _ends(segment, rows, sizes, anchors) for segment in rows.segments}
    labelled = _labelled(rows)
    bare = [_bare(vertex, sizes, anchors) for vertex in rows.vertices]
    texts = {segment.above: sizes[rows.vertices[segment.above].part].label for segment in labelled}
    full = [
        Extent(one.left, max(one.right, _leaving(vertex, sizes, anchors) + texts.get(vertex.id, 0.0)))
        for vertex, one in zip(rows.vertices, bare, strict=True)
    ]
    apart = [
        Extent(one.left + half, one.right + half)
        for one, half in (
            (one, (_BESIDE if vertex.kind == "part" else _BETWEEN_LANES) / 2)
            for vertex, one in zip(rows.vertices, full, strict=True)
        )
    ]
    within = [one for one in rows.segments if rows.vertices[one.below].row not in begins[1:]]
    lines = positions(rows._replace(segments=within), apart, ends, _spine(rows, sizes))
    return Sides(lines, bare, full, _joined(rows, sizes, ends, lines), labelled)


def _anchor(vertex: Vertex, sizes: Sequence[Size]) -> float:
    """Return where a vertex's own line is, from its left edge: where its first input enters, or its middle."""
    if vertex.kind != "part":
        return 0.0
    size = sizes[vertex.part]
    return next(iter(size.above.values()), size.width / 2)


def _bare(vertex: Vertex, sizes: Sequence[Size], anchors: Sequence[float]) -> Extent:
    if vertex.kind != "part":
        return Extent(0.0, 0.0)
    return Extent(anchors[vertex.id], sizes[vertex.part].width - anchors[vertex.id])


def _leaving(vertex: Vertex, sizes: Sequence[Size], anchors: Sequence[float]) -> float:
    """Return how far right of a vertex's own line its rightmost output leaves."""
    if vertex.kind != "part":
        return 0.0
    size = sizes[vertex.part]
    return max(size.below.values(), default=size.width / 2) - anchors[vertex.id]


def _ends(segment: Segment, rows: Rows, sizes: Sequence[Size], anchors: Sequence[float]) -> Ends:
    """Return where a segment leaves and meets its vertices, from their own lines."""
    upper, lower = rows.vertices[segment.above], rows.vertices[segment.below]
    out = into = 0.0
    if upper.kind == "part":
        size = sizes[upper.part]
        out = size.below.get(segment.key, size.width / 2) - anchors[upper.id]
    if lower.kind == "part":
        into = sizes[lower.part].above.get(segment.key, anchors[lower.id]) - anchors[lower.id]
    return Ends(out, into)


def _labelled(rows: Rows) -> list[Segment]:
    """Return a segment of each part's output that is read on this level; what only leaves it is told further out."""
    first: dict[tuple[int, Key], Segment] = {}
    for segment in rows.segments:
        upper = rows.vertices[segment.above]
        if upper.kind == "part" and (upper.part, segment.key) in rows.read:
            first.setdefault((upper.part, segment.key), segment)
    return list(first.values())


def _spine(rows: Rows, sizes: Sequence[Size]) -> set[Segment]:
    """Return the longest way through the level, from its exit or its end upwards, which is drawn straight.

    It ends where branches join that are alike, since none of them is the main one; of several exits none is.
    """
    above: dict[int, list[Segment]] = defaultdict(list)
    readers: dict[Key, int] = defaultdict(int)
    for segment in rows.segments:
        above[segment.below].append(segment)
        readers[segment.key] += rows.vertices[segment.below].kind != "lane"
    exits = [vertex for vertex in rows.vertices if vertex.kind == "out"]
    ends = rows.vertices if not exits else exits if len(exits) == 1 else []
    found: set[Segment] = set()
    at = max(ends, key=lambda vertex: (vertex.row, -vertex.id), default=None)
    while at is not None and above[at.id]:
        even = at.kind == "part" and sizes[at.part].even and len(above[at.id]) > 1
        if even and all(readers[one.key] == 1 and rows.vertices[one.above].part >= 0 for one in above[at.id]):
            break
        segment = min(above[at.id], key=lambda one: rows.vertices[one.above].kind == "lane")
        found.add(segment)
        at = rows.vertices[segment.above]
    return found


def _joined(
    rows: Rows, sizes: Sequence[Size], ends: Mapping[Segment, Ends], lines: Sequence[float]
) -> dict[Segment, tuple[float, float]]:
    """Return the x where each segment begins and ends; those into a box are spread by where they come from."""
    found: dict[Segment, tuple[float, float]] = {}
    into: dict[int, list[Segment]] = defaultdict(list)
    for segment in rows.segments:
        found[segment] = lines[segment.above] + ends[segment].above, lines[segment.below] + ends[segment].below
        lower = rows.vertices[segment.below]
        if lower.kind == "part" and segment.key not in sizes[lower.part].above:
            into[segment.below].append(segment)
    for below, segments in into.items():
        width = sizes[rows.vertices[below].part].width
        starts = [found[segment][0] for segment in segments]
        for segment, away in zip(segments, _spread(starts, lines[below], width / 2 - 6), strict=True):
            found[segment] = found[segment][0], lines[below] + away
    return found


def _spread(starts: Sequence[float], middle: float, room: float) -> list[float]:
    """Return how far from the middle of a box lines from `starts` enter it; one that comes straight enters there."""
    if len(starts) == 1:
        return [0.0]
    straight = any(abs(start - middle) < 0.5 for start in starts)
    order = sorted(range(len(starts)), key=lambda at: starts[at])
    if not straight:
        step = min(_SPREAD, 2 * room / (len(starts) - 1))
        return [step * (order.index(at) - (len(starts) - 1) / 2) for at in range(len(starts))]
    left = [at for at in reversed(order) if starts[at] < middle - 0.5]
    right = [at for at in order if starts[at] > middle + 0.5]
    away = [0.0] * len(starts)
    for side, sign in ((left, -1), (right, 1)):
        step = min(_SPREAD, room / max(1, len(side)))
        for count, at in enumerate(side, 1):
            away[at] = sign * step * count
    return away
