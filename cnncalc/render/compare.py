"""Networks side by side: a letter each, the totals with ratios to the first, then the layers, with marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_uppercase
from typing import NamedTuple

from cnncalc.diagnostics import Diagnostic
from cnncalc.questions.compare import Amount, Comparison, LayerRow, Part, Total
from cnncalc.questions.findings import Broken, Differs
from cnncalc.render.axes import si_text
from cnncalc.render.screen import Line, Piece
from cnncalc.render.summary import left_out
from cnncalc.render.words import cells, clean, folded, left, right, size_text
from cnncalc.text import later, number, say, say_count, shape_text

TITLES = {
    "input": later("input"),
    "layers": later("layers"),
    "parameters": later("params"),
    "nonzero_parameters": later("of them not zero"),
    "buffers": later("buffers"),
    "macs": later("MACs"),
    "macs_without_padding": later("MACs on data"),
    "flops": later("FLOPs"),
    "receptive_field": later("RF of the last map"),
    "peak_bytes": later("peak memory"),
    "parameter_bytes": later("size of params"),
    "stored_bytes": later("stored size"),
    "activation_bytes": later("all outputs"),
    "training_bytes_sgd": later("to train, SGD"),
    "training_bytes_adam": later("to train, Adam"),
}
"""By quantity of a comparison's totals."""

CLOSEST = 12
"""Digits of a ratio at most."""

CHANGED, SAME, NOTHING = "~", "=", "-"
"""What marks a line in which networks differ, a cell as the first network's, and a network without such a layer."""


class Cell(NamedTuple):
    """A text, and whether it is drawn as a difference."""

    text: str
    differs: bool = False


class Column(NamedTuple):
    """A column of the layer table; those of one `kind` are left out together."""

    kind: str
    title: str
    right: bool
    cells: list[Cell]


DROPPED_FIRST = ("type", "macs", "params", "output")
"""The order in which kinds of columns give way on a narrow terminal; the names stay."""


def compare_lines(comparison: Comparison, width: int, *, only_differences: bool = False) -> Iterator[Line]:
    """Yield the comparison for a screen of `width` columns."""
    yield from _legend(comparison, width)
    totals = [one for one in comparison.totals.values() if one.differs or not only_differences]
    if totals:
        yield ""
        yield from _totals(comparison, totals, width)
    rows = [row for row in comparison.rows if row.differs or not only_differences]
    if rows:
        yield ""
        yield from _layers(comparison, rows, width)
    if len(comparison.candidates) > 1:
        yield ""
        yield from folded(_conclusion(comparison), width)
    for letter, candidate in zip(ascii_uppercase, comparison.candidates, strict=False):
        for note in candidate.notes:
            yield from folded(say("{letter}: {note}", letter=letter, note=clean(note)), width)


def _legend(comparison: Comparison, width: int) -> Iterator[Line]:
    first = comparison.candidates[0].report
    for letter, candidate in zip(ascii_uppercase, comparison.candidates, strict=False):
        first_line, *others = folded(clean(candidate.label), width - 3)
        yield [Piece(f"{letter}  ", "bold"), first_line]
        yield from (f"   {line}" for line in others)
    yield [Piece(say("batch {batch}   {dtype}", batch=first.batch, dtype=first.dtype), "dim")]


def _totals(comparison: Comparison, totals: Sequence[Total], width: int) -> Iterator[Line]:
    """Yield a line a quantity; ratios are left out where they do not fit, and then counts are short."""
    columns = _total_columns(comparison, totals, short=False)
    if _width(columns) > width:
        columns = [column for column in columns if column.kind != "ratio"]
    if _width(columns) > width:
        columns = [column for column in _total_columns(comparison, totals, short=True) if column.kind != "ratio"]
    yield from _drawn(columns, [one.differs for one in totals])


def _total_columns(comparison: Comparison, totals: Sequence[Total], *, short: bool) -> list[Column]:
    letters = ascii_uppercase[: len(comparison.candidates)]
    columns = [Column("name", "", False, [Cell(say(TITLES[one.quantity])) for one in totals])]
    for at, letter in enumerate(letters):
        texts = [amount_text(one.quantity, one.amounts[at], short=short) for one in totals]
        differs = [one.amounts[at] != one.amounts[0] for one in totals]
        columns.append(Column("amount", letter, True, list(map(Cell, texts, differs))))
        if at:
            ratios = [ratio_text(one.ratios[at]) if one.amounts[at] != one.amounts[0] else "" for one in totals]
            columns.append(Column("ratio", "", True, list(map(Cell, ratios, differs))))
    return columns


def amount_text(quantity: str, amount: Amount, *, short: bool = False) -> str:
    """Write an amount of a quantity of the totals, a `short` one to three digits."""
    if amount is None:
        return NOTHING
    if isinstance(amount, tuple):
        alike = len(set(amount)) == 1 and quantity != "input"
        return number(amount[0]) if alike else shape_text(amount)
    if "bytes" in quantity:
        return size_text(amount)
    return si_text(amount) if short else number(amount)


def ratio_text(ratio: float | None) -> str:
    """Write a ratio to the first network: `x0.52`, `x0.00417`; where only more digits tell it from 1, `x1.00006`."""
    if ratio is None:
        return ""
    digits = 3
    while ratio != 1 and digits < CLOSEST and float(f"{ratio:.{digits - 1}g}") == 1:
        digits += 1
    return f"x{ratio:,.0f}" if ratio >= 1000 else f"x{ratio:.{digits}g}"


def _layers(comparison: Comparison, rows: Sequence[LayerRow], width: int) -> Iterator[Line]:
    columns = [*_names(comparison, rows), *_types(rows)]
    letters = ascii_uppercase[: len(comparison.candidates)]
    for kind, title, word in (
        ("output", later("output"), "shape"),
        ("params", later("params"), "parameters"),
        ("macs", later("MACs"), "macs"),
    ):
        for at, letter in enumerate(letters):
            shown = [_cell(row, at, word) for row in rows]
            columns.append(Column(kind, f"{say(title)} {letter}", kind != "output", shown))
    dropped: list[str] = []
    for kind in DROPPED_FIRST:
        if _width(columns) <= width:
            break
        gone = [column for column in columns if column.kind == kind]
        dropped += [column.title for column in gone]
        columns = [column for column in columns if column.kind != kind]
    yield from _drawn(columns, [row.differs for row in rows])
    if dropped:
        yield ""
        yield from left_out(dropped, width)


def _names(comparison: Comparison, rows: Sequence[LayerRow]) -> list[Column]:
    """Return one column of names, or one a network where aligned layers have other names."""
    if not any("name" in network for row in rows for network in row.differences):
        firsts = [next(part for part in row.parts if part is not None) for row in rows]
        return [Column("name", say("layer"), False, [Cell(part.name) for part in firsts])]
    found: list[Column] = []
    for at, letter in enumerate(ascii_uppercase[: len(comparison.candidates)]):
        parts = [row.parts[at] for row in rows]
        names = [Cell(NOTHING, True) if part is None else Cell(part.name) for part in parts]
        found.append(Column("name", say("layer {letter}", letter=letter), False, names))
    return found


def _types(rows: Sequence[LayerRow]) -> list[Column]:
    def text(row: LayerRow) -> str:
        present = [part for part in row.parts if part is not None]
        return "/".join(dict.fromkeys(_type_text(part) for part in present))

    return [Column("type", say("type"), False, [Cell(text(row)) for row in rows])]


def _type_text(part: Part) -> str:
    return part.type or say_count("{count} layer", "{count} layers", part.layers)


def _cell(row: LayerRow, at: int, word: str) -> Cell:
    """Return one network's cell: `=` where it is as the first that has this layer."""
    part = row.parts[at]
    if part is None:
        return Cell(NOTHING, True)
    first = next(place for place, one in enumerate(row.parts) if one is not None)
    if word != "shape" and not any(getattr(one, word) for one in row.parts if one is not None):
        return Cell("")
    if at != first and word not in row.differences[at]:
        return Cell(SAME)
    text = shape_text(part.output_shape) if word == "shape" else number(getattr(part, word))
    return Cell(text, word in row.differences[at])


def _width(columns: Sequence[Column]) -> int:
    return sum(2 + max([cells(column.title), *(cells(cell.text) for cell in column.cells)]) for column in columns)


def _drawn(columns: Sequence[Column], changed: Sequence[bool]) -> Iterator[Line]:
    """Yield the header and the lines, each with its mark."""
    widths = [max([cells(column.title), *(cells(cell.text) for cell in column.cells)]) for column in columns]

    def filled(text: str, at: int) -> str:
        return right(text, widths[at]) if columns[at].right else left(text, widths[at])

    yield [Piece(("  " + "  ".join(filled(column.title, at) for at, column in enumerate(columns))).rstrip(), "bold")]
    for index, marked in enumerate(changed):
        shown = [column.cells[index] for column in columns]
        while not shown[-1].text:
            shown.pop()
        pieces: list[Piece | str] = [Piece(f"{CHANGED if marked else ' '} ", "yellow")]
        for at, cell in enumerate(shown):
            text = filled(cell.text, at)
            text = f"{text}  " if at + 1 < len(shown) else text.rstrip()
            pieces.append(Piece(text, "yellow" if cell.differs else ""))
        yield pieces


def _conclusion(comparison: Comparison) -> str:
    differing = sum(row.differs for row in comparison.rows)
    if not differing and not any(total.differs for total in comparison.totals.values()):
        return say("no differences")
    return say_count(
        "~ {count} row of {all} differs; = as the first, - no such layer",
        "~ {count} rows of {all} differ; = as the first, - no such layer",
        differing,
        all=number(len(comparison.rows)),
    )


# -- findings


def broken_diagnostic(broken: Broken) -> Diagnostic:
    """Return a broken budget as it is told on stderr."""
    wording = size_text if broken.quantity == "memory" else number
    amounts = {"amount": wording(broken.amount), "bound": wording(broken.bound), "by": wording(broken.by)}
    return Diagnostic("E713", say(BROKEN[broken.quantity], network=broken.network, **amounts))


BROKEN = {
    "params": later("{network}: {amount} parameters are {by} more than the {bound} allowed"),
    "macs": later("{network}: {amount} MACs are {by} more than the {bound} allowed"),
    "memory": later("{network}: a peak of {amount} is {by} more than the {bound} allowed"),
    "rf": later("{network}: a receptive field of {amount} is {by} less than the {bound} required"),
}


def differs_diagnostic(found: Differs) -> Diagnostic:
    """Return an unexpected difference as it is told on stderr."""
    values = {
        "network": found.network,
        "layer": found.layer,
        "expected": _value_text(found.expected),
        "got": _value_text(found.got),
    }
    if found.what == "layers":
        template = NO_LAYER if found.got is None else ONE_MORE
        return Diagnostic("E714", say(template, **values))
    sentences = DIFFERS if found.layer else DIFFERS_WHOLE
    return Diagnostic("E714", say(sentences[found.what], **values))


NO_LAYER = later("{network}: there is no layer like {layer} of the first network")
ONE_MORE = later("{network}: the first network has no layer like {layer}")
DIFFERS = {
    "shapes": later("{network}: {layer} gives {got}, and {expected} in the first network"),
    "params": later("{network}: {layer} has {got} parameters, and {expected} in the first network"),
    "macs": later("{network}: {layer} has {got} MACs, and {expected} in the first network"),
    "buffers": later("{network}: {layer} has {got} buffers, and {expected} in the first network"),
    "types": later("{network}: {layer} is a {got}, and a {expected} in the first network"),
    "names": later("{network}: {layer} is called {expected} in the first network"),
}
DIFFERS_WHOLE = {
    "shapes": later("{network}: the input is {got}, and {expected} of the first network"),
    "rf": later("{network}: the receptive field of the last map is {got}, and {expected} of the first network"),
    "memory": later("{network}: the peak is {got} bytes, and {expected} of the first network"),
}


def _value_text(value: object) -> str:
    if isinstance(value, tuple):
        return shape_text(value)  # pyright: ignore[reportUnknownArgumentType]
    return number(value) if isinstance(value, int) else NOTHING if value is None else str(value)
