"""Small networks with friendly numbers, drawn by chance: lone layers, stacks, branches, classifiers.

Sizes and channels come from short lists, so that a sum can be done by hand. Whether a window divides its input and
whether the question is any good is judged elsewhere, on the finished network.
"""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.graph import Graph
from cnncalc.homework.quiz.build import Build
from cnncalc.homework.quiz.draw import Draw


class Style(NamedTuple):
    """How hard (1 to 3), and whether sizes that do not divide are wanted."""

    level: int = 1
    fractions: bool = False


SIDES = (8, 10, 12, 14, 16, 18, 20, 24, 28, 30, 32)
ODD_SIDES = (9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33)
CHANNELS = (1, 2, 3, 4, 6, 8)
FILTERS = (2, 4, 5, 6, 8, 10, 12, 16, 20)


def convolution(draw: Draw, style: Style) -> Graph:
    """One convolution: square with a simple padding at level 1; then stride, dilation, groups, sides that differ."""
    build = Build(_image(draw, style))
    build.add("Conv2d", _convolution(draw, style, build.shape[0]))
    return build.graph()


def plain_convolution(draw: Draw, style: Style) -> Graph:
    """One convolution in one group, with biases: what connections without sharing are compared with."""
    side, channels, filters = draw.pick((6, 8, 10, 12)), draw.pick((1, 2, 3, 4)), draw.pick((2, 4, 5, 6, 8, 10))
    build = Build((channels, side, side + 2 * draw.below(2) * (style.level > 1)))
    stride = draw.pick((1, 2)) if style.level > 1 else 1
    arguments = {"out_channels": filters, "kernel_size": draw.pick((3, 5)), "stride": stride, "padding": draw.below(3)}
    build.add("Conv2d", arguments)
    return build.graph()


def pooling(draw: Draw, style: Style) -> Graph:
    """One pooling."""
    build = Build(_image(draw, style))
    build.add(*_pooling(draw, style))
    return build.graph()


def linear(draw: Draw, style: Style) -> Graph:
    """One fully connected layer."""
    build = Build((draw.pick((20, 30, 50, 60, 80, 84, 100, 120, 200, 256, 400)),))
    build.add("Linear", {"out_features": draw.pick((5, 8, 10, 12, 16, 24, 32, 40)), **_bias(draw, style)})
    return build.graph()


def flattened(draw: Draw, style: Style) -> Graph:
    """A feature map, flattened, and a fully connected layer on it."""
    build = Build((draw.pick((2, 4, 6, 8, 16)), *(draw.pick((4, 5, 6, 7)),) * 2))
    build.add("Flatten")
    build.add("Linear", {"out_features": draw.pick((3, 5, 8, 10, 12, 20)), **_bias(draw, style)})
    return build.graph()


def normalisation(draw: Draw, style: Style) -> Graph:
    """A convolution, and a batch normalisation of its output."""
    build = Build(_image(draw, style))
    build.add("Conv2d", {**_convolution(draw, style, build.shape[0]), "bias": False})
    build.add("BatchNorm2d")
    return build.graph()


def stack(draw: Draw, style: Style) -> Graph:
    """Convolutions and poolings behind one another: 2 or 3 at level 1, up to 6 at level 3."""
    build = Build((draw.pick((1, 3)), *(draw.pick((24, 28, 32, 40, 48, 64)),) * 2))
    length = {1: 2, 2: 3, 3: 4}[style.level] + draw.below({1: 2, 2: 2, 3: 3}[style.level])
    for at in range(length):
        pools = style.level > 1 and at > 0 and build.last.startswith("conv") and draw.chance(0.4)
        if pools:
            build.add(draw.pick(("MaxPool2d", "AvgPool2d")), {"kernel_size": draw.pick((2, 2, 3)), "stride": 2})
        else:
            build.add("Conv2d", _stacked(draw, style))
    return build.graph()


def branches(draw: Draw, style: Style) -> Graph:
    """Ways that part and come together again: side by side along the channels, or as a sum."""
    side = draw.pick((8, 10, 12, 14, 16, 20))
    build = Build((draw.pick((3, 4, 6, 8)), side, side))
    first = build.add("Conv2d", {"out_channels": draw.pick((4, 6, 8)), "kernel_size": 3, "padding": 1})
    kernel = draw.pick((3, 5))
    if draw.chance(0.3):
        build.add("Conv2d", {"out_channels": build.shape[0], "kernel_size": kernel, "padding": kernel // 2})
        build.add("Add", after=(first, build.last))
        return build.graph()
    ends = [build.add("Conv2d", {"out_channels": draw.pick((2, 3, 5)), "kernel_size": 1}, after=(first,))]
    build.add("Conv2d", {"out_channels": draw.pick((2, 4)), "kernel_size": 1}, after=(first,))
    wide = {"out_channels": draw.pick((6, 8, 10)), "kernel_size": kernel, "padding": kernel // 2}
    ends.append(build.add("Conv2d", wide))
    if draw.chance(0.5):
        ends.append(build.add("MaxPool2d", {"kernel_size": 3, "stride": 1, "padding": 1}, after=(first,)))
    build.add("Concat", after=tuple(ends))
    return build.graph()


def classifier(draw: Draw, style: Style) -> Graph:
    """A small LeNet: convolutions, poolings, and fully connected layers at the end."""
    side = draw.pick((12, 14, 16, 20, 28))
    build = Build((draw.pick((1, 3)), side, side))
    for filters in (draw.pick((4, 6, 8)), draw.pick((10, 12, 16))):
        kernel = draw.pick((3, 5))
        build.add("Conv2d", {"out_channels": filters, "kernel_size": kernel, "padding": draw.below(kernel // 2 + 1)})
        build.add(draw.pick(("MaxPool2d", "AvgPool2d")), {"kernel_size": 2})
    build.add("Flatten")
    if draw.chance(0.5):
        build.add("Linear", {"out_features": draw.pick((20, 30, 40))})
    build.add("Linear", {"out_features": 10})
    return build.graph()


def _image(draw: Draw, style: Style) -> tuple[int, int, int]:
    sides = SIDES + ODD_SIDES if style.fractions or style.level > 1 else SIDES
    height = draw.pick(sides)
    width = draw.pick(sides) if style.level > 1 and draw.chance(0.6) else height
    return draw.pick(CHANNELS), height, width


def _bias(draw: Draw, style: Style) -> dict[str, object]:
    return {"bias": False} if style.level > 1 and draw.chance(0.25) else {}


def _convolution(draw: Draw, style: Style, channels: int) -> dict[str, object]:
    hard = style.level > 1
    kernel = draw.pick((3, 5, 7)) if not hard else draw.pick((2, 3, 4, 5, 7))
    stride = draw.pick((1, 2, 2, 3)) if hard else draw.pick((2, 3)) if style.fractions else 1
    groups = draw.pick([size for size in (2, 3, 4) if channels % size == 0] or [1]) if draw.chance(0.3) else 1
    dilation = draw.pick((2, 3)) if hard and draw.chance(0.3) else 1
    return {
        "out_channels": draw.pick(FILTERS),
        "kernel_size": kernel,
        "stride": stride,
        "padding": draw.below(4) if hard else draw.below(3),
        **({"dilation": dilation} if dilation > 1 else {}),
        **({"groups": groups} if hard and groups > 1 else {}),
        **_bias(draw, style),
    }


def _pooling(draw: Draw, style: Style) -> tuple[str, dict[str, object]]:
    kernel = draw.pick((2, 3))
    kind = draw.pick(("MaxPool2d", "AvgPool2d"))
    arguments: dict[str, object] = {"kernel_size": kernel, "stride": kernel}
    if style.level > 1:
        arguments = {"kernel_size": draw.pick((2, 3, 4, 5)), "stride": draw.pick((2, 3)), "padding": draw.below(2)}
    if style.fractions and style.level > 1 and draw.chance(0.5):
        arguments["ceil_mode"] = True
    return kind, arguments


def _stacked(draw: Draw, style: Style) -> dict[str, object]:
    kernel = draw.pick((3, 5, 7)) if style.level == 1 else draw.pick((3, 3, 5))
    arguments: dict[str, object] = {"out_channels": draw.pick((4, 6, 8, 10)), "kernel_size": kernel}
    if style.level > 1:
        arguments |= {"stride": draw.pick((1, 1, 2)), "padding": draw.below(kernel // 2 + 1)}
    if style.level > 2 and draw.chance(0.25):
        arguments["dilation"] = 2
    return arguments
