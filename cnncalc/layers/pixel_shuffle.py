"""Channels laid out as positions, and positions as channels: PixelShuffle and PixelUnshuffle (torch.nn)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnncalc.layers.base import BadSample, Layer, LayerError, NoProducts, Parameterless, Rule, Sample, Shapes, single
from cnncalc.layers.geometry import Relation, Sampling, Window, Windows
from cnncalc.layers.kinds import Count, argument
from cnncalc.text import Shape, later, say, shape_text


@dataclass(frozen=True, kw_only=True)
class PixelShuffle(Parameterless, NoProducts, Layer):
    """Channels laid out as a finer grid, upscale_factor^2 of them for each that is left (Shi et al. 2016)."""

    upscale_factor: int = argument(Count(), "how many times higher and wider the output is")

    short: ClassVar[str] = "pixelshuffle"
    formula: ClassVar[str] = later("y[c, i*r + a, j*r + b] = x[c*r*r + a*r + b, i, j], r the upscale_factor")

    def output_shape(self, inputs: Shapes) -> Shape:
        """(C / r^2, H r, W r)."""
        shape = _image(inputs)
        factor = self.upscale_factor
        if shape[0] % factor**2:
            raise LayerError(
                say(
                    "the {channels} channels must be divisible by upscale_factor squared ({square})",
                    channels=shape[0],
                    square=factor**2,
                ),
                field="upscale_factor",
                code="E316",
            )
        return (shape[0] // factor**2, shape[1] * factor, shape[2] * factor)

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """Each position sees the one that its square was laid out from."""
        factor = self.upscale_factor
        return [Windows(tuple(Sampling(size, 1, 0, factor) if factor > 1 else Window() for size in inputs[0][1:]))]

    def shape_rules(self, inputs: Shapes, output: Shape) -> list[Rule]:
        """Each size."""
        factor = self.upscale_factor
        channels, height, width = inputs[0]
        return [
            Rule("C_out", "C_in / upscale_factor^2", f"{channels} / ({factor}*{factor})", output[0]),
            Rule("H_out", "H upscale_factor", f"{height}*{factor}", output[1]),
            Rule("W_out", "W upscale_factor", f"{width}*{factor}", output[2]),
        ]

    @classmethod
    def samples(cls) -> list[Sample]:
        """Two factors, and none."""
        return [
            Sample({"upscale_factor": 2}, ((8, 3, 4),)),
            Sample({"upscale_factor": 3}, ((9, 2, 3),)),
            Sample({"upscale_factor": 1}, ((2, 2, 3),)),
        ]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """Channels that do not divide, a signal."""
        return [
            BadSample({"upscale_factor": 2}, ((6, 3, 4),), "upscale_factor"),
            BadSample({"upscale_factor": 0}, ((8, 3, 4),), "upscale_factor"),
            BadSample({}, ((8, 3, 4),), "upscale_factor"),
            BadSample({"upscale_factor": 2}, ((8, 3),), ""),
        ]


@dataclass(frozen=True, kw_only=True)
class PixelUnshuffle(Parameterless, NoProducts, Layer):
    """Each square of positions laid out as channels: PixelShuffle undone."""

    downscale_factor: int = argument(Count(), "the side of a square")

    short: ClassVar[str] = "pixelunshuffle"
    formula: ClassVar[str] = later("y[c*r*r + a*r + b, i, j] = x[c, i*r + a, j*r + b], r the downscale_factor")

    def output_shape(self, inputs: Shapes) -> Shape:
        """(C r^2, H / r, W / r)."""
        shape = _image(inputs)
        factor = self.downscale_factor
        if shape[1] % factor or shape[2] % factor:
            raise LayerError(
                say(
                    "the sizes {sizes} must be divisible by downscale_factor ({factor})",
                    sizes=shape_text(shape[1:]),
                    factor=factor,
                ),
                field="downscale_factor",
                code="E316",
            )
        return (shape[0] * factor**2, shape[1] // factor, shape[2] // factor)

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """The channels of a position together see its square."""
        return [Windows((Window(self.downscale_factor, self.downscale_factor),) * 2)]

    def shape_rules(self, inputs: Shapes, output: Shape) -> list[Rule]:
        """Each size."""
        factor = self.downscale_factor
        channels, height, width = inputs[0]
        return [
            Rule("C_out", "C_in downscale_factor^2", f"{channels}*{factor}*{factor}", output[0]),
            Rule("H_out", "H / downscale_factor", f"{height} / {factor}", output[1]),
            Rule("W_out", "W / downscale_factor", f"{width} / {factor}", output[2]),
        ]

    @classmethod
    def samples(cls) -> list[Sample]:
        """Two factors, and none."""
        return [
            Sample({"downscale_factor": 2}, ((2, 6, 4),)),
            Sample({"downscale_factor": 3}, ((1, 3, 6),)),
            Sample({"downscale_factor": 1}, ((2, 2, 3),)),
        ]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """Sizes that do not divide, a signal."""
        return [
            BadSample({"downscale_factor": 2}, ((2, 5, 4),), "downscale_factor"),
            BadSample({"downscale_factor": 0}, ((2, 6, 4),), "downscale_factor"),
            BadSample({"downscale_factor": 2}, ((8, 4),), ""),
        ]


def _image(inputs: Shapes) -> Shape:
    shape = single(inputs)
    if len(shape) != 3:
        message = say(
            "needs a 2-d feature map (channels x height x width), and its input is {shape}", shape=shape_text(shape)
        )
        raise LayerError(message, code="E303")
    return shape
