"""Winograd convolution along one axis: fewer multiplications for windows such as 1x7 and 7x1, stride 1.

The same stages as those of winograd_stages.py, and the same product, with n instead of n x n points: a tile is a line
of n inputs and m outputs. The transforms are in winograd_points.py.

Here the line runs along the rows of a column. For windows along the width, rows and columns are exchanged in the
arguments: `x_row` is then what lies between neighbours in a row of the map, `height` is the map's width, and so on.
"""

from __future__ import annotations

import functools
from typing import Any

from cnncalc.engine.kernels.winograd_points import input_line, output_line
from cnncalc.engine.kernels.winograd_stages import ROW, input_parts, multiply
from cnncalc.engine.native import Native, fields, native, specialised
from cnncalc.engine.simd.emit import VECTOR_BYTES
from cnncalc.engine.simd.tile import add_tiles, clamp_tile, load_tile, repeat, spaced, store_tile
from cnncalc.engine.simd.vector import add, broadcast, load, maximum, minimum, store

FORMS = ((6, 4), (10, 4), (12, 6))
"""(n, m) of F(4, 3), F(4, 7) and F(6, 7)."""


@specialised
def _transform_inputs(p: Any, n: int, m: int, first: int, last: int, begin: int, end: int, v: int) -> None:
    """Transform some of the parts of v, from `begin` to `end`; a part is ROWS lines of one input block.

    They are counted as they lie in v, whose first line is `first`; it has none from `last` on.
    """
    for part in range(begin, end):
        start = first + part // p.blocks * p.rows
        for tile in range(start, min(start + p.rows, last)):
            line = tile // p.tile_columns
            corner = line // p.tile_rows * p.x_image + line % p.tile_rows * m * p.x_row
            corner += tile % p.tile_columns * p.x_column
            numbers = load_tile(spaced(p.x + part % p.blocks * p.x_block + corner, p.x_row, n), 1, 0)
            into = v + part * p.v_block + (tile - start) * VECTOR_BYTES
            store_tile(input_line(numbers), spaced(into, p.v_point, n), 0)


@functools.cache
def transform_lines(n: int, m: int) -> Native:
    """Return the kernel of the first of two stages; a chunk is some of the parts of v."""

    @native(ROW)
    def kernel(arguments: Any, chunk: int, scratch: int) -> None:
        p = fields(arguments)
        begin, end = input_parts(p, chunk)
        _transform_inputs(p, n, m, 0, p.tiles, begin, end, p.shared)

    return kernel


@specialised
def _transform_outputs(p: Any, n: int, m: int, first: int, last: int, block: int, s: int, edge: int) -> None:
    """Transform the sums s of one output block and finish them. `edge`: memory for a line that is not whole."""
    low = broadcast(p.low)
    high = broadcast(p.high)
    bias = repeat(load(p.bias + block * VECTOR_BYTES), m, 1)
    for tile in range(first, last):
        column = tile % p.tile_columns
        image = tile // p.tile_columns // p.tile_rows
        line = tile // p.tile_columns % p.tile_rows * m
        sums = load_tile(spaced(s + (tile - first) * VECTOR_BYTES, p.s_point, n), 1, 0)
        numbers = add_tiles(output_line(sums, m), bias)
        y = p.y + image * p.y_image + block * p.y_block + line * p.y_row + column * p.y_column
        residual = p.residual + image * p.residual_image + block * p.residual_block
        residual += line * p.residual_row + column * p.residual_column
        if line + m <= p.height:
            if p.residual != 0:
                numbers = add_tiles(numbers, load_tile(spaced(residual, p.residual_row, m), 1, 0))
            store_tile(clamp_tile(numbers, low, high), spaced(y, p.y_row, m), 0)
        else:
            store_tile(numbers, spaced(edge, VECTOR_BYTES, m), 0)
            for i in range(p.height - line):
                number = load(edge + i * VECTOR_BYTES)
                if p.residual != 0:
                    number = add(number, load(residual + i * p.residual_row))
                store(y + i * p.y_row, minimum(maximum(number, low), high))


@functools.cache
def convolve_lines(n: int, m: int, rows: int, columns: int) -> Native:
    """Return the kernel for lines of n inputs and m outputs, and products of `rows` lines x `columns` vectors.

    A chunk is a block of lines and a part of the output groups. Scratch memory holds one line, s, and v.
    """

    @native(ROW)
    def kernel(arguments: Any, chunk: int, scratch: int) -> None:
        p = fields(arguments)
        tile_chunk = chunk // p.group_chunks
        group_chunk = chunk % p.group_chunks
        row_tiles = (p.tiles + rows - 1) // rows
        first = row_tiles * tile_chunk // p.tile_chunks * rows
        last = min(row_tiles * (tile_chunk + 1) // p.tile_chunks * rows, p.tiles)
        s = scratch + m * VECTOR_BYTES
        v = p.shared + first // rows * p.v_tiles
        if p.shared == 0:
            v = s + n * p.s_point
            _transform_inputs(p, n, m, first, last, 0, (last - first + rows - 1) // rows * p.blocks, v)
        for group in range(p.groups * group_chunk // p.group_chunks, p.groups * (group_chunk + 1) // p.group_chunks):
            multiply(p, n, rows, columns, m, 1, first, last, group, v, s)
            for column in range(min(columns, p.out_blocks - group * columns)):
                block = group * columns + column
                sums = s + column * p.block_tiles * VECTOR_BYTES
                _transform_outputs(p, n, m, first, last, block, sums, scratch)

    return kernel
