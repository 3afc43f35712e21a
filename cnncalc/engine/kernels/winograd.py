"""Winograd convolution as an operation, and for which layers it is expected to pay.

The transforms are in winograd_transforms.py, the kernels, with an overview, in winograd_stages.py; those for windows
along one axis in winograd_points.py and winograd_lines.py. How the work is cut is in winograd_blocking.py.
"""

from __future__ import annotations

import numpy as np

from cnncalc.engine.kernels.winograd_blocking import MOST_INPUT_CHUNKS, blocking, shapes, tile
from cnncalc.engine.kernels.winograd_lines import FORMS, convolve_lines, transform_lines
from cnncalc.engine.kernels.winograd_points import transform_taps
from cnncalc.engine.kernels.winograd_stages import ROW, convolve, transform_inputs
from cnncalc.engine.kernels.winograd_transforms import TRANSFORMS, transform_weights
from cnncalc.engine.native import Native, row
from cnncalc.engine.plan.convolving import Convolution, Finish, Window
from cnncalc.engine.plan.operation import Array, Memory, Step, aligned
from cnncalc.engine.plan.value import Margin, Place, Value
from cnncalc.engine.simd.emit import LANES, VECTOR_BYTES
from cnncalc.engine.target import COSTS

SKEW = 192
"""Bytes between planes that keep the same numbers of each from competing for one place in the first-level cache."""


class WinogradConvolution(Convolution):
    """A convolution of stride, dilation and groups 1 over a 2-d map, `m` x `m` outputs at once.

    m = 4 or 2 for windows of 3x3, 2 for 5x5. For windows along one axis only, it is `m` outputs along that axis: m = 4
    for 3 taps, 6 or 4 for 7.
    """

    def __init__(
        self, name: str, x: Value, output: Value, window: Window, finish: Finish | None = None, m: int = 4
    ) -> None:
        super().__init__(name, x, output, window, finish)
        self.m = m
        self.n = m + max(window.kernel_size) - 1
        self.axes = sum(taps > 1 for taps in window.kernel_size)
        self.along_width = window.kernel_size[1] == 1
        self.points = self.n**self.axes
        self.blocking = blocking(self.points, x, output, self.tiles)
        self.stages = 2 if self.blocking.apart else 1

    @property
    def grid(self) -> tuple[int, int]:
        """Tiles that cover the output's height and width."""
        return _grid(self.window, self.output, self.m)

    @property
    def tiles(self) -> int:
        """Tiles of all images."""
        return self.output.batch * self.grid[0] * self.grid[1]

    def margins(self) -> tuple[Margin, ...]:
        """Zeros for every tile to lie within: the padding, and what the last tiles reach behind the map."""
        reach: list[tuple[int, int]] = []
        for axis, tiles in enumerate(self.grid, 1):
            taps, before = self.window.kernel_size[axis], self.window.padding[axis][0]
            last = tiles * (self.m if taps > 1 else 1) + taps - 1
            reach.append((before, max(0, last - before - self.x.size[axis])))
        return (((0, 0), reach[0], reach[1]),)

    def _v_point(self) -> int:
        b = self.blocking
        tiles = b.row_tiles * b.rows if b.apart else b.block_tiles
        return self.x.blocks * tiles * VECTOR_BYTES + SKEW

    def _s_point(self) -> int:
        return self.blocking.columns * self.blocking.block_tiles * VECTOR_BYTES + SKEW

    def _input_chunks(self) -> int:
        return min(MOST_INPUT_CHUNKS, self.blocking.row_tiles * self.x.blocks)

    def scratch_bytes(self) -> int:
        """Memory for one tile, s, and, where it is not shared, v."""
        planes = self._s_point() + (0 if self.blocking.apart else self._v_point())
        return self.m**self.axes * VECTOR_BYTES + self.points * planes

    def shared_bytes(self) -> int:
        """Memory for v, where it is made in a stage of its own."""
        return self.points * self._v_point() if self.blocking.apart else 0

    def constant_bytes(self) -> int:
        """Memory for the transformed weights."""
        columns = -(-self.output.blocks // self.blocking.columns) * self.blocking.columns
        return self.points * _channels(self.x) * columns * VECTOR_BYTES

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return one step, or one in each of two stages."""
        b = self.blocking
        arguments = self._arguments(memory)
        chunks = b.tile_chunks * b.group_chunks
        products = self.tiles * self.points * self.x.blocks * LANES * self.output.blocks * LANES
        kernel = (convolve if self.axes == 2 else convolve_lines)(self.n, self.m, b.rows, b.columns)
        weights = int(arguments["weights"][0]), self.constant_bytes()
        found = [[Step(kernel, arguments, chunks, products // chunks, weights)]]
        if b.apart:
            chunks = self._input_chunks()
            work = self.tiles * self.x.blocks * self.points * LANES // chunks
            kernel = (transform_inputs if self.axes == 2 else transform_lines)(self.n, self.m)
            found.insert(0, [Step(kernel, arguments, chunks, work)])
        return found

    def _arguments(self, memory: Memory) -> Array:
        x, y = memory.place(self.x), memory.place(self.output)
        residual = self.finish.residual
        beside = memory.place(residual) if residual else None
        (_, (top, _), (left, _)), b = self.window.padding, self.blocking
        (x_row, x_column), (y_row, y_column) = self._turned(x.row, VECTOR_BYTES), self._turned(y.row, VECTOR_BYTES)
        residual_row, residual_column = self._turned(beside.row if beside else 0, VECTOR_BYTES)
        height, width = self._turned(*self.output.size[1:])
        tile_rows, tile_columns = self._turned(*self.grid)
        groups = -(-self.output.blocks // b.columns)
        bias = np.zeros(self.output.blocks * LANES, np.float32)
        bias[: self.output.channels] = self.window.bias
        return row(
            ROW,
            x=x.start + x.at(0, -top, -left),
            x_image=x.image,
            x_block=x.block,
            x_row=x_row,
            x_column=x_column,
            y=y.start,
            y_image=y.image,
            y_block=y.block,
            y_row=y_row,
            y_column=y_column,
            residual=beside.start if beside else 0,
            residual_image=beside.image if beside else 0,
            residual_block=beside.block if beside else 0,
            residual_row=residual_row,
            residual_column=residual_column,
            height=height,
            width=width,
            tile_rows=tile_rows,
            tile_columns=tile_columns,
            tiles=self.tiles,
            tile_chunks=b.tile_chunks,
            block_tiles=b.block_tiles,
            input_chunks=self._input_chunks(),
            blocks=self.x.blocks,
            last_channels=_channels(self.x) - (self.x.blocks - 1) * LANES,
            out_blocks=self.output.blocks,
            groups=groups,
            group_chunks=b.group_chunks,
            weights=memory.constant(pack(self.window.weight, self.n, _channels(self.x), groups, b.columns)),
            y_tiles=memory.constant(self._y_tiles(y)),
            y_share=0 if b.apart else -(-b.columns * self.m**self.axes // self.points),
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

    def _y_tiles(self, y: Place) -> Array:
        """Return where each tile lies from the output's first position, whole register tiles of them."""
        y_row, y_column = self._turned(y.row, VECTOR_BYTES)
        high, wide = self._turned(*self.grid)
        tiles = np.minimum(np.arange(self.blocking.row_tiles * self.blocking.rows), self.tiles - 1)
        line, column = tiles // wide % high, tiles % wide
        across = self.m if self.axes == 2 else 1
        return (tiles // wide // high * y.image + line * self.m * y_row + column * across * y_column).astype(np.int32)

    def _turned(self, row: int, column: int) -> tuple[int, int]:
        """Return what belongs to rows and columns, exchanged for windows along the width."""
        return (column, row) if self.along_width else (row, column)


def _grid(window: Window, output: Value, m: int) -> tuple[int, int]:
    """Return how many tiles of m outputs, along the axes on which the window has taps, cover height and width."""
    _, high, wide = window.kernel_size
    _, height, width = output.size
    return -(-height // (m if high > 1 else 1)), -(-width // (m if wide > 1 else 1))


def _channels(x: Value) -> int:
    """Return the input channels that are multiplied: all there are, rounded up to 4."""
    return -(-x.channels // 4) * 4


def pack(weight: Array, n: int, channels: int, groups: int, columns: int) -> Array:
    """Return transformed weights (groups, points, channels, columns x 16), zeros where there are no such channels."""
    _, high, wide = weight.shape[2:]
    taps: Array = np.reshape(weight, (*weight.shape[:2], -1))
    transformed = transform_weights(weight, n) if high == wide else transform_taps(taps, n)
    points, out, have = transformed.shape
    full = aligned((points, groups * columns * LANES, channels))
    full[:, :out, :have] = transformed
    by_group: Array = np.reshape(full, (points, groups, columns * LANES, channels))
    return np.transpose(by_group, (1, 0, 3, 2))


# ---- whether it pays

WORTH = 1.05
"""How many times faster it must seem."""


def best(window: Window, x: Value, output: Value) -> int | None:
    """Return the m with which Winograd's convolution is expected to beat the direct one for a layer; None if none is.

    It weighs the tiles that reach beyond the map, the transforms, which few channels do not repay, and the transformed
    weights, up to four times as many, which few tiles do not repay.
    """
    if not _applies(window, x):
        return None
    weights = x.channels * output.channels * int(np.prod(window.kernel_size))
    positions = output.batch * int(np.prod(output.size))
    direct = positions * weights * COSTS.direct + 4 * weights * COSTS.direct_weight
    costs = {_cost(window, m, x, output): m for m in _choice(window)}
    return costs[min(costs)] if costs and min(costs) * WORTH < direct else None


def _applies(window: Window, x: Value) -> bool:
    """Whether the convolution is one over a 2-d map of blocked channels, of stride, dilation and groups 1."""
    plain = window.stride == window.dilation == (1, 1, 1) and window.groups == 1
    return plain and window.kernel_size[0] == x.size[0] == 1 and x.lanes == LANES


def _choice(window: Window) -> tuple[int, ...]:
    """Return each m there is a kernel for."""
    _, high, wide = window.kernel_size
    r = max(high, wide)
    forms = TRANSFORMS if high == wide else FORMS if min(high, wide) == 1 else ()
    return tuple(m for n, m in forms if n == m + r - 1)


def _cost(window: Window, m: int, x: Value, output: Value) -> float:
    """Return about how many nanoseconds F(m x m, r x r), or F(m, r), takes."""
    n = m + max(window.kernel_size) - 1
    square = window.kernel_size[1] == window.kernel_size[2]
    points = n * n if square else n
    high, wide = _grid(window, output, m)
    tiles = output.batch * high * wide
    rows, columns = tile(output.blocks, tiles)
    out = -(-output.blocks // columns) * columns * LANES
    products = points * -(-tiles // rows) * rows * _channels(x) * out
    each = (COSTS.transform_4 if n == 4 else COSTS.transform_6) if square else n * COSTS.transform_line
    transform = tiles * (x.blocks + output.blocks) * each
    weights = 4 * points * x.channels * out * COSTS.product_weight
    return products * COSTS.product + transform + weights


def variants() -> list[Native]:
    """Return all kernels that a network may need on this processor."""
    found = [convolve(n, m, rows, columns) for n, m in TRANSFORMS for columns, rows in shapes().items()]
    found += [convolve_lines(n, m, rows, columns) for n, m in FORMS for columns, rows in shapes().items()]
    found += [transform_inputs(n, m) for n, m in TRANSFORMS]
    return [*found, *(transform_lines(n, m) for n, m in FORMS)]
