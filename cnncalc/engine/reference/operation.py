"""What every operation is given and gives back, and the views by which 1-d, 2-d and 3-d maps are written once."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cnncalc.text import Shape

Array = npt.NDArray[Any]


class Done(NamedTuple):
    """An operation's result for the whole batch, and the multiply-adds its loops executed."""

    output: Array
    real: int = 0
    """Multiply-adds of a weight with an element of the input."""
    padded: int = 0
    """Multiply-adds of a weight with a padded zero."""


class Tensors:
    """The tensors of one node, by their short names; remembers which of them the operation took."""

    def __init__(self, weights: Mapping[str, Array], node: str) -> None:
        self._weights = weights
        self._node = node
        self.taken: dict[str, Shape] = {}

    def take(self, name: str, shape: Shape) -> Array:
        """Return the tensor `name`, which must have this shape: a kernel indexes it without checks.

        Raises KeyError where it is missing, ValueError where its shape differs.
        """
        full = f"{self._node}.{name}"
        tensor = self._weights[full]
        if tensor.shape != shape:
            raise ValueError(f"{full} has shape {tensor.shape}, and the kernel reads {shape}")
        self.taken[name] = shape
        return np.ascontiguousarray(tensor)


def shaped(x: Array, *sizes: int) -> Array:
    """View an array in another shape, where its elements lie in order; -1 stands for what is left."""
    return np.reshape(x, sizes)


def flat(x: Array) -> Array:
    """View an array as one row."""
    return np.reshape(x, (-1,))


def by_channel(x: Array) -> Array:
    """View (N, C, *spatial) as (N, C, positions)."""
    return np.reshape(x, (*x.shape[:2], -1))


def volume(x: Array) -> Array:
    """View (N, C, *spatial) as (N, C, D, H, W), with axes of size 1 in front of those there are."""
    missing = 5 - x.ndim
    return shaped(x, *x.shape[:2], *(1,) * missing, *x.shape[2:])


def around(x: Array, axis: int) -> Array:
    """View an array as (before, axis, after), where `axis` counts the batch as 0."""
    sizes = x.shape
    before = prod(sizes[:axis])
    return shaped(x, before, sizes[axis], prod(sizes[axis + 1 :]))


def three(sizes: Shape) -> tuple[int, int, int]:
    """Fill the sizes of 1 to 3 spatial axes up to three with ones in front."""
    depth, height, width = (1,) * (3 - len(sizes)) + tuple(sizes)
    return depth, height, width
