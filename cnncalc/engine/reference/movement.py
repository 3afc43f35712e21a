"""Layers that join inputs or move elements: Add, Multiply, Concat, Slice, ChannelShuffle, Flatten, Unflatten."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnncalc.engine.jit import kernel
from cnncalc.engine.reference.activation import copy
from cnncalc.engine.reference.operation import Array, Done, Tensors, around, by_channel, flat, shaped, volume


def add(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """Add: y = a + b + ..., all of one shape."""
    if any(x.shape != inputs[0].shape for x in inputs):
        raise ValueError(f"Add was given shapes {[x.shape for x in inputs]}")
    y = np.empty_like(inputs[0])
    copy(flat(inputs[0]), flat(y))
    for x in inputs[1:]:
        accumulate(flat(x), flat(y))
    return Done(y)


@kernel
def accumulate(x: Array, y: Array) -> None:
    """Add x to y."""
    for i in range(x.size):
        y[i] += x[i]


def multiply(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """Multiply: y = a * b * ..., a size of 1 stretched."""
    y = np.ones(np.broadcast_shapes(*(x.shape for x in inputs)), inputs[0].dtype)
    for x in inputs:
        scale(volume(x), volume(y))
    return Done(y)


@kernel
def scale(x: Array, y: Array) -> None:
    """Multiply y by x (N, C, D, H, W); along an axis of size 1, x has the same element for every position of y."""
    last_c, last_d, last_h, last_w = x.shape[1] - 1, x.shape[2] - 1, x.shape[3] - 1, x.shape[4] - 1
    for n in range(y.shape[0]):
        for c in range(y.shape[1]):
            for d in range(y.shape[2]):
                for h in range(y.shape[3]):
                    for w in range(y.shape[4]):
                        y[n, c, d, h, w] *= x[n, min(c, last_c), min(d, last_d), min(h, last_h), min(w, last_w)]


def concat(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """Concat: y = a, then b, ... along axis dim."""
    shape = inputs[0].shape
    axis = layer.dim % len(shape)
    if any((*x.shape[:axis], *x.shape[axis + 1 :]) != (*shape[:axis], *shape[axis + 1 :]) for x in inputs):
        raise ValueError(f"Concat was given shapes {[x.shape for x in inputs]}")
    y = np.empty((*shape[:axis], sum(x.shape[axis] for x in inputs), *shape[axis + 1 :]), inputs[0].dtype)
    offset = 0
    for x in inputs:
        place(around(x, axis), offset, around(y, axis))
        offset += x.shape[axis]
    return Done(y)


@kernel
def place(x: Array, offset: int, y: Array) -> None:
    """Put x into y from `offset` on along the middle axis."""
    for a in range(x.shape[0]):
        for i in range(x.shape[1]):
            for b in range(x.shape[2]):
                y[a, offset + i, b] = x[a, i, b]


def take_slice(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """y[i] = x[start + i*step] along axis dim."""
    x = inputs[0]
    axis = layer.dim % x.ndim
    taken = range(x.shape[axis])[layer.start : layer.end : layer.step]
    y = np.empty((*x.shape[:axis], len(taken), *x.shape[axis + 1 :]), x.dtype)
    pick(around(x, axis), taken.start, taken.step, around(y, axis))
    return Done(y)


@kernel
def pick(x: Array, start: int, step: int, y: Array) -> None:
    """Fill y with every `step`-th element of x from `start` on, along the middle axis."""
    for a in range(y.shape[0]):
        for i in range(y.shape[1]):
            for b in range(y.shape[2]):
                y[a, i, b] = x[a, start + i * step, b]


def channel_shuffle(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """y[i*groups + g] = x[g*C/groups + i]."""
    x = inputs[0]
    y = np.empty_like(x)
    deal(by_channel(x), layer.groups, by_channel(y))
    return Done(y)


@kernel
def deal(x: Array, groups: int, y: Array) -> None:
    """Shuffle the channels of x (N, C, P)."""
    share = x.shape[1] // groups
    for n in range(x.shape[0]):
        for g in range(groups):
            for i in range(share):
                for p in range(x.shape[2]):
                    y[n, i * groups + g, p] = x[n, g * share + i, p]


def flatten(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """The axes from start_dim to end_dim laid end to end; the elements stay in their order, in a fresh array."""
    x = inputs[0]
    start, end = layer.start_dim % x.ndim, layer.end_dim % x.ndim
    y = np.empty(x.shape, x.dtype)
    copy(flat(x), flat(y))
    return Done(shaped(y, *x.shape[:start], -1, *x.shape[end + 1 :]))


def unflatten(layer: Any, inputs: list[Array], tensors: Tensors) -> Done:
    """Axis dim taken apart into axes of unflattened_size; the elements stay in their order, in a fresh array."""
    x = inputs[0]
    axis = layer.dim % x.ndim
    y = np.empty(x.shape, x.dtype)
    copy(flat(x), flat(y))
    return Done(shaped(y, *x.shape[:axis], *layer.unflattened_size, *x.shape[axis + 1 :]))
