"""Logarithms and powers of vectors of 16 float32, to within a few units in the last place."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnncalc.engine.kernels.activations import HALF, LN_2, LN_2_HIGH, LN_2_LOW, LOG, ONE, ROUNDER, ZERO, exp
from cnncalc.engine.native import inlined
from cnncalc.engine.simd.vector import (
    add,
    broadcast,
    exponent,
    fma,
    mantissa,
    maximum,
    minimum,
    multiply,
    polynomial,
    power_of_two,
    subtract,
    where_less,
)

SMALLEST = np.float32(2.0**-126)
"""Below numbers lose digits; they count as 0 here."""
LARGEST = np.float32(3.4028235e38)
INFINITY, NAN = np.float32(np.inf), np.float32(np.nan)
MOST = np.float32(250)
"""2 ** n is 0 or infinite in float32, in two halves, from here on."""


@inlined
def _log_of_mantissa(x: Any) -> Any:
    """log(m) for x = m * 2**e with sqrt(1/2) <= m < sqrt(2), by the polynomial of Cephes' logf."""
    f = subtract(mantissa(x), broadcast(ONE))
    square = multiply(f, f)
    return add(f, fma(square, broadcast(-HALF), multiply(multiply(square, f), polynomial(f, LOG))))


@inlined
def log(x: Any) -> Any:
    """The natural logarithm: -inf for 0, NaN for what is negative or NaN."""
    e = exponent(x)
    y = fma(e, broadcast(LN_2_HIGH), fma(e, broadcast(LN_2_LOW), _log_of_mantissa(x)))
    y = where_less(x, broadcast(SMALLEST), broadcast(-INFINITY), y)
    y = where_less(broadcast(LARGEST), x, broadcast(INFINITY), y)
    return where_less(broadcast(-SMALLEST), x, y, broadcast(NAN))


@inlined
def power(x: Any, p: Any) -> Any:
    """The power x ** p, NaN where x is negative or NaN.

    With x = m * 2**e, the power is 2 ** (p e) * exp(p log(m)). The product p e is split, without error, into an integer
    and the rest, so that the result is as exact far from 1 as near it.
    """
    e = exponent(x)
    e = where_less(x, broadcast(SMALLEST), broadcast(np.float32(-1e9)), e)
    e = where_less(broadcast(LARGEST), x, broadcast(np.float32(1e9)), e)
    product = multiply(p, e)
    rest = fma(p, e, subtract(broadcast(ZERO), product))
    product = minimum(maximum(product, broadcast(-MOST)), broadcast(MOST))
    rounder = broadcast(ROUNDER)
    n = subtract(add(product, rounder), rounder)
    rest = minimum(maximum(add(subtract(product, n), rest), broadcast(-ONE)), broadcast(ONE))
    factor = exp(fma(rest, broadcast(LN_2), multiply(p, _log_of_mantissa(x))))
    half = fma(n, broadcast(HALF), rounder)
    first = power_of_two(half)
    second = power_of_two(add(subtract(n, subtract(half, rounder)), rounder))
    y = multiply(multiply(factor, first), second)
    return where_less(broadcast(-SMALLEST), x, y, broadcast(NAN))
