"""Passes over memory that treat each element alone: activations, a scale and shift a channel, sums and products.

One kernel goes over the output (N, blocks, D, H, W, 16), vector by vector, and writes

    y = min(max(function(x, a[c], b[c]), low), high)     or     y = min(max(function(x, z, a[c], b[c]), low), high)

with the function compiled into it. The parameters a and b are vectors of 16 channels, one a block or one for all. The
inputs' strides are 0 along an axis on which they are stretched; one with a single channel may be stretched to all 16
lanes too. The output may be the input itself. Margins are neither read nor written; where none separates them, rows are
joined to longer lines.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from cnncalc.engine.native import Native, fields, inlined, native
from cnncalc.engine.simd.memory import load_float
from cnncalc.engine.simd.vector import (
    add,
    broadcast,
    fma,
    half_twice,
    join_halves,
    load,
    maximum,
    minimum,
    multiply,
    store,
)

STRIDES = ("", "_image", "_block", "_plane", "_row", "_pixel")
"""What a Place holds, as the row's fields name it."""
ROW = np.dtype(
    [
        *(
            (f"{name}{stride}", "i8")
            for name in "xzy"
            for stride in ("", "_image", "_block", "_plane", "_row", "_pixel")
        ),
        ("a", "i8"),
        ("b", "i8"),
        ("a_block", "i8"),  # bytes from one block's parameters to the next's; 0: one for all
        ("b_block", "i8"),
        ("images", "i8"),
        ("blocks", "i8"),
        ("depth", "i8"),
        ("height", "i8"),
        ("width", "i8"),
        ("line_chunks", "i8"),  # chunks = volume_chunks x line_chunks, a volume being a block of one image
        ("volume_chunks", "i8"),
        ("low", "f4"),
        ("high", "f4"),
    ]
)

ALL, ONE = 16, 1
"""Lanes of the second input: all 16, or the first stretched to 16."""


@functools.cache
def elementwise(
    function: Callable[..., Any], inputs: int, parameters: int, lanes: int = ALL, pixels: int = 1
) -> Native:
    """Return the kernel for a function of one or two inputs and none, one (a) or two (a, b) parameters.

    `pixels`: how many are computed in one vector. It may be 2 where there are up to 8 channels, one input and no
    parameters; an odd one at the end of a line is computed twice.
    """
    arity = 10 * inputs + parameters

    @native(ROW)
    def kernel(arguments: Any, chunk: int, scratch: int) -> None:
        p = fields(arguments)
        line_chunk = chunk % p.line_chunks
        volume_chunk = chunk // p.line_chunks
        volumes = p.images * p.blocks
        lines = p.depth * p.height
        low = broadcast(p.low)
        high = broadcast(p.high)
        # Fields are read here, since the compiler must assume that a store changes them.
        blocks, height, width = p.blocks, p.height, p.width
        x_pixel, z_pixel, y_pixel = p.x_pixel, p.z_pixel, p.y_pixel
        first_line = lines * line_chunk // p.line_chunks
        end_line = lines * (line_chunk + 1) // p.line_chunks
        for volume in range(volumes * volume_chunk // p.volume_chunks, volumes * (volume_chunk + 1) // p.volume_chunks):
            image = volume // blocks
            block = volume % blocks
            a = load(p.a + block * p.a_block)
            b = load(p.b + block * p.b_block)
            for line in range(first_line, end_line):
                plane = line // height
                within = line % height
                x = p.x + image * p.x_image + block * p.x_block + plane * p.x_plane + within * p.x_row
                z = p.z + image * p.z_image + block * p.z_block + plane * p.z_plane + within * p.z_row
                y = p.y + image * p.y_image + block * p.y_block + plane * p.y_plane + within * p.y_row
                for column in range(0, width, pixels):
                    if pixels == 2:
                        other = min(1, width - 1 - column)
                        value = function(join_halves(load(x), load(x + other * x_pixel)))
                    elif arity == 10:
                        value = function(load(x))
                    elif arity == 11:
                        value = function(load(x), a)
                    elif arity == 12:
                        value = function(load(x), a, b)
                    elif arity == 20:
                        value = function(load(x), _second(z, lanes))
                    else:
                        value = function(load(x), _second(z, lanes), a, b)
                    value = minimum(maximum(value, low), high)
                    if pixels == 2:
                        store(y, half_twice(value, 0))
                        store(y + min(1, width - 1 - column) * y_pixel, half_twice(value, 1))
                    else:
                        store(y, value)
                    x += pixels * x_pixel
                    z += pixels * z_pixel
                    y += pixels * y_pixel

    return kernel


@inlined
def _second(address: int, lanes: int) -> Any:
    return broadcast(load_float(address)) if lanes == ONE else load(address)


@inlined
def unchanged(x: Any) -> Any:
    """Return x itself: for what only clamps."""
    return x


@inlined
def scale_shift(x: Any, a: Any, b: Any) -> Any:
    """Return x * a + b."""
    return fma(x, a, b)


@inlined
def scale_shift_add(x: Any, z: Any, a: Any, b: Any) -> Any:
    """Return x * a + b + z."""
    return add(fma(x, a, b), z)


@inlined
def added(x: Any, z: Any) -> Any:
    """Return x + z."""
    return add(x, z)


@inlined
def multiplied(x: Any, z: Any) -> Any:
    """Return x * z."""
    return multiply(x, z)
