"""Direct convolution: how the register tiles of direct.py go through a layer, and how threads share it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from cnncalc.engine.kernels.direct import ROW, ahead_of, convolve, unroll_of
from cnncalc.engine.kernels.tables import (
    MOST_OFFSET,
    Sweep,
    flat_taps,
    int32,
    pack,
    packed_channels,
    pixel_offsets,
    seen_blocks,
    spread,
    sweep_of,
    tap_offsets,
)
from cnncalc.engine.native import row
from cnncalc.engine.plan.convolving import Convolution, Triple
from cnncalc.engine.plan.operation import Array, Memory, Step, aligned
from cnncalc.engine.plan.value import Place
from cnncalc.engine.simd.emit import LANES, VECTOR_BYTES
from cnncalc.engine.target import Tile, tiles

PART_PRODUCTS = 1024
"""The longest sum made in one go: its weights stay in the second-level cache while tile after tile uses them, and a sum
of sums rounds less than one long sum."""
WEIGHT_BYTES = 512 << 10
"""Weights of all groups that do: then pixels are gone through once, else weights."""
BLOCK_BYTES = 160 << 10
"""Input of the block of tiles that stays there beside such weights; or the scratch copy of it that a prologue makes."""
STREAM_BYTES = 512 << 10
"""Input that has left that cache, in part, by the time it is read."""
CHUNK_WORK = 100_000
"""Multiply-adds that are worth a chunk of their own: about a microsecond."""
MOST_CHUNKS = 32
FEW_CHUNKS = 8
"""Chunks that are enough where more would read weights twice."""
LONGEST_WORK = 1 << 30
"""Multiply-adds after which a chunk must end: about 30 ms."""
FOLD_PIXELS = 1024
"""Maps of up to so many positions are gone through for all images together, as if they were one map."""


class DirectConvolution(Convolution):
    """A convolution by definition, in the order that keeps sums in registers."""

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return a step for each width of tile."""
        weight = flat_taps(self.window.weight)
        return [sweep_steps(self, memory, sweep_of(self.window, self.output.size), weight)]

    def scratch_bytes(self) -> int:
        """A block of pixels, scaled and shifted."""
        if not self.prologue:
            return 0
        plan = _tiles(self, sweep_of(self.window, self.output.size), self.window.weight.shape[1])
        return max(_block_tiles(self, tile) * tile.rows * self.x.blocks * VECTOR_BYTES for tile in plan)


class Cut(NamedTuple):
    """How a step's work is divided: into chunks, and within a chunk into blocks of tiles."""

    tile_chunks: int
    group_chunks: int
    tile_block: int


def sweep_steps(operation: Convolution, memory: Memory, sweep: Sweep, weight: Array) -> list[Step]:
    """Return the steps, which may run side by side, that sum weight (out_channels, channels of a group, taps)."""
    found: list[Step] = []
    first = 0
    for tile in _tiles(operation, sweep, weight.shape[1]):
        found.append(_step(operation, memory, sweep, weight, first, tile))
        first += tile.groups * tile.columns
    return found


def _folds(operation: Convolution, sweep: Sweep) -> int:
    """Return how many images count as one map."""
    batch = operation.output.batch
    values = [operation.x, operation.output, operation.finish.residual]
    most = max(value.root.nbytes for value in values if value)
    return batch if sweep.pixels <= FOLD_PIXELS and most <= MOST_OFFSET else 1


def _tiles(operation: Convolution, sweep: Sweep, channels: int) -> list[Tile]:
    """Return the tiles for an operation: where groups do not see all input blocks, those that meet the fewest zeros."""
    groups = operation.window.groups
    pixels = sweep.pixels * _folds(operation, sweep)
    if groups == 1:
        return tiles(pixels, operation.output.blocks)
    filters = operation.output.channels // groups

    def depth(columns: int) -> int:
        return -(-columns * LANES // filters) * channels // operation.x.lanes + 1

    return tiles(pixels, operation.output.blocks, depth)


def _step(operation: Convolution, memory: Memory, sweep: Sweep, weight: Array, first: int, tile: Tile) -> Step:
    """Return the step for `tile.groups` x `tile.columns` blocks of the output, from block `first` on."""
    folded = _folds(operation, sweep)
    images = operation.output.batch // folded
    tile_count = -(-sweep.pixels * folded // tile.rows)
    taps, weights, full, partial = _reduction(operation, sweep, weight, first, tile, memory.place(operation.x))
    work = tile_count * tile.rows * weights.size
    cut = _cut(operation, weights, tile, tile_count, images, work)

    def pixels(place: Place, stride: Triple) -> int:
        return memory.constant(pixel_offsets(sweep.counts, stride, place, tile.rows, folded))

    if operation.prologue:  # taps are of the copy in scratch
        taps = int32(np.arange(operation.x.blocks, dtype=np.int64)[None] * (cut.tile_block * tile.rows * VECTOR_BYTES))
    lanes = operation.x.lanes
    arguments = row(
        ROW,
        **_source(operation, memory, sweep, pixels, tile_count * tile.rows),
        taps=memory.constant(taps),
        group_taps=taps[0].nbytes if len(taps) > 1 else 0,
        full=full,
        partial=partial,
        channels=lanes,
        partial_channels=packed_channels(operation.x.channels % lanes, lanes),
        parts=max(1, min(full, -(-weights.shape[1] // PART_PRODUCTS))),
        weights=memory.keep(weights),
        group_weights=weights[0].nbytes,
        coming=weights.ctypes.data,
        coming_share=0,
        coming_from=0,
        **_result(operation, memory, sweep, pixels, first, tile),
        images=images,
        tiles=tile_count,
        groups=tile.groups,
        **cut._asdict(),
    )
    chunks = cut.tile_chunks * cut.group_chunks * images
    ahead = ahead_of(tile, tile_count, full + partial, lanes, streams=_streams(operation, sweep))
    kernel = convolve(tile.rows, tile.columns, unroll_of(lanes), ahead)
    return Step(kernel, arguments, chunks, work * images // chunks, (weights.ctypes.data, weights.nbytes))


def _streams(operation: Convolution, sweep: Sweep) -> bool:
    """Return whether the input is gone through once, pixel by pixel, and much of it is not in the cache any more."""
    return (
        operation.prologue is None
        and sweep.x_stride == (1, 1, 1)
        and all(len(taps) == 1 for taps in sweep.taps)
        and operation.x.nbytes > STREAM_BYTES
    )


Pixels = Callable[[Place, Triple], int]
"""Makes a table of where pixels lie in a place, so far apart; returns its address."""


def _source(operation: Convolution, memory: Memory, sweep: Sweep, pixels: Pixels, padded: int) -> dict[str, int]:
    """Return the fields about the input; `padded`: pixels in whole tiles."""
    x = memory.place(operation.x)
    table = pixels(x, sweep.x_stride)
    source = {"x": x.start, "x_image": x.image, "raw_block": x.block, "raw_blocks": operation.x.blocks}
    if not operation.prologue:
        return {**source, "x_pixels": table, "scale": 0, "shift": 0, "raw_pixels": 0}
    return {
        **source,
        "x_pixels": memory.constant(int32(np.arange(padded, dtype=np.int64) * VECTOR_BYTES)),
        "scale": memory.constant(_blocked(operation.prologue.scale, operation.x.blocks)),
        "shift": memory.constant(_blocked(operation.prologue.shift, operation.x.blocks)),
        "raw_pixels": table,
    }


def _result(
    operation: Convolution, memory: Memory, sweep: Sweep, pixels: Pixels, first: int, tile: Tile
) -> dict[str, float]:
    """Return the fields about the output, and what is added and bounded on the way, from block `first` on."""
    y, residual = memory.place(operation.output), operation.finish.residual
    some = operation.window.bias[first * LANES :][: tile.groups * tile.columns * LANES]
    fields: dict[str, float] = {
        "bias": memory.constant(_blocked(some, tile.groups * tile.columns)),
        "low": operation.finish.low,
        "high": operation.finish.high,
    }
    for name, place in (("y", y), ("residual", memory.place(residual) if residual else None)):
        fields[name] = place.start + first * place.block + place.at(*sweep.y_first) if place else 0
        fields[f"{name}_image"] = place.image if place else 0
        fields[f"{name}_block"] = place.block if place else 0
        fields[f"{name}_pixels"] = pixels(place, sweep.y_stride) if place else 0
    return fields


def _reduction(
    operation: Convolution, sweep: Sweep, weight: Array, first: int, tile: Tile, x: Place
) -> tuple[Array, Array, int, int]:
    """Return what each output group sums over.

    The tables of taps (1 or groups, taps), weights (groups, taps x channels, columns x 16), and how many taps are of
    whole blocks and of a last block with fewer channels.
    """
    lanes, groups = operation.x.lanes, operation.window.groups
    width = tile.columns * LANES
    outs = [
        range(start, min(start + width, len(weight)))
        for start in range(first * LANES, first * LANES + tile.groups * width, width)
    ]
    taps = weight.shape[2]
    if groups == 1:
        depth = packed_channels(operation.x.channels, lanes)
        packed = aligned((tile.groups, depth * taps, width))
        for out, into in zip(outs, packed, strict=True):
            pack(weight[out.start : out.stop], lanes, into)
        full = operation.x.channels // lanes * taps
        tables = tap_offsets(sweep, x, range(operation.x.blocks))[None]
        return tables, packed, full, tables.shape[1] - full
    seen = [seen_blocks(out, weight, groups, lanes) for out in outs]
    most = max(map(len, seen))
    seen = [range(start, start + most) for start in (min(one.start, operation.x.blocks - most) for one in seen)]
    packed = aligned((tile.groups, most * lanes * taps, width))
    for out, blocks, into in zip(outs, seen, packed, strict=True):
        pack(spread(weight, groups, out, blocks, lanes), lanes, into)
    return np.stack([tap_offsets(sweep, x, blocks) for blocks in seen]), packed, most * taps, 0


def _cut(operation: Convolution, weights: Array, tile: Tile, tile_count: int, images: int, work: int) -> Cut:
    """Choose chunks of about equal work, and the order within them by what stays in the second-level cache."""
    least = -(-work * images // LONGEST_WORK)
    wanted = max(least, min(MOST_CHUNKS, work * images // CHUNK_WORK + 1))
    if operation.prologue or weights.nbytes <= WEIGHT_BYTES or tile.groups == 1:
        tile_chunks = min(tile_count, -(-wanted // images))
        group_chunks = min(tile.groups, -(-wanted // (images * tile_chunks)))
        block = _block_tiles(operation, tile)
    else:
        group_chunks = min(tile.groups, wanted)
        few = max(least, min(wanted, FEW_CHUNKS))
        tile_chunks = min(tile_count, -(-few // (images * group_chunks)))
        block = tile_count
    return Cut(tile_chunks, group_chunks, block)


def _block_tiles(operation: Convolution, tile: Tile) -> int:
    """Return how many tiles' input stays in the second-level cache beside the weights."""
    return max(1, BLOCK_BYTES // (tile.rows * operation.x.blocks * VECTOR_BYTES))


def _blocked(numbers: Array, blocks: int) -> Array:
    """Return numbers a channel, with zeros up to so many whole blocks."""
    return np.pad(numbers.astype(np.float32), (0, blocks * LANES - len(numbers)))
