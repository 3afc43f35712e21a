"""Softmax and LogSoftmax along channels or along a spatial axis.

The largest number is taken off first, so that nothing overflows. A unit is a run of vectors of 16 channels of x (N,
blocks, D, H, W, 16): along a spatial axis each lane is on its own; along channels the run is a column of blocks, whose
lanes are one. A unit is read three times, the second and third time from the innermost cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cnncalc.engine.kernels.activations import exp
from cnncalc.engine.kernels.logarithm import log
from cnncalc.engine.kernels.tables import pixel_offsets
from cnncalc.engine.native import Native, fields, inlined, native, row
from cnncalc.engine.plan.convolving import Triple
from cnncalc.engine.plan.draft import Draft
from cnncalc.engine.plan.operation import Memory, Operation, Step
from cnncalc.engine.plan.value import Value
from cnncalc.engine.simd.emit import LANES
from cnncalc.engine.simd.memory import load_int32
from cnncalc.engine.simd.vector import (
    add,
    broadcast,
    divide,
    first_lanes,
    load,
    max_lanes,
    maximum,
    multiply,
    store,
    subtract,
    sum_lanes,
)
from cnncalc.graph import Node

ROW = np.dtype(
    [
        ("x", "i8"),
        ("x_image", "i8"),
        ("x_block", "i8"),
        ("x_units", "i8"),  # address of the table of where each unit begins in a block, int32 bytes
        ("x_step", "i8"),  # from vector to vector of a unit
        ("y", "i8"),
        ("y_image", "i8"),
        ("y_block", "i8"),
        ("y_units", "i8"),
        ("y_step", "i8"),
        ("length", "i8"),  # vectors of a unit
        ("units", "i8"),
        ("unit_chunks", "i8"),  # chunks = images x blocks x unit_chunks
        ("blocks", "i8"),  # 1 along channels
        ("channels", "i8"),
        ("across", "i8"),  # whether all lanes are one unit
        ("logarithm", "i8"),  # whether LogSoftmax is wanted
    ]
)

SEGMENT = 32
"""Vectors that are summed before their sum is added to the rest, which bounds what rounding can do."""
WORK = 30
"""Multiply-adds that a number is worth."""


@inlined
def _largest(p: Any, x: int, lanes: int, tail: int) -> Any:
    """The largest number of a unit, in each lane."""
    lowest = broadcast(np.float32(-np.inf))
    top = lowest
    for i in range(p.length):
        top = maximum(top, first_lanes(load(x + i * p.x_step), tail if i == p.length - 1 else lanes, lowest))
    return broadcast(max_lanes(top)) if p.across else top


@inlined
def _powers(p: Any, x: int, y: int, lanes: int, tail: int, top: Any) -> Any:
    """Write exp(x - top) where it is wanted later on; their sum, in each lane."""
    zero = broadcast(np.float32(0))
    total = zero
    for first in range(0, p.length, SEGMENT):
        part = zero
        for i in range(first, min(first + SEGMENT, p.length)):
            number = exp(subtract(load(x + i * p.x_step), top))
            number = first_lanes(number, tail if i == p.length - 1 else lanes, zero)
            part = add(part, number)
            if not p.logarithm:
                store(y + i * p.y_step, number)
        total = add(total, part)
    return broadcast(sum_lanes(total)) if p.across else total


@native(ROW)
def soften(arguments: Any, chunk: int, scratch: int) -> None:
    """Do a range of units of one image, and, but along channels, of one block."""
    p = fields(arguments)
    part = chunk % p.unit_chunks
    block = chunk // p.unit_chunks % p.blocks
    image = chunk // (p.unit_chunks * p.blocks)
    tail = p.channels - (p.length - 1 if p.across else block) * LANES
    lanes = LANES if p.across else tail
    zero = broadcast(np.float32(0))
    for unit in range(p.units * part // p.unit_chunks, p.units * (part + 1) // p.unit_chunks):
        x = p.x + image * p.x_image + block * p.x_block + load_int32(p.x_units + 4 * unit)
        y = p.y + image * p.y_image + block * p.y_block + load_int32(p.y_units + 4 * unit)
        top = _largest(p, x, lanes, tail)
        total = _powers(p, x, y, lanes, tail, top)
        if p.logarithm:
            shift = log(total)
            for i in range(p.length):
                number = subtract(subtract(load(x + i * p.x_step), top), shift)
                store(y + i * p.y_step, first_lanes(number, tail if i == p.length - 1 else lanes, zero))
        else:
            share = divide(broadcast(np.float32(1)), total)
            for i in range(p.length):
                number = multiply(load(y + i * p.y_step), share)
                store(y + i * p.y_step, first_lanes(number, tail if i == p.length - 1 else lanes, zero))


class Softmax(Operation):
    """Softmax, or its logarithm, along channels (axis 0) or depth, height or width (1 to 3)."""

    def __init__(self, name: str, x: Value, output: Value, axis: int, *, logarithm: bool) -> None:
        super().__init__(name, [x], output)
        self.axis = axis
        self.logarithm = logarithm

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return the one step."""
        source, across = self.inputs[0], self.axis == 0
        x, y = memory.place(source), memory.place(self.output)
        length = (source.blocks, *source.size)[self.axis]
        depth, height, width = (1 if at + 1 == self.axis else size for at, size in enumerate(source.size))
        outer: Triple = (depth, height, width)
        units, blocks = depth * height * width, 1 if across else source.blocks
        work = units * length * LANES * WORK
        chunks = max(1, min(units, 16, work // 200_000))
        x_step, y_step = ((place.block, place.plane, place.row, place.pixel)[self.axis] for place in (x, y))
        arguments = row(
            ROW,
            x=x.start,
            x_image=x.image,
            x_block=x.block,
            x_units=memory.constant(pixel_offsets(outer, (1, 1, 1), x, 1)),
            x_step=x_step,
            y=y.start,
            y_image=y.image,
            y_block=y.block,
            y_units=memory.constant(pixel_offsets(outer, (1, 1, 1), y, 1)),
            y_step=y_step,
            length=length,
            units=units,
            unit_chunks=chunks,
            blocks=blocks,
            channels=source.channels,
            across=across,
            logarithm=self.logarithm,
        )
        return [[Step(soften, arguments, source.batch * blocks * chunks, work // chunks)]]


def _build(draft: Draft, node: Node, inputs: list[Value], *, logarithm: bool) -> Value:
    layer: Any = node.layer
    shape = node.output_shape
    axis = int(layer.axis(shape))
    # Spatial axes are the last of depth, height and width.
    return draft.add(
        Softmax(node.name, inputs[0], draft.value(node), axis and axis + 4 - len(shape), logarithm=logarithm)
    )


def softmax(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build a Softmax."""
    return _build(draft, node, inputs, logarithm=False)


def log_softmax(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build a LogSoftmax."""
    return _build(draft, node, inputs, logarithm=True)


def variants() -> list[Native]:
    """Return all kernels of this file."""
    return [soften]
