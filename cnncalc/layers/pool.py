"""Pooling over sliding windows: MaxPoolNd and AvgPoolNd (torch.nn), with ceil_mode and one-sided padding."""

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
    Rule,
    Sample,
    Shapes,
    feature_map,
)
from cnncalc.layers.geometry import Relation, Window, Windows
from cnncalc.layers.kinds import Count, Flag, Padding, PaddingPairs, PerAxis, Sizes, argument
from cnncalc.layers.windowed import size_rules, sliding
from cnncalc.text import Shape, later, say


class Pool(Parameterless, NoProducts, Layer):
    """One number for each window of each channel."""

    kernel_size: Sizes
    stride: Sizes | None
    padding: Padding
    ceil_mode: bool

    short: ClassVar[str] = "pool"

    @property
    def dilations(self) -> Sizes:
        """Step between the taps of the window, an axis."""
        return (1,) * self.axes

    @property
    def strides(self) -> Sizes:
        """Step between windows, an axis."""
        return self.stride or self.kernel_size

    def output_shape(self, inputs: Shapes) -> Shape:
        """(C, floor or ceil of (n + padding - dilation (kernel - 1) - 1) / stride, + 1, ...), PyTorch's rule."""
        shape = feature_map(self, inputs)
        windows = self.sliding(shape)
        for window in windows:
            if max(window.before, window.after) > window.kernel // 2:
                raise LayerError(
                    say(
                        "padding {padding} is over half the kernel {kernel}",
                        padding=max(window.before, window.after),
                        kernel=window.kernel,
                    ),
                    field="padding",
                    code="E308",
                    help=say(
                        "padding {most} or less; pad with ZeroPad2d before it if zeros are meant",
                        most=window.kernel // 2,
                    ),
                )
        return (shape[0], *(w.output_size(n, self.ceil_mode) for w, n in zip(windows, shape[1:], strict=True)))

    def sliding(self, shape: Shape) -> tuple[Window, ...]:
        """Return the window of each axis for an input of `shape`."""
        return sliding(
            shape[1:], self.kernel_size, self.strides, self.dilations, self.padding, ceil_mode=self.ceil_mode
        )

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """The window, sliding; padding and overhang hold nothing."""
        return [Windows(self.sliding(inputs[0]))]

    def shape_rules(self, inputs: Shapes, output: Shape) -> list[Rule]:
        """The window rule, an axis."""
        return size_rules(inputs[0][1:], self.sliding(inputs[0]), output, ceil_mode=self.ceil_mode)


@dataclass(frozen=True, kw_only=True)
class PaddedPool(Pool):
    """Pooling whose windows may start in padding."""

    kernel_size: Sizes = argument(PerAxis(), "size of the window")
    stride: Sizes | None = argument(PerAxis(optional=True), "step between windows; kernel_size where left out", None)
    padding: Padding = argument(PaddingPairs(), "padding on each side, at most half the kernel", 0)
    ceil_mode: bool = argument(Flag(), "whether a last window may hang over the end", False)

    @classmethod
    def samples(cls) -> list[Sample]:
        """Every argument; ceil_mode with windows that hang over, and one that is left out."""
        image = (3, 9, 8, 7)[: cls.axes + 1]
        uses: list[dict[str, object]] = [
            {"kernel_size": 2},
            {"kernel_size": 3, "stride": 2, "padding": 1},
            {"kernel_size": 2, "ceil_mode": True},
            {"kernel_size": 3, "stride": 3, "padding": 1, "ceil_mode": True},
            {"kernel_size": [3, 2, 2][: cls.axes], "stride": [2, 1, 3][: cls.axes]},
            {"kernel_size": 3, "stride": 2, "padding": [[0, 1], [1, 0], [1, 1]][: cls.axes]},
            {"kernel_size": 2, "stride": 2, "padding": "same_upper"},
        ]
        edges = [(9, 4, 4, 2), (5, 2, 2, 1), (32, 1, 2, 0)]  # size, kernel, stride, padding
        ceil = [
            Sample({"kernel_size": k, "stride": s, "padding": p, "ceil_mode": True}, ((1, *(n,) * cls.axes),))
            for n, k, s, p in edges
        ]
        return [Sample(arguments, (image,)) for arguments in uses] + ceil

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """What PyTorch refuses too."""
        image = (3, 9, 8, 7)[: cls.axes + 1]
        return [
            BadSample({}, (image,), "kernel_size"),
            BadSample({"kernel_size": 3, "stride": 0}, (image,), "stride"),
            BadSample({"kernel_size": 3, "padding": 2}, (image,), "padding"),
            BadSample({"kernel_size": 10}, (image,), "kernel_size"),
            BadSample({"kernel_size": 2, "ceil_mode": 1}, (image,), "ceil_mode"),
            BadSample({"kernel_size": 2}, ((16,),), ""),
        ]


@dataclass(frozen=True, kw_only=True)
class MaxPool(PaddedPool):
    """The largest element of each window. Padding counts as minus infinity."""

    dilation: Sizes = argument(PerAxis(), "step between the taps of the window", 1)

    formula: ClassVar[str] = later("y[c, p] = max over t of x[c, p*stride - padding + t*dilation]")

    @property
    def dilations(self) -> Sizes:
        """As given."""
        return self.dilation

    @classmethod
    def samples(cls) -> list[Sample]:
        """With dilation too, and with all at once: padding is at most half the kernel, dilated or not."""
        image = (3, 9, 8, 7)[: cls.axes + 1]
        dilations = [1, 2, 3][: cls.axes]
        return [
            *super().samples(),
            Sample({"kernel_size": 2, "stride": 1, "dilation": 3}, (image,)),
            Sample({"kernel_size": 3, "stride": 2, "padding": 1, "dilation": dilations, "ceil_mode": True}, (image,)),
        ]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """A dilated kernel that does not fit, padding over half of it, no dilation."""
        image = (3, 9, 8, 7)[: cls.axes + 1]
        return [
            *super().bad_samples(),
            BadSample({"kernel_size": 3, "dilation": 5}, (image,), "kernel_size"),
            BadSample({"kernel_size": 2, "dilation": 3, "padding": 2}, (image,), "padding"),
            BadSample({"kernel_size": 2, "dilation": 0}, (image,), "dilation"),
        ]


@dataclass(frozen=True, kw_only=True)
class AvgPool(PaddedPool):
    """The mean of each window. The divisor counts padding unless told otherwise, never the overhang of ceil_mode."""

    count_include_pad: bool = argument(Flag(), "whether padded zeros count in the divisor", True)

    formula: ClassVar[str] = later("y[c, p] = (sum over t of x[c, p*stride - padding + t]) / divisor")

    @property
    def divisor(self) -> int | None:
        """A divisor given by hand, or None."""
        return None

    @classmethod
    def samples(cls) -> list[Sample]:
        """With and without the padding in the divisor."""
        image = (3, 9, 8, 7)[: cls.axes + 1]
        use = {"kernel_size": 3, "stride": 2, "padding": 1, "count_include_pad": False}
        return [*super().samples(), Sample(use, (image,)), Sample({**use, "ceil_mode": True}, (image,))]


@dataclass(frozen=True, kw_only=True)
class DivisorAvgPool(AvgPool):
    """Average pooling whose divisor can be set, which PyTorch has for images and volumes."""

    divisor_override: int | None = argument(Count(optional=True), "a divisor instead of the window's size", None)

    @property
    def divisor(self) -> int | None:
        """As given."""
        return self.divisor_override

    @classmethod
    def samples(cls) -> list[Sample]:
        """With a divisor of its own."""
        image = (3, 9, 8, 7)[: cls.axes + 1]
        use = {"kernel_size": 3, "stride": 2, "padding": 1, "divisor_override": 2}
        return [*super().samples(), Sample(use, (image,))]


class MaxPool1d(MaxPool):
    """Of a signal (C, L)."""

    axes: ClassVar[int] = 1


class MaxPool2d(MaxPool):
    """Of an image (C, H, W)."""

    axes: ClassVar[int] = 2


class MaxPool3d(MaxPool):
    """Of a volume (C, D, H, W)."""

    axes: ClassVar[int] = 3


class AvgPool1d(AvgPool):
    """Of a signal (C, L)."""

    axes: ClassVar[int] = 1


class AvgPool2d(DivisorAvgPool):
    """Of an image (C, H, W)."""

    axes: ClassVar[int] = 2


class AvgPool3d(DivisorAvgPool):
    """Of a volume (C, D, H, W)."""

    axes: ClassVar[int] = 3
