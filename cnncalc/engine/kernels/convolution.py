"""Direct convolution: a register tile of pixels x output channels, summed over the whole window.

The kernel holds ROWS output pixels x COLUMNS vectors of 16 output channels in registers while it goes through all taps
and input channels; each of its inner steps is COLUMNS loads of weights, ROWS broadcasts of a pixel's number, and
ROWS x COLUMNS fused multiply-adds (Georganas et al. 2018, "Anatomy of high-performance deep learning convolutions";
the blocked layout is theirs too). Geometry is in tables of offsets, so that stride, padding, dilation, one axis or
three, and Linear layers are the same loop:

- `pixels`: where each output pixel's window begins in the input, int32 bytes; padded to whole tiles by the last pixel
- `taps`: where each tap of each input block lies from there, int32 bytes

Layouts: x (N, in blocks, D, H, W, 16) or plain; weights (output groups, taps x blocks, 16, COLUMNS x 16); y blocked.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from cnncalc.engine.native import Native, carray, native, row
from cnncalc.engine.plan.convolving import Convolution, Window
from cnncalc.engine.plan.operation import Array, Memory, Step
from cnncalc.engine.plan.value import Place, Value
from cnncalc.engine.simd import (
    LANES,
    VECTOR_BYTES,
    add_tiles,
    addresses,
    broadcast,
    clamp_tile,
    load_int32,
    load_tile,
    multiply_add,
    repeat_row,
    store_tile,
)
from cnncalc.engine.target import target

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
        ("weights", "i8"),
        ("group_weights", "i8"),
        ("bias", "i8"),
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
        ("groups", "i8"),
        ("tile_chunks", "i8"),  # chunks = group_chunks x images x tile_chunks
        ("group_chunks", "i8"),
        ("low", "f4"),
        ("high", "f4"),
    ]
)


@functools.cache
def convolve(rows: int, columns: int, unroll: int) -> Native:
    """Return the kernel for tiles of `rows` pixels x `columns` vectors, `unroll` channels a step (1: plain input)."""

    @native(ROW)
    def kernel(arguments: Any, chunk: int, scratch: int) -> None:
        p = carray(arguments, 1)[0]
        tile_chunk = chunk % p.tile_chunks
        image = chunk // p.tile_chunks % p.images
        group_chunk = chunk // (p.tile_chunks * p.images)
        low = broadcast(p.low)
        high = broadcast(p.high)
        x = p.x + image * p.x_image
        for group in range(p.groups * group_chunk // p.group_chunks, p.groups * (group_chunk + 1) // p.group_chunks):
            y = p.y + image * p.y_image + group * columns * p.y_block
            residual = p.residual + image * p.residual_image + group * columns * p.residual_block
            taps = p.taps + group * p.group_taps
            for tile in range(p.tiles * tile_chunk // p.tile_chunks, p.tiles * (tile_chunk + 1) // p.tile_chunks):
                pixels = addresses(x, p.x_pixels + tile * rows * 4, rows)
                sums = repeat_row(p.bias + group * columns * VECTOR_BYTES, rows, columns)
                weights = p.weights + group * p.group_weights
                for tap in range(p.full):
                    offset = load_int32(taps + 4 * tap)
                    for channel in range(0, p.channels, unroll):
                        sums = multiply_add(sums, pixels, offset + 4 * channel, weights, unroll)
                        weights += unroll * columns * VECTOR_BYTES
                for tap in range(p.full, p.full + p.partial):
                    offset = load_int32(taps + 4 * tap)
                    for channel in range(0, p.partial_channels, unroll):
                        sums = multiply_add(sums, pixels, offset + 4 * channel, weights, unroll)
                        weights += unroll * columns * VECTOR_BYTES
                if p.residual != 0:
                    beside = addresses(residual, p.residual_pixels + tile * rows * 4, rows)
                    sums = add_tiles(sums, load_tile(beside, columns, p.residual_block))
                sums = clamp_tile(sums, low, high)
                store_tile(sums, addresses(y, p.y_pixels + tile * rows * 4, rows), p.y_block)

    return kernel


class DirectConvolution(Convolution):
    """A convolution by definition, in the order that keeps sums in registers."""

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return one step for all full groups of output channels, and one for the rest."""
        found: list[Step] = []
        first = 0
        for columns in _columns(self.output.blocks):
            found.append(self._step(memory, first, *columns))
            first += columns[0] * columns[1]
        return [found]

    def _step(self, memory: Memory, first: int, groups: int, columns: int) -> Step:
        """Compute `groups` x `columns` blocks of the output, from block `first` on."""
        window, x, y = self.window, memory.place(self.x), memory.place(self.output)
        rows = target().tiles[columns]
        origin = x.at(*(-before for before, _ in window.padding))
        blocks = slice(first * LANES, (first + groups * columns) * LANES)
        taps, full, partial = tap_offsets(window, self.x, x)
        pixel_count = int(np.prod(self.output.size))
        tiles = -(-pixel_count // rows)
        residual = self.finish.residual
        beside = memory.place(residual) if residual else None
        weights = pack(window, self.x.lanes, blocks, groups, columns)
        bias = np.zeros(groups * columns * LANES, np.float32)
        bias[: len(window.bias[blocks])] = window.bias[blocks]
        work = pixel_count * groups * columns * LANES * int(np.prod(window.weight.shape[1:]))
        tile_chunks = max(1, min(tiles, 16, work // 20_000))
        arguments = row(
            ROW,
            x=x.start + origin,
            x_image=x.image,
            x_pixels=memory.constant(pixel_offsets(self.output.size, window.stride, x, rows)),
            taps=memory.constant(taps),
            group_taps=0,
            full=full,
            partial=partial,
            channels=self.x.lanes,
            partial_channels=-(-(self.x.channels % LANES) // 4) * 4 if self.x.lanes == LANES else 1,
            weights=memory.constant(weights),
            group_weights=weights[0].nbytes,
            bias=memory.constant(bias),
            y=y.start + first * y.block,
            y_image=y.image,
            y_block=y.block,
            y_pixels=memory.constant(pixel_offsets(self.output.size, (1, 1, 1), y, rows)),
            residual=beside.start + first * beside.block if beside else 0,
            residual_image=beside.image if beside else 0,
            residual_block=beside.block if beside else 0,
            residual_pixels=memory.constant(pixel_offsets(self.output.size, (1, 1, 1), beside, rows)) if beside else 0,
            images=self.output.batch,
            tiles=tiles,
            groups=groups,
            tile_chunks=tile_chunks,
            group_chunks=1,
            low=self.finish.low,
            high=self.finish.high,
        )
        kernel = convolve(rows, columns, 4 if self.x.lanes == LANES else 1)
        return Step(kernel, arguments, self.output.batch * tile_chunks, work // tile_chunks)


def _columns(blocks: int) -> list[tuple[int, int]]:
    """Return (groups, columns) that cover the output's blocks: as many of the widest as there are, then the rest."""
    widest = target().columns
    parts = [(blocks // widest, widest), (1, blocks % widest)]
    return [(groups, columns) for groups, columns in parts if groups and columns]


def pixel_offsets(size: tuple[int, int, int], stride: tuple[int, int, int], place: Place, rows: int) -> Array:
    """Return where each position of a map of `size` lies, `stride` apart, in whole tiles of `rows`: int32 bytes."""
    depth, height, width = (np.arange(n, dtype=np.int64) * step for n, step in zip(size, stride, strict=True))
    offsets = (
        (depth * place.plane)[:, None, None] + (height * place.row)[None, :, None] + (width * place.pixel)[None, None]
    ).ravel()
    return np.pad(offsets, (0, -len(offsets) % rows), mode="edge").astype(np.int32)


def tap_offsets(window: Window, value: Value, place: Place) -> tuple[Array, int, int]:
    """Return where each tap of each input block lies from a window's first, int32 bytes; those of whole blocks first.

    Also how many of whole blocks there are, and how many of a last block with fewer channels.
    """
    depth, height, width = (
        np.arange(taps) * step for taps, step in zip(window.kernel_size, window.dilation, strict=True)
    )
    window_taps = (
        (depth * place.plane)[:, None, None] + (height * place.row)[None, :, None] + (width * place.pixel)[None, None]
    ).ravel()
    offsets = (np.arange(value.blocks)[:, None] * place.block + window_taps).ravel().astype(np.int32)
    full = value.channels // value.lanes * len(window_taps)
    return offsets, full, len(offsets) - full


def pack(window: Window, lanes: int, blocks: slice, groups: int, columns: int) -> Array:
    """Return weights (groups, taps of blocks x channels, columns x 16) for a slice of the output channels.

    A last block with fewer channels has only as many, rounded up to 4.
    """
    weight = window.weight[blocks]
    out, channels = weight.shape[:2]
    whole = channels // lanes * lanes
    rest = -(-(channels - whole) // 4) * 4
    flat = np.zeros((groups * columns * LANES, whole + rest, int(np.prod(weight.shape[2:]))), np.float32)
    flat[:out, :channels] = weight.reshape(out, channels, -1)
    parts = [flat[:, :whole].reshape(len(flat), -1, lanes, flat.shape[2]).transpose(1, 3, 2, 0).reshape(-1, len(flat))]
    if rest:
        parts.append(flat[:, whole:].transpose(2, 1, 0).reshape(-1, len(flat)))
    packed = np.concatenate(parts)
    return packed.reshape(len(packed), groups, columns * LANES).transpose(1, 0, 2)
