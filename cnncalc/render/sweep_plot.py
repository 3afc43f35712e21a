"""One column of a sweep against another: as a picture, and in characters for a terminal. The front is joined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import hypot
from typing import NamedTuple

from cnncalc.questions.sweep.quantities import Column
from cnncalc.questions.sweep.view import Picture, Point
from cnncalc.render.axes import Scale, horizontal_axis, si_text, vertical_axis
from cnncalc.render.screen import Line, Piece
from cnncalc.render.svg import Markup, document, element, label, line, text_width
from cnncalc.render.sweep_forms import cell_text
from cnncalc.render.words import clean
from cnncalc.text import number, say

WIDTH, HEIGHT = 760.0, 520.0
LEFT, RIGHT, TOP, BOTTOM = 74.0, 24.0, 84.0, 56.0
LOG_FROM = 30
"""A range in which the largest is so many times the smallest is drawn on a logarithmic scale."""
MARGIN = 0.04
MOST_TITLES = 5_000
"""So many dots tell their values to a pointer; a file with more of them would be slow to show."""

MOST_PAIRS = 200_000
"""With more pairs of points, none is named: there is no room for words."""
LABEL_SIZE = 10.0

COLORS = {
    "cnn-dot": ("fill:#8c959f", "fill:#6e7781"),
    "cnn-best": ("fill:#0969da", "fill:#58a6ff"),
    "cnn-front": ("fill:none;stroke:#0969da;stroke-width:1.5", "fill:none;stroke:#58a6ff;stroke-width:1.5"),
}


def sweep_svg(picture: Picture, source: str) -> str:
    """Return an SVG file of a sweep."""
    x, y = _scale(picture.xs, LEFT, WIDTH - RIGHT), _scale(picture.ys, HEIGHT - BOTTOM, TOP)
    title = say("{y} against {x}", y=_title(picture.y), x=_title(picture.x))
    parts = [
        label(LEFT - 50, 26, title, size=16, bold=True, room=WIDTH - LEFT),
        label(LEFT - 50, 46, _subtitle(picture, source), class_="cnn-dim", room=WIDTH - LEFT),
        *horizontal_axis(x, TOP, HEIGHT - BOTTOM, _title(picture.x)),
        *vertical_axis(y, LEFT, WIDTH - RIGHT, _title(picture.y)),
        *_front(picture, x, y),
        *_dots(picture, x, y),
        *_labels(picture, x, y),
    ]
    return document(WIDTH, HEIGHT, title, _subtitle(picture, source), parts, COLORS)


def _title(column: Column) -> str:
    title = column.title
    if column.kind == "bytes":
        return say("{quantity} (bytes)", quantity=title)
    return say("{quantity} (pixels)", quantity=title) if column.kind == "size" else title


def _subtitle(picture: Picture, source: str) -> str:
    return say(
        "{source}: {count} combinations; the large dots are the {best} on the Pareto front",
        source=clean(source),
        count=number(len(picture.points)),
        best=number(sum(point.is_best for point in picture.points)),
    )


def _scale(values: Sequence[float], start: float, end: float) -> Scale:
    low, high = min(values), max(values)
    if low > 0 and high / low >= LOG_FROM:
        rim = (high / low) ** MARGIN
        return Scale(low / rim, high * rim, start, end, True)
    rim = (high - low) * MARGIN or abs(high) * MARGIN or 1.0
    return Scale(low - rim if low < 0 or low > rim else 0.0, high + rim, start, end)


def _front(picture: Picture, x: Scale, y: Scale) -> Iterator[Markup]:
    if len(picture.front) > 1:
        yield line([(x.at(point.x), y.at(point.y)) for point in picture.front], "cnn-front")


def _dots(picture: Picture, x: Scale, y: Scale) -> Iterator[Markup]:
    """Yield a dot a point, those on the front last and larger."""
    for point in sorted(picture.points, key=lambda one: one.is_best):
        told = [element("title", _told(picture, point))] if len(picture.points) <= MOST_TITLES else []
        class_, radius = ("cnn-best", 4.5) if point.is_best else ("cnn-dot", 3.0)
        yield element("circle", *told, class_=class_, cx=x.at(point.x), cy=y.at(point.y), r=radius)


def _told(picture: Picture, point: Point) -> str:
    return f"{point_text(picture, point)}: {si_text(point.x)}, {si_text(point.y)}"


def point_text(picture: Picture, point: Point) -> str:
    """Name a point by what varies: `growth 12, input 3x160x160`."""
    pairs = zip(picture.names, point.values, strict=True)
    return say(", ").join(f"{column.key} {clean(cell_text(value, column))}" for column, value in pairs)


def _labels(picture: Picture, x: Scale, y: Scale) -> Iterator[Markup]:
    """Yield what the points on the front are, where the words meet no others and no point, and no other is nearer."""
    best = [point for point in picture.points if point.is_best]
    if len(best) * len(picture.points) > MOST_PAIRS:
        return
    places = {(x.at(one.x), y.at(one.y)) for one in picture.points}
    dots = [_Box(at - 4, up - 4, at + 4, up + 4) for at, up in places]
    taken: list[_Box] = []
    for point in best:
        text = point_text(picture, point)
        wide = text_width(text, LABEL_SIZE)
        px, py = x.at(point.x), y.at(point.y)
        for anchor, base in (("start", py + 14), ("end", py - 7), ("start", py - 7), ("end", py + 14)):
            left = px + 8 if anchor == "start" else px - 8 - wide
            box = _Box(left, base - 9, left + wide, base + 2)
            inside = box.left >= LEFT and box.right <= WIDTH - 4 and box.top >= TOP and box.bottom <= HEIGHT - BOTTOM
            own = box.distance(px, py)
            is_nearest = all(box.distance(*other) > own for other in places if other != (px, py))
            if inside and is_nearest and not any(box.meets(other) for other in (*taken, *dots)):
                taken.append(_Box(left - 8, base - 16, left + wide + 8, base + 9))
                yield label(px + 8 if anchor == "start" else px - 8, base, text, size=LABEL_SIZE, anchor=anchor)
                break


class _Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        """Whether they overlap."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def distance(self, x: float, y: float) -> float:
        """Return how far a place is from it."""
        return hypot(max(self.left - x, 0, x - self.right), max(self.top - y, 0, y - self.bottom))


ROWS = 14
WIDEST = 100
DOT, BEST = ".", "*"


def terminal_plot(picture: Picture, width: int) -> Iterator[Line]:
    """Yield a plot in characters, at most `width` columns wide: a star for what is on the front, a dot for others."""
    ys = _scale(picture.ys, ROWS - 1, 0)
    marks = {round(ys.at(value)): si_text(value) for value in ys.ticks(5)}
    gutter = max(map(len, marks.values()), default=0) + 1
    columns = max(20, min(width, WIDEST) - gutter - 2)
    xs = _scale(picture.xs, 0, columns - 1)
    grid = [[" "] * columns for _ in range(ROWS)]
    for point in sorted(picture.points, key=lambda one: one.is_best):
        grid[round(ys.at(point.y))][round(xs.at(point.x))] = BEST if point.is_best else DOT
    yield [Piece(clean(_title(picture.y)), "bold")]
    for at, cells in enumerate(grid):
        edge = f"{marks.get(at, ''):>{gutter}} {'+' if at in marks else '|'}"
        yield [edge, *_styled("".join(cells).rstrip())]
    ticks = [(round(xs.at(value)), si_text(value)) for value in xs.ticks(max(2, columns // 12))]
    ruler = "".join("+" if any(place == at for place, _ in ticks) else "-" for at in range(columns))
    yield f"{'':>{gutter}} +{ruler}"
    below = ""
    for place, text in ticks:
        start = max(0, gutter + 2 + place - len(text) // 2)
        if start > len(below) or not below:
            below = below.ljust(start) + text
    yield below
    yield [Piece(f"{clean(_title(picture.x)):>{gutter + 2 + columns}}", "bold")]


def _styled(text: str) -> list[Piece]:
    parts = [Piece(part) for part in text.split(BEST)]
    return [piece for part in parts for piece in (part, Piece(BEST, "green"))][:-1]
