"""Layers that join several inputs: Add, Multiply, Concat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnncalc.layers.axes import axis_of
from cnncalc.layers.base import BadSample, Layer, LayerError, NoProducts, Parameterless, Rule, Sample, Shapes
from cnncalc.layers.geometry import Relation, Whole, Window, Windows, along
from cnncalc.layers.kinds import Count, argument
from cnncalc.text import Shape, later, say, shape_text


class Merge(Parameterless, NoProducts, Layer):
    """Two or more inputs, joined element by element or laid side by side."""

    many_inputs: ClassVar[bool] = True

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """One input, and shapes that do not agree."""
        return [BadSample({}, ((3, 4, 4),), "from"), BadSample({}, ((3, 4, 4), (3, 5, 4)), "from")]


class Add(Merge):
    """The sum of its inputs, element by element: a residual connection (He et al. 2015)."""

    short: ClassVar[str] = "add"
    formula: ClassVar[str] = later("y = a + b")

    def output_shape(self, inputs: Shapes) -> Shape:
        """The shape all inputs share."""
        at_least_two(inputs)
        for shape in inputs[1:]:
            if shape != inputs[0]:
                raise disagree(inputs, later("Add needs inputs of one shape, and they are {shapes}"))
        return inputs[0]

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """Each position sees itself in every input."""
        return [Windows.identity(len(output) - 1)] * len(inputs)

    def shape_rules(self, inputs: Shapes, output: Shape) -> list[Rule]:
        """The inputs' own."""
        return []

    @classmethod
    def samples(cls) -> list[Sample]:
        """Two maps, three vectors."""
        return [Sample({}, ((3, 4, 5),) * 2), Sample({}, ((6,),) * 3)]


class Multiply(Merge):
    """The product of its inputs, element by element; a size of 1 is stretched, so that a 1x1 gate scales channels."""

    short: ClassVar[str] = "mul"
    formula: ClassVar[str] = later("y = a * b")

    def output_shape(self, inputs: Shapes) -> Shape:
        """The larger size of each axis, where the others are the same or 1."""
        at_least_two(inputs)
        if len({len(shape) for shape in inputs}) > 1:
            raise disagree(inputs, later("Multiply needs inputs with as many axes, and they are {shapes}"))
        for sizes in zip(*inputs, strict=True):
            if len({size for size in sizes if size != 1}) > 1:
                raise disagree(inputs, later("Multiply needs sizes that are the same or 1, and they are {shapes}"))
        return tuple(max(sizes) for sizes in zip(*inputs, strict=True))

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """Each position sees itself; a stretched axis is seen whole."""
        first = min(1, len(output) - 1)  # a vector's one axis is that of its features
        return [
            Windows(tuple(Whole(1) if size == 1 < wide else Window() for size, wide in pairs))
            for pairs in (tuple(zip(shape[first:], output[first:], strict=True)) for shape in inputs)
        ]

    def shape_rules(self, inputs: Shapes, output: Shape) -> list[Rule]:
        """The largest of each axis."""
        return []

    @classmethod
    def samples(cls) -> list[Sample]:
        """Two maps, a channel gate, a spatial gate, vectors."""
        return [
            Sample({}, ((3, 4, 5), (3, 4, 5))),
            Sample({}, ((3, 4, 5), (3, 1, 1))),
            Sample({}, ((1, 4, 5), (3, 4, 5))),
            Sample({}, ((6,), (6,), (6,))),
        ]


@dataclass(frozen=True, kw_only=True)
class Concat(Merge):
    """Its inputs laid side by side along one axis, the channels unless told otherwise."""

    dim: int = argument(Count(minimum=-4), "the axis, counted with the batch as PyTorch does: 1 is the channels", 1)

    short: ClassVar[str] = "concat"
    formula: ClassVar[str] = later("y = a, then b, along axis dim")

    def output_shape(self, inputs: Shapes) -> Shape:
        """The sizes add up along the axis; the others must agree."""
        at_least_two(inputs)
        axis = axis_of(self.dim, inputs[0])
        rests = {(len(shape), shape[:axis], shape[axis + 1 :]) for shape in inputs}
        if len(rests) > 1:
            rule = later("Concat needs inputs that agree in every axis but dim {dim}, and they are {shapes}")
            raise disagree(inputs, rule, dim=self.dim)
        joined = sum(shape[axis] for shape in inputs)
        return (*inputs[0][:axis], joined, *inputs[0][axis + 1 :])

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """Each position sees itself; along a joined spatial axis, or in a vector, the input's place in it."""
        joined = axis_of(self.dim, output)
        relations: list[Relation] = []
        offset = 0
        for shape in inputs:
            window = Window(before=offset, after=output[joined] - offset - shape[joined])
            relations.append(along(joined, window, len(output)))
            offset += shape[joined]
        return relations

    def shape_rules(self, inputs: Shapes, output: Shape) -> list[Rule]:
        """The sum along the axis."""
        axis = axis_of(self.dim, output)
        sizes = [str(shape[axis]) for shape in inputs]
        name = "C_out" if axis == 0 else "size_out"
        return [Rule(name, say("sum of the inputs' sizes"), " + ".join(sizes), output[axis])]

    @classmethod
    def samples(cls) -> list[Sample]:
        """Along channels and along a spatial axis."""
        return [
            Sample({}, ((3, 4, 5), (2, 4, 5), (1, 4, 5))),
            Sample({"dim": 2}, ((3, 4, 5), (3, 2, 5))),
            Sample({"dim": -1}, ((3, 4), (3, 5))),
            Sample({}, ((6,), (2,))),
        ]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """The batch axis too."""
        return [*super().bad_samples(), BadSample({"dim": 0}, ((3, 4, 4), (3, 4, 4)), "dim")]


def at_least_two(inputs: Shapes) -> None:
    """Raise LayerError for a single input."""
    if len(inputs) < 2:
        raise LayerError(
            say("needs two or more inputs, and was given {count}", count=len(inputs)),
            field="from",
            code="E302",
            help=say("write from: [first, second], or branches"),
        )


def disagree(inputs: Shapes, rule: str, **values: object) -> LayerError:
    """Return the error for inputs whose shapes do not go together; `rule` is a template that ends with {shapes}."""
    shapes = ", ".join(shape_text(shape) for shape in inputs)
    return LayerError(
        say(rule, shapes=shapes, **values),
        field="from",
        code="E312",
        help=say("make the branches agree: check stride and padding on each, and out_channels"),
    )
