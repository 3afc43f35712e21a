"""The working of one element of an output: windows by kernels, their sum, mean or largest.

The engine, and numpy with it, is imported only where an element is asked for.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import Literal, NamedTuple

from cnncalc.homework.marks import Value
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import Asked
from cnncalc.homework.workings.working import Worked
from cnncalc.layers.pool import AvgPool
from cnncalc.layers.transposed import ConvTranspose
from cnncalc.text import Shape

MOST_WRITTEN = 64
"""With more products than this, the sum of each channel is written instead."""

Rule = Literal["sum", "max", "mean"]


class Window(NamedTuple):
    """What one channel gives: the inputs met, which of them are data and not padding, and the kernel; all flat.

    `sides`: the kernel's. `kernel` is empty where nothing is learned.
    """

    inputs: tuple[float, ...]
    inside: tuple[bool, ...]
    kernel: tuple[float, ...]
    sides: Shape

    def total(self) -> float:
        """Return the sum of the products, or of the inputs."""
        if not self.kernel:
            return sum(self.inputs)
        return sum(one * weight for one, weight in zip(self.inputs, self.kernel, strict=True))


class Element(NamedTuple):
    """How the windows of an element are put together. `divisor`: of a mean. `bias`: added to a sum so many `times`.

    `rectified`: what is below zero becomes zero. `padded`: padding counts as zeros when the largest is taken.
    `swapped`: the element whose row and column are the other way round, where there is one.
    """

    windows: tuple[Window, ...]
    rule: Rule
    divisor: int = 1
    bias: float | None = None
    times: int = 1
    rectified: bool = False
    padded: bool = False
    swapped: Fraction | None = None

    @property
    def value(self) -> Value:
        """The element, in double precision."""
        return (Fraction(self._value()),)

    def worked(self) -> Worked:
        """Return the element, and the products or inputs it is made of."""
        return Worked(self.value, self._text())

    def _value(self) -> float:
        if self.rule == "max":
            return max(self._compared())
        total = sum(window.total() for window in self.windows)
        total = total / self.divisor + (self.bias or 0.0) * self.times
        return max(0.0, total) if self.rectified else total

    def _compared(self) -> list[float]:
        return [
            one
            for window in self.windows
            for one, inside in zip(window.inputs, window.inside, strict=True)
            if inside or self.padded
        ]

    def _text(self) -> str:
        if self.rule == "max":
            inputs = self._compared()
            return f"max({', '.join(map(_written, inputs))})" if len(inputs) > 1 else _written(inputs[0])
        texts = [text for window in self.windows for text in _products(window)]
        if len(texts) > MOST_WRITTEN:
            texts = [_written(window.total()) for window in self.windows]
        text = " + ".join(texts)
        if self.divisor != 1:
            text = f"({text}) / {self.divisor}"
        if self.bias is not None:
            text += f" + {self.times}*{_written(self.bias)}" if self.times != 1 else f" + {_written(self.bias)}"
        return f"max(0, {text})" if self.rectified else text


def _products(window: Window) -> list[str]:
    if not window.kernel:
        return [_written(one) for one in window.inputs]
    return [f"{_written(one)}*{_written(by)}" for one, by in zip(window.inputs, window.kernel, strict=True)]


def _written(number: float) -> str:
    text = str(int(number)) if number == int(number) else repr(number)
    return f"({text})" if number < 0 else text


def element_of(network: Network, asked: Asked) -> Element | None:
    """Return the working of an element; None where it is made of no windows: a sigmoid, adaptive pooling.

    The weights and the input are those of Network.element.
    """
    from cnncalc.engine.element import trace
    from cnncalc.engine.tensors import inline_weights, random_input, random_weights

    graph = network.graph
    x = random_input(graph, 1, network.seed, "float64")
    weights = {**random_weights(graph, network.seed, "float64"), **inline_weights(graph, "float64")}
    traced = trace(graph, asked.place, asked.at, x, weights)
    layer = traced.node.layer
    relu = type(layer).__name__ == "ReLU"
    if not traced.patches or (traced.rule == "formula" and not relu):
        return None
    windows = tuple(
        Window(
            tuple(one for row in patch.window for one in row),
            tuple(one for row in patch.inside for one in row),
            tuple(one for row in patch.kernel for one in row),
            _sides(layer, patch.kernel),
        )
        for patch in traced.patches
    )
    rule: Rule = "max" if traced.rule == "max" else "mean" if traced.rule == "mean" else "sum"
    divisor = _divisor(layer, windows[0], asked.at, traced.node.input_shapes[0]) if isinstance(layer, AvgPool) else 1
    return Element(windows, rule, divisor, traced.bias, rectified=relu, swapped=_swapped(network, asked))


def _sides(layer: object, kernel: list[list[float]]) -> Shape:
    if isinstance(layer, ConvTranspose):  # only some of its taps are met
        return len(kernel), len(kernel[0])
    sides: Shape = getattr(layer, "kernel_size", (len(kernel[0]),) if kernel else (1,))
    return sides


def _divisor(layer: AvgPool, window: Window, at: Shape, entering: Shape) -> int:
    """Return what a mean is divided by: padding counts unless told otherwise, what hangs over never does."""
    if layer.divisor is not None:
        return layer.divisor
    if not layer.count_include_pad:
        return sum(window.inside)
    counts = [
        min(place * axis.stride - axis.before + axis.kernel, size + axis.after) - (place * axis.stride - axis.before)
        for axis, place, size in zip(layer.sliding(entering), at[1:], entering[1:], strict=True)
    ]
    return prod(counts)


def _swapped(network: Network, asked: Asked) -> Fraction | None:
    """Return the element at (c, x, y) for (c, y, x), where the output is that large."""
    shape = network.nodes[asked.place].output_shape
    if len(asked.at) < 3 or asked.at[-1] == asked.at[-2]:
        return None
    other = (*asked.at[:-2], asked.at[-1], asked.at[-2])
    if any(at >= size for at, size in zip(other, shape, strict=True)):
        return None
    return network.value(asked._replace(at=other))[0] + Fraction(0)
