"""A plan's memory, written by labels instead of numbers: whoever reads must find who wrote it for them."""

from __future__ import annotations

import numpy as np

from cnncalc.engine.kernels.depthwise import DepthwiseConvolution
from cnncalc.engine.plan.assemble import Layout
from cnncalc.engine.plan.convolving import Convolution
from cnncalc.engine.plan.operation import Operation
from cnncalc.engine.plan.value import Value

CELL = 64


class _Map:
    """Which operation each block of each value comes from, by the views alone."""

    def __init__(self, operations: tuple[Operation, ...]) -> None:
        self.number = {operation: at for at, operation in enumerate(operations)}
        self.maker = {operation.output: operation for operation in operations}
        self.children: dict[Value, set[Value]] = {}
        values = [value for operation in operations for value in (*operation.reads, operation.output)]
        for value in values:
            while value.parent is not None:
                self.children.setdefault(value.parent, set()).add(value)
                value = value.parent

    def _written(self, value: Value) -> dict[int, int]:
        if value in self.maker:
            return dict.fromkeys(range(value.blocks), self.number[self.maker[value]])
        found: dict[int, int] = {}
        for child in self.children.get(value, ()):
            found |= {child.first_block + block: by for block, by in self._written(child).items()}
        return found

    def wanted(self, value: Value) -> list[int]:
        """The number of the operation that each block of a value is to come from."""
        found = self._written(value)
        if len(found) < value.blocks:
            assert value.parent is not None, f"nobody writes all of {value.name}"
            return self.wanted(value.parent)[value.first_block :][: value.blocks]
        return [found[block] for block in range(value.blocks)]


def _cells(layout: Layout, value: Value) -> tuple[np.ndarray, np.ndarray]:
    """The cells of a value (blocks, batch x positions), and which of them are no margin."""
    root = value.root
    start = (layout.offsets[root] + layout.guard_bytes) // CELL
    if not root.nbytes:
        return np.zeros((0, 0), int), np.zeros(0, bool)
    if value.lanes == 1:
        every = np.arange(start, start + -(-root.nbytes // CELL))
        return np.broadcast_to(every, (value.blocks, every.size)), np.ones(every.shape, bool)
    whole = start + np.arange(root.nbytes // CELL).reshape(root.batch, root.blocks, *root.padded_size)
    real = np.zeros(root.padded_size, bool)
    real[tuple(slice(before, before + size) for size, (before, _) in zip(root.size, root.margin, strict=True))] = True
    some = whole[:, value.offset_blocks :][:, : value.blocks]
    return np.swapaxes(some, 0, 1).reshape(value.blocks, -1), np.broadcast_to(real, whole[:, 0].shape).ravel()


def _reads_as_it_writes(operation: Operation, value: Value, at: int) -> bool:
    """Whether an operation may write where its read number `at` lies, reading each number right before it writes it."""
    if isinstance(operation, Convolution):
        return not isinstance(operation, DepthwiseConvolution) and at > 0
    return value.shape == operation.output.shape and operation.stages == 1


def assert_nothing_is_clobbered(layout: Layout) -> None:
    """Go through the phases: what is read, is what its maker wrote, margins are zeros, nobody meets anybody else."""
    by = _Map(layout.operations)
    last_phase = max(layout.first[operation] + operation.stages for operation in layout.operations)
    memory = np.full(layout.arena_bytes // CELL + 1, -1)
    zeros = -2 - np.arange(len(layout.lifetimes))
    label = dict(zip(layout.lifetimes, zeros.tolist(), strict=True))
    for phase in range(last_phase):
        active = [one for one in layout.operations if layout.first[one] <= phase < layout.first[one] + one.stages]
        begins = [one for one in active if layout.first[one] == phase]
        busy = np.zeros(len(memory), np.int64)  # who writes a cell in this phase, counted from 1
        for operation in active:
            cells, real = _cells(layout, operation.output)
            regions = [np.unique(cells[:, real])]
            if operation.shared_bytes():
                start = (layout.offsets[operation] + layout.guard_bytes) // CELL
                regions.append(np.arange(start, start + -(-operation.shared_bytes() // CELL)))
            for cells in regions:
                assert not busy[cells].any(), f"{operation.name} writes where another does at the same time"
                busy[cells] = by.number[operation] + 1
        for owner, lifetime in layout.lifetimes.items():
            if isinstance(owner, Value) and lifetime.first == phase and owner.lanes > 1:
                cells, real = _cells(layout, owner)
                assert not busy[cells[:, ~real]].any(), f"somebody writes into the margin of {owner.name}"
                memory[cells[:, ~real]] = label[owner]
        for operation in active:
            for at, value in enumerate(operation.reads):
                _check_read(layout, by, operation, at, value, memory, busy, label)
        for operation in begins:
            cells, real = _cells(layout, operation.output)
            memory[cells[:, real]] = by.number[operation]
            if operation.shared_bytes():
                start = (layout.offsets[operation] + layout.guard_bytes) // CELL
                memory[start : start + -(-operation.shared_bytes() // CELL)] = by.number[operation]


def _check_read(
    layout: Layout,
    by: _Map,
    operation: Operation,
    at: int,
    value: Value,
    memory: np.ndarray,
    busy: np.ndarray,
    label: dict[Value | Operation, int],
) -> None:
    cells, real = _cells(layout, value)
    wanted = np.array(by.wanted(value))[:, None]
    own = by.number[operation]
    there = memory[cells[:, real]]
    assert ((there == wanted) | (there == own)).all(), f"{operation.name} does not find {value.name}"
    if value.lanes > 1:
        assert (memory[cells[:, ~real]] == label[value.root]).all(), f"{operation.name} finds no margin of {value.name}"
    writers = np.unique(busy[cells[:, real]])
    assert set(writers.tolist()) <= {0, own + 1}, f"{operation.name} reads {value.name} while it is overwritten"
    if own + 1 in writers:
        target, _ = _cells(layout, operation.output)
        assert _reads_as_it_writes(operation, value, at), f"{operation.name} overwrites {value.name}"
        assert np.array_equal(target, cells), f"{operation.name} overwrites {value.name} elsewhere"
