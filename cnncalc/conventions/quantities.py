"""The exact quantities of one layer that a convention's expressions may weigh, each worked out only where it is named.

All are for one input (batch 1). Besides these an expression may name the layer's own arguments (`groups`, `affine`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import prod
from typing import Any

from cnncalc.graph import Node
from cnncalc.layers.adaptive import BinPool
from cnncalc.layers.axes import axis_of
from cnncalc.layers.base import argument_fields
from cnncalc.layers.geometry import Window
from cnncalc.spec.expressions import Value
from cnncalc.text import Shape


class Values(Mapping[str, Value]):
    """What the names in an expression are worth for one node."""

    def __init__(self, node: Node, batch: int) -> None:
        self.node = node
        self._known: dict[str, Value] = {"batch": batch}

    def __getitem__(self, name: str) -> Value:
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = self._found(name)
        return found

    def _found(self, name: str) -> Value:
        if name in QUANTITIES:
            return QUANTITIES[name](self.node)
        if name in WORDS:
            return name
        argument = getattr(self.node.layer, name, None)
        if isinstance(argument, int | float | str):
            return argument
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        yield from ("batch", *QUANTITIES, *WORDS, *argument_fields(type(self.node.layer)))

    def __len__(self) -> int:
        return sum(1 for _ in self)


WORDS = frozenset(("nearest", "linear", "bilinear", "bicubic", "trilinear", "none"))
"""Words that an argument may be compared with: `mode == nearest`."""


def _layer(node: Node) -> Any:
    """Return a layer whose arguments are those of its type, which a rule is for."""
    return node.layer


def _positions(shape: Shape) -> int:
    return prod(shape[1:])


def _kernel_taps(node: Node) -> int:
    return prod(getattr(node.layer, "kernel_size", (1,)))


def _strides(node: Node) -> int:
    layer = _layer(node)
    return prod(getattr(layer, "strides", None) or getattr(layer, "stride", None) or (1,))


def _parameters(node: Node) -> int:
    return sum(prod(shape) for shape in node.layer.parameters(node.input_shapes).values())


def _axis_size(node: Node) -> int:
    """The elements that one Softmax is over."""
    shape = node.input_shapes[0]
    layer = _layer(node)
    return shape[axis_of(layer.dim, shape)]


def _pooled(node: Node) -> int:
    """The elements that the windows of a pooling layer hold: padding where it counts, never what hangs over the end."""
    shape = node.input_shapes[0]
    layer = _layer(node)
    if isinstance(layer, BinPool):
        bins = [[axis.bounds(index) for index in range(axis.bins)] for axis in layer.bins(shape)]
        return shape[0] * prod(sum(last - first + 1 for first, last in axis) for axis in bins)
    padded = getattr(layer, "count_include_pad", True)
    axes = zip(layer.sliding(shape), shape[1:], node.output_shape[1:], strict=True)
    return shape[0] * prod(_held(window, size, count, padded=padded) for window, size, count in axes)


def _held(window: Window, size: int, count: int, *, padded: bool) -> int:
    """Return how many elements the windows of one axis hold together."""
    lower, upper = (-window.before, size + window.after) if padded else (0, size)
    starts = [at * window.stride - window.before for at in range(count)]
    return sum(max(min(start + window.kernel, upper) - max(start, lower), 0) for start in starts)


def _adaptive_ratio(node: Node) -> float:
    """Input over output size, axis by axis in floating point, as thop multiplies them."""
    return float(prod(a / b for a, b in zip(node.input_shapes[0][1:], node.output_shape[1:], strict=True)))


def _zeros_to_same(node: Node) -> bool:
    """Whether PyTorch is given the word `same`; of another padding mode it pads before the convolution."""
    layer = _layer(node)
    return layer.padding == "same" and layer.padding_mode == "zeros"


def _even_positions(node: Node) -> int:
    """A convolution's positions with its padding split evenly: one less an axis than `same` gives an even kernel."""
    layer = _layer(node)
    if not _zeros_to_same(node):
        return _positions(node.output_shape)
    spans = [d * (k - 1) for d, k in zip(layer.dilation, layer.kernel_size, strict=True)]
    return prod(size - span % 2 for size, span in zip(node.input_shapes[0][1:], spans, strict=True))


def _forward_positions(node: Node) -> int:
    """The positions that a transposed convolution's arguments would give a plain one."""
    layer = _layer(node)
    axes = zip(node.input_shapes[0][1:], layer.kernel_size, layer.stride, layer.padding, layer.dilation, strict=True)
    return prod((size + sum(_pair(p)) - d * (k - 1) - 1) // s + 1 for size, k, s, p, d in axes)


def _pair(padding: int | tuple[int, int]) -> tuple[int, int]:
    return (padding, padding) if isinstance(padding, int) else padding


QUANTITIES: dict[str, Callable[[Node], Value]] = {
    "macs": lambda node: node.layer.quantities(node.input_shapes, node.output_shape).mac,
    "bias_adds": lambda node: node.layer.quantities(node.input_shapes, node.output_shape).bias_add,
    "inputs": lambda node: len(node.inputs),
    "input_elements": lambda node: prod(node.input_shapes[0]),
    "output_elements": lambda node: prod(node.output_shape),
    "channels": lambda node: node.input_shapes[0][0],
    "output_channels": lambda node: node.output_shape[0],
    "input_positions": lambda node: _positions(node.input_shapes[0]),
    "output_positions": lambda node: _positions(node.output_shape),
    "axes": lambda node: len(node.input_shapes[0]) - 1,
    "kernel_taps": _kernel_taps,
    "strides": _strides,
    "parameters": _parameters,
    "axis_size": _axis_size,
    "pooled": _pooled,
    "adaptive_ratio": _adaptive_ratio,
    "even_positions": _even_positions,
    "forward_positions": _forward_positions,
    "transposed": lambda node: node.type.startswith("ConvTranspose"),
    "convolution": lambda node: node.type.startswith("Conv"),
    "zeros_to_same": _zeros_to_same,
    "bare": lambda node: node.type == "LayerScale",
    "written_size": lambda node: prod(_layer(node).size or ()),
    "scale_factors": lambda node: len(_layer(node).scale_factor or ()),
    "whole_scale": lambda node: prod(map(int, _layer(node).scale_factor)),
    "scale": lambda node: float(_layer(node).scale_factor[0]) ** (len(node.output_shape) - 1),
}
"""Name -> how it is worked out."""
