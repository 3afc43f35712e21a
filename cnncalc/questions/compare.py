"""Networks side by side: their totals with the ratio to the first, and their layers in common rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from cnncalc.analysis.report import LayerFacts, Report, analyze
from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.graph import Graph
from cnncalc.questions.align import aligned_rows
from cnncalc.text import Shape, say

MOST = 26
"""Networks at once: each has a letter."""

Amount = int | Shape | None
"""A count, bytes, sizes; None where a network has nothing of the kind."""


class Candidate(NamedTuple):
    """A network to be compared. `nonzero` and `stored_bytes` are known of one that was made lighter."""

    label: str
    report: Report
    nonzero: int | None = None
    stored_bytes: int | None = None
    notes: tuple[str, ...] = ()


class Part(NamedTuple):
    """One layer, or `layers` of them whose numbers are summed and whose last output stands."""

    name: str
    type: str
    layers: int
    output_shape: Shape
    parameters: int
    buffers: int
    macs: int


class Total(NamedTuple):
    """One quantity of every network, and its ratio to that of the first; None where that is no number, or 0."""

    quantity: str
    amounts: tuple[Amount, ...]
    ratios: tuple[float | None, ...]

    @property
    def differs(self) -> bool:
        """Whether not all networks agree."""
        return len(set(self.amounts)) > 1


class LayerRow(NamedTuple):
    """What stands in one place of the networks; None for a network that has nothing there.

    `differences`, one entry a network: which of `missing`, `name`, `type`, `shape`, `parameters`, `buffers` and `macs`
    are not as in the first network that has something here.
    """

    parts: tuple[Part | None, ...]
    differences: tuple[tuple[str, ...], ...]

    @property
    def differs(self) -> bool:
        """Whether more than the names differ."""
        return any(one != "name" for network in self.differences for one in network)


class Comparison(NamedTuple):
    """All of it. `totals` are by quantity, in the order they are shown."""

    candidates: tuple[Candidate, ...]
    totals: dict[str, Total]
    rows: tuple[LayerRow, ...]


def _input(candidate: Candidate) -> Amount:
    return candidate.report.graph.input_shape


def receptive_field(report: Report) -> Amount:
    """Return the field of the last feature map whose units see different parts of the input: sizes an axis.

    Beyond it every unit sees the same. Gates, which see the whole input, are left out, as in papers. None where there
    is no such map.
    """
    for facts in reversed(report.layers):
        fields = facts.receptive.without_gate
        if fields and not facts.receptive.flat and all(field.jump for field in fields):
            return tuple(field.size for field in fields)
    return None


TOTALS: dict[str, Callable[[Candidate], Amount]] = {
    "input": _input,
    "layers": lambda one: len(one.report.graph.executed),
    "parameters": lambda one: one.report.totals.parameters,
    "nonzero_parameters": lambda one: one.nonzero,
    "buffers": lambda one: one.report.totals.buffers,
    "macs": lambda one: one.report.totals.macs,
    "macs_without_padding": lambda one: one.report.totals.macs_without_padding,
    "flops": lambda one: one.report.totals.flops,
    "receptive_field": lambda one: receptive_field(one.report),
    "peak_bytes": lambda one: one.report.totals.peak_bytes,
    "parameter_bytes": lambda one: one.report.totals.parameter_bytes,
    "stored_bytes": lambda one: one.stored_bytes,
    "activation_bytes": lambda one: one.report.totals.activation_bytes,
    "training_bytes_sgd": lambda one: one.report.totals.training.total["sgd"],
    "training_bytes_adam": lambda one: one.report.totals.training.total["adam"],
}
"""What is compared of whole networks. Bytes are for the batch, counts for one input."""


def compare(
    first: Graph | Report | Candidate, *others: Graph | Report | Candidate, depth: int | None = None
) -> Comparison:
    """Return networks side by side; the first is what the others are held against.

    Graphs are analysed for a batch of 1 in float32; give reports for another. With `depth`, layers that share so many
    segments of their names are one row. One network stands alone. Raises CnncalcError (E710) for more than 26.
    """
    candidates = tuple(_candidate(one) for one in (first, *others))
    if len(candidates) > MOST:
        problem = say("at most {most} networks can be compared, not {count}", count=len(candidates), most=MOST)
        raise CnncalcError([Diagnostic("E710", problem, help=say("compare fewer at once"))])
    totals = {name: _total(name, [read(one) for one in candidates]) for name, read in TOTALS.items()}
    kept = {name: total for name, total in totals.items() if set(total.amounts) != {None}}
    if "nonzero_parameters" in kept and kept["nonzero_parameters"].amounts == kept["parameters"].amounts:
        del kept["nonzero_parameters"]
    rows = aligned_rows([parts(one.report, depth) for one in candidates])
    return Comparison(candidates, kept, tuple(LayerRow(row, _differences(row)) for row in rows))


def _candidate(one: Graph | Report | Candidate) -> Candidate:
    if isinstance(one, Candidate):
        return one
    report = one if isinstance(one, Report) else analyze(one)
    return Candidate(report.graph.name, report)


def _total(name: str, amounts: Sequence[Amount]) -> Total:
    sizes = [_size(amount) if name != "input" else None for amount in amounts]
    first = sizes[0]
    return Total(name, tuple(amounts), tuple(one / first if first and one is not None else None for one in sizes))


def _size(amount: Amount) -> int | None:
    """Return one number for an amount: of sizes an axis the largest."""
    return max(amount) if isinstance(amount, tuple) else amount


def parts(report: Report, depth: int | None = None) -> list[Part]:
    """Return the layers that inference runs, heads last; with `depth`, those below one name are one part."""
    layers = [*report.layers, *(facts for head in report.heads if not head.train_only for facts in head.layers)]
    if depth is None:
        return [_part([facts], facts.node.name) for facts in layers]
    groups = groupby(layers, key=lambda facts: ".".join(facts.node.name.split(".")[:depth]))
    return [_part(list(group), name) for name, group in groups]


def _part(group: list[LayerFacts], name: str) -> Part:
    last = group[-1].node
    alone = len(group) == 1
    return Part(
        last.name if alone else name,
        last.type if alone else "",
        len(group),
        last.output_shape,
        sum(facts.held.parameter_count for facts in group),
        sum(facts.held.buffer_count for facts in group),
        sum(facts.cost.macs for facts in group),
    )


def _differences(row: Sequence[Part | None]) -> tuple[tuple[str, ...], ...]:
    first = next(one for one in row if one is not None)
    return tuple(tuple(_unlike(first, one)) for one in row)


def _unlike(first: Part, other: Part | None) -> Iterable[str]:
    if other is None:
        return ["missing"]
    fields = {
        "name": "name",
        "type": "type",
        "layers": "type",
        "output_shape": "shape",
        "parameters": "parameters",
        "buffers": "buffers",
        "macs": "macs",
    }
    return dict.fromkeys(word for field, word in fields.items() if getattr(first, field) != getattr(other, field))
