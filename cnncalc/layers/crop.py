"""CenterCrop: the middle of a map, as U-Net crops a map to lay it beside a smaller one (Ronneberger et al. 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnncalc.layers.base import BadSample, Layer, LayerError, NoProducts, Parameterless, Rule, Sample, Shapes
from cnncalc.layers.every_rank import different, each_axis, spatial
from cnncalc.layers.geometry import Relation, SizeOnly, Window, Windows
from cnncalc.layers.kinds import Several, argument
from cnncalc.layers.windowed import AXIS_NAMES
from cnncalc.text import Shape, later, say, shape_text


@dataclass(frozen=True, kw_only=True)
class CenterCrop(Parameterless, NoProducts, Layer):
    """The middle of each spatial axis. PyTorch has no module for it; the rounding is torchvision's CenterCrop's.

    `from: [x, like]` without a size crops x to the size of `like`. Unlike torchvision's, a crop that is larger than its
    input is refused, and not padded.
    """

    size: tuple[int, ...] | None = argument(
        Several(optional=True, most=3), "size of what is kept; without it, from: [this, like] says", None
    )

    short: ClassVar[str] = "crop"
    formula: ClassVar[str] = later("y[c, i] = x[c, start + i], start half of what is cut off")

    def output_shape(self, inputs: Shapes) -> Shape:
        """The channels, and the size as given or that of the second input."""
        shape = spatial(inputs[:1])
        sizes = self._sizes(shape, inputs[1:])
        if any(kept > size for kept, size in zip(sizes, shape[1:], strict=True)):
            raise LayerError(
                say(
                    "a crop to {sizes} is larger than its input {input}",
                    sizes=shape_text(sizes),
                    input=shape_text(shape[1:]),
                ),
                field="size" if self.size else "from",
                code="E317",
                help=say("a map is made larger by padding or by Upsample"),
            )
        return (shape[0], *sizes)

    def _sizes(self, shape: Shape, like: Shapes) -> Shape:
        if self.size is not None and not like:
            return each_axis(self.size, shape, "size")
        if self.size is not None or len(like) != 1:
            message = (
                say("takes one input where size is written, and was given {count}", count=len(like) + 1)
                if self.size is not None
                else say("CenterCrop needs size, or a second input whose size it takes")
            )
            help = say("write size: [height, width], or from: [what is cropped, like what]")
            raise LayerError(message, field="from" if like else "size", code="E317", help=help)
        if len(like[0]) != len(shape):
            message = say(
                "the second input {like} has other axes than {shape}", like=shape_text(like[0]), shape=shape_text(shape)
            )
            raise LayerError(message, field="from", code="E317")
        return like[0][1:]

    def windows(self, inputs: Shapes, output: Shape) -> Sequence[Relation]:
        """Each position sees the one it is; of the second input nothing is seen."""
        axes: list[Window] = []
        for size, kept in zip(inputs[0][1:], output[1:], strict=True):
            start = round((size - kept) / 2)  # torchvision rounds a half to the even number
            axes.append(Window(before=-start, after=start + kept - size))
        return [Windows(tuple(axes)), *(SizeOnly() for _ in inputs[1:])]

    def shape_rules(self, inputs: Shapes, output: Shape) -> list[Rule]:
        """The size asked for."""
        names = AXIS_NAMES[len(output) - 1]
        symbols = "size" if self.size else say("the size of the second input")
        axes = zip(names, output[1:], strict=True)
        return different([Rule(f"{name}_out", symbols, str(kept), kept) for name, kept in axes])

    @classmethod
    def samples(cls) -> list[Sample]:
        """Even and odd rests, each kind of map, and the size of another."""
        return [
            Sample({"size": 4}, ((2, 8, 7),)),
            Sample({"size": [2, 6]}, ((2, 7, 7),)),
            Sample({"size": 3}, ((2, 8),)),
            Sample({"size": [1, 2, 2]}, ((1, 2, 5, 3),)),
            Sample({}, ((2, 9, 8), (2, 4, 7))),
        ]

    @classmethod
    def bad_samples(cls) -> list[BadSample]:
        """No size, two sizes, more than there is."""
        image = (2, 8, 7)
        return [
            BadSample({}, (image,), "size"),
            BadSample({"size": 4}, (image, image), "from"),
            BadSample({}, (image, (2, 8)), "from"),
            BadSample({}, (image, (1, 9, 7)), "from"),
            BadSample({"size": 8}, (image,), "size"),
            BadSample({"size": [2, 2, 2]}, (image,), "size"),
            BadSample({"size": 0}, (image,), "size"),
            BadSample({"size": 2}, ((16,),), ""),
        ]
