"""What a convolution computes, apart from how: the one description that direct, Winograd, depthwise and dense share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cnncalc.engine.plan.operation import Array, Operation
from cnncalc.engine.plan.value import NO_MARGIN, Margin, Value

Triple = tuple[int, int, int]


@dataclass
class Window:
    """Weights and geometry, on the axes depth, height, width.

    weight (out_channels, in_channels / groups, D, H, W), bias (out_channels,). A Linear layer is a convolution whose
    window is the whole map.
    """

    weight: Array
    bias: Array
    stride: Triple = (1, 1, 1)
    padding: Margin = NO_MARGIN
    dilation: Triple = (1, 1, 1)
    groups: int = 1

    @property
    def kernel_size(self) -> Triple:
        """Taps on each axis."""
        depth, height, width = self.weight.shape[2:]
        return depth, height, width


@dataclass
class Finish:
    """What happens to a sum before it is written, for nothing: y = min(max(sum + bias + residual, low), high)."""

    low: float = -np.inf
    high: float = np.inf
    residual: Value | None = None

    @property
    def clamps(self) -> bool:
        """Whether an activation is in it already."""
        return self.low != -np.inf or self.high != np.inf

    def copy(self) -> Finish:
        """Return one that can be changed without this one."""
        return replace(self)


@dataclass
class Prologue:
    """What happens to an input before it is read: max(x * scale + shift, 0), a DenseNet layer's BatchNorm and ReLU.

    scale and shift (in_channels,).
    """

    scale: Array
    shift: Array


class Convolution(Operation):
    """The base of all that compute a convolution; `window` and `finish` may be changed until `steps` is called."""

    def __init__(self, name: str, x: Value, output: Value, window: Window, finish: Finish | None = None) -> None:
        super().__init__(name, [x], output)
        self.window = window
        self.finish = finish or Finish()
        self.prologue: Prologue | None = None
        self.macs = output.batch * int(np.prod(output.shape)) * int(np.prod(window.weight.shape[1:]))

    @property
    def x(self) -> Value:
        """The input."""
        return self.inputs[0]

    @property
    def reads(self) -> tuple[Value, ...]:
        """The input, and the residual."""
        return self.inputs if self.finish.residual is None else (*self.inputs, self.finish.residual)

    def constant_bytes(self) -> int:
        """Return the bytes of the weights; packing adds little."""
        return 4 * self.window.weight.size

    def margins(self) -> tuple[Margin, ...]:
        """Zeros for every window to lie within: the padding, and what a window behind the last position reaches."""
        return (window_margin(self.window, self.x.size, self.output.size),)


def window_margin(window: Window, size: Sequence[int], output: Sequence[int]) -> Margin:
    """Return how far windows reach beyond a map of `size` on each axis, before and after."""
    reach: list[tuple[int, int]] = []
    for axis in range(3):
        before = window.padding[axis][0]
        span = (window.kernel_size[axis] - 1) * window.dilation[axis] + 1
        last = (output[axis] - 1) * window.stride[axis] - before + span
        reach.append((before, max(0, last - size[axis])))
    return reach[0], reach[1], reach[2]
