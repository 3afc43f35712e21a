"""What a build server is told: budgets that a network breaks, and differences where none were expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from cnncalc.diagnostics import CnncalcError, Diagnostic, did_you_mean
from cnncalc.questions.compare import Comparison, LayerRow
from cnncalc.text import Shape, say

EQUAL_IN = ("shapes", "params", "macs", "buffers", "rf", "memory", "types", "names")
"""In what networks may be expected to agree."""

EXPECTED = ("shapes", "params", "macs")
"""In what they are where nothing else is said."""

_BY_LAYER = {
    "shapes": "shape",
    "params": "parameters",
    "macs": "macs",
    "buffers": "buffers",
    "types": "type",
    "names": "name",
}
_BY_TOTAL = {"rf": "receptive_field", "memory": "peak_bytes", "shapes": "input"}


class Budgets(NamedTuple):
    """The most, or the least, that every network may have; None for no bound. `memory` is the peak, in bytes."""

    params: int | None = None
    macs: int | None = None
    memory: int | None = None
    rf: int | None = None


class Broken(NamedTuple):
    """A network that is `by` over the most, or under the least, it may have of a quantity."""

    network: str
    quantity: str
    amount: int
    bound: int
    by: int


class Differs(NamedTuple):
    """A network that is not as the first in one layer, or, where `layer` is empty, as a whole.

    `what` is one of EQUAL_IN, or `layers` where one of the two has no such layer.
    """

    network: str
    layer: str
    what: str
    expected: int | str | Shape | None
    got: int | str | Shape | None


def broken_budgets(comparison: Comparison, budgets: Budgets) -> list[Broken]:
    """Return which network breaks which budget, and by how much. A receptive field is that of the narrowest axis."""
    totals = {"params": "parameters", "macs": "macs", "memory": "peak_bytes", "rf": "receptive_field"}
    found: list[Broken] = []
    for quantity, bound in budgets._asdict().items():
        if bound is None:
            continue
        amounts = comparison.totals[totals[quantity]].amounts if totals[quantity] in comparison.totals else ()
        for candidate, amount in zip(
            comparison.candidates, amounts or (None,) * len(comparison.candidates), strict=True
        ):
            size = min(amount) if isinstance(amount, tuple) else amount or 0
            by = bound - size if quantity == "rf" else size - bound
            if by > 0:
                found.append(Broken(candidate.label, quantity, size, bound, by))
    return found


def parse_equal(text: str) -> tuple[str, ...]:
    """Return the names of a list with commas, each one of EQUAL_IN. Raises CnncalcError (E712)."""
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for name in names:
        if name not in EQUAL_IN:
            near = did_you_mean(name, EQUAL_IN)
            help = (
                say("did you mean {name}?", name=near) if near else say("there are {names}", names=", ".join(EQUAL_IN))
            )
            raise CnncalcError(
                [Diagnostic("E712", say("networks cannot be equal in {name}", name=name or '""'), help=help)]
            )
    return names


def differences(comparison: Comparison, expected: Sequence[str] = EXPECTED) -> list[Differs]:
    """Return where a network is not as the first in what was expected; `comparison` is without a depth.

    A layer that only one of the two has is always a difference.
    """
    found: list[Differs] = []
    for name in expected:
        found += _in_total(comparison, name)
    for row in comparison.rows:
        found += _in_row(comparison, row, {_BY_LAYER[name]: name for name in expected if name in _BY_LAYER})
    return found


def _in_total(comparison: Comparison, name: str) -> Iterator[Differs]:
    total = comparison.totals.get(_BY_TOTAL.get(name, ""))
    if total is None:
        return
    first = total.amounts[0]
    for candidate, amount in list(zip(comparison.candidates, total.amounts, strict=True))[1:]:
        if amount != first:
            yield Differs(candidate.label, "", name, first, amount)


def _in_row(comparison: Comparison, row: LayerRow, wanted: Mapping[str, str]) -> Iterator[Differs]:
    first = row.parts[0]
    for candidate, part in list(zip(comparison.candidates, row.parts, strict=True))[1:]:
        if first is None or part is None:
            if first is not part:
                has = first or part
                assert has is not None
                yield Differs(candidate.label, has.name, "layers", first and first.name, part and part.name)
            continue
        for word, name in wanted.items():
            field = "output_shape" if word == "shape" else word
            if getattr(first, field) != getattr(part, field):
                yield Differs(candidate.label, part.name, name, getattr(first, field), getattr(part, field))
