"""Pooling by a norm (LPPool): rare, so that each number is raised to its power one by one, in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnncalc.engine.kernels.pooling_axes import Axis
from cnncalc.engine.native import Native, fields, inlined, native, row
from cnncalc.engine.plan.operation import Memory, Operation, Step
from cnncalc.engine.plan.value import Value
from cnncalc.engine.simd.emit import LANES
from cnncalc.engine.simd.memory import load_float, load_int32, store_float

ROW = np.dtype(
    [
        ("x", "i8"),
        ("x_image", "i8"),
        ("x_block", "i8"),
        ("x_plane", "i8"),
        ("x_row", "i8"),
        ("x_pixel", "i8"),
        ("planes", "i8"),  # addresses of tables: for each output position where it begins and how many taps, int32
        ("rows", "i8"),
        ("columns", "i8"),
        ("y", "i8"),
        ("y_image", "i8"),
        ("y_block", "i8"),
        ("y_plane", "i8"),
        ("y_row", "i8"),
        ("y_pixel", "i8"),
        ("blocks", "i8"),
        ("channels", "i8"),
        ("depth", "i8"),
        ("height", "i8"),
        ("width", "i8"),
        ("power", "f8"),
        ("taps", "f8"),  # of a whole window
    ]
)


@inlined
def _norm(p: Any, x: int, planes: int, rows: int, columns: int) -> float:
    """Return the p-norm of a box of one channel that begins at x.

    PyTorch takes the mean of the powers and multiplies it by the whole window, also where less is covered.
    """
    total = 0.0
    for i in range(planes):
        for j in range(rows):
            for k in range(columns):
                total += float(load_float(x + i * p.x_plane + j * p.x_row + k * p.x_pixel)) ** p.power
    return (total / (planes * rows * columns) * p.taps) ** (1 / p.power)


@native(ROW)
def power_pool(arguments: Any, chunk: int, scratch: int) -> None:
    """Fill one row of one block of one image. Lanes beyond the last channel become 0."""
    p = fields(arguments)
    line, plane = chunk % p.height, chunk // p.height % p.depth
    block = chunk // (p.height * p.depth) % p.blocks
    image = chunk // (p.height * p.depth * p.blocks)
    x = p.x + image * p.x_image + block * p.x_block
    x += load_int32(p.planes + 8 * plane) * p.x_plane + load_int32(p.rows + 8 * line) * p.x_row
    y = p.y + image * p.y_image + block * p.y_block + plane * p.y_plane + line * p.y_row
    planes, rows = load_int32(p.planes + 8 * plane + 4), load_int32(p.rows + 8 * line + 4)
    for column in range(p.width):
        covers = p.columns + 8 * column
        window = x + load_int32(covers) * p.x_pixel
        for lane in range(LANES):
            value = 0.0
            if block * LANES + lane < p.channels:
                value = _norm(p, window + 4 * lane, planes, rows, load_int32(covers + 4))
            store_float(y + column * p.y_pixel + 4 * lane, np.float32(value))


class PowerPooling(Operation):
    """The p-norm of sliding windows without padding or dilation. The input is blocked."""

    def __init__(self, name: str, x: Value, output: Value, power: float, axes: tuple[Axis, Axis, Axis]) -> None:
        super().__init__(name, [x], output)
        self.power = power
        self.axes = axes

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return one step, a chunk for each row of the output."""
        x, y = memory.place(self.inputs[0]), memory.place(self.output)
        depth, height, width = self.output.size
        covers = [np.stack([axis.first, axis.taps], 1).astype(np.int32) for axis in self.axes]
        planes, rows, columns = (memory.constant(cover) for cover in covers)
        taps = int(np.prod([axis.window.kernel for axis in self.axes if axis.window]))
        arguments = row(
            ROW,
            x=x.start,
            x_image=x.image,
            x_block=x.block,
            x_plane=x.plane,
            x_row=x.row,
            x_pixel=x.pixel,
            planes=planes,
            rows=rows,
            columns=columns,
            y=y.start,
            y_image=y.image,
            y_block=y.block,
            y_plane=y.plane,
            y_row=y.row,
            y_pixel=y.pixel,
            blocks=self.output.blocks,
            channels=self.output.channels,
            depth=depth,
            height=height,
            width=width,
            power=self.power,
            taps=taps,
        )
        chunks = self.output.batch * self.output.blocks * depth * height
        return [[Step(power_pool, arguments, chunks, width * LANES * taps * 50)]]


def variants() -> list[Native]:
    """Return all kernels of this family."""
    return [power_pool]
