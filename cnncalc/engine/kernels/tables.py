"""What the direct kernels read besides numbers: offsets of pixels and taps, and weights in the order of the loop."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cnncalc.engine.plan.convolving import Triple, Window
from cnncalc.engine.plan.operation import Array
from cnncalc.engine.plan.value import Place

MOST_OFFSET = 2**31 - 1
"""Offsets are int32: an image's map may have 2 GiB."""


class TooFar(Exception):
    """Something lies further away than an int32 can say."""


class Sweep(NamedTuple):
    """Which input positions each output position sums over, on each axis depth, height, width.

    Output position `y_first + i * y_stride`, i < counts, meets the input positions `i * x_stride + taps[j]`.
    """

    counts: Triple
    x_stride: Triple
    taps: tuple[Array, Array, Array]
    y_first: Triple = (0, 0, 0)
    y_stride: Triple = (1, 1, 1)

    @property
    def pixels(self) -> int:
        """How many output positions there are."""
        return int(np.prod(self.counts))


def sweep_of(window: Window, output: Triple) -> Sweep:
    """Return the sweep of a convolution with an output of these sizes."""
    axes = zip(window.kernel_size, window.dilation, window.padding, strict=True)
    depth, height, width = (np.arange(taps) * step - before for taps, step, (before, _) in axes)
    return Sweep(output, window.stride, (depth, height, width))


def offsets(axes: tuple[Array, Array, Array], place: Place) -> Array:
    """Return the offsets in bytes of all positions of these coordinates, row-major."""
    depth, height, width = axes
    planes = (depth * place.plane)[:, None, None]
    return (planes + (height * place.row)[None, :, None] + (width * place.pixel)[None, None]).ravel()


def pixel_offsets(counts: Triple, stride: Triple, place: Place, rows: int, images: int = 1) -> Array:
    """Return where each position of `counts` lies, `stride` apart, image after image, in whole tiles: int32 bytes."""
    depth, height, width = (np.arange(n, dtype=np.int64) * step for n, step in zip(counts, stride, strict=True))
    one = offsets((depth, height, width), place)
    every = (np.arange(images, dtype=np.int64)[:, None] * place.image + one).ravel()
    return int32(np.pad(every, (0, -len(every) % rows), mode="edge"))


def tap_offsets(sweep: Sweep, place: Place, blocks: range) -> Array:
    """Return where each tap of each of these input blocks lies from a window's origin: int32 bytes."""
    taps = offsets(sweep.taps, place)
    return int32((np.arange(blocks.start, blocks.stop, dtype=np.int64)[:, None] * place.block + taps).ravel())


def int32(numbers: Array) -> Array:
    """Return offsets as kernels read them. All tables are made by this, so that none wraps round. Raises TooFar."""
    if numbers.size and max(numbers.max(), -numbers.min()) > MOST_OFFSET:
        raise TooFar
    return numbers.astype(np.int32)


def packed_channels(channels: int, lanes: int) -> int:
    """Return how many channels packed weights have: those of a last block are rounded up to 4."""
    return channels if lanes == 1 else -(-channels // 4) * 4


def flat_taps(weight: Array) -> Array:
    """View weight (out, channels, D, H, W) as (out, channels, taps)."""
    return np.reshape(weight, (*weight.shape[:2], int(np.prod(weight.shape[2:]))))


def pack(weight: Array, lanes: int, into: Array) -> None:
    """Write weight (out, channels, taps) to `into` (taps x channels, columns x 16): block by block, tap by tap."""
    out, channels, taps = weight.shape
    if not taps:
        return
    blocks = channels // lanes
    whole = blocks * lanes
    full = np.reshape(into[: whole * taps], (blocks, taps, lanes, into.shape[1]))
    full[..., :out] = np.transpose(np.reshape(weight[:, :whole], (out, blocks, lanes, taps)), (1, 3, 2, 0))
    if whole < channels:
        rest = np.reshape(into[whole * taps :], (taps, -1, into.shape[1]))
        rest[:, : channels - whole, :out] = np.transpose(weight[:, whole:], (2, 1, 0))


def seen_blocks(out: range, weight: Array, groups: int, lanes: int) -> range:
    """Return the input blocks that these output channels see; weight (out_channels, channels of a group, taps)."""
    filters, channels = len(weight) // groups, weight.shape[1]
    first = out.start // filters * channels
    last = (out.stop - 1) // filters * channels + channels
    return range(first // lanes, -(-last // lanes))


def spread(weight: Array, groups: int, out: range, seen: range, lanes: int) -> Array:
    """Return the dense weight (out, channels of the seen blocks, taps) of output channels of a grouped convolution.

    Zero where an output channel does not see an input channel.
    """
    filters, channels, taps = len(weight) // groups, weight.shape[1], weight.shape[2]
    dense = np.zeros((len(out), len(seen) * lanes, taps), np.float32)
    for row, channel in enumerate(out):
        first = channel // filters * channels - seen.start * lanes
        dense[row, first : first + channels] = weight[channel]
    return dense
