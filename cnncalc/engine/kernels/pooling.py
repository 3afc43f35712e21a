"""Pooling: the largest number, or the mean, of what each output position covers of its own channel.

A row of the output is made in two passes. Down: the rows that its windows cover become one, position by position, which
lies in the thread's scratch memory with what stands for padding (minus infinity, or zero) on both sides. Across: each
output takes its positions of that row. So a k x k window costs 2 k steps a number instead of k * k at stride 1, and no
pass has a border to look after: the first is told by tables which rows are real, and the second finds padding.

Common windows (WINDOWS) go across TILE outputs at a time in registers; all others, and bins of adaptive pooling, one by
one by tables of where each begins and how long it is.

Layouts: x and y (N, blocks, D, H, W, 16). Long rows are cut into segments, so that the scratch row stays in the cache.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from cnncalc.engine.kernels.pooling_axes import Axis
from cnncalc.engine.native import Native, fields, inlined, native, row, specialised
from cnncalc.engine.plan.operation import Array, Memory, Operation, Step
from cnncalc.engine.plan.value import Value
from cnncalc.engine.simd.emit import LANES, VECTOR_BYTES
from cnncalc.engine.simd.memory import load_float, load_int32
from cnncalc.engine.simd.rows import load_row, max_tiles, scale_row, slide_add, slide_max, store_row
from cnncalc.engine.simd.tile import add_tiles
from cnncalc.engine.simd.vector import broadcast, store
from cnncalc.engine.target import target

MAX, MEAN = 1, 0
"""Kinds."""
WINDOWS = ((2, 2), (3, 1), (3, 2))
"""Kernel and stride of the rows that have a kernel of their own."""
SEGMENT_COLUMNS = 256
SEGMENT = np.dtype([("first", "i4"), ("end", "i4"), ("start", "i4"), ("stop", "i4")])
"""Outputs `first` to `end` of a row, and columns `start` to `stop` of the input, which they cover, padding included."""
SEGMENT_BYTES = SEGMENT.itemsize

ROW = np.dtype(
    [
        ("x", "i8"),
        ("x_image", "i8"),
        ("x_block", "i8"),
        ("x_plane", "i8"),
        ("x_row", "i8"),
        ("plane_step", "i8"),  # bytes from tap to tap of a window
        ("row_step", "i8"),
        ("column_step", "i8"),  # of the scratch row
        ("planes", "i8"),  # addresses of tables: for each output position where it begins and how many taps, int32
        ("rows", "i8"),
        ("columns", "i8"),
        ("plane_shares", "i8"),  # addresses of what to multiply a sum by, float32
        ("row_shares", "i8"),
        ("column_shares", "i8"),
        ("segment_table", "i8"),
        ("segments", "i8"),
        ("y", "i8"),
        ("y_image", "i8"),
        ("y_block", "i8"),
        ("y_plane", "i8"),
        ("y_row", "i8"),
        ("blocks", "i8"),
        ("height", "i8"),  # of the output
        ("width", "i8"),  # of the input
        ("parts", "i8"),  # depth x height x segments of the output
        ("part_chunks", "i8"),  # chunks = images x blocks x part_chunks
        ("padding", "f4"),  # what stands for it
    ]
)


@inlined
def _pad(base: int, first: int, end: int, padding: Any) -> None:
    for column in range(first, end):
        store(base + column * VECTOR_BYTES, padding)


@specialised
def _down(kind: int, down: int, covered: Any, base: int, start: int, end: int) -> None:
    """Make one row of the rows that windows cover, columns `start` to `end`, `down` at once."""
    x, planes, plane_step, rows, row_step = covered
    last = end - down
    for column in range(start, end, down):
        offset = min(column, last) * VECTOR_BYTES
        total = load_row(x + offset, down, VECTOR_BYTES)
        for i in range(planes):
            for j in range(1 if i == 0 else 0, rows):
                more = load_row(x + offset + i * plane_step + j * row_step, down, VECTOR_BYTES)
                total = max_tiles(total, more) if kind else add_tiles(total, more)
        store_row(total, base + offset)


@inlined
def _gather(kind: int, at: int, count: int, step: int) -> Any:
    """Return, as a tile of one, the largest or the sum of `count` vectors from `at` on; many in four strands."""
    if count < 8:
        done = 1
        total = load_row(at, 1, step)
    else:
        done = 4
        four = load_row(at, 4, step)
        while done + 4 <= count:
            more = load_row(at + done * step, 4, step)
            four = max_tiles(four, more) if kind else add_tiles(four, more)
            done += 4
        total = slide_max(four, 1, 4, 1) if kind else slide_add(four, 1, 4, 1)
    for tap in range(done, count):
        one = load_row(at + tap * step, 1, step)
        total = max_tiles(total, one) if kind else add_tiles(total, one)
    return total


@functools.cache
def pool(kind: int, down: int, tile: int, taps: int, stride: int) -> Native:
    """Return the kernel that goes down `down` columns at once and across `tile` windows at once (0: by tables)."""
    width = (tile - 1) * stride + taps if tile else 1

    @native(ROW)
    def kernel(arguments: Any, chunk: int, scratch: int) -> None:
        p = fields(arguments)
        part_chunk = chunk % p.part_chunks
        block = chunk // p.part_chunks % p.blocks
        image = chunk // (p.part_chunks * p.blocks)
        x_block = p.x + image * p.x_image + block * p.x_block
        y_block = p.y + image * p.y_image + block * p.y_block
        plane_step, row_step, column_step = p.plane_step, p.row_step, p.column_step
        padding = broadcast(p.padding)
        first_part = p.parts * part_chunk // p.part_chunks
        cut, line = first_part % p.segments, first_part // p.segments
        plane, line = line // p.height, line % p.height
        for _ in range(first_part, p.parts * (part_chunk + 1) // p.part_chunks):
            segment = p.segment_table + cut * SEGMENT_BYTES
            first, end = load_int32(segment), load_int32(segment + 4)
            start, stop = load_int32(segment + 8), load_int32(segment + 12)
            x = x_block + load_int32(p.planes + 8 * plane) * p.x_plane + load_int32(p.rows + 8 * line) * p.x_row
            planes, rows = load_int32(p.planes + 8 * plane + 4), load_int32(p.rows + 8 * line + 4)
            y = y_block + plane * p.y_plane + line * p.y_row

            base = scratch - start * VECTOR_BYTES  # where column 0 is, or would be
            _pad(base, start, 0, padding)
            _pad(base, p.width, stop, padding)
            _down(kind, down, (x, planes, plane_step, rows, row_step), base, max(start, 0), min(stop, p.width))
            share = broadcast(load_float(p.plane_shares + 4 * plane) * load_float(p.row_shares + 4 * line))
            for column in range(first, end, max(tile, 1)):
                if tile:
                    output = min(column, end - tile)
                    window = load_row(scratch + (output - first) * stride * VECTOR_BYTES, width, VECTOR_BYTES)
                    found = slide_max(window, tile, taps, stride) if kind else slide_add(window, tile, taps, stride)
                else:
                    output = column
                    covers = p.columns + 8 * output
                    found = _gather(kind, base + load_int32(covers) * VECTOR_BYTES, load_int32(covers + 4), column_step)
                if not kind:
                    found = scale_row(found, share, p.column_shares + 4 * output)
                store_row(found, y + output * VECTOR_BYTES)

            cut += 1
            if cut == p.segments:
                cut, line = 0, line + 1
            if line == p.height:
                plane, line = plane + 1, 0

    return kernel


class Pooling(Operation):
    """A maximum or a mean over what three axes say. The input is blocked."""

    def __init__(self, name: str, x: Value, output: Value, kind: int, axes: tuple[Axis, Axis, Axis]) -> None:
        super().__init__(name, [x], output)
        self.kind = kind
        self.axes = axes
        self.kernel, self.segments = across(kind, axes[2], x.size[2])

    def scratch_bytes(self) -> int:
        """One row of a segment."""
        return int((self.segments["stop"] - self.segments["start"]).max()) * VECTOR_BYTES

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return one step."""
        x, y = memory.place(self.inputs[0]), memory.place(self.output)
        depth, height, width = self.axes
        covers = [np.stack([axis.first, axis.taps], 1).astype(np.int32) for axis in self.axes]
        planes, rows, columns = (memory.constant(cover) for cover in covers)
        plane_shares, row_shares, column_shares = (memory.constant(axis.share) for axis in self.axes)
        parts = len(depth.first) * len(height.first) * len(self.segments)
        chunks = self.output.batch * self.output.blocks
        down, along = int(depth.taps.max() * height.taps.max()), int(width.taps.max())
        work = LANES * parts // len(self.segments) * (self.inputs[0].size[2] * down + len(width.first) * along)
        part_chunks = max(1, min(parts, -(-16 // chunks), work // 20_000))
        arguments = row(
            ROW,
            x=x.start,
            x_image=x.image,
            x_block=x.block,
            x_plane=x.plane,
            x_row=x.row,
            plane_step=depth.step * x.plane,
            row_step=height.step * x.row,
            column_step=width.step * VECTOR_BYTES,
            planes=planes,
            rows=rows,
            columns=columns,
            plane_shares=plane_shares,
            row_shares=row_shares,
            column_shares=column_shares,
            segment_table=memory.constant(self.segments),
            segments=len(self.segments),
            y=y.start,
            y_image=y.image,
            y_block=y.block,
            y_plane=y.plane,
            y_row=y.row,
            blocks=self.output.blocks,
            height=len(height.first),
            width=self.inputs[0].size[2],
            parts=parts,
            part_chunks=part_chunks,
            padding=-np.inf if self.kind == MAX else 0,
        )
        return [[Step(self.kernel, arguments, chunks * part_chunks, work // part_chunks)]]


def across(kind: int, axis: Axis, size: int) -> tuple[Native, Array]:
    """Return the kernel that suits the windows along a row of `size` columns, and the row's segments."""
    widest = _downs()[0]
    window = axis.window
    if window and window.dilation == 1 and (window.kernel, window.stride) in WINDOWS:
        segments = _cut(axis, -window.before + np.arange(len(axis.first)) * window.stride, window.kernel)
        if min(_narrowest(segments, size), int((segments["end"] - segments["first"]).min())) >= widest:
            return pool(kind, widest, widest, window.kernel, window.stride), segments
    segments = _cut(axis, axis.first, axis.end - axis.first)
    down = next(columns for columns in _downs() if columns <= _narrowest(segments, size))
    return pool(kind, down, 0, 0, 0), segments


def _cut(axis: Axis, first: Array, span: Array | int) -> Array:
    """Cut a row of outputs, which cover columns from `first` on, `span` of them, into segments of about one length."""
    outputs = len(first)
    pieces = min(outputs, -(-int(axis.end.max()) // SEGMENT_COLUMNS))
    segments = np.zeros(pieces, SEGMENT)
    segments["first"] = np.arange(pieces) * outputs // pieces
    segments["end"] = np.arange(1, pieces + 1) * outputs // pieces
    for segment in segments:
        part = slice(segment["first"], segment["end"])
        segment["start"], segment["stop"] = first[part].min(), (first + span)[part].max()
    return segments


def _narrowest(segments: Array, size: int) -> int:
    """Return the fewest real columns of a segment."""
    return int((np.minimum(segments["stop"], size) - np.maximum(segments["start"], 0)).min())


def _downs() -> tuple[int, ...]:
    """How many columns there may be at once, the most first."""
    widest = min(7, target().tiles[1])
    return (widest, 2, 1) if widest > 2 else (widest, 1)


def variants() -> list[Native]:
    """Return all kernels of this family for this processor."""
    widest = _downs()[0]
    fast = [pool(kind, widest, widest, *window) for kind in (MAX, MEAN) for window in WINDOWS]
    return fast + [pool(kind, down, 0, 0, 0) for kind in (MAX, MEAN) for down in _downs()]
