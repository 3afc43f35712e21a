"""How the channels of a layer's output come from those of its inputs: one function a kind of layer.

Each takes the node, the units of its inputs' channels and the bonds known so far, and returns those of its output.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from cnncalc.graph import Node
from cnncalc.layers.axes import axis_of
from cnncalc.lighter.bonds import Bonds, blocks_of
from cnncalc.lighter.units import Channels

Inputs = Sequence[Channels]


def same(node: Node, inputs: Inputs, bonds: Bonds) -> Channels:
    """Each channel on its own: activations, pooling, padding, normalisation of each channel."""
    return inputs[0]


def across(node: Node, inputs: Inputs, bonds: Bonds) -> Channels:
    """Each channel with its neighbours' statistics: fewer of them are possible, and another function."""
    bonds.across.append(node.name)
    return inputs[0]


def own(node: Node, inputs: Inputs, bonds: Bonds) -> Channels:
    """New channels, each from all of the input's: Linear."""
    return bonds.own(node.name, node.output_shape[0])


def grouped(node: Node, inputs: Inputs, bonds: Bonds) -> Channels:
    """New channels, each from those of its group: convolutions.

    A depthwise one, which sees one input channel a group, makes `out_channels/groups` of each: they go with it. With
    other groups, as many must stay in one as in the next, before and after.
    """
    layer: Any = node.layer
    if depthwise(node):
        each = layer.out_channels // layer.groups
        channels = [unit for unit in inputs[0] for _ in range(each)]
        bonds.owners[node.name] = channels
        bonds.tie(node.name, [(unit,) for unit in inputs[0]])
        return channels
    channels = bonds.own(node.name, layer.out_channels)
    if layer.groups > 1:
        bonds.split(blocks_of(inputs[0], layer.groups), even=True)
        bonds.split(blocks_of(channels, layer.groups), even=True)
    return channels


def depthwise(node: Node) -> bool:
    """Whether a convolution has a group for each input channel, and more than one."""
    layer: Any = node.layer
    return layer.groups == node.input_shapes[0][0] > 1


def group_norm(node: Node, inputs: Inputs, bonds: Bonds) -> Channels:
    """Statistics of a group of channels: as many must stay in one as in the next; a group of one goes with it."""
    layer: Any = node.layer
    if layer.num_groups == len(inputs[0]):
        return inputs[0]
    bonds.split(blocks_of(inputs[0], layer.num_groups), even=True)
    return across(node, inputs, bonds)


def layer_norm(node: Node, inputs: Inputs, bonds: Bonds) -> Channels:
    """Statistics of the last axes; across channels where these are all axes."""
    layer: Any = node.layer
    sizes: tuple[int, ...] | None = layer.normalized_shape
    covers = sizes is None or len(sizes) == len(node.input_shapes[0])
    return across(node, inputs, bonds) if covers else inputs[0]


def along_axis(node: Node, inputs: Inputs, bonds: Bonds) -> Channels:
    """Softmax: across channels, or each on its own along another axis."""
    layer: Any = node.layer
    return across(node, inputs, bonds) if layer.axis(node.output_shape) == 0 else inputs[0]


def add(node: Node, inputs: Inputs, bonds: Bonds) -> Channels:
    """Channel i of all inputs together."""
    return bonds.join(node.name, inputs)


def multiply(node: Node, inputs: Inputs, bonds: Bonds) -> Channels:
    """Channel i of all inputs together; one channel that is stretched over all of them must stay."""
    wide = [channels for channels in inputs if len(channels) == node.output_shape[0]]
    for channels in inputs:
        if len(channels) < node.output_shape[0]:
            bonds.split([channels], even=False)
    return bonds.join(node.name, wide)


def concat(node: Node, inputs: Inputs, bonds: Bonds) -> Channels:
    """One input's channels, then the next's; along another axis, channel i of all inputs together."""
    layer: Any = node.layer
    if axis_of(layer.dim, node.output_shape) != 0:
        return bonds.join(node.name, inputs)
    return [unit for channels in inputs for unit in channels]


def flatten(node: Node, inputs: Inputs, bonds: Bonds) -> Channels:
    """Each channel becomes as many features as it has positions."""
    layer: Any = node.layer
    shape = node.input_shapes[0]
    start, end = layer.span(shape)
    return repeated(inputs[0], prod(shape[1 : end + 1])) if start == 0 else inputs[0]


def unflatten(node: Node, inputs: Inputs, bonds: Bonds) -> Channels:
    """Each block of features becomes one channel, with as many positions, so a block goes together."""
    if len(inputs[0]) == node.output_shape[0]:
        return inputs[0]
    blocks = blocks_of(inputs[0], node.output_shape[0])
    bonds.tie(node.name, blocks)
    return [block[0] for block in blocks]


def repeated(channels: Channels, times: int) -> Channels:
    """Return each channel so many times in a row."""
    return channels if times == 1 else [unit for unit in channels for _ in range(times)]


def mean(node: Node, inputs: Inputs, bonds: Bonds) -> Channels:
    """Each channel on its own; where the mean is over the channels, what comes out has a size that stays."""
    layer: Any = node.layer
    if 0 not in layer.reduced(node.input_shapes[0]):
        return inputs[0]
    bonds.across.append(node.name)
    channels = bonds.units.fresh(node.output_shape[0])
    bonds.fix("size", node.name, channels)
    return channels


def pixel_shuffle(node: Node, inputs: Inputs, bonds: Bonds) -> Channels:
    """Each block of channels becomes one, so a block goes together (Shi et al. 2016)."""
    blocks = blocks_of(inputs[0], node.output_shape[0])
    bonds.tie(node.name, blocks)
    return [block[0] for block in blocks]


def pixel_unshuffle(node: Node, inputs: Inputs, bonds: Bonds) -> Channels:
    """Each channel becomes a block of them."""
    return repeated(inputs[0], node.output_shape[0] // len(inputs[0]))


def take_slice(node: Node, inputs: Inputs, bonds: Bonds) -> Channels:
    """The channels taken, of which something must stay. Where some are skipped, none can go: the step would not fit."""
    layer: Any = node.layer
    shape = node.input_shapes[0]
    if axis_of(layer.dim, shape) != 0:
        return inputs[0]
    taken: range = layer.taken(shape)
    if taken.step != 1:
        bonds.fix("step", node.name, inputs[0])
    channels = [inputs[0][at] for at in taken]
    bonds.split([channels], even=False)
    return channels


def shuffle(node: Node, inputs: Inputs, bonds: Bonds) -> Channels:
    """Dealt out: y[i*groups + g] = x[g*C/groups + i]. The i-th of all groups go together, so the order stays."""
    layer: Any = node.layer
    dealt = list(zip(*blocks_of(inputs[0], layer.groups), strict=True))
    bonds.tie(node.name, dealt)
    return [unit for hand in dealt for unit in hand]
