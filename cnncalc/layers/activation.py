"""Activations, and the layers that change nothing at inference (torch.nn)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnncalc.layers.base import (
    BadSample,
    Layer,
    LayerError,
    NoProducts,
    Parameterless,
    Parameters,
    Rule,
    SameShape,
    Sample,
    Shapes,
    single,
)
from cnncalc.layers.geometry import Everything, Relation, Whole, Window, Windows
from cnncalc.layers.kinds import Choice, Count, Flag, Real, argument
from cnncalc.text import Shape, later, say, say_count, shape_text


class ElementWise(Parameterless, SameShape, NoProducts):
    """States that a layer is a fixed function of each element alone: mixed in before `Layer`."""

    @classmethod
    def samples(cls) -> list[Sample]:
        """Vectors and maps of every rank."""
        return [Sample({}, (shape,)) for shape in ((6,), (3, 5), (3, 4, 5), (2, 3, 4, 2))]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """Two inputs."""
        return [BadSample({}, ((3, 4), (3, 4)), "from")]


@dataclass(frozen=True, kw_only=True)
class InPlace(ElementWise, Layer):
    """An activation that PyTorch can write over its input; the result is the same."""

    inplace: bool = argument(Flag(), "PyTorch's memory option; changes no result and no count here", False)


class ReLU(InPlace):
    """Rectified linear unit (Nair and Hinton 2010)."""

    short: ClassVar[str] = "relu"
    formula: ClassVar[str] = later("y = max(0, x)")


class ReLU6(InPlace):
    """ReLU with a ceiling (Howard et al. 2017)."""

    short: ClassVar[str] = "relu"
    formula: ClassVar[str] = later("y = min(max(0, x), 6)")


class SiLU(InPlace):
    """Sigmoid linear unit, also called swish (Ramachandran et al. 2017)."""

    short: ClassVar[str] = "silu"
    formula: ClassVar[str] = later("y = x / (1 + exp(-x))")


class Hardswish(InPlace):
    """A piecewise approximation of SiLU (Howard et al. 2019)."""

    short: ClassVar[str] = "hardswish"
    formula: ClassVar[str] = later("y = x * min(max(0, x + 3), 6) / 6")


class Hardsigmoid(InPlace):
    """A piecewise approximation of Sigmoid (Howard et al. 2019)."""

    short: ClassVar[str] = "hardsigmoid"
    formula: ClassVar[str] = later("y = min(max(0, x + 3), 6) / 6")


@dataclass(frozen=True, kw_only=True)
class LeakyReLU(InPlace):
    """ReLU that lets a little through below zero (Maas et al. 2013)."""

    negative_slope: float = argument(Real(), "slope below zero", 0.01)

    short: ClassVar[str] = "relu"
    formula: ClassVar[str] = later("y = max(0, x) + negative_slope * min(0, x)")

    @classmethod
    def samples(cls) -> list[Sample]:
        """A slope of its own."""
        return [*super().samples(), Sample({"negative_slope": 0.2}, ((3, 4, 5),))]


@dataclass(frozen=True, kw_only=True)
class ELU(InPlace):
    """Exponential linear unit (Clevert et al. 2016)."""

    alpha: float = argument(Real(), "limit below zero", 1.0)

    short: ClassVar[str] = "elu"
    formula: ClassVar[str] = later("y = x if x > 0 else alpha * (exp(x) - 1)")

    @classmethod
    def samples(cls) -> list[Sample]:
        """A limit of its own."""
        return [*super().samples(), Sample({"alpha": 0.5}, ((3, 4, 5),))]


class Sigmoid(ElementWise, Layer):
    """The logistic function."""

    short: ClassVar[str] = "sigmoid"
    formula: ClassVar[str] = later("y = 1 / (1 + exp(-x))")


class Tanh(ElementWise, Layer):
    """The hyperbolic tangent."""

    short: ClassVar[str] = "tanh"
    formula: ClassVar[str] = later("y = (exp(x) - exp(-x)) / (exp(x) + exp(-x))")


@dataclass(frozen=True, kw_only=True)
class GELU(ElementWise, Layer):
    """Gaussian error linear unit (Hendrycks and Gimpel 2016), exact or in its tanh form."""

    approximate: str = argument(Choice(("none", "tanh")), "none for the exact form, tanh for the approximation", "none")

    short: ClassVar[str] = "gelu"
    formula: ClassVar[str] = later(
        "y = x/2 * (1 + erf(x / sqrt(2))), or x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))"
    )

    @classmethod
    def samples(cls) -> list[Sample]:
        """Both forms."""
        return [*super().samples(), Sample({"approximate": "tanh"}, ((3, 4, 5),))]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """A form there is not."""
        return [*super().bad_samples(), BadSample({"approximate": "erf"}, ((3, 4),), "approximate")]


@dataclass(frozen=True, kw_only=True)
class PReLU(SameShape, NoProducts, Layer):
    """ReLU whose slope below zero is learned, one for all channels or one each (He et al. 2015)."""

    num_parameters: int = argument(Count(), "1, or the number of channels", 1)
    init: float = argument(Real(), "slope at the start of training", 0.25)

    short: ClassVar[str] = "relu"
    formula: ClassVar[str] = later("y = max(0, x) + weight[c] * min(0, x)")

    def output_shape(self, inputs: Shapes) -> Shape:
        """The input's."""
        shape = single(inputs)
        if self.num_parameters not in (1, shape[0]):
            raise LayerError(
                say_count(
                    "num_parameters is {got}, and the input {shape} has {count} channel",
                    "num_parameters is {got}, and the input {shape} has {count} channels",
                    shape[0],
                    got=self.num_parameters,
                    shape=shape_text(shape),
                ),
                field="num_parameters",
                code="E304",
                help=say("write 1 or {channels}", channels=shape[0]),
            )
        return shape

    def parameters(self, inputs: Shapes) -> Parameters:
        """`weight` (num_parameters)."""
        return {"weight": (self.num_parameters,)}

    def buffers(self, inputs: Shapes) -> Parameters:
        """None."""
        return {}

    def parameter_rule(self, inputs: Shapes) -> Rule:
        """The slopes."""
        return Rule(say("params"), "num_parameters", str(self.num_parameters), self.num_parameters)

    @classmethod
    def samples(cls) -> list[Sample]:
        """One slope, and one a channel."""
        return [Sample({}, ((3, 4, 5),)), Sample({"num_parameters": 3}, ((3, 4, 5),)), Sample({}, ((6,),))]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """Neither one nor the channels."""
        return [BadSample({"num_parameters": 2}, ((3, 4, 5),), "num_parameters")]


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
        """Over a vector, over channels, over a spatial axis."""
        uses: list[dict[str, object]] = [{}, {"dim": 2}, {"dim": -1}]
        return [Sample({}, ((10,),)), *(Sample(use, ((3, 4, 5),)) for use in uses)]

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


@dataclass(frozen=True, kw_only=True)
class Dropout(InPlace):
    """Random zeros in training (Srivastava et al. 2014); at inference the identity."""

    p: float = argument(Real(minimum=0, maximum=1), "share of zeros in training", 0.5)

    short: ClassVar[str] = "dropout"
    formula: ClassVar[str] = later("y = x at inference")

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """A share over 1."""
        return [*super().bad_samples(), BadSample({"p": 1.5}, ((3, 4),), "p")]


class Identity(ElementWise, Layer):
    """Its input."""

    short: ClassVar[str] = "identity"
    formula: ClassVar[str] = later("y = x")


def axis_of(dim: int, shape: Shape) -> int:
    """Return the axis that PyTorch's `dim`, which counts the batch as 0, means in a shape without batch."""
    rank = len(shape) + 1
    axis = (dim + rank if dim < 0 else dim) - 1
    if not 0 <= axis < len(shape):
        raise LayerError(
            say(
                "dim is {dim}, and the input {shape} has axes 1 to {last} (0 is the batch)",
                dim=dim,
                shape=shape_text(shape),
                last=len(shape),
            ),
            field="dim",
            code="E311",
            help=say("1 is the channels, {last} the last axis", last=len(shape)),
        )
    return axis
