"""What makes the operations of the pooling layers: MaxPool, AvgPool, LPPool, the adaptive and the global ones."""

from __future__ import annotations

from typing import cast

from cnncalc.engine.kernels.pooling import MAX, MEAN, Pooling
from cnncalc.engine.kernels.pooling_axes import Axis, binned, divided, sliding, three
from cnncalc.engine.kernels.power_pooling import PowerPooling
from cnncalc.engine.plan.draft import Draft, Unsupported
from cnncalc.engine.plan.value import LANES, Value
from cnncalc.graph import Node
from cnncalc.layers.adaptive import AdaptiveMax, BinPool, GlobalMax
from cnncalc.layers.pool import AvgPool, Pool
from cnncalc.layers.power_pool import LPPool

Axes = tuple[Axis, Axis, Axis]


def build_max_pool(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Largest number of sliding windows."""
    return _pooling(draft, node, inputs[0], MAX, _slid(node))


def build_average_pool(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Mean of sliding windows."""
    layer = cast(AvgPool, node.layer)
    axes = _slid(node, count_padding=layer.count_include_pad)
    return _pooling(draft, node, inputs[0], MEAN, divided(axes, layer.divisor) if layer.divisor else axes)


def build_bin_pool(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Largest number or mean of bins; nothing is to be done where each bin is one position."""
    layer = cast(BinPool, node.layer)
    axes = three([binned(bins) for bins in layer.bins(node.input_shapes[0])])
    if node.output_shape == node.input_shapes[0]:
        return inputs[0]
    return _pooling(draft, node, inputs[0], MAX if isinstance(layer, AdaptiveMax | GlobalMax) else MEAN, axes)


def build_power_pool(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Norm of sliding windows."""
    _check_layout(inputs[0])
    layer = cast(LPPool, node.layer)
    axes = _slid(node, count_padding=True)
    return draft.add(PowerPooling(node.name, inputs[0], draft.value(node), layer.norm_type, axes))


def _slid(node: Node, *, count_padding: bool = False) -> Axes:
    layer, shape = cast(Pool, node.layer), node.input_shapes[0]
    parts = zip(layer.sliding(shape), shape[1:], node.output_shape[1:], strict=True)
    axes = [sliding(window, size, outputs, count_padding=count_padding) for window, size, outputs in parts]
    if min(int(axis.taps.min()) for axis in axes) < 1:
        raise Unsupported(f"{node.name} has windows that cover nothing but padding")
    return three(axes)


def _pooling(draft: Draft, node: Node, x: Value, kind: int, axes: Axes) -> Value:
    _check_layout(x)
    return draft.add(Pooling(node.name, x, draft.value(node), kind, axes))


def _check_layout(x: Value) -> None:
    if x.lanes != LANES:
        raise Unsupported(f"{x.name} is not in blocks")
