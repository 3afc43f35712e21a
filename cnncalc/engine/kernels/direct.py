"""The micro-kernel of convolution: a register tile of pixels x output channels, summed over the whole window.

It holds ROWS output pixels x COLUMNS vectors of 16 output channels in registers while it goes through all taps and
input channels; each inner step is COLUMNS loads of weights, ROWS broadcasts of a pixel's number, and ROWS x COLUMNS
fused multiply-adds (Georganas et al. 2018, "Anatomy of high-performance deep learning convolutions"; the blocked layout
is theirs too). Geometry is in tables of offsets, so that stride, padding, dilation, groups, one axis or three,
transposed convolution and Linear layers are the same loop:

- `x_pixels`: where each output pixel's window begins in the input, int32 bytes; whole tiles, the last pixel repeated
- `taps`: where each tap of each input block lies from there, int32 bytes
- `y_pixels`: where each output pixel lies in the output

Layouts: x (N, in blocks, D, H, W, 16) or plain; weights (output groups, taps x channels, COLUMNS x 16); y blocked.

A chunk takes blocks of tiles, within them groups of output channels, within them parts of the sum, within them tiles:
what is used again soon is then still in the second-level cache (Goto and van de Geijn 2008, "Anatomy of
high-performance matrix multiplication"). The sums of parts are added up in y, which also rounds less than one long sum.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from cnncalc.engine.native import Native, fields, inlined, native
from cnncalc.engine.plan.operation import Array, Step
from cnncalc.engine.simd.emit import VECTOR_BYTES
from cnncalc.engine.simd.memory import load_int32
from cnncalc.engine.simd.tile import (
    add_tiles,
    addresses,
    clamp_tile,
    load_tile,
    multiply_add,
    prefetch,
    prefetch_rows,
    repeat,
    repeat_row,
    store_tile,
)
from cnncalc.engine.simd.vector import add, broadcast, load, maximum, multiply, store
from cnncalc.engine.target import FEW_ROWS, Tile, target

ROW = np.dtype(
    [
        ("x", "i8"),  # address of the window of the first output pixel of image 0
        ("x_image", "i8"),  # bytes from image to image
        ("x_pixels", "i8"),  # address of the table of windows
        ("taps", "i8"),  # address of the table of taps
        ("group_taps", "i8"),  # bytes from one output group's table of taps to the next's; 0: one for all
        ("full", "i8"),  # taps with all channels of a block, which come first
        ("partial", "i8"),  # taps of the last block, with fewer channels
        ("channels", "i8"),  # channels of a full tap, and of a partial one
        ("partial_channels", "i8"),
        ("parts", "i8"),  # of the sum over taps
        ("weights", "i8"),
        ("group_weights", "i8"),
        ("coming", "i8"),  # address of the weights of a later step; its own where there is none
        ("coming_share", "i8"),  # how many bytes of them each tile asks for
        ("coming_from", "i8"),  # from which pass on; group after group, each part is a pass through the tiles
        ("bias", "i8"),
        ("scale", "i8"),  # x becomes max(x * scale + shift, 0) first; 0: it is taken as it is
        ("shift", "i8"),
        ("raw_pixels", "i8"),  # then: where each pixel lies in x, x_pixels being about the copy in scratch
        ("raw_block", "i8"),
        ("raw_blocks", "i8"),
        ("y", "i8"),
        ("y_image", "i8"),
        ("y_block", "i8"),
        ("y_pixels", "i8"),
        ("residual", "i8"),  # 0: none
        ("residual_image", "i8"),
        ("residual_block", "i8"),
        ("residual_pixels", "i8"),
        ("images", "i8"),
        ("tiles", "i8"),
        ("tile_block", "i8"),  # tiles that all groups of a chunk go through before the next ones
        ("groups", "i8"),
        ("tile_chunks", "i8"),  # chunks = group_chunks x images x tile_chunks
        ("group_chunks", "i8"),
        ("low", "f4"),
        ("high", "f4"),
    ]
)


@inlined
def _scale_shift(p: Any, x: int, first: int, last: int, block_bytes: int, scratch: int) -> None:
    """Write max(x * scale + shift, 0) of pixels first..last-1 to scratch (blocks, pixels, 16)."""
    zero = broadcast(np.float32(0))
    for block in range(p.raw_blocks):
        scale = load(p.scale + block * VECTOR_BYTES)
        shift = load(p.shift + block * VECTOR_BYTES)
        source = x + block * p.raw_block
        for pixel in range(first, last):
            value = add(multiply(load(source + load_int32(p.raw_pixels + 4 * pixel)), scale), shift)
            store(scratch + block * block_bytes + (pixel - first) * VECTOR_BYTES, maximum(value, zero))


@functools.cache
def convolve(rows: int, columns: int, unroll: int, ahead: int = 0) -> Native:
    """Return the kernel for tiles of `rows` pixels x `columns` vectors, `unroll` channels a step (1: plain input).

    `ahead`: how many bytes ahead weights are asked for; NEXT_PART: each tile asks for its share of the part that comes
    next, or of what a later step begins with; NEXT_TILE: for less of that at once, and for the next tile's pixels;
    0: the processor finds out by itself what will be needed.
    """

    @native(ROW)
    def kernel(arguments: Any, chunk: int, scratch: int) -> None:
        p = fields(arguments)
        tile_chunk = chunk % p.tile_chunks
        image = chunk // p.tile_chunks % p.images
        group_chunk = chunk // (p.tile_chunks * p.images)
        x = p.x + image * p.x_image
        end = p.tiles * (tile_chunk + 1) // p.tile_chunks
        for first in range(p.tiles * tile_chunk // p.tile_chunks, end, p.tile_block):
            last = min(first + p.tile_block, end)
            if p.scale != 0:
                _scale_shift(
                    p, p.x + image * p.x_image, first * rows, last * rows, p.tile_block * rows * VECTOR_BYTES, scratch
                )
                x = scratch - first * rows * VECTOR_BYTES
            for group in range(
                p.groups * group_chunk // p.group_chunks, p.groups * (group_chunk + 1) // p.group_chunks
            ):
                y = p.y + image * p.y_image + group * columns * p.y_block
                residual = p.residual + image * p.residual_image + group * columns * p.residual_block
                taps = p.taps + group * p.group_taps
                for part in range(p.parts):
                    first_tap = p.full * part // p.parts
                    last_tap = p.full * (part + 1) // p.parts
                    skipped = first_tap * p.channels * columns * VECTOR_BYTES
                    size = (last_tap - first_tap) * p.channels * columns * VECTOR_BYTES
                    passed = group * p.parts + part - p.coming_from
                    if passed >= 0:
                        soon, share = p.coming + passed * p.tiles * p.coming_share, p.coming_share
                    else:
                        soon, share = p.weights + group * p.group_weights + skipped + size, size // p.tiles
                    for tile in range(first, last):
                        pixels = addresses(x, p.x_pixels + tile * rows * 4, rows)
                        later = p.x_pixels + (tile + 1 if tile + 1 < p.tiles else 0) * rows * 4
                        weights = p.weights + group * p.group_weights + skipped
                        asked = soon + tile * share
                        if part == 0:
                            sums = repeat_row(p.bias + group * columns * VECTOR_BYTES, rows, columns)
                            if p.residual != 0:  # first, since y may lie where the residual does
                                beside = addresses(residual, p.residual_pixels + tile * rows * 4, rows)
                                sums = add_tiles(sums, load_tile(beside, columns, p.residual_block))
                        else:
                            sums = repeat(broadcast(np.float32(0)), rows, columns)
                        for tap in range(first_tap, last_tap):
                            offset = load_int32(taps + 4 * tap)
                            if ahead == NEXT_TILE:
                                prefetch_rows(x + offset, later, rows)
                                prefetch(asked, 1, 2)
                                asked += 2 * VECTOR_BYTES
                            for channel in range(0, p.channels, unroll):
                                if ahead > 0:
                                    prefetch(weights + ahead, unroll, columns)
                                elif ahead == NEXT_PART:
                                    prefetch(asked, 1, 2)
                                    asked += 2 * VECTOR_BYTES
                                sums = multiply_add(sums, pixels, offset + 4 * channel, weights, unroll)
                                weights += unroll * columns * VECTOR_BYTES
                        targets = addresses(y, p.y_pixels + tile * rows * 4, rows)
                        if part == p.parts - 1:
                            for tap in range(p.full, p.full + p.partial):
                                offset = load_int32(taps + 4 * tap)
                                if ahead == NEXT_TILE:
                                    prefetch_rows(x + offset, later, rows)
                                for channel in range(0, p.partial_channels, unroll):
                                    sums = multiply_add(sums, pixels, offset + 4 * channel, weights, unroll)
                                    weights += unroll * columns * VECTOR_BYTES
                        if part > 0:
                            sums = add_tiles(sums, load_tile(targets, columns, p.y_block))
                        if part == p.parts - 1:
                            sums = clamp_tile(sums, broadcast(p.low), broadcast(p.high))
                        store_tile(sums, targets, p.y_block)

    return kernel


AHEAD_BYTES = 8192
NEXT_PART = -1
NEXT_TILE = -2
COMING_BYTES = 512 << 10
"""Weights of a later step that are asked for: they fit into a second-level cache beside what is used meanwhile."""


def ahead_of(tile: Tile, tiles: int, taps: int, lanes: int, *, streams: bool) -> int:
    """Return what is asked for ahead, by so many tiles, for sums over so many taps of input in such blocks.

    Weights that few tiles use come from memory most of the time. Up to 5 tiles, as in a Linear layer of a small batch,
    each asks for its own a little ahead (+35%); where there are more, all together for the next part's (+10 to 25%):
    few tiles at each step, from 8 a column on at each tap, beside the pixels of the next tile (+3 to 25%). With one row
    the processor runs far enough ahead by itself; short sums would pay more for asking than they gain, except where
    the input `streams`: it comes from beyond the cache, pixel after pixel.
    """
    if tile.rows == 1 or lanes == 1:
        return 0
    if tiles <= 5:
        return AHEAD_BYTES
    if tiles >= 8 * tile.columns and tile.rows not in FEW_ROWS and (streams or taps >= 16):
        return NEXT_TILE
    return NEXT_PART if tiles <= 40 else 0


def unroll_of(lanes: int) -> int:
    """Return how many channels a step takes of an input in blocks of `lanes`: 16 would spill registers."""
    return 4 if lanes > 1 else 1


def variants() -> list[Native]:
    """Return all kernels that a plan may ask for."""
    shapes = [(row, columns) for columns, rows in target().rows.items() for row in sorted({*rows, *FEW_ROWS})]
    asking = [convolve(*shape, 4, ahead) for shape in shapes for ahead in (AHEAD_BYTES, NEXT_PART) if shape[0] > 1]
    asking += [convolve(*shape, 4, NEXT_TILE) for shape in shapes if shape[0] not in FEW_ROWS]
    return [convolve(*shape, unroll) for unroll in (4, 1) for shape in shapes] + asking


def foresee(steps: Sequence[Step]) -> None:
    """Tell each step that can ask for them ahead which weights are read after it, of steps in the order they run.

    It asks all through, or where it has to ask for its own, in its last pass. Layers of small maps, which have hardly
    more pixels than it takes to use weights up, would wait for them else (7x7 and 14x14: +3 to 17%).
    """
    coming = (0, 0)
    for step in reversed(steps):
        if step.arguments.dtype == ROW and coming[1]:
            _ask_for(step.arguments, *coming)
        coming = step.weights if step.weights[1] else coming


def _ask_for(arguments: Array, address: int, size: int) -> None:
    groups, parts, tiles, own = (int(arguments[name][0]) for name in ("groups", "parts", "tiles", "group_weights"))
    first = 0 if groups * own <= COMING_BYTES else groups * parts - 1
    tiles *= groups * parts - first
    arguments["coming"] = address
    arguments["coming_share"] = -(-min(size, COMING_BYTES) // tiles)
    arguments["coming_from"] = first
