"""Reduction over axes: Mean."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from cnncalc.engine.jit import kernel
from cnncalc.engine.reference.operation import Array, Done, Tensors, flat, shaped


def mean(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """The mean over the axes of `dim`, which count the batch: one axis after another, the last first."""
    x = inputs[0]
    axes = sorted({dim % x.ndim for dim in layer.dim}, reverse=True)
    sizes = list(x.shape)
    sums = np.asarray(x, np.float64)
    for axis in axes:
        before, size, after = prod(sizes[:axis]), sizes[axis], prod(sizes[axis + 1 :])
        sizes[axis] = 1
        summed = np.empty((before, after), np.float64)
        collapse(shaped(sums, before, size, after), summed)
        sums = summed
    kept = [size for axis, size in enumerate(sizes) if layer.keepdim or axis not in axes]
    y = np.empty(kept, x.dtype)
    share(flat(sums), x.size // y.size, flat(y))
    return Done(y)


@kernel
def collapse(x: Array, y: Array) -> None:
    """Sum x (A, M, B) along its middle axis into y (A, B)."""
    for a in range(x.shape[0]):
        for b in range(x.shape[2]):
            total = 0.0
            for m in range(x.shape[1]):
                total += x[a, m, b]
            y[a, b] = total


@kernel
def share(x: Array, count: int, y: Array) -> None:
    """Divide each sum by how many elements it has."""
    for i in range(x.size):
        y[i] = x[i] / count
