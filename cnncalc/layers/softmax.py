"""Softmax and LogSoftmax over any axis (torch.nn)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnncalc.layers.axes import axis_of
from cnncalc.layers.base import BadSample, Layer, NoProducts, Parameterless, SameShape, Sample, Shapes, single
from cnncalc.layers.geometry import Everything, Relation, Whole, Window, Windows
from cnncalc.layers.kinds import Count, argument
from cnncalc.text import Shape, later


@dataclass(frozen=True, kw_only=True)
class SoftmaxFamily(Parameterless, SameShape, NoProducts, Layer):
    """A function of all elements along one axis."""

    dim: int = argument(Count(minimum=-4), "the axis, counted with the batch as PyTorch does: 1 is the channels", 1)

    short: ClassVar[str] = "softmax"

    def axis(self, shape: Shape) -> int:
        """Return the axis within a shape that has no batch."""
        return axis_of(self.dim, shape)

    def output_shape(self, inputs: Shapes) -> Shape:
        """The input's."""
        shape = single(inputs)
        self.axis(shape)
        return shape

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """Across channels each position sees itself; along a spatial axis the whole of it; in a vector everything."""
        axis = self.axis(output)
        if len(output) == 1:
            return [Everything()]
        return [Windows(tuple(Whole(size) if at == axis else Window() for at, size in enumerate(output) if at))]

    @classmethod
    def samples(cls) -> list[Sample]:
        """Over a vector, over channels, over each spatial axis, of maps of every rank."""
        uses: list[dict[str, object]] = [{}, {"dim": 2}, {"dim": -1}]
        return [
            Sample({}, ((10,),)),
            *(Sample(use, ((3, 4, 5),)) for use in uses),
            Sample({"dim": 2}, ((3, 7),)),
            Sample({"dim": 3}, ((2, 3, 4, 2),)),
        ]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """The batch axis, an axis there is not."""
        return [BadSample({"dim": 0}, ((3, 4),), "dim"), BadSample({"dim": 3}, ((3, 4),), "dim")]


class Softmax(SoftmaxFamily):
    """Positive numbers that sum to 1 along the axis."""

    formula: ClassVar[str] = later("y[i] = exp(x[i]) / sum over j of exp(x[j])")


class LogSoftmax(SoftmaxFamily):
    """The logarithm of Softmax."""

    formula: ClassVar[str] = later("y[i] = x[i] - log(sum over j of exp(x[j]))")
