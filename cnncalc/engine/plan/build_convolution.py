"""The builders of the layers that multiply weights with their input: Conv1d to 3d, ConvTranspose1d to 3d, Linear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cnncalc.engine.kernels.convolution import DirectConvolution
from cnncalc.engine.plan.convolving import Triple, Window
from cnncalc.engine.plan.draft import Draft, Unsupported
from cnncalc.engine.plan.operation import Array
from cnncalc.engine.plan.value import Margin, Value
from cnncalc.graph import Node


def convolution(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build Conv1d, Conv2d or Conv3d."""
    layer: Any = node.layer
    if layer.padding_mode != "zeros":
        raise Unsupported
    relation: Any = layer.windows(node.input_shapes, node.output_shape)[0]
    weight = draft.tensor(node, "weight")
    window = Window(
        _volume(weight),
        _bias(draft, node, layer.out_channels),
        three([axis.stride for axis in relation.axes], 1),
        _padding([(axis.before, axis.after) for axis in relation.axes]),
        three([axis.dilation for axis in relation.axes], 1),
        layer.groups,
    )
    return draft.add(DirectConvolution(node.name, inputs[0], draft.value(node), window))


def three(sizes: Sequence[int], missing: int) -> Triple:
    """Return the sizes of 1 to 3 axes as those of three, `missing` for the axes in front that there are not."""
    depth, height, width = (*(missing,) * (3 - len(sizes)), *sizes)
    return depth, height, width


def _padding(pairs: Sequence[tuple[int, int]]) -> Margin:
    depth, height, width = (*((0, 0),) * (3 - len(pairs)), *pairs)
    return depth, height, width


def _volume(weight: Array) -> Array:
    """View weight (out, in, ...) as (out, in, D, H, W)."""
    return weight.reshape(*weight.shape[:2], *three(weight.shape[2:], 1))


def _bias(draft: Draft, node: Node, count: int) -> Array:
    return draft.tensor(node, "bias") if draft.has_tensor(node, "bias") else np.zeros(count, np.float32)
