"""Normalisation by an input's own statistics: GroupNorm, LayerNorm (torch.nn), LayerNorm2d (torchvision); LayerScale.

The mean and variance are those of one input, at inference too, so every position that they are taken over is seen. The
receptive field says so; the field without gates, which papers quote, leaves it out (see Windows.statistics).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnncalc.layers.base import (
    NEEDED_MAPS,
    BadSample,
    Layer,
    LayerError,
    NoProducts,
    Parameters,
    Rule,
    SameShape,
    Sample,
    Shapes,
    inferred,
    single,
)
from cnncalc.layers.geometry import Relation
from cnncalc.layers.kinds import Count, Flag, Real, Several, argument
from cnncalc.layers.norm import Normalisation, own_statistics
from cnncalc.text import Shape, later, say, shape_text


@dataclass(frozen=True, kw_only=True)
class GroupNorm(Normalisation):
    """Each group of channels shifted and scaled to its own mean and variance, then each channel by learned numbers.

    Wu and He 2018. One group is layer normalisation over the whole map; as many as channels, instance normalisation.
    """

    num_groups: int = argument(Count(), "how many groups the channels are in")
    num_channels: int | None = argument(Count(), "channels of the input; inferred, checked where written", None)
    eps: float = argument(Real(minimum=0), "added to the variance", 1e-5)
    affine: bool = argument(Flag(), "whether a learned scale and shift follow", True)

    short: ClassVar[str] = "gn"
    formula: ClassVar[str] = later(
        "y = (x - mean[g]) / sqrt(var[g] + eps) * weight[c] + bias[c], with the mean and variance of group g of "
        "C/num_groups channels, over all positions"
    )

    def output_shape(self, inputs: Shapes) -> Shape:
        """The input's."""
        shape = single(inputs)
        channels = inferred("num_channels", self.num_channels, shape[0], shape)
        if channels % self.num_groups:
            raise LayerError(
                say(
                    "channels (={channels}) must be divisible by num_groups (={groups})",
                    channels=channels,
                    groups=self.num_groups,
                ),
                field="num_groups",
                code="E306",
            )
        return shape

    @property
    def scaled(self) -> bool:
        """As `affine` says."""
        return self.affine

    def learned(self, shape: Shape) -> Shape:
        """One a channel."""
        return shape[:1]

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """Through the statistics, each position sees all of its group."""
        return [own_statistics(output, range(len(output)), self.num_groups)]

    @classmethod
    def samples(cls) -> list[Sample]:
        """One group, several, a group a channel; every rank; without learned numbers."""
        return [
            Sample({"num_groups": 1}, ((6, 3, 4),)),
            Sample({"num_groups": 3, "num_channels": 6, "eps": 0.01}, ((6, 3, 4),)),
            Sample({"num_groups": 6, "affine": False}, ((6, 3, 4),)),
            Sample({"num_groups": 2}, ((4, 7),)),
            Sample({"num_groups": 2}, ((4, 2, 3, 2),)),
            Sample({"num_groups": 1}, ((6,),)),
            Sample({"num_groups": 3}, ((6,),)),
        ]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """No groups, groups that do not divide, a wrong channel count."""
        return [
            BadSample({}, ((6, 3, 4),), "num_groups"),
            BadSample({"num_groups": 4}, ((6, 3, 4),), "num_groups"),
            BadSample({"num_groups": 2, "num_channels": 4}, ((6, 3, 4),), "num_channels"),
        ]


@dataclass(frozen=True, kw_only=True)
class LayerNorm(Normalisation):
    """The last axes together shifted and scaled to their own mean and variance, then each element by learned numbers.

    Ba, Kiros and Hinton 2016. Without `normalized_shape`, all axes but the batch.
    """

    normalized_shape: Shape | None = argument(
        Several(optional=True), "sizes of the last axes, which are normalised together; all where left out", None
    )
    eps: float = argument(Real(minimum=0), "added to the variance", 1e-5)
    elementwise_affine: bool = argument(Flag(), "whether a learned scale and shift follow", True)
    bias: bool = argument(Flag(), "whether the shift is learned too", True)

    short: ClassVar[str] = "ln"
    formula: ClassVar[str] = later(
        "y[i] = (x[i] - mean) / sqrt(var + eps) * weight[i] + bias[i], with the mean and variance over all i of the "
        "last axes"
    )

    def output_shape(self, inputs: Shapes) -> Shape:
        """The input's, which must end in normalized_shape."""
        shape = single(inputs)
        sizes = self.normalized_shape or shape
        if shape[-len(sizes) :] != sizes:
            raise LayerError(
                say(
                    "normalized_shape is {sizes}, and the input {shape} does not end in it",
                    sizes=shape_text(sizes),
                    shape=shape_text(shape),
                ),
                field="normalized_shape",
                code="E304",
                help=say(
                    "the last axes are {sizes}; leave it out for all of {shape}, or use LayerNorm2d to normalise over "
                    "the channels at each position",
                    sizes=shape_text(shape[-len(sizes) :]),
                    shape=shape_text(shape),
                ),
            )
        return shape

    @property
    def scaled(self) -> bool:
        """As `elementwise_affine` says."""
        return self.elementwise_affine

    def learned(self, shape: Shape) -> Shape:
        """One an element of the axes normalised together."""
        return self.normalized_shape or shape

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """Through the statistics, each position sees all along the axes normalised together."""
        return [own_statistics(output, range(len(output) - len(self.learned(output)), len(output)))]

    @classmethod
    def samples(cls) -> list[Sample]:
        """Over all axes, over the last ones, without learned numbers, without a shift."""
        return [
            Sample({}, ((3, 4, 5),)),
            Sample({"normalized_shape": [4, 5], "eps": 0.01}, ((3, 4, 5),)),
            Sample({"normalized_shape": 5, "elementwise_affine": False}, ((3, 4, 5),)),
            Sample({"normalized_shape": [3, 4, 5], "bias": False}, ((3, 4, 5),)),
            Sample({}, ((6,),)),
        ]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """Other sizes, the first axes, more axes than there are, none."""
        return [
            BadSample({"normalized_shape": 4}, ((3, 4, 5),), "normalized_shape"),
            BadSample({"normalized_shape": [3, 4]}, ((3, 4, 5),), "normalized_shape"),
            BadSample({"normalized_shape": [2, 3, 4, 5]}, ((3, 4, 5),), "normalized_shape"),
            BadSample({"normalized_shape": []}, ((3, 4, 5),), "normalized_shape"),
        ]


@dataclass(frozen=True, kw_only=True)
class LayerNorm2d(Normalisation):
    """At each position of an image, the channels shifted and scaled to their own mean and variance.

    The channels-first layer normalisation of ConvNeXt (Liu et al. 2022), by torchvision's name. A position sees itself.
    """

    normalized_shape: int | None = argument(Count(), "channels of the input; inferred, checked where written", None)
    eps: float = argument(Real(minimum=0), "added to the variance", 1e-5)
    elementwise_affine: bool = argument(Flag(), "whether a learned scale and shift follow", True)
    bias: bool = argument(Flag(), "whether the shift is learned too", True)

    axes: ClassVar[int] = 2
    short: ClassVar[str] = "ln"
    formula: ClassVar[str] = later(
        "y = (x - mean[p]) / sqrt(var[p] + eps) * weight[c] + bias[c], with the mean and variance over the channels at "
        "position p"
    )

    def output_shape(self, inputs: Shapes) -> Shape:
        """The input's."""
        shape = single(inputs)
        if len(shape) != 3:
            help = say("use LayerNorm, which normalises over the last axes, or GroupNorm with one group")
            raise LayerError(say(NEEDED_MAPS[2], shape=shape_text(shape)), code="E303", help=help)
        inferred("normalized_shape", self.normalized_shape, shape[0], shape)
        return shape

    @property
    def scaled(self) -> bool:
        """As `elementwise_affine` says."""
        return self.elementwise_affine

    def learned(self, shape: Shape) -> Shape:
        """One a channel."""
        return shape[:1]

    @classmethod
    def samples(cls) -> list[Sample]:
        """With and without learned numbers."""
        uses: list[dict[str, object]] = [{}, {"normalized_shape": 3, "eps": 1e-6}, {"elementwise_affine": False}]
        return [Sample(use, ((3, 4, 5),)) for use in [*uses, {"bias": False}]]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """A wrong channel count, a vector."""
        return [BadSample({"normalized_shape": 4}, ((3, 4, 5),), "normalized_shape"), BadSample({}, ((6,),), "")]


@dataclass(frozen=True, kw_only=True)
class LayerScale(SameShape, NoProducts, Layer):
    """Each channel times a learned factor (Touvron et al. 2021, section 2.2; in ConvNeXt's blocks).

    The factor multiplies a map that is already computed, and is counted no more than BatchNorm's.
    """

    init_value: float = argument(Real(), "the factors at the start of training", 1e-6)

    short: ClassVar[str] = "scale"
    formula: ClassVar[str] = later("y = x * weight[c]")

    def parameters(self, inputs: Shapes) -> Parameters:
        """`weight`, one a channel."""
        return {"weight": inputs[0][:1]}

    def buffers(self, inputs: Shapes) -> Parameters:
        """None."""
        return {}

    def parameter_rule(self, inputs: Shapes) -> Rule:
        """A factor a channel."""
        channels = inputs[0][0]
        return Rule(say("params"), "C", str(channels), channels)

    @classmethod
    def samples(cls) -> list[Sample]:
        """A vector, and maps of every rank."""
        shapes: list[Shape] = [(6,), (3, 5), (3, 4, 5), (2, 3, 4, 2)]
        return [Sample({"init_value": 1}, (shape,)) for shape in shapes]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """Two inputs."""
        return [BadSample({}, ((3, 4), (3, 4)), "from")]
