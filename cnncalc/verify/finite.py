"""Infinities and NaN in what a run is given, and the results they spoil.

The fast engine multiplies by zeros that stand for "not part of this sum", and Winograd sums what it later takes away
again. An infinity becomes NaN there, also in results that by the definition are numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cnncalc.diagnostics import Diagnostic
from cnncalc.graph import INPUT
from cnncalc.text import Shape, say, say_count
from cnncalc.verify.checks import Check
from cnncalc.verify.proof import Array


class NotFinite(NamedTuple):
    """How many numbers of the input, or of the tensor `name`, are infinite or NaN; the first, and where it is."""

    name: str
    amount: int
    value: float
    place: Shape


def not_finite(x: Array, weights: Mapping[str, Array]) -> Iterator[NotFinite]:
    """Yield what holds such numbers: the input (N, ...), then tensors. The place has N's axis where N is above 1."""
    for name, array in ((INPUT, x[0] if len(x) == 1 else x), *weights.items()):
        if array.size and not is_finite(array, array.dtype):
            wrong = ~np.isfinite(array)
            first = tuple(int(at) for at in np.unravel_index(int(wrong.argmax()), array.shape))
            yield NotFinite(name, int(wrong.sum()), float(array[first]), first)


def is_finite(array: Array, dtype: npt.DTypeLike = np.float32) -> bool:
    """Whether all numbers of an array are such and `dtype` can hold them; it takes no memory beside it."""
    with np.errstate(invalid="ignore"):
        most = max(abs(float(array.min(initial=0))), abs(float(array.max(initial=0))))
    return most <= float(np.finfo(dtype).max)


def finite_warnings(x: Array, weights: Mapping[str, Array], *, fast: bool) -> list[Diagnostic]:
    """Return a warning for each that holds such numbers (W613). `fast`: the fast engine runs, and may spread them."""
    help = say("the fast engine may give NaN in more places than the definitions, which --dtype float64 runs")
    found = not_finite(x, weights)
    return [Diagnostic("W613", _told(one, str(x.dtype)), help=help if fast else "") for one in found]


def _told(found: NotFinite, dtype: str) -> str:
    first = {"value": str(found.value), "index": ",".join(map(str, found.place)), "dtype": dtype}
    if found.name == INPUT:
        return say_count(
            "the input holds {count} number that is not finite in {dtype}: {value} at {index}",
            "the input holds {count} numbers that are not finite in {dtype}, the first {value} at {index}",
            found.amount,
            **first,
        )
    return say_count(
        "tensor {name} holds {count} number that is not finite in {dtype}: {value} at {index}",
        "tensor {name} holds {count} numbers that are not finite in {dtype}, the first {value} at {index}",
        found.amount,
        name=found.name,
        **first,
    )


class Compared(NamedTuple):
    """How far results are apart; None where nothing could be compared. `spread`: the numbers left out of that."""

    check: Check | None
    spread: int


def compared(found: Array, right: Array, bound: float, *, spoiled: bool) -> Compared:
    """Return the largest difference as a share of the largest number.

    The same infinity is no difference, nor is NaN for one, nor an infinity for a number beyond float32. `spoiled`: such
    numbers are about, so that one in place of a number is left out.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        held = np.asarray(right, np.float32)
        known = np.isfinite(held)
        same: Array = (found == np.where(known, right, held)) | (np.isnan(found) & ~known)
        spread = known & ~np.isfinite(found) if spoiled else np.zeros(known.shape, np.bool_)
        apart: Array = np.abs(np.where(same | spread, 0.0, found - right))
        numbers = np.abs(right[known])
    left_out = int(spread.sum())
    if left_out and left_out == int(known.sum()) and not apart.any():
        return Compared(None, left_out)
    largest = float(numbers.max()) if numbers.size else 0.0
    error = float(apart.max()) / (largest or 1.0)
    return Compared(Check("relative error", bound, error, within=error <= bound), left_out)
