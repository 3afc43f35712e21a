"""Layers that change nothing at inference: the kinds of dropout (torch.nn), StochasticDepth (torchvision), Identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cnncalc.layers.activation import ElementWise, InPlace
from cnncalc.layers.base import BadSample, Layer, Sample, Shapes, feature_map
from cnncalc.layers.kinds import Choice, Real, argument
from cnncalc.text import Shape, later


class Identity(ElementWise, Layer):
    """Its input."""

    short: ClassVar[str] = "identity"
    formula: ClassVar[str] = later("y = x")


@dataclass(frozen=True, kw_only=True)
class Dropping(InPlace):
    """Something dropped at random in training; at inference the identity."""

    p: float = argument(Real(minimum=0, maximum=1), "share of what is dropped in training", 0.5)

    short: ClassVar[str] = "dropout"
    formula: ClassVar[str] = later("y = x at inference")

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """A share over 1."""
        sample = cls.samples()[0].inputs
        return [*super().bad_samples(), BadSample({"p": 1.5}, sample, "p")]


class Dropout(Dropping):
    """Random zeros in training (Srivastava et al. 2014); at inference the identity."""


class AlphaDropout(Dropping):
    """Random elements set to a value that keeps mean and variance, for SELU (Klambauer et al. 2017)."""


class ChannelDropout(Dropping):
    """Whole channels set to zero in training (Tompson et al. 2015); at inference the identity."""

    def output_shape(self, inputs: Shapes) -> Shape:
        """The input's."""
        return feature_map(self, inputs)

    @classmethod
    def samples(cls) -> list[Sample]:
        """A map of as many axes."""
        return [Sample({}, ((3, 4, 5, 2)[: cls.axes + 1],))]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """A vector has no channels to drop."""
        return [*super().bad_samples(), BadSample({}, ((6,),), "")]


class Dropout1d(ChannelDropout):
    """Of a signal (C, L)."""

    axes: ClassVar[int] = 1


class Dropout2d(ChannelDropout):
    """Of an image (C, H, W)."""

    axes: ClassVar[int] = 2


class Dropout3d(ChannelDropout):
    """Of a volume (C, D, H, W)."""

    axes: ClassVar[int] = 3


@dataclass(frozen=True, kw_only=True)
class StochasticDepth(ElementWise, Layer):
    """A whole branch dropped in training (Huang et al. 2016; torchvision.ops); at inference the identity."""

    p: float = argument(Real(minimum=0, maximum=1), "share of what is dropped in training")
    mode: str = argument(
        Choice(("batch", "row")), "whether it is dropped for the whole batch, or for each input (row) by itself"
    )

    short: ClassVar[str] = "stochastic_depth"
    formula: ClassVar[str] = later("y = x at inference")

    @classmethod
    def samples(cls) -> list[Sample]:
        """Both modes."""
        return [Sample({"p": 0.2, "mode": mode}, ((3, 4, 5),)) for mode in ("batch", "row")]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """No mode, one there is not, a share over 1, two inputs."""
        use = {"p": 0.2, "mode": "row"}
        return [
            BadSample({"p": 0.2}, ((3, 4, 5),), "mode"),
            BadSample({**use, "mode": "column"}, ((3, 4, 5),), "mode"),
            BadSample({**use, "p": 2}, ((3, 4, 5),), "p"),
            BadSample(use, ((3, 4), (3, 4)), "from"),
        ]
