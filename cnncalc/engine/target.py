"""What the processor offers, as Numba sees it, and the register tiles that suit it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

from cnncalc.engine.processor import compiled_for


class Target(NamedTuple):
    """An instruction set. `rows`: for 1, 2, ... columns of 16 output channels, the rows of pixels to choose from.

    A tile's sums, one row of weights and one broadcast number must fit into the registers, else the inner loop spends
    its time on the stack: with AVX-512 32 registers hold a vector of 16 each, with AVX2 16 hold half a one. Where there
    are few pixels, fewer rows do too.
    """

    name: str
    rows: dict[int, tuple[int, ...]]
    slides: tuple[int, ...] = ()
    """Pixels of a row that fit into them, beside the weights of all taps along the row; none where that would spill."""

    @property
    def tiles(self) -> dict[int, int]:
        """The rows that are fastest where there are many pixels."""
        return {columns: choice[0] for columns, choice in self.rows.items()}

    @property
    def columns(self) -> int:
        """The most columns of a tile."""
        return max(self.tiles)


class Tile(NamedTuple):
    """A register tile, and how many groups of `columns` blocks of output channels are done with it."""

    groups: int
    columns: int
    rows: int


AVX512 = Target("AVX-512", {1: (12, 7), 2: (12, 7), 3: (8, 7), 4: (6,)}, (14, 10))
AVX2 = Target("AVX2", {1: (6,)})
NEON = Target("NEON", {1: (6,)})
PLAIN = Target("plain", {1: (3,)})


@functools.cache
def target() -> Target:
    """Return what this process compiles for. NUMBA_CPU_NAME and NUMBA_CPU_FEATURES choose another."""
    triple, _, features = compiled_for()
    have = set(features.split(","))
    if "+avx512f" in have:
        return AVX512
    if triple.startswith(("aarch64", "arm64")):
        return NEON
    return AVX2 if {"+avx2", "+fma"} <= have else PLAIN


class Costs(NamedTuple):
    """What one of the threads takes for the parts of a convolution inside a network, in nanoseconds.

    Fitted to the layers of seven networks, batch 1 and 8, two cores with AVX-512 that read 14 to 28 bytes a nanosecond
    each from beyond the second-level cache; weights are read while others are used, but not for nothing. Only which of
    two algorithms takes longer matters: that holds where all of it is slower.
    """

    direct: float = 1 / 84
    """A multiply-add of direct convolution."""
    direct_weight: float = 0.034
    """A byte of its weights."""
    product: float = 1 / 90
    """The same of Winograd's product stage."""
    product_weight: float = 0.079
    transform_4: float = 45.0
    """A tile of 4x4 numbers of 16 channels, transformed there or back; and one of 6x6."""
    transform_6: float = 150.0
    transform_line: float = 3.0
    """A number of 16 channels in a transform along one axis."""


COSTS = Costs()

FEW_ROWS = (1, 2, 4)
"""Rows for maps of few pixels, besides those of `Target.rows`: not any number, so that few kernels are compiled."""


def tiles(pixels: int, blocks: int, depth: Callable[[int], int] = lambda columns: 1) -> list[Tile]:
    """Return the tiles that cover `pixels` x `blocks` of the output fastest, from the first block to the last.

    As many as there are of some width, and others for the rest. `depth(columns)`: how much input such a tile sums over.
    """
    widths = sorted(target().rows, reverse=True)
    plans: list[list[Tile]] = []
    for widest in widths:
        for whole in {blocks // widest, max(0, blocks // widest - 1)}:
            counts = {widest: whole}
            left = blocks - whole * widest
            for columns in widths:
                counts[columns] = counts.get(columns, 0) + left // columns
                left %= columns
            plans.append(
                [Tile(groups, columns, _rows(pixels, columns)) for columns, groups in counts.items() if groups]
            )
    return min(plans, key=lambda plan: sum(_cost(pixels, tile) * tile.groups * depth(tile.columns) for tile in plan))


def _rows(pixels: int, columns: int) -> int:
    choice = (*target().rows[columns], *FEW_ROWS)
    return min(choice, key=lambda rows: _cost(pixels, Tile(1, columns, rows)))


def _cost(pixels: int, tile: Tile) -> float:
    """Return about how many multiply-adds' time one group takes for one input channel.

    A multiply-add each of the tile's vectors; loading a row of weights costs another each, loading the pixels' numbers
    less, but more where they are used only once or twice; fitted to measurements with AVX-512.
    """
    _, columns, rows = tile
    step = rows * columns + columns + rows * (4 - columns) / 7
    return -(-pixels // rows) * max(step, 8)
