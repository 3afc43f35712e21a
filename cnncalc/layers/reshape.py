"""Layers that move elements without computing: Flatten, Unflatten, Slice, ChannelShuffle."""

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
from cnncalc.layers.geometry import Reindexed, Relation, Split, Window, along
from cnncalc.layers.kinds import MOST_AXES, Count, Several, Sizes, argument, show
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
class Unflatten(Parameterless, NoProducts, Layer):
    """One axis taken apart into several, the last varying fastest: Flatten undone (torch.nn.Unflatten)."""

    dim: int = argument(Count(minimum=-4), "the axis, counted with the batch as PyTorch does: 1 is the channels")
    unflattened_size: Sizes = argument(Several(minimum=-1), "sizes of the axes it becomes; one may be -1, what is left")

    short: ClassVar[str] = "unflatten"
    formula: ClassVar[str] = later("y[c, i, j] = x[(c*H + i)*W + j] along axis dim")

    def sizes(self, shape: Shape) -> Shape:
        """Return the sizes that the axis is taken apart into, -1 worked out, in a shape without batch."""
        size, written = shape[axis_of(self.dim, shape)], show(self.unflattened_size)
        if 0 in self.unflattened_size:
            raise self._refused(say("unflattened_size {sizes} has a 0; sizes are 1 or more, or -1", sizes=written))
        if self.unflattened_size.count(-1) > 1:
            message = say("only one dimension can be inferred: unflattened_size {sizes} has -1 twice", sizes=written)
            raise self._refused(message, say("write all sizes but one"))
        known = prod(one for one in self.unflattened_size if one > 0)
        inferred = -1 in self.unflattened_size
        if size % known if inferred else size != known:
            message = say(
                "unflattened_size {sizes} does not multiply up to the size of axis {dim} of the input ({size})",
                sizes=written,
                dim=self.dim,
                size=size,
            )
            raise self._refused(message, self._way_out(size, known))
        return tuple(size // known if one < 0 else one for one in self.unflattened_size)

    def _way_out(self, size: int, known: int) -> str:
        """Say what the sizes multiply to, and what would fit."""
        if -1 in self.unflattened_size:
            return say(
                "the sizes beside -1 multiply to {product}, and {size} is no multiple of it", product=known, size=size
            )
        for at in range(len(self.unflattened_size) if len(self.unflattened_size) > 1 else 0):
            others = (*self.unflattened_size[:at], *self.unflattened_size[at + 1 :])
            if size % prod(others) == 0:
                fitting = show((*self.unflattened_size[:at], size // prod(others), *self.unflattened_size[at + 1 :]))
                return say(
                    "the sizes multiply to {product}; {sizes} would fit, or a layer before that gives {product}",
                    product=known,
                    sizes=fitting,
                )
        return say("the sizes multiply to {product}: let the layer before give so many", product=known)

    def _refused(self, message: str, help: str = "") -> LayerError:
        return LayerError(message, field="unflattened_size", code="E318", help=help)

    def output_shape(self, inputs: Shapes) -> Shape:
        """The sizes in place of the axis."""
        shape = single(inputs)
        axis, sizes = axis_of(self.dim, shape), self.sizes(shape)
        output = (*shape[:axis], *sizes, *shape[axis + 1 :])
        if len(output) > MOST_AXES:
            message = say(
                "would give {shape}, which has {count} axes, and there are at most {most}",
                shape=shape_text(output),
                count=len(output),
                most=MOST_AXES,
            )
            raise self._refused(message, say("channels, and three spatial axes"))
        return output

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """Each element is one input element at another index."""
        return [Split(axis_of(self.dim, inputs[0]), self.sizes(inputs[0]))]

    def shape_rules(self, inputs: Shapes, output: Shape) -> list[Rule]:
        """Each size as written, or what the others leave."""
        axis, rules = axis_of(self.dim, inputs[0]), list[Rule]()
        for at, written in enumerate(self.unflattened_size):
            left, value = say("axis {dim} out", dim=axis + at + 1), output[axis + at]
            if written > 0:
                rules.append(Rule(left, f"unflattened_size[{at}]", str(written), value))
            else:
                others = "*".join(str(one) for one in self.unflattened_size if one > 0) or "1"
                numbers = f"{inputs[0][axis]} / ({others})"
                rules.append(Rule(left, say("size / product of the other sizes"), numbers, value))
        return rules

    @classmethod
    def samples(cls) -> list[Sample]:
        """A vector to each kind of map, -1 first and in the middle, an axis of a map, the channels of one, one size."""
        return [
            Sample({"dim": 1, "unflattened_size": [3, 4, 5]}, ((60,),)),
            Sample({"dim": 1, "unflattened_size": [-1, 2, 2]}, ((24,),)),
            Sample({"dim": -1, "unflattened_size": [2, -1]}, ((14,),)),
            Sample({"dim": 1, "unflattened_size": [2, 2, 3, 2]}, ((24,),)),
            Sample({"dim": 2, "unflattened_size": [3, 2]}, ((4, 6),)),
            Sample({"dim": -1, "unflattened_size": [2, -1]}, ((3, 4, 6),)),
            Sample({"dim": 1, "unflattened_size": [2, 3]}, ((6, 5),)),
            Sample({"dim": 1, "unflattened_size": [6]}, ((6, 5),)),
        ]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """The batch axis, sizes that do not fit, two to infer, a size of 0, too many axes, none written."""
        return [
            BadSample({"dim": 0, "unflattened_size": [2, 2]}, ((4,),), "dim"),
            BadSample({"dim": 3, "unflattened_size": [2, 2]}, ((4,),), "dim"),
            BadSample({"dim": 1, "unflattened_size": [5, 2]}, ((12,),), "unflattened_size"),
            BadSample({"dim": 1, "unflattened_size": [7, 11]}, ((12,),), "unflattened_size"),
            BadSample({"dim": 1, "unflattened_size": [5, -1]}, ((12,),), "unflattened_size"),
            BadSample({"dim": 1, "unflattened_size": [-1, -1]}, ((12,),), "unflattened_size"),
            BadSample({"dim": 1, "unflattened_size": [0, -1]}, ((12,),), "unflattened_size"),
            BadSample({"dim": 2, "unflattened_size": [2, 2, 1]}, ((3, 4, 5),), "unflattened_size"),
            BadSample({"dim": 1}, ((12,),), "unflattened_size"),
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
