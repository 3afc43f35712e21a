"""Winograd convolution: fewer multiplications for windows of 3x3 and 5x5, stride 1 (Lavin and Gray 2016).

What is computed, and the transforms: winograd_transforms.py. Here it is arranged, in blocks of tiles small enough that
all of a block stays in the second-level cache:

1. each tile of n x n inputs is transformed, 16 channels at once, into v (n x n, tiles / ROWS, in blocks, ROWS, 16);
2. each of its n x n numbers ("points") is a matrix product: the sum over channels of v[point] with the transformed
   weights (out groups, n x n, channels, COLUMNS x 16), by the register tile of direct convolution, with Winograd's
   tiles for pixels, into s (n x n, COLUMNS, tiles, 16);
3. each n x n sums are transformed into m x m outputs, and finished by bias, residual and clamp.

A chunk does all three for one block of tiles, and all output channels; blocks are numbered as they lie in the map.
Where there are few tiles or many weights, 1 is a stage of its own, of all tiles into shared memory, and a chunk of the
second stage does 2 and 3 for one output group and as many tiles as fit: then a weight is read once or a few times, by
one thread.

The n x n planes of v and s lie 192 bytes further apart than they need: at distances that are powers of two, the same
number of each would compete for one place in the first-level cache.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from cnncalc.engine.kernels.winograd_transforms import TRANSFORMS
from cnncalc.engine.native import Native, fields, inlined, native, specialised
from cnncalc.engine.simd.emit import LANES, VECTOR_BYTES
from cnncalc.engine.simd.tile import (
    add_tiles,
    addresses,
    clamp_tile,
    load_tile,
    multiply_add,
    prefetch_for_writing,
    prefetch_into_second,
    repeat,
    spaced,
    store_tile,
)
from cnncalc.engine.simd.vector import add, broadcast, load, maximum, minimum, store

ROW = np.dtype(
    [
        ("x", "i8"),  # address of the first tile of image 0, its padding included
        ("x_image", "i8"),  # strides in bytes
        ("x_block", "i8"),
        ("x_row", "i8"),
        ("x_column", "i8"),  # used by winograd_lines.py
        ("y", "i8"),
        ("y_image", "i8"),
        ("y_block", "i8"),
        ("y_row", "i8"),
        ("y_column", "i8"),
        ("residual", "i8"),  # 0: none
        ("residual_image", "i8"),
        ("residual_block", "i8"),
        ("residual_row", "i8"),
        ("residual_column", "i8"),
        ("height", "i8"),  # of the output
        ("width", "i8"),
        ("tile_rows", "i8"),  # tiles that cover an image
        ("tile_columns", "i8"),
        ("tiles", "i8"),  # of all images
        ("tile_chunks", "i8"),  # the tiles are shared into so many blocks,
        ("block_tiles", "i8"),  # each of so many or fewer
        ("input_chunks", "i8"),  # of a stage of its own
        ("blocks", "i8"),  # input blocks of 16 channels
        ("last_channels", "i8"),  # channels of the last one, rounded up to 4
        ("out_blocks", "i8"),
        ("groups", "i8"),  # of COLUMNS output blocks
        ("group_chunks", "i8"),
        ("weights", "i8"),
        ("ahead", "i8"),  # lines of the next panel of weights to ask for with every 4 channels
        ("y_tiles", "i8"),  # address of a table of where each tile lies in the output, int32 bytes
        ("y_share", "i8"),  # vectors of each tile's outputs to ask for with every product
        ("bias", "i8"),
        ("shared", "i8"),  # address of v where a stage of its own makes it; 0: v is in scratch memory
        ("rows", "i8"),  # tiles of a product, which lie together in v
        ("v_tiles", "i8"),  # strides of v, and between the points of s
        ("v_block", "i8"),
        ("v_point", "i8"),
        ("s_point", "i8"),
        ("low", "f4"),
        ("high", "f4"),
    ]
)


@specialised
def _transform_inputs(p: Any, transform: Any, m: int, first: int, last: int, begin: int, end: int, v: int) -> None:
    """Transform some of the parts of v, from `begin` to `end`; a part is ROWS tiles of one input block.

    They are counted as they lie in v, whose first tile is `first`; it has none from `last` on.
    """
    for part in range(begin, end):
        start = first + part // p.blocks * p.rows
        for tile in range(start, min(start + p.rows, last)):
            column = tile % p.tile_columns
            line = tile // p.tile_columns
            corner = line // p.tile_rows * p.x_image + line % p.tile_rows * m * p.x_row + column * m * VECTOR_BYTES
            into = v + part * p.v_block + (tile - start) * VECTOR_BYTES
            transform(p.x + part % p.blocks * p.x_block + corner, p.x_row, into, p.v_point)


@inlined
def input_parts(p: Any, chunk: int) -> tuple[int, int]:
    """Return which parts of v, from one to before another, a chunk of the first of two stages makes."""
    parts = (p.tiles + p.rows - 1) // p.rows * p.blocks
    return parts * chunk // p.input_chunks, parts * (chunk + 1) // p.input_chunks


@functools.cache
def transform_inputs(n: int, m: int) -> Native:
    """Return the kernel of the first of two stages; a chunk is some of the parts of v."""
    transform, _ = TRANSFORMS[n, m]

    @native(ROW)
    def kernel(arguments: Any, chunk: int, scratch: int) -> None:
        p = fields(arguments)
        begin, end = input_parts(p, chunk)
        _transform_inputs(p, transform, m, 0, p.tiles, begin, end, p.shared)

    return kernel


@specialised
def multiply(
    p: Any, points: int, rows: int, columns: int, m: int, wide: int, begin: int, end: int, group: int, v: int, s: int
) -> None:
    """Sum v of the tiles from `begin` to `end` over all channels with one group's weights.

    Into s (points, columns, block_tiles, 16). Each tile of products asks for its share of the next point's weights, and
    of where the outputs, m x `wide` a tile, will be written: they come from memory while this point's are used.
    """
    weights = p.weights + group * points * ((p.blocks - 1) * LANES + p.last_channels) * columns * VECTOR_BYTES
    count = end - begin
    panel = ((p.blocks - 1) * LANES + p.last_channels) * columns * VECTOR_BYTES
    for point in range(points):
        start = weights
        soon = start + panel
        for first in range(0, count, rows):
            targets = addresses(p.y + group * columns * p.y_block, p.y_tiles + (begin + first) * 4, rows)
            for each in range(point * p.y_share, (point + 1) * p.y_share):
                place = each // (m * wide) * p.y_block + each // wide % m * p.y_row + each % wide * VECTOR_BYTES
                prefetch_for_writing(targets, place)
            tiles = spaced(v + point * p.v_point + first // rows * p.v_tiles, VECTOR_BYTES, rows)
            sums = repeat(broadcast(np.float32(0)), rows, columns)
            weights = start
            for block in range(p.blocks - 1):
                for channel in range(0, LANES, 4):
                    for _ in range(p.ahead):
                        prefetch_into_second(soon)
                        soon += VECTOR_BYTES
                    sums = multiply_add(sums, tiles, block * p.v_block + 4 * channel, weights, 4)
                    weights += 4 * columns * VECTOR_BYTES
            for channel in range(0, p.last_channels, 4):
                sums = multiply_add(sums, tiles, (p.blocks - 1) * p.v_block + 4 * channel, weights, 4)
                weights += 4 * columns * VECTOR_BYTES
            into = s + point * p.s_point + first * VECTOR_BYTES
            store_tile(sums, spaced(into, VECTOR_BYTES, rows), p.block_tiles * VECTOR_BYTES)


@specialised
def _transform_outputs(
    p: Any, transform: Any, n: int, m: int, first: int, last: int, block: int, s: int, edge: int
) -> None:
    """Transform the sums s of one output block and finish them. `edge`: memory for a tile that is not whole."""
    low = broadcast(p.low)
    high = broadcast(p.high)
    bias = repeat(load(p.bias + block * VECTOR_BYTES), m, m)
    for tile in range(first, last):
        column = tile % p.tile_columns * m
        image = tile // p.tile_columns // p.tile_rows
        line = tile // p.tile_columns % p.tile_rows * m
        sums = load_tile(spaced(s + (tile - first) * VECTOR_BYTES, n * p.s_point, n), n, p.s_point)
        numbers = add_tiles(transform(sums), bias)
        y = p.y + image * p.y_image + block * p.y_block + line * p.y_row + column * VECTOR_BYTES
        beside = image * p.residual_image + block * p.residual_block + line * p.residual_row + column * VECTOR_BYTES
        if line + m <= p.height and column + m <= p.width:
            if p.residual != 0:
                residual = spaced(p.residual + beside, p.residual_row, m)
                numbers = add_tiles(numbers, load_tile(residual, m, VECTOR_BYTES))
            store_tile(clamp_tile(numbers, low, high), spaced(y, p.y_row, m), VECTOR_BYTES)
        else:
            store_tile(numbers, spaced(edge, m * VECTOR_BYTES, m), VECTOR_BYTES)
            for i in range(min(m, p.height - line)):
                for j in range(min(m, p.width - column)):
                    number = load(edge + (i * m + j) * VECTOR_BYTES)
                    if p.residual != 0:
                        number = add(number, load(p.residual + beside + i * p.residual_row + j * VECTOR_BYTES))
                    store(y + i * p.y_row + j * VECTOR_BYTES, minimum(maximum(number, low), high))


@functools.cache
def convolve(n: int, m: int, rows: int, columns: int) -> Native:
    """Return the kernel for tiles of n x n inputs, m x m outputs, and products of `rows` tiles x `columns` vectors.

    A chunk is a block of tiles and a part of the output groups. Scratch memory holds one tile, s, and v.
    """
    transform_in, transform_out = TRANSFORMS[n, m]

    @native(ROW)
    def kernel(arguments: Any, chunk: int, scratch: int) -> None:
        p = fields(arguments)
        tile_chunk = chunk // p.group_chunks
        group_chunk = chunk % p.group_chunks
        row_tiles = (p.tiles + rows - 1) // rows
        first = row_tiles * tile_chunk // p.tile_chunks * rows
        last = min(row_tiles * (tile_chunk + 1) // p.tile_chunks * rows, p.tiles)
        s = scratch + m * m * VECTOR_BYTES
        v = p.shared + first // rows * p.v_tiles
        if p.shared == 0:
            v = s + n * n * p.s_point
            parts = (last - first + rows - 1) // rows * p.blocks
            _transform_inputs(p, transform_in, m, first, last, 0, parts, v)
        for group in range(p.groups * group_chunk // p.group_chunks, p.groups * (group_chunk + 1) // p.group_chunks):
            multiply(p, n * n, rows, columns, m, m, first, last, group, v, s)
            for column in range(min(columns, p.out_blocks - group * columns)):
                block = group * columns + column
                _transform_outputs(
                    p, transform_out, n, m, first, last, block, s + column * p.block_tiles * VECTOR_BYTES, scratch
                )

    return kernel
