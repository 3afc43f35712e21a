"""The table of a sweep, and the lines below it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from cnncalc.questions.sweep.chosen import Condition, Objective
from cnncalc.questions.sweep.evaluate import Row
from cnncalc.questions.sweep.quantities import Cell, Column
from cnncalc.render.screen import Line, Piece
from cnncalc.render.summary import left_out
from cnncalc.render.sweep_forms import cell_text
from cnncalc.render.words import cells, clean, folded, left, right, size_text
from cnncalc.text import number, say_count

GAP = "  "
DROPPED_FIRST = ("param_bytes", "output", "flops", "peak", "buffers", "real_macs", "memory", "layers")
"""The order in which quantities give way on a narrow terminal."""
STAR = "*"


def table(
    columns: Sequence[Column],
    rows: Sequence[Row],
    shown: Sequence[int],
    marked: Collection[int],
    width: int,
    *,
    keep_all: bool,
) -> Iterator[Line]:
    """Yield the rows `shown`, a star before each that is `marked`; a row without numbers has its error instead.

    Quantities that do not fit into `width` are left out, and named below, unless `keep_all`.
    """
    texts = [[_text(cell, column) for cell, column in zip(rows[at].cells, columns, strict=True)] for at in shown]
    titles = [clean(column.title) for column in columns]
    widths = [max(map(cells, column)) for column in zip(titles, *texts, strict=True)]
    places = list(range(len(columns)))
    dropped: list[str] = []
    for key in () if keep_all else DROPPED_FIRST:
        if sum(widths[at] + len(GAP) for at in places) + 1 <= width:
            break
        for at in [at for at in places if columns[at].key == key]:
            places.remove(at)
            dropped.append(titles[at])
    yield [Piece(_line(" ", places, columns, widths, titles), "bold")]
    for at, line in zip(shown, texts, strict=True):
        star = STAR if at in marked else " "
        if rows[at].error:
            vars_ = [place for place in places if not columns[place].quantity]
            yield [_line(star, vars_, columns, widths, line), GAP, Piece(clean(rows[at].error), "red")]
        else:
            text = _line(star, places, columns, widths, line)
            yield [Piece(text, "green")] if at in marked else text
    if dropped:
        yield from left_out(dropped, width)


def _line(
    star: str, places: Sequence[int], columns: Sequence[Column], widths: Sequence[int], texts: Sequence[str]
) -> str:
    fill = [(left if columns[at].kind == "shape" else right)(texts[at], widths[at]) for at in places]
    return f"{star} {GAP.join(fill)}".rstrip()


def _text(cell: Cell, column: Column) -> str:
    if cell is None:
        return "-" if column.quantity else ""
    if isinstance(cell, int) and not isinstance(cell, bool) and column.quantity:
        return size_text(cell) if column.kind == "bytes" else number(cell)
    return clean(cell_text(cell, column))


def footer(
    rows: Sequence[Row],
    shown: int,
    marked: Collection[int],
    objectives: Sequence[Objective],
    conditions: Sequence[Condition],
    width: int,
) -> Iterator[Line]:
    """Yield what is said below the table: how many rows, how many on the front, how many failed."""
    parts = [say_count("{count} combination", "{count} combinations", len(rows))]
    met = len(rows)
    if conditions:
        met = sum(all(one.holds(row) for one in conditions) for row in rows)
        parts.append(say_count("{count} meets the conditions", "{count} meet the conditions", met))
    if 0 < shown < met:
        parts.append(say_count("{count} of them shown", "{count} of them shown", shown))
    if objectives:
        names = ", ".join(objective_text(one) for one in objectives)
        parts.append(
            say_count("{count} on the Pareto front (*): {names}", "{count} on the Pareto front (*): {names}",
                      len(marked), names=names)
        )  # fmt: skip
    yield from (line for part in parts for line in folded(part, width))
    yield from failures(rows, width)


def failures(rows: Sequence[Row], width: int) -> Iterator[Line]:
    """Yield how many combinations the network does not allow."""
    failed = sum(bool(row.error) for row in rows)
    if failed:
        text = say_count(
            "{count} combination is not possible; its row says why",
            "{count} combinations are not possible; their rows say why",
            failed,
        )
        yield from ([Piece(line, "yellow")] for line in folded(text, width))


def objective_text(objective: Objective) -> str:
    """Write an objective as the option takes it: `max:rf`."""
    return f"{'max' if objective.sign < 0 else 'min'}:{objective.column.key}"
