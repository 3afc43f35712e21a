"""Reduction over axes: Mean (torch.mean over given dims)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnncalc.layers.axes import axes_of
from cnncalc.layers.base import BadSample, Layer, LayerError, NoProducts, Parameterless, Rule, Sample, Shapes, single
from cnncalc.layers.geometry import Everything, Reduced, Relation, Whole, Window, Windows
from cnncalc.layers.kinds import Flag, Several, argument
from cnncalc.text import Shape, later, say, shape_text


@dataclass(frozen=True, kw_only=True)
class Mean(Parameterless, NoProducts, Layer):
    """The mean over one or more axes, as `x.mean([2, 3])`, which is global average pooling and Flatten at once."""

    dim: tuple[int, ...] = argument(
        Several(minimum=-4), "axis, or list of axes, counted with the batch as PyTorch does: 2 and 3 of an image's map"
    )
    keepdim: bool = argument(Flag(), "whether the axes stay, with a size of 1", False)

    short: ClassVar[str] = "mean"
    formula: ClassVar[str] = later("y = mean of x over the axes dim")

    def reduced(self, shape: Shape) -> tuple[int, ...]:
        """Return the axes that the mean is over, in a shape without batch."""
        return axes_of(self.dim, shape)

    def output_shape(self, inputs: Shapes) -> Shape:
        """The sizes of the other axes; 1 for those of the mean where they are kept."""
        shape = single(inputs)
        axes = self.reduced(shape)
        if self.keepdim:
            return tuple(1 if at in axes else size for at, size in enumerate(shape))
        if len(axes) == len(shape):
            raise LayerError(
                say("a mean over all axes of {shape} leaves a single number", shape=shape_text(shape)),
                field="dim",
                code="E311",
                help=say("keep an axis, or write keepdim: true"),
            )
        return tuple(size for at, size in enumerate(shape) if at not in axes)

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """All along the axes of the mean; itself along the others."""
        shape = inputs[0]
        axes = self.reduced(shape)
        if len(shape) == 1:
            return [Everything()]
        if not self.keepdim:
            return [Reduced(axes)]
        return [Windows(tuple(Whole(size) if at in axes else Window() for at, size in enumerate(shape) if at))]

    def shape_rules(self, inputs: Shapes, output: Shape) -> list[Rule]:
        """The sizes that stay; a vector's is derived too, as the map is gone."""
        shape = inputs[0]
        axes = self.reduced(shape)
        if self.keepdim:
            return [Rule(say("out"), say("1 for each axis of the mean"), "1", 1)]
        kept = [size for at, size in enumerate(shape) if at not in axes]
        return [Rule(say("out"), say("a size that is not averaged over"), str(size), size) for size in kept]

    @classmethod
    def samples(cls) -> list[Sample]:
        """Over positions, channels, one spatial axis; with the axes kept and gone; signals, volumes and vectors."""
        uses: list[dict[str, object]] = [
            {"dim": [2, 3]},
            {"dim": [-1, -2], "keepdim": True},
            {"dim": 3},
            {"dim": 2, "keepdim": True},
            {"dim": 1, "keepdim": True},
            {"dim": [1, 3]},
        ]
        return [
            *(Sample(use, ((3, 4, 5),)) for use in uses),
            Sample({"dim": 2}, ((3, 7),)),
            Sample({"dim": [2, 3, 4]}, ((3, 2, 3, 4),)),
            Sample({"dim": 1, "keepdim": True}, ((6,),)),
        ]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """The batch axis, an axis there is not, one named twice, all of them, none."""
        return [
            BadSample({}, ((3, 4, 5),), "dim"),
            BadSample({"dim": [0, 2]}, ((3, 4, 5),), "dim"),
            BadSample({"dim": 4}, ((3, 4, 5),), "dim"),
            BadSample({"dim": [2, -2]}, ((3, 4, 5),), "dim"),
            BadSample({"dim": [1, 2, 3]}, ((3, 4, 5),), "dim"),
            BadSample({"dim": []}, ((3, 4, 5),), "dim"),
        ]
