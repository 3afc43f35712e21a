"""The picture of where parameters and MACs lie: two bars a row, with numbers and shares."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.analysis.report import Report
from cnncalc.analysis.shares import Share, Shares, part
from cnncalc.render.axes import si_text
from cnncalc.render.plot.palette import BAR_COLORS, MACS, PARAMETERS
from cnncalc.render.svg import Markup, document, element, label, rectangle, text_width
from cnncalc.render.words import clean
from cnncalc.text import number, say, say_count, shape_text

_MARGIN, _TOP, _ROW = 24.0, 98.0, 22.0
_BAR, _VALUE, _GAP = 210.0, 104.0, 24.0
_LEAST_NAME, _MOST_NAME = 100.0, 300.0
_SMALL = 11.0


def row_name(row: Share) -> str:
    """Return what stands before a row's bars."""
    return clean(row.name) if row.name else rest_text(row)


def rest_text(row: Share) -> str:
    """Say how many layers have no row of their own."""
    return say_count("{count} other layer", "{count} other layers", row.layers)


def share_text(amount: int, total: int) -> str:
    """Write a part of a total: `12.3%`."""
    return f"{part(amount, total):.1%}"


def notes(shares: Shares) -> list[str]:
    """Return what the rows do not show."""
    found: list[str] = []
    if shares.depth is not None:
        found.append(say("names cut at depth {depth}; layers that share a name are summed", depth=shares.depth))
    if shares.idle:
        found.append(
            say_count(
                "{count} layer with neither parameters nor MACs is left out",
                "{count} layers with neither parameters nor MACs are left out",
                shares.idle,
            )
        )
    return found


def costs_svg(report: Report, shares: Shares) -> str:
    """Return the picture. The longest bar of each kind is as wide as the column; the rest, many layers, has none."""
    rows = [*shares.rows, *([shares.rest] if shares.rest else [])]
    widest = max((text_width(row_name(row)) for row in rows), default=0.0)
    names = min(_MOST_NAME, max(_LEAST_NAME, widest))
    first = _MARGIN + names + 12
    second = first + _BAR + _VALUE + _GAP
    width = second + _BAR + _VALUE + _MARGIN
    below = _TOP + _ROW * len(rows)
    remarks = notes(shares)
    height = below + 18 * len(remarks) + _MARGIN
    parts = [*_heading(report, shares, first, second, width)]
    most = (
        max((row.parameters for row in shares.rows), default=0),
        max((row.macs for row in shares.rows), default=0),
    )
    for at, row in enumerate(rows):
        y = _TOP + at * _ROW
        parts.append(label(first - 12, y + 15, row_name(row), anchor="end", room=names))
        parts += _bar(first, y, row.parameters, most[0], shares.parameters, PARAMETERS, row)
        parts += _bar(second, y, row.macs, most[1], shares.macs, MACS, row)
    for at, text in enumerate(remarks):
        parts.append(label(_MARGIN, below + 22 + 18 * at, text, size=_SMALL, class_="cnn-dim"))
    name = clean(report.graph.name)
    title = say("Where the parameters and MACs of {name} lie", name=name)
    about = say_count("{count} bar for each of both", "{count} bars for each of both", len(rows))
    return document(width, height, title, about, parts, BAR_COLORS)


def _heading(report: Report, shares: Shares, first: float, second: float, width: float) -> Iterator[Markup]:
    yield label(_MARGIN, 26, report.graph.name, size=17, bold=True, room=width - 2 * _MARGIN)
    facts = say("input {shape}; MACs are for one input", shape=shape_text(report.graph.input_shape))
    yield label(_MARGIN, 46, facts, class_="cnn-dim")
    for x, text, class_ in (
        (first, say("parameters: {count}", count=number(shares.parameters)), PARAMETERS),
        (second, say("MACs: {count}", count=number(shares.macs)), MACS),
    ):
        yield rectangle(x, _TOP - 25, 12, 12, class_, radius=2)
        yield label(x + 18, _TOP - 14.5, text, bold=True)


def _bar(x: float, y: float, amount: int, most: int, total: int, class_: str, row: Share) -> Iterator[Markup]:
    """Yield a bar with its number and share; nothing has no bar."""
    if not amount:
        yield label(x, y + 15, "0", size=_SMALL, class_="cnn-dim")
        return
    end = x
    if row.name:
        width = _BAR * part(amount, most)
        end += width + 5
        title = f"{row_name(row)}: {number(amount)}"
        yield rectangle(x, y + 4, max(0.5, width), _ROW - 8, class_, title=title, radius=1)
    text = element("tspan", share_text(amount, total), class_="cnn-dim")
    yield element("text", f"{si_text(amount)} ", text, class_="cnn-ink", x=end, y=y + 15, font_size=_SMALL)
