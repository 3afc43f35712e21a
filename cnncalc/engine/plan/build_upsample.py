"""From an Upsample to an operation: where each output position lies between those of the input."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import Any

import numpy as np

from cnncalc.engine.kernels.movement import Positions, shown_by
from cnncalc.engine.kernels.resize import AS_IT_IS, Interpolate, Taps
from cnncalc.engine.plan.draft import Draft, Unsupported
from cnncalc.engine.plan.operation import Array
from cnncalc.engine.plan.value import LANES, Value
from cnncalc.graph import Node
from cnncalc.layers.geometry import Axis, Sampling

SHARPNESS = -0.75
"""The parameter of PyTorch's cubic."""


def upsample(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    """Build an Upsample of any mode."""
    layer: Any = node.layer
    x, y = inputs[0], draft.value(node)
    relation: Any = layer.windows(node.input_shapes, node.output_shape)[0]
    places = [_places(axis, count) for axis, count in zip(relation.axes, y.shape[1:], strict=True)]
    places = [[Fraction(0)]] * (3 - len(places)) + places
    if layer.mode == "nearest":
        axes = [_nearest(on, size) for on, size in zip(places, x.size, strict=True)]
        return draft.add(Positions(node.name, x, y, shown_by(axes, x.size)))
    if x.lanes != LANES:
        raise Unsupported(node.type)
    read = _cubic if layer.mode == "bicubic" else _linear
    missing = 4 - len(x.shape)
    depth, height, width = (
        AS_IT_IS if at < missing else read(on, size) for at, (on, size) in enumerate(zip(places, x.size, strict=True))
    )
    return draft.add(Interpolate(node.name, x, y, (depth, height, width)))


def _nearest(places: list[Fraction], size: int) -> Array:
    """Return the position below each place."""
    return np.array([min(floor(place), size - 1) for place in places])


def _places(axis: Axis, count: int) -> list[Fraction]:
    """Return where `count` outputs lie on an axis, exactly; all at 0 where it does not say."""
    if not isinstance(axis, Sampling):
        return [Fraction(0)] * count
    return [Fraction(at * axis.step + axis.shift, axis.parts) for at in range(count)]


def _linear(places: list[Fraction], size: int) -> Taps:
    """Return the two neighbours of each place, which is kept within the map."""
    kept = [min(max(place, Fraction(0)), Fraction(size - 1)) for place in places]
    below = np.array([floor(place) for place in kept])
    part = np.array([float(place - floor(place)) for place in kept])
    return Taps(np.stack([below, np.minimum(below + 1, size - 1)], 1), np.stack([1 - part, part], 1))


def _cubic(places: list[Fraction], size: int) -> Taps:
    """Return the four neighbours of each place by cubic convolution (Keys 1981), borders repeated."""
    below = np.array([floor(place) for place in places])
    part = np.array([float(place - floor(place)) for place in places])
    at = np.minimum(np.maximum(below[:, None] + np.arange(-1, 3), 0), size - 1)
    distances = np.abs(part[:, None] - np.arange(-1, 3))
    return Taps(at, _keys(distances))


def _keys(t: Array) -> Array:
    """Return the weights of positions at distances of up to 2."""
    a = SHARPNESS
    near = ((a + 2) * t - (a + 3)) * t * t + 1
    return np.where(t <= 1, near, a * (((t - 5) * t + 8) * t - 4))
