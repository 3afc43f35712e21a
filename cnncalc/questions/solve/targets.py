"""What is wanted of a network: `14x14`, `512x14x14`, `params<=1M`, `rf>=100`, `memory<=20MiB`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from cnncalc.analysis.report import Report
from cnncalc.graph import Node
from cnncalc.questions.amounts import parse_bytes, parse_count
from cnncalc.questions.solve.ranges import refused
from cnncalc.text import Shape, say

Reading = int | Shape
"""What a network has: a number, or sizes."""


class Target(NamedTuple):
    """A wanted quantity, how it is compared (=, <=, >=, < or >), and the number, or the sizes an axis."""

    quantity: str
    comparison: str
    wanted: Reading


SHAPE = "shape"

NUMBERS: dict[str, Callable[[str], int]] = {
    "rf": parse_count,
    "params": parse_count,
    "macs": parse_count,
    "flops": parse_count,
    "memory": parse_bytes,
    "layers": parse_count,
}
"""What can be wanted besides a shape, and how an amount of it is read."""

ALSO_CALLED = {"parameters": "params", "receptive_field": "rf", "output_shape": SHAPE}

_TARGET = re.compile(r"([A-Za-z_]+)\s*(<=|>=|=|<|>)\s*(.+)")
_SIZES = re.compile(r"[0-9]{1,15}(?:[x×][0-9]{1,15}){0,3}")


def parse_target(text: str) -> Target:
    """Return the target of a text. Raises CnncalcError (E720, or E711 for an amount that cannot be read)."""
    match = _TARGET.fullmatch(text.strip())
    name, sign, amount = match.groups() if match else (SHAPE, "=", text.strip())
    quantity = ALSO_CALLED.get(name.lower(), name.lower())
    if quantity in NUMBERS:
        return Target(quantity, sign, NUMBERS[quantity](amount))
    if quantity != SHAPE or not _SIZES.fullmatch(amount):
        names = ", ".join(NUMBERS)
        raise refused(
            say("--target {text} names nothing that can be wanted", text=text or '""'),
            say("write 14x14, 512x14x14, or one of {names} with <=, >= or =: params<=1M", names=names),
        )
    return Target(quantity, sign, tuple(int(part) for part in re.split("[x×]", amount)))


def read(target: Target, node: Node, report: Report | None) -> Reading:
    """Return what a network has of the wanted quantity at a node; `report` is needed for all but shapes.

    Of a shape as many sizes, from the last, as are wanted; one size alone is every spatial axis's: 7 asks for 7x7.
    """
    if target.quantity != SHAPE:
        assert report is not None
        return _number(target.quantity, report, node.name)
    shape = node.output_shape
    wanted = len(target.wanted) if isinstance(target.wanted, tuple) else 1
    return shape[-wanted:] if wanted > 1 else shape[1:] or shape


def _number(quantity: str, report: Report, layer: str) -> int:
    """Return a number of the network; of `rf` the layer's own, on the axis that sees least. `memory` is the peak."""
    totals = report.totals
    match quantity:
        case "rf":
            return min((field.size for field in report.layer(layer).receptive.fields), default=1)
        case "params":
            return totals.parameters
        case "macs":
            return totals.macs
        case "flops":
            return totals.flops
        case "memory":
            return totals.peak_bytes
        case _:
            return len(report.graph.executed)


def distance(target: Target, reading: Reading) -> int | None:
    """Return how far a reading is from its target, 0 where it is met; None where the axes do not agree."""
    if not isinstance(reading, tuple) or not isinstance(target.wanted, tuple):
        assert isinstance(reading, int) and isinstance(target.wanted, int)
        return _lacking(target.comparison, reading, target.wanted)
    wanted = target.wanted * len(reading) if len(target.wanted) == 1 else target.wanted
    if len(wanted) != len(reading):
        return None
    return sum(_lacking(target.comparison, one, other) for one, other in zip(reading, wanted, strict=True))


_LACKING: Mapping[str, Callable[[int, int], int]] = {
    "=": lambda got, wanted: abs(got - wanted),
    "<=": lambda got, wanted: max(0, got - wanted),
    ">=": lambda got, wanted: max(0, wanted - got),
    "<": lambda got, wanted: max(0, got - wanted + 1),
    ">": lambda got, wanted: max(0, wanted - got + 1),
}


def _lacking(comparison: str, got: int, wanted: int) -> int:
    return _LACKING[comparison](got, wanted)
