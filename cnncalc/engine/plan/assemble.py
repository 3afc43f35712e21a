"""From operations to a program: margins, phases, lifetimes, the arena, and at last the table's steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.engine.kernels.direct import foresee
from cnncalc.engine.kernels.margins import margin_step
from cnncalc.engine.kernels.tables import MOST_OFFSET, TooFar
from cnncalc.engine.plan.arena import place
from cnncalc.engine.plan.fallback import Fallback
from cnncalc.engine.plan.operation import Array, Memory, Operation, Step, aligned
from cnncalc.engine.plan.phases import phases
from cnncalc.engine.plan.value import NO_MARGIN, Value
from cnncalc.lifetimes import Lifetime, peak_of
from cnncalc.text import number, say

GUARD_BYTES = 4096
"""Round each buffer in the checked mode."""
GUARD = np.uint32(0x7FA5A5A5)
"""What guard zones hold: as a float a NaN, so that whoever reads one shows it in the result."""


class Layout(NamedTuple):
    """Where and when everything is, before any memory is taken. `first`: the first phase of each operation."""

    operations: tuple[Operation, ...]
    first: dict[Operation, int]
    lifetimes: dict[Value | Operation, Lifetime]
    offsets: dict[Value | Operation, int]
    arena_bytes: int
    predicted_bytes: int
    """The most bytes alive at once, by the lifetimes alone: what an arena without gaps takes."""
    scratch_bytes: int
    """Memory of its own that each thread needs."""
    guard_bytes: int
    """In the checked mode, what lies before and behind each buffer."""

    @property
    def constant_bytes(self) -> int:
        """About how many bytes packed weights will take."""
        return sum(operation.constant_bytes() for operation in self.operations)


class Program(NamedTuple):
    """What the machine runs. `labels`: for each step of each phase, the operation it belongs to (None: a margin).

    `calls`: what Python has to run before the steps of a phase.
    """

    layout: Layout
    phases: list[list[Step]]
    labels: list[list[Operation | None]]
    calls: dict[int, list[Fallback]]
    memory: Memory
    arena: Array

    @property
    def guards(self) -> list[tuple[str, int, int]]:
        """In the checked mode the guard zones: whose, and from which byte to which of the arena."""
        guard = self.layout.guard_bytes
        if not guard:
            return []
        zones: list[tuple[str, int, int]] = []
        for owner, offset in self.layout.offsets.items():
            end = offset + self.layout.lifetimes[owner].size
            zones += [(owner.name, offset, offset + guard), (owner.name, end - guard, end)]
        return zones


def lay_out(operations: Sequence[Operation], kept: Sequence[Value] = (), *, checked: bool = False) -> Layout:
    """Decide phases, lifetimes and places for operations in an order in which they could run.

    `kept` values can still be read after a run. `checked`: guard zones round every buffer; then nothing shares memory,
    so that they can be looked at in the end.
    """
    for operation in operations:
        for value, margin in zip(operation.inputs, operation.margins(), strict=True):
            value.want_margin(margin)
    first = phases(operations)
    guard = GUARD_BYTES if checked else 0
    lifetimes = {
        owner: lifetime._replace(size=-(-lifetime.size // 64) * 64 + 2 * guard)
        for owner, lifetime in live(operations, first, kept).items()
    }
    if checked:
        end = max(lifetime.last for lifetime in lifetimes.values())
        lifetimes = {owner: lifetime._replace(first=0, last=end) for owner, lifetime in lifetimes.items()}
    offsets, total = place(list(lifetimes.values()))
    return Layout(
        tuple(operations),
        first,
        lifetimes,
        dict(zip(lifetimes, offsets, strict=True)),
        total,
        peak_of(lifetimes.values())[0],
        max((operation.scratch_bytes() for operation in operations), default=0),
        guard,
    )


def assemble(layout: Layout) -> Program:
    """Take the memory and write the table's steps."""
    arena = aligned((layout.arena_bytes,), np.uint8, 4096)
    start = int(arena.ctypes.data) + layout.guard_bytes
    at = {owner: start + offset for owner, offset in layout.offsets.items()}
    memory = Memory(
        {owner: address for owner, address in at.items() if isinstance(owner, Value)},
        {owner: address for owner, address in at.items() if isinstance(owner, Operation)},
    )
    if layout.guard_bytes:
        words: Any = arena
        words.view(np.uint32)[:] = GUARD
    table, labels = emit(layout, memory)
    calls: dict[int, list[Fallback]] = {}
    for operation in layout.operations:
        if isinstance(operation, Fallback):
            calls.setdefault(layout.first[operation], []).append(operation)
    return Program(layout, table, labels, calls, memory, arena)


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


def emit(layout: Layout, memory: Memory) -> tuple[list[list[Step]], list[list[Operation | None]]]:
    """Return the steps of each phase, the heaviest first, so that the last to finish are small, and whose they are."""
    count = max((layout.first[operation] + operation.stages for operation in layout.operations), default=0)
    table: list[list[tuple[Step, Operation | None]]] = [[] for _ in range(count)]
    for owner, lifetime in layout.lifetimes.items():
        if isinstance(owner, Value) and owner.margin != NO_MARGIN:
            table[lifetime.first].append((margin_step(owner, memory.address(owner)), None))
    for operation in layout.operations:
        for stage, steps in enumerate(steps_of(operation, memory)):
            table[layout.first[operation] + stage] += [(step, operation) for step in steps]
    for phase in table:
        phase.sort(key=lambda pair: -pair[0].work * pair[0].chunks)
    foresee([step for phase in table for step, _ in phase])
    return [[step for step, _ in phase] for phase in table], [[label for _, label in phase] for phase in table]


def steps_of(operation: Operation, memory: Memory) -> list[list[Step]]:
    """Return the steps of an operation. Raises CnncalcError (E407) where its maps are too large for the tables."""
    try:
        return operation.steps(memory)
    except TooFar:
        message = say(
            "{layer}: the fast engine cannot have maps of more than {most} bytes an input",
            layer=operation.name,
            most=number(MOST_OFFSET),
        )
        help = say('use a smaller input, or run it by the definitions: --dtype float64, in Python dtype="float64"')
        raise CnncalcError([Diagnostic("E407", message, help=help)]) from None
