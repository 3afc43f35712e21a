"""Maps read at other places: Upsample, and what only moves positions: PixelShuffle, PixelUnshuffle, CenterCrop.

An axis of an upsampling is a table: for each output position the input positions it is read from, and the weight of
each. Positions of weight 0 are not read, so that nothing is said to depend on them.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any

import numpy as np

from cnncalc.engine.jit import kernel
from cnncalc.engine.reference.operation import Array, Done, Tensors, shaped, volume
from cnncalc.text import Shape

NOT_READ = -1
SHARPNESS = Fraction(-3, 4)
"""The parameter of the cubic that PyTorch uses (Keys 1981 has -1/2)."""

Reads = list[tuple[int, Fraction]]
"""The input positions that an output position is read from, each with its weight."""


def upsample(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """y[n, c, o] = sum over the positions that o is read from of weight * x[n, c, position]."""
    x = inputs[0]
    axes = x.ndim - 2
    tables = [[[(0, Fraction(1))]]] * (3 - axes) + reads(layer, x.shape[2:])
    planes, rows, columns = (_arrays(table, x.dtype) for table in tables)
    y = np.empty((*x.shape[:2], *(len(table) for table in tables)), x.dtype)
    interpolate(volume(x), *planes, *rows, *columns, y)
    return Done(shaped(y, *y.shape[:2], *y.shape[5 - axes :]))


def reads(layer: Any, sizes: Shape) -> list[list[Reads]]:
    """Return, for each axis of a map of `sizes`, what each output position is read from."""
    given = layer.scale_factor if layer.size is None else layer.size
    entries = given if len(given) == len(sizes) else given * len(sizes)
    return [_axis(layer, entry, n) for entry, n in zip(entries, sizes, strict=True)]


def _axis(layer: Any, entry: float, n: int) -> list[Reads]:
    """Return what each output position is read from, as torch.nn.functional.interpolate defines it.

    `entry`: the axis's own of `size` or `scale_factor`, of which the decimal number is taken as it was written.
    """
    count = int(n * entry) if layer.size is None else int(entry)
    by_factor = layer.size is None and not layer.recompute_scale_factor
    ratio = 1 / Fraction(str(entry)) if by_factor else Fraction(n, count)
    if layer.mode == "nearest":
        return [[(min(floor(o * ratio), n - 1), Fraction(1))] for o in range(count)]
    if layer.align_corners:
        ratio = Fraction(n - 1, count - 1) if count > 1 else Fraction(0)
        places = [o * ratio for o in range(count)]
    else:
        places = [(o + Fraction(1, 2)) * ratio - Fraction(1, 2) for o in range(count)]
    read = _cubic if layer.mode == "bicubic" else _linear
    return [read(place, n) for place in places]


def _linear(place: Fraction, n: int) -> Reads:
    """Return the two neighbours of a place; before the first position and behind the last, that one alone."""
    place = min(max(place, Fraction(0)), Fraction(n - 1))
    below = floor(place)
    part = place - below
    return [(below, 1 - part), (min(below + 1, n - 1), part)]


def _cubic(place: Fraction, n: int) -> Reads:
    """Return the four neighbours of a place by cubic convolution; outside stands the nearest position inside."""
    below = floor(place)
    return [(min(max(at, 0), n - 1), _keys(abs(place - at))) for at in range(below - 1, below + 3)]


def _keys(distance: Fraction) -> Fraction:
    """Return the weight of a position at a distance of up to 2 (Keys 1981, equation 4 with another parameter)."""
    a = SHARPNESS
    if distance <= 1:
        return (a + 2) * distance**3 - (a + 3) * distance**2 + 1
    return a * (distance**3 - 5 * distance**2 + 8 * distance - 4)


def _arrays(table: list[Reads], dtype: Any) -> tuple[Array, Array]:
    """Return the positions and the weights of a table, a row an output position; NOT_READ where the weight is 0."""
    positions = np.array([[at if weight else NOT_READ for at, weight in row] for row in table], np.int64)
    return positions, np.array([[float(weight) for _, weight in row] for row in table]).astype(dtype)


@kernel
def interpolate(
    x: Array,
    planes: Array,
    plane_weights: Array,
    rows: Array,
    row_weights: Array,
    columns: Array,
    column_weights: Array,
    y: Array,
) -> None:
    """Fill y (N, C, D', H', W') from x (N, C, D, H, W): tables (size of y, positions read) for each axis."""
    for n in range(y.shape[0]):
        for c in range(y.shape[1]):
            for d in range(y.shape[2]):
                for h in range(y.shape[3]):
                    for w in range(y.shape[4]):
                        y[n, c, d, h, w] = 0
                        for i in range(planes.shape[1]):
                            for j in range(rows.shape[1]):
                                if planes[d, i] < 0 or rows[h, j] < 0:
                                    continue
                                outer = plane_weights[d, i] * row_weights[h, j]
                                for k in range(columns.shape[1]):
                                    if columns[w, k] >= 0:
                                        part = outer * column_weights[w, k]
                                        y[n, c, d, h, w] += part * x[n, c, planes[d, i], rows[h, j], columns[w, k]]


def pixel_shuffle(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """y[c, i*r + a, j*r + b] = x[c*r*r + a*r + b, i, j]."""
    x = inputs[0]
    r = layer.upscale_factor
    y = np.empty((x.shape[0], x.shape[1] // r**2, x.shape[2] * r, x.shape[3] * r), x.dtype)
    exchange(y, r, x, False)
    return Done(y)


def pixel_unshuffle(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """y[c*r*r + a*r + b, i, j] = x[c, i*r + a, j*r + b]."""
    x = inputs[0]
    r = layer.downscale_factor
    y = np.empty((x.shape[0], x.shape[1] * r**2, x.shape[2] // r, x.shape[3] // r), x.dtype)
    exchange(x, r, y, True)
    return Done(y)


@kernel
def exchange(fine: Array, r: int, coarse: Array, to_coarse: bool) -> None:
    """Copy fine (N, C, H*r, W*r) into coarse (N, C*r*r, H, W), or the other way round."""
    for n in range(fine.shape[0]):
        for c in range(fine.shape[1]):
            for h in range(fine.shape[2]):
                for w in range(fine.shape[3]):
                    channel = (c * r + h % r) * r + w % r
                    if to_coarse:
                        coarse[n, channel, h // r, w // r] = fine[n, c, h, w]
                    else:
                        fine[n, c, h, w] = coarse[n, channel, h // r, w // r]


def center_crop(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """y[c, i] = x[c, start + i]: start is half of what is cut off, a half rounded to the even number."""
    x = inputs[0]
    sizes = x.shape[2:]
    if layer.size is None:
        kept = inputs[1].shape[2:]
    else:
        kept = layer.size if len(layer.size) == len(sizes) else layer.size * len(sizes)
    starts = [int(np.rint((n - m) / 2)) for n, m in zip(sizes, kept, strict=True)]
    part = tuple(slice(start, start + m) for start, m in zip(starts, kept, strict=True))
    return Done(np.array(x[(slice(None), slice(None), *part)], order="C"))
