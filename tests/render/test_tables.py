"""Tables for other programs: nothing in a cell may act as code there."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from cnncalc.analysis.receptive import Field
from cnncalc.analysis.report import Report, analyze
from cnncalc.graph import Graph
from cnncalc.render.html import report_html
from cnncalc.render.table import COLUMNS, DROPPED_FIRST, aligned, chosen, fit, rows
from cnncalc.render.tables import FORMATS, safe_cell
from cnncalc.render.words import field_text, jump_text, start_text
from cnncalc.spec.load import loads

HOSTILE = "<script>alert(1)</script>&\u202e\x1b[31m"


def graph(name: str = "net") -> Graph:
    network = loads(
        "input: [1, 8, 8]\nlayers:\n  - {name: under_score, type: Conv2d, out_channels: 2, kernel_size: 3}\n"
    )
    return replace(network, name=name)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start):
    assert safe_cell(f"{start}cmd|'/c calc'!A0") == f"'{start}cmd|'/c calc'!A0"


@pytest.mark.parametrize("value", ["conv1", "-3", -3, 0, "6x28x28", "", "1-2"])
def test_other_cells_stay_as_they_are(value):
    assert safe_cell(value) == value and type(safe_cell(value)) is type(value)


def called(name: str) -> Report:
    """Return a report whose layer has a name that no spec may give it."""
    report = analyze(graph())
    facts = report.layers[0]
    return report._replace(layers=(facts._replace(node=replace(facts.node, name=name)),))


def test_a_formula_in_the_csv_is_quoted():
    for form, separator in (("csv", ","), ("tsv", "\t")):
        assert FORMATS[form](called("=1+1"), chosen("layer,macs"), None).splitlines()[1] == f"'=1+1{separator}648"


def test_markdown_and_latex_escape_what_means_something_there():
    assert "under\\_score" in FORMATS["latex"](analyze(graph()), chosen("layer"), None)
    assert "| a\\|b |" in FORMATS["markdown"](called("a|b"), chosen("layer"), None)


def test_a_notebook_s_table_is_escaped_and_has_no_script():
    report = analyze(graph(HOSTILE))
    shown = report._repr_html_()
    assert shown == report_html(report)
    assert "<script" not in shown and "&lt;script&gt;" in shown and "\x1b" not in shown and "\u202e" not in shown
    assert shown.startswith("<table>") and ">under_score</td>" in shown and "params 20" in shown


def test_a_notebook_s_table_is_not_endless():
    report = analyze(loads("input: [1, 8, 8]\nlayers: [{type: ReLU, repeat: 2100}]\n"))
    shown = report_html(report)
    assert shown.count("<tr>") == 2001 and "the first 2,000 layers are shown" in shown


def test_columns_leave_in_the_stated_order_until_the_rest_fits():
    table = rows(analyze(graph()))
    columns = chosen(None)
    texts = [[column.text(row) for column in columns] for row in table]
    full = fit(columns, texts, 10_000)
    wide = len(aligned(full.columns, full.widths, [column.title for column in full.columns]))
    assert fit(columns, texts, wide).dropped == [] and fit(columns, texts, wide - 1).dropped == ["memory"]
    assert fit(columns, texts, 1).dropped == [COLUMNS[key].title for key in DROPPED_FIRST]
    assert fit(columns, texts, 1, keep_all=True).dropped == []


def test_fields_as_text():
    square, oblong = (Field(5, 2, -1),) * 2, (Field(5, 2, -1), Field(7, Fraction(7, 2), 0))
    assert (field_text(square), jump_text(square), start_text(square)) == ("5", "2", "-1")
    assert (field_text(oblong), jump_text(oblong), start_text(oblong)) == ("5x7", "2x7/2", "-1,0")
    assert (field_text(()), jump_text(()), start_text(())) == ("-", "-", "-")
    assert jump_text((Field(32, 0, 0),)) == "all"
