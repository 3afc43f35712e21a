"""Answers in a sheet: the tables of a Markdown file, or CSV with commas, semicolons or tabs.

A table is wide (a row a layer, a column a quantity) or long (a row a question, with a column for the answer).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import NamedTuple

from cnncalc.diagnostics import Span
from cnncalc.homework.notation.characters import MAX_WRITTEN
from cnncalc.homework.submission.collected import MAX_ANSWERS, Collector, student_line, without_emphasis
from cnncalc.text import say

LAYER = frozenset(("layer", "layers", "layer name", "name", "module", "node", "层", "层名", "网络层"))
QUESTION = frozenset(("question", "questions", "quantity", "item", "key", "题目", "问题", "量"))
ANSWER = frozenset(("answer", "answers", "value", "values", "your answer", "result", "答案", "回答", "值", "结果"))
NUMBERS = frozenset(("#", "no", "no.", "nr", "index", "序号", "编号"))
"""Columns that only count the rows."""


class Cell(NamedTuple):
    """A cell's text, without markup and blanks round it, and its place."""

    text: str
    span: Span


Row = list[Cell]

# -- Markdown


def is_rule(line: str) -> bool:
    """Whether a line is the `|---|---|` below the header of a Markdown table."""
    return "|" in line and "-" in line and not line.strip("|-: \t\r\n")


def read_markdown(collector: Collector) -> None:
    """Read every table of a Markdown file into `collector`. Raises CnncalcError (E553) where no table can be read."""
    lines = [line.rstrip("\r\n\x85\u2028\u2029") for _, line in collector.lines]
    at, tables = 0, 0
    while at < len(lines):
        if at + 1 < len(lines) and "|" in lines[at] and is_rule(lines[at + 1]):
            end = at + 2
            while end < len(lines) and "|" in lines[end] and lines[end].strip():
                end += 1
            rows = [_markdown_row(lines[row], row + 1, collector) for row in range(at + 2, end)]
            tables += _read_table(collector, _markdown_row(lines[at], at + 1, collector), rows)
            at = end
        else:
            collector.identify(*student_line(lines[at]))
            at += 1
    if not tables:
        raise _no_table(collector)


_CELL = re.compile(r"(?:[^|\\]|\\.?)*")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


def _markdown_row(line: str, number: int, collector: Collector) -> Row:
    start = len(line) - len(line.lstrip())
    start += line[start : start + 1] == "|"
    cells: Row = []
    while start <= len(line) and len(cells) <= MAX_ANSWERS:
        found = _CELL.match(line, start)
        end = found.end() if found else start
        if end == len(line) and cells and not line[start:].strip():
            break  # behind the closing |
        cells.append(_cell(collector, line[start:end], number, start))
        start = end + 1
    return [cell._replace(text=_unmarked(cell.text)) for cell in cells]


def _unmarked(text: str) -> str:
    """Take bold, italics and backticks round a cell away, and escapes in it."""
    text = without_emphasis(text)
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


def _cell(collector: Collector, raw: str, line: int, start: int) -> Cell:
    text = raw.strip()
    first = start + len(raw) - len(raw.lstrip()) + 1 if text else start + 1
    span = Span(collector.source, line, first, line, first + len(text))
    return Cell(_limited(collector, text, span), span)


def _limited(collector: Collector, text: str, span: Span) -> str:
    if len(text) > MAX_WRITTEN:
        message = say(
            "a cell of {size} characters; at most {limit} are read", size=f"{len(text):,}", limit=f"{MAX_WRITTEN:,}"
        )
        raise collector.error("E102", message, span, say("shorten it"))
    return text


# -- CSV


def delimiter_of(header: str) -> str:
    """Return what separates the columns of a header line, or nothing."""
    return next((mark for mark in "\t;," if mark in header), "")


def read_csv(collector: Collector) -> None:
    """Read CSV into `collector`. Raises CnncalcError (E553) where it has no header with the columns needed."""
    lines = [line for _, line in collector.lines]
    first = 0
    while first < len(lines) and _is_before_header(lines[first]):
        collector.identify(*student_line(lines[first]))
        first += 1
    delimiter = delimiter_of(lines[first]) if first < len(lines) else ""
    if not delimiter:
        raise _no_table(collector)
    rows = list(_csv_rows(collector, lines, first, delimiter))
    if not rows or not _read_table(collector, rows[0], rows[1:], delimiter):
        raise _no_table(collector)


def _is_before_header(line: str) -> bool:
    """Whether a line is blank, a comment (`# id: 2026001`), or Excel's `sep=;`."""
    comment = line.startswith("#") and line[1:2] not in ("", ",", ";", "\t")
    return comment or not line.strip() or line.startswith("sep=")


def _csv_rows(collector: Collector, lines: list[str], first: int, delimiter: str) -> Iterator[Row]:
    """Yield the rows, each cell with its place. A quoted cell may run over lines."""
    reader = csv.reader(iter(lines[first:]), delimiter=delimiter, skipinitialspace=True, strict=True)
    start = first
    while True:
        try:
            texts = next(reader, None)
        except csv.Error as error:
            at = min(first + reader.line_num, len(lines))
            message = say("not CSV: {problem}", problem=error)
            span = Span(collector.source, at, 1, at, 2)
            raise collector.error("E553", message, span, say('look for a missing " here or above')) from None
        if texts is None:
            return
        end = first + reader.line_num
        if any(text.strip() for text in texts):
            yield _placed(collector, texts, lines[start:end], start + 1, delimiter)
        start = end


def _placed(collector: Collector, texts: list[str], lines: list[str], number: int, delimiter: str) -> Row:
    """Find the place of each cell that the csv module has read from these lines."""
    raw = "".join(lines).rstrip("\r\n")
    pattern = re.compile(rf'[ ]*(?:"(?:[^"]|"")*"|[^{delimiter}]*)')
    cells: Row = []
    line, at, line_start = number, 0, 0
    for text in texts[: MAX_ANSWERS + 1]:
        found = pattern.match(raw, at)
        end = found.end() if found else at
        written = raw[at:end]
        first = at + len(written) - len(written.lstrip())
        last = first + len(written.strip())
        column = first - line_start + 1
        breaks = raw.count("\n", at, end)
        if breaks:
            line_start = raw.rindex("\n", at, end) + 1
        span = Span(collector.source, line, column, line + breaks, last - line_start + 1)
        cells.append(Cell(_limited(collector, text.strip(), span), span))
        line, at = line + breaks, end + 1
    return cells


# -- what a table means


class _Columns(NamedTuple):
    """Which column holds what; `question` is -1 in a wide table, `layer` -1 where none is named."""

    layer: int
    question: int
    answer: int


def _columns(header: Row) -> _Columns | None:
    names = [" ".join(cell.text.replace("_", " ").split()).casefold() for cell in header]
    answer = next((at for at, name in enumerate(names) if name in ANSWER), -1)
    question = next((at for at, name in enumerate(names) if name in QUESTION), -1)
    layer = next((at for at, name in enumerate(names) if name in LAYER), -1)
    if answer >= 0:
        if question < 0:
            question, layer = (layer, -1) if layer >= 0 else (0, -1)
        return _Columns(layer, question, answer) if question != answer else None
    if layer < 0 and names and not names[0]:
        layer = 0
    return _Columns(layer, -1, -1) if layer >= 0 and len(names) > 1 else None


def _read_table(collector: Collector, header: Row, rows: list[Row], delimiter: str = "") -> bool:
    """Hand on the answers of one table; whether its header could be understood."""
    columns = _columns(header)
    if columns is None:
        collector.warn("W554", say("a table without a column for the layer is not read"), header[0].span, _way_out())
        return False
    for row in rows:
        if len(row) > len(header):
            if delimiter and columns.answer == len(header) - 1:
                row = _stitched(collector, row, columns.answer)
            else:
                _too_wide(collector, row, header)
                continue
        if columns.answer >= 0:
            _long_row(collector, row, columns)
        else:
            _wide_row(collector, row, header, columns.layer)
    return True


def _long_row(collector: Collector, row: Row, columns: _Columns) -> None:
    keys = [row[at].text for at in (columns.layer, columns.question) if 0 <= at < len(row) and row[at].text]
    answer = row[columns.answer] if columns.answer < len(row) else Cell("", row[-1].span)
    if keys:
        collector.answer(".".join(keys), answer.text, answer.span)
    elif answer.text:
        _nameless(collector, answer)


def _wide_row(collector: Collector, row: Row, header: Row, layer: int) -> None:
    name = row[layer].text if layer < len(row) else ""
    if not name:
        if any(cell.text for cell in row):
            _nameless(collector, row[0])
        return
    for at, column in enumerate(header):
        if at != layer and column.text and column.text.casefold() not in NUMBERS:
            cell = row[at] if at < len(row) else Cell("", row[-1].span)
            collector.answer(f"{name}.{column.text}", cell.text, cell.span)


def _stitched(collector: Collector, row: Row, answer: int) -> Row:
    """Put an unquoted `conv1.parameters,2,416` together again: behind the question, all is the answer."""
    first, last = row[answer].span, row[-1].span
    if first.line != last.end_line:
        text = ",".join(cell.text for cell in row[answer:])
    else:
        text = collector.lines[first.line - 1][1][first.column - 1 : last.end_column - 1].strip()
    span = first._replace(end_line=last.end_line, end_column=last.end_column)
    collector.warn(
        "W552",
        say("CSV ends the value at the comma; it is read as {value}", value=text),
        span,
        say('put quotes round it: "{value}"', value=text),
    )
    return [*row[:answer], Cell(_limited(collector, text, span), span)]


def _too_wide(collector: Collector, row: Row, header: Row) -> None:
    collector.warn(
        "W553",
        say(
            "this row has {count} cells and the header {columns}; the row is not read",
            count=len(row),
            columns=len(header),
        ),
        row[0].span._replace(end_line=row[-1].span.end_line, end_column=row[-1].span.end_column),
        say('put quotes round a value with a comma, "2,416", and a \\ before a | in a value'),
    )


def _nameless(collector: Collector, cell: Cell) -> None:
    message = say("this row names no layer and no question; it is not read")
    collector.warn("W553", message, cell.span, say("write the name in its column"))


def _no_table(collector: Collector) -> Exception:
    where = next((one.span for one in collector.found if one.code == "W554"), None)
    return collector.error("E553", say("no table of answers was found"), where, _way_out())


def _way_out() -> str:
    return say("begin with a header: layer, output shape, parameters (a row a layer), or question, answer")
