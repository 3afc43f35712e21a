"""Pooling: MaxPool, AvgPool, LPPool, and the adaptive and global forms.

Each output position along an axis covers the input positions `first, first + step, ... < end`; how these are found is
what sets the types apart; what is then done with them is one kernel for the maximum, the mean and the norm each.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from cnncalc.engine.jit import kernel
from cnncalc.engine.reference.convolution import resolved_padding
from cnncalc.engine.reference.operation import Array, Done, Tensors, three, volume
from cnncalc.layers.adaptive import Adaptive
from cnncalc.layers.geometry import Window


class Cover(NamedTuple):
    """What one output position covers of one axis. `counted`: how many positions the mean's divisor counts."""

    first: int
    end: int
    counted: int


class Axis(NamedTuple):
    """One axis of a pooling: the covers of its output positions as three arrays."""

    first: Array
    end: Array
    counted: Array


_POINT = [Cover(0, 1, 1)]


def max_pool(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """y[c, p] = max over t of x[c, p*stride - padding + t*dilation]."""
    return _largest(inputs[0], _sliding(layer, inputs[0].shape[2:], layer.dilation, False), layer.dilation)


def average_pool(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """y[c, p] = (sum over t of x[c, p*stride - padding + t]) / divisor."""
    x = inputs[0]
    covers = _sliding(layer, x.shape[2:], (1,) * (x.ndim - 2), layer.count_include_pad)
    return _mean(x, covers, layer.divisor or 0)


def power_pool(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """y[c, i] = (sum over t of x[c, i*stride + t] ^ p) ^ (1/p)."""
    x = inputs[0]
    axes = _sliding(layer, x.shape[2:], (1,) * (x.ndim - 2), True)
    y = _output(x, axes)
    planes, rows, columns = _arrays(axes)
    real = x.dtype.type
    power(volume(x), *planes, *rows, *columns, real(layer.norm_type), real(prod(layer.kernel_size)), volume(y))
    return Done(y)


def adaptive_max_pool(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """The largest element of each bin; of everything for a global pooling."""
    x = inputs[0]
    return _largest(x, _bins(layer, x.shape[2:]), (1,) * (x.ndim - 2))


def adaptive_average_pool(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """The mean of each bin; of everything for a global pooling."""
    return _mean(inputs[0], _bins(layer, inputs[0].shape[2:]), 0)


def _sliding(layer: Any, sizes: Sequence[int], dilation: Sequence[int], count_padding: bool) -> list[list[Cover]]:
    before, after = resolved_padding(layer, tuple(sizes))
    axes = zip(sizes, layer.kernel_size, layer.stride or layer.kernel_size, dilation, before, after, strict=True)
    return [_windows(Window(k, s, d, b, a), n, layer.ceil_mode, count_padding) for n, k, s, d, b, a in axes]


def _windows(window: Window, n: int, ceil_mode: bool, count_padding: bool) -> list[Cover]:
    """Step the window along an axis until it no longer fits.

    With ceil_mode one more window may hang over the end, where one a stride before it would not reach that end, and
    only if it starts in the input or in the padding before it. It may be the only window. The overhang is in no divisor
    (PyTorch, ONNX AveragePool-19).
    """
    k, s, d, before, after = window
    span = d * (k - 1) + 1
    end_of_padding = n + after
    covers: list[Cover] = []
    start = -before
    while start + span <= end_of_padding or (ceil_mode and start < n and start - s + span < end_of_padding):
        first = start if start >= 0 else start + -(start // d) * d
        end = min(start + span, n)
        extent = min(start + span, end_of_padding) - start if count_padding else end - max(start, 0)
        covers.append(Cover(first, end, extent))
        start += s
    return covers


def _bins(layer: Any, sizes: Sequence[int]) -> list[list[Cover]]:
    """Cut each axis into bins: bin i of m covers floor(i n / m) to ceil((i + 1) n / m) - 1."""
    wanted: Sequence[int | None] = layer.output_size if isinstance(layer, Adaptive) else (1,) * len(sizes)
    axes: list[list[Cover]] = []
    for n, count in zip(sizes, wanted, strict=True):
        m = n if count is None else count
        edges = [(i * n // m, -((i + 1) * n // -m)) for i in range(m)]
        axes.append([Cover(first, end, end - first) for first, end in edges])
    return axes


def _arrays(axes: list[list[Cover]]) -> list[Axis]:
    filled = [_POINT] * (3 - len(axes)) + axes
    columns = [[np.array(column, np.int64) for column in zip(*covers, strict=True)] for covers in filled]
    return [Axis(first, end, counted) for first, end, counted in columns]


def _output(x: Array, axes: list[list[Cover]]) -> Array:
    return np.empty((*x.shape[:2], *(len(covers) for covers in axes)), x.dtype)


def _largest(x: Array, axes: list[list[Cover]], steps: Sequence[int]) -> Done:
    y = _output(x, axes)
    planes, rows, columns = _arrays(axes)
    step = three(tuple(steps))
    largest(volume(x), planes.first, planes.end, rows.first, rows.end, columns.first, columns.end, step, volume(y))
    return Done(y)


def _mean(x: Array, axes: list[list[Cover]], divisor: int) -> Done:
    y = _output(x, axes)
    planes, rows, columns = _arrays(axes)
    mean(volume(x), *planes, *rows, *columns, divisor, volume(y))
    return Done(y)


@kernel
def largest(
    x: Array,
    first_plane: Array,
    end_plane: Array,
    first_row: Array,
    end_row: Array,
    first_column: Array,
    end_column: Array,
    step: tuple[int, int, int],
    y: Array,
) -> None:
    """Fill y with the largest element that each position covers. A NaN is larger than any number, as in PyTorch."""
    for n in range(y.shape[0]):
        for c in range(y.shape[1]):
            for d in range(y.shape[2]):
                for h in range(y.shape[3]):
                    for w in range(y.shape[4]):
                        best = x.dtype.type(-np.inf)
                        for i in range(first_plane[d], end_plane[d], step[0]):
                            for j in range(first_row[h], end_row[h], step[1]):
                                for k in range(first_column[w], end_column[w], step[2]):
                                    value = x[n, c, i, j, k]
                                    if value > best or np.isnan(value):
                                        best = value
                        y[n, c, d, h, w] = best


@kernel
def mean(
    x: Array,
    first_plane: Array,
    end_plane: Array,
    counted_planes: Array,
    first_row: Array,
    end_row: Array,
    counted_rows: Array,
    first_column: Array,
    end_column: Array,
    counted_columns: Array,
    divisor: int,
    y: Array,
) -> None:
    """Fill y with the sum of what each position covers, over `divisor`, or over what the axes count where that is 0."""
    for n in range(y.shape[0]):
        for c in range(y.shape[1]):
            for d in range(y.shape[2]):
                for h in range(y.shape[3]):
                    for w in range(y.shape[4]):
                        total = x.dtype.type(0)
                        for i in range(first_plane[d], end_plane[d]):
                            for j in range(first_row[h], end_row[h]):
                                for k in range(first_column[w], end_column[w]):
                                    total += x[n, c, i, j, k]
                        counted = divisor
                        if counted == 0:
                            counted = counted_planes[d] * counted_rows[h] * counted_columns[w]
                        y[n, c, d, h, w] = total / x.dtype.type(counted)


@kernel
def power(
    x: Array,
    first_plane: Array,
    end_plane: Array,
    counted_planes: Array,
    first_row: Array,
    end_row: Array,
    counted_rows: Array,
    first_column: Array,
    end_column: Array,
    counted_columns: Array,
    p: float,
    whole: float,
    y: Array,
) -> None:
    """Fill y with the p-norm of what each position covers.

    PyTorch takes the mean of the powers and multiplies it by the `whole` window, also where less is covered.
    """
    for n in range(y.shape[0]):
        for c in range(y.shape[1]):
            for d in range(y.shape[2]):
                for h in range(y.shape[3]):
                    for w in range(y.shape[4]):
                        total = 0.0
                        for i in range(first_plane[d], end_plane[d]):
                            for j in range(first_row[h], end_row[h]):
                                for k in range(first_column[w], end_column[w]):
                                    total += x[n, c, i, j, k] ** p
                        counted = counted_planes[d] * counted_rows[h] * counted_columns[w]
                        y[n, c, d, h, w] = (total / counted * whole) ** (1 / p)
