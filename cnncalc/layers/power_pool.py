"""Pooling by a norm over sliding windows: LPPoolNd (torch.nn)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cnncalc.layers.base import BadSample, LayerError, Sample, Shapes
from cnncalc.layers.kinds import Flag, PerAxis, Real, Sizes, argument
from cnncalc.layers.pool import Pool
from cnncalc.text import Shape, later, say


@dataclass(frozen=True, kw_only=True)
class LPPool(Pool):
    """The p-norm of each window (Gulcehre et al. 2014), as torch.nn.LPPool2d computes it, without padding.

    Where ceil_mode lets a window hang over the end, PyTorch scales the sum of the elements there are up to a whole
    window. Of a negative sum under an odd or broken p there is no root: NaN, as in PyTorch.
    """

    norm_type: float = argument(Real(), "the power p; 1 sums, 2 is the Euclidean norm")
    kernel_size: Sizes = argument(PerAxis(), "size of the window")
    stride: Sizes | None = argument(PerAxis(optional=True), "step between windows; kernel_size where left out", None)
    ceil_mode: bool = argument(Flag(), "whether a last window may hang over the end", False)

    formula: ClassVar[str] = later("y[c, i] = (sum over t of x[c, i*stride + t] ^ p) ^ (1/p), p = norm_type")

    def output_shape(self, inputs: Shapes) -> Shape:
        """The window rule without padding."""
        if self.norm_type == 0:
            raise LayerError(say("norm_type is 0, and there is no root of order 0"), field="norm_type", code="E301")
        return super().output_shape(inputs)

    @classmethod
    def samples(cls) -> list[Sample]:
        """Sums, norms of two and of a broken power; strides; ceil_mode with windows that hang over."""
        image = (3, 9, 8, 7)[: cls.axes + 1]
        uses: list[dict[str, object]] = [
            {"norm_type": 2, "kernel_size": 2},
            {"norm_type": 1, "kernel_size": 3, "stride": 2},
            {"norm_type": 4, "kernel_size": [3, 2, 2][: cls.axes], "stride": [2, 1, 3][: cls.axes]},
            {"norm_type": 2, "kernel_size": 2, "ceil_mode": True},
        ]
        return [Sample(arguments, (image,)) for arguments in uses]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """No power, a power of 0, a kernel that does not fit, padding, which it has none of."""
        image = (3, 9, 8, 7)[: cls.axes + 1]
        return [
            BadSample({"kernel_size": 2}, (image,), "norm_type"),
            BadSample({"norm_type": 0, "kernel_size": 2}, (image,), "norm_type"),
            BadSample({"norm_type": 2, "kernel_size": 10}, (image,), "kernel_size"),
            BadSample({"norm_type": 2, "kernel_size": 2, "padding": 1}, (image,), "padding"),
            BadSample({"norm_type": 2, "kernel_size": 2}, ((16,),), ""),
        ]


class LPPool1d(LPPool):
    """Of a signal (C, L)."""

    axes: ClassVar[int] = 1
    padding = ((0, 0),)


class LPPool2d(LPPool):
    """Of an image (C, H, W)."""

    axes: ClassVar[int] = 2
    padding = ((0, 0),) * 2


class LPPool3d(LPPool):
    """Of a volume (C, D, H, W)."""

    axes: ClassVar[int] = 3
    padding = ((0, 0),) * 3
