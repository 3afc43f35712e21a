"""Activations: a function of each element, with PReLU's learned slopes (torch.nn)."""

from __future__ import annotations

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


class Mish(InPlace):
    """A smooth activation, x times the tanh of its softplus (Misra 2019)."""

    short: ClassVar[str] = "mish"
    formula: ClassVar[str] = later("y = x * tanh(log(1 + exp(x)))")


@dataclass(frozen=True, kw_only=True)
class Hardtanh(InPlace):
    """The input, cut off below and above."""

    min_val: float = argument(Real(), "the least that comes out", -1.0)
    max_val: float = argument(Real(), "the most that comes out", 1.0)

    short: ClassVar[str] = "hardtanh"
    formula: ClassVar[str] = later("y = min(max(min_val, x), max_val)")

    def output_shape(self, inputs: Shapes) -> Shape:
        """The input's."""
        if self.min_val >= self.max_val:
            raise LayerError(
                say("min_val ({least}) must be below max_val ({most})", least=self.min_val, most=self.max_val),
                field="min_val",
                code="E301",
            )
        return single(inputs)

    @classmethod
    def samples(cls) -> list[Sample]:
        """Limits of its own."""
        return [*super().samples(), Sample({"min_val": -0.5, "max_val": 2}, ((3, 4, 5),))]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """Limits the wrong way round."""
        return [*super().bad_samples(), BadSample({"min_val": 2}, ((3, 4),), "min_val")]


@dataclass(frozen=True, kw_only=True)
class Softplus(ElementWise, Layer):
    """A smooth ReLU (Dugas et al. 2000); as PyTorch computes it, the input itself where beta x is over threshold."""

    beta: float = argument(Real(), "how sharply it bends", 1.0)
    threshold: float = argument(Real(), "where beta x is over it, y = x", 20.0)

    short: ClassVar[str] = "softplus"
    formula: ClassVar[str] = later("y = log(1 + exp(beta x)) / beta")

    def output_shape(self, inputs: Shapes) -> Shape:
        """The input's."""
        if self.beta == 0:
            raise LayerError(say("beta is 0, which it divides by"), field="beta", code="E301")
        return single(inputs)

    @classmethod
    def samples(cls) -> list[Sample]:
        """A sharpness and a threshold of its own."""
        return [*super().samples(), Sample({"beta": 2, "threshold": 1}, ((3, 4, 5),))]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """No sharpness."""
        return [*super().bad_samples(), BadSample({"beta": 0}, ((3, 4),), "beta")]


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
