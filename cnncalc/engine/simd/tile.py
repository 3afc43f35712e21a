"""Tiles: tuples of rows x columns vectors, which stay in registers while a loop runs.

A tuple is one value to the kernel that holds it; LLVM takes it apart. What a tile is read from or written to is given
by a tuple of addresses, one a row. Offsets and strides are in bytes.
"""

from __future__ import annotations

from typing import Any

from cnncalc.engine.lazy import Later, intrinsic
from cnncalc.engine.simd.emit import (
    LANES,
    SECOND_LEVEL,
    VECTOR_BYTES,
    ask_for,
    emit_effect,
    emit_tile,
    int32_at,
    larger,
    plus,
    pointer,
    shuffle_mask,
    smaller,
    splat,
    sum_of_product,
    tile_addresses,
    vector_at,
)

ir: Any = Later("llvmlite.ir")
types: Any = Later("cnncalc.engine.vector_types")
cgutils: Any = Later("numba.core.cgutils")


@intrinsic(prefer_literal=True)
def addresses(_: Any, base: Any, table: Any, count: Any) -> Any:
    """(base + table[0], ..., base + table[count - 1]), `table` being the address of int32 offsets."""
    rows = count.literal_value
    signature = types.UniTuple(types.int64, rows)(types.int64, types.int64, count)

    def code(builder: Any, args: Any) -> list[Any]:
        base, table, _ = args
        return [builder.add(base, int32_at(builder, plus(builder, table, 4 * row))) for row in range(rows)]

    return signature, emit_tile(code)


@intrinsic(prefer_literal=True)
def spaced(_: Any, base: Any, stride: Any, count: Any) -> Any:
    """(base, base + stride, ..., base + (count - 1) * stride)."""
    rows = count.literal_value
    signature = types.UniTuple(types.int64, rows)(types.int64, types.int64, count)

    def code(builder: Any, args: Any) -> list[Any]:
        return [builder.add(args[0], builder.mul(args[1], ir.Constant(types.INT64, row))) for row in range(rows)]

    return signature, emit_tile(code)


@intrinsic(prefer_literal=True)
def repeat(_: Any, value: Any, rows: Any, columns: Any) -> Any:
    """A tile of rows x columns times the same vector."""
    count = rows.literal_value * columns.literal_value
    signature = types.UniTuple(types.vector, count)(types.vector, rows, columns)
    return signature, emit_tile(lambda builder, args: [args[0]] * count)


@intrinsic(prefer_literal=True)
def repeat_row(_: Any, base: Any, rows: Any, columns: Any) -> Any:
    """A tile whose every row is the `columns` vectors that lie at `base`: where a sum starts, at the bias."""
    height, width = rows.literal_value, columns.literal_value
    signature = types.UniTuple(types.vector, height * width)(types.int64, rows, columns)

    def code(builder: Any, args: Any) -> list[Any]:
        row = [vector_at(builder, plus(builder, args[0], VECTOR_BYTES * column)) for column in range(width)]
        return row * height

    return signature, emit_tile(code)


@intrinsic(prefer_literal=True)
def load_tile(_: Any, rows: Any, columns: Any, stride: Any) -> Any:
    """The tile whose row i lies at rows[i], its vectors `stride` bytes apart."""
    height, width = rows.count, columns.literal_value
    signature = types.UniTuple(types.vector, height * width)(rows, columns, types.int64)

    def code(builder: Any, args: Any) -> list[Any]:
        return [vector_at(builder, at) for at in tile_addresses(builder, args[0], width, args[2])]

    return signature, emit_tile(code)


@intrinsic
def store_tile(_: Any, tile: Any, rows: Any, stride: Any) -> Any:
    """Write a tile, row i at rows[i], its vectors `stride` bytes apart."""
    width = tile.count // rows.count

    def code(builder: Any, args: Any) -> None:
        places = tile_addresses(builder, args[1], width, args[2])
        for value, place in zip(cgutils.unpack_tuple(builder, args[0]), places, strict=True):
            builder.store(value, pointer(builder, place, types.VECTOR), align=4)

    return types.void(tile, rows, types.int64), emit_effect(code)


@intrinsic(prefer_literal=True)
def multiply_add(_: Any, tile: Any, pixels: Any, offset: Any, weights: Any, channels: Any) -> Any:
    """tile[i][v] + the sum over c < channels of (number c at pixels[i] + offset) * (vector [c][v] at `weights`).

    The whole of the engine's arithmetic in its inner loop: `columns` vector loads and rows x columns fused
    multiply-adds a channel. Each number is broadcast from memory, which on x86 is part of the multiply-add.
    """
    depth, height = channels.literal_value, pixels.count
    width = tile.count // height

    def code(builder: Any, args: Any) -> list[Any]:
        sums = cgutils.unpack_tuple(builder, args[0])
        starts = [builder.add(pixel, args[2]) for pixel in cgutils.unpack_tuple(builder, args[1])]
        for channel in range(depth):
            first = channel * width
            row = [vector_at(builder, plus(builder, args[3], VECTOR_BYTES * (first + v)), 64) for v in range(width)]
            for i in range(height):
                number = builder.load(pointer(builder, plus(builder, starts[i], 4 * channel), types.FLOAT), align=4)
                value = splat(builder, number)
                for v in range(width):
                    sums[i * width + v] = sum_of_product(builder, value, row[v], sums[i * width + v])
        return sums

    return tile(tile, pixels, types.int64, types.int64, channels), emit_tile(code)


@intrinsic
def add_tiles(_: Any, a: Any, b: Any) -> Any:
    """The sum of two tiles."""

    def code(builder: Any, args: Any) -> list[Any]:
        pairs = zip(*(cgutils.unpack_tuple(builder, tile) for tile in args), strict=True)
        return [builder.fadd(x, y) for x, y in pairs]

    return a(a, b), emit_tile(code)


@intrinsic
def plus_times(_: Any, total: Any, factor: Any, tile: Any) -> Any:
    """The vectors total + factor * tile; `factor` is one vector."""

    def code(builder: Any, args: Any) -> list[Any]:
        totals, tiles = cgutils.unpack_tuple(builder, args[0]), cgutils.unpack_tuple(builder, args[2])
        return [sum_of_product(builder, args[1], x, y) for x, y in zip(tiles, totals, strict=True)]

    return total(total, types.vector, tile), emit_tile(code)


@intrinsic
def clamp_tile(_: Any, tile: Any, low: Any, high: Any) -> Any:
    """Each number of a tile, held between two vectors; NaN stays NaN."""

    def code(builder: Any, args: Any) -> list[Any]:
        low, high = args[1:]
        return [smaller(builder, larger(builder, x, low), high) for x in cgutils.unpack_tuple(builder, args[0])]

    return tile(tile, types.vector, types.vector), emit_tile(code)


@intrinsic
def plane_addresses(_: Any, base: Any, stride: Any, count: Any, spare: Any) -> Any:
    """(base, base + stride, ...), one a lane; from number `count` on, `spare`."""
    integer = types.int64

    def code(builder: Any, args: Any) -> list[Any]:
        base, stride, count, spare = args
        found: list[Any] = []
        for lane in range(LANES):
            number = ir.Constant(types.INT64, lane)
            there = builder.icmp_signed("<", number, count)
            found.append(builder.select(there, builder.add(base, builder.mul(stride, number)), spare))
        return found

    return types.UniTuple(integer, LANES)(integer, integer, integer, integer), emit_tile(code)


@intrinsic
def transpose(_: Any, tile: Any) -> Any:
    """16 vectors with rows and lanes exchanged: in step s, for each bit s of the two numbers (Eklundh 1972)."""

    def code(builder: Any, args: Any) -> list[Any]:
        rows = cgutils.unpack_tuple(builder, args[0])
        for bit in (1, 2, 4, 8):
            low = shuffle_mask([lane if not lane & bit else LANES + lane - bit for lane in range(LANES)])
            high = shuffle_mask([lane + bit if not lane & bit else LANES + lane for lane in range(LANES)])
            for at in (row for row in range(LANES) if not row & bit):
                a, b = rows[at], rows[at + bit]
                rows[at], rows[at + bit] = builder.shuffle_vector(a, b, low), builder.shuffle_vector(a, b, high)
        return rows

    return tile(tile), emit_tile(code)


@intrinsic(prefer_literal=True)
def prefetch(_: Any, address: Any, rows: Any, columns: Any) -> Any:
    """Ask for the rows x columns vectors from an address on, which need not be there."""
    count = rows.literal_value * columns.literal_value

    def code(builder: Any, args: Any) -> None:
        for line in range(count):
            ask_for(builder, plus(builder, args[0], VECTOR_BYTES * line))

    return types.void(types.int64, rows, columns), emit_effect(code)


@intrinsic(prefer_literal=True)
def prefetch_rows(_: Any, base: Any, table: Any, count: Any) -> Any:
    """Ask for the vectors that lie at `addresses(base, table, count)`."""
    rows = count.literal_value

    def code(builder: Any, args: Any) -> None:
        base, table, _ = args
        for row in range(rows):
            ask_for(builder, builder.add(base, int32_at(builder, plus(builder, table, 4 * row))))

    return types.void(types.int64, types.int64, count), emit_effect(code)


@intrinsic
def prefetch_into_second(_: Any, address: Any) -> Any:
    """Ask for the vector at an address, into the second level: for what is used after more than the first one holds."""
    return types.void(types.int64), emit_effect(lambda builder, args: ask_for(builder, args[0], SECOND_LEVEL))


@intrinsic
def prefetch_for_writing(_: Any, rows: Any, offset: Any) -> Any:
    """Ask for the vector at `offset` from each of some addresses, to be written: else the first store waits for it."""

    def code(builder: Any, args: Any) -> None:
        for address in cgutils.unpack_tuple(builder, args[0]):
            ask_for(builder, builder.add(address, args[1]), write=True)

    return types.void(rows, types.int64), emit_effect(code)
