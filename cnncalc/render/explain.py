"""A derivation as a teacher writes it on the board: the rule, the numbers, the result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncalc.analysis.explain import Explanation
from cnncalc.layers.base import Rule
from cnncalc.render.screen import Line, Piece, Screen
from cnncalc.render.words import Seen, cells, clean, left, seen_text
from cnncalc.text import later, number, say, shape_text

SHARING = {
    "convolution": later("this layer {count}"),
    "locally_connected": later("locally connected {count}"),
    "fully_connected": later("fully connected {count}"),
}


def show_explanation(screen: Screen, explained: Explanation, quantities: Sequence[str]) -> None:
    """Draw the derivations of `quantities`."""
    screen.show(explanation_lines(explained, quantities))


def explanation_lines(explained: Explanation, quantities: Sequence[str]) -> Iterator[Line]:
    """Yield the lines of the derivations."""
    node = explained.facts.node
    inputs = ", ".join(shape_text(shape) for shape in node.input_shapes)
    place = f"   {clean(node.span.source)}:{node.span.line}" if node.span else ""
    yield [Piece(node.name, "bold"), f"  {node.type}  {inputs} -> {shape_text(node.output_shape)}", Piece(place, "dim")]
    yield [Piece(explained.formula, "dim")]
    shown = [rule for quantity in quantities for rule in explained.rules.get(quantity, [])]
    width = max((cells(rule.left) for rule in shown), default=0)
    for rule in shown:
        yield from rule_lines(rule, width)
    if explained.sharing and "sharing" in quantities:
        phrases = [say(SHARING[kind], count=number(count)) for kind, count in explained.sharing.items()]
        yield [Piece(left(say("sharing"), width), "bold"), "   " + "   ".join(phrases)]
    for note in explained.notes:
        yield [Piece(note, "dim")]


def rule_lines(rule: Rule, width: int) -> Iterator[Line]:
    """Yield a derivation on one line, or on two where it is long; `width` cells are left for what it derives."""
    note = Piece(f"   {rule.note}" if rule.note else "", "dim")
    if not rule.numbers:
        yield [Piece(left(rule.left, width), "bold"), f" = {rule.symbols}", note]
        return
    result = f" = {number(rule.value)}" if rule.numbers != str(rule.value) else ""
    substituted = number(rule.value) if not result else rule.numbers
    line = f" = {rule.symbols} = {substituted}{result}"
    if cells(line) <= 78:
        yield [Piece(left(rule.left, width), "bold"), line, note]
        return
    yield [Piece(left(rule.left, width), "bold"), f" = {rule.symbols}"]
    yield [" " * width, f" = {substituted}{result}", note]


def window_line(layer: str, index: Sequence[int], seen: Seen) -> str:
    """Say which part of the input one element sees."""
    place = ",".join(map(str, index))
    if not seen:
        return say("{layer}[{place}] sees the whole input vector", layer=layer, place=place)
    return say(
        "{layer}[{place}] sees the input's positions {seen}, counted from 0",
        layer=layer,
        place=place,
        seen=seen_text(seen),
    )
