"""One level of a drawing in pixels: its rows at their heights, long levels in columns, its lines as points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cnncalc.render.plot.columns import TRACK, Grid, column_starts, gap_heights, grid
from cnncalc.render.plot.layered import OUT, Key, Link, Rows, Segment, Vertex, arrange
from cnncalc.render.plot.sides import Sides, Size, sides

Point = tuple[float, float]


class Level(NamedTuple):
    """A level laid out, from its own top left corner.

    `corners` are the parts' by number, `entries` and `exits` the x by key at which lines cross the top and the bottom.
    `lines` are the points of each link; between two that differ in both coordinates a line bends. `labels` is where the
    line of text beside a part's output begins, by (part, key), if the output is read on this level.
    """

    width: float
    height: float
    corners: list[Point]
    entries: dict[Key, float]
    exits: dict[Key, float]
    lines: dict[Link, list[Point]]
    labels: dict[tuple[int, Key], Point]


class Margins(NamedTuple):
    """Of a frame: the space at each side, at the top and the bottom; and how wide the texts left and right of the lines
    that enter are.
    """

    side: float = 0.0
    top: float = 0.0
    bottom: float = 0.0
    left_text: float = 0.0
    right_text: float = 0.0


def lay_out(sizes: Sequence[Size], links: Sequence[Link], margins: Margins, tallest: float | None = None) -> Level:
    """Lay a level out. With `tallest`, in columns about so high, where the level has places to go on in the next."""
    rows = arrange(len(sizes), links)
    placed = sides(rows, sizes)
    heights = [_row_height(rows, row, sizes, margins) for row in range(len(rows.rows))]
    begins = column_starts(rows, heights, gap_heights(rows, placed), tallest)
    if len(begins) > 1:
        placed = sides(rows, sizes, begins)
    cells = grid(rows, placed, heights, begins, margins.top)
    drawing = _Drawing(rows, sizes, placed, heights, cells, *_shift(rows, placed, cells, margins))
    return drawing.level(links, margins)


def _row_height(rows: Rows, row: int, sizes: Sequence[Size], margins: Margins) -> float:
    """Return the height of the highest part; lines that enter and leave cross the frame's margins."""
    vertices = [rows.vertices[index] for index in rows.rows[row]]
    if vertices[0].kind in ("in", "out"):
        return margins.top if vertices[0].kind == "in" else margins.bottom
    return max((sizes[vertex.part].height for vertex in vertices if vertex.kind == "part"), default=0.0)


def _shift(rows: Rows, placed: Sides, cells: Grid, margins: Margins) -> tuple[list[float], float]:
    """Return how far each column moves to the right, and the width of all with the margins."""
    entries = [placed.lines[vertex.id] for vertex in rows.vertices if vertex.kind == "in"]
    at = margins.side
    shifts: list[float] = []
    for column, (left, right) in enumerate(cells.reach):
        if column == 0 and entries:
            at = max(at, margins.left_text + left - min(entries))
        shifts.append(at - left)
        at += right - left + cells.gutter
    width = at - cells.gutter + margins.side
    if entries:
        width = max(width, max(entries) + shifts[0] + margins.right_text)
    else:
        width = max(width, margins.left_text + margins.right_text)
    return shifts, width


class _Drawing(NamedTuple):
    rows: Rows
    sizes: Sequence[Size]
    placed: Sides
    heights: Sequence[float]
    cells: Grid
    shifts: Sequence[float]
    width: float

    def level(self, links: Sequence[Link], margins: Margins) -> Level:
        vertices = self.rows.vertices
        parts = [vertex for vertex in vertices if vertex.kind == "part"]
        into = {(segment.below, segment.key): segment for segment in self.rows.segments}
        pieces = {segment: _simplified(self._points(segment)) for segment in self.rows.segments}
        ends_low = bool(vertices) and any(vertex.kind == "out" for vertex in vertices)
        return Level(
            self.width,
            self.cells.height + (0.0 if ends_low else margins.bottom),
            [(self._x(one) - self.placed.bare[one.id].left, self._top(one)) for one in parts],
            {one.key: self._x(one) for one in vertices if one.kind == "in"},
            {one.key: self._x(one) for one in vertices if one.kind == "out"},
            {link: self._line(link, into, pieces) for link in links},
            self._labels(),
        )

    def _x(self, vertex: Vertex) -> float:
        return self.placed.lines[vertex.id] + self.shifts[self.cells.column[vertex.row]]

    def _top(self, vertex: Vertex) -> float:
        """Return the top of a vertex, a part standing in the middle of its row."""
        top = self.cells.tops[vertex.row]
        if vertex.kind != "part":
            return top
        return top + (self.heights[vertex.row] - self.sizes[vertex.part].height) / 2

    def _bottom(self, vertex: Vertex) -> float:
        if vertex.kind != "part":
            return self.cells.tops[vertex.row] + self.heights[vertex.row]
        return self._top(vertex) + self.sizes[vertex.part].height

    def _line(
        self, link: Link, into: Mapping[tuple[int, Key], Segment], pieces: Mapping[Segment, list[Point]]
    ) -> list[Point]:
        """Return the points of a link, from its source's bottom to its target's top."""
        target = self.rows.place[link.target, link.key if link.target == OUT else None]
        segment = into[target, link.key]
        chain = [segment]
        while self.rows.vertices[chain[-1].above].kind == "lane":
            chain.append(into[chain[-1].above, link.key])
        points: list[Point] = []
        for one in reversed(chain):
            piece = pieces[one]
            points += piece[1:] if points and points[-1] == piece[0] else piece
        return points

    def _points(self, segment: Segment) -> list[Point]:
        upper, lower = (self.rows.vertices[index] for index in (segment.above, segment.below))
        start, end = self.placed.joined[segment]
        column, after = self.cells.column[upper.row], self.cells.column[lower.row]
        start, end = start + self.shifts[column], end + self.shifts[after]
        low = self.cells.tops[upper.row] + self.heights[upper.row] + self.cells.labels[upper.row]
        high = self.cells.tops[lower.row]
        first = [(start, self._top(upper))] if upper.kind == "in" else []
        first.append((start, self._bottom(upper)))
        last = [(end, self._top(lower)), (end, self._bottom(lower))][: 1 if lower.kind == "part" else 2]
        if column == after:
            return [*first, (start, low), (end, high), *last]
        away = TRACK * (1 + self.cells.tracks[segment.above, segment.key])
        aside = self.shifts[column] + self.cells.reach[column][1] + TRACK + away
        turn, back = low + away, high - 4 - away
        return [*first, (start, turn), (aside, turn), (aside, back), (end, back), (end, high), *last]

    def _labels(self) -> dict[tuple[int, Key], Point]:
        found: dict[tuple[int, Key], Point] = {}
        for segment in self.placed.labelled:
            upper = self.rows.vertices[segment.above]
            start = self.placed.joined[segment][0] + self.shifts[self.cells.column[upper.row]]
            found[upper.part, segment.key] = start, self._bottom(upper)
        return found


def _simplified(points: Sequence[Point]) -> list[Point]:
    """Return points without repetitions."""
    kept: list[Point] = []
    for x, y in points:
        if kept and abs(kept[-1][0] - x) < 0.01 and abs(kept[-1][1] - y) < 0.01:
            continue
        kept.append((x, y))
    return kept
