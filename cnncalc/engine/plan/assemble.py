"""From operations to a program: margins, phases, lifetimes, the arena, and at last the table's steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from cnncalc.analysis.memory import Lifetime, peak_of
from cnncalc.engine.kernels.margins import margin_step
from cnncalc.engine.plan.arena import place
from cnncalc.engine.plan.operation import Array, Memory, Operation, Step, aligned
from cnncalc.engine.plan.value import NO_MARGIN, Value

GUARD_BYTES = 4096
"""Round each buffer in the checked mode."""
GUARD = np.uint32(0x7FA5A5A5)
"""What guard zones hold: as a float a NaN, so that whoever reads one shows it in the result."""


class Program(NamedTuple):
    """What the machine runs. `labels`: for each step of each phase, the operation it belongs to (None: a margin)."""

    phases: list[list[Step]]
    labels: list[list[Operation | None]]
    memory: Memory
    arena: Array
    scratch_bytes: int
    predicted_bytes: int
    """The most bytes alive at once, by the lifetimes alone: what an arena without gaps takes."""
    guards: tuple[tuple[str, int, int], ...]
    """In the checked mode the guard zones: whose, and from which byte to which of the arena."""


def assemble(operations: Sequence[Operation], kept: Sequence[Value], *, checked: bool = False) -> Program:
    """Lay operations, in an order in which they could run, out as a program. `kept` are read after it has run."""
    for operation in operations:
        for value, margin in zip(operation.inputs, operation.margins(), strict=True):
            value.want_margin(margin)
    first_phase = phases(operations)
    lifetimes = live(operations, first_phase, kept)
    if checked:  # a guard zone can be checked at the end only if nothing else ever lived there
        lifetimes = {
            owner: lifetime._replace(first=0, last=len(operations) * 3) for owner, lifetime in lifetimes.items()
        }
    guard = GUARD_BYTES if checked else 0
    sizes = {owner: -(-lifetime.size // 64) * 64 + 2 * guard for owner, lifetime in lifetimes.items()}
    spans = [lifetime._replace(size=sizes[owner]) for owner, lifetime in lifetimes.items()]
    offsets, total = place(spans)
    arena = aligned((total,), np.uint8, 4096)
    start = int(arena.ctypes.data) + guard
    at = {owner: start + offset for owner, offset in zip(lifetimes, offsets, strict=True)}
    memory = Memory(
        {owner: address for owner, address in at.items() if isinstance(owner, Value)},
        {owner: address for owner, address in at.items() if isinstance(owner, Operation)},
    )
    table, labels = emit(operations, first_phase, lifetimes, memory)
    guards: list[tuple[str, int, int]] = []
    if checked:
        arena.view(np.uint32)[:] = GUARD
        for owner, offset in zip(lifetimes, offsets, strict=True):
            size = sizes[owner]
            guards.append((owner.name, offset, offset + guard))
            guards.append((owner.name, offset + size - guard, offset + size))
    return Program(
        table,
        labels,
        memory,
        arena,
        max((operation.scratch_bytes() for operation in operations), default=0),
        peak_of(spans),
        tuple(guards),
    )


def phases(operations: Sequence[Operation]) -> dict[Operation, int]:
    """Return the first phase of each operation: after everything it reads is complete."""
    first: dict[Operation, int] = {}
    writers: dict[Value, list[tuple[Value, int]]] = {}
    for operation in operations:
        ready = [
            phase
            for value in operation.reads
            for written, phase in writers.get(value.root, [])
            if overlap(value, written)
        ]
        first[operation] = max(ready, default=0)
        end = first[operation] + operation.stages
        writers.setdefault(operation.output.root, []).append((operation.output, end))
    return first


def overlap(a: Value, b: Value) -> bool:
    """Whether two views of one root have a block in common."""
    return a.offset_blocks < b.offset_blocks + b.blocks and b.offset_blocks < a.offset_blocks + a.blocks


def live(
    operations: Sequence[Operation], first: dict[Operation, int], kept: Sequence[Value]
) -> dict[Value | Operation, Lifetime]:
    """Return from which phase to which each root value, and what an operation's stages share, must be there."""
    found: dict[Value | Operation, Lifetime] = {}

    def use(value: Value, start: int, end: int) -> None:
        root = value.root
        known = found.get(root, Lifetime(root.nbytes, start, end))
        found[root] = Lifetime(root.nbytes, min(known.first, start), max(known.last, end))

    last = max((first[operation] + operation.stages for operation in operations), default=0)
    for operation in operations:
        start, end = first[operation], first[operation] + operation.stages - 1
        for value in (*operation.reads, operation.output):
            use(value, start, end)
        if operation.shared_bytes():
            found[operation] = Lifetime(operation.shared_bytes(), start, end)
    for value in kept:
        use(value, last, last)
    return found


def emit(
    operations: Sequence[Operation],
    first: dict[Operation, int],
    lifetimes: dict[Value | Operation, Lifetime],
    memory: Memory,
) -> tuple[list[list[Step]], list[list[Operation | None]]]:
    """Return the steps of each phase, the heaviest first, so that the last to finish are small."""
    count = max((first[operation] + operation.stages for operation in operations), default=0)
    table: list[list[tuple[Step, Operation | None]]] = [[] for _ in range(count)]
    for owner, lifetime in lifetimes.items():
        if isinstance(owner, Value) and owner.margin != NO_MARGIN:
            table[lifetime.first].append((margin_step(owner, memory.address(owner)), None))
    for operation in operations:
        for stage, steps in enumerate(operation.steps(memory)):
            table[first[operation] + stage] += [(step, operation) for step in steps]
    for phase in table:
        phase.sort(key=lambda pair: -pair[0].work * pair[0].chunks)
    return [[step for step, _ in phase] for phase in table], [[label for _, label in phase] for phase in table]
