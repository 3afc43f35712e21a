"""The shapes that a plan computes: each from what its operation was given, and from the shapes before it.

A value's own `shape` is what the analysis stated. Here nothing rests on it but the number of axes, so that the two can
be compared: a convolution's follows from its weights, its window and its input, a pooling's from its tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from math import prod

import numpy as np

from cnncalc.engine.kernels.elementwise import Activation, Combine, ScaleShift
from cnncalc.engine.kernels.movement import Channels, Concat, CopyIn, CopyOut, Lanes, Positions, Reorder
from cnncalc.engine.kernels.normalisation_operation import Standardise, StandardiseGroups
from cnncalc.engine.kernels.pooling import Pooling
from cnncalc.engine.kernels.power_pooling import PowerPooling
from cnncalc.engine.kernels.reduction import Mean
from cnncalc.engine.kernels.resize import Interpolate
from cnncalc.engine.kernels.response_norm import ResponseNorm
from cnncalc.engine.kernels.softmax import Softmax
from cnncalc.engine.kernels.transposed import TransposedConvolution
from cnncalc.engine.plan.convolving import Convolution
from cnncalc.engine.plan.fallback import Fallback
from cnncalc.engine.plan.flattened import Flattened
from cnncalc.engine.plan.operation import Operation
from cnncalc.engine.plan.phases import overlap
from cnncalc.engine.plan.plan import Plan
from cnncalc.engine.plan.value import LANES, Value
from cnncalc.text import Shape


def executed_shapes(plan: Plan) -> dict[str, Shape]:
    """Return the shape of each node's result, by its name; without the nodes whose result nobody computes.

    Where a node is part of another's operation, its shape is that of the operation's input or output, by whether its
    work is done before or after what the operation is named for.
    """
    shapes: dict[Value, Shape] = {}
    found: dict[str, Shape] = {}
    for operation in plan.operations:
        inputs = [_shape_of(value, shapes) or value.shape for value in operation.inputs]
        shapes[operation.output] = executed_shape(operation, inputs)
        if isinstance(operation, CopyOut):
            continue
        own = operation.covers.index(operation.name)
        for at, name in enumerate(operation.covers):
            found[name] = inputs[0] if at < own else shapes[operation.output]
    for name, value in plan.values.items():
        shape = _shape_of(value, shapes)
        if shape is not None:
            found[name] = shape
    # A Dropout's value is its input's, also where this became part of another operation.
    known = {value: found[name] for name, value in plan.values.items() if name in found}
    return {name: known[value] for name, value in plan.values.items() if value in known} | found


def _shape_of(value: Value, shapes: dict[Value, Shape]) -> Shape | None:
    """Return the shape of what was computed as `value`: itself, or of views that lie in it, or that it lies in."""
    if value in shapes:
        return shapes[value]
    if isinstance(value, Flattened):
        inner = _shape_of(value.map, shapes)
        return None if inner is None else (prod(inner),)
    start = value.offset_blocks * LANES
    beside = [one for one in shapes if one.root is value.root and overlap(one, value)]
    end = 0
    for part in sorted(beside, key=lambda one: one.offset_blocks):
        first = part.offset_blocks * LANES - start
        if first <= end:
            end = max(end, first + shapes[part][0])
    sizes = {shapes[part][1:] for part in beside}
    if not sizes:
        return None
    # Parts that do not agree with each other do not agree with what was stated either.
    size = next((one for one in sizes if one != value.shape[1:]), value.shape[1:])
    return _ranked(value, min(end, value.channels), size)


def _ranked(value: Value, channels: int, size: Sequence[int]) -> Shape:
    """Return a shape with as many axes as the value's; those it does not have are left out in front, if of size 1."""
    axes = list(size)
    while len(axes) >= len(value.shape) and axes[0] == 1:
        del axes[0]
    return channels, *axes


def _three(shape: Shape) -> tuple[int, int, int]:
    depth, height, width = (1, 1, 1, *shape[1:])[-3:]
    return depth, height, width


@singledispatch
def executed_shape(operation: Operation, inputs: Sequence[Shape]) -> Shape:
    """Return the shape of what an operation computes from inputs of these shapes."""
    raise TypeError(f"{type(operation).__name__} has no rule for its shape")


@executed_shape.register
def _(operation: Convolution, inputs: Sequence[Shape]) -> Shape:
    window = operation.window
    sizes: list[int] = []
    for axis, size in enumerate(_three(inputs[0])):
        span = (window.kernel_size[axis] - 1) * window.dilation[axis] + 1
        sizes.append((size + sum(window.padding[axis]) - span) // window.stride[axis] + 1)
    return _ranked(operation.output, len(window.weight), sizes)


@executed_shape.register
def _(operation: TransposedConvolution, inputs: Sequence[Shape]) -> Shape:
    window = operation.window
    sizes: list[int] = []
    for axis, size in enumerate(_three(inputs[0])):
        span = (window.kernel_size[axis] - 1) * window.dilation[axis] + 1
        sizes.append((size - 1) * window.stride[axis] + span - sum(window.padding[axis]))
    return _ranked(operation.output, len(window.weight), sizes)


@executed_shape.register
def _(operation: Pooling | PowerPooling, inputs: Sequence[Shape]) -> Shape:
    return _ranked(operation.output, inputs[0][0], [len(axis.first) for axis in operation.axes])


@executed_shape.register
def _(operation: Interpolate, inputs: Sequence[Shape]) -> Shape:
    return _ranked(operation.output, inputs[0][0], [len(taps.at) for taps in operation.taps])


@executed_shape.register
def _(operation: Concat, inputs: Sequence[Shape]) -> Shape:
    joined = list(inputs[0])
    joined[operation.axis] = sum(shape[operation.axis] for shape in inputs)
    return tuple(joined)


@executed_shape.register
def _(operation: Channels, inputs: Sequence[Shape]) -> Shape:
    return len(operation.order), *inputs[0][1:]


@executed_shape.register
def _(operation: Combine, inputs: Sequence[Shape]) -> Shape:
    return tuple(np.broadcast_shapes(*inputs))


@executed_shape.register
def _(
    operation: Activation | ScaleShift | Softmax | ResponseNorm | Standardise | StandardiseGroups | CopyOut,
    inputs: Sequence[Shape],
) -> Shape:
    return inputs[0]


@executed_shape.register
def _(operation: Mean, inputs: Sequence[Shape]) -> Shape:
    sizes = (inputs[0][0], *_three(inputs[0]))
    left = [1, 1, 1, 1]
    for axis, to in operation.stays.items():
        left[to] = sizes[axis]
    return _ranked(operation.output, left[0], left[1:])


@executed_shape.register
def _(operation: Reorder, inputs: Sequence[Shape]) -> Shape:
    return _if_as_many(operation, prod(inputs[0]), 0)


@executed_shape.register
def _(operation: Positions, inputs: Sequence[Shape]) -> Shape:
    return inputs[0][0], *_if_as_many(operation, len(operation.shown), 1)


@executed_shape.register
def _(operation: Lanes, inputs: Sequence[Shape]) -> Shape:
    lanes = [part.block * LANES + np.flatnonzero(part.channels >= 0) for part in operation.parts]
    written = np.unique(np.concatenate([part.targets for part in operation.parts]))
    return len(np.unique(np.concatenate(lanes))), *_if_as_many(operation, len(written), 1)


@executed_shape.register
def _(operation: CopyIn | Fallback, inputs: Sequence[Shape]) -> Shape:
    # The one's array was compared with this shape, and the other's cannot be written to a value of another.
    return operation.output.shape


def _if_as_many(operation: Operation, count: int, first: int) -> Shape:
    """Return the output's shape from axis `first` on, into which so many elements are laid, if it holds as many."""
    shape = operation.output.shape[first:]
    return shape if prod(shape) == count else (count,)
