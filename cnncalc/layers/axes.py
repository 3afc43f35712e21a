"""Axes by PyTorch's numbers, which count the batch as 0, in shapes that have no batch."""

from __future__ import annotations

from cnncalc.layers.base import LayerError
from cnncalc.text import Shape, say, shape_text


def axis_of(dim: int, shape: Shape, field: str = "dim") -> int:
    """Return the axis that PyTorch's `dim`, which counts the batch as 0, means in a shape without batch.

    Raises LayerError for `field` where there is no such axis, or it is the batch.
    """
    rank = len(shape) + 1
    axis = (dim + rank if dim < 0 else dim) - 1
    if not 0 <= axis < len(shape):
        raise LayerError(
            say(
                "{field} is {dim}, and the input {shape} has axes 1 to {last} (0 is the batch)",
                field=field,
                dim=dim,
                shape=shape_text(shape),
                last=len(shape),
            ),
            field=field,
            code="E311",
            help=say("1 is the channels, {last} the last axis", last=len(shape)),
        )
    return axis


def axes_of(dims: tuple[int, ...], shape: Shape, field: str = "dim") -> tuple[int, ...]:
    """Return the axes that several of PyTorch's dims mean, in order. Raises LayerError where two mean the same."""
    axes = tuple(sorted(axis_of(dim, shape, field) for dim in dims))
    if len(set(axes)) < len(axes):
        twice = next(axis for axis in axes if axes.count(axis) > 1)
        raise LayerError(
            say("{field} names the axis {axis} twice", field=field, axis=twice + 1), field=field, code="E311"
        )
    return axes
