"""The picture of a network: boxes for layers, frames for blocks, copies drawn once, shapes beside the lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from cnncalc.analysis.report import Report
from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.graph import Node
from cnncalc.render.plot.boxes import LINE, SMALL, STACK, Sheet, Texts, count_text, output_text, sheet
from cnncalc.render.plot.layout import Box, Drawing, Frame, Label, Part, Rectangle, Route, draw
from cnncalc.render.plot.level import Point
from cnncalc.render.plot.palette import FAMILIES, box_class, box_colors
from cnncalc.render.svg import Markup, coordinate, document, element, label, rectangle, text_width
from cnncalc.render.words import clean
from cnncalc.text import number, say, say_count, shape_text

_MARGIN = 24.0
_TITLE = 62.0
_NARROWEST = 560.0
MOST_PASSED = 150_000
"""Boxes that lines pass, all together: some seconds of work. The networks of the gallery have less than 1,000."""
_SWATCH = 13.0


class NetworkPicture:
    """A network's boxes, texts and geometry, from which the SVG and the JSON are written.

    Raises CnncalcError (E475) where too many lines are too long.
    """

    def __init__(self, report: Report, depth: int | None = None, *, full: bool = False) -> None:
        self.report = report
        self.sheet: Sheet = sheet(report.graph, depth, full=full)
        self.nodes: dict[Box, list[Node]] = defaultdict(list)
        for node in report.graph.every_node():
            self.nodes[self.sheet.places[node.name].box].append(node)
        edges = self.edges()
        _check_length(self.sheet, edges, depth)
        self.drawing: Drawing = draw(self.sheet.parts, edges)

    def edges(self) -> list[tuple[Box, Box]]:
        """Return the lines between boxes; those between copies of a repeat are not drawn."""
        places = self.sheet.places
        found: dict[tuple[Box, Box], None] = {}
        for node in self.report.graph.every_node():
            target = places[node.name]
            for name in node.inputs:
                source = places[name]
                copies = dict(source.copies)
                apart = any(copies.get(repeat, at) != at for repeat, at in target.copies)
                if source.box is not target.box and not apart:
                    found[source.box, target.box] = None
        for name, end in self.sheet.ends:
            found[places[name].box, end] = None
        return list(found)

    def svg(self) -> str:
        """Return the picture."""
        drawing = self.drawing
        families = [one for one in FAMILIES if any(text.family == one for text in self.sheet.texts.values())]
        width = max(drawing.width + 2 * _MARGIN, _NARROWEST)
        legend = list(_legend(families, width))
        height = _TITLE + drawing.height + _MARGIN + LINE * 1.4 * (len(legend) + 0.5)
        left = (width - drawing.width) / 2
        body = element("g", *self._body(), transform=f"translate({coordinate(left)} {coordinate(_TITLE)})")
        below = _TITLE + drawing.height + _MARGIN + 10
        parts = [
            *self._title(width),
            body,
            *(
                element("g", *row, transform=f"translate(0 {coordinate(below + at * LINE * 1.4)})")
                for at, row in enumerate(legend)
            ),
        ]
        name = clean(self.report.graph.name)
        count = len(list(self.report.graph.every_node()))
        about = say_count(
            "{name}: {count} layer and how it is connected",
            "{name}: {count} layers and how they are connected",
            count,
            name=name,
        )
        return document(width, height, say("The network {name}", name=name), about, parts, box_colors())

    def _title(self, width: float) -> Iterator[Markup]:
        graph, totals = self.report.graph, self.report.totals
        yield label(_MARGIN, 26, graph.name, size=17, bold=True, room=width - 2 * _MARGIN)
        facts = say(
            "input {shape}; params {params}; MACs {macs}",
            shape=shape_text(graph.input_shape),
            params=number(totals.parameters),
            macs=number(totals.macs),
        )
        yield label(_MARGIN, 46, facts, class_="cnn-dim", room=width - 2 * _MARGIN)

    def _body(self) -> Iterator[Markup]:
        places, texts = self.drawing.places, self.sheet.texts
        for part, place in places.items():
            if isinstance(part, Frame):
                yield from _frame(place, texts[part])
        for points in strokes(self.drawing.routes):
            yield element("path", class_="cnn-line", d=path(points))
        yield from _arrows(self.drawing.routes)
        for part, place in places.items():
            if isinstance(part, Box):
                yield from _box(place, texts[part])
        for one in self.drawing.labels:
            yield label(one.x + 5, one.y + 12, self.label_text(one), size=SMALL, class_="cnn-dim")

    def label_text(self, one: Label) -> str:
        """Return the shape beside a line; of copies, as seen from where it stands."""
        nodes = self.nodes.get(one.source)
        if not nodes:
            return shape_text(self.report.graph.input_shape)
        around = self._around(one.level)
        outside = {number for number, holder in self.sheet.holders.items() if holder not in around}
        last = [node for node in nodes if node.name in self._last_names(one.source)]
        return output_text(self.sheet.places, last, outside)

    def _last_names(self, box: Box) -> set[str]:
        """Return the layer of each copy whose output leaves the box."""
        by_copy: dict[object, str] = {}
        for node in self.nodes[box]:
            by_copy[self.sheet.places[node.name].copies] = node.name
        return set(by_copy.values())

    def _around(self, level: Frame | None) -> set[Part]:
        """Return a frame and the frames it is in."""
        found: set[Part] = set()
        while level is not None:
            found.add(level)
            level = self.drawing.frame_of[level]
        return found


def _check_length(sheet: Sheet, edges: Sequence[tuple[Box, Box]], depth: int | None) -> None:
    """Raise CnncalcError (E475) where lines pass more boxes than can be drawn in a reasonable time."""
    order = {part: at for at, part in enumerate(part for part in sheet.texts if isinstance(part, Box))}
    passed = sum(abs(order[target] - order[source]) for source, target in edges)
    if passed > MOST_PASSED:
        problem = say(
            "lines between layers pass {count} boxes, and at most {most} are drawn",
            count=number(passed),
            most=number(MOST_PASSED),
        )
        help = say("--kind costs can always be drawn")
        if depth != 1 and any("." in name for name in sheet.places):
            help = say("--depth 1 draws blocks as boxes; --kind costs can always be drawn")
        raise CnncalcError([Diagnostic("E475", problem, help=help)])


def _frame(place: Rectangle, text: Texts) -> Iterator[Markup]:
    yield _outline(place, text, "cnn-frame", 8.0)
    yield label(place.x + 10, place.y + 16, text.name, bold=True, room=None, class_="cnn-dim")
    if text.copies > 1:
        right = place.x + place.width - 10
        yield label(right, place.y + 16, count_text(text.copies, text.beside), anchor="end", bold=True)


def _box(place: Rectangle, text: Texts) -> Iterator[Markup]:
    """Yield a box; one that stands for several has others behind it."""
    radius = 13.0 if text.family == "end" else 4.0
    if text.copies > 1:
        place = place._replace(width=place.width - STACK, height=place.height - STACK)
        for away in (STACK, STACK / 2):
            yield rectangle(
                place.x + away, place.y + away, place.width, place.height, box_class(text.family), radius=radius
            )
    yield _outline(place, text, box_class(text.family), radius)
    middle = place.x + place.width / 2
    y = place.y + place.height / 2 - LINE * len(text.lines) / 2 + 4.5
    name = f"{text.name}  {count_text(text.copies, text.beside)}" if text.copies > 1 else text.name
    yield label(middle, y, name, anchor="middle", bold=True, room=place.width - 10)
    for at, line in enumerate(text.lines, 1):
        yield label(middle, y + at * LINE, line, anchor="middle", size=SMALL, room=place.width - 8)


def _outline(place: Rectangle, text: Texts, class_: str, radius: float) -> Markup:
    return element(
        "rect",
        element("title", text.title),
        class_=class_,
        x=place.x,
        y=place.y,
        width=place.width,
        height=place.height,
        rx=radius,
        stroke_dasharray="5 4" if text.aside else None,
    )


def _arrows(routes: Sequence[Route]) -> Iterator[Markup]:
    """Yield the heads of lines, and one in the middle of a stretch that runs upwards, to the next column."""
    heads = dict.fromkeys(route.points[-1] for route in routes)
    for x, y in heads:
        yield _triangle(x, y, 6)
    ups = dict.fromkeys(
        (before[0], (before[1] + after[1]) / 2)
        for route in routes
        for before, after in pairwise(route.points)
        if after[1] < before[1]
    )
    for x, y in ups:
        yield _triangle(x, y, -6)


def _triangle(x: float, y: float, high: float) -> Markup:
    points = " ".join(
        f"{coordinate(px)},{coordinate(py)}" for px, py in ((x - 3.5, y - high), (x + 3.5, y - high), (x, y))
    )
    return element("polygon", class_="cnn-arrow", points=points)


_ROUND = 8.0


def strokes(routes: Sequence[Route]) -> Iterator[list[Point]]:
    """Yield the points of lines to draw, so that what several routes share is drawn once."""
    drawn: set[tuple[Point, Point]] = set()
    for route in routes:
        points: list[Point] = []
        for piece in pairwise(route.points):
            if piece in drawn:
                if len(points) > 1:
                    yield points
                points = []
                continue
            drawn.add(piece)
            points += piece if not points else piece[1:]
        if len(points) > 1:
            yield points


def path(points: Sequence[Point]) -> str:
    """Return the path through points: straight along an axis with rounded corners, else an S from above to below."""
    points = [
        point
        for at, point in enumerate(points)
        if not (0 < at < len(points) - 1 and points[at - 1][0] == point[0] == points[at + 1][0])
    ]
    steps = [f"M{_point(points[0])}"]
    for at in range(1, len(points)):
        (x0, y0), (x, y) = points[at - 1], points[at]
        if x0 != x and y0 != y:
            middle = (y0 + y) / 2
            steps.append(f"C{_point((x0, middle))} {_point((x, middle))} {_point((x, y))}")
            continue
        after = points[at + 1] if at + 1 < len(points) else None
        if after is not None and (x0 == x) != (after[0] == x) and (after[0] == x or after[1] == y):
            short = min(_ROUND, (abs(x - x0) + abs(y - y0)) / 2, (abs(after[0] - x) + abs(after[1] - y)) / 2)
            steps.append(f"L{_point(_towards((x, y), (x0, y0), short))}")
            steps.append(f"Q{_point((x, y))} {_point(_towards((x, y), after, short))}")
        else:
            steps.append(f"L{_point((x, y))}")
    return "".join(steps)


def _towards(start: Point, end: Point, far: float) -> Point:
    """Return the point so far from a start along the axis to an end."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = abs(dx) + abs(dy)
    return (start[0] + dx / length * far, start[1] + dy / length * far) if length else start


def _point(point: Point) -> str:
    return f"{coordinate(point[0])} {coordinate(point[1])}"


def _legend(families: Sequence[str], width: float) -> Iterator[list[Markup]]:
    """Yield the legend, a row of elements at a time."""
    row: list[Markup] = []
    x = _MARGIN
    for one in families:
        text = say(FAMILIES[one])
        needed = _SWATCH + 6 + text_width(text, SMALL) + 18
        if row and x + needed > width - _MARGIN:
            yield row
            row, x = [], _MARGIN
        row += [
            rectangle(x, -10, _SWATCH, _SWATCH, box_class(one), radius=2),
            label(x + _SWATCH + 6, 0, text, size=SMALL),
        ]
        x += needed
    yield row
    yield [
        label(
            _MARGIN,
            0,
            say("kernel: size/stride, p padding, o output padding, d dilation, g groups; beside lines: shapes"),
            size=SMALL,
            class_="cnn-dim",
            room=width - 2 * _MARGIN,
        )
    ]
