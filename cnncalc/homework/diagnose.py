"""Which mistake, or which two, give a number that someone wrote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from functools import cache
from itertools import permutations
from typing import NamedTuple

from cnncalc.homework.marks import Diagnosis, Named, Value
from cnncalc.homework.mistakes import MISTAKES
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import AXES, Asked
from cnncalc.homework.working import Changed, Mistake, Working
from cnncalc.homework.workings import working_of
from cnncalc.text import language, number, say

MOST = 8
"""As many diagnoses are told of one answer."""


class Way(NamedTuple):
    """A mistake by its place in the catalogue, made in the way of this number."""

    mistake: int
    variant: int


Ways = tuple[Way, ...]


class Table(NamedTuple):
    """What mistakes give for one question: by the value, folded, the ways to it."""

    right: Value
    working: Working
    singles: dict[Value, list[Ways]]
    pairs: dict[Value, list[Ways]]


class Diagnoser:
    """The mistakes of a network's questions. What mistakes give is worked out when asked for, and once.

    `given`: the student's own earlier answers that the network was rebuilt with, as keys; a diagnosis carries them.
    """

    def __init__(self, network: Network, given: tuple[str, ...] = ()) -> None:
        self.network = network
        self.given = given
        self._tables: dict[Asked, Table | None] = {}
        self._paired: set[Asked] = set()
        self._said: dict[tuple[Asked, Ways, str], Diagnosis] = {}

    def diagnose(
        self, asked: Asked, value: Value, slack: Fraction | int = 0, *, pairs: bool = True
    ) -> tuple[Diagnosis, ...]:
        """Return every mistake that gives `value`; where none does, every two that do together; () where none do.

        `slack`: how far off a number may be, one that was written rounded. The order is the catalogue's, and at
        most MOST are told. Raises CnncalcError (E503) for what the network does not have.
        """
        table = self._table(asked)
        if table is None:
            return ()
        wanted = folded(asked, value)
        ways = _near(table.singles, wanted, slack)
        if not ways and pairs:
            if asked not in self._paired:
                table.pairs.update(_pairs(asked, table))
                self._paired.add(asked)
            ways = _near(table.pairs, wanted, slack)
        return tuple(self._told(asked, table, way) for way in ways[:MOST])

    def distractors(self, asked: Asked) -> dict[Value, tuple[Diagnosis, ...]]:
        """Return what single mistakes give, other than the right answer: {value: the mistakes that give it}."""
        table = self._table(asked)
        if table is None:
            return {}
        return {
            _made(table.working, ways[0])[-1].working.value: tuple(self._told(asked, table, way) for way in ways)
            for ways in table.singles.values()
        }

    def _table(self, asked: Asked) -> Table | None:
        if asked not in self._tables:
            working = working_of(self.network, asked)
            self._tables[asked] = _singles(asked, self.network.value(asked), working) if working else None
        return self._tables[asked]

    def _told(self, asked: Asked, table: Table, ways: Ways) -> Diagnosis:
        key = (asked, ways, language())
        if key not in self._said:
            made = _made(table.working, ways)
            named = tuple(
                _named(MISTAKES[way.mistake], changed, table.right) for way, changed in zip(ways, made, strict=True)
            )
            self._said[key] = Diagnosis(named, made[-1].working.worked().numbers, self.given)
        return self._said[key]


def folded(asked: Asked, value: Value) -> Value:
    """Return a value as tables have it: a side that is the same on every axis is one number; elements are rounded."""
    if asked.quantity == "output":
        return tuple(round(Fraction(one), 10) for one in value)
    return value[:1] if asked.about.kind == "size" and len(set(value)) == 1 else value


@cache
def mistakes_in(quantity: str) -> tuple[int, ...]:
    """Return the places in the catalogue of the mistakes that can be made in a quantity."""
    return tuple(at for at, mistake in enumerate(MISTAKES) if quantity in mistake.quantities)


def _singles(asked: Asked, right: Value, working: Working) -> Table:
    found: dict[Value, list[Ways]] = {}
    correct = folded(asked, right)
    for at in mistakes_in(asked.quantity):
        for variant, changed in enumerate(MISTAKES[at].change(working)):
            value = folded(asked, changed.working.value)
            if value != correct and _possible(asked, value):
                found.setdefault(value, []).append((Way(at, variant),))
    return Table(right, working, found, {})


def _pairs(asked: Asked, table: Table) -> dict[Value, list[Ways]]:
    """Return what two mistakes give that none gives alone; each two once, in whichever order they can be made."""
    found: dict[Value, dict[frozenset[Way], Ways]] = {}
    known = {folded(asked, table.right), *table.singles}
    places = mistakes_in(asked.quantity)
    firsts = {at: MISTAKES[at].change(table.working) for at in places}
    for first, second in permutations(places, 2):
        # a layer left out of a sum stays out whatever is done first: one order of the two is enough
        if len(firsts[first]) > 1 and (len(firsts[second]) == 1 or second < first):
            continue
        for variant, changed in enumerate(firsts[first]):
            for other, twice in enumerate(MISTAKES[second].change(changed.working)):
                value = folded(asked, twice.working.value)
                if value not in known and _possible(asked, value):
                    ways = (Way(first, variant), Way(second, other))
                    found.setdefault(value, {}).setdefault(frozenset(ways), ways)
    return {value: sorted(ways.values(), key=sorted) for value, ways in found.items()}


def _possible(asked: Asked, value: Value) -> bool:
    """Whether anybody would write this: no size is 0 or less, and no count is negative."""
    if asked.quantity == "output":
        return True
    if asked.about.kind != "number" or asked.quantity in AXES:
        return bool(value) and all(size > 0 for size in value)
    return all(size >= 0 for size in value)


def _near(table: Mapping[Value, list[Ways]], wanted: Value, slack: Fraction | int) -> list[Ways]:
    if not slack:
        return table.get(wanted, [])
    found = [
        way
        for value, ways in table.items()
        if len(value) == len(wanted) and all(abs(a - b) <= slack for a, b in zip(value, wanted, strict=True))
        for way in ways
    ]
    return sorted(found, key=sorted)


def _made(working: Working, ways: Iterable[Way]) -> list[Changed]:
    """Return a working with each mistake made after the other."""
    made: list[Changed] = []
    for way in ways:
        made.append(MISTAKES[way.mistake].change(made[-1].working if made else working)[way.variant])
    return made


def _named(mistake: Mistake, changed: Changed, right: Value) -> Named:
    """Return the mistake's sentence, in which no number is the right answer: hints are shown to students."""
    hidden = {number(size) for size in right if isinstance(size, int)} | {str(size) for size in right}
    values = {
        name: value if name in ("layer", "layers") else _hiding(value, hidden) for name, value in changed.values.items()
    }
    return Named(mistake.name, say(mistake.sentence, **values))


def _hiding(value: object, hidden: set[str]) -> str:
    text = number(value) if isinstance(value, int) else str(value)
    return "…" if hidden.intersection(_numbers(text)) else text


def _numbers(text: str) -> Iterator[str]:
    yield text
    for part in text.split(", "):
        yield part
        yield from part.split("x")
