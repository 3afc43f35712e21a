"""The arithmetic of one output element, as it is written on the board: window by kernel, channel by channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cnncalc.render.explain import window_line
from cnncalc.render.screen import Line, Piece, Screen
from cnncalc.render.words import Seen
from cnncalc.text import number, say

if TYPE_CHECKING:
    from cnncalc.engine.element import Element, Patch

MOST_TERMS = 32
"""A longer sum is cut in its middle."""
MOST_CHANNELS = 16
"""Of more channels only the sums are shown."""


def show_element(screen: Screen, element: Element, seen: Seen) -> None:
    """Draw the arithmetic of one element."""
    screen.show(element_lines(element, seen))


def element_lines(element: Element, seen: Seen) -> Iterator[Line]:
    """Yield the lines."""
    place = ",".join(map(str, element.place))
    yield [Piece(f"{element.node.name}[{place}] = {text(element.value)}", "bold")]
    yield [Piece(element.node.layer.definition, "dim")]
    if element.rule == "sum":
        yield from _sum_lines(element)
    elif element.rule in ("max", "mean"):
        yield from _pool_lines(element)
    elif element.patches:
        values = ", ".join(text(row[0]) for row in element.patches[0].window)
        yield say("from {values} to {result}", values=values, result=text(element.value))
    yield [Piece(window_line(element.node.name, element.place, seen), "dim")]


def _sum_lines(element: Element) -> Iterator[Line]:
    detailed = len(element.patches) <= MOST_CHANNELS
    for patch in element.patches:
        if not detailed:
            yield say("channel {channel}: {total}", channel=patch.channel, total=text(patch.total))
            continue
        if len(patch.window) > 1 or len(element.patches) > 1:
            yield say("channel {channel}, window times kernel:", channel=patch.channel)
        if len(patch.window) > 1:
            yield from _grids(patch)
        yield f"  {_products(patch)} = {text(patch.total)}"
    if len(element.patches) > 1 or element.bias is not None:
        sums = [patch.total for patch in element.patches]
        bias = [element.bias] if element.bias is not None else []
        sum_ = _joined([_signed(one) for one in [*sums, *bias]], " + ")
        if bias:
            yield say("together: {sum} = {value}   the last is the bias", sum=sum_, value=text(element.value))
        else:
            yield say("together: {sum} = {value}", sum=sum_, value=text(element.value))


def _pool_lines(element: Element) -> Iterator[Line]:
    patch = element.patches[0]
    yield from _grid_lines([_cells(patch.window, patch.inside)])
    inside = [
        value
        for row, known in zip(patch.window, patch.inside, strict=True)
        for value, real in zip(row, known, strict=True)
        if real
    ]
    values = _joined([text(value) for value in inside], ", ")
    if element.rule == "max":
        yield say("max({values}) = {value}", values=values, value=text(element.value))
    else:
        yield say(
            "the sum of {values} is {total}; divided: {value}",
            values=values,
            total=text(patch.total),
            value=text(element.value),
        )


def _grids(patch: Patch) -> Iterator[Line]:
    yield from _grid_lines(
        [_cells(patch.window, patch.inside), [[text(value) for value in row] for row in patch.kernel]]
    )


def _cells(window: list[list[float]], inside: list[list[bool]]) -> list[list[str]]:
    """Write a window's values; a padded zero in brackets."""
    return [
        [text(value) if real else f"({text(value)})" for value, real in zip(row, known, strict=True)]
        for row, known in zip(window, inside, strict=True)
    ]


def _grid_lines(grids: list[list[list[str]]]) -> Iterator[Line]:
    """Yield grids of numbers side by side."""
    widths = [max(len(cell) for row in grid for cell in row) for grid in grids]
    for rows in zip(*grids, strict=True):
        parts = [" ".join(cell.rjust(width) for cell in row) for row, width in zip(rows, widths, strict=True)]
        yield "    " + "   x   ".join(parts)


def _products(patch: Patch) -> str:
    values = [value for row in patch.window for value in row]
    weights = [weight for row in patch.kernel for weight in row]
    terms = [f"{_signed(value)}*{_signed(weight)}" for value, weight in zip(values, weights, strict=True)]
    return _joined(terms, " + ")


def _joined(terms: Sequence[str], glue: str) -> str:
    if len(terms) > MOST_TERMS:
        half = MOST_TERMS // 2
        terms = [*terms[:half], say("... {count} more ...", count=number(len(terms) - 2 * half)), *terms[-half:]]
    return glue.join(terms)


def _signed(value: float) -> str:
    """Write a number, a negative one in brackets: 5*(-1)."""
    written = text(value)
    return f"({written})" if written.startswith("-") else written


def text(value: float) -> str:
    """Write a number shortly: 4, -0.25, 1.23457."""
    return f"{value:.6g}"
