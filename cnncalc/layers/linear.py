"""Linear: the fully connected layer (torch.nn.Linear)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from cnncalc.layers.base import (
    BadSample,
    Layer,
    LayerError,
    Parameters,
    Quantities,
    Rule,
    Sample,
    Shapes,
    inferred,
    single,
)
from cnncalc.layers.geometry import Everything, Relation
from cnncalc.layers.kinds import Count, Flag, argument
from cnncalc.text import Shape, later, say, say_count, shape_text


@dataclass(frozen=True, kw_only=True)
class Linear(Layer):
    """Each output is a weighted sum of all inputs, plus a bias."""

    in_features: int | None = argument(Count(), "length of the input; inferred, checked where written", None)
    out_features: int = argument(Count(), "length of the output")
    bias: bool = argument(Flag(), "whether a learned number is added to each output", True)

    short: ClassVar[str] = "fc"
    formula: ClassVar[str] = later("y[o] = bias[o] + sum over i of weight[o, i] * x[i]")

    def output_shape(self, inputs: Shapes) -> Shape:
        """(out_features,) from a vector."""
        shape = single(inputs)
        if len(shape) != 1:
            raise LayerError(
                say("needs a vector, and its input is the feature map {shape}", shape=shape_text(shape)),
                code="E309",
                help=say_count(
                    "put Flatten before it, which makes {count} feature of it",
                    "put Flatten before it, which makes {count} features of it",
                    prod(shape),
                ),
            )
        inferred("in_features", self.in_features, shape[0], shape)
        return (self.out_features,)

    def parameters(self, inputs: Shapes) -> Parameters:
        """`weight` (out_features, in_features) and `bias` (out_features)."""
        weight = (self.out_features, inputs[0][0])
        return {"weight": weight, "bias": (self.out_features,)} if self.bias else {"weight": weight}

    def buffers(self, inputs: Shapes) -> Parameters:
        """None."""
        return {}

    def quantities(self, inputs: Shapes, output: Shape) -> Quantities:
        """A product for each weight."""
        return Quantities(mac=inputs[0][0] * output[0], padded_mac=0, bias_add=output[0] if self.bias else 0)

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """All of the input."""
        return [Everything()]

    def shape_rules(self, inputs: Shapes, output: Shape) -> list[Rule]:
        """The size asked for."""
        return [Rule(say("out"), "out_features", str(self.out_features), self.out_features)]

    def parameter_rule(self, inputs: Shapes) -> Rule:
        """A weight for each pair of input and output, and a bias an output."""
        count = inputs[0][0]
        if not self.bias:
            return Rule(
                say("params"), "in out", f"{count}*{self.out_features}", count * self.out_features, say("no bias")
            )
        total = (count + 1) * self.out_features
        return Rule(
            say("params"), "(in + 1) out", f"({count} + 1)*{self.out_features}", total, say("the + 1 is the bias")
        )

    def mac_rule(self, inputs: Shapes, output: Shape) -> Rule:
        """A product for each weight."""
        return Rule(say("MACs"), "in out", f"{inputs[0][0]}*{output[0]}", inputs[0][0] * output[0])

    @classmethod
    def samples(cls) -> list[Sample]:
        """With and without bias."""
        return [
            Sample({"out_features": 5}, ((12,),)),
            Sample({"in_features": 12, "out_features": 5, "bias": False}, ((12,),)),
        ]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """A feature map, a wrong in_features, no out_features."""
        return [
            BadSample({}, ((12,),), "out_features"),
            BadSample({"out_features": 0}, ((12,),), "out_features"),
            BadSample({"in_features": 10, "out_features": 5}, ((12,),), "in_features"),
            BadSample({"out_features": 5}, ((3, 2, 2),), ""),
        ]
