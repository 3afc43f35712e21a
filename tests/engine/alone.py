"""Run one operation of a plan, or those of one node, through the real machine, between guard zones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from cnncalc.engine.machine import Machine
from cnncalc.engine.plan.assemble import GUARD, assemble, lay_out
from cnncalc.engine.plan.draft import Draft
from cnncalc.engine.plan.operation import Operation
from cnncalc.engine.plan.translate import BUILDERS
from cnncalc.engine.plan.value import Value
from cnncalc.graph import Node


def view(value: Value, memory: object, arena: np.ndarray) -> np.ndarray:
    """Return the real positions of a value as an array (batch, blocks, D, H, W, lanes) on the arena."""
    place = memory.place(value)
    start = place.start - arena.ctypes.data
    numbers = arena[start:].view(np.float32)
    shape = (value.batch, value.blocks, *value.size, value.lanes)
    strides = (place.image, place.block, place.plane, place.row, place.pixel, 4)
    return np.lib.stride_tricks.as_strided(numbers, shape, strides)


def put(value: Value, memory: object, arena: np.ndarray, array: np.ndarray) -> None:
    """Write an array (batch, channels, ...) to where a value lies; pad lanes hold 7, which nothing may depend on.

    Its margin is zeroed here: in a plan the phase that writes the value does it, and here nothing does.
    """
    start = memory.address(value.root) - arena.ctypes.data
    arena[start : start + value.root.nbytes] = 0
    full = np.full((value.batch, value.blocks * value.lanes, *value.size), 7, np.float32)
    full[:, : value.channels] = array.reshape(value.batch, value.channels, *value.size)
    blocked = full.reshape(value.batch, value.blocks, value.lanes, *value.size)
    view(value, memory, arena)[...] = np.moveaxis(blocked, 2, -1)


def get(value: Value, memory: object, arena: np.ndarray) -> np.ndarray:
    """Read an array (batch, *shape) from where a value lies. Its pad lanes must be finite."""
    blocked = np.moveaxis(view(value, memory, arena), -1, 2)
    full = blocked.reshape(value.batch, value.blocks * value.lanes, *value.size)
    assert np.isfinite(full[:, value.channels :]).all(), "a pad lane is not finite"
    return full[:, : value.channels].reshape(value.batch, *value.shape).copy()


def margin_is_zero(root: Value, memory: object, arena: np.ndarray) -> bool:
    """Whether all round the real positions of a root value there are zeros, as its readers want."""
    start = memory.address(root) - arena.ctypes.data
    whole = arena[start : start + root.nbytes].view(np.float32)
    whole = whole.reshape(root.batch, root.blocks, *root.padded_size, root.lanes).copy()
    real = tuple(slice(before, before + size) for size, (before, _) in zip(root.size, root.margin, strict=True))
    whole[(slice(None), slice(None), *real)] = 0
    return not whole.any()


def run_alone(
    make: Callable[..., Operation],
    arrays: Sequence[np.ndarray],
    *,
    lanes: Sequence[int] = (),
    threads: int = 1,
    times: int = 1,
) -> np.ndarray:
    """Run `make(*values)`, the values holding `arrays` (batch, *shape), and return its output (batch, *shape).

    `lanes`: of each value, 16 (blocked) unless given. Guard zones round every buffer must be untouched afterwards.
    """
    layouts = lanes or [16] * len(arrays)
    values = [
        Value(f"in{at}", a.shape[1:], a.shape[0], n) for at, (a, n) in enumerate(zip(arrays, layouts, strict=True))
    ]
    operation = make(*values)
    return run_operations([operation], operation.output, values, arrays, threads=threads, times=times)


def run_node(
    node: Node,
    arrays: Sequence[np.ndarray],
    weights: Mapping[str, np.ndarray] | None = None,
    *,
    lanes: Sequence[int] = (),
    threads: int = 1,
    times: int = 1,
) -> np.ndarray:
    """Run what the builder of a node's type makes of it, and return its output (batch, *shape).

    `weights`: tensors by their full names, `conv1.weight`.
    """
    layouts = lanes or [16] * len(arrays)
    values = [
        Value(f"in{at}", a.shape[1:], a.shape[0], n) for at, (a, n) in enumerate(zip(arrays, layouts, strict=True))
    ]
    draft = Draft(weights or {}, arrays[0].shape[0])
    output = BUILDERS[node.type](draft, node, values)
    return run_operations(draft.operations, output, values, arrays, threads=threads, times=times)


def run_operations(
    operations: Sequence[Operation],
    output: Value,
    values: Sequence[Value],
    arrays: Sequence[np.ndarray],
    *,
    threads: int = 1,
    times: int = 1,
) -> np.ndarray:
    """Run operations that read `values`, which hold `arrays`, and return `output`, as (batch, *shape)."""
    program = assemble(lay_out(operations, [*values, output], checked=True))
    for value, array in zip(values, arrays, strict=True):
        put(value, program.memory, program.arena, array)
    machine = Machine(program.phases, threads=threads, scratch_bytes=program.layout.scratch_bytes)
    for _ in range(times):
        machine.run()
    machine.close()
    for name, first, last in program.guards:
        assert (program.arena[first:last].view(np.uint32) == GUARD).all(), f"a write outside of {name}"
    for value, array in zip(values, arrays, strict=True):
        if value.root not in [operation.output.root for operation in operations]:
            there = get(value, program.memory, program.arena)
            assert np.array_equal(there, array.astype(np.float32), equal_nan=True), "an input changed"
    for operation in operations:
        root = operation.output.root
        assert margin_is_zero(root, program.memory, program.arena), f"a write into the margin of {root.name}"
    return get(output, program.memory, program.arena)
