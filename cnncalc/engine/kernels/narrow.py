"""Convolution into one block of channels: a row of pixels x one vector, which shares what it reads between taps.

Where there is one vector of output channels, the tiles of direct.py broadcast each number for a single multiply-add,
and wait for the broadcasts. Here a tile is ROWS neighbouring pixels of one row of the output. The weights of all taps
along the row are held in registers, and each number of the input, broadcast once, meets all the taps that some pixel of
the tile has there: for 5 taps and 14 pixels, 18 broadcasts and 5 loads are enough for 70 multiply-adds, which then take
1.2 to 1.7 times less time.

Layouts: x (N, in blocks, D, H, W, 16) or plain; y (N, 1, D, H, W, 16); weights (rows of taps, channels, taps along the
row, 16), where a row of taps is one of a block of input channels, at one depth and height of the window. A row of the
output is cut into tiles, the last of which ends with the row and repeats some pixels of the one before.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from cnncalc.engine.kernels.tables import Sweep, pixel_offsets, sweep_of, tap_offsets
from cnncalc.engine.native import Native, fields, native, row
from cnncalc.engine.plan.convolving import Convolution, Window
from cnncalc.engine.plan.operation import Array, Memory, Step, aligned
from cnncalc.engine.plan.value import PLAIN, Value
from cnncalc.engine.simd.emit import LANES, VECTOR_BYTES
from cnncalc.engine.simd.memory import load_int32
from cnncalc.engine.simd.rows import slide_multiply_add, store_row
from cnncalc.engine.simd.tile import clamp_tile, repeat_row
from cnncalc.engine.simd.vector import broadcast
from cnncalc.engine.target import target

ROW = np.dtype(
    [
        ("x", "i8"),  # address of the window of the first output pixel
        ("x_image", "i8"),  # bytes from image to image
        ("x_lines", "i8"),  # address of a table: where the window of each row's first pixel lies, int32 bytes
        ("taps", "i8"),  # address of a table: where each row of taps lies from there, int32 bytes
        ("full", "i8"),  # rows of taps with all channels of a block, which come first
        ("partial", "i8"),  # those of a last block with fewer channels
        ("partial_channels", "i8"),
        ("weights", "i8"),
        ("bias", "i8"),
        ("y", "i8"),
        ("y_image", "i8"),
        ("y_lines", "i8"),  # address of a table: where each row lies, int32 bytes
        ("width", "i8"),  # of the output
        ("lines", "i8"),  # rows of an image's output
        ("line_chunks", "i8"),  # chunks = images x line_chunks
        ("low", "f4"),
        ("high", "f4"),
    ]
)

TAPS_AND_STRIDES = ((3, 1), (3, 2), (5, 1))
"""Taps along a row, and their stride, that have a kernel."""
MOST_PRODUCTS = 1024
"""The longest sum made in one go, as in convolution.py."""
MOST_REPEATED = 1.3
"""How many pixels may be computed for each there is: above, the tiles of direct.py are faster."""
CHUNK_WORK = 100_000


@functools.cache
def slide(rows: int, taps: int, stride: int, lanes: int) -> Native:
    """Return the kernel for tiles of `rows` pixels, with so many taps along the row, of input in blocks of `lanes`."""
    pixel = 4 * lanes

    @native(ROW)
    def kernel(arguments: Any, chunk: int, scratch: int) -> None:
        p = fields(arguments)
        image = chunk // p.line_chunks
        line_chunk = chunk % p.line_chunks
        low, high = broadcast(p.low), broadcast(p.high)
        full, partial, partial_channels, width = p.full, p.partial, p.partial_channels, p.width
        for line in range(p.lines * line_chunk // p.line_chunks, p.lines * (line_chunk + 1) // p.line_chunks):
            x = p.x + image * p.x_image + load_int32(p.x_lines + 4 * line)
            y = p.y + image * p.y_image + load_int32(p.y_lines + 4 * line)
            for start in range(0, width, rows):
                column = min(start, width - rows)
                window = x + column * stride * pixel
                weights = p.weights
                sums = repeat_row(p.bias, rows, 1)
                for tap in range(full + partial):
                    at = window + load_int32(p.taps + 4 * tap)
                    for _ in range(lanes if tap < full else partial_channels):
                        sums = slide_multiply_add(sums, at, pixel, weights, taps, stride)
                        weights += taps * VECTOR_BYTES
                        at += 4
                store_row(clamp_tile(sums, low, high), y + column * VECTOR_BYTES)

    return kernel


class NarrowConvolution(Convolution):
    """A convolution whose output has up to 16 channels, where `suits` says so."""

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return the one step."""
        window, x, y = self.window, memory.place(self.x), memory.place(self.output)
        taps, lanes = window.kernel_size[2], self.x.lanes
        whole = sweep_of(window, self.output.size)
        lines = Sweep((*whole.counts[:2], 1), whole.x_stride, (*whole.taps[:2], whole.taps[2][:1]))
        weights = pack(window.weight, lanes)
        full = self.x.channels // lanes * window.kernel_size[0] * window.kernel_size[1]
        offsets = tap_offsets(lines, x, range(self.x.blocks))
        bias: Array = np.zeros(LANES, np.float32)
        bias[: self.output.channels] = window.bias
        rows = rows_for(self.output.size[2])
        work = self.output.batch * lines.pixels * -(-self.output.size[2] // rows) * rows * weights.size
        line_chunks = min(lines.pixels, -(-min(32, work // CHUNK_WORK + 1) // self.output.batch))
        arguments = row(
            ROW,
            x=x.start,
            x_image=x.image,
            x_lines=memory.constant(pixel_offsets(lines.counts, lines.x_stride, x, 1)),
            taps=memory.constant(offsets),
            full=full,
            partial=len(offsets) - full,
            partial_channels=self.x.channels % lanes,
            weights=memory.keep(weights),
            bias=memory.constant(bias),
            y=y.start,
            y_image=y.image,
            y_lines=memory.constant(pixel_offsets(lines.counts, lines.y_stride, y, 1)),
            width=self.output.size[2],
            lines=lines.pixels,
            line_chunks=line_chunks,
            low=self.finish.low,
            high=self.finish.high,
        )
        chunks = self.output.batch * line_chunks
        kernel = slide(rows, taps, window.stride[2], lanes)
        return [[Step(kernel, arguments, chunks, work // chunks, (weights.ctypes.data, weights.nbytes))]]


def suits(window: Window, x: Value, output: Value) -> bool:
    """Return whether these kernels can do a convolution, and are the faster ones."""
    taps, stride, width = window.kernel_size[2], window.stride[2], output.size[2]
    if (taps, stride) not in TAPS_AND_STRIDES or window.dilation[2] != 1 or window.groups != 1:
        return False
    if output.blocks > 1 or x.lanes not in (PLAIN, LANES) or window.weight[0].size > MOST_PRODUCTS:
        return False
    rows = rows_for(width)
    return 0 < rows <= width and -(-width // rows) * rows <= MOST_REPEATED * width


def rows_for(width: int) -> int:
    """Return how many pixels to hold in registers in rows of `width`: what repeats the fewest. 0: too few registers."""
    return min(target().slides, key=lambda rows: (-(-width // rows) * rows, -rows), default=0)


def pack(weight: Array, lanes: int) -> Array:
    """Return weight (out, channels, D, H, W) as (rows of taps x channels, W, 16), block by block."""
    out, channels, width = len(weight), weight.shape[1], weight.shape[4]
    lines = weight.shape[2] * weight.shape[3]
    packed = aligned((lines * channels, width, LANES))
    for first in range(0, channels, lanes):
        block = np.reshape(weight[:, first : first + lanes], (out, -1, lines, width))
        into = packed[lines * first : lines * (first + block.shape[1])]
        into[..., :out] = np.reshape(np.transpose(block, (2, 1, 3, 0)), (-1, width, out))
    return packed


def variants() -> list[Native]:
    """Return all kernels of this family for this processor."""
    return [
        slide(rows, taps, stride, lanes)
        for rows in target().slides
        for taps, stride in TAPS_AND_STRIDES
        for lanes in (PLAIN, LANES)
    ]
