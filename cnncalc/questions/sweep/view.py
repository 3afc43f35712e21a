"""What is made of the rows: which are shown, which are marked as the best, and which columns are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.questions.sweep.chosen import (
    Comparison,
    Condition,
    Objective,
    conditions_of,
    marked,
    names_in,
    place_of,
    read_comparison,
    read_objectives,
    read_sort,
    selected,
)
from cnncalc.questions.sweep.evaluate import Row
from cnncalc.questions.sweep.pareto import front
from cnncalc.questions.sweep.quantities import PARETO, Cell, Column, as_number
from cnncalc.text import say

NO_FRONT = "none"


class Wanted(NamedTuple):
    """The options about rows, as written."""

    pareto: str | None = None
    where: tuple[Comparison, ...] = ()
    sort: str | None = None
    top: int | None = None
    plot: str | None = None

    @property
    def names(self) -> list[str]:
        """The columns that they name."""
        texts = [text for text in (self.pareto, self.sort, self.plot) if text and text != NO_FRONT]
        return [*(one.name for one in self.where), *(name for text in texts for name in names_in(text))]


class View(NamedTuple):
    """The options about rows, understood. `plot`: where the columns drawn stand, or None."""

    columns: tuple[Column, ...]
    objectives: tuple[Objective, ...]
    conditions: tuple[Condition, ...]
    sort: tuple[int, Column, bool] | None
    top: int | None
    plot: tuple[int, int] | None

    def marked(self, rows: Sequence[Row]) -> set[int]:
        """Return the numbers of the rows on the Pareto front of those that meet the conditions."""
        return marked(rows, self.objectives, self.conditions) if self.objectives else set()

    def shown(self, rows: Sequence[Row]) -> list[int]:
        """Return the numbers of the rows to show, in order."""
        return selected(rows, self.conditions, self.sort, self.top)

    @property
    def picks(self) -> bool:
        """Whether some rows are asked for, or an order of them."""
        return bool(self.conditions or self.sort or self.top)


class Point(NamedTuple):
    """A row in a picture. `values`: of what varies. `is_best`: it is on the Pareto front of the sweep."""

    x: float
    y: float
    values: tuple[Cell, ...]
    is_best: bool


class Picture(NamedTuple):
    """One column against another. `front`: from left to right the points that are the best in these two numbers."""

    x: Column
    y: Column
    names: tuple[Column, ...]
    points: tuple[Point, ...]
    front: tuple[Point, ...]

    @property
    def xs(self) -> list[float]:
        """All x."""
        return [point.x for point in self.points]

    @property
    def ys(self) -> list[float]:
        """All y."""
        return [point.y for point in self.points]


def picture_of(view: View, rows: Sequence[Row]) -> Picture:
    """Return the picture of the rows that meet the conditions and have both numbers.

    Raises CnncalcError (E737) where there are none.
    """
    assert view.plot is not None
    across, up = view.plot
    x, y = view.columns[across], view.columns[up]
    names = tuple(column for column in view.columns if not column.quantity)
    best = view.marked(rows)
    points: list[Point] = []
    for index in selected(rows, view.conditions, None, None):
        cells = rows[index].cells
        at_x, at_y = as_number(cells[across], x), as_number(cells[up], y)
        if at_x is not None and at_y is not None:
            points.append(Point(at_x, at_y, cells[: len(names)], index in best))
    if not points:
        message = say("there is nothing to draw: no row has both {x} and {y}", x=x.key, y=y.key)
        raise CnncalcError([Diagnostic("E737", message)])
    signs = [_sign(view, place) for place in view.plot]
    line: list[Point] = []
    if all(signs):
        kept = front([(signs[0] * point.x, signs[1] * point.y) for point in points])
        line = sorted({(points[at].x, points[at].y): points[at] for at in kept}.values(), key=lambda one: one[:2])
    return Picture(x, y, names, tuple(points), tuple(line))


def _sign(view: View, place: int) -> int:
    """Return 1 where a column should be small, -1 where large, 0 where neither is said."""
    for objective in view.objectives:
        if objective.place == place:
            return objective.sign
    return {"min": 1, "max": -1, "": 0}[view.columns[place].aim]


def wanted(
    pareto: str | None, where: Sequence[str], sort: str | None, top: int | None, plot: str | None, *, draws: bool
) -> Wanted:
    """Return the options; what is drawn (`draws`) without --plot is the first two of the front's numbers.

    Raises CnncalcError (E736) for a condition that cannot be read.
    """
    if plot is None and draws:
        first = names_in(pareto) if pareto and pareto != NO_FRONT else list(PARETO)
        plot = ",".join([*first, *(name for name in PARETO if name not in first)][:2])
    return Wanted(pareto, tuple(map(read_comparison, where)), sort, top, plot)


def view_of(wanted: Wanted, columns: tuple[Column, ...]) -> View:
    """Return what the options mean for rows of these columns. Raises CnncalcError (E736)."""
    pareto = wanted.pareto
    if pareto is None:
        whole = {column.quantity: column.key for column in columns if not column.place}
        pareto = ",".join(whole[name] for name in PARETO if name in whole) or NO_FRONT
    return View(
        columns,
        () if pareto == NO_FRONT else tuple(read_objectives(pareto, columns)),
        tuple(conditions_of(wanted.where, columns)),
        read_sort(wanted.sort, columns) if wanted.sort else None,
        wanted.top,
        _axes(wanted.plot, columns) if wanted.plot else None,
    )


def _axes(text: str, columns: Sequence[Column]) -> tuple[int, int]:
    places = [place_of(name, columns) for name in names_in(text)]
    if len(places) != 2:
        message = say("--plot {text}: expected two columns", text=text)
        raise CnncalcError([Diagnostic("E736", message, help=say("write --plot macs,params"))])
    return places[0], places[1]
