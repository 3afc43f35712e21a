"""Layers that move elements without computing: Flatten, Slice, ChannelShuffle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from cnncalc.layers.axes import axis_of
from cnncalc.layers.base import (
    BadSample,
    Layer,
    LayerError,
    NoProducts,
    Parameterless,
    Rule,
    SameShape,
    Sample,
    Shapes,
    single,
)
from cnncalc.layers.geometry import Reindexed, Relation, Window, along
from cnncalc.layers.kinds import Count, argument
from cnncalc.text import Shape, later, say, say_count, shape_text


@dataclass(frozen=True, kw_only=True)
class Flatten(Parameterless, NoProducts, Layer):
    """The axes from start_dim to end_dim laid end to end, the last varying fastest (torch.nn.Flatten)."""

    start_dim: int = argument(Count(minimum=-4), "first axis, counted with the batch as PyTorch does", 1)
    end_dim: int = argument(Count(minimum=-4), "last axis", -1)

    short: ClassVar[str] = "flatten"
    formula: ClassVar[str] = later("y[(c*H + i)*W + j] = x[c, i, j]")

    def span(self, shape: Shape) -> tuple[int, int]:
        """Return the first and last axis laid end to end, in a shape without batch."""
        start, end = axis_of(self.start_dim, shape, "start_dim"), axis_of(self.end_dim, shape, "end_dim")
        if start > end:
            raise LayerError(
                say("start_dim ({start}) comes after end_dim ({end})", start=self.start_dim, end=self.end_dim),
                field="start_dim",
                code="E311",
            )
        return start, end

    def output_shape(self, inputs: Shapes) -> Shape:
        """The sizes from start_dim to end_dim, multiplied."""
        shape = single(inputs)
        start, end = self.span(shape)
        return (*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :])

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """Each element is one input element at another index."""
        return [Reindexed(*self.span(inputs[0]))]

    def shape_rules(self, inputs: Shapes, output: Shape) -> list[Rule]:
        """The product."""
        start, end = self.span(inputs[0])
        return [
            Rule(say("out"), say("product of the sizes"), "*".join(map(str, inputs[0][start : end + 1])), output[start])
        ]

    @classmethod
    def samples(cls) -> list[Sample]:
        """All axes, some, none to lay."""
        return [
            Sample({}, ((3, 4, 5),)),
            Sample({}, ((6,),)),
            Sample({"start_dim": 2}, ((3, 4, 5),)),
            Sample({"start_dim": 1, "end_dim": 2}, ((3, 4, 5),)),
        ]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """The batch axis, axes there are not, an order that is none."""
        return [
            BadSample({"start_dim": 0}, ((3, 4),), "start_dim"),
            BadSample({"end_dim": 4}, ((3, 4),), "end_dim"),
            BadSample({"start_dim": 2, "end_dim": 1}, ((3, 4),), "start_dim"),
        ]


@dataclass(frozen=True, kw_only=True)
class Slice(Parameterless, NoProducts, Layer):
    """The elements start, start + step, ... before `end` along one axis, as Python's `x[start:end:step]`."""

    dim: int = argument(Count(minimum=-4), "the axis, counted with the batch as PyTorch does: 1 is the channels", 1)
    start: int = argument(Count(minimum=-(2**53)), "first element; below zero from the end", 0)
    end: int | None = argument(Count(minimum=-(2**53), optional=True), "one past the last; null is the end", None)
    step: int = argument(Count(), "distance between elements", 1)

    short: ClassVar[str] = "slice"
    formula: ClassVar[str] = later("y[i] = x[start + i*step] along axis dim")

    def taken(self, shape: Shape) -> range:
        """Return the positions taken along the axis."""
        return range(*slice(self.start, self.end, self.step).indices(shape[axis_of(self.dim, shape)]))

    def output_shape(self, inputs: Shapes) -> Shape:
        """As many as are taken."""
        shape = single(inputs)
        axis = axis_of(self.dim, shape)
        count = len(self.taken(shape))
        if not count:
            raise LayerError(
                say_count("takes nothing of {count} element", "takes nothing of {count} elements", shape[axis]),
                field="start",
                code="E313",
                help=say("start must be below end, and below {size}", size=shape[axis]),
            )
        return (*shape[:axis], count, *shape[axis + 1 :])

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """Each position sees the one it was taken from."""
        axis = axis_of(self.dim, output)
        taken = self.taken(inputs[0])
        crop = Window(stride=taken.step, before=-taken.start, after=taken[-1] + 1 - inputs[0][axis])
        return [along(axis, crop, len(output))]

    def shape_rules(self, inputs: Shapes, output: Shape) -> list[Rule]:
        """How many are taken."""
        axis = axis_of(self.dim, output)
        taken = self.taken(inputs[0])
        numbers = f"ceil(({taken.stop} - {taken.start}) / {taken.step})"
        return [Rule("size_out", "ceil((end - start) / step)", numbers, output[axis])]

    @classmethod
    def samples(cls) -> list[Sample]:
        """Channels, rows, from the end, with a step."""
        return [
            Sample({"end": 2}, ((4, 5, 6),)),
            Sample({"start": 2}, ((4, 5, 6),)),
            Sample({"dim": 2, "start": 1, "end": -1}, ((4, 5, 6),)),
            Sample({"dim": -1, "start": 1, "step": 2}, ((4, 5, 6),)),
            Sample({"start": -3}, ((8,),)),
        ]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """Nothing left, the batch axis, a step of 0."""
        return [
            BadSample({"start": 4}, ((4, 5),), "start"),
            BadSample({"dim": 0}, ((4, 5),), "dim"),
            BadSample({"step": 0}, ((4, 5),), "step"),
        ]


@dataclass(frozen=True, kw_only=True)
class ChannelShuffle(Parameterless, SameShape, NoProducts, Layer):
    """Channels dealt out so that each group gets some of every group (Zhang et al. 2018)."""

    groups: int = argument(Count(), "how many groups")

    short: ClassVar[str] = "shuffle"
    formula: ClassVar[str] = later("y[i*groups + g] = x[g*C/groups + i]")

    def output_shape(self, inputs: Shapes) -> Shape:
        """The input's."""
        shape = single(inputs)
        if len(shape) < 2:
            raise LayerError(
                say("needs a feature map, and its input is the vector {shape}", shape=shape_text(shape)), code="E303"
            )
        if shape[0] % self.groups:
            raise LayerError(
                say(
                    "channels (={channels}) must be divisible by groups (={groups})",
                    channels=shape[0],
                    groups=self.groups,
                ),
                field="groups",
                code="E306",
            )
        return shape

    @classmethod
    def samples(cls) -> list[Sample]:
        """Two and three groups."""
        return [Sample({"groups": 2}, ((6, 3, 2),)), Sample({"groups": 3}, ((6, 3, 2),))]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """Channels that do not divide."""
        return [BadSample({"groups": 4}, ((6, 3, 2),), "groups"), BadSample({}, ((6, 3, 2),), "groups")]
