"""The rows of a sweep as CSV, JSON and JSON Lines: written row by row, and read again by a sweep that goes on."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from typing import Any

from cnncalc.graph import INPUT
from cnncalc.questions.sweep.evaluate import Row
from cnncalc.questions.sweep.quantities import ERROR, MARK, Cell, Column
from cnncalc.render.to_json import SCHEMA_VERSION
from cnncalc.render.words import clean
from cnncalc.text import shape_text

MARKS = {True: "yes", False: "no", None: ""}


class Csv:
    """A header line, then a line a row; shapes as 3x224x224, the mark as yes or no."""

    between = b"\n"
    last = b"\n"

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self.first = _csv_line([*(column.key for column in columns), MARK, ERROR]) + b"\n"
        self.empty = self.first

    def line(self, row: Row, mark: bool | None) -> bytes:
        """Return one line."""
        cells = [_text(cell, column) for cell, column in zip(row.cells, self._columns, strict=True)]
        return _csv_line([*cells, MARKS[mark], clean(row.error)])

    def row(self, line: bytes) -> Row:
        """Return the row of a line. Raises ValueError."""
        found: list[str] = next(csv.reader([line.decode()], strict=True), list[str]())
        if len(found) != len(self._columns) + 2:
            raise ValueError("another number of cells")
        cells = [_from_text(text, column) for text, column in zip(found, self._columns, strict=False)]
        return Row(tuple(cells), found[-1])


class JsonLines:
    """An object a line."""

    first = b""
    between = b"\n"
    last = b"\n"
    empty = b""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns

    def line(self, row: Row, mark: bool | None) -> bytes:
        """Return one line."""
        cells = {column.key: _value(cell, column) for cell, column in zip(row.cells, self._columns, strict=True)}
        return json.dumps({**cells, MARK: mark, ERROR: row.error or None}).encode()

    def row(self, line: bytes) -> Row:
        """Return the row of a line. Raises ValueError."""
        found: Any = json.loads(line)
        try:
            values = [found[column.key] for column in self._columns]
            error = found[ERROR] or ""
        except (KeyError, TypeError, IndexError):
            raise ValueError("no row") from None
        return Row(tuple(map(_from_value, values)), error)


class Json(JsonLines):
    """One object, whose `rows` are a line each."""

    between = b",\n"
    last = b"\n]}\n"

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__(columns)
        head = json.dumps({"schema_version": SCHEMA_VERSION, "columns": [column.key for column in columns]})[:-1]
        self.first = f'{head}, "rows": [\n'.encode()
        self.empty = f'{head}, "rows": []}}\n'.encode()


FORMS = {"csv": Csv, "json": Json, "jsonl": JsonLines}
"""By the ending of a file's name."""


def cell_text(cell: Cell, column: Column) -> str:
    """Write shapes and sizes as 3x224x224; a size that is the same along all axes once; nothing for None."""
    if isinstance(cell, tuple):
        return str(cell[0]) if column.kind == "size" and len(set(cell)) == 1 else shape_text(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return "" if cell is None else str(cell)


def _text(cell: Cell, column: Column) -> str:
    return clean(cell_text(cell, column))


def _csv_line(cells: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue().encode("utf-8", "backslashreplace")


def _from_text(text: str, column: Column) -> Cell:
    """Return the value of a cell. Raises ValueError where a quantity's is none."""
    if not text:
        return None
    if column.kind in ("size", "shape") or (not column.quantity and column.key == INPUT):
        return tuple(map(int, text.split("x")))
    if column.kind in ("count", "bytes") or re.fullmatch(r"-?\d+", text):
        return int(text)
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text)
    except ValueError:
        return text


def _value(cell: Cell, column: Column) -> object:
    if isinstance(cell, tuple):
        return cell[0] if column.kind == "size" and len(set(cell)) == 1 else list(cell)
    return cell


def _from_value(value: Any) -> Cell:
    if isinstance(value, list):
        return tuple(int(size) for size in value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return value
