"""Where the parameters and MACs of a network lie: as few rows as can be read at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from cnncalc.analysis.report import LayerFacts, Report

MOST_ROWS = 40
"""So many rows a picture has, if nobody asks for a depth."""


class Share(NamedTuple):
    """What neighbouring layers whose names begin alike hold and cost together.

    `type` is that of a single layer, or empty. The rest, which is too small for rows of its own, has no name.
    """

    name: str
    type: str
    layers: int
    parameters: int
    macs: int


class Shares(NamedTuple):
    """The rows in execution order, and what is not in them.

    `depth` is how many segments of the names were kept, None where no name was cut. `rest` is what the smallest rows
    add up to, None where all have their row. `idle` counts the layers that have neither parameters nor MACs.
    """

    rows: list[Share]
    rest: Share | None
    idle: int
    depth: int | None
    parameters: int
    macs: int


def shares(report: Report, depth: int | None = None) -> Shares:
    """Return where parameters and MACs lie, over the layers in the totals.

    Without `depth`, names are cut at the most segments that give at most MOST_ROWS rows; where even one gives more, the
    largest rows are kept.
    """
    layers = [*report.layers, *(facts for head in report.heads if not head.train_only for facts in head.layers)]
    working = [facts for facts in layers if facts.held.parameter_count or facts.cost.macs]
    rest = None
    deepest = max((facts.node.name.count(".") + 1 for facts in working), default=1)
    if depth is not None:
        rows = _grouped(working, depth)
    else:
        rows = _grouped(working, deepest)
        if len(rows) > MOST_ROWS:
            depth = next((one for one in range(deepest - 1, 0, -1) if len(_grouped(working, one)) <= MOST_ROWS), 1)
            rows, rest = _largest(_grouped(working, depth), report)
    depth = depth if depth is not None and depth < deepest else None
    return Shares(rows, rest, len(layers) - len(working), depth, report.totals.parameters, report.totals.macs)


def _grouped(layers: Sequence[LayerFacts], depth: int) -> list[Share]:
    found: list[Share] = []
    for name, group in groupby(layers, key=lambda facts: ".".join(facts.node.name.split(".")[:depth])):
        members = list(group)
        alone = members[0].node if len(members) == 1 else None
        found.append(
            Share(
                alone.name if alone else name,
                alone.type if alone else "",
                len(members),
                sum(facts.held.parameter_count for facts in members),
                sum(facts.cost.macs for facts in members),
            )
        )
    return found


def _largest(rows: list[Share], report: Report) -> tuple[list[Share], Share | None]:
    """Keep the rows with the largest part of either total, in order; the others are one."""
    if len(rows) <= MOST_ROWS:
        return rows, None
    parameters, macs = max(1, report.totals.parameters), max(1, report.totals.macs)
    order = sorted(rows, key=lambda row: -max(row.parameters / parameters, row.macs / macs))
    kept = set(order[:MOST_ROWS])
    left = [row for row in rows if row not in kept]
    counts = (sum(row.layers for row in left), sum(row.parameters for row in left), sum(row.macs for row in left))
    return [row for row in rows if row in kept], Share("", "", *counts)


def part(amount: int, total: int) -> float:
    """Return an amount as a part of a total, 0 of nothing."""
    return amount / total if total else 0.0
