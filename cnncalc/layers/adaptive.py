"""Pooling to a given size: AdaptiveAvgPoolNd, AdaptiveMaxPoolNd (torch.nn), and global pooling, which is size 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnncalc.layers.base import BadSample, Layer, NoProducts, Parameterless, Rule, Sample, Shapes, feature_map
from cnncalc.layers.geometry import Bins, Relation, Whole, Windows
from cnncalc.layers.kinds import PerAxis, argument
from cnncalc.layers.windowed import AXIS_NAMES
from cnncalc.text import Shape, later


class BinPool(Parameterless, NoProducts, Layer):
    """Each axis is cut into bins: bin i covers floor(i n / out) to ceil((i + 1) n / out) - 1, so bins may overlap."""

    short: ClassVar[str] = "pool"

    def counts(self, shape: Shape) -> Shape:
        """Return how many bins each spatial axis gets."""
        return (1,) * (len(shape) - 1)

    def output_shape(self, inputs: Shapes) -> Shape:
        """The channels, and the bins of each axis."""
        shape = feature_map(self, inputs)
        return (shape[0], *self.counts(shape))

    def bins(self, shape: Shape) -> tuple[Bins, ...]:
        """Return the bins of each spatial axis."""
        return tuple(Bins(size, count) for size, count in zip(shape[1:], self.counts(shape), strict=True))

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """A window where the bins are alike, the whole axis where there is one."""
        axes = [bins.window() or bins if bins.bins > 1 else Whole(bins.size) for bins in self.bins(inputs[0])]
        return [Windows(tuple(axes))]

    def shape_rules(self, inputs: Shapes, output: Shape) -> list[Rule]:
        """The size asked for."""
        names = AXIS_NAMES[self.axes]
        return [
            Rule(f"{name}_out", "output_size", str(count), count) for name, count in zip(names, output[1:], strict=True)
        ]

    @classmethod
    def samples(cls) -> list[Sample]:
        """A map of uneven sizes, and a map of one position."""
        return [Sample({}, ((3, 9, 8, 7)[: cls.axes + 1],)), Sample({}, ((3, 1, 1, 1)[: cls.axes + 1],))]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """A vector has nothing to pool."""
        return [BadSample({}, ((16,),), "")]


@dataclass(frozen=True, kw_only=True)
class Adaptive(BinPool):
    """Pooling to a size of the user's choice, also one larger than the input."""

    output_size: tuple[int | None, ...] = argument(
        PerAxis(gaps=True), "size of the output; null keeps the size of that axis"
    )

    def counts(self, shape: Shape) -> Shape:
        """As given; null keeps the size."""
        return tuple(count or size for count, size in zip(self.output_size, shape[1:], strict=True))

    @classmethod
    def samples(cls) -> list[Sample]:
        """Sizes that divide, that do not, that are larger, and null."""
        image = (3, 9, 8, 7)[: cls.axes + 1]
        sizes: list[object] = [1, 3, 4, 10, [None, 2, 7][: cls.axes]]
        return [Sample({"output_size": size}, (image,)) for size in sizes]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """No size, size 0, a vector."""
        image = (3, 9, 8, 7)[: cls.axes + 1]
        return [
            BadSample({}, (image,), "output_size"),
            BadSample({"output_size": 0}, (image,), "output_size"),
            BadSample({"output_size": 2}, ((16,),), ""),
        ]


class AdaptiveAvg(Adaptive):
    """The mean of each bin."""

    formula: ClassVar[str] = later("y[c, i] = mean of x[c, floor(i n / out) .. ceil((i + 1) n / out) - 1]")


class AdaptiveMax(Adaptive):
    """The largest element of each bin."""

    formula: ClassVar[str] = later("y[c, i] = max of x[c, floor(i n / out) .. ceil((i + 1) n / out) - 1]")


class GlobalAvg(BinPool):
    """The mean of each channel."""

    formula: ClassVar[str] = later("y[c] = mean of x[c]")


class GlobalMax(BinPool):
    """The largest element of each channel."""

    formula: ClassVar[str] = later("y[c] = max of x[c]")


class AdaptiveAvgPool1d(AdaptiveAvg):
    """Of a signal (C, L)."""

    axes: ClassVar[int] = 1


class AdaptiveAvgPool2d(AdaptiveAvg):
    """Of an image (C, H, W)."""

    axes: ClassVar[int] = 2


class AdaptiveAvgPool3d(AdaptiveAvg):
    """Of a volume (C, D, H, W)."""

    axes: ClassVar[int] = 3


class AdaptiveMaxPool1d(AdaptiveMax):
    """Of a signal (C, L)."""

    axes: ClassVar[int] = 1


class AdaptiveMaxPool2d(AdaptiveMax):
    """Of an image (C, H, W)."""

    axes: ClassVar[int] = 2


class AdaptiveMaxPool3d(AdaptiveMax):
    """Of a volume (C, D, H, W)."""

    axes: ClassVar[int] = 3


class GlobalAvgPool1d(GlobalAvg):
    """Of a signal (C, L)."""

    axes: ClassVar[int] = 1


class GlobalAvgPool2d(GlobalAvg):
    """Of an image (C, H, W)."""

    axes: ClassVar[int] = 2


class GlobalAvgPool3d(GlobalAvg):
    """Of a volume (C, D, H, W)."""

    axes: ClassVar[int] = 3


class GlobalMaxPool1d(GlobalMax):
    """Of a signal (C, L)."""

    axes: ClassVar[int] = 1


class GlobalMaxPool2d(GlobalMax):
    """Of an image (C, H, W)."""

    axes: ClassVar[int] = 2


class GlobalMaxPool3d(GlobalMax):
    """Of a volume (C, D, H, W)."""

    axes: ClassVar[int] = 3
