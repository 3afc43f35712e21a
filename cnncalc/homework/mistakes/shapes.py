"""Mistakes in shapes: channels, order, what is laid out or joined."""

from __future__ import annotations

from collections.abc import Callable

from cnncalc.homework.mistakes.making import (
    NONE,
    SHAPES,
    WHOLE,
    Change,
    in_sizes,
    window_values,
)
from cnncalc.homework.workings.parts import Combined, Given, Part, Slide
from cnncalc.homework.workings.sizes import Sizes
from cnncalc.homework.workings.working import Changed, Mistake, Working
from cnncalc.layers.adaptive import BinPool
from cnncalc.layers.conv import Conv
from cnncalc.layers.linear import Linear
from cnncalc.layers.merge import Add, Concat
from cnncalc.layers.pool import Pool
from cnncalc.layers.reshape import Flatten
from cnncalc.layers.transposed import ConvTranspose
from cnncalc.text import later, shape_text

CHANNELS = frozenset(("output_shape", "output_channels"))
_CONVOLVING = (Conv, ConvTranspose)


def _padding_on_channels(working: Working) -> tuple[Changed, ...]:
    """Add the padding to the channels too."""
    if not isinstance(working, Sizes) or working.arranged:
        return NONE
    slides = [part for part in working.parts if isinstance(part, Slide)]
    if not slides or not (slides[0].before or slides[0].after):
        return NONE
    channels = working.parts[0].value()
    padded = Combined((channels, slides[0].before, slides[0].after), added=True)
    return (Changed(working.putting(0, padded), window_values(tuple(slides))),)


def _channels(
    layers: type | tuple[type, ...], sizes: Callable[[Sizes], Part | None], **values: Callable[[Sizes], object]
) -> Change:
    """Return the change that gives the output other channels."""

    def change(working: Sizes) -> Sizes | None:
        if not isinstance(working.setting.layer, layers) or len(working.setting.output) < 2:
            return None
        part = sizes(working)
        return None if part is None or len(working.parts) < 2 else working.putting(0, part)

    return in_sizes(change, even_arranged=False, **values)


def _entering(working: Sizes) -> int:
    return working.setting.entering[0]


def _per_group(working: Sizes) -> Part | None:
    groups = working.setting.groups
    return Given(working.setting.output[0] // groups) if groups > 1 else None


def _sliding_channels(working: Sizes) -> Part | None:
    slides = [part for part in working.parts if isinstance(part, Slide)]
    return slides[0]._replace(size=_entering(working), before=0, after=0) if slides else None


def _repeated(working: Sizes) -> Sizes | None:
    entering = working.setting.entering
    return working.given(*entering) if working.whole and working.parts != tuple(map(Given, entering)) else None


def _size_kept(working: Sizes) -> Sizes | None:
    """Give the input's sizes with the output's own channels."""
    setting = working.setting
    if len(setting.entering) != len(setting.output) or len(setting.output) < 2:
        return None
    return working._replace(parts=(working.parts[0], *map(Given, setting.entering[1:])))


def _flattened(sizes: Callable[[tuple[int, ...]], Part]) -> Change:
    """Return the change that lays out a map otherwise."""

    def change(working: Sizes) -> Sizes | None:
        shape = working.setting.entering
        if not isinstance(working.setting.layer, Flatten) or len(shape) < 2 or len(working.setting.output) > 1:
            return None
        return working.putting(0, sizes(shape))

    return in_sizes(change, map=lambda working: shape_text(working.setting.entering))


def _matrix(working: Sizes) -> Sizes | None:
    """Lay out each map, and leave the maps apart."""
    shape = working.setting.entering
    if not working.whole or not isinstance(working.setting.layer, Flatten):
        return None
    if len(shape) < 3 or len(working.setting.output) > 1:
        return None
    return working._replace(parts=(Given(shape[0]), Combined(shape[1:])), shown=(0, 1), arranged=True)


def _linear_kept(working: Sizes) -> Sizes | None:
    if not isinstance(working.setting.layer, Linear):
        return None
    return working.putting(0, Given(_entering(working)))


def _not_joined(which: int) -> Change:
    def change(working: Sizes) -> Sizes | None:
        setting = working.setting
        if not isinstance(setting.layer, Concat):
            return None
        at = next(index for index, part in enumerate(working.parts) if isinstance(part, Combined) or index == 0)
        return working.putting(at, Given(setting.inputs[which][at]))

    return in_sizes(change)


def _add_joined(working: Sizes) -> Sizes | None:
    setting = working.setting
    if not isinstance(setting.layer, Add):
        return None
    return working.putting(0, Combined(tuple(shape[0] for shape in setting.inputs), added=True))


def _bins_divide(working: Sizes) -> Sizes | None:
    """Take the size that a pool gives for the size of its window."""
    setting = working.setting
    if not isinstance(setting.layer, BinPool):
        return None
    sizes = zip(setting.entering[1:], setting.output[1:], strict=True)
    divided = [Given(size // count) for size, count in sizes]
    return working._replace(parts=(working.parts[0], *divided))


SHAPE_MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "padding-on-channels",
        later("padding {padding} is added to the channels; it goes round each channel"),
        CHANNELS,
        _padding_on_channels,
    ),
    Mistake(
        "input-channels-kept",
        later("the output is given the channels of the input ({channels}); it has as many as there are filters"),
        CHANNELS,
        _channels(_CONVOLVING, lambda working: Given(_entering(working)), channels=_entering),
    ),
    Mistake(
        "channels-multiplied",
        later("the filters are multiplied with the {channels} input channels; a filter gives one channel"),
        CHANNELS,
        _channels(
            _CONVOLVING, lambda working: Combined((_entering(working), working.setting.output[0])), channels=_entering
        ),
    ),
    Mistake(
        "channels-per-group",
        later("the filters of one group only are counted; there are {groups} groups"),
        CHANNELS,
        _channels(_CONVOLVING, _per_group, groups=lambda working: working.setting.groups),
    ),
    Mistake(
        "pool-shrinks-channels",
        later("the pool is made to slide over the channels too; it keeps them"),
        CHANNELS,
        _channels(Pool, _sliding_channels),
    ),
    Mistake(
        "pool-merges-channels",
        later("the pool is made to join all channels; it keeps them"),
        CHANNELS,
        _channels((Pool, BinPool), lambda working: Given(1)),
    ),
    Mistake(
        "pool-doubles-channels",
        later("the channels are doubled where the size shrinks; a pool keeps them"),
        CHANNELS,
        _channels(Pool, lambda working: Combined((2, _entering(working)))),
    ),
    Mistake(
        "input-shape-repeated",
        later("this is the shape of the input"),
        WHOLE,
        in_sizes(_repeated),
    ),
    Mistake(
        "input-size-kept",
        later("height and width of the input are kept"),
        SHAPES,
        in_sizes(_size_kept),
    ),
    Mistake(
        "flattened-channels-only",
        later("only the channels of {map} are laid out; flattening multiplies all its sizes"),
        CHANNELS,
        _flattened(lambda shape: Given(shape[0])),
    ),
    Mistake(
        "flattened-positions-only",
        later("only one channel of {map} is laid out; flattening multiplies all its sizes"),
        CHANNELS,
        _flattened(lambda shape: Combined(shape[1:])),
    ),
    Mistake(
        "flattened-sum",
        later("the sizes of {map} are added; flattening multiplies them"),
        CHANNELS,
        _flattened(lambda shape: Combined(shape, added=True)),
    ),
    Mistake(
        "flattened-to-matrix",
        later("each channel of {map} is laid out on its own; flattening gives one vector"),
        WHOLE,
        in_sizes(_matrix, map=lambda working: shape_text(working.setting.entering)),
    ),
    Mistake(
        "inputs-for-outputs",
        later("the layer is given as many outputs as it has inputs ({inputs}); it has as many as units"),
        CHANNELS,
        in_sizes(_linear_kept, inputs=_entering),
    ),
    Mistake(
        "first-input-only",
        later("only the first of the joined inputs is counted"),
        SHAPES,
        _not_joined(0),
    ),
    Mistake(
        "last-input-only",
        later("only the last of the joined inputs is counted"),
        SHAPES,
        _not_joined(-1),
    ),
    Mistake(
        "sum-laid-out",
        later("the inputs are laid side by side; adding them keeps their shape"),
        CHANNELS,
        in_sizes(_add_joined),
    ),
    Mistake(
        "window-for-size",
        later("the size of the pool's window is given; its output has the size that was asked of it"),
        SHAPES,
        in_sizes(_bins_divide),
    ),
)
