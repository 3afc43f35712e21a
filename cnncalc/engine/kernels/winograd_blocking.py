"""How the work of a Winograd convolution is cut: into blocks of tiles, and register tiles of its products."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.engine.plan.value import Value
from cnncalc.engine.simd.emit import LANES, VECTOR_BYTES
from cnncalc.engine.target import AVX512, target


class Blocking(NamedTuple):
    """How the work is cut: into tile_chunks x group_chunks. `apart`: inputs are transformed in a stage of their own."""

    rows: int
    columns: int
    row_tiles: int
    tile_chunks: int
    group_chunks: int
    apart: bool

    @property
    def block_tiles(self) -> int:
        """The most tiles of a chunk."""
        return -(-self.row_tiles // self.tile_chunks) * self.rows


BLOCK_BYTES = 600 << 10
"""How much of the second-level cache v and s of a block of tiles may fill."""
SUMS_BYTES = 1200 << 10
"""The same for s alone, where v is made in a stage of its own and passes by."""
CACHED_WEIGHT_BYTES = 3 << 19
"""Transformed weights beyond this do not stay near for all blocks; then blocks are larger by half."""
MANY_WEIGHT_BYTES = 3 << 20
"""Transformed weights beyond this leave the second-level cache between blocks; then blocks should be large."""
MOST_INPUT_CHUNKS = 16
"""Of the stage that transforms inputs: its work is small and even."""
FEW_TILES = 64
"""So few would make few chunks, or many that read all weights."""
HALVES = 96
"""From so many tiles on, an odd number of groups is done in two halves: two threads then have as many chunks each."""
AVX512_TILES = {2: 8, 3: 7, 4: 6}
"""Rows of tiles for each number of columns. 8 x 2 suits 14x14 maps, of 16 tiles."""


def blocking(points: int, x: Value, output: Value, tiles: int) -> Blocking:
    """Return how to cut products of so many points: as few weights read twice as may be, and two chunks or more."""
    rows, columns = tile(output.blocks, tiles)
    groups = -(-output.blocks // columns)
    row_tiles = -(-tiles // rows)
    weight_bytes = points * x.blocks * LANES * groups * columns * VECTOR_BYTES
    vectors = BLOCK_BYTES // (points * VECTOR_BYTES)
    most = max(rows, vectors // (x.blocks + columns))
    if weight_bytes > CACHED_WEIGHT_BYTES:
        most = most * 3 // 2
    if weight_bytes > MANY_WEIGHT_BYTES or (tiles <= FEW_TILES and groups >= 2):
        most = max(rows, SUMS_BYTES // (points * VECTOR_BYTES * columns))
        chunks = -(-tiles // most)
        if chunks * groups % 2 and tiles >= HALVES:
            chunks = _even(chunks)
        return Blocking(rows, columns, row_tiles, chunks, groups, apart=True)
    return Blocking(rows, columns, row_tiles, min(row_tiles, _even(-(-tiles // most))), 1, apart=False)


def _even(chunks: int) -> int:
    """Return a few more, so that two threads have as many each, or four."""
    step = 2 if chunks < 8 else 4
    return -(-chunks // step) * step


def shapes() -> dict[int, int]:
    """Return, for each number of columns, the rows of tiles that suit this processor."""
    return AVX512_TILES if target() is AVX512 else target().tiles


def tile(blocks: int, tiles: int) -> tuple[int, int]:
    """Return (rows, columns) of the register tile for products of so many tiles with so many output blocks.

    The one that does the least for nothing; narrow ones are slower by about 7 percent.
    """
    choice = shapes()
    widest = max(choice)

    def cost(columns: int) -> float:
        rows = choice[columns]
        wasted = -(-tiles // rows) * rows * -(-blocks // columns) * columns
        return wasted * (1.0 if columns == widest else 1.07)

    columns = min(sorted(choice, reverse=True), key=cost)
    return choice[columns], columns
