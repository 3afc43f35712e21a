"""Fusion: activations that clamp, additions, and a BatchNorm + ReLU before a convolution cost no pass over memory."""

from __future__ import annotations

from collections.abc import Sequence

from cnncalc.engine.kernels.elementwise import Activation, Combine, ScaleShift
from cnncalc.engine.plan.convolving import Convolution, Prologue
from cnncalc.engine.plan.operation import Operation
from cnncalc.engine.plan.uses import Uses
from cnncalc.engine.plan.value import Value


def fuse_clamps(operations: Sequence[Operation], kept: Sequence[Value]) -> list[Operation]:
    """Let whoever computes the input of a ReLU, ReLU6 or Hardtanh hold its result between the two bounds."""
    uses = Uses(operations, kept)
    left: list[Operation] = []
    for operation in operations:
        bounds = operation.clamp if isinstance(operation, Activation) else None
        maker = uses.only_maker(operation.inputs[0]) if bounds else None
        if bounds and isinstance(maker, Convolution | ScaleShift | Combine) and not maker.finish.clamps:
            maker.finish.low, maker.finish.high = bounds
            uses.absorb(maker, operation)
        else:
            left.append(operation)
    return left


def fuse_additions(operations: Sequence[Operation], kept: Sequence[Value]) -> list[Operation]:
    """Let the convolution that computes the later of two summands add the other one: a residual connection."""
    uses = Uses(operations, kept)
    left: list[Operation] = []
    for operation in operations:
        maker = _adder(operation, uses) if isinstance(operation, Combine) else None
        if not isinstance(operation, Combine) or maker is None:
            left.append(operation)
            continue
        other = next(value for value in operation.inputs if value is not maker.output)
        maker.finish.residual = other
        maker.finish.low, maker.finish.high = operation.finish.low, operation.finish.high
        uses.absorb(maker, operation)
    return left


def _adder(operation: Combine, uses: Uses) -> Convolution | None:
    """Return the convolution that can take the addition over: nobody else reads its sum, all else is ready by then."""
    if operation.kind != "add" or len(operation.inputs) != 2 or operation.finish.residual is not None:
        return None
    first, second = operation.inputs
    for value, other in ((second, first), (first, second)):
        maker = uses.only_maker(value)
        if not isinstance(maker, Convolution) or maker.finish.clamps or maker.finish.residual is not None:
            continue
        if uses.before(other, maker):
            return maker
    return None


def fuse_prologues(operations: Sequence[Operation], kept: Sequence[Value]) -> list[Operation]:
    """Let a 1x1 convolution apply the BatchNorm and ReLU before it to what it reads, as DenseNet's do."""
    uses = Uses(operations, kept)
    gone: set[Operation] = set()
    for operation in operations:
        if not isinstance(operation, Convolution) or not _reads_points(operation):
            continue
        before = uses.only_maker(operation.x)
        if not isinstance(before, ScaleShift) or before.finish.residual is not None:
            continue
        if (before.finish.low, before.finish.high) != (0.0, float("inf")):
            continue
        operation.prologue = Prologue(before.scale, before.shift)
        operation.inputs = before.inputs
        operation.covers = (*before.covers, *operation.covers)
        gone.add(before)
    return [operation for operation in operations if operation not in gone]


def _reads_points(operation: Convolution) -> bool:
    """Whether each output position reads one input position, every one of them once."""
    window = operation.window
    return (
        window.kernel_size == (1, 1, 1)
        and window.stride == (1, 1, 1)
        and window.groups == 1
        and not any(map(any, window.padding))
    )
