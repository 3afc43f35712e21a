"""How a question is marked: its points, partial credit, follow-through, decimals, where they are written."""

from __future__ import annotations

from collections.abc import Mapping as NamesMapping
from fractions import Fraction
from typing import NamedTuple

from cnncalc.homework.assignment.values import Values
from cnncalc.spec.problems import Problems, kind_of, suggestion
from cnncalc.spec.source import Entry, Mapping, Scalar
from cnncalc.text import say

KEYS = ("points", "partial_credit", "follow_through", "decimals")
"""Keys of an assignment, for all its questions, and of a question."""

ANY_MISTAKE = "any"


class Terms(NamedTuple):
    """See `Question` for what each means."""

    points: Fraction = Fraction(1)
    partial: NamesMapping[str, Fraction] = {}
    follow_through: bool = True
    decimals: int = 2


def read_terms(keys: NamesMapping[str, Entry], values: Values, standard: Terms = Terms()) -> Terms:  # noqa: B008
    """Return the terms written among `keys`; `standard` for those that are not, and for those with a mistake."""
    points = values.points(keys["points"]) if "points" in keys else None
    partial = _partial_credit(keys["partial_credit"], values) if "partial_credit" in keys else {}
    follow_through = values.flag(keys["follow_through"]) if "follow_through" in keys else None
    decimals = values.whole(keys["decimals"], 0, 15) if "decimals" in keys else None
    return Terms(
        standard.points if points is None else points,
        {**standard.partial, **partial},
        standard.follow_through if follow_through is None else follow_through,
        standard.decimals if decimals is None else decimals,
    )


def _partial_credit(entry: Entry, values: Values) -> dict[str, Fraction]:
    if not isinstance(entry.value, Mapping):
        message = say("partial_credit: expected a mapping of mistakes to shares, got {kind}", kind=kind_of(entry.value))
        values.problems.add("E201", message, entry.span, say("write partial_credit: {{any: 0.5}}"))
        return {}
    found: dict[str, Fraction] = {}
    for given in entry.value.entries:
        share = values.share(given)
        if _is_mistake(given.key, values.problems) and share is not None:
            found[given.key.text] = share
    return found


def _is_mistake(name: Scalar, problems: Problems) -> bool:
    if name.text == ANY_MISTAKE:
        return True
    from cnncalc.homework.compare import MISREAD
    from cnncalc.homework.mistakes import BY_NAME

    if name.text in BY_NAME or name.text in MISREAD:
        return True
    message = say("there is no mistake {name}", name=name.text)
    problems.add("E526", message, name.span, suggestion(name.text, [ANY_MISTAKE, *BY_NAME, *MISREAD]))
    return False
