"""The geometry of a whole drawing: frames within frames, and the lines between boxes from one to the other.

A frame is laid out as a level of its own; seen from outside it is one part, with a port for each output that a line
carries in or out. A line is put together from its pieces on all the levels it crosses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cnncalc.render.plot.layered import IN, OUT, Link
from cnncalc.render.plot.level import Level, Margins, Point, lay_out
from cnncalc.render.plot.sides import Size

_SIDE, _HEADER, _BOTTOM = 14.0, 24.0, 12.0
_DOMINANT = 0.5
"""A frame that is more than this part of a drawing's height is what goes in columns."""


@dataclass(frozen=True, eq=False)
class Box:
    """Something drawn as a whole. `label` is how wide the text beside its outgoing lines is; `even`: see Size."""

    width: float
    height: float
    label: float = 0.0
    even: bool = False


@dataclass(frozen=True, eq=False)
class Frame:
    """Parts with a border around them, `title` and `count` being the widths of the texts at its top corners."""

    parts: tuple[Box | Frame, ...]
    title: float = 0.0
    count: float = 0.0


Part = Box | Frame


class Rectangle(NamedTuple):
    """Where a box or a frame lies, in pixels from the drawing's top left corner."""

    x: float
    y: float
    width: float
    height: float


class Route(NamedTuple):
    """A line from the bottom of a box to the top of another; it bends between points that differ in x and in y."""

    source: Box
    target: Box
    points: tuple[Point, ...]


class Label(NamedTuple):
    """Where the text beside a box's output begins: at a line's x, just below the box or the frame it comes out of.

    `level` is the frame in which it stands, None for the whole drawing.
    """

    source: Box
    level: Frame | None
    x: float
    y: float


class Drawing(NamedTuple):
    """Where everything lies. `places` has every box and frame, an outer frame before what is in it.

    `frame_of` is the frame around each, None where there is none.
    """

    width: float
    height: float
    places: dict[Part, Rectangle]
    routes: list[Route]
    labels: list[Label]
    frame_of: dict[Part, Frame | None]


def draw(
    parts: Sequence[Part], edges: Sequence[tuple[Box, Box]], aspect: float = 1.5, lowest: float = 900.0
) -> Drawing:
    """Return the geometry of boxes, frames and edges; parts are in an order in which every edge runs forwards.

    What is higher than `lowest` is put in columns so that the whole is about `aspect` times as wide as high.
    """
    tree = _Tree(parts, edges)
    levels = tree.levels({})
    whole = levels[None]
    if whole.height > lowest:
        area = whole.width * whole.height
        tallest = max(lowest, (area / aspect) ** 0.5)
        levels = tree.levels({_dominant(parts, levels): tallest})
    return tree.drawing(levels)


def _dominant(parts: Sequence[Part], levels: dict[Frame | None, Level]) -> Frame | None:
    """Return the innermost frame that makes up most of the drawing's height, None for the whole."""
    found: Frame | None = None
    total = levels[None].height
    while True:
        frames = [part for part in parts if isinstance(part, Frame)]
        highest = max(frames, key=lambda frame: levels[frame].height, default=None)
        if highest is None or levels[highest].height < _DOMINANT * total:
            return found
        found, parts = highest, highest.parts


class _Tree:
    """Parts with the frame each is in, and the links of each frame's level."""

    def __init__(self, parts: Sequence[Part], edges: Sequence[tuple[Box, Box]]) -> None:
        self.parts: dict[Frame | None, Sequence[Part]] = {None: parts}
        self.frame_of: dict[Part, Frame | None] = {}
        self.number: dict[Part, int] = {}
        self._add(None, parts)
        self.edges = list(dict.fromkeys(edges))
        self.links: dict[Frame | None, dict[Link, None]] = {frame: {} for frame in self.parts}
        for edge in self.edges:
            for frame, link in self.pieces(*edge):
                self.links[frame][link] = None

    def _add(self, frame: Frame | None, parts: Sequence[Part]) -> None:
        for number, part in enumerate(parts):
            self.frame_of[part] = frame
            self.number[part] = number
            if isinstance(part, Frame):
                self.parts[part] = part.parts
                self._add(part, part.parts)

    def pieces(self, source: Box, target: Box) -> Iterator[tuple[Frame | None, Link]]:
        """Yield the links that an edge is made of, with their frames, from the source outwards and into the target."""
        ups, downs = self._chain(source), self._chain(target)
        while ups and downs and ups[-1] is downs[-1]:
            ups.pop()
            downs.pop()
        for part in ups[:-1]:
            yield self.frame_of[part], Link(self.number[part], OUT, source)
        yield self.frame_of[ups[-1]], Link(self.number[ups[-1]], self.number[downs[-1]], source)
        for part in reversed(downs[:-1]):
            yield self.frame_of[part], Link(IN, self.number[part], source)

    def _chain(self, part: Part) -> list[Part]:
        """Return a part and the frames around it, outwards."""
        chain = [part]
        while (frame := self.frame_of[chain[-1]]) is not None:
            chain.append(frame)
        return chain

    def levels(self, tallest: dict[Frame | None, float]) -> dict[Frame | None, Level]:
        """Lay out every level, inner ones first."""
        found: dict[Frame | None, Level] = {}
        for frame in reversed(list(self.parts)):
            sizes = [self._size(part, found) for part in self.parts[frame]]
            margins = Margins() if frame is None else Margins(_SIDE, _HEADER, _BOTTOM, frame.title, frame.count)
            found[frame] = lay_out(sizes, list(self.links[frame]), margins, tallest.get(frame))
        return found

    def _size(self, part: Part, levels: dict[Frame | None, Level]) -> Size:
        if isinstance(part, Box):
            return Size(part.width, part.height, {}, {}, part.label, part.even)
        level = levels[part]
        label = max((key.label for key in level.exits if isinstance(key, Box)), default=0.0)
        return Size(level.width, level.height, level.entries, level.exits, label)

    def drawing(self, levels: dict[Frame | None, Level]) -> Drawing:
        """Put the levels into each other."""
        whole = levels[None]
        places: dict[Part, Rectangle] = {}
        labels: list[Label] = []
        for frame, parts in self.parts.items():
            level = levels[frame]
            left, top = (places[frame].x, places[frame].y) if frame is not None else (0.0, 0.0)
            for part, (x, y) in zip(parts, level.corners, strict=True):
                width, height = (
                    (part.width, part.height) if isinstance(part, Box) else (levels[part].width, levels[part].height)
                )
                places[part] = Rectangle(left + x, top + y, width, height)
            for (_, key), (x, y) in level.labels.items():
                if isinstance(key, Box):
                    labels.append(Label(key, frame, left + x, top + y))
        routes = [Route(*edge, self._points(*edge, levels, places)) for edge in self.edges]
        return Drawing(whole.width, whole.height, places, routes, labels, self.frame_of)

    def _points(
        self, source: Box, target: Box, levels: dict[Frame | None, Level], places: dict[Part, Rectangle]
    ) -> tuple[Point, ...]:
        points: list[Point] = []
        for frame, link in self.pieces(source, target):
            left, top = (places[frame].x, places[frame].y) if frame is not None else (0.0, 0.0)
            for x, y in levels[frame].lines[link]:
                if not points or abs(points[-1][0] - x - left) > 0.01 or abs(points[-1][1] - y - top) > 0.01:
                    points.append((left + x, top + y))
        return tuple(points)
