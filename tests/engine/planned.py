"""Graphs run after the passes that a test names, and by the whole engine, against the definition in float64."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from cnncalc.engine.compiled import Engine
from cnncalc.engine.kernels.movement import CopyOut
from cnncalc.engine.machine import Machine
from cnncalc.engine.plan.assemble import GUARD, assemble, lay_out
from cnncalc.engine.plan.choose import choose
from cnncalc.engine.plan.concatenate import concatenate
from cnncalc.engine.plan.flattened import settled
from cnncalc.engine.plan.fold import fold
from cnncalc.engine.plan.fuse import fuse_additions, fuse_clamps, fuse_prologues
from cnncalc.engine.plan.in_place import in_place
from cnncalc.engine.plan.operation import Operation
from cnncalc.engine.plan.plan import translate
from cnncalc.engine.plan.unread import without_unread
from cnncalc.engine.plan.value import Value
from cnncalc.engine.run import execute
from cnncalc.engine.tensors import random_input, random_weights
from cnncalc.graph import INPUT, Graph

Arrays = Mapping[str, np.ndarray]
Pass = Callable[[Sequence[Operation], Sequence[Value]], Sequence[Operation]]


def chosen(operations: Sequence[Operation], kept: Sequence[Value]) -> Sequence[Operation]:
    return choose(operations)


def concatenated(operations: Sequence[Operation], kept: Sequence[Value]) -> Sequence[Operation]:
    return concatenate(operations)


def overwriting(operations: Sequence[Operation], kept: Sequence[Value]) -> Sequence[Operation]:
    in_place(operations, kept)
    return operations


JOIN: tuple[Pass, ...] = (fold, fuse_clamps, fuse_additions, fuse_prologues)
ALL: tuple[Pass, ...] = (without_unread, *JOIN, chosen, concatenated, overwriting)


def numbers_for(graph: Graph, batch: int, seed: int = 0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """An input and tensors, float32."""
    return random_input(graph, batch, seed), random_weights(graph, seed)


def definition(graph: Graph, x: np.ndarray, weights: Arrays) -> dict[str, np.ndarray]:
    """The result of every node in float64."""
    found = {INPUT: x.astype(np.float64)}
    doubles = {name: array.astype(np.float64) for name, array in weights.items()}
    with np.errstate(all="ignore"):
        execute(graph, found[INPUT], doubles, after_step=lambda step, y: found.update({step.node.name: y.copy()}))
    return found


def planned(
    graph: Graph, weights: Arrays, batch: int, *passes: Pass
) -> tuple[list[Operation], Operation, list[CopyOut]]:
    """The operations after these passes, and of them the one that copies in and those that copy out."""
    draft, entry, results = translate(graph, weights, batch)
    exits = [CopyOut(name, settled(draft, results[name])) for name in graph.outputs]
    operations: Sequence[Operation] = draft.operations
    for improve in passes:
        operations = improve(operations, [leave.inputs[0] for leave in exits])
    return [*operations, *exits], entry, exits


def outputs_after(
    graph: Graph, x: np.ndarray, weights: Arrays, *passes: Pass, checked: bool = False, threads: int = 1
) -> dict[str, np.ndarray]:
    """Run a graph after these passes, twice, in memory that held NaN before the first time."""
    operations, entry, exits = planned(graph, weights, len(x), *passes)
    program = assemble(lay_out(operations, checked=checked))
    program.arena.view(np.uint32)[:] = GUARD
    entry.source_row["source"] = x.ctypes.data
    found = {leave.name: np.empty((len(x), *leave.inputs[0].shape), np.float32) for leave in exits}
    for leave in exits:
        leave.target_row["target"] = found[leave.name].ctypes.data
    machine = Machine(program.phases, threads=threads, scratch_bytes=program.layout.scratch_bytes)
    machine.run()
    first = {name: array.copy() for name, array in found.items()}
    machine.run()
    machine.close()
    assert all(np.array_equal(first[name], found[name], equal_nan=True) for name in found)
    for owner, start, end in program.guards:
        assert (program.arena[start:end].view(np.uint32) == GUARD).all(), f"a write outside of {owner}"
    return found


def assert_close(got: np.ndarray, wanted: np.ndarray, name: str, tolerance: float = 1e-5) -> None:
    """Equal within rounding, by the largest finite number; NaN and infinity where the definition has them."""
    assert got.shape == wanted.shape
    finite = np.isfinite(wanted)
    assert np.array_equal(got[~finite], wanted[~finite].astype(np.float32), equal_nan=True), name
    largest = np.max(np.abs(wanted[finite]), initial=1e-30)
    assert np.max(np.abs(got[finite] - wanted[finite]), initial=0) <= tolerance * largest, name


def check_passes(graph: Graph, *passes: Pass, batch: int = 2, x: np.ndarray | None = None) -> list[Operation]:
    """Prove passes by running both sides; return the operations that are left after them."""
    drawn, weights = numbers_for(graph, batch)
    x = drawn if x is None else x
    wanted = definition(graph, x, weights)
    for some in ((), passes):
        for checked in (False, True):
            for name, y in outputs_after(graph, x, weights, *some, checked=checked).items():
                assert_close(y, wanted[name], f"{name} after {[improve.__name__ for improve in some]}")
    return planned(graph, weights, batch, *passes)[0]


def check_engine(
    graph: Graph, *, batch: int = 1, threads: int = 1, fused: bool = True, seed: int = 0, x: np.ndarray | None = None
) -> None:
    """Prove the engine's outputs, and every result that it keeps."""
    drawn, weights = numbers_for(graph, batch, seed)
    x = drawn if x is None else x
    wanted = definition(graph, x, weights)
    for keep in (False, True):
        with Engine(graph, weights, batch, threads, fused=fused, keep=keep) as engine:
            for name, y in engine.run(x).items():
                assert_close(y, wanted[name], name)
            for node in graph.executed if keep else ():
                kept = engine.result(node.name)
                if kept is not None:
                    assert_close(kept, wanted[node.name], f"{node.name}, kept")


def named(operations: Sequence[Operation]) -> list[str]:
    """What is left, by the nodes whose work each does: `conv+bn+relu`. Copies in and out apart."""
    return ["+".join(one.covers) for one in operations[1:] if not isinstance(one, CopyOut)]
