"""Operations that move numbers without computing: copies in and out, Reorder, Concat."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnncalc.engine.kernels.copies import lines_step, planes_step
from cnncalc.engine.kernels.gather import Part, elements_step, lanes_step, positions_step
from cnncalc.engine.plan.operation import Array, Memory, Operation, Step
from cnncalc.engine.plan.value import LANES, PLAIN, Value


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

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return the one step."""
        x, y = self.inputs[0], self.output
        return [[elements_step(memory, x, y, np.arange(x.channels * int(np.prod(x.size))))]]


class Concat(Operation):
    """Inputs laid side by side along `axis`, 0 being the channels. The plan leaves it out where it need not copy."""

    def __init__(self, name: str, inputs: Sequence[Value], output: Value, axis: int = 0) -> None:
        super().__init__(name, inputs, output)
        self.axis = axis

    @property
    def over_channels(self) -> bool:
        """Whether it is channels that are laid side by side."""
        return self.axis == 0

    def steps(self, memory: Memory) -> list[list[Step]]:
        """Return a step an input, or one for all channels that change their lanes."""
        y = self.output
        if not self.over_channels:
            return [self._side_by_side(memory)]
        every = np.arange(int(np.prod(y.size)))
        found: list[Step] = []
        parts: list[Part] = []
        start = 0
        for x in self.inputs:
            whole = x.channels // LANES if start % LANES == 0 and x.lanes == LANES else 0
            if whole:
                found.append(positions_step(memory, x, y, every, every, first=start // LANES, blocks=whole))
            channels = np.arange(whole * LANES, x.channels)
            parts += lane_parts(x, channels, every, start + whole * LANES)
            start += x.channels
        return [[*found, lanes_step(memory, y, parts)] if parts else found]

    def _side_by_side(self, memory: Memory) -> list[Step]:
        """Lay maps beside one another in space."""
        y = self.output
        grid = np.reshape(np.arange(int(np.prod(y.size))), y.shape[1:])
        found: list[Step] = []
        start = 0
        for x in self.inputs:
            targets = np.moveaxis(grid, self.axis - 1, 0)[start : start + x.shape[self.axis]]
            targets = np.moveaxis(targets, 0, self.axis - 1).ravel()
            found += place_steps(memory, x, y, np.arange(targets.size), targets)
            start += x.shape[self.axis]
        return found


def place_steps(memory: Memory, x: Value, y: Value, shown: Array, targets: Array, fill: float = 0.0) -> list[Step]:
    """Return what shows positions of x in y, channel by channel: by whole vectors, or by lanes where x is plain."""
    if x.lanes == LANES:
        return [positions_step(memory, x, y, shown, targets, fill=fill)]
    parts = lane_parts(x, np.arange(x.channels), shown, 0, targets)
    return [lanes_step(memory, y, parts, fill)]


def lane_parts(x: Value, channels: Array, shown: Array, start: int, targets: Array | None = None) -> list[Part]:
    """Return the parts that put these channels of x, in their order, into the channels from `start` on."""
    places = np.arange(start, start + len(channels))
    parts: list[Part] = []
    for block in np.unique(places // LANES):
        lanes = np.full(LANES, -1)
        here = places // LANES == block
        lanes[places[here] % LANES] = channels[here]
        parts.append(Part(int(block), x, lanes, shown, shown if targets is None else targets))
    return parts
