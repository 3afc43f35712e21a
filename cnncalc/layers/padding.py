"""Padding as a layer: ZeroPad, ConstantPad, ReflectionPad, ReplicationPad and CircularPad (torch.nn).

`padding` is PyTorch's: one number, or two an axis, the last axis first. Negative numbers crop.
"""

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
    create,
    feature_map,
)
from cnncalc.layers.geometry import Relation, Window, Windows
from cnncalc.layers.kinds import Real, Sides, Sizes, argument
from cnncalc.layers.windowed import AXIS_NAMES
from cnncalc.text import Shape, later, say, shape_text

SIDES = {1: ("left", "right"), 2: ("top", "bottom"), 3: ("front", "back")}
"""What the sides of an axis are called, by the number of the axis from the last."""


@dataclass(frozen=True, kw_only=True)
class Pad(Parameterless, NoProducts, Layer):
    """A map with a border round it; what the border holds is the type's `mode`."""

    padding: Sizes = argument(Sides(), "one number, or two an axis, the last axis first: [left, right, top, bottom]")

    short: ClassVar[str] = "pad"
    mode: ClassVar[str] = "zeros"
    """What the border holds, by the words of a convolution's padding_mode."""
    room: ClassVar[int | None] = None
    """By how much a border may be wider than the input; None where it may be as wide as one likes."""

    @property
    def fill(self) -> float:
        """What a border that shows no data is filled with."""
        return 0.0

    @property
    def sides(self) -> tuple[tuple[int, int], ...]:
        """(before, after) an axis, the first axis first."""
        pairs = zip(self.padding[::2], self.padding[1::2], strict=True)
        return tuple(pairs)[::-1]

    def output_shape(self, inputs: Shapes) -> Shape:
        """The channels, and each size with what is added before and after it."""
        channels, *sizes = feature_map(self, inputs)
        padded = [before + size + after for size, (before, after) in zip(sizes, self.sides, strict=True)]
        for size, whole, pair in zip(sizes, padded, self.sides, strict=True):
            if whole < 1 or -min(pair) > size:
                raise LayerError(
                    say(
                        "padding {padding} leaves nothing of the input {sizes}",
                        padding=list(self.padding),
                        sizes=shape_text(sizes),
                    ),
                    field="padding",
                    code="E313",
                )
            if self.room is not None and max(pair) > size + self.room:
                raise LayerError(
                    say(
                        "padding {padding} needs an input of {needed} or more, not {sizes}",
                        padding=max(pair),
                        needed=max(pair) - self.room,
                        sizes=shape_text(sizes),
                    ),
                    field="padding",
                    code="E307",
                    help=say("padding {most} or less, or ZeroPad{axes}d", most=size + self.room, axes=self.axes),
                )
        return (channels, *padded)

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """Each position sees the one it shows, if it shows any."""
        return [Windows(tuple(Window(before=before, after=after) for before, after in self.sides), self.mode)]

    def shape_rules(self, inputs: Shapes, output: Shape) -> list[Rule]:
        """The sums."""
        axes = zip(AXIS_NAMES[self.axes], inputs[0][1:], self.sides, output[1:], strict=True)
        rules: list[Rule] = []
        for at, (name, size, (before, after), result) in enumerate(axes):
            first, second = SIDES[self.axes - at]
            rules.append(Rule(f"{name}_out", f"{name} + {first} + {second}", f"{size} + {before} + {after}", result))
        return rules

    @classmethod
    def samples(cls) -> list[Sample]:
        """One number, one a side, and a crop."""
        image = (2, *(3, 4, 5)[-cls.axes :])
        uses: list[object] = [1, [1, 2, 2, 0, 1, 1][: 2 * cls.axes], [-1, 1, 2, -1, 0, -1][: 2 * cls.axes]]
        return [Sample({"padding": padding}, (image,)) for padding in uses]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """Too few numbers, a crop of everything, a map of other axes, more than a border can hold."""
        image = (2, *(3, 4, 5)[-cls.axes :])
        found = [
            BadSample({}, (image,), "padding"),
            BadSample({"padding": [1]}, (image,), "padding"),
            BadSample({"padding": -3}, (image,), "padding"),
            BadSample({"padding": 1}, ((2, 4, 5, 6)[: 1 + cls.axes % 3 + 1],), ""),
        ]
        return found if cls.room is None else [*found, BadSample({"padding": 6 + cls.room}, (image,), "padding")]


class ZeroPad(Pad):
    """Zeros round a map."""

    formula: ClassVar[str] = later("y[c, p] = x[c, p - before], 0 outside")


@dataclass(frozen=True, kw_only=True)
class ConstantPad(Pad):
    """A number of one's choice round a map."""

    value: float = argument(Real(), "what the border is filled with")

    formula: ClassVar[str] = later("y[c, p] = x[c, p - before], value outside")

    @property
    def fill(self) -> float:
        """As given."""
        return self.value

    @classmethod
    def samples(cls) -> list[Sample]:
        """The same, filled."""
        return [Sample({**sample.arguments, "value": 1.5}, sample.inputs) for sample in super().samples()]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """The same, filled; and nothing to fill with."""
        bad = [BadSample({**sample.arguments, "value": 1}, *sample[1:]) for sample in super().bad_samples()]
        image = cls.samples()[0].inputs
        return [*bad, BadSample({"padding": 1}, image, "value")]


class ReflectionPad(Pad):
    """A map mirrored at its border, the border itself not repeated."""

    mode: ClassVar[str] = "reflect"
    room: ClassVar[int | None] = -1
    formula: ClassVar[str] = later("y[c, p] = x[c, q], with q = p - before, mirrored at 0 and n - 1")


class ReplicationPad(Pad):
    """A map whose border is repeated outwards."""

    mode: ClassVar[str] = "replicate"
    formula: ClassVar[str] = later("y[c, p] = x[c, q], with q = p - before, at least 0 and at most n - 1")


class CircularPad(Pad):
    """A map that begins again where it ends. It does not crop: PyTorch would repeat what a crop leaves."""

    mode: ClassVar[str] = "circular"
    room: ClassVar[int | None] = 0
    formula: ClassVar[str] = later("y[c, p] = x[c, q], with q = (p - before) mod n")

    def output_shape(self, inputs: Shapes) -> Shape:
        """The channels, and each size with what is added before and after it."""
        if min(self.padding) < 0:
            raise LayerError(
                say("circular padding is {padding}, and must be 0 or more", padding=min(self.padding)),
                field="padding",
                code="E307",
                help=say("crop with Slice or ZeroPad{axes}d before it", axes=self.axes),
            )
        return super().output_shape(inputs)

    @classmethod
    def samples(cls) -> list[Sample]:
        """No crop."""
        return [sample for sample in super().samples() if min(create(cls, sample.arguments).padding) >= 0]


class ZeroPad1d(ZeroPad):
    """Of a signal (C, L)."""

    axes: ClassVar[int] = 1


class ZeroPad2d(ZeroPad):
    """Of an image (C, H, W)."""

    axes: ClassVar[int] = 2


class ZeroPad3d(ZeroPad):
    """Of a volume (C, D, H, W)."""

    axes: ClassVar[int] = 3


class ConstantPad1d(ConstantPad):
    """Of a signal (C, L)."""

    axes: ClassVar[int] = 1


class ConstantPad2d(ConstantPad):
    """Of an image (C, H, W)."""

    axes: ClassVar[int] = 2


class ConstantPad3d(ConstantPad):
    """Of a volume (C, D, H, W)."""

    axes: ClassVar[int] = 3


class ReflectionPad1d(ReflectionPad):
    """Of a signal (C, L)."""

    axes: ClassVar[int] = 1


class ReflectionPad2d(ReflectionPad):
    """Of an image (C, H, W)."""

    axes: ClassVar[int] = 2


class ReflectionPad3d(ReflectionPad):
    """Of a volume (C, D, H, W)."""

    axes: ClassVar[int] = 3


class ReplicationPad1d(ReplicationPad):
    """Of a signal (C, L)."""

    axes: ClassVar[int] = 1


class ReplicationPad2d(ReplicationPad):
    """Of an image (C, H, W)."""

    axes: ClassVar[int] = 2


class ReplicationPad3d(ReplicationPad):
    """Of a volume (C, D, H, W)."""

    axes: ClassVar[int] = 3


class CircularPad1d(CircularPad):
    """Of a signal (C, L)."""

    axes: ClassVar[int] = 1


class CircularPad2d(CircularPad):
    """Of an image (C, H, W)."""

    axes: ClassVar[int] = 2


class CircularPad3d(CircularPad):
    """Of a volume (C, D, H, W)."""

    axes: ClassVar[int] = 3
