"""Which mistake, or which two, give a number that someone wrote."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from functools import cache, cached_property, lru_cache, partial
from itertools import permutations
from typing import NamedTuple

from cnncalc.homework.marks import Diagnosis, Named, Value
from cnncalc.homework.mistakes import MISTAKES
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import AXES, Asked
from cnncalc.homework.workings import working_of
from cnncalc.homework.workings.working import Changed, Mistake, Working
from cnncalc.text import language, number, say

MOST = 8
"""As many diagnoses are told of one answer."""

MOST_PAIRED = 5000
"""Two mistakes that can be made in more ways than this together are not paired: any layer left out, any other twice."""


class Way(NamedTuple):
    """A mistake by its place in the catalogue, made in the way of this number."""

    mistake: int
    variant: int


Ways = tuple[Way, ...]


class Numbers:
    """What mistakes give: by the value, folded, the ways to it. Those near a number are found by bisection."""

    def __init__(self, ways: Mapping[Value, list[Ways]]) -> None:
        self.ways = ways
        self._order: list[Value] | None = None

    def near(self, wanted: Value, slack: Fraction | int) -> list[Ways]:
        """Return the ways to every value that is at most `slack` off in each number, in the catalogue's order."""
        if not slack or not wanted:
            return self.ways.get(wanted, [])
        if self._order is None:
            self._order = sorted(self.ways)
        found: list[Ways] = []
        for value in self._order[bisect_left(self._order, (wanted[0] - slack,)) :]:
            if not value or value[0] > wanted[0] + slack:
                break
            if len(value) == len(wanted) and all(abs(a - b) <= slack for a, b in zip(value, wanted, strict=True)):
                found.extend(self.ways[value])
        return sorted(found, key=sorted)


class Table:
    """The mistakes of one question: single ones at once, pairs when no single one fits for the first time."""

    def __init__(self, asked: Asked, right: Value, working: Working) -> None:
        self.asked = asked
        self.right = right
        self.working = working
        self.singles = Numbers(_singles(asked.quantity, right, working))

    @cached_property
    def pairs(self) -> Numbers:
        """What two mistakes give that none gives alone."""
        return Numbers(_pairs(self))


class Diagnoser:
    """The mistakes of a network's questions. What mistakes give is worked out when asked for, and once.

    `others`: whether another layer's answer may be a mistake; in a network as a student has it, it says nothing.
    """

    def __init__(self, network: Network, *, others: bool = True) -> None:
        self.network = network
        self._others = others
        self._tables: dict[Asked, Table | None] = {}
        self._said: dict[tuple[Asked, Ways, str], Diagnosis] = {}

    def diagnose(
        self, asked: Asked, value: Value, slack: Fraction | int = 0, *, pairs: bool = True
    ) -> tuple[Diagnosis, ...]:
        """Return every mistake that gives `value`; where none does, every two that do together; () where none do.

        `slack`: how far off a number may be, one that was written rounded. `pairs`: whether two together are looked
        for. The order is the catalogue's, and at most MOST are told. Raises CnncalcError (E503) for what the network
        does not have.
        """
        table = self._table(asked)
        if table is None:
            return ()
        wanted = folded(asked, value)
        ways = table.singles.near(wanted, slack)
        if ways or not pairs:
            return tuple(self._told(table, way) for way in ways[:MOST])
        return self._unlike(table, table.pairs.near(wanted, slack))

    def distractors(self, asked: Asked) -> dict[Value, tuple[Diagnosis, ...]]:
        """Return what single mistakes give, other than the right answer: {value: the mistakes that give it}.

        Slips, which are told of whoever makes them, are no wrong answers to choose from.
        """
        return {value: told() for value, told in self.single(asked)}

    def single(self, asked: Asked) -> Iterator[tuple[Value, Callable[[], tuple[Diagnosis, ...]]]]:
        """Yield what `distractors` has, the mistakes as what tells them: most are looked at for their value only."""
        table = self._table(asked)
        for known, all_ways in table.singles.ways.items() if table else ():
            ways = _without_slips(all_ways)
            if ways and table:
                whole = asked.quantity != "output" and asked.about.kind != "size"
                value = known if whole else _made(table.working, ways[0])[-1].working.value
                yield value, partial(self._all_told, table, ways)

    def _all_told(self, table: Table, ways: list[Ways]) -> tuple[Diagnosis, ...]:
        return tuple(self._told(table, way) for way in ways)

    def _table(self, asked: Asked) -> Table | None:
        if asked not in self._tables:
            working = working_of(self.network, asked, others=self._others)
            self._tables[asked] = Table(asked, self.network.value(asked), working) if working else None
        return self._tables[asked]

    def _unlike(self, table: Table, ways: Iterable[Ways]) -> tuple[Diagnosis, ...]:
        """Return pairs, the first of those with the same arithmetic: the others say the same in other words."""
        found: dict[str, Diagnosis] = {}
        for way in ways:
            if len(found) == MOST:
                break
            told = self._told(table, way)
            found.setdefault(told.numbers, told)
        return tuple(found.values())

    def _told(self, table: Table, ways: Ways) -> Diagnosis:
        key = (table.asked, ways, language())
        if key not in self._said:
            made = _made(table.working, ways)
            named = tuple(_named(MISTAKES[way.mistake], changed) for way, changed in zip(ways, made, strict=True))
            self._said[key] = Diagnosis(named, made[-1].working.worked().numbers)
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


@lru_cache(maxsize=512)
def _singles(quantity: str, right: Value, working: Working) -> dict[Value, list[Ways]]:
    """Return what each mistake gives, where that is neither the right answer nor one that nobody would write.

    Kept by the working: a student's wrong shape leaves most of a network's workings as they were.
    """
    found: dict[Value, list[Ways]] = {}
    asked = Asked("", quantity)
    correct = folded(asked, right)
    for at in mistakes_in(quantity):
        for variant, changed in enumerate(MISTAKES[at].change(working)):
            value = folded(asked, changed.working.value)
            if value != correct and _possible(asked, value):
                found.setdefault(value, []).append((Way(at, variant),))
    return found


def _pairs(table: Table) -> dict[Value, list[Ways]]:
    """Return what two mistakes give that none gives alone; each two once, in whichever order they can be made."""
    found: dict[Value, dict[frozenset[Way], Ways]] = {}
    known = {folded(table.asked, table.right), *table.singles.ways}
    places = [at for at in mistakes_in(table.asked.quantity) if not MISTAKES[at].slip]
    firsts = {at: MISTAKES[at].change(table.working) for at in places}
    for first, second in permutations(places, 2):
        if not _worth_pairing(first, len(firsts[first]), second, len(firsts[second])):
            continue
        for variant, changed in enumerate(firsts[first]):
            for other, twice in enumerate(MISTAKES[second].change(changed.working)):
                value = folded(table.asked, twice.working.value)
                if value not in known and _possible(table.asked, value):
                    ways = (Way(first, variant), Way(second, other))
                    found.setdefault(value, {}).setdefault(frozenset(ways), ways)
    return {value: sorted(ways.values(), key=sorted) for value, ways in found.items()}


def _worth_pairing(first: int, variants: int, second: int, others: int) -> bool:
    """Whether to make one mistake and then another, that can be made in so many ways on their own.

    A layer left out of a sum stays out whatever else is done: that it is left out first tells nothing new.
    """
    if variants * others > MOST_PAIRED:
        return False
    return variants <= 1 or (others != 1 and first < second)


def _without_slips(ways: list[Ways]) -> list[Ways]:
    return [way for way in ways if not MISTAKES[way[0].mistake].slip]


def _possible(asked: Asked, value: Value) -> bool:
    """Whether anybody would write this: no size is 0 or less, and no count is negative."""
    if asked.quantity == "output":
        return True
    if asked.about.kind != "number" or asked.quantity in AXES:
        return bool(value) and all(size > 0 for size in value)
    return all(size >= 0 for size in value)


def _made(working: Working, ways: Iterable[Way]) -> list[Changed]:
    """Return a working with each mistake made after the other."""
    made: list[Changed] = []
    for way in ways:
        made.append(MISTAKES[way.mistake].change(made[-1].working if made else working)[way.variant])
    return made


def _named(mistake: Mistake, changed: Changed) -> Named:
    """Return the mistake's whole sentence. A value in it may be the right answer: whoever shows hints leaves it out."""
    values = {name: number(value) if isinstance(value, int) else value for name, value in changed.values.items()}
    return Named(mistake.name, say(mistake.sentence, **values))
