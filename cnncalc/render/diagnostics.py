"""Errors and warnings as people read them: the line, a caret, the shapes that led there, and a way out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from cnncalc.diagnostics import MAX_SHOWN, Diagnostic, Span, heading
from cnncalc.render.screen import Line, Piece, Screen
from cnncalc.render.words import cells, clean
from cnncalc.text import say

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What ends a line in YAML, by which the places were counted."""

LONGEST = 160
"""A longer source line is shown only round the place."""


def show_diagnostics(screen: Screen, found: Sequence[Diagnostic], sources: Mapping[str, str]) -> None:
    """Draw up to MAX_SHOWN diagnostics, and say how many more there are."""
    lines: list[Line] = []
    for one in found[:MAX_SHOWN]:
        lines += [*diagnostic_lines(one, sources), ""]
    if len(found) > MAX_SHOWN:
        lines += [say("and {count} more", count=len(found) - MAX_SHOWN), ""]
    screen.show(lines[:-1])


def diagnostic_lines(found: Diagnostic, sources: Mapping[str, str]) -> Iterator[Line]:
    """Yield one diagnostic's lines."""
    style = "bold red" if found.severity == "error" else "bold yellow"
    yield [Piece(heading(found), style), Piece(say(": {message}", message=clean(found.message)), "bold")]
    margin = len(str(max([found.span.line if found.span else 0, *(label.span.line for label in found.labels)])))
    if found.span:
        yield [Piece(f"{' ' * margin}--> ", "blue"), _place(found.span)]
        yield from _excerpt(found.span, sources, margin, style)
    for label in found.labels:
        yield [Piece(f"{' ' * margin}::: ", "blue"), f"{_place(label.span)} {clean(label.text)}"]
        yield from _excerpt(label.span, sources, margin, "blue")
    for text in _notes(found):
        yield [Piece(f"{' ' * margin} = ", "blue"), text]


def _notes(found: Diagnostic) -> Iterator[str]:
    for call in found.calls:
        yield say("{text} ({place})", text=clean(call.text), place=_place(call.span))
    for trace in found.shapes:
        yield say("shapes: {trace}", trace=clean(trace))
    if found.help:
        yield say("help: {text}", text=clean(found.help))


def _place(span: Span) -> str:
    return f"{clean(span.source)}:{span.line}:{span.column}"


def _excerpt(span: Span, sources: Mapping[str, str], margin: int, style: str) -> Iterator[Line]:
    """Yield the source line and carets under the place, which ends with the line."""
    lines = _BREAK.split(sources.get(span.source, ""))
    if not 1 <= span.line <= len(lines):
        return
    text = lines[span.line - 1]
    first = span.column - 1
    last = span.end_column - 1 if span.end_line == span.line else len(text.rstrip())
    if len(text) > LONGEST:
        cut = max(0, first - 40)
        text, first, last = text[cut : cut + LONGEST], first - cut, min(last - cut, LONGEST)
    before, marked = clean(text[:first]), clean(text[first : max(last, first + 1)])
    yield [Piece(f"{span.line:>{margin}} | ", "blue"), clean(text).rstrip()]
    carets = "^" * max(1, cells(marked))
    yield [Piece(f"{' ' * margin} | ", "blue"), " " * cells(before), Piece(carets, style)]
