"""Where the time goes: each operation of the fast engine with a bar, its speed, and its share of the machine's peak."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from cnncalc.render.grid import Heading, grid
from cnncalc.render.how import kind_text
from cnncalc.render.screen import Line
from cnncalc.render.summary import wrapped
from cnncalc.render.words import clean, folded, size_text, time_text
from cnncalc.text import later, say

if TYPE_CHECKING:
    from cnncalc.engine.compiled import LayerProfile

HEADINGS = (
    Heading(later("layer")),
    Heading(later("how"), gives_way=3),
    Heading(later("time"), right=True),
    Heading(later("share"), right=True, gives_way=6),
    Heading("", gives_way=4),
    Heading("GMAC/s", right=True, gives_way=5),
    Heading(later("of peak"), right=True, gives_way=2),
    Heading(later("bytes"), right=True, gives_way=1),
)
BAR = 24
"""Columns of the longest bar."""
HEAVIEST = 3
"""So many are told by name, and stand out."""


def profile_lines(profile: Sequence[LayerProfile], width: int) -> Iterator[Line]:
    """Yield a table in the order of the run, then the heaviest, and what the peak is."""
    total = sum(one.seconds for one in profile)
    longest = max(one.seconds for one in profile)
    heavy = sorted(profile, key=lambda one: -one.seconds)[:HEAVIEST]
    yield ""
    yield from grid(
        HEADINGS,
        [_cells(one, total, longest) for one in profile],
        width,
        ["bold" if one in heavy else "" for one in profile],
    )
    yield ""
    names = [say("{layer} {share}", layer=clean(one.name), share=f"{one.seconds / (total or 1):.0%}") for one in heavy]
    yield from wrapped(
        [
            say("heaviest: {names}", names=say(", ").join(names)),
            say("all together {time}", time=time_text(total)),
            say("measured peak {peak} GMAC/s", peak=f"{profile[0].peak / 1e9:,.1f}"),
        ],
        width,
    )
    if any(len(one.covers) > 1 for one in profile):
        yield from folded(say("+2: two more layers are done with it; each is timed with nothing beside it"), width)


def _cells(one: LayerProfile, total: float, longest: float) -> list[str]:
    more = len(one.covers) - 1
    return [
        clean(one.name) + (f" +{more}" if more else ""),
        kind_text(one.kind),
        time_text(one.seconds),
        f"{one.seconds / (total or 1):.1%}",
        "#" * round(BAR * one.seconds / (longest or 1)),
        f"{one.gmacs:,.1f}" if one.macs else "",
        f"{one.share_of_peak:.0%}" if one.macs else "",
        size_text(one.nbytes),
    ]


def profile_json(profile: Sequence[LayerProfile]) -> list[dict[str, object]]:
    """Return the rows as JSON values."""
    total = sum(one.seconds for one in profile)
    return [
        {
            "name": one.name,
            "covers": list(one.covers),
            "kind": one.kind,
            "seconds": one.seconds,
            "share": one.seconds / (total or 1),
            "macs": one.macs,
            "gmacs_per_second": one.gmacs,
            "share_of_peak": one.share_of_peak,
            "bytes": one.nbytes,
        }
        for one in profile
    ]
