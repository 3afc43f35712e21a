"""The catalogue of mistakes, for those who give partial credit by their names."""

from __future__ import annotations

from collections.abc import Iterator
from string import Formatter

from cnncalc.homework.compare import MISREAD
from cnncalc.homework.mistakes import MISTAKES
from cnncalc.homework.quantities import QUANTITIES
from cnncalc.render.screen import Line, Piece
from cnncalc.render.to_json import SCHEMA_VERSION
from cnncalc.render.words import left
from cnncalc.text import say


def mistake_lines() -> Iterator[Line]:
    """Yield a line a mistake: its name, and what it tells a student."""
    told = {name: sentence for name, sentence, _ in _catalogue()}
    width = max(map(len, told))
    for name, sentence in told.items():
        yield [Piece(left(name, width), "bold"), f"  {sentence}"]


def mistakes_json() -> dict[str, object]:
    """Return the catalogue for programs, with the quantities in which each mistake is looked for."""
    listed = [{"name": name, "sentence": told, "quantities": list(where)} for name, told, where in _catalogue()]
    return {"schema_version": SCHEMA_VERSION, "mistakes": listed}


def _catalogue() -> Iterator[tuple[str, str, list[str]]]:
    for mistake in MISTAKES:
        yield mistake.name, _told(mistake.sentence), [name for name in QUANTITIES if name in mistake.quantities]
    for name, sentence in MISREAD.items():
        yield name, _told(sentence), [one for one, about in QUANTITIES.items() if about.unit]


def _told(template: str) -> str:
    """Say a template, with an ellipsis for what only a student's answer gives it."""
    named = [name for _, name, _, _ in Formatter().parse(template) if name]
    return say(template, **dict.fromkeys(named, "…"))
