"""The transforms of minimal filtering in one dimension, F(m, r), from the points that polynomials are evaluated at.

m outputs of a filter g of r taps need n = m + r - 1 inputs d: y = A^T ((G g) * (B^T d)), n multiplications for what the
definition does in m x r. The matrices are those of Toom and Cook's way to multiply polynomials, transposed (Blahut,
Fast Algorithms for Signal Processing, 2010, chapter 5; Lavin and Gray 2016). With the points a_0 .. a_(n-2), and
infinity as the last:

- row j of G is (1, a_j, a_j^2, ...), divided by the product of a_j - a_l over all other points; the last is (0 .. 0 1);
- row j of B^T holds the coefficients of the product of x - a_l over all other points; the last, that over all points;
- column j of A^T is (1, a_j, a_j^2, ...); the last is (0 .. 0 1).

Here the points are 0, infinity, and pairs a and -a, so that n is even. The polynomials of a pair are x (x + a) q(x^2)
and x (x - a) q(x^2), q being the product of t - b^2 over the other pairs: even and odd inputs are summed once for both.

How far a point lies from 1, and from the next, decides how errors grow (Barabasz, Anderson, Soodhalter and Gregg 2020).
For n = 10 and 12 the pairs below are, among multiples of 1/8, within a few percent of the least error that was found in
trials with 7 taps and 192 channels; for n = 6 they are those of Lavin and Gray.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.polynomial.polynomial as polynomial

from cnncalc.engine.lazy import Later, intrinsic
from cnncalc.engine.plan.operation import Array
from cnncalc.engine.simd.emit import LANES, emit_tile, sum_of_product

ir: Any = Later("llvmlite.ir")
types: Any = Later("cnncalc.engine.vector_types")
cgutils: Any = Later("numba.core.cgutils")

PAIRS = {6: (1.0, 2.0), 10: (0.5, 0.75, 1.25, 2.5), 12: (0.375, 0.75, 1.0, 1.375, 2.5)}
"""For each n, the points besides 0 and infinity, without those of the other sign."""


def transform_taps(taps: Array, n: int) -> Array:
    """Return G g for each filter of `taps` (O, I, r), as (n, O, I), reckoned in float64."""
    r = taps.shape[-1]
    points = np.array([0.0, *(sign * a for a in PAIRS[n] for sign in (1, -1))])
    apart = points[:, None] - points + np.eye(n - 1)
    g = np.vstack([np.vander(points, r, increasing=True) / apart.prod(axis=1)[:, None], np.eye(r)[-1]])
    return np.einsum("ak,ock->aoc", g, taps.astype(np.float64), optimize=True)


@intrinsic
def input_line(_: Any, d: Any) -> Any:
    """B^T d for n vectors."""
    pairs = PAIRS[d.count]

    def code(builder: Any, args: Any) -> list[Any]:
        inputs = cgutils.unpack_tuple(builder, args[0])
        even, odd = inputs[0::2], inputs[1::2]
        every = _product(pairs)
        rows = [_weighted(builder, even, every)]
        for a in pairs:
            others = _product([b for b in pairs if b != a])
            high, low = _weighted(builder, even[1:], others), _weighted(builder, odd[:-1], others)
            rows += [_plus_times(builder, high, a, low), _plus_times(builder, high, -a, low)]
        return [*rows, _weighted(builder, odd, every)]

    return d(d), emit_tile(code)


@intrinsic(prefer_literal=True)
def output_line(_: Any, s: Any, m: Any) -> Any:
    """A^T s: m outputs from n sums of products."""
    pairs, count = PAIRS[s.count], m.literal_value

    def code(builder: Any, args: Any) -> list[Any]:
        first, *paired, last = cgutils.unpack_tuple(builder, args[0])
        both = list(zip(paired[0::2], paired[1::2], strict=True))
        sums = [builder.fadd(x, y) for x, y in both], [builder.fsub(x, y) for x, y in both]
        outputs = [_weighted(builder, sums[power % 2], [a**power for a in pairs]) for power in range(count)]
        outputs[0] = builder.fadd(outputs[0], first)
        outputs[-1] = builder.fadd(outputs[-1], last)
        return outputs

    return types.UniTuple(types.vector, count)(s, m), emit_tile(code)


def _product(roots: Any) -> list[float]:
    """The coefficients of the product of t - b^2 over some b, that of t^0 first."""
    return [float(number) for number in polynomial.polyfromroots([b * b for b in roots])]


def _weighted(builder: Any, vectors: list[Any], weights: list[float]) -> Any:
    """The sum of weight times vector, from the last to the first."""
    total = builder.fmul(vectors[-1], _constant(weights[-1])) if weights[-1] != 1 else vectors[-1]
    for vector, weight in zip(vectors[-2::-1], weights[-2::-1], strict=True):
        total = _plus_times(builder, total, weight, vector)
    return total


def _plus_times(builder: Any, total: Any, weight: float, vector: Any) -> Any:
    return builder.fadd(total, vector) if weight == 1 else sum_of_product(builder, vector, _constant(weight), total)


def _constant(number: float) -> Any:
    return ir.Constant(types.VECTOR, [number] * LANES)
