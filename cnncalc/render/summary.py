"""The summary as people read it: a heading, the table, the totals, and how they were counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncalc.analysis.report import HeadFacts, Report
from cnncalc.render.screen import Line, Piece, Screen
from cnncalc.render.table import Column, aligned, fit, rows
from cnncalc.render.words import cells, clean, folded, size_text
from cnncalc.text import number, say, shape_text


def show_summary(
    screen: Screen, report: Report, columns: Sequence[Column], depth: int | None, *, keep_all: bool
) -> None:
    """Draw the summary as wide as the screen allows; `keep_all` keeps columns the user asked for."""
    screen.show(summary_lines(report, columns, depth, screen.width, keep_all=keep_all))


def summary_lines(
    report: Report, columns: Sequence[Column], depth: int | None, width: int, *, keep_all: bool
) -> Iterator[Line]:
    """Yield the summary's lines for a screen of `width` columns."""
    yield from heading(report, width)
    yield ""
    table = rows(report, depth)
    texts = [[column.text(row) for column in columns] for row in table]
    fitted = fit(columns, texts, width, keep_all=keep_all)
    places = [columns.index(column) for column in fitted.columns]
    yield [Piece(aligned(fitted.columns, fitted.widths, [say(column.title) for column in fitted.columns]), "bold")]
    for row in texts:
        yield aligned(fitted.columns, fitted.widths, [row[place] for place in places])
    yield ""
    yield from wrapped(total_parts(report), width)
    yield from wrapped([training_text(report)], width)
    counted = say("FLOPs = 2 MACs; bias, normalisation, pooling and activations are not counted (see: cnncalc count)")
    yield from wrapped([counted], width)
    if report.batch > 1:
        yield from wrapped(
            [say("MACs and FLOPs are for one input, memory is for the batch of {batch}", batch=report.batch)], width
        )
    for head in report.heads:
        yield from wrapped([head_text(head)], width)
    if fitted.dropped:
        yield from left_out(fitted.dropped, width)


def heading(report: Report, width: int) -> Iterator[Line]:
    """Yield the line that names the network and what it was analysed for; two where one is too narrow."""
    name = clean(report.graph.name)
    shape = shape_text(report.graph.input_shape)
    what = say("input {shape}   batch {batch}   {dtype}", shape=shape, batch=report.batch, dtype=report.dtype)
    if cells(name) + 3 + cells(what) <= width:
        yield [Piece(name, "bold"), f"   {what}"]
        return
    yield [Piece(name, "bold")]
    yield from folded(what, width)


def left_out(titles: Sequence[str], width: int) -> Iterator[Line]:
    """Yield the footer that names the columns a narrow terminal has no room for."""
    text = say("left out to fit: {names} (a wider terminal or a pipe shows them)", names=say(", ").join(titles))
    yield from ([Piece(line, "dim")] for line in folded(text, width))


def total_parts(report: Report) -> list[str]:
    """Return the totals, each a phrase that stays whole where the line is folded."""
    totals = report.totals
    parts = [
        say("params {count} ({size})", count=number(totals.parameters), size=size_text(totals.parameter_bytes)),
        say("MACs {count}", count=number(totals.macs)),
        say("FLOPs {count}", count=number(totals.flops)),
        say("peak {size} at {layer}", size=size_text(totals.peak_bytes), layer=totals.peak_at),
    ]
    if totals.macs_without_padding != totals.macs:
        parts.insert(2, say("of them on data, not padding, {count}", count=number(totals.macs_without_padding)))
    if totals.buffers:
        parts.insert(1, say("buffers {count}", count=number(totals.buffers)))
    return parts


def training_text(report: Report) -> str:
    """Return the memory to train: parameters, gradients, optimizer states and every layer's kept output."""
    total = report.totals.training.total
    return say(
        "to train: SGD {sgd}, with momentum {momentum}, Adam {adam}",
        sgd=size_text(total["sgd"]),
        momentum=size_text(total["momentum"]),
        adam=size_text(total["adam"]),
    )


def head_text(head: HeadFacts) -> str:
    """Return a head's line: what it adds, and whether the totals have it."""
    params = sum(facts.held.parameter_count for facts in head.layers)
    macs = sum(facts.cost.macs for facts in head.layers)
    if head.train_only:
        return say(
            "head {name}: only for training, not in the totals: params {params}, MACs {macs}",
            name=head.name,
            params=number(params),
            macs=number(macs),
        )
    return say(
        "head {name}: in the totals: params {params}, MACs {macs}",
        name=head.name,
        params=number(params),
        macs=number(macs),
    )


def wrapped(parts: Sequence[str], width: int) -> Iterator[str]:
    """Yield phrases three spaces apart, folded between them, and between words where one alone is too long."""
    line = ""
    for part in parts:
        if line and cells(line) + 3 + cells(part) > width:
            yield from folded(line, width)
            line = part
        else:
            line = f"{line}   {part}" if line else part
    yield from folded(line, width)
