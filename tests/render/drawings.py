"""What must hold of every drawing's geometry."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from cnncalc.render.plot.layout import Box, Drawing, Frame, Rectangle

SLACK = 0.02


def apart(one: Rectangle, other: Rectangle) -> bool:
    return (
        one.x + one.width <= other.x + SLACK
        or other.x + other.width <= one.x + SLACK
        or one.y + one.height <= other.y + SLACK
        or other.y + other.height <= one.y + SLACK
    )


def inside(one: Rectangle, other: Rectangle) -> bool:
    return (
        one.x >= other.x - SLACK
        and one.y >= other.y - SLACK
        and one.x + one.width <= other.x + other.width + SLACK
        and one.y + one.height <= other.y + other.height + SLACK
    )


def sampled(points) -> Iterator[tuple[float, float]]:
    """Yield points of a line as SVG draws it: straight along an axis, else the S-shaped cubic curve."""
    for (x0, y0), (x1, y1) in pairwise(points):
        for step in range(13):
            t = step / 12
            if x0 == x1 or y0 == y1:
                yield x0 + t * (x1 - x0), y0 + t * (y1 - y0)
                continue
            middle = (y0 + y1) / 2
            a, b, c, d = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3
            yield (a + b) * x0 + (c + d) * x1, a * y0 + (b + c) * middle + d * y1


def check(drawing: Drawing) -> None:
    whole = Rectangle(0, 0, drawing.width, drawing.height)
    boxes = {part: place for part, place in drawing.places.items() if isinstance(part, Box)}
    for part, place in drawing.places.items():
        frame = drawing.frame_of[part]
        assert inside(place, drawing.places[frame] if frame else whole)
    by_frame: dict[Frame | None, list[Rectangle]] = {}
    for part, place in drawing.places.items():
        by_frame.setdefault(drawing.frame_of[part], []).append(place)
    for places in by_frame.values():
        for at, one in enumerate(places):
            assert all(apart(one, other) for other in places[:at]), "two boxes or frames overlap"
    for route in drawing.routes:
        check_route(drawing, boxes, route)
    for label in drawing.labels:
        text = Rectangle(label.x + 5, label.y + 1, max(0.0, label.source.label - 8), 14)
        assert all(apart(text, place) for place in boxes.values()), "a text lies on a box"


def check_route(drawing: Drawing, boxes: dict[Box, Rectangle], route) -> None:
    start, end = boxes[route.source], boxes[route.target]
    (x0, y0), (x1, y1) = route.points[0], route.points[-1]
    assert start.x <= x0 <= start.x + start.width and abs(y0 - start.y - start.height) < SLACK
    assert end.x <= x1 <= end.x + end.width and abs(y1 - end.y) < SLACK
    around = list(boxes.values())
    for x, y in sampled(route.points):
        assert -SLACK <= x <= drawing.width + SLACK and -SLACK <= y <= drawing.height + SLACK
        for place in around:
            within = place.x + SLACK < x < place.x + place.width - SLACK
            assert not (within and place.y + SLACK < y < place.y + place.height - SLACK), "a line crosses a box"
