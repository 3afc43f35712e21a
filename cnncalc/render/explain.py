"""A derivation as a teacher writes it on the board: the rule, the numbers, the result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncalc.analysis.explain import Explanation
from cnncalc.layers.base import Rule
from cnncalc.render.screen import Line, Piece, Screen
from cnncalc.render.words import Seen, clean, seen_text
from cnncalc.text import number, say, shape_text

SHARING = {
    "convolution": say("this layer"),
    "locally_connected": say("locally connected"),
    "fully_connected": say("fully connected"),
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
    width = max((len(rule.left) for rule in shown), default=0)
    for rule in shown:
        yield from _rule_lines(rule, width)
    if explained.sharing and "sharing" in quantities:
        phrases = [f"{SHARING[kind]} {number(count)}" for kind, count in explained.sharing.items()]
        yield [Piece(say("sharing").ljust(width), "bold"), "   " + "   ".join(phrases)]
    for note in explained.notes:
        yield [Piece(note, "dim")]


def _rule_lines(rule: Rule, width: int) -> Iterator[Line]:
    note = Piece(f"   {rule.note}" if rule.note else "", "dim")
    if not rule.numbers:
        yield [Piece(rule.left.ljust(width), "bold"), f" = {rule.symbols}", note]
        return
    result = f" = {number(rule.value)}" if rule.numbers != str(rule.value) else ""
    substituted = number(rule.value) if not result else rule.numbers
    line = f" = {rule.symbols} = {substituted}{result}"
    if len(line) <= 78:
        yield [Piece(rule.left.ljust(width), "bold"), line, note]
        return
    yield [Piece(rule.left.ljust(width), "bold"), f" = {rule.symbols}"]
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
