"""Mean over any of the axes of a map.

What is averaged into one number, or one vector of 16 channels, is a *unit*: a box of up to three axes of x (N, blocks,
D, H, W, 16). Where channels stay, each lane is on its own. Where they are averaged too, a unit is all blocks, and its
result goes to a lane of the output, whose channels are then what was the first spatial axis that stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cnncalc.engine.kernels.tables import int32
from cnncalc.engine.native import Native, fields, inlined, native, row
from cnncalc.engine.plan.draft import Draft
from cnncalc.engine.plan.operation import Array, Memory, Operation, Step
from cnncalc.engine.plan.value import Place, Value
from cnncalc.engine.simd.emit import LANES
from cnncalc.engine.simd.memory import load_int32, store_float
from cnncalc.engine.simd.vector import add, broadcast, divide, first_lanes, load, store, subtract, sum_lanes
from cnncalc.graph import Node

ROW = np.dtype(
    [
        ("x", "i8"),
        ("x_image", "i8"),
        ("x_block", "i8"),
        ("x_units", "i8"),  # address of the table of where each unit begins in a block, int32 bytes
        ("x_lane", "i8"),  # from a channel of the output to the next
        ("y", "i8"),
        ("y_image", "i8"),
        ("y_block", "i8"),
        ("y_units", "i8"),
        ("box", "i8", 3),  # sizes of a unit
        ("strides", "i8", 3),
        ("units", "i8"),
        ("x_blocks", "i8"),
        ("y_blocks", "i8"),  # chunks = images x y_blocks
        ("x_channels", "i8"),
        ("y_channels", "i8"),
        ("count", "f4"),  # numbers that are averaged
    ]
)

SEGMENT = 32
"""Vectors that are summed before their sum is added to the rest."""


@inlined
def _sum(p: Any, x: int, total: Any, lost: Any) -> Any:
    """Add a box of vectors to `total`; what rounding took from it is kept apart in `lost` (Kahan 1965)."""
    for plane in range(p.box[0]):
        for line in range(p.box[1]):
            at = x + plane * p.strides[0] + line * p.strides[1]
            for first in range(0, p.box[2], SEGMENT):
                part = broadcast(np.float32(0))
                for i in range(first, min(first + SEGMENT, p.box[2])):
                    part = add(part, load(at + i * p.strides[2]))
                part = subtract(part, lost)
                grown = add(total, part)
                lost = subtract(subtract(grown, total), part)
                total = grown
    return total, lost


@native(ROW)
def average(arguments: Any, chunk: int, scratch: int) -> None:
    """Average each lane of one block of one image."""
    p = fields(arguments)
    image, block = chunk // p.y_blocks, chunk % p.y_blocks
    zero = broadcast(np.float32(0))
    for unit in range(p.units):
        x = p.x + image * p.x_image + block * p.x_block + load_int32(p.x_units + 4 * unit)
        y = p.y + image * p.y_image + block * p.y_block + load_int32(p.y_units + 4 * unit)
        total, _ = _sum(p, x, zero, zero)
        store(y, first_lanes(divide(total, broadcast(p.count)), p.x_channels - block * LANES, zero))


@native(ROW)
def average_across(arguments: Any, chunk: int, scratch: int) -> None:
    """Average over all channels, for one block of the output of one image."""
    p = fields(arguments)
    image, block = chunk // p.y_blocks, chunk % p.y_blocks
    zero = broadcast(np.float32(0))
    for unit in range(p.units):
        y = p.y + image * p.y_image + block * p.y_block + load_int32(p.y_units + 4 * unit)
        store(y, zero)
        for lane in range(min(LANES, p.y_channels - block * LANES)):
            x = p.x + image * p.x_image + load_int32(p.x_units + 4 * unit) + (block * LANES + lane) * p.x_lane
            total, lost = zero, zero
            for source in range(p.x_blocks - 1):
                total, lost = _sum(p, x + source * p.x_block, total, lost)
            last, _ = _sum(p, x + (p.x_blocks - 1) * p.x_block, zero, zero)
            total = add(total, first_lanes(last, p.x_channels - (p.x_blocks - 1) * LANES, zero))
            store_float(y + 4 * lane, sum_lanes(total) / p.count)


class Mean(Operation):
    """The mean over `axes`, 0 being the channels, 1 to 3 depth, height and width.

    `stays`: where each axis that is not averaged over goes in the output, by the same numbers.
    """

    def __init__(self, name: str, x: Value, output: Value, axes: Sequence[int], stays: dict[int, int]) -> None:
        super().__init__(name, [x], output)
        self.axes = axes
        self.stays = stays

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return the one step."""
        source, target = self.inputs[0], self.output
        x, y = memory.place(source), memory.place(target)
        x_strides, y_strides = _strides(x), _strides(y)
        sizes = (source.channels, *source.size)
        across = 0 in self.axes
        kept = [axis for axis, to in self.stays.items() if axis and to]
        lane = next((axis for axis, to in self.stays.items() if to == 0), 0)
        counts = [sizes[axis] for axis in kept]
        arguments = row(
            ROW,
            x=x.start,
            x_image=x.image,
            x_block=x.block,
            x_units=memory.constant(_table(counts, [x_strides[axis] for axis in kept])),
            x_lane=x_strides[lane],
            y=y.start,
            y_image=y.image,
            y_block=y.block,
            y_units=memory.constant(_table(counts, [y_strides[self.stays[axis]] for axis in kept])),
            box=[sizes[axis] if axis in self.axes else 1 for axis in (1, 2, 3)],
            strides=x_strides[1:],
            units=int(np.prod(counts)),
            x_blocks=source.blocks,
            y_blocks=target.blocks,
            x_channels=source.channels,
            y_channels=target.channels,
            count=np.prod([sizes[axis] for axis in self.axes]),
        )
        chunks = target.batch * target.blocks
        work = source.batch * source.blocks * LANES * int(np.prod(source.size)) // chunks
        return [[Step(average_across if across else average, arguments, chunks, work)]]


def _strides(place: Place) -> tuple[int, int, int, int]:
    """Bytes along the axes 0 to 3; none along channels, which have no one stride."""
    return 0, place.plane, place.row, place.pixel


def _table(counts: Sequence[int], strides: Sequence[int]) -> Array:
    """Return the offset of each position of a box, row-major: int32 bytes."""
    offsets: Array = np.zeros(1, np.int64)
    for count, stride in zip(counts, strides, strict=True):
        offsets = (offsets[:, None] + np.arange(count, dtype=np.int64) * stride).ravel()
    return int32(offsets)


def mean(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build a Mean."""
    layer: Any = node.layer
    shape = node.input_shapes[0]
    reduced = layer.reduced(shape)
    staying = [axis for axis in range(len(shape)) if axis not in reduced]
    left = staying if not layer.keepdim else range(len(shape))
    places = {axis: left.index(axis) for axis in staying}
    stays = {_three(axis, len(shape)): _three(place, len(left)) for axis, place in places.items()}
    axes = [_three(axis, len(shape)) for axis in reduced]
    return draft.add(Mean(node.name, inputs[0], draft.value(node), axes, stays))


def _three(axis: int, rank: int) -> int:
    """Number an axis of a shape with fewer spatial axes as if it had three; they are the last of the three."""
    return axis and axis + 4 - rank


def variants() -> list[Native]:
    """Return all kernels of this file."""
    return [average, average_across]
