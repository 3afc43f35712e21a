"""The picture of how the receptive field grows: a line of steps, the input's size, and where strides are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cnncalc.analysis.growth import Growth, Step
from cnncalc.analysis.report import Report
from cnncalc.layers.windowed import AXIS_NAMES
from cnncalc.render.axes import Scale, vertical_axis
from cnncalc.render.svg import Colors, Markup, document, element, label, line, shortened, text_width
from cnncalc.render.words import clean, field_text, jump_text
from cnncalc.text import Shape, number, say, say_count, shape_text

_LEFT, _TOP, _HEIGHT, _RIGHT = 84.0, 96.0, 340.0, 130.0
_NARROWEST, _WIDEST, _STEP = 520.0, 1300.0, 26.0
_SMALL = 11.0
_APART = 15.0
"""How far apart the names of layers below the axis are at least."""
_MOST_NAME = 200.0
_ASLANT = 0.71
"""How far a text of length 1 reaches to the left and down where it is turned by 45 degrees."""
_LOGARITHMIC = 40
"""How many times larger than the input the largest field is where the scale is logarithmic."""
_LINES = ("cnn-first", "cnn-second", "cnn-third")
_COLORS: Colors = {
    "cnn-first": ("fill:none;stroke:#2f6ea5", "fill:none;stroke:#6fa8dc"),
    "cnn-second": ("fill:none;stroke:#c2612a", "fill:none;stroke:#e8955f"),
    "cnn-third": ("fill:none;stroke:#3d8b40", "fill:none;stroke:#7cc47f"),
    "cnn-input": ("fill:none;stroke:#b3261e", "fill:none;stroke:#f2887f"),
}


class Curve(NamedTuple):
    """The field's size on one axis of the input, a number a step; `name` is empty where all axes are alike."""

    name: str
    sizes: list[int]
    input_size: int


def curves(growth: Growth) -> list[Curve]:
    """Return the curves; axes that are alike have one, and no name where all are."""
    names = AXIS_NAMES[len(growth.input_sizes)]
    found = [
        Curve(name, [step.fields[axis].size for step in growth.steps], size)
        for axis, (name, size) in enumerate(zip(names, growth.input_sizes, strict=True))
    ]
    together: dict[tuple[tuple[int, ...], int], list[str]] = {}
    for one in found:
        together.setdefault((tuple(one.sizes), one.input_size), []).append(one.name)
    if len(together) == 1:
        return [found[0]._replace(name="")]
    return [Curve(say(", ").join(axes), list(sizes), size) for (sizes, size), axes in together.items()]


def growth_notes(growth: Growth) -> list[str]:
    """Return what the picture does not show."""
    shape = shape_text(growth.input_sizes)
    found = [say("the input's size is {shape}; a field may reach beyond it, into padding", shape=shape)]
    if growth.whole_from is not None:
        found.append(say("from {layer} on every unit sees the same", layer=clean(growth.whole_from)))
    return found


def growth_svg(report: Report, growth: Growth) -> str:
    """Return the picture: along the axis the layers in order, upwards how many input positions a unit sees."""
    steps = growth.steps
    drawn = curves(growth)
    before, names = _names(steps)
    wide = min(_WIDEST, max(_NARROWEST, _STEP * len(steps)))
    across = Scale(0, max(1, len(steps)), _LEFT, _LEFT + wide)
    marks = _marks(steps, across)
    lengths = {at: text_width(names[at], _SMALL) * _ASLANT for at in marks}
    beyond = max([0.0, *(length + 10 - across.at(at) for at, length in lengths.items())])
    across = across._replace(start=across.start + beyond, end=across.end + beyond)
    largest = max(max(one.sizes) for one in drawn)
    log = largest > _LOGARITHMIC * max(growth.input_sizes)
    high = max(largest, *growth.input_sizes)
    up = Scale(1 if log else 0, max(2.0, 1.05 * high), _TOP + _HEIGHT, _TOP, log)
    depth = max(lengths.values(), default=0.0) + 20
    remarks = growth_notes(growth)
    if before:
        remarks.append(say("the names begin with {prefix}", prefix=before))
    width, below = across.end + _RIGHT, _TOP + _HEIGHT + depth
    height = below + 18 * (len(remarks) + 1)
    parts = [
        label(24, 26, report.graph.name, size=17, bold=True, room=width - 48),
        label(24, 46, say("receptive field, layer by layer"), class_="cnn-dim"),
        *vertical_axis(up, across.start, across.end, say("input positions that one unit sees")),
        line([(across.start, up.start), (across.end, up.start)], "cnn-line"),
        *_input_lines(growth.input_sizes, up, across),
        *(mark for at in marks for mark in _mark(at, steps[at], names[at], across, up)),
        *(mark for at, step in enumerate(steps) for mark in _hint(at, step, across, up)),
        *_curves(drawn, across, up),
        *(label(24, below + 18 * at, text, size=_SMALL, class_="cnn-dim") for at, text in enumerate(remarks, 1)),
    ]
    name = clean(report.graph.name)
    about = say_count("{count} layer of the main path", "{count} layers of the main path", len(steps))
    return document(width, height, say("The receptive field of {name}", name=name), about, parts, _COLORS)


def _marks(steps: Sequence[Step], across: Scale) -> list[int]:
    """Return the steps whose names have room below the axis: those that jump first, then those that grow."""
    kept: list[int] = []
    for wanted in ([step.jumps for step in steps], [step.grows for step in steps]):
        for at in (at for at, one in enumerate(wanted) if one):
            if all(abs(across.at(at) - across.at(other)) >= _APART for other in kept):
                kept.append(at)
    return sorted(kept)


def _names(steps: Sequence[Step]) -> tuple[str, list[str]]:
    """Return with what all names begin that may stand below the axis, and what is written of each without that."""
    split = [clean(step.name).split(".")[:-1] for step in steps if step.grows or step.jumps]
    common = 0
    while split and all(one[common : common + 1] == split[0][common : common + 1] != [] for one in split):
        common += 1
    names = [clean(step.name).split(".", common)[-1] for step in steps]
    texts = [
        say("{layer}: jump {jump}", layer=name, jump=jump_text(step.fields)) if step.jumps else name
        for name, step in zip(names, steps, strict=True)
    ]
    prefix = "".join(f"{segment}." for segment in split[0][:common]) if split else ""
    return prefix, [shortened(text, _MOST_NAME, _SMALL) for text in texts]


def _mark(at: int, step: Step, name: str, across: Scale, up: Scale) -> Iterator[Markup]:
    """Yield a layer's name below the axis, aslant, and a dotted line up where the jump changes."""
    x, y = across.at(at + 0.5), up.start
    high = up.end if step.jumps else y
    yield element("path", class_="cnn-line", stroke_dasharray="2 4", d=f"M{x:.1f} {high:.1f}L{x:.1f} {y + 5:.1f}")
    yield element(
        "text",
        name,
        element("title", clean(step.name)),
        class_="cnn-ink",
        font_size=_SMALL,
        text_anchor="end",
        transform=f"translate({x + 4:.1f} {y + 14:.1f}) rotate(-45)",
    )


def _hint(at: int, step: Step, across: Scale, up: Scale) -> Iterator[Markup]:
    """Yield an unseen strip over a layer whose title a pointer shows."""
    text = say(
        "{layer} ({type}): {size}, jump {jump}",
        layer=clean(step.name),
        type=step.type,
        size=field_text(step.fields),
        jump=jump_text(step.fields),
    )
    x, wide, high = across.at(at), across.at(at + 1) - across.at(at), up.start - up.end
    yield element("rect", element("title", text), x=x, y=up.end, width=wide, height=high, fill_opacity=0)


def _input_lines(sizes: Shape, up: Scale, across: Scale) -> Iterator[Markup]:
    """Yield a line across at the input's size, one for each that differs."""
    for size in dict.fromkeys(sizes):
        y = up.at(size)
        path = f"M{across.start:.1f} {y:.1f}L{across.end:.1f} {y:.1f}"
        yield element("path", class_="cnn-input", stroke_dasharray="7 4", d=path)
        yield label(across.end + 8, y + 4, say("input {size}", size=number(size)), size=_SMALL, room=_RIGHT - 12)


def _curves(drawn: Sequence[Curve], across: Scale, up: Scale) -> Iterator[Markup]:
    """Yield the curves, each with its name and last number at its end, and numbers above its steps."""
    taken: list[tuple[float, float, float]] = []
    for one, class_ in zip(drawn, _LINES, strict=False):
        points = [
            point
            for at, size in enumerate(one.sizes)
            for point in ((across.at(at), up.at(size)), (across.at(at + 1), up.at(size)))
        ]
        yield from _numbers(one.sizes, across, up, taken)
        yield element("path", class_=class_, stroke_width=2.2, d="M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points))
        last = number(one.sizes[-1])
        text = say("{axis}: {size}", axis=one.name, size=last) if one.name else last
        near = abs(up.at(one.sizes[-1]) - up.at(one.input_size)) < 12
        yield label(across.end + 8, up.at(one.sizes[-1]) + (-8 if near else 4), text, bold=True, room=_RIGHT - 12)


def _numbers(
    sizes: Sequence[int], across: Scale, up: Scale, taken: list[tuple[float, float, float]]
) -> Iterator[Markup]:
    """Yield a number above each step that has room: on the step, or, where that is too short, to the left of it.

    `taken` are the numbers of other curves, (x, y, width); those yielded are added.
    """
    grown = [at for at, size in enumerate(sizes) if at == 0 or size != sizes[at - 1]]
    free, others = across.start, list(taken)
    for at, after in zip(grown, [*grown[1:], len(sizes)], strict=True):
        text, x, y = number(sizes[at]), across.at(at), up.at(sizes[at]) - 4
        wide = text_width(text, _SMALL)
        on_step = at == 0 or across.at(after) - x > wide + 4
        begin = x + 2 if on_step else x - 3 - wide
        clear = all(begin > x0 + w0 or begin + wide < x0 or abs(y - y0) >= _SMALL for x0, y0, w0 in others)
        if clear and begin >= free and begin + wide < across.end:
            free = begin + wide + 4
            taken.append((begin, y, wide))
            yield label(begin, y, text, size=_SMALL, class_="cnn-dim")
