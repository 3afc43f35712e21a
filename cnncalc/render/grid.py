"""A table of texts as wide as the screen allows: columns give way in a stated order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from cnncalc.render.screen import Line, Piece
from cnncalc.render.summary import left_out
from cnncalc.render.words import cells, left, right
from cnncalc.text import say


class Heading(NamedTuple):
    """A column: its title, a template, or nothing; on which side it is filled; when it gives way, 0 never, 1 first."""

    title: str
    right: bool = False
    gives_way: int = 0


def grid(
    headings: Sequence[Heading], rows: Sequence[Sequence[str]], width: int, styles: Sequence[str] = ()
) -> Iterator[Line]:
    """Yield the titles, the rows, each in its style, and what was left out to fit."""
    titles = [heading.title and say(heading.title) for heading in headings]
    widths = [max(cells(row[at]) for row in [titles, *rows]) for at in range(len(titles))]
    kept = _kept(headings, widths, width)
    for style, row in zip(["bold", *(styles or [""] * len(rows))], [titles, *rows], strict=True):
        parts = [(right if headings[at].right else left)(row[at], widths[at]) for at in kept]
        yield [Piece("  ".join(parts).rstrip(), style)]
    gone = sorted(set(range(len(titles))) - set(kept), key=lambda at: headings[at].gives_way)
    if gone:
        yield from left_out([titles[at] for at in gone if titles[at]], width)


def _kept(headings: Sequence[Heading], widths: Sequence[int], width: int) -> Collection[int]:
    kept = list(range(len(headings)))
    for at in sorted((at for at in kept if headings[at].gives_way), key=lambda at: headings[at].gives_way):
        if sum(widths[column] + 2 for column in kept) - 2 <= width:
            break
        kept.remove(at)
    return kept
