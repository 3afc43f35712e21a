"""A row: neighbouring positions of a map, a vector each, as a tile of one column; depthwise and pooling slide on it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from cnncalc.engine.lazy import Later, intrinsic
from cnncalc.engine.simd.emit import (
    VECTOR_BYTES,
    emit_effect,
    emit_tile,
    largest,
    plus,
    pointer,
    splat,
    stepped,
    sum_of_product,
    vector_at,
)

types: Any = Later("cnncalc.engine.vector_types")
cgutils: Any = Later("numba.core.cgutils")


@intrinsic(prefer_literal=True)
def load_row(_: Any, base: Any, count: Any, step: Any) -> Any:
    """The `count` vectors that lie `step` bytes apart from `base` on."""
    signature = types.UniTuple(types.vector, count.literal_value)(types.int64, count, types.int64)

    def code(builder: Any, args: Any) -> list[Any]:
        return [vector_at(builder, stepped(builder, args[0], args[2], at)) for at in range(count.literal_value)]

    return signature, emit_tile(code)


@intrinsic
def store_row(_: Any, tile: Any, base: Any) -> Any:
    """Write the vectors of a tile one behind the other."""

    def code(builder: Any, args: Any) -> None:
        for at, value in enumerate(cgutils.unpack_tuple(builder, args[0])):
            builder.store(value, pointer(builder, plus(builder, args[1], VECTOR_BYTES * at), types.VECTOR), align=4)

    return types.void(tile, types.int64), emit_effect(code)


@intrinsic(prefer_literal=True)
def multiply_add_row(_: Any, tile: Any, base: Any, step: Any, weights: Any, taps: Any) -> Any:
    """tile[i] + the sum over t < taps of (vector at base + i * step + t * 64) * (vector t at `weights`)."""
    signature = tile(tile, types.int64, types.int64, types.int64, taps)

    def code(builder: Any, args: Any) -> list[Any]:
        sums = cgutils.unpack_tuple(builder, args[0])
        for tap in range(taps.literal_value):
            weight = vector_at(builder, plus(builder, args[3], VECTOR_BYTES * tap), 64)
            start = plus(builder, args[1], VECTOR_BYTES * tap)
            for at, total in enumerate(sums):
                sums[at] = sum_of_product(
                    builder, vector_at(builder, stepped(builder, start, args[2], at)), weight, total
                )
        return sums

    return signature, emit_tile(code)


@intrinsic(prefer_literal=True)
def slide_multiply_add(_: Any, tile: Any, base: Any, step: Any, weights: Any, taps: Any, stride: Any) -> Any:
    """tile[i] + the sum over t < taps of (the number at base + (i * stride + t) * step) * (vector t at `weights`).

    Each number is broadcast once, for all that it is part of.
    """
    width, space, count = taps.literal_value, stride.literal_value, tile.count
    signature = tile(tile, types.int64, step, types.int64, taps, stride)

    def code(builder: Any, args: Any) -> list[Any]:
        sums = cgutils.unpack_tuple(builder, args[0])
        row = [vector_at(builder, plus(builder, args[3], VECTOR_BYTES * tap), 64) for tap in range(width)]
        for position in range((count - 1) * space + width):
            at = plus(builder, args[1], step.literal_value * position)
            value = splat(builder, builder.load(pointer(builder, at, types.FLOAT), align=4))
            for tap in range(width):
                window, between = divmod(position - tap, space)
                if between == 0 and 0 <= window < count:
                    sums[window] = sum_of_product(builder, value, row[tap], sums[window])
        return sums

    return signature, emit_tile(code)


@intrinsic
def scale_row(_: Any, tile: Any, factor: Any, factors: Any) -> Any:
    """Each vector of a tile times `factor`, and a float32 of its own; these lie one behind the other at `factors`."""

    def code(builder: Any, args: Any) -> list[Any]:
        places = [pointer(builder, plus(builder, args[2], 4 * at), types.FLOAT) for at in range(tile.count)]
        own = [splat(builder, builder.load(place, align=4)) for place in places]
        pairs = zip(cgutils.unpack_tuple(builder, args[0]), own, strict=True)
        return [builder.fmul(x, builder.fmul(args[1], y)) for x, y in pairs]

    return tile(tile, types.vector, types.int64), emit_tile(code)


@intrinsic
def max_tiles(_: Any, a: Any, b: Any) -> Any:
    """The larger of each two numbers; NaN where either is."""

    def code(builder: Any, args: Any) -> list[Any]:
        pairs = zip(*(cgutils.unpack_tuple(builder, tile) for tile in args), strict=True)
        return [largest(builder, x, y) for x, y in pairs]

    return a(a, b), emit_tile(code)


def _slide(combine: Callable[[Any, Any, Any], Any], name: str, meaning: str) -> Any:
    def slide(_: Any, row: Any, count: Any, taps: Any, stride: Any) -> Any:
        windows, width, step = count.literal_value, taps.literal_value, stride.literal_value

        def code(builder: Any, args: Any) -> list[Any]:
            values = cgutils.unpack_tuple(builder, args[0])
            tops = [at * step for at in range(windows)]
            return [functools.reduce(functools.partial(combine, builder), values[at : at + width]) for at in tops]

        return types.UniTuple(types.vector, windows)(row, count, taps, stride), emit_tile(code)

    slide.__name__ = slide.__qualname__ = name
    slide.__doc__ = meaning
    return intrinsic(prefer_literal=True)(slide)


slide_add = _slide(
    lambda builder, a, b: builder.fadd(a, b),
    "slide_add",
    "`count` windows over a row, `stride` vectors apart: the sum of the `taps` vectors of each.",
)


slide_max = _slide(lambda builder, a, b: largest(builder, a, b), "slide_max", "The same for the larger, or NaN.")
