"""What the answers to `solve` share: the question, what was tried, a table, a derivation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cnncalc.layers.base import Rule
from cnncalc.questions.solve.ranges import Values, values_text
from cnncalc.render.explain import rule_lines
from cnncalc.render.screen import Line, Piece
from cnncalc.render.words import cells, folded, left, right
from cnncalc.text import say, say_count


def heading(parts: Sequence[str], width: int) -> Iterator[Line]:
    """Yield what was asked."""
    yield from ([Piece(line, "bold")] for line in folded("   ".join(parts), width))


def told(sentence: str, width: int) -> Iterator[Line]:
    """Yield a sentence."""
    yield from folded(sentence, width)


def tried_lines(ranges: Mapping[str, Values], tried: int, refused: int, width: int) -> Iterator[Line]:
    """Say what was tried, and over which values."""
    if not ranges:
        return
    listed = ", ".join(f"{name} {values_text(values)}" for name, values in ranges.items())
    text = say_count(
        "tried: {ranges}; {count} combination", "tried: {ranges}; {count} combinations", tried, ranges=listed
    )
    yield from ([Piece(line, "dim")] for line in folded(text, width))
    if refused:
        text = say_count(
            "{count} combination is left out, which PyTorch does not take",
            "{count} combinations are left out, which PyTorch does not take",
            refused,
        )
        yield from ([Piece(line, "dim")] for line in folded(text, width))


def derived(rules: Sequence[Rule], solutions: int) -> Iterator[Line]:
    """Yield the derivation of one solution."""
    if solutions > 1:
        yield [Piece(say("the first of them:"), "dim")]
    widest = max(cells(rule.left) for rule in rules)
    for rule in rules:
        yield from rule_lines(rule, widest)


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Line]:
    """Yield columns under headers; numbers to the right."""
    if not any(headers):
        return
    widths = [max([cells(head), *(cells(row[at]) for row in rows)]) for at, head in enumerate(headers)]
    numeric = [all(row[at].replace(",", "").isdecimal() for row in rows) for at in range(len(headers))]

    def line(texts: Sequence[str]) -> str:
        parts = [
            right(text, width) if to_right else left(text, width)
            for text, width, to_right in zip(texts, widths, numeric, strict=True)
        ]
        return ("  ".join(parts)).rstrip()

    yield [Piece(line(headers), "bold")]
    yield from (line(row) for row in rows)
