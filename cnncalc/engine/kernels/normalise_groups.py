"""Normalisation of groups of channels, which blocks cut anywhere, and of channels over a whole batch.

GroupNorm, LayerNorm over everything, BatchNorm by its batch: in three phases, whose chunks are a block of an image, an
image (or the batch), and a block of an image again.

1. `gather`: of each channel the mean in two parts, m + d, and the mean square of x - m, as normalisation.py finds them
2. `combine`: from those of its channels the mean and variance of each group, in double precision
3. `spread`: x scaled and shifted

Statistics lie between the phases as (images, blocks, 3, 16) float32: m, d, mean square; then the group's mean in two
parts, and the inverse of its deviation.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cnncalc.engine.kernels.normalisation import ROW, deviations, lanes_of, mean, rescale
from cnncalc.engine.native import Native, fields, inlined, native
from cnncalc.engine.simd.emit import LANES, VECTOR_BYTES
from cnncalc.engine.simd.memory import load_float, store_float
from cnncalc.engine.simd.vector import load, store

GROUP_ROW = np.dtype(
    [
        ("statistics", "i8"),
        ("blocks", "i8"),
        ("images", "i8"),  # that are normalised together: 1, or the batch
        ("groups", "i8"),
        ("channels", "i8"),  # of a group
        ("eps", "f8"),
    ]
)
BLOCK_BYTES = 3 * VECTOR_BYTES
"""Of the statistics of one block."""


@native(ROW)
def gather(arguments: Any, chunk: int, scratch: int) -> None:
    """Find the mean and mean square deviation of each channel of one block of one image."""
    p = fields(arguments)
    lanes = lanes_of(p, chunk % p.blocks)
    x = p.x + chunk // p.blocks * p.x_image + chunk % p.blocks * p.x_block
    middle = mean(p, x, lanes, lanes, 0)
    correction, square = deviations(p, x, lanes, lanes, middle, 0)
    found = p.statistics + chunk * BLOCK_BYTES
    store(found, middle)
    store(found + VECTOR_BYTES, correction)
    store(found + 2 * VECTOR_BYTES, square)


@inlined
def _entry(p: Any, image: int, channel: int) -> int:
    """Where the statistics of a channel of an image begin."""
    return p.statistics + (image * p.blocks + channel // LANES) * BLOCK_BYTES + channel % LANES * 4


@inlined
def _mean_of(entry: int) -> float:
    """The mean of a channel, of its two parts."""
    return np.float64(load_float(entry)) + np.float64(load_float(entry + VECTOR_BYTES))


@native(GROUP_ROW)
def combine(arguments: Any, chunk: int, scratch: int) -> None:
    """Put the statistics of its group in the place of each channel's, for one image or the batch.

    The variance of a group is the mean of its channels' variances plus the variance of their means.
    """
    p = fields(arguments)
    first = chunk * p.images
    count = np.float64(p.images * p.channels)
    for group in range(p.groups):
        channels = range(group * p.channels, (group + 1) * p.channels)
        total = 0.0
        for image in range(first, first + p.images):
            for channel in channels:
                total += _mean_of(_entry(p, image, channel))
        middle = total / count
        variance = 0.0
        for image in range(first, first + p.images):
            for channel in channels:
                entry = _entry(p, image, channel)
                correction = np.float64(load_float(entry + VECTOR_BYTES))
                apart = _mean_of(entry) - middle
                variance += np.float64(load_float(entry + 2 * VECTOR_BYTES)) - correction**2 + apart**2
        inverse = np.float32(1.0 / math.sqrt(max(variance / count, 0.0) + p.eps))
        rounded = np.float32(middle)
        for image in range(first, first + p.images):
            for channel in channels:
                entry = _entry(p, image, channel)
                store_float(entry, rounded)
                store_float(entry + VECTOR_BYTES, np.float32(middle - np.float64(rounded)))
                store_float(entry + 2 * VECTOR_BYTES, inverse)


@native(ROW)
def spread(arguments: Any, chunk: int, scratch: int) -> None:
    """Scale and shift one block of one image."""
    p = fields(arguments)
    image, block = chunk // p.blocks, chunk % p.blocks
    lanes = lanes_of(p, block)
    x = p.x + image * p.x_image + block * p.x_block
    y = p.y + image * p.y_image + block * p.y_block
    found = p.statistics + chunk * BLOCK_BYTES
    middle = load(found)
    correction = load(found + VECTOR_BYTES)
    inverse = load(found + 2 * VECTOR_BYTES)
    rescale(p, x, y, block * p.learned_block, lanes, lanes, middle, correction, inverse)


def variants() -> list[Native]:
    """Return all kernels of this file."""
    return [gather, combine, spread]
