"""Interpolation: each output position is a weighted sum of a few input positions on each axis.

Weights are products of one an axis, so a line of the output takes two passes: the lines of the input that it is read
from are summed into one in scratch memory, which stays in the first cache, and that is read at the places of the
columns. A bicubic 16 multiply-adds become 4 for each input column and 4 for each output column.

Layouts: x (N, blocks, D, H, W, 16), y (N, blocks, D', H', W', 16). Tables: `lines` (D' H', outer) int32 bytes and their
weights, `columns` (W', inner) int32 bytes and their weights.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from cnncalc.engine.kernels.copies import chunk_count
from cnncalc.engine.kernels.tables import int32
from cnncalc.engine.native import Native, fields, native, row
from cnncalc.engine.plan.operation import Array, Memory, Operation, Step
from cnncalc.engine.plan.value import LANES, Place, Value
from cnncalc.engine.simd.emit import VECTOR_BYTES
from cnncalc.engine.simd.memory import load_float, load_int32
from cnncalc.engine.simd.vector import broadcast, fma, load, multiply, store

ROW = np.dtype(
    [
        ("x", "i8"),
        ("x_image", "i8"),  # bytes from image to image
        ("x_block", "i8"),
        ("lines", "i8"),  # address of the table of the input's lines that each line of the output is read from
        ("line_weights", "i8"),
        ("columns", "i8"),
        ("column_weights", "i8"),
        ("y", "i8"),
        ("y_image", "i8"),
        ("y_block", "i8"),
        ("y_lines", "i8"),  # address of the table of the output's lines
        ("line_count", "i8"),
        ("x_width", "i8"),
        ("y_width", "i8"),
        ("blocks", "i8"),
        ("line_parts", "i8"),
        ("units", "i8"),  # images x blocks x line_parts: what the chunks share
        ("chunks", "i8"),
    ]
)


@functools.cache
def interpolate(outer: int, inner: int) -> Native:
    """Return the kernel that reads a line from `outer` lines (1: as it is), and a position from `inner` columns."""

    @native(ROW)
    def kernel(arguments: Any, chunk: int, scratch: int) -> None:
        p = fields(arguments)
        for unit in range(p.units * chunk // p.chunks, p.units * (chunk + 1) // p.chunks):
            part = unit % p.line_parts
            block = unit // p.line_parts % p.blocks
            image = unit // (p.line_parts * p.blocks)
            x = p.x + image * p.x_image + block * p.x_block
            y = p.y + image * p.y_image + block * p.y_block
            for at in range(p.line_count * part // p.line_parts, p.line_count * (part + 1) // p.line_parts):
                lines = p.lines + 4 * outer * at
                weights = p.line_weights + 4 * outer * at
                line = x + load_int32(lines)
                if outer > 1:
                    for column in range(0, p.x_width * VECTOR_BYTES, VECTOR_BYTES):
                        value = multiply(load(line + column), broadcast(load_float(weights)))
                        for tap in range(1, outer):
                            weight = broadcast(load_float(weights + 4 * tap))
                            value = fma(load(x + load_int32(lines + 4 * tap) + column), weight, value)
                        store(scratch + column, value)
                    line = scratch
                target = y + load_int32(p.y_lines + 4 * at)
                for column in range(p.y_width):
                    columns = p.columns + 4 * inner * column
                    weights = p.column_weights + 4 * inner * column
                    value = multiply(load(line + load_int32(columns)), broadcast(load_float(weights)))
                    for tap in range(1, inner):
                        weight = broadcast(load_float(weights + 4 * tap))
                        value = fma(load(line + load_int32(columns + 4 * tap)), weight, value)
                    store(target + column * VECTOR_BYTES, value)

    return kernel


class Taps(NamedTuple):
    """What each position of an output axis is read from: input positions and weights, both (size, taps)."""

    at: Array
    weight: Array

    @property
    def reads(self) -> int:
        """How many input positions an output position is read from."""
        return int(self.at.shape[1])


AS_IT_IS = Taps(np.zeros((1, 1), np.int64), np.ones((1, 1)))
"""Of an axis of size 1 that a map does not have."""


class Interpolate(Operation):
    """A map of another size. `taps`: for each of depth, height and width."""

    def __init__(self, name: str, x: Value, output: Value, taps: tuple[Taps, Taps, Taps]) -> None:
        super().__init__(name, (x,), output)
        self.taps = taps

    def scratch_bytes(self) -> int:
        """One line of the input."""
        return self.inputs[0].size[2] * VECTOR_BYTES

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return the one step."""
        x, y = self.inputs[0], self.output
        at, to = memory.place(x), memory.place(y)
        columns = self.taps[2]
        lines, line_weights = _lines(self.taps[0], self.taps[1], at)
        y_lines = _lines(_each(y.size[0]), _each(y.size[1]), to)[0]
        count, outer = lines.shape
        work = count * (x.size[2] * outer + y.size[2] * columns.reads) * LANES
        parts = chunk_count(count, 4 * work)
        units = y.batch * y.blocks * parts
        chunks = chunk_count(units, y.batch * y.blocks * 4 * work)
        arguments = row(
            ROW,
            x=at.start,
            x_image=at.image,
            x_block=at.block,
            lines=memory.constant(int32(lines)),
            line_weights=memory.constant(line_weights.astype(np.float32)),
            columns=memory.constant(int32(columns.at * at.pixel)),
            column_weights=memory.constant(columns.weight.astype(np.float32)),
            y=to.start,
            y_image=to.image,
            y_block=to.block,
            y_lines=memory.constant(int32(y_lines)),
            line_count=count,
            x_width=x.size[2],
            y_width=y.size[2],
            blocks=y.blocks,
            line_parts=parts,
            units=units,
            chunks=chunks,
        )
        return [[Step(interpolate(outer, columns.reads), arguments, chunks, work // parts * units // chunks)]]


def _each(size: int) -> Taps:
    """Return the taps of an axis that is read as it is."""
    return Taps(np.arange(size)[:, None], np.ones((size, 1)))


def _lines(depth: Taps, height: Taps, place: Place) -> tuple[Array, Array]:
    """Return, for each line of an output, where the lines it is read from lie, in int64 bytes, and their weights."""
    starts = (depth.at * place.plane)[:, None, :, None] + (height.at * place.row)[None, :, None, :]
    weights = depth.weight[:, None, :, None] * height.weight[None, :, None, :]
    shape = (len(depth.at) * len(height.at), depth.reads * height.reads)
    return np.reshape(starts, shape), np.reshape(weights, shape)


def variants() -> list[Native]:
    """Return the kernels for linear, bilinear, trilinear and bicubic interpolation."""
    return [interpolate(1, 2), interpolate(2, 2), interpolate(4, 2), interpolate(4, 4)]
