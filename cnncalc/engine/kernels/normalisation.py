"""Normalisation by an input's own statistics: each group of numbers shifted and scaled to mean 0 and variance 1.

Mean and variance are found in two passes, the second of which corrects the first (Chan, Golub and LeVeque 1983,
"Algorithms for computing the sample variance"): with m, the mean as rounded in the first,

    d = sum(x - m) / n,    mean = m + d,    variance = sum((x - m)^2) / n - d^2

As x - m is nearly exact, numbers far from zero lose nothing; the mean is kept in its two parts for the same reason.

What is normalised together is a *unit*: a box of up to three axes, of vectors of 16 channels of x (N, blocks, D, H, W,
16). A lane is a unit of its own (InstanceNorm, LayerNorm over the last axes), or all lanes are one (LayerNorm2d, whose
box is a column of blocks). The learned weight and bias are vectors too, with strides of 0 along the axes that share.
Groups of several channels, which blocks cut anywhere, are in normalise_groups.py.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from cnncalc.engine.native import Native, fields, inlined, native
from cnncalc.engine.simd.emit import LANES
from cnncalc.engine.simd.memory import load_int32
from cnncalc.engine.simd.vector import (
    add,
    broadcast,
    divide,
    first_lanes,
    first_number,
    fma,
    load,
    maximum,
    multiply,
    sqrt,
    store,
    subtract,
    sum_lanes,
)

ROW = np.dtype(
    [
        ("x", "i8"),
        ("x_image", "i8"),
        ("x_block", "i8"),
        ("x_units", "i8"),  # address of the table of where each unit begins in a block, int32 bytes
        ("x_strides", "i8", 3),  # of the box
        ("y", "i8"),
        ("y_image", "i8"),
        ("y_block", "i8"),
        ("y_units", "i8"),
        ("y_strides", "i8", 3),
        ("weight", "i8"),
        ("bias", "i8"),
        ("learned_block", "i8"),
        ("learned_strides", "i8", 3),
        ("statistics", "i8"),  # (images, blocks, 3, 16): see normalise_groups.py
        ("box", "i8", 3),  # sizes
        ("units", "i8"),
        ("unit_chunks", "i8"),  # chunks = images x blocks x unit_chunks
        ("blocks", "i8"),
        ("channels", "i8"),
        ("share", "f4"),  # 1 / the numbers of a unit
        ("eps", "f4"),
    ]
)

SEGMENT = 32
"""Vectors that are summed before their sum is added to the rest, which bounds what rounding can do."""


@inlined
def lanes_of(p: Any, block: int) -> int:
    """How many lanes of a block are channels."""
    return min(LANES, p.channels - block * LANES)


@inlined
def _numbers(at: int, lanes: int, tail: int, last: bool) -> Any:
    """The vector at an address, zero where there is no channel; `tail`: channels in the last of a column."""
    return first_lanes(load(at), tail if last else lanes, broadcast(np.float32(0)))


@inlined
def _together(value: Any, across: int) -> Any:
    """A sum of each lane; or of all lanes, in each."""
    return broadcast(sum_lanes(value)) if across else value


@inlined
def mean(p: Any, x: int, lanes: int, tail: int, across: int) -> Any:
    """The mean of a unit, roughly."""
    total = broadcast(np.float32(0))
    for plane in range(p.box[0]):
        for line in range(p.box[1]):
            at = x + plane * p.x_strides[0] + line * p.x_strides[1]
            part = broadcast(np.float32(0))
            for i in range(p.box[2]):
                part = add(part, _numbers(at + i * p.x_strides[2], lanes, tail, i == p.box[2] - 1))
            total = add(total, part)
    return multiply(_together(total, across), broadcast(p.share))


@inlined
def deviations(p: Any, x: int, lanes: int, tail: int, middle: Any, across: int) -> Any:
    """The means of x - middle and of its square over a unit."""
    zero = broadcast(np.float32(0))
    total, squares, lost = zero, zero, zero
    for plane in range(p.box[0]):
        for line in range(p.box[1]):
            at = x + plane * p.x_strides[0] + line * p.x_strides[1]
            for first in range(0, p.box[2], SEGMENT):
                part, square = zero, zero
                for i in range(first, min(first + SEGMENT, p.box[2])):
                    last = i == p.box[2] - 1
                    number = subtract(load(at + i * p.x_strides[2]), middle)
                    number = first_lanes(number, tail if last else lanes, zero)
                    part = add(part, number)
                    square = fma(number, number, square)
                total = add(total, part)
                # What rounding takes from the growing sum is kept apart (Kahan 1965).
                square = subtract(square, lost)
                grown = add(squares, square)
                lost = subtract(subtract(grown, squares), square)
                squares = grown
    share = broadcast(p.share)
    return multiply(_together(total, across), share), multiply(_together(squares, across), share)


@inlined
def rescale(
    p: Any, x: int, y: int, learned: int, lanes: int, tail: int, middle: Any, correction: Any, inverse: Any
) -> None:
    """Write (x - middle - correction) * inverse * weight + bias over a unit; `learned`: bytes into the two."""
    for plane in range(p.box[0]):
        for line in range(p.box[1]):
            source = x + plane * p.x_strides[0] + line * p.x_strides[1]
            target = y + plane * p.y_strides[0] + line * p.y_strides[1]
            beside = learned + plane * p.learned_strides[0] + line * p.learned_strides[1]
            for i in range(p.box[2]):
                number = subtract(subtract(load(source + i * p.x_strides[2]), middle), correction)
                at = beside + i * p.learned_strides[2]
                number = fma(multiply(number, inverse), load(p.weight + at), load(p.bias + at))
                last = i == p.box[2] - 1
                store(
                    target + i * p.y_strides[2], first_lanes(number, tail if last else lanes, broadcast(np.float32(0)))
                )


@inlined
def _inverse_root(x: Any, across: int) -> Any:
    """1 / sqrt(x); of one number where all lanes are the same, since dividers are slow."""
    if across:
        return broadcast(np.float32(1) / np.sqrt(first_number(x)))
    return divide(broadcast(np.float32(1)), sqrt(x))


@functools.cache
def standardise(across: int) -> Native:
    """Return the kernel that normalises units one by one; `across`: whether all lanes are one unit."""

    @native(ROW)
    def kernel(arguments: Any, chunk: int, scratch: int) -> None:
        p = fields(arguments)
        part = chunk % p.unit_chunks
        block = chunk // p.unit_chunks % p.blocks
        image = chunk // (p.unit_chunks * p.blocks)
        tail = p.channels - (p.box[2] - 1) * LANES if across else lanes_of(p, block)
        lanes = LANES if across else tail
        for unit in range(p.units * part // p.unit_chunks, p.units * (part + 1) // p.unit_chunks):
            x = p.x + image * p.x_image + block * p.x_block + load_int32(p.x_units + 4 * unit)
            y = p.y + image * p.y_image + block * p.y_block + load_int32(p.y_units + 4 * unit)
            middle = mean(p, x, lanes, tail, across)
            correction, square = deviations(p, x, lanes, tail, middle, across)
            variance = maximum(subtract(square, multiply(correction, correction)), broadcast(np.float32(0)))
            inverse = _inverse_root(add(variance, broadcast(p.eps)), across)
            rescale(p, x, y, block * p.learned_block, lanes, tail, middle, correction, inverse)

    return kernel


def variants() -> list[Native]:
    """Return all kernels of this file."""
    return [standardise(0), standardise(1)]
