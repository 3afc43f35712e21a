"""Concatenation without copying: the inputs are written to their places in the result from the start."""

from __future__ import annotations

from collections.abc import Sequence

from cnncalc.engine.kernels.movement import Concat
from cnncalc.engine.plan.operation import Operation
from cnncalc.engine.plan.value import LANES, Value


def concatenate(operations: Sequence[Operation]) -> list[Operation]:
    """Make views of the inputs of each Concat over channels that are whole blocks; what is left copies.

    The longest go first, so that in a DenseNet block, where each Concat continues the one before, all share the last
    one's memory.
    """
    gone: set[Operation] = set()
    concats = [operation for operation in operations if isinstance(operation, Concat)]
    for operation in sorted(concats, key=lambda one: -one.output.blocks):
        if _whole_blocks(operation) and _become_views(operation.inputs, operation.output):
            gone.add(operation)
    return [operation for operation in operations if operation not in gone]


def _whole_blocks(operation: Concat) -> bool:
    """Whether no block holds channels of two inputs."""
    inputs = operation.inputs
    return (
        operation.over_channels
        and all(value.lanes == LANES for value in inputs)
        and all(value.channels % LANES == 0 for value in inputs[:-1])
    )


def _become_views(inputs: Sequence[Value], output: Value) -> bool:
    """Give the inputs places in the output, or the output a place where its inputs already lie one after the other."""
    first = inputs[0]
    if all(value.parent is None for value in inputs) and len(set(inputs)) == len(inputs):
        at = 0
        for value in inputs:
            value.parent, value.first_block = output, at
            at += value.blocks
        return True
    if output.parent is not None or first.parent is None:
        return False
    at = first.first_block
    for value in inputs:
        if value.parent is not first.parent or value.first_block != at:
            return False
        at += value.blocks
    output.parent, output.first_block = first.parent, first.first_block
    return True
