"""Maps read at other places, without weights: Upsample (torch.nn)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, gcd
from typing import ClassVar

from cnncalc.layers.base import BadSample, Layer, LayerError, NoProducts, Parameterless, Rule, Sample, Shapes
from cnncalc.layers.every_rank import different, each_axis, spatial
from cnncalc.layers.geometry import Axis, Relation, Sampling, Whole, Window, Windows
from cnncalc.layers.kinds import Choice, Flag, Several, argument
from cnncalc.layers.windowed import AXIS_NAMES
from cnncalc.text import Shape, later, say, shape_text

MODES = {"nearest": (1, 2, 3), "linear": (1,), "bilinear": (2,), "bicubic": (2,), "trilinear": (3,)}
"""A mode -> on maps of how many spatial axes PyTorch has it."""


FORMULAS = {
    "nearest": later("y[c, o] = x[c, floor(o / f)] along each axis, where there are f times as many positions"),
    "linear": later(
        "y[c, o] = (1 - t) x[c, i] + t x[c, i + 1] along each axis, i + t = (o + 1/2) / f - 1/2, where there are "
        "f times as many positions"
    ),
    "corners": later("y[c, o] = (1 - t) x[c, i] + t x[c, i + 1] along each axis, i + t = o (n - 1) / (n_out - 1)"),
    "bicubic": later("y[c, o] = sum over the four neighbours of its place along each axis, weighted by a cubic"),
}
"""What an output element is, by how it is read."""


@dataclass(frozen=True, kw_only=True)
class Upsample(Parameterless, NoProducts, Layer):
    """Each output position read from the input at the place that corresponds to it (torch.nn.Upsample).

    Weights of interpolation are not learned, so they are not in the MACs. Places are exact fractions; PyTorch's are
    floating-point numbers, which at scales like 49 fall a position short of a border now and then.
    """

    size: tuple[int, ...] | None = argument(Several(optional=True, most=3), "size of the output", None)
    scale_factor: tuple[float, ...] | None = argument(
        Several(0, optional=True, most=3, fractions=True),
        "in place of size: how many times the input's, rounded down",
        None,
    )
    mode: str = argument(Choice(tuple(MODES)), "how a place between input positions is read", "nearest")
    align_corners: bool = argument(
        Flag(), "whether the first and last positions of input and output coincide, not their outer edges", False
    )
    recompute_scale_factor: bool = argument(
        Flag(), "whether places follow from the rounded size, not from scale_factor", False
    )

    short: ClassVar[str] = "up"
    formula: ClassVar[str] = FORMULAS["nearest"]

    @property
    def definition(self) -> str:
        """The formula of the mode."""
        read = self.mode if self.mode in FORMULAS else "corners" if self.align_corners else "linear"
        return say(FORMULAS[read])

    def output_shape(self, inputs: Shapes) -> Shape:
        """The channels; the sizes as given, or floor(n * scale_factor) in double precision, PyTorch's rule."""
        shape = spatial(inputs)
        self._check(len(shape) - 1)
        if self.size is not None:
            return (shape[0], *each_axis(self.size, shape, "size"))
        factors = each_axis(self.scale_factor or (), shape, "scale_factor")
        sizes = tuple(floor(n * factor) for n, factor in zip(shape[1:], factors, strict=True))
        if min(sizes) < 1:
            message = say("nothing is left of {shape} at a scale_factor below 1", shape=shape_text(shape))
            raise LayerError(message, field="scale_factor", code="E316")
        return (shape[0], *sizes)

    def _check(self, axes: int) -> None:
        """Raise LayerError for arguments that do not go together."""
        if (self.size is None) == (self.scale_factor is None):
            message = (
                say("Upsample needs size or scale_factor")
                if self.size is None
                else say("size and scale_factor are both written, and each says how large the output is")
            )
            raise LayerError(message, field="size", code="E316", help=say("write one of them"))
        if axes not in MODES[self.mode]:
            known = ", ".join(mode for mode, of in MODES.items() if axes in of)
            raise LayerError(
                say("mode {mode} is not for a map with {axes} spatial axes", mode=self.mode, axes=axes),
                field="mode",
                code="E316",
                help=say("one of {words}", words=known),
            )
        if self.align_corners and self.mode == "nearest":
            message = say("align_corners needs a mode that interpolates, and the mode is nearest")
            raise LayerError(message, field="align_corners", code="E316")
        if self.recompute_scale_factor and self.size is not None:
            message = say("recompute_scale_factor needs scale_factor, and size is written")
            raise LayerError(message, field="recompute_scale_factor", code="E316")

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """Where each output position reads, an axis."""
        shape = inputs[0]
        if self.scale_factor is None or self.recompute_scale_factor:
            ratios = list(zip(shape[1:], output[1:], strict=True))
        else:
            ratios = [_inverse(factor) for factor in each_axis(self.scale_factor, shape, "scale_factor")]
        axes = zip(shape[1:], output[1:], ratios, strict=True)
        return [Windows(tuple(self._places(size, count, *ratio) for size, count, ratio in axes))]

    def _places(self, size: int, count: int, numerator: int, denominator: int) -> Axis:
        """Return where `count` outputs lie on an axis of `size`, `numerator / denominator` apart."""
        if size == 1:
            return Whole(1)
        if self.mode == "nearest":
            return Sampling(size, *_lowest(numerator, 0, denominator))
        between = (1, 2) if self.mode == "bicubic" else (0, 1)
        if not self.align_corners:
            # the place is (o + 1/2) ratio - 1/2, counted from the middle of the first position
            return Sampling(size, *_lowest(2 * numerator, numerator - denominator, 2 * denominator), *between)
        if count == 1:
            return Window(after=1 - size)
        return Sampling(size, *_lowest(size - 1, 0, count - 1), *between)

    def shape_rules(self, inputs: Shapes, output: Shape) -> list[Rule]:
        """The size asked for, or the input's times the factor."""
        shape = inputs[0]
        names = AXIS_NAMES[len(shape) - 1]
        if self.size is not None:
            rules = [Rule(f"{name}_out", "size", str(n), n) for name, n in zip(names, output[1:], strict=True)]
        else:
            axes = zip(names, shape[1:], each_axis(self.scale_factor or (), shape, "scale_factor"), strict=True)
            rules = [
                Rule(
                    f"{name}_out",
                    f"floor({name} scale_factor)",
                    f"floor({n}*{factor})",
                    floor(n * factor),
                    _short_of(n, factor),
                )
                for name, n, factor in axes
            ]
        return different(rules)

    @classmethod
    def samples(cls) -> list[Sample]:
        """Each mode, sizes and factors that divide and that do not, also below 1, on each kind of map."""
        image, signal, volume = (3, 5, 4), (2, 7), (2, 3, 4, 2)
        uses: list[tuple[dict[str, object], Shape]] = [
            ({"scale_factor": 2}, image),
            ({"scale_factor": [1.5, 2.6]}, image),
            ({"scale_factor": 0.6}, (2, 9, 8)),
            ({"scale_factor": 1.5, "recompute_scale_factor": True}, image),
            ({"size": [7, 9]}, image),
            ({"size": 3}, signal),
            ({"scale_factor": 3}, signal),
            ({"scale_factor": 2}, volume),
            ({"scale_factor": 2, "mode": "linear"}, signal),
            ({"scale_factor": 3, "mode": "linear"}, signal),
            ({"size": 10, "mode": "linear", "align_corners": True}, signal),
            ({"size": 1, "mode": "linear", "align_corners": True}, signal),
            ({"scale_factor": 2, "mode": "bilinear"}, image),
            ({"scale_factor": 2, "mode": "bilinear", "align_corners": True}, image),
            ({"scale_factor": [1.7, 0.5], "mode": "bilinear"}, image),
            ({"scale_factor": 1.7, "mode": "bilinear", "recompute_scale_factor": True}, image),
            ({"size": [9, 3], "mode": "bilinear"}, (2, 1, 4)),
            ({"size": [4, 10], "mode": "bilinear", "align_corners": True}, image),
            ({"scale_factor": 2, "mode": "bicubic"}, image),
            ({"size": [8, 3], "mode": "bicubic", "align_corners": True}, image),
            ({"scale_factor": 2, "mode": "trilinear"}, volume),
            ({"size": [2, 5, 6], "mode": "trilinear", "align_corners": True}, volume),
        ]
        return [Sample(arguments, (shape,)) for arguments, shape in uses]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """What PyTorch refuses too."""
        image = (3, 5, 4)
        return [
            BadSample({}, (image,), "size"),
            BadSample({"size": 8, "scale_factor": 2}, (image,), "size"),
            BadSample({"size": [8, 8, 8]}, (image,), "size"),
            BadSample({"size": 0}, (image,), "size"),
            BadSample({"scale_factor": 0}, (image,), "scale_factor"),
            BadSample({"scale_factor": [2, 2, 2]}, (image,), "scale_factor"),
            BadSample({"scale_factor": 0.2}, (image,), "scale_factor"),
            BadSample({"scale_factor": 2, "mode": "linear"}, (image,), "mode"),
            BadSample({"scale_factor": 2, "mode": "area"}, (image,), "mode"),
            BadSample({"scale_factor": 2, "align_corners": True}, (image,), "align_corners"),
            BadSample({"size": 2, "recompute_scale_factor": True}, (image,), "recompute_scale_factor"),
            BadSample({"scale_factor": 2}, ((16,),), ""),
        ]


def _short_of(size: int, factor: float) -> str:
    """Return a note where the product in double precision, as PyTorch takes it, falls short of a whole number."""
    numerator, denominator = _inverse(factor)
    if size * denominator // numerator == floor(size * factor):
        return ""
    return say("in floating point the product is {product}", product=repr(size * factor))


def _inverse(factor: float) -> tuple[int, int]:
    """Return 1 / factor as numerator and denominator, of the decimal number as it was written."""
    digits, _, exponent = repr(factor).partition("e")
    whole, _, part = digits.partition(".")
    power = int(exponent or 0) - len(part)
    return (10**-power, int(whole + part)) if power < 0 else (1, int(whole + part) * 10**power)


def _lowest(step: int, shift: int, parts: int) -> tuple[int, int, int]:
    """Return the numbers of a place in lowest terms."""
    common = gcd(step, shift, parts)
    return step // common, shift // common, parts // common
