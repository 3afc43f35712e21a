"""The summary as rows and columns: which columns there are, which fit, and how rows are grouped to a depth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from cnncalc.analysis.report import LayerFacts, Report
from cnncalc.diagnostics import CnncalcError, Diagnostic, did_you_mean
from cnncalc.render.words import field_text, jump_text, kernel_text, size_text, start_text
from cnncalc.text import number, say, shape_text


class Row(NamedTuple):
    """One line of the table: a layer, or a group of `count` layers whose numbers are summed and whose last output stands."""

    index: int
    name: str
    type: str
    facts: LayerFacts
    count: int
    parameters: int
    buffers: int
    macs: int
    macs_without_padding: int
    flops: int
    activation_bytes: int


class Column(NamedTuple):
    """`text`: a cell for people. `plain`: the same for programs, without separators and units."""

    key: str
    title: str
    right: bool
    text: Callable[[Row], str]
    plain: Callable[[Row], object]


def _same(get: Callable[[Row], str]) -> tuple[Callable[[Row], str], Callable[[Row], object]]:
    return get, get


def _count(get: Callable[[Row], int]) -> tuple[Callable[[Row], str], Callable[[Row], object]]:
    return (lambda row: number(get(row))), get


COLUMNS: dict[str, Column] = {
    column.key: column
    for column in (
        Column("index", "#", True, *_count(lambda row: row.index)),
        Column("layer", say("layer"), False, *_same(lambda row: row.name)),
        Column("type", say("type"), False, *_same(lambda row: row.type)),
        Column(
            "inputs", say("from"), False, *_same(lambda row: " ".join(row.facts.node.inputs) if row.count == 1 else "")
        ),
        Column("output", say("output"), False, *_same(lambda row: shape_text(row.facts.node.output_shape))),
        Column(
            "kernel", say("kernel"), False, *_same(lambda row: kernel_text(row.facts.node) if row.count == 1 else "")
        ),
        Column(
            "params",
            say("params"),
            True,
            lambda row: number(row.parameters) if row.parameters else "",
            lambda row: row.parameters,
        ),
        Column(
            "buffers",
            say("buffers"),
            True,
            lambda row: number(row.buffers) if row.buffers else "",
            lambda row: row.buffers,
        ),
        Column("macs", say("MACs"), True, *_count(lambda row: row.macs)),
        Column("real_macs", say("MACs on data"), True, *_count(lambda row: row.macs_without_padding)),
        Column("flops", say("FLOPs"), True, *_count(lambda row: row.flops)),
        Column("rf", say("RF"), True, *_same(lambda row: field_text(row.facts.receptive.fields))),
        Column("jump", say("jump"), True, *_same(lambda row: jump_text(row.facts.receptive.fields))),
        Column("start", say("start"), True, *_same(lambda row: start_text(row.facts.receptive.fields))),
        Column(
            "memory", say("memory"), True, lambda row: size_text(row.activation_bytes), lambda row: row.activation_bytes
        ),
    )
}

DEFAULT = ("index", "layer", "type", "output", "kernel", "params", "macs", "rf", "memory")
DROPPED_FIRST = ("memory", "rf", "kernel", "type", "index")
"""The order in which columns give way on a narrow terminal."""


def rows(report: Report, depth: int | None = None) -> list[Row]:
    """Return a row a layer; with `depth`, layers that share their first `depth` name segments become one row."""
    if depth is None:
        return [_row(index, [facts], facts.node.name) for index, facts in enumerate(report.layers, 1)]
    groups = groupby(report.layers, key=lambda facts: ".".join(facts.node.name.split(".")[:depth]))
    return [_row(index, list(group), name) for index, (name, group) in enumerate(groups, 1)]


def _row(index: int, group: list[LayerFacts], name: str) -> Row:
    last = group[-1]
    alone = len(group) == 1
    return Row(
        index=index,
        name=last.node.name if alone else name,
        type=last.node.type if alone else say("{count} layers", count=len(group)),
        facts=last,
        count=len(group),
        parameters=sum(facts.held.parameter_count for facts in group),
        buffers=sum(facts.held.buffer_count for facts in group),
        macs=sum(facts.cost.macs for facts in group),
        macs_without_padding=sum(facts.cost.macs_without_padding for facts in group),
        flops=sum(facts.cost.flops for facts in group),
        activation_bytes=sum(facts.activation_bytes for facts in group),
    )


def chosen(names: str | None) -> list[Column]:
    """Return the columns of a comma-separated list, the default ones without it. Raises CnncalcError for an unknown one."""
    if names is None:
        return [COLUMNS[key] for key in DEFAULT]
    found: list[Column] = []
    for name in (part.strip() for part in names.split(",")):
        if name not in COLUMNS:
            near = did_you_mean(name, COLUMNS)
            help = (
                say("did you mean {name}?", name=near) if near else say("there are {names}", names=", ".join(COLUMNS))
            )
            raise CnncalcError([Diagnostic("E224", say("there is no column {name}", name=name), help=help)])
        found.append(COLUMNS[name])
    return found


class Fitted(NamedTuple):
    """The columns that fit, their widths in cells, and the titles of those left out."""

    columns: list[Column]
    widths: list[int]
    dropped: list[str]


GAP = 2


def fit(columns: Sequence[Column], cells: Sequence[Sequence[str]], width: int, *, keep_all: bool = False) -> Fitted:
    """Leave out columns, in the order of DROPPED_FIRST, until the rest fits in `width`."""
    widths = {
        column.key: max([len(column.title), *(len(row[at]) for row in cells)]) for at, column in enumerate(columns)
    }
    kept = list(columns)
    dropped: list[str] = []
    for key in () if keep_all else DROPPED_FIRST:
        if GAP + sum(widths[column.key] + GAP for column in kept) <= width + GAP:
            break
        for column in [column for column in kept if column.key == key]:
            kept.remove(column)
            dropped.append(column.title)
    return Fitted(kept, [widths[column.key] for column in kept], dropped)


def aligned(columns: Sequence[Column], widths: Sequence[int], cells: Iterable[str]) -> str:
    """Return one line of the table."""
    parts = [
        text.rjust(width) if column.right else text.ljust(width)
        for column, width, text in zip(columns, widths, cells, strict=True)
    ]
    return (" " * GAP).join(["", *parts]).rstrip()[1:]
