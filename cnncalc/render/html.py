"""The summary in a notebook: one table, no script, every text escaped."""

from __future__ import annotations

from html import escape

from cnncalc.analysis.report import Report
from cnncalc.render.summary import head_text, total_parts
from cnncalc.render.table import chosen, rows
from cnncalc.render.words import clean
from cnncalc.text import number, say, shape_text

MOST_ROWS = 2000


def report_html(report: Report) -> str:
    """Return a report as an HTML fragment."""
    columns = chosen(None)
    table = rows(report)
    head = "".join(f"<th>{escape(say(column.title))}</th>" for column in columns)
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="text-align:{"right" if column.right else "left"}">{escape(clean(column.text(row)))}</td>'
            for column in columns
        )
        + "</tr>"
        for row in table[:MOST_ROWS]
    )
    caption = say("{name}, input {shape}", name=clean(report.graph.name), shape=shape_text(report.graph.input_shape))
    lines = ["   ".join(total_parts(report)), *(head_text(one) for one in report.heads)]
    if len(table) > MOST_ROWS:
        lines.append(say("the first {count} layers are shown", count=number(MOST_ROWS)))
    foot = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{foot}"
    )
