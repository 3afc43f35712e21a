"""The summary for other programs and papers: CSV, TSV, Markdown, LaTeX. Plain integers in CSV and TSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence

from cnncalc.analysis.report import Report
from cnncalc.render.table import Column, Row, rows
from cnncalc.text import number, say

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: text that starts like one is quoted."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS) and not value.lstrip("-").isdecimal():
        return f"'{value}"
    return value


def csv_text(report: Report, columns: Sequence[Column], depth: int | None, delimiter: str = ",") -> str:
    """Return a header and a row a layer."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow([column.key for column in columns])
    for row in rows(report, depth):
        writer.writerow([safe_cell(column.plain(row)) for column in columns])
    return out.getvalue()


def tsv_text(report: Report, columns: Sequence[Column], depth: int | None) -> str:
    """Return a header and a row a layer, tabs between."""
    return csv_text(report, columns, depth, "\t")


def markdown_text(report: Report, columns: Sequence[Column], depth: int | None) -> str:
    """Return a table with the totals in its last row."""
    lines = [[say(column.title) for column in columns], ["---:" if column.right else ":---" for column in columns]]
    lines += [[_escaped(column.text(row), "|") for column in columns] for row in rows(report, depth)]
    lines.append(_total_cells(report, columns, "**{}**"))
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def latex_text(report: Report, columns: Sequence[Column], depth: int | None) -> str:
    """Return a tabular with the totals in its last row; it needs no package."""
    spec = "".join("r" if column.right else "l" for column in columns)
    table: list[Row] = rows(report, depth)
    lines = [
        rf"\begin{{tabular}}{{{spec}}}",
        r"\hline",
        _latex_row([say(column.title) for column in columns]),
        r"\hline",
    ]
    lines += [_latex_row([column.text(row) for column in columns]) for row in table]
    lines += [r"\hline", _latex_row(_total_cells(report, columns, "{}")), r"\hline", r"\end{tabular}"]
    return "\n".join(lines) + "\n"


def _total_cells(report: Report, columns: Sequence[Column], form: str) -> list[str]:
    totals = report.totals
    values = {
        "layer": say("total"),
        "params": number(totals.parameters),
        "buffers": number(totals.buffers),
        "macs": number(totals.macs),
        "real_macs": number(totals.macs_without_padding),
        "flops": number(totals.flops),
    }
    return [form.format(values[column.key]) if column.key in values else "" for column in columns]


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(_escaped(cell, "#$%&_{}") for cell in cells) + r" \\"


def _escaped(text: str, special: str) -> str:
    return "".join(f"\\{character}" if character in special else character for character in text)


FORMATS: dict[str, Callable[[Report, Sequence[Column], int | None], str]] = {
    "csv": csv_text,
    "tsv": tsv_text,
    "markdown": markdown_text,
    "latex": latex_text,
}
