"""The summary as rows and columns: which columns there are, which fit, and how rows are grouped to a depth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from cnncalc.analysis.report import LayerFacts, Report
from cnncalc.diagnostics import CnncalcError, Diagnostic, did_you_mean
from cnncalc.render.words import cells, field_text, jump_text, kernel_text, left, right, size_text, start_text
from cnncalc.text import later, number, say, say_count, shape_text


@dataclass(frozen=True)
class Row:
    """A line of the table: a layer, or `count` layers whose numbers are summed and whose last output stands."""

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
    """`text`: a cell for people. `plain`: the same for programs, without separators and units. `title`: a template."""

    key: str
    title: str
    right: bool
    text: Callable[[Row], str]
    plain: Callable[[Row], object]


def _text(key: str, title: str, get: Callable[[Row], str], *, right: bool = False) -> Column:
    return Column(key, title, right, get, get)


def _count(key: str, title: str, get: Callable[[Row], int], *, zero: str = "0") -> Column:
    """Return a column of counts; `zero`: what people see for none."""

    def text(row: Row) -> str:
        count = get(row)
        return number(count) if count else zero

    return Column(key, title, True, text, get)


def _of_one(get: Callable[[Row], str]) -> Callable[[Row], str]:
    """Return a cell that only a single layer has, not a group."""
    return lambda row: get(row) if row.count == 1 else ""


def _bytes(row: Row) -> int:
    return row.activation_bytes


def _memory(row: Row) -> str:
    return size_text(row.activation_bytes)


COLUMNS: dict[str, Column] = {
    column.key: column
    for column in (
        _count("index", "#", lambda row: row.index),
        _text("layer", later("layer"), lambda row: row.name),
        _text("type", later("type"), lambda row: row.type),
        _text("inputs", later("from"), _of_one(lambda row: " ".join(row.facts.node.inputs))),
        _text("output", later("output"), lambda row: shape_text(row.facts.node.output_shape)),
        _text("kernel", later("kernel"), _of_one(lambda row: kernel_text(row.facts.node))),
        _count("params", later("params"), lambda row: row.parameters, zero=""),
        _count("buffers", later("buffers"), lambda row: row.buffers, zero=""),
        _count("macs", later("MACs"), lambda row: row.macs),
        _count("real_macs", later("MACs on data"), lambda row: row.macs_without_padding),
        _count("flops", later("FLOPs"), lambda row: row.flops),
        _text("rf", later("RF"), lambda row: field_text(row.facts.receptive.fields), right=True),
        _text("jump", later("jump"), lambda row: jump_text(row.facts.receptive.fields), right=True),
        _text("start", later("start"), lambda row: start_text(row.facts.receptive.fields), right=True),
        Column("memory", later("memory"), True, _memory, _bytes),
    )
}

DEFAULT = ("index", "layer", "type", "output", "kernel", "params", "macs", "rf", "memory")
DROPPED_FIRST = ("memory", "rf", "kernel", "type", "index")
"""The order in which columns give way on a narrow terminal."""


def rows(report: Report, depth: int | None = None) -> list[Row]:
    """Return a row a layer that runs, heads last; with `depth`, those that share so many name segments are one row."""
    layers = [*report.layers, *(facts for head in report.heads if not head.train_only for facts in head.layers)]
    if depth is None:
        return [_row(index, [facts], facts.node.name) for index, facts in enumerate(layers, 1)]
    groups = groupby(layers, key=lambda facts: ".".join(facts.node.name.split(".")[:depth]))
    return [_row(index, list(group), name) for index, (name, group) in enumerate(groups, 1)]


def _row(index: int, group: list[LayerFacts], name: str) -> Row:
    last = group[-1]
    alone = len(group) == 1
    return Row(
        index=index,
        name=last.node.name if alone else name,
        type=last.node.type if alone else say_count("{count} layer", "{count} layers", len(group)),
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
    """Return the columns of a list with commas, the default ones without it. Raises CnncalcError for an unknown one."""
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


def fit(columns: Sequence[Column], texts: Sequence[Sequence[str]], width: int, *, keep_all: bool = False) -> Fitted:
    """Leave out columns, in the order of DROPPED_FIRST, until the rest fits in `width`."""
    widths = {
        column.key: max([cells(say(column.title)), *(cells(row[at]) for row in texts)])
        for at, column in enumerate(columns)
    }
    kept = list(columns)
    dropped: list[str] = []
    for key in () if keep_all else DROPPED_FIRST:
        if sum(widths[column.key] + GAP for column in kept) - 1 <= width:
            break
        for column in [column for column in kept if column.key == key]:
            kept.remove(column)
            dropped.append(say(column.title))
    return Fitted(kept, [widths[column.key] for column in kept], dropped)


def aligned(columns: Sequence[Column], widths: Sequence[int], texts: Iterable[str]) -> str:
    """Return one line of the table."""
    parts = [
        right(text, width) if column.right else left(text, width)
        for column, width, text in zip(columns, widths, texts, strict=True)
    ]
    return (" " * GAP).join(["", *parts]).rstrip()[1:]
