"""Operations whose result nobody reads are left out."""

from __future__ import annotations

from collections.abc import Sequence

from cnncalc.engine.plan.operation import Operation
from cnncalc.engine.plan.value import Value


def without_unread(operations: Sequence[Operation], kept: Sequence[Value]) -> list[Operation]:
    """Return the operations whose output is in `kept`, or is read, itself or a part of it, by another that is left."""
    read = {value.root for value in kept}
    left: list[Operation] = []
    for operation in reversed(operations):
        if operation.output.root in read:
            left.append(operation)
            read.update(value.root for value in operation.reads)
    return left[::-1]
