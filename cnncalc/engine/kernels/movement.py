"""Operations that move numbers without computing: copies in and out, other shapes, other channels, other positions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnncalc.engine.kernels.copies import copy_lines, exchange, lines_step, planes_step
from cnncalc.engine.kernels.gather import CONSTANT, elements_step, move_elements, move_positions, positions_step
from cnncalc.engine.kernels.lanes import Part, lanes_step, move_lanes
from cnncalc.engine.native import Native
from cnncalc.engine.plan.operation import Array, Memory, Operation, Step
from cnncalc.engine.plan.value import LANES, PLAIN, Margin, Value


class CopyIn(Operation):
    """Writes a caller's row-major array (batch, *shape) into `output`.

    After `steps`, field "source" of `source_row` is to hold the array's address in every run.
    """

    source_row: Array

    def __init__(self, name: str, output: Value) -> None:
        super().__init__(name, (), output)

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return the one step."""
        step = (lines_step if self.output.lanes == PLAIN else planes_step)(memory, self.output, "source")
        self.source_row = step.arguments
        return [[step]]


class CopyOut(Operation):
    """Writes a value into a caller's row-major array (batch, *shape). Of the plan's values it makes none.

    After `steps`, field "target" of `target_row` is to hold the array's address in every run.
    """

    target_row: Array

    def __init__(self, name: str, x: Value) -> None:
        super().__init__(name, (x,), Value(f"{name} (copied out)", (0,), x.batch))

    def scratch_bytes(self) -> int:
        """What pad lanes are written to."""
        return 4 * LANES

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return the one step."""
        x = self.inputs[0]
        step = (lines_step if x.lanes == PLAIN else planes_step)(memory, x, "target")
        self.target_row = step.arguments
        return [[step]]


class Reorder(Operation):
    """The same numbers in another shape, in row-major order: Flatten, Unflatten."""

    def __init__(self, name: str, x: Value, output: Value) -> None:
        super().__init__(name, (x,), output)

    def constant_bytes(self) -> int:
        """Return the bytes of the table."""
        return self.output.nbytes // self.output.batch

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return the one step."""
        x, y = self.inputs[0], self.output
        if x.channels == y.channels and x.lanes == y.lanes == LANES:
            every = np.arange(positions(x))
            return [[positions_step(memory, x, y, every, every)]]
        return [[elements_step(memory, x, y, np.arange(x.channels * positions(x)))]]


class Channels(Operation):
    """Channels of its inputs in another order.

    Channel c of the output is channel order[c] of all inputs laid one after the other.
    """

    def __init__(self, name: str, inputs: Sequence[Value], output: Value, order: Array) -> None:
        super().__init__(name, inputs, output)
        self.order = order

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return a step for each run of whole blocks, and one for all channels that change their lanes."""
        y = self.output
        every = np.arange(positions(y))
        ends = np.cumsum([x.channels for x in self.inputs])
        found: list[Step] = []
        parts: list[Part] = []
        for block in range(y.blocks):
            order = self.order[block * LANES : (block + 1) * LANES]
            owners = np.searchsorted(ends, order, side="right")
            for owner, x in enumerate(self.inputs):
                if owner not in owners:
                    continue
                lanes = np.full(LANES, -1)
                lanes[: len(order)][owners == owner] = order[owners == owner] - (ends[owner] - x.channels)
                parts.append(Part(block, x, lanes, every, every))
        runs, rest = whole_blocks(parts)
        for run in runs:
            first, x = run[0], run[0].x
            from_block = int(first.channels[0]) // LANES
            found.append(
                positions_step(memory, x, y, every, every, first=first.block, blocks=len(run), from_block=from_block)
            )
        return [[*found, lanes_step(memory, y, rest)] if rest else found]


def whole_blocks(parts: Sequence[Part]) -> tuple[list[list[Part]], list[Part]]:
    """Return runs of blocks that are blocks of one input as they stand, and the other parts."""
    runs: list[list[Part]] = []
    rest: list[Part] = []
    blocks = [part.block for part in parts]
    for part in parts:
        channels = part.channels[part.channels >= 0]
        start = int(channels[0])
        whole = (
            blocks.count(part.block) == 1
            and part.x.lanes == LANES
            and start % LANES == 0
            and np.array_equal(channels, np.arange(start, start + len(channels)))
        )
        if not whole:
            rest.append(part)
            continue
        before = runs[-1][-1] if runs else None
        if before and before.x is part.x and before.block + 1 == part.block and before.channels[0] + LANES == start:
            runs[-1].append(part)
        else:
            runs.append([part])
    return runs, rest


class Concat(Operation):
    """Inputs laid side by side along `axis`, 0 being the channels. The plan leaves it out where it need not copy."""

    def __init__(self, name: str, inputs: Sequence[Value], output: Value, axis: int = 0) -> None:
        super().__init__(name, inputs, output)
        self.axis = axis

    @property
    def over_channels(self) -> bool:
        """Whether it is channels that are laid side by side."""
        return self.axis == 0

    @property
    def order(self) -> Array:
        """Of one over channels: the order that Channels would take."""
        return np.arange(self.output.channels)

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return what Channels does, or a step an input."""
        y = self.output
        if self.over_channels:
            return Channels(self.name, self.inputs, y, self.order).steps(memory)
        grid = np.reshape(np.arange(positions(y)), y.shape[1:])
        found: list[Step] = []
        start = 0
        for x in self.inputs:
            end = start + x.shape[self.axis]
            targets = grid.take(range(start, end), self.axis - 1).ravel()
            found.append(place_step(memory, x, y, np.arange(len(targets)), targets))
            start = end
        return [found]


class Positions(Operation):
    """Each position of the output shows one of the input, for all channels: crops, borders, nearest neighbours.

    `shown`: which, counted in row-major order, or CONSTANT for `fill`.
    """

    def __init__(self, name: str, x: Value, output: Value, shown: Array, fill: float = 0.0) -> None:
        super().__init__(name, (x,), output)
        self.shown = shown
        self.fill = fill

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return the one step."""
        y = self.output
        return [[place_step(memory, self.inputs[0], y, self.shown, np.arange(positions(y)), self.fill)]]


class Lanes(Operation):
    """A value made of parts, lane by lane: see `lanes.Part`."""

    def __init__(self, name: str, x: Value, output: Value, parts: Sequence[Part]) -> None:
        super().__init__(name, (x,), output)
        self.parts = tuple(parts)

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return the one step."""
        return [[lanes_step(memory, self.output, self.parts)]]


def place_step(memory: Memory, x: Value, y: Value, shown: Array, targets: Array, fill: float = 0.0) -> Step:
    """Return what shows positions of x in y, channel by channel: by whole vectors, or by lanes where x is plain."""
    if x.lanes == LANES:
        return positions_step(memory, x, y, shown, targets, fill=fill)
    channels = np.arange(y.blocks * LANES)
    channels = np.reshape(np.where(channels < x.channels, channels, -1), (y.blocks, LANES))
    return lanes_step(memory, y, [Part(block, x, channels[block], shown, targets) for block in range(y.blocks)], fill)


def shown_by(axes: Sequence[Array], size: tuple[int, int, int]) -> Array:
    """Return the positions of a map of `size` at all combinations of those on each axis; CONSTANT where one is."""
    depth, height, width = axes[0][:, None, None], axes[1][:, None], axes[2]
    shown = (depth * size[1] + height) * size[2] + width
    return np.where((depth < 0) | (height < 0) | (width < 0), CONSTANT, shown).ravel()


def border(size: int, before: int, after: int, mode: str) -> Array:
    """Return which positions an axis shows once it is padded; negative padding crops. `mode` as a padding_mode."""
    at = np.arange(-before, size + after)
    if mode == "replicate":
        return np.minimum(np.maximum(at, 0), size - 1)
    if mode == "circular":
        return at % size
    if mode == "reflect":
        return size - 1 - np.abs(size - 1 - np.abs(at))
    return np.where((at >= 0) & (at < size), at, CONSTANT)


def padded(x: Value, padding: Margin, mode: str) -> Array:
    """Return which positions of x its padded map shows."""
    axes = [border(size, *pair, mode) for size, pair in zip(x.size, padding, strict=True)]
    return shown_by(axes, x.size)


def positions(value: Value) -> int:
    """Return how many positions a plane has."""
    return int(np.prod(value.size))


def variants() -> list[Native]:
    """Return all kernels of this family."""
    return [
        copy_lines,
        exchange(True),
        exchange(False),
        move_positions,
        move_lanes,
        move_elements(LANES),
        move_elements(PLAIN),
    ]
