"""Numbers of a value put in other places: vectors by their position, lanes by their channel, or one by one.

- `positions`: whole blocks of channels stay together, and each position of the output shows one of the input, or a
  constant. A table of positions serves all blocks.
- `lanes`: channels move between lanes and blocks, also from several inputs. Each block of the output is made of parts;
  a part has one table of 16 lanes and one of positions.
- `elements`: any order at all, by a table as long as the output.

Tables hold int32 bytes. Layouts: x (N, blocks, D, H, W, 16) or plain; y blocked, of `elements` also plain.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from cnncalc.engine.kernels.copies import chunk_count, position_offsets
from cnncalc.engine.native import Native, carray, native, row
from cnncalc.engine.plan.operation import Array, Memory, Step
from cnncalc.engine.plan.value import Place, Value
from cnncalc.engine.simd import (
    LANES,
    VECTOR_BYTES,
    broadcast,
    gather,
    intersect,
    load,
    load_float,
    load_int32,
    load_int64,
    store,
    store_float,
    unite,
)

CONSTANT = -1
"""In a table of positions: nothing is shown, the constant stands there."""

POSITIONS = np.dtype(
    [
        ("x", "i8"),
        ("x_image", "i8"),  # bytes from image to image
        ("x_block", "i8"),
        ("x_pixels", "i8"),  # address of the table of what each position shows
        ("y", "i8"),
        ("y_image", "i8"),
        ("y_block", "i8"),
        ("y_pixels", "i8"),
        ("pixels", "i8"),
        ("blocks", "i8"),
        ("pixel_chunks", "i8"),  # chunks = images x blocks x pixel_chunks
        ("fill", "f4"),
    ]
)

PARTS = np.dtype(
    [
        ("y", "i8"),
        ("y_image", "i8"),
        ("y_block", "i8"),
        ("blocks", "i8"),  # which have parts; chunks = images x blocks x pixel_chunks
        ("numbers", "i8"),  # address of the number of each of these blocks, and of where its parts begin
        ("parts", "i8"),  # address of the parts, PART_BYTES each
        ("pixel_chunks", "i8"),
        ("fill", "f4"),
    ]
)
X, X_IMAGE, X_PIXELS, Y_PIXELS, PIXELS, TABLE, MASK, KEEP = range(0, 64, 8)
"""What a part consists of, all int64: of the input the address of image 0, bytes from image to image, and the table of
positions; the output's; how many there are; addresses of the lanes' offsets and of a mask of those that there are; and
whether the output's other lanes are kept, and not zeroed."""
PART_BYTES = 64

ELEMENTS = np.dtype(
    [
        ("x", "i8"),
        ("x_image", "i8"),
        ("sources", "i8"),  # address of the table of what each number of y is, vector by vector
        ("y", "i8"),
        ("y_image", "i8"),
        ("targets", "i8"),  # address of the table of y's vectors
        ("vectors", "i8"),
        ("whole", "i8"),  # so many vectors have no pad lanes
        ("mask", "i8"),  # address of the mask of the real lanes of the others
        ("vector_chunks", "i8"),  # chunks = images x vector_chunks
    ]
)


@native(POSITIONS)
def move_positions(arguments: Any, chunk: int, scratch: int) -> None:
    """Copy vectors of 16 channels, each from the position that the table names."""
    p = carray(arguments, 1)[0]
    part = chunk % p.pixel_chunks
    block = chunk // p.pixel_chunks % p.blocks
    image = chunk // (p.pixel_chunks * p.blocks)
    x = p.x + image * p.x_image + block * p.x_block
    y = p.y + image * p.y_image + block * p.y_block
    fill = broadcast(p.fill)
    for pixel in range(p.pixels * part // p.pixel_chunks, p.pixels * (part + 1) // p.pixel_chunks):
        source = load_int32(p.x_pixels + 4 * pixel)
        target = y + load_int32(p.y_pixels + 4 * pixel)
        if source < 0:
            store(target, fill)
        else:
            store(target, load(x + source))


@native(PARTS)
def move_lanes(arguments: Any, chunk: int, scratch: int) -> None:
    """Fill a block of channels from its parts, one after the other."""
    p = carray(arguments, 1)[0]
    share = chunk % p.pixel_chunks
    number = chunk // p.pixel_chunks % p.blocks
    image = chunk // (p.pixel_chunks * p.blocks)
    block = load_int64(p.numbers + 16 * number)
    y = p.y + image * p.y_image + block * p.y_block
    constant = broadcast(p.fill)
    for at in range(load_int64(p.numbers + 16 * number + 8), load_int64(p.numbers + 16 * number + 24)):
        part = p.parts + at * PART_BYTES
        x = load_int64(part + X) + image * load_int64(part + X_IMAGE)
        x_pixels = load_int64(part + X_PIXELS)
        y_pixels = load_int64(part + Y_PIXELS)
        pixels = load_int64(part + PIXELS)
        table = load_int64(part + TABLE)
        mask = load(load_int64(part + MASK))
        keep = load_int64(part + KEEP)
        fill = intersect(constant, mask)
        for pixel in range(pixels * share // p.pixel_chunks, pixels * (share + 1) // p.pixel_chunks):
            source = load_int32(x_pixels + 4 * pixel)
            target = y + load_int32(y_pixels + 4 * pixel)
            value = fill if source < 0 else intersect(gather(x + source, table), mask)
            if keep != 0:
                value = unite(value, load(target))
            store(target, value)


@functools.cache
def move_elements(lanes: int) -> Native:
    """Return the kernel that gathers each vector of 16 numbers (each number: `lanes` 1) of the output from anywhere."""

    @native(ELEMENTS)
    def kernel(arguments: Any, chunk: int, scratch: int) -> None:
        p = carray(arguments, 1)[0]
        part = chunk % p.vector_chunks
        image = chunk // p.vector_chunks
        x = p.x + image * p.x_image
        y = p.y + image * p.y_image
        first = p.vectors * part // p.vector_chunks
        end = p.vectors * (part + 1) // p.vector_chunks
        if lanes == 1:
            for at in range(first, end):
                store_float(y + load_int32(p.targets + 4 * at), load_float(x + load_int32(p.sources + 4 * at)))
        else:
            for at in range(first, min(end, p.whole)):
                store(y + load_int32(p.targets + 4 * at), gather(x, p.sources + VECTOR_BYTES * at))
            mask = load(p.mask)
            for at in range(max(first, p.whole), end):
                value = intersect(gather(x, p.sources + VECTOR_BYTES * at), mask)
                store(y + load_int32(p.targets + 4 * at), value)

    return kernel


def positions_step(
    memory: Memory,
    x: Value,
    y: Value,
    shown: Array,
    targets: Array,
    *,
    fill: float = 0.0,
    first: int = 0,
    blocks: int | None = None,
    from_block: int = 0,
) -> Step:
    """Return the step after which position targets[i] of y shows position shown[i] of x.

    Positions are counted in row-major order; CONSTANT shows `fill`. The blocks of x, or as many as `blocks` says from
    `from_block` on, go to y from block `first` on.
    """
    count = x.blocks if blocks is None else blocks
    at, to = memory.place(x), memory.place(y)
    chunks = chunk_count(len(shown), len(shown) * VECTOR_BYTES)
    arguments = row(
        POSITIONS,
        x=at.start + from_block * at.block,
        x_image=at.image,
        x_block=at.block,
        x_pixels=memory.constant(_shown_offsets(x, at, shown)),
        y=to.start + first * to.block,
        y_image=to.image,
        y_block=to.block,
        y_pixels=memory.constant(position_offsets(y.size, to)[targets].astype(np.int32)),
        pixels=len(shown),
        blocks=count,
        pixel_chunks=chunks,
        fill=fill,
    )
    return Step(move_positions, arguments, y.batch * count * chunks, len(shown) // chunks)


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


def lanes_step(memory: Memory, y: Value, parts: Sequence[Part], fill: float = 0.0) -> Step:
    """Return the step that fills all blocks of y that have parts; lanes without a part are zeroed."""
    to = memory.place(y)
    tables: dict[bytes, int] = {}

    def constant(array: Array) -> int:
        key = array.dtype.char.encode() + array.tobytes()
        if key not in tables:
            tables[key] = memory.constant(array)
        return tables[key]

    y_offsets = position_offsets(y.size, to)
    ordered = sorted(parts, key=lambda part: part.block)
    rows = np.zeros((len(ordered), PART_BYTES // 8), np.int64)
    numbers: list[tuple[int, int]] = []
    for number, part in enumerate(ordered):
        x = part.x
        at = memory.place(x)
        there = part.channels >= 0
        channels = np.where(there, part.channels, part.channels.max())
        table = channels // x.lanes * at.block + channels % x.lanes * 4 + position_offsets(x.size, at)[part.ahead]
        same_block = bool(numbers) and numbers[-1][0] == part.block
        if not same_block:
            numbers.append((part.block, number))
        keep = same_block and any(
            np.array_equal(part.targets, other.targets) for other in ordered[numbers[-1][1] : number]
        )
        rows[number] = (
            at.start,
            at.image,
            constant(_shown_offsets(x, at, part.shown)),
            constant(y_offsets[part.targets].astype(np.int32)),
            len(part.shown),
            constant(table.astype(np.int32)),
            constant(np.where(there, np.int32(-1), np.int32(0))),
            keep,
        )
    most = max(len(part.shown) for part in parts)
    chunks = chunk_count(most, most * VECTOR_BYTES)
    blocks = len(numbers)
    arguments = row(
        PARTS,
        y=to.start,
        y_image=to.image,
        y_block=to.block,
        blocks=blocks,
        numbers=memory.constant(np.array([*numbers, (0, len(ordered))], np.int64)),
        parts=memory.constant(rows),
        pixel_chunks=chunks,
        fill=fill,
    )
    return Step(move_lanes, arguments, y.batch * blocks * chunks, 8 * most * len(parts) // (blocks * chunks))


def elements_step(memory: Memory, x: Value, y: Value, order: Array) -> Step:
    """Return the step for y whose element i is element order[i] of x, both counted in row-major order."""
    at, to = memory.place(x), memory.place(y)
    positions = int(np.prod(y.size))
    planes = np.zeros((y.blocks * y.lanes, positions), np.int64)
    planes[: y.channels] = np.reshape(element_offsets(x, at)[order], (y.channels, positions))
    sources = np.moveaxis(np.reshape(planes, (y.blocks, y.lanes, positions)), 1, 2)
    targets = (np.arange(y.blocks, dtype=np.int64)[:, None] * to.block + position_offsets(y.size, to)).ravel()
    padded = y.channels % y.lanes
    chunks = chunk_count(len(targets), sources.size * 4)
    arguments = row(
        ELEMENTS,
        x=at.start,
        x_image=at.image,
        sources=memory.constant(sources.astype(np.int32)),
        y=to.start,
        y_image=to.image,
        targets=memory.constant(targets.astype(np.int32)),
        vectors=len(targets),
        whole=len(targets) - (positions if padded else 0),
        mask=memory.constant(np.where(np.arange(LANES) < padded, np.int32(-1), np.int32(0))),
        vector_chunks=chunks,
    )
    return Step(move_elements(y.lanes), arguments, y.batch * chunks, sources.size // 2 // chunks)


def element_offsets(value: Value, place: Place) -> Array:
    """Return where each number of an image of a value lies, in row-major order: int64 bytes."""
    channels = np.arange(value.channels, dtype=np.int64)
    starts = channels // value.lanes * place.block + channels % value.lanes * 4
    return (starts[:, None] + position_offsets(value.size, place)).ravel()


def _shown_offsets(x: Value, place: Place, shown: Array) -> Array:
    """Return where the positions `shown` of a map lie: int32 bytes, CONSTANT as it is."""
    return np.where(shown < 0, CONSTANT, position_offsets(x.size, place)[shown]).astype(np.int32)
