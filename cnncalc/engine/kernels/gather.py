"""Numbers of a value put in other places: vectors by their position, or numbers one by one.

- `positions`: whole blocks of channels stay together, and each position of the output shows one of the input, or a
  constant. A table of positions serves all blocks.
- `elements`: any order at all, by a table as long as the output.

Tables hold int32 bytes. Layouts: x (N, blocks, D, H, W, 16), of `elements` also plain; y the same.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from cnncalc.engine.kernels.copies import chunk_count, position_offsets
from cnncalc.engine.kernels.tables import int32
from cnncalc.engine.native import Native, fields, native, row
from cnncalc.engine.plan.operation import Array, Memory, Step
from cnncalc.engine.plan.value import Place, Value
from cnncalc.engine.simd.emit import LANES, VECTOR_BYTES
from cnncalc.engine.simd.memory import load_float, load_int32, store_float
from cnncalc.engine.simd.vector import broadcast, gather, intersect, load, store

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
        ("pixel_parts", "i8"),
        ("units", "i8"),  # images x blocks x pixel_parts: what the chunks share
        ("chunks", "i8"),
        ("fill", "f4"),
    ]
)

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
    p = fields(arguments)
    for unit in range(p.units * chunk // p.chunks, p.units * (chunk + 1) // p.chunks):
        part = unit % p.pixel_parts
        block = unit // p.pixel_parts % p.blocks
        image = unit // (p.pixel_parts * p.blocks)
        x = p.x + image * p.x_image + block * p.x_block
        y = p.y + image * p.y_image + block * p.y_block
        fill = broadcast(p.fill)
        for pixel in range(p.pixels * part // p.pixel_parts, p.pixels * (part + 1) // p.pixel_parts):
            source = load_int32(p.x_pixels + 4 * pixel)
            target = y + load_int32(p.y_pixels + 4 * pixel)
            if source < 0:
                store(target, fill)
            else:
                store(target, load(x + source))


@functools.cache
def move_elements(lanes: int) -> Native:
    """Return the kernel that gathers each vector of 16 numbers (each number: `lanes` 1) of the output from anywhere."""

    @native(ELEMENTS)
    def kernel(arguments: Any, chunk: int, scratch: int) -> None:
        p = fields(arguments)
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
    parts = chunk_count(len(shown), len(shown) * VECTOR_BYTES)
    units = y.batch * count * parts
    chunks = chunk_count(units, y.batch * count * len(shown) * VECTOR_BYTES)
    arguments = row(
        POSITIONS,
        x=at.start + from_block * at.block,
        x_image=at.image,
        x_block=at.block,
        x_pixels=memory.constant(shown_offsets(x, at, shown)),
        y=to.start + first * to.block,
        y_image=to.image,
        y_block=to.block,
        y_pixels=memory.constant(int32(position_offsets(y.size, to)[targets])),
        pixels=len(shown),
        blocks=count,
        pixel_parts=parts,
        units=units,
        chunks=chunks,
        fill=fill,
    )
    return Step(move_positions, arguments, chunks, len(shown) // parts * units // chunks)


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
        sources=memory.constant(int32(sources)),
        y=to.start,
        y_image=to.image,
        targets=memory.constant(int32(targets)),
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


def shown_offsets(x: Value, place: Place, shown: Array) -> Array:
    """Return where the positions `shown` of a map lie: int32 bytes, CONSTANT as it is."""
    return int32(np.where(shown < 0, CONSTANT, position_offsets(x.size, place)[shown]))
