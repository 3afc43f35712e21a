"""Channels that move between lanes and blocks, also from several inputs: a Concat of 58 and 58 channels, a shuffle.

Each block of the output is made of parts; a part has one table of 16 lanes and one of positions, and fills the lanes it
has by gathering. Parts that read inputs which lie alike are joined, so that it takes no more passes than it must.

Tables hold int32 bytes. Layouts: x (N, blocks, D, H, W, 16) or plain; y blocked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from cnncalc.engine.kernels.copies import chunk_count, position_offsets
from cnncalc.engine.kernels.gather import shown_offsets
from cnncalc.engine.kernels.tables import MOST_OFFSET, int32
from cnncalc.engine.native import fields, native, row
from cnncalc.engine.plan.operation import Array, Memory, Step
from cnncalc.engine.plan.value import Place, Value
from cnncalc.engine.simd.emit import VECTOR_BYTES
from cnncalc.engine.simd.memory import load_int32, load_int64
from cnncalc.engine.simd.vector import broadcast, gather, intersect, load, store, unite

PARTS = np.dtype(
    [
        ("y", "i8"),
        ("y_image", "i8"),
        ("y_block", "i8"),
        ("blocks", "i8"),  # which have parts
        ("numbers", "i8"),  # address of the number of each of these blocks, and of where its parts begin
        ("parts", "i8"),  # address of the parts, PART_BYTES each
        ("pixel_shares", "i8"),
        ("units", "i8"),  # images x blocks x pixel_shares: what the chunks share
        ("chunks", "i8"),
        ("fill", "f4"),
    ]
)
X, X_IMAGE, X_PIXELS, Y_PIXELS, PIXELS, TABLE, MASK, KEEP = range(0, 64, 8)
"""What a part consists of, all int64: of the input the address of image 0, bytes from image to image, and the table of
positions; the output's; how many there are; addresses of the lanes' offsets and of a mask of those that there are; and
whether the output's other lanes are kept, and not zeroed."""
PART_BYTES = 64


@native(PARTS)
def move_lanes(arguments: Any, chunk: int, scratch: int) -> None:
    """Fill a block of channels from its parts, one after the other."""
    p = fields(arguments)
    for unit in range(p.units * chunk // p.chunks, p.units * (chunk + 1) // p.chunks):
        share = unit % p.pixel_shares
        number = unit // p.pixel_shares % p.blocks
        image = unit // (p.pixel_shares * p.blocks)
        block = load_int64(p.numbers + 16 * number)
        y = p.y + image * p.y_image + block * p.y_block
        constant = broadcast(p.fill)
        for at in range(load_int64(p.numbers + 16 * number + 8), load_int64(p.numbers + 16 * (number + 1) + 8)):
            part = p.parts + at * PART_BYTES
            x = load_int64(part + X) + image * load_int64(part + X_IMAGE)
            x_pixels = load_int64(part + X_PIXELS)
            y_pixels = load_int64(part + Y_PIXELS)
            pixels = load_int64(part + PIXELS)
            table = load_int64(part + TABLE)
            mask = load(load_int64(part + MASK))
            keep = load_int64(part + KEEP)
            fill = intersect(constant, mask)
            for pixel in range(pixels * share // p.pixel_shares, pixels * (share + 1) // p.pixel_shares):
                source = load_int32(x_pixels + 4 * pixel)
                target = y + load_int32(y_pixels + 4 * pixel)
                value = fill if source < 0 else intersect(gather(x + source, table), mask)
                if keep != 0:
                    value = unite(value, load(target))
                store(target, value)


class Part(NamedTuple):
    """Lanes of one block of an output, from one input.

    `channels` (16,): which channel of x each lane holds, none where below 0. Position targets[i] of y shows position
    shown[i] of x, counted in row-major order; CONSTANT shows the fill. `ahead` (16,): how far from there, counted so
    too, each lane looks.
    """

    block: int
    x: Value
    channels: Array
    shown: Array
    targets: Array
    ahead: Array | int = 0


class _Group(NamedTuple):
    """Parts that one pass fills: what the first of them is, where it lies, and the lanes' offsets from there."""

    part: Part
    place: Place
    table: Array
    there: Array

    def joined(self, other: _Group) -> _Group | None:
        """Return both as one, if the same positions of both inputs lie equally far from each other."""
        part, place = other.part, other.place
        same = (
            part.block == self.part.block
            and part.x.size == self.part.x.size
            and part.shown is self.part.shown
            and part.targets is self.part.targets
        )
        table = other.table + (place.start - self.place.start)
        strides = slice(3 if part.x.batch == 1 else 1, None)
        if not same or place[strides] != self.place[strides] or np.abs(table).max() > MOST_OFFSET:
            return None
        return self._replace(table=np.where(other.there, table, self.table), there=self.there | other.there)


def _groups(memory: Memory, parts: Sequence[Part]) -> list[_Group]:
    """Return parts in the order of their blocks, as few as there can be."""
    found: list[_Group] = []
    for part in sorted(parts, key=lambda part: part.block):
        place = memory.place(part.x)
        there = part.channels >= 0
        channels = np.where(there, part.channels, part.channels.max())
        lanes = part.x.lanes
        table = channels // lanes * place.block + channels % lanes * 4
        table = table + position_offsets(part.x.size, place)[part.ahead]
        group = _Group(part, place, table, there)
        both = found[-1].joined(group) if found else None
        found[-1:] = [both] if both else [*found[-1:], group]
    return found


def lanes_step(memory: Memory, y: Value, parts: Sequence[Part], fill: float = 0.0) -> Step:
    """Return the step that fills all blocks of y that have parts; lanes without a part are zeroed.

    Parts of a block go either to the same positions or to different ones.
    """
    tables: dict[bytes, int] = {}

    def constant(array: Array) -> int:
        table = int32(array)
        key = table.tobytes()
        if key not in tables:
            tables[key] = memory.constant(table)
        return tables[key]

    to = memory.place(y)
    y_offsets = position_offsets(y.size, to)
    groups = _groups(memory, parts)
    rows = np.zeros((len(groups), PART_BYTES // 8), np.int64)
    numbers: list[tuple[int, int]] = []
    for number, (part, at, table, there) in enumerate(groups):
        if not numbers or numbers[-1][0] != part.block:
            numbers.append((part.block, number))
        earlier = groups[numbers[-1][1] : number]
        rows[number] = (
            at.start,
            at.image,
            constant(shown_offsets(part.x, at, part.shown)),
            constant(y_offsets[part.targets]),
            len(part.shown),
            constant(table),
            constant(np.where(there, -1, 0)),
            any(np.array_equal(part.targets, other.part.targets) for other in earlier),
        )
    most = max(len(part.shown) for part in parts)
    shares = chunk_count(most, most * VECTOR_BYTES)
    blocks = len(numbers)
    units = y.batch * blocks * shares
    chunks = chunk_count(units, y.batch * len(groups) * most * VECTOR_BYTES)
    arguments = row(
        PARTS,
        y=to.start,
        y_image=to.image,
        y_block=to.block,
        blocks=blocks,
        numbers=memory.constant(np.array([*numbers, (0, len(groups))], np.int64)),
        parts=memory.constant(rows),
        pixel_shares=shares,
        units=units,
        chunks=chunks,
        fill=fill,
    )
    return Step(move_lanes, arguments, chunks, 8 * most * len(groups) * y.batch // chunks)
