"""The builders of the layers that multiply weights with their input: Conv1d to 3d, ConvTranspose1d to 3d, Linear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cnncalc.engine.kernels.convolution import DirectConvolution
from cnncalc.engine.kernels.tables import MOST_OFFSET
from cnncalc.engine.kernels.transposed import TransposedConvolution
from cnncalc.engine.plan.build_movement import pad_for
from cnncalc.engine.plan.convolving import Triple, Window
from cnncalc.engine.plan.draft import Draft, Unsupported
from cnncalc.engine.plan.flattened import Flattened
from cnncalc.engine.plan.operation import Array
from cnncalc.engine.plan.value import NO_MARGIN, Margin, Value
from cnncalc.graph import Node


def convolution(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build Conv1d, Conv2d or Conv3d."""
    layer: Any = node.layer
    x = _addressable(inputs[0])
    relation: Any = layer.windows(node.input_shapes, node.output_shape)[0]
    padding = _padding([(axis.before, axis.after) for axis in relation.axes])
    if layer.padding_mode != "zeros":
        x, padding = pad_for(draft, node, x, padding, layer.padding_mode), NO_MARGIN
    window = Window(
        _volume(draft.tensor(node, "weight")),
        _bias(draft, node, layer.out_channels),
        three(layer.stride),
        padding,
        three(layer.dilation),
        layer.groups,
    )
    return draft.add(DirectConvolution(node.name, x, _addressable(draft.value(node)), window))


def transposed_convolution(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build ConvTranspose1d, ConvTranspose2d or ConvTranspose3d: of stride 1, as a convolution with a turned kernel."""
    layer: Any = node.layer
    x = _addressable(inputs[0])
    weight = _out_first(_volume(draft.tensor(node, "weight")), layer.groups)
    stride, dilation = three(layer.stride), three(layer.dilation)
    cut = three(layer.padding, 0)
    bias = _bias(draft, node, layer.out_channels)
    reach = [(taps - 1) * step for taps, step in zip(weight.shape[2:], dilation, strict=True)]
    extra = three(layer.output_padding, 0)
    sides = [(most - off, most - off + more) for most, off, more in zip(reach, cut, extra, strict=True)]
    if stride == (1, 1, 1) and min(min(pair) for pair in sides) >= 0:
        turned = np.ascontiguousarray(weight[:, :, ::-1, ::-1, ::-1])
        window = Window(turned, bias, stride, _padding(sides), dilation, layer.groups)
        return draft.add(DirectConvolution(node.name, x, _addressable(draft.value(node)), window))
    cuts = [(off, off - more) for off, more in zip(cut, extra, strict=True)]
    window = Window(weight, bias, stride, _padding(cuts), dilation, layer.groups)
    return draft.add(TransposedConvolution(node.name, x, _addressable(draft.value(node)), window))


def linear(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build Linear: a convolution whose window is the whole map, or of a vector one with 1 x 1 positions."""
    x = inputs[0].map if isinstance(inputs[0], Flattened) else inputs[0]
    weight = draft.tensor(node, "weight")
    window = Window(np.reshape(weight, (len(weight), x.channels, *x.size)), _bias(draft, node, len(weight)))
    return draft.add(DirectConvolution(node.name, x, draft.value(node), window))


def _addressable(value: Value) -> Value:
    """Return a value if int32 offsets reach all of an image, with room for a margin; else Unsupported is raised."""
    if value.nbytes // value.batch > MOST_OFFSET // 2:
        raise Unsupported
    return value


def _out_first(weight: Array, groups: int) -> Array:
    """Return weight (in, out / groups, ...) of a transposed convolution as (out, in / groups, ...)."""
    inputs, filters = weight.shape[:2]
    apart = np.reshape(weight, (groups, inputs // groups, filters, *weight.shape[2:]))
    return np.reshape(np.swapaxes(apart, 1, 2), (groups * filters, inputs // groups, *weight.shape[2:]))


def three(sizes: Sequence[int], missing: int = 1) -> Triple:
    """Return the numbers of 1 to 3 axes as those of three, `missing` for the axes in front that there are not."""
    depth, height, width = (*(missing,) * (3 - len(sizes)), *sizes)
    return depth, height, width


def _padding(pairs: Sequence[tuple[int, int]]) -> Margin:
    depth, height, width = (*((0, 0),) * (3 - len(pairs)), *pairs)
    return depth, height, width


def _volume(weight: Array) -> Array:
    """View weight (out, in, ...) as (out, in, D, H, W)."""
    return np.reshape(weight, (*weight.shape[:2], *three(weight.shape[2:])))


def _bias(draft: Draft, node: Node, count: int) -> Array:
    return draft.tensor(node, "bias") if draft.has_tensor(node, "bias") else np.zeros(count, np.float32)
