"""Results written where an input lay that nobody needs any more."""

from __future__ import annotations

from collections.abc import Sequence

from cnncalc.engine.kernels.depthwise import DepthwiseConvolution
from cnncalc.engine.kernels.elementwise import Activation, Combine, ScaleShift
from cnncalc.engine.plan.convolving import Convolution
from cnncalc.engine.plan.operation import Operation
from cnncalc.engine.plan.phases import phases
from cnncalc.engine.plan.value import Value


def in_place(operations: Sequence[Operation], kept: Sequence[Value]) -> None:
    """Make an input a view of the output, for operations that read each number just before they write it.

    Everybody else who reads that input must be done by then, in time and in the order of operations. The operation
    itself may read it just once: a convolution that adds its own input to its result needs the neighbours' numbers too.
    """
    first = phases(operations)
    readers: dict[Value, list[Operation]] = {}
    for operation in operations:
        for value in operation.reads:
            readers.setdefault(value.root, []).append(operation)
    held = {value.root for value in kept}
    for operation in operations:
        for value in _overwritable(operation):
            others = [reader for reader in readers[value.root] if reader is not operation]
            last = readers[value.root][-1] is operation
            done = all(first[reader] + reader.stages <= first[operation] for reader in others)
            beside = [read.root for read in operation.reads].count(value.root) > 1
            if last and done and not beside and value.root not in held and _fits(value, operation.output):
                readers.setdefault(operation.output.root, []).extend(readers[value.root])
                readers[operation.output.root].sort(key=operations.index)
                value.parent = operation.output
                break


def _overwritable(operation: Operation) -> Sequence[Value]:
    """The inputs whose numbers are read right before the output's at the same place are written, once."""
    if isinstance(operation, Activation):
        return operation.inputs
    if isinstance(operation, ScaleShift):
        return operation.inputs if operation.finish.residual is None else ()
    if isinstance(operation, Combine):
        return operation.inputs if len(operation.inputs) == 2 else ()
    if isinstance(operation, Convolution) and not isinstance(operation, DepthwiseConvolution):
        return () if operation.finish.residual is None else (operation.finish.residual,)
    return ()


def _fits(value: Value, output: Value) -> bool:
    """Whether both have the same blocks and sizes, and memory of their own."""
    return (
        value.parent is None and output.parent is None and value.shape == output.shape and value.lanes == output.lanes
    )
