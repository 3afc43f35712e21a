"""Winograd convolution as an operation: how its work is cut, and for which layers it is expected to pay.

The transforms are in winograd_transforms.py, the kernels, with an overview, in winograd_stages.py.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cnncalc.engine.kernels.winograd_stages import ROW, convolve, transform_inputs
from cnncalc.engine.kernels.winograd_transforms import TRANSFORMS, transform_weights
from cnncalc.engine.native import Native, row
from cnncalc.engine.plan.convolving import Convolution, Finish, Window
from cnncalc.engine.plan.operation import Array, Memory, Step, aligned
from cnncalc.engine.plan.value import Margin, Value
from cnncalc.engine.simd.emit import LANES, VECTOR_BYTES
from cnncalc.engine.target import AVX512, COSTS, target

SKEW = 192
"""Bytes between planes that keep the same numbers of each from competing for one place in the first-level cache."""


class Blocking(NamedTuple):
    """How the work is cut. `apart`: inputs are transformed in a stage of their own."""

    rows: int
    columns: int
    block_tiles: int
    group_chunks: int
    apart: bool


class WinogradConvolution(Convolution):
    """A convolution of stride, dilation and groups 1 over a 2-d map, `m` x `m` outputs at once.

    m = 4 or 2 for windows of 3x3, 2 for 5x5.
    """

    def __init__(
        self, name: str, x: Value, output: Value, window: Window, finish: Finish | None = None, m: int = 4
    ) -> None:
        super().__init__(name, x, output, window, finish)
        self.m = m
        self.n = m + window.kernel_size[2] - 1
        self.blocking = _blocking(self.n, x, output, self.tiles)
        self.stages = 2 if self.blocking.apart else 1

    @property
    def tile_rows(self) -> int:
        """Tiles that cover the output's height."""
        return -(-self.output.size[1] // self.m)

    @property
    def tile_columns(self) -> int:
        """Tiles that cover the output's width."""
        return -(-self.output.size[2] // self.m)

    @property
    def tiles(self) -> int:
        """Tiles of all images."""
        return self.output.batch * self.tile_rows * self.tile_columns

    def margins(self) -> tuple[Margin, ...]:
        """Zeros for every tile to lie within: the padding, and what the last tiles reach behind the map."""
        _, (top, _), (left, _) = self.window.padding
        reach = self.n - self.m
        below = self.tile_rows * self.m + reach - top - self.x.size[1]
        right = self.tile_columns * self.m + reach - left - self.x.size[2]
        return (((0, 0), (top, max(0, below)), (left, max(0, right))),)

    def _v_point(self) -> int:
        tiles = self._tile_chunks() * self.blocking.block_tiles if self.blocking.apart else self.blocking.block_tiles
        return self.x.blocks * tiles * VECTOR_BYTES + SKEW

    def _s_point(self) -> int:
        return self.blocking.columns * self.blocking.block_tiles * VECTOR_BYTES + SKEW

    def _tile_chunks(self) -> int:
        return -(-self.tiles // self.blocking.block_tiles)

    def _input_chunks(self) -> int:
        return min(MOST_INPUT_CHUNKS, -(-self.tiles // self.blocking.rows) * self.x.blocks)

    def scratch_bytes(self) -> int:
        """Memory for one tile, s, and, where it is not shared, v."""
        planes = self._s_point() + (0 if self.blocking.apart else self._v_point())
        return self.m**2 * VECTOR_BYTES + self.n**2 * planes

    def shared_bytes(self) -> int:
        """Memory for v, where it is made in a stage of its own."""
        return self.n**2 * self._v_point() if self.blocking.apart else 0

    def constant_bytes(self) -> int:
        """Memory for the transformed weights."""
        columns = -(-self.output.blocks // self.blocking.columns) * self.blocking.columns
        return self.n**2 * _channels(self.x) * columns * VECTOR_BYTES

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return one step, or one in each of two stages."""
        b = self.blocking
        arguments = self._arguments(memory)
        tile_chunks = self._tile_chunks()
        chunks = tile_chunks * b.group_chunks
        products = self.tiles * self.n**2 * self.x.blocks * LANES * self.output.blocks * LANES
        found = [[Step(convolve(self.n, self.m, b.rows, b.columns), arguments, chunks, products // chunks)]]
        if b.apart:
            chunks = self._input_chunks()
            work = self.tiles * self.x.blocks * self.n**2 * LANES // chunks
            found.insert(0, [Step(transform_inputs(self.n, self.m), arguments, chunks, work)])
        return found

    def _arguments(self, memory: Memory) -> Array:
        x, y = memory.place(self.x), memory.place(self.output)
        residual = self.finish.residual
        beside = memory.place(residual) if residual else None
        (_, (top, _), (left, _)), b = self.window.padding, self.blocking
        groups = -(-self.output.blocks // b.columns)
        bias = np.zeros(self.output.blocks * LANES, np.float32)
        bias[: self.output.channels] = self.window.bias
        return row(
            ROW,
            x=x.start + x.at(0, -top, -left),
            x_image=x.image,
            x_block=x.block,
            x_row=x.row,
            y=y.start,
            y_image=y.image,
            y_block=y.block,
            y_row=y.row,
            residual=beside.start if beside else 0,
            residual_image=beside.image if beside else 0,
            residual_block=beside.block if beside else 0,
            residual_row=beside.row if beside else 0,
            height=self.output.size[1],
            width=self.output.size[2],
            tile_rows=self.tile_rows,
            tile_columns=self.tile_columns,
            tiles=self.tiles,
            tile_chunks=self._tile_chunks(),
            block_tiles=b.block_tiles,
            input_chunks=self._input_chunks(),
            blocks=self.x.blocks,
            last_channels=_channels(self.x) - (self.x.blocks - 1) * LANES,
            out_blocks=self.output.blocks,
            groups=groups,
            group_chunks=b.group_chunks,
            weights=memory.constant(pack(self.window.weight, self.n, _channels(self.x), groups, b.columns)),
            ahead=-(-4 * b.columns // -(-b.block_tiles // b.rows)),
            bias=memory.constant(bias),
            shared=memory.shared(self) if b.apart else 0,
            rows=b.rows,
            v_tiles=self.x.blocks * b.rows * VECTOR_BYTES,
            v_block=b.rows * VECTOR_BYTES,
            v_point=self._v_point(),
            s_point=self._s_point(),
            low=self.finish.low,
            high=self.finish.high,
        )


def _channels(x: Value) -> int:
    """Return the input channels that are multiplied: all there are, rounded up to 4."""
    return -(-x.channels // 4) * 4


def pack(weight: Array, n: int, channels: int, groups: int, columns: int) -> Array:
    """Return transformed weights (groups, n x n, channels, columns x 16), zeros where there are no such channels."""
    transformed = transform_weights(weight, n)
    points, out, have = transformed.shape
    full = aligned((points, groups * columns * LANES, channels))
    full[:, :out, :have] = transformed
    by_group: Array = np.reshape(full, (points, groups, columns * LANES, channels))
    return np.transpose(by_group, (1, 0, 3, 2))


BLOCK_BYTES = 600 << 10
"""How much of the second-level cache v and s of a block of tiles may fill."""
SUMS_BYTES = 1200 << 10
"""The same for s alone, where v is made in a stage of its own and passes by."""
MANY_WEIGHT_BYTES = 3 << 20
"""Transformed weights beyond this leave the second-level cache between blocks; then blocks should be large."""
MOST_INPUT_CHUNKS = 16
"""Of the stage that transforms inputs: its work is small and even."""
FEW_TILES = 64
"""So few would make few chunks, or many that read all weights."""
AVX512_TILES = {2: 8, 3: 7, 4: 6}
"""Rows of tiles for each number of columns. 8 x 2 suits 14x14 maps, of 16 tiles."""


def _blocking(n: int, x: Value, output: Value, tiles: int) -> Blocking:
    """Return how to cut the work: as few weights read twice as may be, and two chunks or more."""
    rows, columns = _tile(output.blocks, tiles)
    groups = -(-output.blocks // columns)
    weight_bytes = n * n * x.blocks * LANES * groups * columns * VECTOR_BYTES
    vectors = BLOCK_BYTES // (n * n * VECTOR_BYTES)
    most = max(rows, vectors // (x.blocks + columns))
    if weight_bytes > MANY_WEIGHT_BYTES or (tiles <= FEW_TILES and groups >= 2):
        most = max(rows, SUMS_BYTES // (n * n * VECTOR_BYTES * columns))
        return Blocking(rows, columns, _even(tiles, most, rows), groups, apart=True)
    return Blocking(rows, columns, _even(tiles, min(most, max(rows, -(-tiles // 2))), rows), 1, apart=False)


def _even(tiles: int, most: int, rows: int) -> int:
    """Return the tiles of a block when all are about equal, whole multiples of `rows` and not many more than `most`."""
    blocks = -(-tiles // most)
    return -(-tiles // (blocks * rows)) * rows


def _tile(blocks: int, tiles: int) -> tuple[int, int]:
    """Return (rows, columns) of the register tile for products of so many tiles with so many output blocks.

    The one that does the least for nothing; narrow ones are slower by about 7 percent.
    """
    shapes = AVX512_TILES if target() is AVX512 else target().tiles
    widest = max(shapes)

    def cost(columns: int) -> float:
        rows = shapes[columns]
        wasted = -(-tiles // rows) * rows * -(-blocks // columns) * columns
        return wasted * (1.0 if columns == widest else 1.07)

    columns = min(sorted(shapes, reverse=True), key=cost)
    return shapes[columns], columns


# ---- whether it pays

WORTH = 1.05
"""How many times faster it must seem."""


def best(window: Window, x: Value, output: Value) -> int | None:
    """Return the m with which Winograd's convolution is expected to beat the direct one for a layer; None if none is.

    It weighs the tiles that reach beyond the map, the transforms, which few channels do not repay, and the transformed
    weights, up to four times as many, which few tiles do not repay.
    """
    r = window.kernel_size[2]
    if not _applies(window, x) or r not in (3, 5):
        return None
    weights = x.channels * output.channels * r * r
    positions = output.batch * int(np.prod(output.size))
    direct = positions * weights * COSTS.direct + 4 * weights * COSTS.direct_weight
    costs = {_cost(m, r, x, output): m for m in ((4, 2) if r == 3 else (2,))}
    return costs[min(costs)] if min(costs) * WORTH < direct else None


def _applies(window: Window, x: Value) -> bool:
    """Whether the convolution is one over a 2-d map of blocked channels, of stride, dilation and groups 1."""
    depth, height, width = window.kernel_size
    plain = window.stride == window.dilation == (1, 1, 1) and window.groups == 1
    return plain and depth == x.size[0] == 1 and height == width and x.lanes == LANES


def _cost(m: int, r: int, x: Value, output: Value) -> float:
    """Return about how many nanoseconds F(m x m, r x r) takes."""
    n = m + r - 1
    tiles = output.batch * -(-output.size[1] // m) * -(-output.size[2] // m)
    rows, columns = _tile(output.blocks, tiles)
    out = -(-output.blocks // columns) * columns * LANES
    products = n * n * -(-tiles // rows) * rows * _channels(x) * out
    transform = tiles * (x.blocks + output.blocks) * (COSTS.transform_4 if n == 4 else COSTS.transform_6)
    weights = 4 * n * n * x.channels * out * COSTS.product_weight
    return products * COSTS.product + transform + weights


def variants() -> list[Native]:
    """Return all kernels that a network may need on this processor."""
    shapes = AVX512_TILES if target() is AVX512 else target().tiles
    products = [convolve(n, m, rows, columns) for n, m in TRANSFORMS for columns, rows in shapes.items()]
    return [*products, *(transform_inputs(n, m) for n, m in TRANSFORMS)]
