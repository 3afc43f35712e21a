"""The transforms of Winograd's minimal filtering, F(m x m, r x r): Lavin and Gray 2016, "Fast algorithms for CNNs".

A tile of m x m outputs needs a tile d of n x n inputs, n = m + r - 1. With matrices B, G and A that depend on m and r
only, y = A^T ((G g G^T) * (B^T d B)) A, where * multiplies number by number: n x n multiplications for what the
definition does in m x m x r x r. Channels are summed before A, so that the multiplications become n x n independent
matrix products. The matrices evaluate polynomials at the points 0, 1, -1, (2, -2,) and infinity, multiply there, and
interpolate.

n = 6, for F(4x4, 3x3) and F(2x2, 5x5); B^T is the paper's:        n = 4, for F(2x2, 3x3):

     4   0  -5   0   1   0                                               1   0  -1   0
     0  -4  -4   1   1   0                                               0   1   1   0
     0   4  -4  -1   1   0                                               0  -1   1   0
     0  -2  -1   2   1   0                                               0   1   0  -1
     0   2  -1  -2   1   0
     0   4   0  -5   0   1

The functions below are about tiles, tuples of vectors row by row, with a vector for each number: 16 channels at once.
The transform of a tile is twice that of its columns, each time with rows and columns exchanged.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cnncalc.engine.native import inlined
from cnncalc.engine.plan.operation import Array
from cnncalc.engine.simd.emit import VECTOR_BYTES
from cnncalc.engine.simd.tile import add_tiles, load_tile, plus_times, spaced, store_tile
from cnncalc.engine.simd.vector import add, broadcast, fma, subtract

POINTS = {4: (0, 1, -1), 6: (0, 1, -1, 2, -2)}
"""For each n, where polynomials are evaluated; the last point is infinity."""
SCALES = {4: (1, 1 / 2, 1 / 2), 6: (1 / 4, -1 / 6, -1 / 6, 1 / 24, 1 / 24)}
"""For each n, what the interpolation multiplies each point with: moved into G, so that B^T has whole numbers."""


def transform_weights(weight: Array, n: int) -> Array:
    """Return G g G^T for each filter of weight (O, I, 1, r, r), as (n x n, O, I), reckoned in float64.

    Row i of G holds the powers of point i, scaled; for n = 6 and r = 3: 1/4 (1 0 0), -1/6 (1 1 1), -1/6 (1 -1 1),
    1/24 (1 2 4), 1/24 (1 -2 4), and (0 0 1).
    """
    out, channels, _, _, r = weight.shape
    powers = np.vander(np.array(POINTS[n], np.float64), r, increasing=True) * np.array(SCALES[n])[:, None]
    g = np.vstack([powers, np.eye(r)[-1]])
    return np.einsum("ai,ocij,bj->aboc", g, weight[:, :, 0].astype(np.float64), g, optimize=True).reshape(
        n * n, out, channels
    )


# ---- n = 6


@inlined
def _input_6(d: Any) -> Any:
    """B^T d for a column of 6, the rows of points 1 and -1, 2 and -2 in pairs: sum and difference of two halves."""
    even = fma(d[2], broadcast(np.float32(-4)), d[4])
    odd = fma(d[1], broadcast(np.float32(-4)), d[3])
    even2 = subtract(d[4], d[2])
    odd2 = subtract(d[3], d[1])
    return (
        fma(d[0], broadcast(np.float32(4)), fma(d[2], broadcast(np.float32(-5)), d[4])),
        add(even, odd),
        subtract(even, odd),
        fma(odd2, broadcast(np.float32(2)), even2),
        fma(odd2, broadcast(np.float32(-2)), even2),
        fma(d[1], broadcast(np.float32(4)), fma(d[3], broadcast(np.float32(-5)), d[5])),
    )


@inlined
def _row(x: Any) -> Any:
    return load_tile(spaced(x, VECTOR_BYTES, 6), 1, 0)


@inlined
def _put(d: Any, v: Any, point: Any) -> None:
    store_tile(_input_6(d), spaced(v, point, 6), 0)


@inlined
def input_6(x: Any, row: Any, v: Any, point: Any) -> None:
    """B^T d B for the tile of 6 x 6 at `x`, whose rows lie `row` bytes apart, written to `v`, `point` bytes apart.

    One row of B^T d after the other, or a pair: 36 numbers and what they come from would not fit into registers. So the
    rows of d are read more than once.
    """
    four, five = broadcast(np.float32(4)), broadcast(np.float32(-5))
    _put(plus_times(plus_times(_row(x + 4 * row), five, _row(x + 2 * row)), four, _row(x)), v, point)
    even = plus_times(_row(x + 4 * row), broadcast(np.float32(-4)), _row(x + 2 * row))
    odd = plus_times(_row(x + 3 * row), broadcast(np.float32(-4)), _row(x + row))
    _put(add_tiles(even, odd), v + 6 * point, point)
    _put(plus_times(even, broadcast(np.float32(-1)), odd), v + 12 * point, point)
    even = plus_times(_row(x + 4 * row), broadcast(np.float32(-1)), _row(x + 2 * row))
    odd = plus_times(_row(x + 3 * row), broadcast(np.float32(-1)), _row(x + row))
    _put(plus_times(even, broadcast(np.float32(2)), odd), v + 18 * point, point)
    _put(plus_times(even, broadcast(np.float32(-2)), odd), v + 24 * point, point)
    _put(plus_times(plus_times(_row(x + 5 * row), five, _row(x + 3 * row)), four, _row(x + row)), v + 30 * point, point)


@inlined
def _output_4_of_6(s: Any) -> Any:
    """A^T s for a column of 6: rows (1 1 1 1 1 0), (0 1 -1 2 -2 0), (0 1 1 4 4 0), (0 1 -1 8 -8 1)."""
    even = add(s[1], s[2])
    odd = subtract(s[1], s[2])
    even2 = add(s[3], s[4])
    odd2 = subtract(s[3], s[4])
    return (
        add(add(s[0], even), even2),
        fma(odd2, broadcast(np.float32(2)), odd),
        fma(even2, broadcast(np.float32(4)), even),
        fma(odd2, broadcast(np.float32(8)), add(odd, s[5])),
    )


@inlined
def output_4_of_6(s: Any) -> Any:
    """A^T s A: 4 x 4 outputs of F(4x4, 3x3) from 6 x 6 sums of products."""
    left = _output_4_of_6(s[0::6]) + _output_4_of_6(s[1::6]) + _output_4_of_6(s[2::6])
    right = _output_4_of_6(s[3::6]) + _output_4_of_6(s[4::6]) + _output_4_of_6(s[5::6])
    t = left + right
    return _output_4_of_6(t[0::4]) + _output_4_of_6(t[1::4]) + _output_4_of_6(t[2::4]) + _output_4_of_6(t[3::4])


@inlined
def _output_2_of_6(s: Any) -> Any:
    """A^T s for a column of 6: rows (1 1 1 1 1 0), (0 1 -1 2 -2 1)."""
    odd2 = subtract(s[3], s[4])
    return (
        add(add(s[0], add(s[1], s[2])), add(s[3], s[4])),
        fma(odd2, broadcast(np.float32(2)), add(subtract(s[1], s[2]), s[5])),
    )


@inlined
def output_2_of_6(s: Any) -> Any:
    """A^T s A: 2 x 2 outputs of F(2x2, 5x5) from 6 x 6 sums of products."""
    left = _output_2_of_6(s[0::6]) + _output_2_of_6(s[1::6]) + _output_2_of_6(s[2::6])
    right = _output_2_of_6(s[3::6]) + _output_2_of_6(s[4::6]) + _output_2_of_6(s[5::6])
    t = left + right
    return _output_2_of_6(t[0::2]) + _output_2_of_6(t[1::2])


# ---- n = 4


@inlined
def _input_4(d: Any) -> Any:
    """B^T d for a column of 4."""
    return subtract(d[0], d[2]), add(d[1], d[2]), subtract(d[2], d[1]), subtract(d[1], d[3])


@inlined
def _input_columns_4(d: Any) -> Any:
    return _input_4(d[0::4]) + _input_4(d[1::4]) + _input_4(d[2::4]) + _input_4(d[3::4])


@inlined
def input_4(x: Any, row: Any, v: Any, point: Any) -> None:
    """B^T d B for a tile of 4 x 4, read and written as by input_6."""
    d = load_tile(spaced(x, row, 4), 4, VECTOR_BYTES)
    store_tile(_input_columns_4(_input_columns_4(d)), spaced(v, 4 * point, 4), point)


@inlined
def _output_2_of_4(s: Any) -> Any:
    """A^T s for a column of 4: rows (1 1 1 0), (0 1 -1 -1)."""
    return add(add(s[0], s[1]), s[2]), subtract(subtract(s[1], s[2]), s[3])


@inlined
def output_2_of_4(s: Any) -> Any:
    """A^T s A: 2 x 2 outputs of F(2x2, 3x3) from 4 x 4 sums of products."""
    t = _output_2_of_4(s[0::4]) + _output_2_of_4(s[1::4]) + _output_2_of_4(s[2::4]) + _output_2_of_4(s[3::4])
    return _output_2_of_4(t[0::2]) + _output_2_of_4(t[1::2])


TRANSFORMS = {(6, 4): (input_6, output_4_of_6), (6, 2): (input_6, output_2_of_6), (4, 2): (input_4, output_2_of_4)}
"""(n, m) -> the transforms of inputs and outputs."""
