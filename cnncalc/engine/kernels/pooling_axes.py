"""What each output position of a pooling covers, axis by axis, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cnncalc.engine.plan.operation import Array
from cnncalc.layers.geometry import Bins, Window


class Axis(NamedTuple):
    """One axis: output i covers the `taps[i]` input positions `first[i]`, `first[i] + step`, ..., all of them real.

    `share`: 1 / the positions that a mean divides by, float32. `window`: where it is a sliding window, which.
    """

    first: Array
    taps: Array
    step: int
    share: Array
    window: Window | None

    @property
    def end(self) -> Array:
        """Behind the last position of each."""
        return self.first + (self.taps - 1) * self.step + 1


def sliding(window: Window, size: int, outputs: int, *, count_padding: bool = False) -> Axis:
    """Return the axis of a sliding window over `size` positions, where `count_padding` says whether padding counts.

    What hangs over the end of the padding (ceil_mode) counts never.
    """
    starts = np.arange(outputs) * window.stride - window.before
    skipped = np.maximum(0, -(starts // window.dilation))
    first = starts + skipped * window.dilation
    count = np.minimum(window.kernel - skipped, -(-(size - first) // window.dilation))
    counted = np.minimum(starts + window.extent, size + window.after) - starts if count_padding else count
    return _axis(first, count, window.dilation, counted, window)


def binned(bins: Bins) -> Axis:
    """Return the axis of an adaptive pooling; one of bins that are alike is a sliding window."""
    window = bins.window()
    if window:
        return sliding(window, bins.size, bins.bins)
    bounds = np.array([bins.bounds(at) for at in range(bins.bins)])
    count = bounds[:, 1] - bounds[:, 0] + 1
    return _axis(bounds[:, 0], count, 1, count, None)


def _axis(first: Array, count: Array, step: int, counted: Array, window: Window | None) -> Axis:
    share = (1 / np.maximum(counted, 1)).astype(np.float32)
    return Axis(first.astype(np.int64), count.astype(np.int64), step, share, window)


def three(axes: Sequence[Axis]) -> tuple[Axis, Axis, Axis]:
    """Fill up to depth, height and width with axes of one position."""
    depth, height, width = (*[sliding(Window(), 1, 1)] * (3 - len(axes)), *axes)
    return depth, height, width


def divided(axes: tuple[Axis, Axis, Axis], divisor: int) -> tuple[Axis, Axis, Axis]:
    """Return the axes of a mean that divides by `divisor`, whatever they cover."""
    depth, height, width = (axis._replace(share=np.ones_like(axis.share)) for axis in axes)
    return depth._replace(share=depth.share / np.float32(divisor)), height, width
