"""LocalResponseNorm: y[c] = x[c] / (k + alpha/size * sum of x[j]^2 over `size` neighbouring channels j) ^ beta.

A few positions at a time: their squares go to scratch memory, channel after channel, (8, size/2 + 16 blocks + size)
float32 with zeros before the first channel and after the last. Sums over neighbours are then sums of vectors that begin
at any channel, and where blocks begin makes no difference.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cnncalc.engine.kernels.logarithm import power
from cnncalc.engine.kernels.tables import pixel_offsets
from cnncalc.engine.native import Native, fields, inlined, native, row
from cnncalc.engine.plan.draft import Draft
from cnncalc.engine.plan.operation import Memory, Operation, Step
from cnncalc.engine.plan.value import Value
from cnncalc.engine.simd.emit import LANES, VECTOR_BYTES
from cnncalc.engine.simd.memory import load_int32, store_float
from cnncalc.engine.simd.vector import add, broadcast, first_lanes, fma, load, multiply, store
from cnncalc.graph import Node

ROW = np.dtype(
    [
        ("x", "i8"),
        ("x_image", "i8"),
        ("x_block", "i8"),
        ("x_pixels", "i8"),  # address of the table of positions, int32 bytes
        ("y", "i8"),
        ("y_image", "i8"),
        ("y_block", "i8"),
        ("y_pixels", "i8"),
        ("pixels", "i8"),
        ("pixel_chunks", "i8"),  # chunks = images x pixel_chunks
        ("channels", "i8"),
        ("size", "i8"),
        ("scratch_pixel", "i8"),  # bytes
        ("k", "f4"),
        ("share", "f4"),  # alpha / size
        ("exponent", "f4"),  # -beta
    ]
)

PIXELS = 8
"""Positions whose squares are in scratch memory at once: they are read long after they were written."""


@inlined
def _clear(p: Any, scratch: int) -> None:
    """Put zeros before and after each position's squares."""
    before = 4 * (p.size // 2)
    behind = before + -(-p.channels // LANES) * VECTOR_BYTES
    for pixel in range(PIXELS):
        at = scratch + pixel * p.scratch_pixel
        for i in range(0, before, 4):
            store_float(at + i, np.float32(0))
        for i in range(behind, p.scratch_pixel, 4):
            store_float(at + i, np.float32(0))


@native(ROW)
def damp(arguments: Any, chunk: int, scratch: int) -> None:
    """Normalise a range of positions of one image."""
    p = fields(arguments)
    image, part = chunk // p.pixel_chunks, chunk % p.pixel_chunks
    blocks = -(-p.channels // LANES)
    before = 4 * (p.size // 2)
    zero, k, share, exponent = broadcast(np.float32(0)), broadcast(p.k), broadcast(p.share), broadcast(p.exponent)
    _clear(p, scratch)
    end = p.pixels * (part + 1) // p.pixel_chunks
    for first in range(p.pixels * part // p.pixel_chunks, end, PIXELS):
        count = min(PIXELS, end - first)
        for block in range(blocks):
            x = p.x + image * p.x_image + block * p.x_block
            lanes = p.channels - block * LANES
            for pixel in range(count):
                number = first_lanes(load(x + load_int32(p.x_pixels + 4 * (first + pixel))), lanes, zero)
                store(scratch + pixel * p.scratch_pixel + before + block * VECTOR_BYTES, multiply(number, number))
        for block in range(blocks):
            x = p.x + image * p.x_image + block * p.x_block
            y = p.y + image * p.y_image + block * p.y_block
            lanes = p.channels - block * LANES
            for pixel in range(count):
                squares = scratch + pixel * p.scratch_pixel + block * VECTOR_BYTES
                total = load(squares)
                for neighbour in range(1, p.size):
                    total = add(total, load(squares + 4 * neighbour))
                factor = power(fma(total, share, k), exponent)
                number = multiply(load(x + load_int32(p.x_pixels + 4 * (first + pixel))), factor)
                store(y + load_int32(p.y_pixels + 4 * (first + pixel)), first_lanes(number, lanes, zero))


class ResponseNorm(Operation):
    """Local response normalisation over `size` channels."""

    def __init__(self, name: str, x: Value, output: Value, size: int, alpha: float, beta: float, k: float) -> None:
        super().__init__(name, [x], output)
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def scratch_bytes(self) -> int:
        """Return the bytes of a few positions' squares."""
        return PIXELS * self._pixel_bytes

    @property
    def _pixel_bytes(self) -> int:
        """Of the squares of all channels of a position, and the zeros round them, in whole vectors."""
        return (self.inputs[0].blocks + -(-2 * self.size // LANES)) * VECTOR_BYTES

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return the one step."""
        source = self.inputs[0]
        x, y = memory.place(source), memory.place(self.output)
        pixels = int(np.prod(source.size))
        work = pixels * source.blocks * LANES * (8 + self.size)
        chunks = max(1, min(pixels, 16, work // 200_000))
        arguments = row(
            ROW,
            x=x.start,
            x_image=x.image,
            x_block=x.block,
            x_pixels=memory.constant(pixel_offsets(source.size, (1, 1, 1), x, 1)),
            y=y.start,
            y_image=y.image,
            y_block=y.block,
            y_pixels=memory.constant(pixel_offsets(source.size, (1, 1, 1), y, 1)),
            pixels=pixels,
            pixel_chunks=chunks,
            channels=source.channels,
            size=self.size,
            scratch_pixel=self._pixel_bytes,
            k=self.k,
            share=self.alpha / self.size,
            exponent=-self.beta,
        )
        return [[Step(damp, arguments, source.batch * chunks, work // chunks)]]


def local_response_norm(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build a LocalResponseNorm."""
    layer: Any = node.layer
    operation = ResponseNorm(node.name, inputs[0], draft.value(node), layer.size, layer.alpha, layer.beta, layer.k)
    return draft.add(operation)


def variants() -> list[Native]:
    """Return all kernels of this file."""
    return [damp]
