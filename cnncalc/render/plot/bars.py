"""Bars in a terminal: in eighths of a character where its encoding has them, else in whole ones of ASCII."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cnncalc.analysis.growth import Growth
from cnncalc.analysis.report import Report
from cnncalc.analysis.shares import Shares
from cnncalc.render.axes import si_text
from cnncalc.render.plot.costs import notes, row_name, share_text
from cnncalc.render.plot.growth import growth_notes
from cnncalc.render.screen import Line, Piece, Screen
from cnncalc.render.words import cells, clean, field_text, folded, jump_text, right
from cnncalc.text import number, say, shape_text

_EIGHTHS = " ▏▎▍▌▋▊▉"
_FULL = "█"
_WIDEST, _NARROWEST = 30, 4
_SHARES_FROM = 64
"""Narrower, the numbers have no shares beside them."""


def bar(amount: float, most: float, width: int, *, blocks: bool) -> str:
    """Return a bar that is `width` cells for `most`; what is there has at least the thinnest piece."""
    if amount <= 0 or most <= 0:
        return ""
    if not blocks:
        return "#" * max(1, round(width * amount / most))
    eighths = max(1, round(8 * width * amount / most))
    whole, over = divmod(eighths, 8)
    return _FULL * whole + (_EIGHTHS[over] if over else "")


def has_blocks(screen: Screen) -> bool:
    """Whether a stream can write the pieces of bars."""
    try:
        (_EIGHTHS + _FULL).encode(screen.stream.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


class Quantity(NamedTuple):
    """A column of bars: its title, the style of its bars, their lengths a row, and the number behind each."""

    title: str
    style: str
    amounts: Sequence[float]
    texts: Sequence[str]


def show_costs(screen: Screen, report: Report, shares: Shares) -> None:
    """Draw bars of parameters and MACs, as wide as the screen."""
    screen.show(cost_lines(report, shares, screen.width, blocks=has_blocks(screen)))


def cost_lines(report: Report, shares: Shares, width: int, *, blocks: bool) -> Iterator[Line]:
    """Yield the bars of costs in lines of at most `width` columns, from 40 on. The rest, many layers, has none."""
    rows = [*shares.rows, *([shares.rest] if shares.rest else [])]
    with_share = width >= _SHARES_FROM
    parameters = _texts([row.parameters for row in rows], shares.parameters, with_share=with_share)
    macs = _texts([row.macs for row in rows], shares.macs, with_share=with_share)
    quantities = [
        Quantity(say("params"), "magenta", [row.parameters if row.name else 0 for row in rows], parameters),
        Quantity(say("MACs"), "blue", [row.macs if row.name else 0 for row in rows], macs),
    ]
    yield from _heading(report, width)
    yield from bar_lines([row_name(row) for row in rows], quantities, width, blocks=blocks)
    yield ""
    total = say("params {params}, MACs {macs}", params=number(shares.parameters), macs=number(shares.macs))
    yield from folded(total, width)
    for text in notes(shares):
        yield from ([Piece(one, "dim")] for one in folded(text, width))


def _texts(amounts: Sequence[int], total: int, *, with_share: bool) -> list[str]:
    """Return numbers, with shares below each other where there is room."""
    if not with_share:
        return [si_text(amount) for amount in amounts]
    return [f"{si_text(amount)} {right(share_text(amount, total), 6)}" for amount in amounts]


def show_growth(screen: Screen, report: Report, growth: Growth) -> None:
    """Draw bars of the receptive field, as wide as the screen."""
    screen.show(growth_lines(report, growth, screen.width, blocks=has_blocks(screen)))


def growth_lines(report: Report, growth: Growth, width: int, *, blocks: bool) -> Iterator[Line]:
    """Yield a bar for each layer at which the receptive field or the jump changes."""
    steps = [step for step in growth.steps if step.grows or step.jumps]
    sizes = [max(field.size for field in step.fields) for step in steps]
    texts = [say("{size} jump {jump}", size=field_text(step.fields), jump=jump_text(step.fields)) for step in steps]
    yield from _heading(report, width)
    quantity = Quantity(say("RF"), "green", sizes, texts)
    yield from bar_lines([clean(step.name) for step in steps], [quantity], width, blocks=blocks)
    yield ""
    for text in growth_notes(growth):
        yield from ([Piece(one, "dim")] for one in folded(text, width))


def bar_lines(names: Sequence[str], quantities: Sequence[Quantity], width: int, *, blocks: bool) -> Iterator[Line]:
    """Yield a line a name, with a bar and a number for each quantity; wide enough, no name is shortened."""
    wide = [max(map(cells, [one.title, *one.texts])) for one in quantities]
    fixed = sum(wide) + 3 * len(wide)
    longest = max(map(cells, names), default=0)
    free = min(width, longest + fixed + _WIDEST * len(wide)) - fixed
    room = max(min(longest, free - _WIDEST * len(wide)), min(longest, free // 2))
    size = min(_WIDEST, max(_NARROWEST, (free - room) // len(wide)))
    head: list[Piece | str] = [" " * room]
    for one, value in zip(quantities, wide, strict=True):
        after = " " * (size + 1 + value - cells(one.title)) if one is not quantities[-1] else ""
        head += ["  ", Piece(one.title, "bold"), after]
    yield head
    for at, name in enumerate(names):
        line: list[Piece | str] = [right(cut(name, room), room)]
        for one, value in zip(quantities, wide, strict=True):
            drawn = bar(one.amounts[at], max(one.amounts), size, blocks=blocks)
            line += ["  ", Piece(drawn, one.style), " " * (size - len(drawn) + 1), right(one.texts[at], value)]
        yield line


def cut(text: str, width: int) -> str:
    """Return a text in at most `width` columns, with dots in its middle where it is longer."""
    if cells(text) <= width:
        return text
    front, back = "", ""
    while True:
        longer = (front + text[len(front)], back) if len(front) <= len(back) else (front, text[-len(back) - 1] + back)
        if cells(longer[0]) + 2 + cells(longer[1]) > width:
            return f"{front}..{back}"
        front, back = longer


def _heading(report: Report, width: int) -> Iterator[Line]:
    name = clean(report.graph.name)
    shape = say("input {shape}", shape=shape_text(report.graph.input_shape))
    if cells(name) + 3 + cells(shape) <= width:
        yield [Piece(name, "bold"), f"   {shape}"]
    else:
        yield from ([Piece(one, "bold")] for one in folded(name, width))
        yield shape
    yield ""
