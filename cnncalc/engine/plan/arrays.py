"""Values as numpy arrays on the arena: what the reference kernels, tests and saved activations read and write."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnncalc.engine.plan.operation import Array, Memory
from cnncalc.engine.plan.value import Value


def blocked_view(value: Value, memory: Memory, arena: Array) -> Array:
    """Return the real positions of a value, (batch, blocks, D, H, W, lanes), as a view of the arena's bytes."""
    place = memory.place(value)
    start = place.start - int(arena.ctypes.data)
    rest: Any = arena[start : start + (arena.nbytes - start) // 4 * 4]
    shape = (value.batch, value.blocks, *value.size, value.lanes)
    strides = (place.image, place.block, place.plane, place.row, place.pixel, 4)
    view: Any = np.lib.stride_tricks.as_strided
    return view(rest.view(np.float32), shape, strides)


def read(value: Value, memory: Memory, arena: Array) -> Array:
    """Return a copy of a value, (batch, *shape) float32."""
    blocked = np.moveaxis(blocked_view(value, memory, arena), -1, 2)
    full = np.reshape(blocked, (value.batch, value.blocks * value.lanes, *value.size))
    return np.reshape(np.ascontiguousarray(full[:, : value.channels]), (value.batch, *value.shape))


def write(value: Value, memory: Memory, arena: Array, array: Array) -> None:
    """Write (batch, *shape) to where a value lies, zeros to the pad lanes."""
    full = np.zeros((value.batch, value.blocks * value.lanes, *value.size), np.float32)
    full[:, : value.channels] = np.reshape(array, (value.batch, value.channels, *value.size))
    blocked = np.reshape(full, (value.batch, value.blocks, value.lanes, *value.size))
    blocked_view(value, memory, arena)[...] = np.moveaxis(blocked, 2, -1)
