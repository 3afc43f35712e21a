"""Padding, as a map that is larger: the padding layers, and what a convolution reads.

An axis of the padded map is a list: for each padded position, the input position that it shows, or ZERO.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cnncalc.engine.jit import kernel
from cnncalc.engine.reference.operation import Array, Done, Tensors, shaped, three, volume

ZERO = -1


class Padded(NamedTuple):
    """A padded map (N, C, D, H, W), and for each axis D, H, W which positions show real data (1), which zeros (0)."""

    map: Array
    real: tuple[Array, Array, Array]


def shown(size: int, before: int, after: int, mode: str) -> list[int]:
    """Return, for each position of a padded axis, the input position it shows, or ZERO. Negative padding crops."""
    return [_source(position, size, mode) for position in range(-before, size + after)]


def _source(position: int, size: int, mode: str) -> int:
    if 0 <= position < size:
        return position
    if mode == "replicate":
        return 0 if position < 0 else size - 1
    if mode == "circular":
        return position % size
    if mode == "reflect":
        return -position if position < 0 else 2 * (size - 1) - position
    return ZERO


def pad(x: Array, before: tuple[int, ...], after: tuple[int, ...], mode: str, fill: float = 0.0) -> Padded:
    """Return `x` (N, C, *spatial) padded, with `fill` where no data is shown; `x` itself where nothing is to pad."""
    source = volume(x)
    sizes = source.shape[2:]
    lead = (0,) * (3 - len(before))
    starts, ends = (*lead, *before), (*lead, *after)
    axes = [np.array(shown(n, b, a, mode), np.int64) for n, b, a in zip(sizes, starts, ends, strict=True)]
    real = tuple((axis != ZERO).astype(np.int64) for axis in axes)
    if not any(starts) and not any(ends):
        return Padded(source, (real[0], real[1], real[2]))
    padded = np.empty((*source.shape[:2], *(len(axis) for axis in axes)), x.dtype)
    planes, rows, columns = axes
    show(source, planes, rows, columns, x.dtype.type(fill), padded)
    return Padded(padded, (real[0], real[1], real[2]))


@kernel
def show(x: Array, planes: Array, rows: Array, columns: Array, fill: float, y: Array) -> None:
    """Set y (N, C, D, H, W) to what each position shows of x, to `fill` where it shows nothing."""
    for n in range(y.shape[0]):
        for c in range(y.shape[1]):
            for d in range(y.shape[2]):
                for h in range(y.shape[3]):
                    for w in range(y.shape[4]):
                        if planes[d] < 0 or rows[h] < 0 or columns[w] < 0:
                            y[n, c, d, h, w] = fill
                        else:
                            y[n, c, d, h, w] = x[n, c, planes[d], rows[h], columns[w]]


def pad_layer(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """ZeroPad, ConstantPad, ReflectionPad, ReplicationPad, CircularPad. `padding` names the last axis first.

    An output is always a fresh array, so nothing to pad means a copy.
    """
    x = inputs[0]
    before, after = tuple(layer.padding[::2])[::-1], tuple(layer.padding[1::2])[::-1]
    y = pad(x, before, after, layer.mode, layer.fill).map
    if np.may_share_memory(x, y):
        y = np.array(y)
    return Done(shaped(y, *x.shape[:2], *y.shape[7 - x.ndim :]))


def positions(size: int, extent: int, stride: int) -> int:
    """Return in how many places something `extent` long lies within `size`, taken `stride` apart: found by stepping."""
    return len(range(0, size - extent + 1, stride))


def output_sizes(
    padded: tuple[int, ...], kernel_size: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[int, int, int]:
    """Return the sizes D, H, W of a convolution's output over a padded map of three axes."""
    axes = zip(padded, three(kernel_size), three(stride), three(dilation), strict=True)
    depth, height, width = (positions(n, d * (k - 1) + 1, s) for n, k, s, d in axes)
    return depth, height, width
