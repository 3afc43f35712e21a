"""A tensor of a plan: its shape, how it is laid out in memory, and the margin of zeros that its readers want.

Blocked layout: (N, blocks, depth, height, width, 16), channels in blocks of 16, as in oneDNN's nChw16c. The plain
layout is the same with blocks of one channel, which is row-major (N, C, D, H, W). A 2-d map has depth 1, a 1-d map also
height 1, a vector of features also width 1, so that every kernel has the same three axes. Numbers of a last block
beyond the last channel are finite, and nothing reads them but to multiply by zero.

Round each plane lies a margin of physical zeros, as wide as the widest padding of those that read it: kernels then need
no branches at borders.
"""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.engine.simd.emit import LANES
from cnncalc.text import Shape

Margin = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
"""Zeros before and after on the axes depth, height, width."""
NO_MARGIN: Margin = ((0, 0), (0, 0), (0, 0))
PLAIN = 1
"""Channels in a block of the plain layout."""


class Place(NamedTuple):
    """Where a value lies: the address of image 0, block 0, position (0, 0, 0), and strides, all in bytes."""

    start: int
    image: int
    block: int
    plane: int
    row: int
    pixel: int

    def at(self, depth: int, height: int, width: int) -> int:
        """Return the offset of a position from the start; positions in the margin may be negative."""
        return depth * self.plane + height * self.row + width * self.pixel


class Value:
    """A tensor (batch, *shape) of a plan. `name` is the graph's node it is the result of, or what the plan calls it.

    One with a `parent` is a view of some whole blocks of it from `first_block` on, as a Concat without copying reads.
    """

    def __init__(self, name: str, shape: Shape, batch: int, lanes: int = LANES) -> None:
        self.name = name
        self.shape = shape
        self.batch = batch
        self.lanes = lanes
        self.margin = NO_MARGIN
        self.parent: Value | None = None
        self.first_block = 0

    @property
    def channels(self) -> int:
        """How many channels or features there are."""
        return self.shape[0]

    @property
    def size(self) -> tuple[int, int, int]:
        """Depth, height and width."""
        depth, height, width = (1, 1, 1, *self.shape[1:])[-3:]
        return depth, height, width

    @property
    def blocks(self) -> int:
        """How many blocks of channels there are."""
        return -(-self.channels // self.lanes)

    @property
    def root(self) -> Value:
        """The value that owns the memory."""
        return self.parent.root if self.parent else self

    @property
    def offset_blocks(self) -> int:
        """Where this value's first block is in its root."""
        return self.first_block + self.parent.offset_blocks if self.parent else 0

    def want_margin(self, margin: Margin) -> None:
        """Ask for zeros round each plane, at least so many."""
        root = self.root
        depth, height, width = (
            (max(have[0], want[0]), max(have[1], want[1])) for have, want in zip(root.margin, margin, strict=True)
        )
        root.margin = (depth, height, width)

    @property
    def nbytes(self) -> int:
        """Bytes of the whole, margins included. Of a root only."""
        depth, height, width = self.padded_size
        return self.batch * self.blocks * depth * height * width * 4 * self.lanes

    @property
    def padded_size(self) -> tuple[int, int, int]:
        """Depth, height and width with the root's margin."""
        depth, height, width = (
            before + size + after for size, (before, after) in zip(self.size, self.root.margin, strict=True)
        )
        return depth, height, width

    def place(self, address: int) -> Place:
        """Return where this value lies, when its root's memory begins at `address`."""
        _, padded_height, padded_width = self.padded_size
        pixel = 4 * self.lanes
        row = padded_width * pixel
        plane = padded_height * row
        block = self.padded_size[0] * plane
        (front, _), (top, _), (left, _) = self.root.margin
        start = address + self.offset_blocks * block + front * plane + top * row + left * pixel
        return Place(start, self.root.blocks * block, block, plane, row, pixel)
