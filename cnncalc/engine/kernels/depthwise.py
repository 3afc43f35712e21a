"""Depthwise convolution: each channel has a kernel of its own, so that a block of 16 channels is one vector throughout.

A row of TILE neighbouring output positions is summed in registers while the kernel goes over the rows of the window; in
each it makes `taps` multiply-adds a position, whose vectors overlap, so that most are in registers already. There are 9
multiply-adds a number for a 3x3 kernel, so what bounds it is as much the memory as the arithmetic (Zhang et al. 2020,
"High performance depthwise and pointwise convolutions on mobile devices").

Layouts: x and y (N, blocks, D, H, W, 16); weights (blocks, taps, 16), the taps of a row side by side. A last tile moves
left until it fits, and computes some positions twice.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from cnncalc.engine.kernels.tables import int32
from cnncalc.engine.native import Native, fields, native, row
from cnncalc.engine.plan.convolving import Convolution, Window
from cnncalc.engine.plan.operation import Array, Memory, Step
from cnncalc.engine.plan.value import Place
from cnncalc.engine.simd.emit import LANES, VECTOR_BYTES
from cnncalc.engine.simd.memory import load_int32
from cnncalc.engine.simd.rows import load_row, multiply_add_row, store_row
from cnncalc.engine.simd.tile import add_tiles, clamp_tile, repeat_row
from cnncalc.engine.simd.vector import broadcast
from cnncalc.engine.target import target

ROW = np.dtype(
    [
        ("x", "i8"),  # address of the window of the first output position of image 0
        ("x_image", "i8"),
        ("x_block", "i8"),
        ("x_plane", "i8"),  # bytes from window to window on each axis
        ("x_row", "i8"),
        ("x_step", "i8"),
        ("rows", "i8"),  # rows of the window, and the address of where they begin, int32 bytes
        ("row_offsets", "i8"),
        ("weights", "i8"),
        ("block_weights", "i8"),
        ("bias", "i8"),
        ("y", "i8"),
        ("y_image", "i8"),
        ("y_block", "i8"),
        ("y_plane", "i8"),
        ("y_row", "i8"),
        ("residual", "i8"),  # 0: none
        ("residual_image", "i8"),
        ("residual_block", "i8"),
        ("residual_plane", "i8"),
        ("residual_row", "i8"),
        ("blocks", "i8"),
        ("height", "i8"),
        ("width", "i8"),
        ("lines", "i8"),  # rows of the output: depth x height
        ("line_chunks", "i8"),  # chunks = images x blocks x line_chunks
        ("low", "f4"),
        ("high", "f4"),
    ]
)

FAST_TAPS, FAST_STRIDES, FAST_TILE = (3, 5, 7), (1, 2), 3
"""Rows of windows, and tiles from a width on, that have a kernel of their own."""


@functools.cache
def depthwise(tile: int, taps: int, stride: int) -> Native:
    """Return the kernel for `tile` positions at once, `taps` in a row of the window, `stride` (0: any)."""

    @native(ROW)
    def kernel(arguments: Any, chunk: int, scratch: int) -> None:
        p = fields(arguments)
        line_chunk = chunk % p.line_chunks
        block = chunk // p.line_chunks % p.blocks
        image = chunk // (p.line_chunks * p.blocks)
        x_block = p.x + image * p.x_image + block * p.x_block
        y_block = p.y + image * p.y_image + block * p.y_block
        residual_block = p.residual + image * p.residual_image + block * p.residual_block
        bias = p.bias + block * VECTOR_BYTES
        step = stride * VECTOR_BYTES if stride else p.x_step
        block_weights = p.weights + block * p.block_weights
        rows, row_offsets, width, height = p.rows, p.row_offsets, p.width, p.height
        low = broadcast(p.low)
        high = broadcast(p.high)
        first_line = p.lines * line_chunk // p.line_chunks
        plane, line = first_line // height, first_line % height
        for _ in range(first_line, p.lines * (line_chunk + 1) // p.line_chunks):
            x = x_block + plane * p.x_plane + line * p.x_row
            y = y_block + plane * p.y_plane + line * p.y_row
            residual = residual_block + plane * p.residual_plane + line * p.residual_row
            for start in range(0, width, tile):
                first = min(start, width - tile)
                sums = repeat_row(bias, tile, 1)
                weights = block_weights
                for at in range(rows):
                    window = x + first * step + load_int32(row_offsets + 4 * at)
                    sums = multiply_add_row(sums, window, step, weights, taps)
                    weights += taps * VECTOR_BYTES
                if p.residual != 0:
                    sums = add_tiles(sums, load_row(residual + first * VECTOR_BYTES, tile, VECTOR_BYTES))
                store_row(clamp_tile(sums, low, high), y + first * VECTOR_BYTES)
            line += 1
            if line == height:
                plane, line = plane + 1, 0

    return kernel


class DepthwiseConvolution(Convolution):
    """A convolution whose groups are its channels, each with one filter."""

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return one step."""
        window, x, y = self.window, memory.place(self.x), memory.place(self.output)
        residual = self.finish.residual
        beside = memory.place(residual) if residual else None
        depth, height, width = self.output.size
        strides = [step * size for step, size in zip(window.stride, (x.plane, x.row, x.pixel), strict=True)]
        kernel, taps = kernel_for(window, width)
        offsets = self._row_offsets(x, taps)
        weights = pack(window.weight, self.output.blocks)
        bias: Array = np.zeros(self.output.blocks * LANES, np.float32)
        bias[: self.output.channels] = window.bias
        chunks = self.output.batch * self.output.blocks
        work = depth * height * width * LANES * weights.shape[1]
        line_chunks = max(1, min(depth * height, -(-16 // chunks), work // 20_000))
        arguments = row(
            ROW,
            x=x.start + x.at(*(-before for before, _ in window.padding)),
            x_image=x.image,
            x_block=x.block,
            x_plane=strides[0],
            x_row=strides[1],
            x_step=strides[2],
            rows=len(offsets),
            row_offsets=memory.constant(offsets),
            weights=memory.constant(weights),
            block_weights=weights[0].nbytes,
            bias=memory.constant(bias),
            y=y.start,
            y_image=y.image,
            y_block=y.block,
            y_plane=y.plane,
            y_row=y.row,
            residual=beside.start if beside else 0,
            residual_image=beside.image if beside else 0,
            residual_block=beside.block if beside else 0,
            residual_plane=beside.plane if beside else 0,
            residual_row=beside.row if beside else 0,
            blocks=self.output.blocks,
            height=height,
            width=width,
            lines=depth * height,
            line_chunks=line_chunks,
            low=self.finish.low,
            high=self.finish.high,
        )
        return [[Step(kernel, arguments, chunks * line_chunks, work // line_chunks)]]

    def _row_offsets(self, x: Place, taps: int) -> Array:
        """Return where the rows of the window begin, `taps` in each, or each tap on its own, int32 bytes."""
        kernel, dilation = self.window.kernel_size, self.window.dilation
        depth, height, width = (np.arange(k) * d for k, d in zip(kernel, dilation, strict=True))
        offsets = (depth * x.plane)[:, None, None] + (height * x.row)[:, None] + (width * x.pixel)[::taps]
        return int32(offsets.ravel())


def kernel_for(window: Window, width: int) -> tuple[Native, int]:
    """Return the kernel that suits a window and rows of `width`, and how many taps it takes in a row at once."""
    tile = tile_for(width)
    taps, stride = window.kernel_size[2], window.stride[2]
    if tile >= FAST_TILE and taps in FAST_TAPS and stride in FAST_STRIDES and window.dilation[2] == 1:
        return depthwise(tile, taps, stride), taps
    return depthwise(tile, 1, 0), 1


def tile_for(width: int) -> int:
    """Return how many positions of a row of `width` to hold in registers: the fewest steps, then the least twice."""
    sizes = [size for size in _tiles() if size <= width]
    return min(sizes, key=lambda size: (-(-width // size), size))


def _tiles() -> tuple[int, ...]:
    widest = min(7, target().tiles[1])
    return tuple(sorted({widest, min(4, widest), 2, 1}))


def pack(weight: Array, blocks: int) -> Array:
    """Return weights (C, 1, D, H, W) as (blocks, D x H x W, 16)."""
    channels = len(weight)
    taps = int(np.prod(weight.shape[2:]))
    packed: Array = np.zeros((blocks * LANES, taps), np.float32)
    packed[:channels] = np.reshape(weight, (channels, taps))
    return np.swapaxes(np.reshape(packed, (blocks, LANES, taps)), 1, 2)


def variants() -> list[Native]:
    """Return all kernels of this family for this processor."""
    tiles = _tiles()
    wide = [tile for tile in tiles if tile >= FAST_TILE]
    fast = [depthwise(tile, taps, stride) for tile in wide for taps in FAST_TAPS for stride in FAST_STRIDES]
    return fast + [depthwise(tile, 1, 0) for tile in tiles]
