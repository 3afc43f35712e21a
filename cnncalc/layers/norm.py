"""Normalisation: BatchNorm1d, 2d, 3d and LocalResponseNorm (torch.nn)."""

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
    feature_map,
    inferred,
    single,
)
from cnncalc.layers.kinds import Count, Flag, Real, argument
from cnncalc.text import Shape, later, number, say, shape_text


@dataclass(frozen=True, kw_only=True)
class BatchNorm(SameShape, NoProducts, Layer):
    """Each channel shifted and scaled to the statistics gathered in training, then by two learned numbers.

    Ioffe and Szegedy 2015, as at inference. The count of batches, which PyTorch stores too, is not a buffer here.
    """

    num_features: int | None = argument(Count(), "channels of the input; inferred, checked where written", None)
    eps: float = argument(Real(minimum=0), "added to the variance", 1e-5)
    momentum: float = argument(Real(minimum=0, maximum=1), "of the running statistics in training", 0.1)
    affine: bool = argument(Flag(), "whether a learned scale and shift follow", True)
    track_running_stats: bool = argument(
        Flag(), "whether running statistics are stored; without them each batch is normalised by its own", True
    )

    short: ClassVar[str] = "bn"
    formula: ClassVar[str] = later("y = (x - running_mean[c]) / sqrt(running_var[c] + eps) * weight[c] + bias[c]")

    def output_shape(self, inputs: Shapes) -> Shape:
        """The input's."""
        shape = self._checked(inputs)
        inferred("num_features", self.num_features, shape[0], shape)
        return shape

    def _checked(self, inputs: Shapes) -> Shape:
        shape = single(inputs)
        if len(shape) == 1:
            message = say("needs a feature map, and its input is the vector {shape}", shape=shape_text(shape))
            raise LayerError(message, code="E303", help=say("use BatchNorm1d"))
        return feature_map(self, inputs)

    def parameters(self, inputs: Shapes) -> Parameters:
        """`weight` and `bias`, one a channel."""
        channels = inputs[0][0]
        return {"weight": (channels,), "bias": (channels,)} if self.affine else {}

    def buffers(self, inputs: Shapes) -> Parameters:
        """`running_mean` and `running_var`, one a channel."""
        channels = inputs[0][0]
        return {"running_mean": (channels,), "running_var": (channels,)} if self.track_running_stats else {}

    def parameter_rule(self, inputs: Shapes) -> Rule:
        """A scale and a shift a channel; the statistics are not trained."""
        channels = inputs[0][0]
        note = say("and {count} running statistics, which are not trained", count=number(2 * channels))
        if not self.track_running_stats:
            note = ""
        if not self.affine:
            return Rule(say("params"), say("none: affine is false"), "0", 0, note)
        return Rule(say("params"), "2 C", f"2*{channels}", 2 * channels, note)

    @classmethod
    def samples(cls) -> list[Sample]:
        """With and without learned numbers and stored statistics."""
        image = (3, 5, 4, 2)[: cls.axes + 1]
        uses: list[dict[str, object]] = [{}, {"num_features": 3, "eps": 0.001}, {"affine": False}]
        return [Sample(use, (image,)) for use in [*uses, {"track_running_stats": False}]]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """A wrong channel count, a negative eps."""
        image = (3, 5, 4, 2)[: cls.axes + 1]
        return [
            BadSample({"num_features": 4}, (image,), "num_features"),
            BadSample({"eps": -1}, (image,), "eps"),
            BadSample({"momentum": 2}, (image,), "momentum"),
            BadSample({}, ((3, 2, 2, 2, 2),), ""),
        ]


class BatchNorm1d(BatchNorm):
    """Of a signal (C, L) or a vector (F,)."""

    axes: ClassVar[int] = 1

    def _checked(self, inputs: Shapes) -> Shape:
        shape = single(inputs)
        return shape if len(shape) == 1 else feature_map(self, inputs)

    @classmethod
    def samples(cls) -> list[Sample]:
        """A vector too."""
        return [*super().samples(), Sample({}, ((6,),))]


class BatchNorm2d(BatchNorm):
    """Of an image (C, H, W)."""

    axes: ClassVar[int] = 2


class BatchNorm3d(BatchNorm):
    """Of a volume (C, D, H, W)."""

    axes: ClassVar[int] = 3


@dataclass(frozen=True, kw_only=True)
class LocalResponseNorm(Parameterless, SameShape, NoProducts, Layer):
    """Each element divided by a power of the mean square of its neighbours across channels.

    Krizhevsky et al. 2012, section 3.3; as PyTorch computes it, the mean counts channels past the ends as zeros.
    """

    size: int = argument(Count(), "how many neighbouring channels are summed")
    alpha: float = argument(Real(), "weight of the mean square", 1e-4)
    beta: float = argument(Real(), "the power", 0.75)
    k: float = argument(Real(), "added before the power", 1.0)

    short: ClassVar[str] = "lrn"
    formula: ClassVar[str] = later(
        "y[c] = x[c] / (k + alpha/size * sum of x[j]^2, c - size/2 <= j < c + (size + 1)/2) ^ beta"
    )

    def output_shape(self, inputs: Shapes) -> Shape:
        """The input's, which needs a spatial axis."""
        shape = single(inputs)
        if len(shape) < 2:
            raise LayerError(
                say("needs a feature map, and its input is the vector {shape}", shape=shape_text(shape)), code="E303"
            )
        return shape

    @classmethod
    def samples(cls) -> list[Sample]:
        """Odd and even sizes, and one wider than the channels."""
        return [
            Sample({"size": 5}, ((7, 3, 2),)),
            Sample({"size": 4, "alpha": 0.5, "beta": 0.5, "k": 2}, ((7, 3, 2),)),
            Sample({"size": 9, "alpha": 0.1}, ((4, 6),)),
        ]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """No size, a vector."""
        return [BadSample({}, ((7, 3, 2),), "size"), BadSample({"size": 5}, ((7,),), "")]
