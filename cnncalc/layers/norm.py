"""Normalisation of each channel: BatchNorm and InstanceNorm (torch.nn); what all normalisations share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Container, Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from cnncalc.layers.base import (
    BadSample,
    Layer,
    LayerError,
    NoProducts,
    Parameters,
    Rule,
    SameShape,
    Sample,
    Shapes,
    feature_map,
    inferred,
    single,
)
from cnncalc.layers.geometry import Blocks, Everything, Relation, Whole, Window, Windows
from cnncalc.layers.kinds import Count, Flag, Real, argument
from cnncalc.text import Shape, later, number, say, shape_text


class Normalisation(SameShape, NoProducts, Layer):
    """What shifts and scales its input to mean 0 and variance 1, and then by learned numbers where it has them."""

    bias: bool = True
    """Whether the shift is learned as well as the scale."""

    @property
    @abstractmethod
    def scaled(self) -> bool:
        """Whether learned numbers follow."""

    @abstractmethod
    def learned(self, shape: Shape) -> Shape:
        """Return the shape of the learned scale, and of the shift, for an input of `shape`."""

    @property
    def definition(self) -> str:
        """The formula, without the learned numbers that there are none of."""
        formula = say(self.stated)
        for index in "ci":
            formula = formula if self.scaled else formula.replace(f" * weight[{index}]", "")
            formula = formula if self.scaled and self.bias else formula.replace(f" + bias[{index}]", "")
        return formula

    @property
    def stated(self) -> str:
        """The template of the formula with all learned numbers."""
        return self.formula

    def parameters(self, inputs: Shapes) -> Parameters:
        """`weight` and `bias`, by which the result is scaled and shifted."""
        if not self.scaled:
            return {}
        learned = self.learned(inputs[0])
        return {"weight": learned, "bias": learned} if self.bias else {"weight": learned}

    def buffers(self, inputs: Shapes) -> Parameters:
        """None: the statistics are the input's own."""
        return {}

    def parameter_rule(self, inputs: Shapes) -> Rule:
        """A scale and a shift for each channel, or for each element of the axes normalised together."""
        stored = sum(prod(shape) for shape in self.buffers(inputs).values())
        note = say("and {count} running statistics, which are not trained", count=number(stored)) if stored else ""
        if not self.scaled:
            word = "elementwise_affine" if hasattr(self, "elementwise_affine") else "affine"
            return Rule(say("params"), say("none: {argument} is false", argument=word), "0", 0, note)
        learned = self.learned(inputs[0])
        sizes = "*".join(map(str, learned))
        by_channel = learned == inputs[0][:1]
        if not self.bias:
            symbols = "C" if by_channel else say("elements normalised together")
            return Rule(say("params"), symbols, sizes, prod(learned), say("no bias"))
        symbols = "2 C" if by_channel else say("2 elements normalised together")
        return Rule(say("params"), symbols, f"2*{sizes}", 2 * prod(learned), note)


def own_statistics(shape: Shape, axes: Container[int], groups: int = 1) -> Relation:
    """Return what a position sees that is normalised with all others along `axes` of `shape` (0: the channels).

    It sees them through their mean and variance only, which the receptive field without gates leaves out. `groups` of
    the channels are normalised apart, which in a map does not change the positions that are seen.
    """
    if len(shape) == 1:
        return Everything() if groups == 1 else Blocks(shape[0] // groups)
    seen = [Whole(size) if at in axes else Window() for at, size in enumerate(shape)]
    return Windows(tuple(seen[1:]), statistics=True)


@dataclass(frozen=True, kw_only=True)
class ChannelNorm(Normalisation):
    """What normalises each channel, by statistics gathered in training or by those of its input."""

    num_features: int | None = argument(Count(), "channels of the input; inferred, checked where written", None)
    eps: float = argument(Real(minimum=0), "added to the variance", 1e-5)
    momentum: float = argument(Real(minimum=0, maximum=1), "of the running statistics in training", 0.1)
    affine: bool = argument(Flag(), "whether a learned scale and shift follow", True)
    track_running_stats: bool = argument(
        Flag(), "whether running statistics are stored; without them each batch is normalised by its own", True
    )

    formula: ClassVar[str] = later("y = (x - running_mean[c]) / sqrt(running_var[c] + eps) * weight[c] + bias[c]")
    own: ClassVar[str]
    """The formula without running statistics."""

    @property
    def scaled(self) -> bool:
        """As `affine` says."""
        return self.affine

    def learned(self, shape: Shape) -> Shape:
        """One a channel."""
        return shape[:1]

    @property
    def stated(self) -> str:
        """With the statistics it uses."""
        return self.formula if self.track_running_stats else self.own

    def output_shape(self, inputs: Shapes) -> Shape:
        """The input's."""
        shape = self._checked(inputs)
        inferred("num_features", self.num_features, shape[0], shape)
        return shape

    @abstractmethod
    def _checked(self, inputs: Shapes) -> Shape: ...

    def buffers(self, inputs: Shapes) -> Parameters:
        """`running_mean` and `running_var`, one a channel."""
        channels = inputs[0][0]
        return {"running_mean": (channels,), "running_var": (channels,)} if self.track_running_stats else {}

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """Each position sees itself; without running statistics, all of its channel too."""
        if self.track_running_stats or len(output) == 1:
            return super().windows(inputs, output)
        return [own_statistics(output, range(1, len(output)))]

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


class BatchNorm(ChannelNorm):
    """Each channel shifted and scaled to the statistics gathered in training, then by two learned numbers.

    Ioffe and Szegedy 2015, as at inference. The count of batches, which PyTorch stores too, is not a buffer here.
    """

    short: ClassVar[str] = "bn"
    own: ClassVar[str] = later(
        "y = (x - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c], with the mean and variance of the channel over "
        "the batch"
    )

    def _checked(self, inputs: Shapes) -> Shape:
        shape = single(inputs)
        if len(shape) == 1:
            message = say("needs a feature map, and its input is the vector {shape}", shape=shape_text(shape))
            raise LayerError(message, code="E303", help=say("use BatchNorm1d"))
        return feature_map(self, inputs)

    @classmethod
    def samples(cls) -> list[Sample]:
        """With and without learned numbers and stored statistics."""
        image = (3, 5, 4, 2)[: cls.axes + 1]
        uses: list[dict[str, object]] = [{}, {"num_features": 3, "eps": 0.001}, {"affine": False}]
        return [Sample(use, (image,)) for use in [*uses, {"track_running_stats": False}]]


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
class InstanceNorm(ChannelNorm):
    """Each channel shifted and scaled to its own mean and variance, at inference too (Ulyanov et al. 2016).

    With `track_running_stats` inference uses the statistics gathered in training, as BatchNorm does.
    """

    affine: bool = argument(Flag(), "whether a learned scale and shift follow", False)
    track_running_stats: bool = argument(
        Flag(), "whether running statistics are stored, and used at inference in place of the input's own", False
    )

    short: ClassVar[str] = "norm"
    own: ClassVar[str] = later(
        "y = (x - mean[c]) / sqrt(var[c] + eps) * weight[c] + bias[c], with the mean and variance of the channel over "
        "all positions"
    )

    def _checked(self, inputs: Shapes) -> Shape:
        shape = feature_map(self, inputs)
        if prod(shape[1:]) == 1 and not self.track_running_stats:
            raise LayerError(
                say("needs more than one position, and its input is {shape}", shape=shape_text(shape)),
                code="E303",
                help=say("one position has no variance; leave it out here, or use GroupNorm"),
            )
        return shape

    @classmethod
    def samples(cls) -> list[Sample]:
        """With and without learned numbers and stored statistics."""
        image = (3, 5, 4, 2)[: cls.axes + 1]
        uses: list[dict[str, object]] = [
            {},
            {"num_features": 3, "eps": 0.01, "affine": True},
            {"affine": True, "track_running_stats": True},
        ]
        return [Sample(use, (image,)) for use in uses]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """A vector, and a single position, which have no variance."""
        return [*super().bad_samples(), BadSample({}, ((3,),), ""), BadSample({}, ((3, 1, 1, 1)[: cls.axes + 1],), "")]


class InstanceNorm1d(InstanceNorm):
    """Of a signal (C, L)."""

    axes: ClassVar[int] = 1


class InstanceNorm2d(InstanceNorm):
    """Of an image (C, H, W)."""

    axes: ClassVar[int] = 2


class InstanceNorm3d(InstanceNorm):
    """Of a volume (C, D, H, W)."""

    axes: ClassVar[int] = 3
