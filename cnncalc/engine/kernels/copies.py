"""Between a caller's row-major array and a value: lines as they are, or planes of channels to blocks and back.

Planes to blocks is a transposition: 16 positions of 16 channel planes are 16 vectors, which are loaded as they lie,
exchanged row by lane in registers, and stored one a position. Positions of the array lie one behind the other; those of
the value are found by a table of offsets, so that margins and the number of axes make no difference. The last tile of a
plane begins early enough to be whole.

Layouts: array (N, C, positions); value blocked (N, blocks, positions, 16), or plain.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from cnncalc.engine.kernels.tables import int32
from cnncalc.engine.native import Native, fields, inlined, native, row
from cnncalc.engine.plan.operation import Array, Memory, Step
from cnncalc.engine.plan.value import Place, Value
from cnncalc.engine.simd.emit import LANES, VECTOR_BYTES
from cnncalc.engine.simd.memory import load_float, load_int32, store_float
from cnncalc.engine.simd.tile import addresses, load_tile, plane_addresses, store_tile, transpose
from cnncalc.engine.simd.vector import load, store

LINES = np.dtype(
    [
        ("source", "i8"),
        ("source_image", "i8"),  # bytes from image to image
        ("source_lines", "i8"),  # address of the table of lines of an image, int32 bytes
        ("target", "i8"),
        ("target_image", "i8"),
        ("target_lines", "i8"),
        ("lines", "i8"),
        ("length", "i8"),  # numbers of a line
        ("images", "i8"),
        ("line_chunks", "i8"),  # chunks = images x line_chunks
    ]
)

PLANES = np.dtype(
    [
        ("source", "i8"),
        ("source_image", "i8"),
        ("source_group", "i8"),  # bytes from 16 channels to the next 16
        ("target", "i8"),
        ("target_image", "i8"),
        ("target_group", "i8"),
        ("plane", "i8"),  # of the row-major array: bytes from channel to channel
        ("pixels", "i8"),  # of the blocked value: address of the table of positions, int32 bytes
        ("positions", "i8"),
        ("channels", "i8"),
        ("zeros", "i8"),  # address of a vector of zeros
        ("groups", "i8"),  # of 16 channels
        ("tile_parts", "i8"),
        ("units", "i8"),  # images x groups x tile_parts: what the chunks share
        ("chunks", "i8"),
    ]
)

BYTES_A_CHUNK = 1 << 16
MOST_CHUNKS = 32


@native(LINES)
def copy_lines(arguments: Any, chunk: int, scratch: int) -> None:
    """Copy lines of numbers; where each begins is in a table an array."""
    p = fields(arguments)
    part = chunk % p.line_chunks
    image = chunk // p.line_chunks
    whole = p.length // LANES * LANES
    for line in range(p.lines * part // p.line_chunks, p.lines * (part + 1) // p.line_chunks):
        source = p.source + image * p.source_image + load_int32(p.source_lines + 4 * line)
        target = p.target + image * p.target_image + load_int32(p.target_lines + 4 * line)
        for at in range(0, whole, LANES):
            store(target + 4 * at, load(source + 4 * at))
        for at in range(whole, p.length):
            store_float(target + 4 * at, load_float(source + 4 * at))


@inlined
def _one_by_one(p: Any, source: int, target: int, count: int, to_blocks: bool) -> None:
    """Do what `exchange` does for planes that are smaller than a tile."""
    for position in range(p.positions):
        pixel = load_int32(p.pixels + 4 * position)
        if to_blocks:
            store(target + pixel, load(p.zeros))
            for lane in range(count):
                store_float(target + pixel + 4 * lane, load_float(source + 4 * position + lane * p.plane))
        else:
            for lane in range(count):
                store_float(target + 4 * position + lane * p.plane, load_float(source + pixel + 4 * lane))


@functools.cache
def exchange(to_blocks: bool) -> Native:
    """Return the kernel that writes planes into blocks, or the one that writes blocks into planes."""

    @native(PLANES)
    def kernel(arguments: Any, chunk: int, scratch: int) -> None:
        p = fields(arguments)
        for unit in range(p.units * chunk // p.chunks, p.units * (chunk + 1) // p.chunks):
            part = unit % p.tile_parts
            group = unit // p.tile_parts % p.groups
            image = unit // (p.tile_parts * p.groups)
            source = p.source + image * p.source_image + group * p.source_group
            target = p.target + image * p.target_image + group * p.target_group
            count = min(LANES, p.channels - group * LANES)
            if p.positions < LANES:
                _one_by_one(p, source, target, count, to_blocks)
                continue
            tiles = (p.positions + LANES - 1) // LANES
            for tile in range(tiles * part // p.tile_parts, tiles * (part + 1) // p.tile_parts):
                first = min(tile * LANES, p.positions - LANES)
                if to_blocks:
                    rows = plane_addresses(source + 4 * first, p.plane, count, p.zeros)
                    vectors = transpose(load_tile(rows, 1, 0))
                    store_tile(vectors, addresses(target, p.pixels + 4 * first, LANES), 0)
                else:
                    vectors = transpose(load_tile(addresses(source, p.pixels + 4 * first, LANES), 1, 0))
                    store_tile(vectors, plane_addresses(target + 4 * first, p.plane, count, scratch), 0)

    return kernel


def lines_step(memory: Memory, value: Value, outside: str) -> Step:
    """Return the step between a row-major array, whose address goes into the field `outside`, and a plain value."""
    inside = "target" if outside == "source" else "source"
    place = memory.place(value)
    offsets, length = _lines(value, place)
    dense = np.arange(len(offsets), dtype=np.int64) * length * 4
    chunks = chunk_count(len(offsets), 4 * length * len(offsets))
    fields = {
        outside: 0,
        f"{outside}_image": 4 * int(np.prod(value.shape)),
        f"{outside}_lines": memory.constant(int32(dense)),
        inside: place.start,
        f"{inside}_image": place.image,
        f"{inside}_lines": memory.constant(int32(offsets)),
    }
    arguments = row(LINES, lines=len(offsets), length=length, images=value.batch, line_chunks=chunks, **fields)
    return Step(copy_lines, arguments, value.batch * chunks, len(offsets) * length // LANES // chunks)


def planes_step(memory: Memory, value: Value, outside: str) -> Step:
    """The same for a blocked value."""
    inside = "target" if outside == "source" else "source"
    place = memory.place(value)
    positions = int(np.prod(value.size))
    parts = chunk_count(-(-positions // LANES), positions * VECTOR_BYTES)
    units = value.batch * value.blocks * parts
    chunks = chunk_count(units, value.batch * value.blocks * positions * VECTOR_BYTES)
    fields = {
        outside: 0,
        f"{outside}_image": 4 * positions * value.channels,
        f"{outside}_group": 4 * positions * LANES,
        inside: place.start,
        f"{inside}_image": place.image,
        f"{inside}_group": place.block,
    }
    arguments = row(
        PLANES,
        plane=4 * positions,
        pixels=memory.constant(int32(position_offsets(value.size, place))),
        positions=positions,
        channels=value.channels,
        zeros=memory.constant(np.zeros(LANES, np.float32)),
        groups=value.blocks,
        tile_parts=parts,
        units=units,
        chunks=chunks,
        **fields,
    )
    return Step(exchange(outside == "source"), arguments, chunks, positions // parts * units // chunks)


def chunk_count(parts: int, nbytes: int) -> int:
    """Return into how many chunks to share work of so many parts that moves so many bytes."""
    return max(1, min(parts, MOST_CHUNKS, nbytes // BYTES_A_CHUNK))


def position_offsets(size: tuple[int, int, int], place: Place) -> Array:
    """Return where each position of a map of `size` lies, in row-major order: int64 bytes."""
    depth, height, width = (np.arange(n, dtype=np.int64) for n in size)
    offsets = (
        (depth * place.plane)[:, None, None] + (height * place.row)[None, :, None] + (width * place.pixel)[None, None]
    )
    return offsets.ravel()


def _lines(value: Value, place: Place) -> tuple[Array, int]:
    """Return where the lines of an image of a plain value begin, and how many numbers lie together in each."""
    sizes = [value.channels, *value.size]
    strides = [place.block, place.plane, place.row]
    length = sizes.pop()
    while strides and strides[-1] == 4 * length and 4 * length < BYTES_A_CHUNK:
        strides.pop()
        length *= sizes.pop()
    offsets = np.zeros(1, np.int64)
    for size, stride in zip(sizes, strides, strict=True):
        offsets = (offsets[:, None] + np.arange(size, dtype=np.int64) * stride).ravel()
    return offsets, length
