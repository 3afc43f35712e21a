"""From top to bottom: how high the rows of a level lie, and where a long level goes on in another column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncalc.render.plot.layered import Key, Rows
from cnncalc.render.plot.sides import Sides

LABEL = 17.0
"""The height of the text beside a line."""
_STRAIGHT, _BEND, _MOST_BEND = 12.0, 18.0, 60.0
"""Between rows: the least for straight lines with their arrow heads, for lines that bend, and the most for those."""
TRACK = 7.0
"""How far apart lines run that go on in the next column, one for each output."""
_MOST_TRACKS = 8


class Grid(NamedTuple):
    """By row: its top, its column, and the height of the texts below it (`labels`).

    `reach` is each column's left and right end before the columns are moved apart. `tracks` numbers the outputs that
    cross to the next column, by (vertex above, key), from the one furthest right, so that no two lines cross.
    """

    tops: list[float]
    column: list[int]
    labels: list[float]
    reach: list[tuple[float, float]]
    tracks: dict[tuple[int, Key], int]
    gutter: float
    height: float


class Gap(NamedTuple):
    """Between a row and the next: the height of the texts below the row, and of the lines below those."""

    label: float
    lines: float


def gap_heights(rows: Rows, placed: Sides) -> list[Gap]:
    """Return the gaps between the rows; lines that go far to the side need more height."""
    gaps: list[Gap] = []
    labelled = {rows.vertices[segment.above].row for segment in placed.labelled}
    widest = [0.0] * len(rows.rows)
    for segment in rows.segments:
        row = rows.vertices[segment.above].row
        start, end = placed.joined[segment]
        widest[row] = max(widest[row], abs(end - start))
    for row in range(len(rows.rows) - 1):
        bend = min(_MOST_BEND, _BEND + 0.06 * widest[row]) if widest[row] > 0.5 else _STRAIGHT
        gaps.append(Gap(LABEL if row in labelled else 0.0, bend))
    return gaps


def grid(rows: Rows, placed: Sides, heights: Sequence[float], begins: Sequence[int], top: float) -> Grid:
    """Return the rows' places in columns that begin with the rows `begins`.

    Where no lines enter, the first row is at `top`.
    """
    count, gaps = len(rows.rows), gap_heights(rows, placed)
    enters, leaves = _ports(rows)
    first = 1 if enters else 0
    tracks, most = _tracks(rows, placed, begins)
    begin = (heights[0] + sum(gaps[0]) if enters else top) if count else top
    begin += 4.0 + TRACK * most if most else 0.0
    tops, column, lowest = [0.0] * count, [0] * count, begin
    y, at = begin, 0
    for row in range(first, count - leaves):
        if row in begins[1:]:
            y, at = begin, at + 1
        tops[row], column[row] = y, at
        end = y + heights[row] + (sum(gaps[row]) if row < count - 1 else 0.0)
        end += TRACK * most if row + 1 in begins else 0.0
        lowest = max(lowest, end if leaves or row + 1 in begins else y + heights[row])
        y = end
    if leaves:
        tops[-1], column[-1] = lowest, at
    reach = [_reach(rows, placed, [row for row in range(count) if column[row] == one]) for one in range(at + 1)]
    height = lowest + (heights[-1] if leaves else 0.0)
    return Grid(tops, column, [*(gap.label for gap in gaps), 0.0], reach, tracks, TRACK * (most + 3), height)


def _reach(rows: Rows, placed: Sides, members: Sequence[int]) -> tuple[float, float]:
    """Return how far the rows of a column reach to both sides."""
    indices = [index for row in members for index in rows.rows[row]]
    left = min((placed.lines[index] - placed.full[index].left for index in indices), default=0.0)
    right = max((placed.lines[index] + placed.full[index].right for index in indices), default=0.0)
    return left, right


def _ports(rows: Rows) -> tuple[bool, bool]:
    """Return whether lines enter a level, and whether lines leave it."""
    kinds = {vertex.kind for vertex in rows.vertices}
    return "in" in kinds, "out" in kinds


def column_starts(rows: Rows, heights: Sequence[float], gaps: Sequence[Gap], tallest: float | None) -> list[int]:
    """Return the rows that begin a column. Columns are as even as they can be, and change where few outputs cross."""
    enters, leaves = _ports(rows)
    first, end = (1 if enters else 0), len(rows.rows) - leaves
    if tallest is None or first >= end:
        return [first]
    own = [heights[row] + (sum(gaps[row]) if row < end - 1 else 0.0) for row in range(first, end)]
    crossing = _crossing(rows)
    chunks: list[tuple[int, float]] = []
    for tracks in (1, _MOST_TRACKS):
        chunks = []
        for row, height in enumerate(own, first):
            if row == first or len(crossing[row - 1]) <= tracks:
                chunks.append((row, height))
            else:
                chunks[-1] = chunks[-1][0], chunks[-1][1] + height
        if max(height for _, height in chunks) <= tallest:
            break
    wanted = len(_packed(chunks, tallest))
    low, high = max(height for _, height in chunks), max(tallest, max(height for _, height in chunks))
    while high - low > 1.0:
        middle = (low + high) / 2
        if len(_packed(chunks, middle)) <= wanted:
            high = middle
        else:
            low = middle
    return _packed(chunks, high)


def _crossing(rows: Rows) -> list[dict[tuple[int, Key], None]]:
    """Return the outputs that lines carry from each row to the next, by (vertex above, key)."""
    found: list[dict[tuple[int, Key], None]] = [{} for _ in rows.rows]
    for segment in rows.segments:
        found[rows.vertices[segment.above].row][segment.above, segment.key] = None
    return found


def _tracks(rows: Rows, placed: Sides, begins: Sequence[int]) -> tuple[dict[tuple[int, Key], int], int]:
    """Return the track of each output that crosses to the next column, and the most that cross together."""
    starts = {(segment.above, segment.key): placed.joined[segment][0] for segment in rows.segments}
    crossing = _crossing(rows)
    found: dict[tuple[int, Key], int] = {}
    most = 0
    for row in begins[1:]:
        outputs = sorted(crossing[row - 1], key=lambda one: -starts[one])
        found.update({output: at for at, output in enumerate(outputs)})
        most = max(most, len(outputs))
    return found, most


def _packed(chunks: Sequence[tuple[int, float]], tallest: float) -> list[int]:
    """Return the rows that begin a column where chunks, of (first row, height), fill columns one after the other."""
    starts: list[int] = []
    filled = 0.0
    for row, height in chunks:
        if not starts or filled + height > tallest:
            starts.append(row)
            filled = 0.0
        filled += height
    return starts
