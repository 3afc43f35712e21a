"""Whether what a student wrote is a given value: other notations, rounding and units are taken as they are meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from cnncalc.analysis.memory import BITS
from cnncalc.homework.assignment import Counting
from cnncalc.homework.marks import Named, Value
from cnncalc.homework.notation import Written
from cnncalc.homework.notation.units import MULTIPLIERS
from cnncalc.homework.quantities import Asked
from cnncalc.text import later, say

FEWEST_DIGITS = 2
"""A rounded number with fewer digits fits too many numbers to be an answer."""

DECIMALS = 2
"""To how many decimals a value that is no whole number must be right where the question does not say."""

MISREAD = {
    "unit-missing": later("the number is in {unit}, and no unit is written"),
    "macs-called-flops": later("these are multiply-accumulates (MACs), and they are called FLOPs"),
    "flops-called-macs": later("these are FLOPs, two a multiply-accumulate, and they are called MACs"),
    "bits-called-bytes": later("the number is in bits, and it is called bytes"),
    "bytes-called-bits": later("the number is in bytes, and it is called bits"),
    "elements-called-bytes": later("these are elements, and the question is about bytes"),
    "bytes-for-numbers": later("these are bytes, and the question is how many numbers there are"),
    "wrong-unit": later("the unit {unit} does not belong to this quantity"),
}
"""Mistakes in how a right number is written, by name: what each tells the student."""


class Reading(NamedTuple):
    """One way to take what was written: its value, how far it may be off, what was assumed, the mistake in it."""

    value: Value
    slack: Fraction
    notes: tuple[str, ...] = ()
    mistake: Named | None = None

    def fits(self, wanted: Value) -> bool:
        """Whether it is `wanted`; one number stands for sides that are all alike."""
        value = self.value
        if len(value) != len(wanted):
            if len(value) != 1 or len(set(wanted)) != 1:
                return False
            value *= len(wanted)
        if not self.slack:
            return value == wanted
        return all(abs(mine - other) <= self.slack for mine, other in zip(value, wanted, strict=True))


def readings(written: Written, asked: Asked, wanted: Value, counting: Counting, decimals: int) -> Iterator[Reading]:
    """Yield the ways to take an answer: first as it is written, then with each mistake of notation put right.

    `wanted` is a value the question could have, which says how many axes there are and what is a whole number.
    """
    if asked.about.kind == "shape":
        yield _shape(written, len(wanted), counting)
        return
    if written.is_shape or asked.about.kind == "size":
        yield Reading(written.numbers, written.slack)
        return
    tolerance = _tolerance(written, asked, wanted, decimals)
    number = written.numbers[0]
    plain = _in_unit(number, written, asked, counting)
    if plain is not None:
        yield Reading((plain[0],), tolerance * plain[0] / number if number else tolerance, plain[1])
    yield from _misread(number, tolerance, written, asked, counting)


def means(written: Written, asked: Asked, value: Value, counting: Counting, decimals: int = DECIMALS) -> bool:
    """Whether what was written, with nothing wrong in it, is `value`."""
    first = next(readings(written, asked, value, counting, decimals), None)  # what is as written comes first
    return first is not None and first.mistake is None and first.fits(value)


def _tolerance(written: Written, asked: Asked, wanted: Value, decimals: int) -> Fraction:
    slack = written.slack if written.digits >= FEWEST_DIGITS else Fraction()
    if asked.quantity == "output":
        return max(slack, Fraction(1, 2 * 10**decimals))
    if Fraction(wanted[0]).denominator != 1:
        return max(slack, Fraction(1, 2 * 10**DECIMALS))
    return slack


def _shape(written: Written, axes: int, counting: Counting) -> Reading:
    """Take a shape channels first, without a batch axis."""
    sizes = written.numbers
    notes: list[str] = []
    if len(sizes) == axes + 1 and sizes[0] in (1, counting.batch):
        sizes = sizes[1:]
        notes.append(say("the batch axis is left aside: shapes here have none"))
    layout = written.layout.upper()
    if not layout and counting.channels == "last" and len(sizes) > 1:
        layout = "DHWC"[-len(sizes) :]
    if "C" in layout and len(layout) == len(sizes) > 1:
        at = layout.index("C")
        sizes = (sizes[at], *sizes[:at], *sizes[at + 1 :])
    if axes == 1 and len(sizes) > 1 and written.total is not None:
        sizes = (written.total,)  # 16*5*5 = 400
    if axes == 1 and len(sizes) > 1 and set(sorted(sizes)[:-1]) == {1}:
        sizes = (max(sizes),)
        notes.append(say("a vector is taken for a map of one position"))
    return Reading(tuple(sizes), written.slack, tuple(notes))


def _in_unit(
    number: Fraction, written: Written, asked: Asked, counting: Counting
) -> tuple[Fraction, tuple[str, ...]] | None:
    """Return the number in the quantity's own unit and what was done, or None where the unit is another thing's."""
    wanted, unit = asked.about.unit, written.unit
    if unit in ("", wanted) or (wanted == "" and unit == "element") or {unit, wanted} == {"element", "parameter"}:
        return number, ()
    factor = _factors(counting).get((unit, wanted))
    if factor is None:
        return None
    return number * factor, (say("{unit} is converted to {wanted}", unit=unit, wanted=wanted),)


def _factors(counting: Counting) -> dict[tuple[str, str], Fraction]:
    flops = counting.flops_per_mac
    return {
        ("MAC", "FLOP"): Fraction(flops),
        ("FLOP", "MAC"): Fraction(1, flops),
        ("bit", "B"): Fraction(1, 8),
    }


def _misread(
    number: Fraction, slack: Fraction, written: Written, asked: Asked, counting: Counting
) -> Iterator[Reading]:
    """Yield what was probably meant, with the mistake of notation that it takes."""
    unit, wanted = written.unit, asked.about.unit
    for name, factor in _slips(written, wanted, counting):
        sentence = say(MISREAD[name], unit=unit)
        yield Reading((number * factor,), slack * factor, mistake=Named(name, sentence))
    if not unit and not written.prefix:
        half = _half_digit(written.text)
        for name, factor in _SCALES.get(wanted, ()):
            meant = Named("unit-missing", say(MISREAD["unit-missing"], unit=name))
            yield Reading((number * factor,), half * factor, mistake=meant)


def _slips(written: Written, wanted: str, counting: Counting) -> Sequence[tuple[str, Fraction]]:
    """Return the units that may have been confused, with what the number as read is then multiplied with."""
    unit, bytes_each = written.unit, Fraction(BITS[counting.dtype], 8)
    confused = {
        ("FLOP", "MAC"): [("macs-called-flops", Fraction(1))],
        ("MAC", "FLOP"): [("flops-called-macs", Fraction(1))],
        ("B", "B"): [("bits-called-bytes", Fraction(1, 8))],
        ("bit", "B"): [("bytes-called-bits", Fraction(1))],
        ("element", "B"): [("elements-called-bytes", bytes_each)],
        ("parameter", "B"): [("elements-called-bytes", bytes_each)],
        ("B", "parameter"): [("bytes-for-numbers", 1 / bytes_each)],
        ("B", "element"): [("bytes-for-numbers", 1 / bytes_each)],
    }
    found = confused.get((unit, wanted), [])
    if not unit or unit == wanted or (found and wanted in ("MAC", "FLOP", "B")):
        return found
    multiplier = MULTIPLIERS.get(written.prefix, 1)
    return [*found, ("wrong-unit", Fraction(1)), *([("wrong-unit", Fraction(1, multiplier))] if multiplier > 1 else [])]


_THOUSANDS = (("k", 10**3), ("M", 10**6), ("G", 10**9))
_SCALES: dict[str, Sequence[tuple[str, int]]] = {
    "B": (("KiB", 2**10), ("MiB", 2**20), ("GiB", 2**30), ("KB", 10**3), ("MB", 10**6), ("GB", 10**9)),
    "MAC": tuple((f"{prefix}MACs", factor) for prefix, factor in _THOUSANDS),
    "FLOP": tuple((f"{prefix}FLOPs", factor) for prefix, factor in _THOUSANDS),
    "parameter": (("k", 10**3), ("M", 10**6)),
}
"""What a number without a unit may have been meant in, by the unit of the quantity."""


def _half_digit(text: str) -> Fraction:
    """Return half a unit of the last decimal written."""
    found = re.search(r"[.．]([0-9０-９]+)", text)
    return Fraction(1, 2 * 10 ** len(found[1])) if found else Fraction()
