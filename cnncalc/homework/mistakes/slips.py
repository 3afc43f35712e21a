"""Slips: answers that are right for another layer, or right but for how they are written."""

from __future__ import annotations

from cnncalc.homework.mistakes.making import FIELDS, NONE, SHAPES, UNSHARED, listed
from cnncalc.homework.mistakes.totals import SUMMED
from cnncalc.homework.workings.fields import Chain
from cnncalc.homework.workings.peak import Peak
from cnncalc.homework.workings.products import Fixed, Product, Total
from cnncalc.homework.workings.sizes import Sizes
from cnncalc.homework.workings.working import Changed, Mistake, Working
from cnncalc.text import later

OF_LAYERS = SHAPES | FIELDS | SUMMED | UNSHARED | {"output_elements"}
COUNTS = SUMMED | UNSHARED | {"output_elements", "peak_memory"}


def _another(working: Working) -> tuple[Changed, ...]:
    """Give what another layer gives."""
    if not isinstance(working, Product | Sizes | Chain):
        return NONE
    return tuple(Changed(Fixed(value), {"layer": listed(names)}) for value, names in working.others)


def _rounded(working: Working) -> tuple[Changed, ...]:
    """Round the answer, from three digits on, and do not say so: 61,700 for 61,706, where `61.7k` would be right."""
    if not isinstance(working, Product | Total | Peak) or not isinstance(working.value[0], int):
        return NONE
    right = working.value[0]
    steps = [10**zeros for zeros in range(min(len(str(right)) - 3, 12), 0, -1)]
    found = {round_half_up(right, step): step for step in steps}
    return tuple(
        Changed(Fixed((rounded,)), {"rounded": said_rounded(rounded, step)}) for rounded, step in found.items()
    )


def round_half_up(value: int, step: int) -> int:
    """Return the multiple of `step` that is nearest, the upper one of two."""
    return (2 * value + step) // (2 * step) * step


_PREFIXES = (("k", 10**3), ("M", 10**6), ("G", 10**9), ("T", 10**12))


def said_rounded(rounded: int, step: int) -> str:
    """Write a multiple of `step`, at most 10^12, so that its rounding shows: `61.7k` for 61,700; `~160` for 160."""
    if rounded < 1000:
        return f"~{rounded}"
    able = [one for one in _PREFIXES if one[1] >= step]
    prefix, size = next((one for one in reversed(able) if one[1] <= rounded), able[0])
    decimals = len(str(size // step)) - 1
    digits = str(rounded // step).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}{prefix}" if decimals else f"{digits}{prefix}"


SLIPS: tuple[Mistake, ...] = (
    Mistake("another-layer", later("this is the answer for {layer}"), OF_LAYERS, _another, slip=True),
    Mistake(
        "rounded-unsaid",
        later("the number is rounded; write {rounded}, or the exact one"),
        COUNTS,
        _rounded,
        slip=True,
    ),
)
