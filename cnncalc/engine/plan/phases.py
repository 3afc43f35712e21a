"""Which operations can run side by side."""

from __future__ import annotations

from collections.abc import Sequence

from cnncalc.engine.plan.operation import Operation
from cnncalc.engine.plan.value import Value


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
