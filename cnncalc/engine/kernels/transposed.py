"""Transposed convolution as direct convolutions: one for each place between the strides.

y[i * stride + t * dilation - padding] += weight[t] * x[i]. Seen from the output, position p = m * stride + r sums over
those taps t for which r + padding - t * dilation is a multiple of stride, and that multiple, more m, is the input
position. So each r of 0 .. stride-1 on each axis is a direct convolution of stride 1 with some of the taps, whose
results lie `stride` apart (Shi et al. 2016, "Is the deconvolution layer the same as a convolutional layer?"). No zero
is multiplied, and each output is written once.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np

from cnncalc.engine.kernels.convolution import sweep_steps
from cnncalc.engine.kernels.tables import Sweep, flat_taps
from cnncalc.engine.plan.convolving import Convolution, Finish, Window
from cnncalc.engine.plan.operation import Array, Memory, Step
from cnncalc.engine.plan.value import Margin, Value


class Comb(NamedTuple):
    """Outputs a stride apart on one axis: `first`, `first` + stride, ..., `many` of them.

    `chosen`: which taps they sum over; `taps`: which input positions the first of them meets with these.
    """

    first: int
    many: int
    chosen: Array
    taps: Array


class TransposedConvolution(Convolution):
    """A transposed convolution; `window.weight` (out_channels, in_channels / groups, D, H, W), as a convolution's.

    `window.padding`: what is cut off of the output, at the end less by the output padding.
    """

    def __init__(self, name: str, x: Value, output: Value, window: Window, finish: Finish | None = None) -> None:
        super().__init__(name, x, output, window, finish)
        self.macs = x.batch * int(np.prod(x.size)) * window.weight.size

    def margins(self) -> tuple[Margin, ...]:
        """Zeros where taps meet positions outside of the input."""
        sides: list[tuple[int, int]] = []
        for axis, size in enumerate(self.x.size):
            combs = [comb for comb in self._combs(axis) if len(comb.taps)]
            first = min((int(comb.taps.min()) for comb in combs), default=0)
            last = max((int(comb.taps.max()) + comb.many - 1 for comb in combs), default=0)
            sides.append((max(0, -first), max(0, last + 1 - size)))
        return ((sides[0], sides[1], sides[2]),)

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return the steps of all combinations of combs, side by side."""
        found: list[Step] = []
        for depth, height, width in product(*(self._combs(axis) for axis in range(3))):
            sweep = Sweep(
                (depth.many, height.many, width.many),
                (1, 1, 1),
                (depth.taps, height.taps, width.taps),
                (depth.first, height.first, width.first),
                self.window.stride,
            )
            weight = self.window.weight[:, :, depth.chosen][:, :, :, height.chosen][..., width.chosen]
            found += sweep_steps(self, memory, sweep, flat_taps(weight))
        return [found]

    def _combs(self, axis: int) -> list[Comb]:
        """Return the combs that one axis of the output consists of."""
        window, size = self.window, self.output.size[axis]
        stride, dilation, before = window.stride[axis], window.dilation[axis], window.padding[axis][0]
        found: list[Comb] = []
        for first in range(min(stride, size)):
            met = first + before - np.arange(window.kernel_size[axis]) * dilation
            chosen = np.flatnonzero(met % stride == 0)
            found.append(Comb(first, -(-(size - first) // stride), chosen, met[chosen] // stride))
        return found
