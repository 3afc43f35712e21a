"""The operations of normalisation by own statistics, and what makes them of layers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cnncalc.engine.kernels.normalisation import ROW, standardise
from cnncalc.engine.kernels.normalise_groups import BLOCK_BYTES, GROUP_ROW, combine, gather, spread
from cnncalc.engine.kernels.tables import pixel_offsets
from cnncalc.engine.native import row
from cnncalc.engine.plan.convolving import Triple
from cnncalc.engine.plan.draft import Draft
from cnncalc.engine.plan.operation import Array, Memory, Operation, Step
from cnncalc.engine.plan.value import Place, Value
from cnncalc.engine.simd.emit import LANES, VECTOR_BYTES
from cnncalc.graph import Node

CHUNK_NUMBERS = 1 << 14
"""Numbers that are worth a chunk of their own."""
WORK = 4
"""Multiply-adds that a number is worth, in all passes."""


class Learned(NamedTuple):
    """Weight and bias, each of sizes (channels, depth, height, width), 1 along an axis that shares them."""

    weight: Array
    bias: Array


class Standardise(Operation):
    """Normalises units that lie in one chunk each: columns of all channels, or the last `axes` axes of each channel."""

    def __init__(self, name: str, x: Value, output: Value, eps: float, learned: Learned, axes: int | None) -> None:
        super().__init__(name, [x], output)
        self.eps = eps
        self.learned = learned
        self.axes = axes
        """How many; None: columns."""

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return the one step."""
        x, y = self.inputs[0], self.output
        arguments = _arguments(self, memory)
        if self.axes is None:
            outer, box = x.size, (1, 1, x.blocks)
            blocks, count = 1, x.channels
            columns = [(0, 0, memory.place(value).block) for value in (x, y)]
            arguments["x_strides"], arguments["y_strides"] = columns
            arguments["learned_strides"] = (0, 0, arguments["learned_block"][0])
        else:
            outer, box = split(x.size, self.axes)
            blocks, count = x.blocks, int(np.prod(box))
        units = int(np.prod(outer))
        numbers = units * int(np.prod(box)) * LANES
        chunks = max(1, min(units, 16, numbers // CHUNK_NUMBERS))
        for name, value in (("x_units", x), ("y_units", y)):
            arguments[name] = memory.constant(pixel_offsets(outer, (1, 1, 1), memory.place(value), 1))
        arguments["box"], arguments["blocks"], arguments["share"] = box, blocks, 1 / count
        arguments["units"], arguments["unit_chunks"] = units, chunks
        kernel = standardise(1 if self.axes is None else 0)
        return [[Step(kernel, arguments, x.batch * blocks * chunks, WORK * numbers // chunks)]]


class StandardiseGroups(Operation):
    """Normalises groups of channels of each image; or, `batched`, of the whole batch."""

    stages = 3

    def __init__(
        self, name: str, x: Value, output: Value, eps: float, learned: Learned, groups: int, *, batched: bool = False
    ) -> None:
        super().__init__(name, [x], output)
        self.eps = eps
        self.learned = learned
        self.groups = groups
        self.batched = batched

    def shared_bytes(self) -> int:
        """Return the bytes of the statistics."""
        return self.output.batch * self.output.blocks * BLOCK_BYTES

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return a step for each of the three stages."""
        x = self.inputs[0]
        arguments = _arguments(self, memory)
        arguments["statistics"] = memory.shared(self)
        together = row(
            GROUP_ROW,
            statistics=memory.shared(self),
            blocks=x.blocks,
            images=x.batch if self.batched else 1,
            groups=self.groups,
            channels=x.channels // self.groups,
            eps=self.eps,
        )
        chunks = x.batch * x.blocks
        numbers = int(np.prod(x.size)) * LANES
        return [
            [Step(gather, arguments, chunks, 2 * numbers)],
            [Step(combine, together, 1 if self.batched else x.batch, WORK * x.channels)],
            [Step(spread, arguments, chunks, 2 * numbers)],
        ]


def _arguments(operation: Standardise | StandardiseGroups, memory: Memory) -> Array:
    """Return the row for whole blocks as units."""
    source, target = operation.inputs[0], operation.output
    x, y = memory.place(source), memory.place(target)
    weight, block, strides = pack(operation.learned.weight)
    bias, _, _ = pack(operation.learned.bias)
    return row(
        ROW,
        x=x.start,
        x_image=x.image,
        x_block=x.block,
        x_units=0,
        x_strides=_strides(x),
        y=y.start,
        y_image=y.image,
        y_block=y.block,
        y_units=0,
        y_strides=_strides(y),
        weight=memory.constant(weight),
        bias=memory.constant(bias),
        learned_block=block,
        learned_strides=strides,
        statistics=0,
        box=source.size,
        units=1,
        unit_chunks=1,
        blocks=source.blocks,
        channels=source.channels,
        share=1 / np.prod(source.size),
        eps=operation.eps,
    )


def split(size: Triple, axes: int) -> tuple[Triple, Triple]:
    """Return the sizes of a map without its last `axes` axes, and of those alone, with ones for what is missing."""
    depth, height, width = (1 if at >= 3 - axes else n for at, n in enumerate(size))
    planes, lines, pixels = (n if at >= 3 - axes else 1 for at, n in enumerate(size))
    return (depth, height, width), (planes, lines, pixels)


def _strides(place: Place) -> tuple[int, int, int]:
    return place.plane, place.row, place.pixel


def pack(array: Array) -> tuple[Array, int, tuple[int, int, int]]:
    """Return numbers (channels, depth, height, width) in blocks (blocks, depth, height, width, 16), and their strides.

    The strides are those of a block and of the three axes, in bytes; 0 along an axis of size 1. One channel stands for
    all.
    """
    channels, *size = array.shape
    blocks = -(-channels // LANES)
    full: Array = np.zeros((blocks * LANES, *size), np.float32)
    full[: blocks * LANES if channels == 1 else channels] = array
    packed: Array = np.moveaxis(np.reshape(full, (blocks, LANES, *size)), 1, -1)
    depth, height, width = size
    steps = (height * width, width, 1)
    plane, line, pixel = (0 if count == 1 else step * VECTOR_BYTES for count, step in zip(size, steps, strict=True))
    return packed, 0 if channels == 1 else depth * height * width * VECTOR_BYTES, (plane, line, pixel)


# ---- builders


def _learned(draft: Draft, node: Node, scaled: bool, shifted: bool, *, channels: bool) -> Learned:
    """Return a node's weight and bias, or ones and zeros. `channels`: whether their first axis is the channels."""

    def four(name: str, there: bool, otherwise: float) -> Array:
        array: Array = draft.tensor(node, name) if there else np.full(1, otherwise, np.float32)
        missing = (1,) * (4 - array.ndim)
        first = 1 if there and channels else 0
        return np.reshape(array, (*array.shape[:first], *missing, *array.shape[first:]))

    weight, bias = four("weight", scaled, 1), four("bias", shifted, 0)
    shape = np.broadcast_shapes(weight.shape, bias.shape)
    return Learned(np.broadcast_to(weight, shape), np.broadcast_to(bias, shape))


def layer_norm(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build a LayerNorm: over a vector, over everything, or over the last axes of each channel."""
    layer: Any = node.layer
    x, output = inputs[0], draft.value(node)
    axes = len(layer.normalized_shape or x.shape)
    whole = axes == len(x.shape)
    scaled = layer.elementwise_affine
    learned = _learned(draft, node, scaled, scaled and layer.bias, channels=whole)
    if whole and axes > 1:
        return draft.add(StandardiseGroups(node.name, x, output, layer.eps, learned, 1))
    return draft.add(Standardise(node.name, x, output, layer.eps, learned, None if whole else axes))


def layer_norm_2d(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build a LayerNorm2d."""
    layer: Any = node.layer
    scaled = layer.elementwise_affine
    learned = _learned(draft, node, scaled, scaled and layer.bias, channels=True)
    return draft.add(Standardise(node.name, inputs[0], draft.value(node), layer.eps, learned, None))


def group_norm(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build a GroupNorm."""
    layer: Any = node.layer
    x, output = inputs[0], draft.value(node)
    learned = _learned(draft, node, layer.affine, layer.affine, channels=True)
    if layer.num_groups == x.channels:
        return draft.add(Standardise(node.name, x, output, layer.eps, learned, 3))
    if layer.num_groups == 1 and x.size == (1, 1, 1):
        return draft.add(Standardise(node.name, x, output, layer.eps, learned, None))
    return draft.add(StandardiseGroups(node.name, x, output, layer.eps, learned, layer.num_groups))


def instance_norm(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build an InstanceNorm by its input's own statistics."""
    layer: Any = node.layer
    learned = _learned(draft, node, layer.affine, layer.affine, channels=True)
    return draft.add(Standardise(node.name, inputs[0], draft.value(node), layer.eps, learned, 3))


def batch_norm_of_batch(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build a BatchNorm without running statistics."""
    layer: Any = node.layer
    x = inputs[0]
    learned = _learned(draft, node, layer.affine, layer.affine, channels=True)
    operation = StandardiseGroups(node.name, x, draft.value(node), layer.eps, learned, x.channels, batched=True)
    return draft.add(operation)
