"""Which rows are shown, in which order, and which are the best: conditions, sorting and the Pareto front of rows."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from cnncalc.diagnostics import CnncalcError, Diagnostic, did_you_mean
from cnncalc.questions.sweep.evaluate import Row
from cnncalc.questions.sweep.pareto import front
from cnncalc.questions.sweep.quantities import ALSO_CALLED, WHOLE, Column, as_number
from cnncalc.text import say

_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
}
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BYTES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


class Condition(NamedTuple):
    """What a row must meet: the value at `place` compared with a number."""

    place: int
    column: Column
    compare: Callable[[Any, Any], bool]
    value: float

    def holds(self, row: Row) -> bool:
        """Whether a row meets it; one without the number does not."""
        found = as_number(row.cells[self.place], self.column)
        return found is not None and self.compare(found, self.value)


class Objective(NamedTuple):
    """A number that should be small, or large with `sign` -1."""

    place: int
    column: Column
    sign: int


class Comparison(NamedTuple):
    """A condition as written: a column's name, how it is compared, and with what."""

    name: str
    compare: Callable[[Any, Any], bool]
    value: float


def read_comparison(text: str) -> Comparison:
    """Return the parts of `macs<=600M`, `peak<2MiB` or `growth!=16`. Raises CnncalcError (E736)."""
    found = re.fullmatch(r"\s*(.+?)\s*(<=|>=|!=|==|=|<|>)\s*([+-]?[\d,]*\.?\d+(?:e\d{1,2})?)\s*([A-Za-z]*)\s*", text)
    if not found:
        message = say("--where {text} is not a comparison", text=text)
        raise _refused(message, say("compare a column with a number: --where 'macs<=600M'"))
    name, sign, digits, unit = found.groups()
    factor = _UNITS.get(unit, _BYTES.get(unit))
    if factor is None:
        message = say("--where {text}: there is no unit {unit}", text=text, unit=unit)
        raise _refused(message, say("one of {words}", words=", ".join([*_UNITS, *_BYTES][1:])))
    return Comparison(name, _COMPARED[sign], float(digits.replace(",", "")) * factor)


def conditions_of(comparisons: Sequence[Comparison], columns: Sequence[Column]) -> list[Condition]:
    """Return the conditions on rows of these columns. Raises CnncalcError (E736) for a column that is not there."""
    places = [place_of(one.name, columns) for one in comparisons]
    return [Condition(at, columns[at], one.compare, one.value) for at, one in zip(places, comparisons, strict=True)]


def names_in(text: str) -> list[str]:
    """Return the columns' names of `params,max:rf`."""
    return [part.rpartition(":")[2].strip() for part in text.split(",")]


def read_objectives(text: str, columns: Sequence[Column]) -> list[Objective]:
    """Return the objectives of `params,max:rf`: costs are to be small and receptive fields large, or as is written.

    Raises CnncalcError (E736) for a column that is not there, is no number, or has no better side of its own.
    """
    found: list[Objective] = []
    for part in text.split(","):
        word, colon, name = part.strip().rpartition(":")
        if colon and word not in ("min", "max"):
            message = say("{text}: expected min or max, got {word}", text=part.strip(), word=word)
            raise _refused(message, say("write max:{name}", name=name))
        place = place_of(name, columns)
        column = columns[place]
        aim = word or column.aim
        if not aim:
            message = say("{name} is neither better small nor large", name=name)
            raise _refused(message, say("write min:{name} or max:{name}", name=name))
        found.append(Objective(place, column, -1 if aim == "max" else 1))
    return found


def place_of(name: str, columns: Sequence[Column]) -> int:
    """Return where a column of numbers stands, by its name. Raises CnncalcError (E736)."""
    name = name.strip()
    keys = [column.key for column in columns]
    wanted = name if name in keys else _canonical(name)
    if wanted not in keys:
        near = did_you_mean(name, keys)
        help = say("did you mean {name}?", name=near) if near else say("there are {names}", names=", ".join(keys))
        raise _refused(say("there is no column {name}", name=name or '""'), help)
    column = columns[keys.index(wanted)]
    if column.kind == "shape":
        message = say("{name} is a shape, and a number is needed", name=name)
        raise _refused(message, say("there are {names}", names=", ".join(_comparable(columns))))
    return keys.index(wanted)


def _canonical(name: str) -> str:
    place, dot, last = name.rpartition(".")
    place, dot = ("", "") if place == WHOLE else (place, dot)
    return f"{place}{dot}{ALSO_CALLED.get(last, last)}"


def _comparable(columns: Sequence[Column]) -> list[str]:
    return [column.key for column in columns if column.kind != "shape"]


def marked(rows: Sequence[Row], objectives: Sequence[Objective], conditions: Sequence[Condition]) -> set[int]:
    """Return the numbers of the rows on the Pareto front of those that meet the conditions and have all the numbers."""
    places: list[int] = []
    points: list[tuple[float, ...]] = []
    for index, row in enumerate(rows):
        numbers = [as_number(row.cells[one.place], one.column) for one in objectives]
        if all(one.holds(row) for one in conditions) and None not in numbers:
            places.append(index)
            points.append(tuple(one.sign * (n or 0) for one, n in zip(objectives, numbers, strict=True)))
    return {places[at] for at in front(points)}


def selected(
    rows: Sequence[Row],
    conditions: Sequence[Condition],
    sort: tuple[int, Column, bool] | None,
    top: int | None,
) -> list[int]:
    """Return the numbers of the rows to show, in order.

    `sort`: a column's place, the column, and whether the largest come first; rows without the number are last.
    """
    found = [index for index, row in enumerate(rows) if all(one.holds(row) for one in conditions)]
    if sort is not None:
        place, column, is_reversed = sort

        def order(index: int) -> tuple[bool, float]:
            value = as_number(rows[index].cells[place], column)
            return value is None, 0 if value is None else -value if is_reversed else value

        found.sort(key=order)
    return found if top is None else found[:top]


def read_sort(text: str, columns: Sequence[Column]) -> tuple[int, Column, bool]:
    """Return what to sort by: `macs` or `max:macs`, the largest first. Raises CnncalcError (E736)."""
    word, colon, name = text.strip().rpartition(":")
    if colon and word not in ("min", "max"):
        message = say("{text}: expected min or max, got {word}", text=text.strip(), word=word)
        raise _refused(message, say("write max:{name}", name=name))
    place = place_of(name, columns)
    return place, columns[place], word == "max"


def _refused(message: str, help: str) -> CnncalcError:
    return CnncalcError([Diagnostic("E736", message, help=help)])
