"""From layers that move numbers to operations: Concat, slices, shuffles, borders, crops."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnncalc.engine.kernels.lanes import Part
from cnncalc.engine.kernels.movement import (
    Channels,
    Concat,
    Lanes,
    Positions,
    Reorder,
    padded,
    positions,
    shown_by,
)
from cnncalc.engine.plan.draft import Draft
from cnncalc.engine.plan.operation import Array
from cnncalc.engine.plan.value import LANES, NO_MARGIN, Margin, Value
from cnncalc.graph import Node
from cnncalc.layers.axes import axis_of


def concat(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build a Concat along any axis."""
    layer: Any = node.layer
    axis = axis_of(layer.dim, node.output_shape)
    return draft.add(Concat(node.name, inputs, draft.value(node), axis))


def reorder(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build an Unflatten, or anything else that leaves row-major order as it is."""
    return draft.add(Reorder(node.name, inputs[0], draft.value(node)))


def take_slice(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build a Slice: nothing where it begins with a block of channels."""
    layer: Any = node.layer
    x = inputs[0]
    axis = axis_of(layer.dim, x.shape)
    taken = layer.taken(x.shape)
    if axis == 0:
        return take_channels(draft, node, x, np.array(taken))
    axes = [np.arange(size) for size in x.size]
    axes[axis - len(x.shape)] = np.array(taken)
    return draft.add(Positions(node.name, x, draft.value(node), shown_by(axes, x.size)))


def take_channels(draft: Draft, node: Node, x: Value, taken: Array) -> Value:
    """Return a value of these channels: where they begin with a block and follow one another, a view."""
    first = int(taken[0])
    together = np.array_equal(taken, np.arange(first, first + len(taken)))
    if together and first % LANES == 0 and x.lanes == LANES and not _shuffled(draft, x):
        view = draft.value(node)
        view.parent, view.first_block = x, first // LANES
        return view
    return draft.add(composed(draft, node, x, taken))


def channel_shuffle(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build a ChannelShuffle."""
    layer: Any = node.layer
    places = np.arange(inputs[0].channels)
    order = places % layer.groups * (len(places) // layer.groups) + places // layer.groups
    return draft.add(composed(draft, node, inputs[0], order))


def composed(draft: Draft, node: Node, x: Value, order: Array) -> Channels:
    """Return the operation that takes channels of x in this order, from where x has them if it only moves them.

    What made x is left without a reader then, if there is no other, and `without_unread` drops it.
    """
    maker = _maker(draft, x)
    if isinstance(maker, Channels) or (isinstance(maker, Concat) and maker.over_channels):
        return Channels(node.name, maker.inputs, draft.value(node), maker.order[order])
    return Channels(node.name, [x], draft.value(node), order)


def _maker(draft: Draft, value: Value) -> object:
    return next((operation for operation in reversed(draft.operations) if operation.output is value), None)


def _shuffled(draft: Draft, value: Value) -> bool:
    """Whether it takes a copy to make it: then each part of it may as well be copied from the first."""
    return isinstance(_maker(draft, value), Channels)


def pad(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build a padding layer of any mode."""
    layer: Any = node.layer
    x = inputs[0]
    shown = padded(x, _three(layer.sides), layer.mode)
    return draft.add(Positions(node.name, x, draft.value(node), shown, layer.fill))


def pad_for(draft: Draft, node: Node, value: Value, padding: Margin, mode: str) -> Value:
    """Return `value` padded, for a convolution whose padding_mode is not zeros: `mode` is that."""
    if padding == NO_MARGIN:
        return value
    sizes = [before + size + after for size, (before, after) in zip(value.size, padding, strict=True)]
    shape = (value.channels, *sizes[4 - len(value.shape) :])
    output = draft.value(node, shape, " (padded)")
    return draft.add(Positions(node.name, value, output, padded(value, padding, mode)))


def center_crop(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build a CenterCrop: its window's padding is below 0."""
    relation: Any = node.layer.windows(node.input_shapes, node.output_shape)[0]
    sides = tuple((axis.before, axis.after) for axis in relation.axes)
    x = inputs[0]
    return draft.add(Positions(node.name, x, draft.value(node), padded(x, _three(sides), "zeros")))


def pixel_shuffle(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build a PixelShuffle: a block of the output has a part for each place in a square."""
    layer: Any = node.layer
    x, y, r = inputs[0], draft.value(node), layer.upscale_factor
    _, height, width = x.size
    rows, columns = np.arange(height)[:, None] * r, np.arange(width) * r
    parts: list[Part] = []
    for block in range(y.blocks):
        channels = np.arange(block * LANES, (block + 1) * LANES)
        for a in range(r):
            for b in range(r):
                lanes = np.where(channels < y.channels, (channels * r + a) * r + b, -1)
                targets = ((rows + a) * width * r + columns + b).ravel()
                parts.append(Part(block, x, lanes, np.arange(positions(x)), targets))
    return draft.add(Lanes(node.name, x, y, parts))


def pixel_unshuffle(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build a PixelUnshuffle: each lane has its place in a square."""
    layer: Any = node.layer
    x, y, r = inputs[0], draft.value(node), layer.downscale_factor
    _, height, width = y.size
    shown = (np.arange(height)[:, None] * r * width * r + np.arange(width) * r).ravel()
    parts: list[Part] = []
    for block in range(y.blocks):
        channels = np.arange(block * LANES, (block + 1) * LANES)
        ahead = channels // r % r * width * r + channels % r
        lanes = np.where(channels < y.channels, channels // r**2, -1)
        parts.append(Part(block, x, lanes, shown, np.arange(positions(y)), np.where(lanes < 0, 0, ahead)))
    return draft.add(Lanes(node.name, x, y, parts))


def _three(sides: tuple[tuple[int, int], ...]) -> Margin:
    """Return (before, after) of three axes."""
    depth, height, width = ((0, 0),) * (3 - len(sides)) + sides
    return depth, height, width
