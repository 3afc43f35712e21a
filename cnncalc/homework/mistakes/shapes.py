"""Mistakes in sizes: of what a window slides over, and of whole shapes."""

from __future__ import annotations

from collections.abc import Callable

from cnncalc.homework.mistakes.making import (
    COSTS,
    ELEMENTS,
    NONE,
    SHAPES,
    UNSHARED,
    in_sizes,
    in_slides,
    window_values,
)
from cnncalc.homework.working import Changed, Mistake, Working
from cnncalc.homework.workings.parts import Combined, Given, Part, Slide
from cnncalc.homework.workings.sizes import Sizes
from cnncalc.layers.adaptive import BinPool
from cnncalc.layers.conv import Conv
from cnncalc.layers.linear import Linear
from cnncalc.layers.merge import Add, Concat
from cnncalc.layers.pool import Pool
from cnncalc.layers.reshape import Flatten
from cnncalc.text import later, shape_text

SLIDING = SHAPES | ELEMENTS | COSTS | UNSHARED - {"fully_connected"}
SLIDING_ONLY = SHAPES | ELEMENTS
"""What one mistakes in a size, less likely in the work that rests on it."""
WHOLE = frozenset(("output_shape",))
CHANNELS = frozenset(("output_shape", "output_channels"))


def _if(needed: Callable[[Slide], bool], changed: Callable[[Slide], Slide]) -> Callable[[Working], tuple[Changed, ...]]:
    """Return the change of a window's sliding where it can be made."""
    return in_slides(lambda slide: changed(slide) if needed(slide) else None)


def _padded(slide: Slide) -> bool:
    return bool(slide.before or slide.after)


def _lopsided(slide: Slide) -> bool:
    return slide.before != slide.after


def _dilated(slide: Slide) -> bool:
    return slide.dilation > 1 and slide.spans == "dilated"


def _bare(slide: Slide) -> bool:
    return slide.spans == "dilated" and slide.kernel > 1


def _always(slide: Slide) -> bool:
    return True


def _quotient(slide: Slide) -> Slide:
    return slide._replace(before=0, after=0, spans="nothing", plus=0, fits=False)


def _padding_on_channels(working: Working) -> tuple[Changed, ...]:
    """Add the padding to the channels too."""
    if not isinstance(working, Sizes):
        return NONE
    slides = [part for part in working.parts if isinstance(part, Slide)]
    if not slides or not _padded(slides[0]):
        return NONE
    channels = working.parts[0].value()
    padded = Combined((channels, slides[0].before, slides[0].after), added=True)
    return (Changed(working.putting(0, padded), window_values(tuple(slides))),)


def _channels(
    layers: type | tuple[type, ...], sizes: Callable[[Sizes], Part | None], **values: Callable[[Sizes], object]
):
    """Return the change that gives the output other channels."""

    def change(working: Sizes) -> Sizes | None:
        if not isinstance(working.setting.layer, layers) or len(working.setting.output) < 2:
            return None
        part = sizes(working)
        return None if part is None or len(working.parts) < 2 else working.putting(0, part)

    return in_sizes(change, **values)


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


def _swapped(working: Sizes) -> Sizes | None:
    if len(working.parts) < 3:
        return None
    *first, height, width = working.parts
    return working._replace(parts=(*first, width, height))


def _turned(last: bool):
    """Return the change that writes the channels at the end though they come first; or the reverse."""

    def change(working: Sizes) -> Sizes | None:
        convention = working.setting.counting.channels
        if not working.whole or len(working.parts) < 2 or (convention == "last") == last:
            return None
        first, *rest = working.parts
        # what is read as channels last is turned round when it is read: (c, h, w) written becomes (w, c, h)
        parts = (*rest, first) if last else (rest[-1], first, *rest[:-1])
        return working._replace(parts=tuple(parts))

    return in_sizes(change)


def _without_channels(working: Sizes) -> Sizes | None:
    if not working.whole or len(working.parts) < 2:
        return None
    return working._replace(shown=working.shown[1:])


def _multiplied(working: Sizes) -> Sizes | None:
    if not working.whole or len(working.parts) < 2:
        return None
    sizes = tuple(part.value() for part in working.parts)
    return working._replace(parts=(Combined(sizes),), shown=(0,))


def _flattened(sizes: Callable[[tuple[int, ...]], Part]):
    """Return the change that lays out a map otherwise."""

    def change(working: Sizes) -> Sizes | None:
        shape = working.setting.entering
        if not isinstance(working.setting.layer, Flatten) or len(shape) < 2 or len(working.setting.output) > 1:
            return None
        return working.putting(0, sizes(shape))

    return in_sizes(change, map=lambda working: shape_text(working.setting.entering))


def _linear_kept(working: Sizes) -> Sizes | None:
    if not isinstance(working.setting.layer, Linear):
        return None
    return working.putting(0, Given(_entering(working)))


def _not_joined(which: int):
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
        "padding-once",
        later("padding {padding} is added on one side only; it is on both"),
        SLIDING,
        _if(lambda slide: bool(slide.before and slide.after), lambda slide: slide._replace(after=0)),
    ),
    Mistake(
        "padding-forgotten",
        later("padding {padding} is left out"),
        SLIDING,
        _if(_padded, lambda slide: slide._replace(before=0, after=0)),
    ),
    Mistake(
        "padding-doubled",
        later("padding {padding} is added twice on each side"),
        SLIDING_ONLY,
        _if(_padded, lambda slide: slide._replace(before=2 * slide.before, after=2 * slide.after)),
    ),
    Mistake(
        "padding-before-twice",
        later("the padding before is added on both sides; the sides differ: {padding}"),
        SLIDING_ONLY,
        _if(_lopsided, lambda slide: slide._replace(after=slide.before)),
    ),
    Mistake(
        "padding-after-twice",
        later("the padding after is added on both sides; the sides differ: {padding}"),
        SLIDING_ONLY,
        _if(_lopsided, lambda slide: slide._replace(before=slide.after)),
    ),
    Mistake(
        "padding-on-channels",
        later("padding {padding} is added to the channels; it goes round each channel"),
        CHANNELS,
        _padding_on_channels,
    ),
    Mistake(
        "one-forgotten",
        later("the + 1 is left out: the first window counts too"),
        SLIDING,
        _if(lambda slide: slide.plus == 1, lambda slide: slide._replace(plus=0, inside=False)),
    ),
    Mistake(
        "one-inside",
        later("the 1 is added before the division by the stride {stride}; it comes after"),
        SLIDING_ONLY,
        _if(lambda slide: slide.stride != 1 and slide.plus == 1, lambda slide: slide._replace(inside=True, fits=False)),
    ),
    Mistake(
        "one-too-many",
        later("2 is added after the division; the first window is one"),
        SLIDING_ONLY,
        _if(lambda slide: slide.plus == 1, lambda slide: slide._replace(plus=2)),
    ),
    Mistake(
        "stride-forgotten",
        later("the stride {stride} is left out"),
        SLIDING,
        _if(lambda slide: slide.stride != 1, lambda slide: slide._replace(stride=1)),
    ),
    Mistake(
        "stride-of-kernel",
        later("the kernel {kernel} is taken for the stride, which is {stride}"),
        SLIDING,
        _if(lambda slide: slide.stride != slide.kernel, lambda slide: slide._replace(stride=slide.kernel)),
    ),
    Mistake(
        "rounded-up",
        later("the division by the stride {stride} is rounded up; it is rounded down"),
        SLIDING_ONLY,
        _if(lambda slide: slide.rounding == "floor", lambda slide: slide._replace(rounding="ceil")),
    ),
    Mistake(
        "rounded-down",
        later("the division by the stride {stride} is rounded down; with ceil_mode it is rounded up"),
        SLIDING_ONLY,
        _if(lambda slide: slide.rounding == "ceil", lambda slide: slide._replace(rounding="floor")),
    ),
    Mistake(
        "overhang-kept",
        later("a last window that would start in the padding is counted; it is left out"),
        SLIDING_ONLY,
        _if(lambda slide: slide.fits, lambda slide: slide._replace(fits=False)),
    ),
    Mistake(
        "not-rounded",
        later("the division by the stride {stride} is not rounded; a window is there or not"),
        SLIDING_ONLY,
        _if(lambda slide: slide.stride != 1, lambda slide: slide._replace(rounding="none", fits=False)),
    ),
    Mistake(
        "dilation-forgotten",
        later("dilation {dilation} is left out: the kernel {kernel} reaches further than its side"),
        SLIDING,
        _if(_dilated, lambda slide: slide._replace(spans="kernel")),
    ),
    Mistake(
        "dilation-added",
        later("the kernel {kernel} with dilation {dilation} is taken for k + 2(d - 1) wide; it is d(k - 1) + 1"),
        SLIDING_ONLY,
        _if(_dilated, lambda slide: slide._replace(spans="added")),
    ),
    Mistake(
        "dilation-multiplied",
        later("the kernel {kernel} with dilation {dilation} is taken for k*d wide; it is d(k - 1) + 1"),
        SLIDING_ONLY,
        _if(_dilated, lambda slide: slide._replace(spans="multiplied")),
    ),
    Mistake(
        "kernel-not-subtracted",
        later("the kernel {kernel} is not taken off"),
        SLIDING_ONLY,
        _if(_bare, lambda slide: slide._replace(spans="nothing")),
    ),
    Mistake(
        "size-over-stride",
        later("the size is taken for input / stride, {size} / {stride}; kernel and padding count too"),
        SLIDING,
        _if(_always, _quotient),
    ),
    Mistake(
        "size-over-stride-rounded-up",
        later("the size is taken for input / stride rounded up, {size} / {stride}; kernel and padding count too"),
        SLIDING_ONLY,
        _if(lambda slide: slide.stride != 1, lambda slide: _quotient(slide)._replace(rounding="ceil")),
    ),
    Mistake(
        "input-channels-kept",
        later("the output is given the channels of the input ({channels}); it has as many as there are filters"),
        CHANNELS,
        _channels(Conv, lambda working: Given(_entering(working)), channels=_entering),
    ),
    Mistake(
        "channels-multiplied",
        later("the filters are multiplied with the {channels} input channels; a filter gives one channel"),
        CHANNELS,
        _channels(Conv, lambda working: Combined((_entering(working), working.setting.output[0])), channels=_entering),
    ),
    Mistake(
        "channels-per-group",
        later("the filters of one group only are counted; there are {groups} groups"),
        CHANNELS,
        _channels(Conv, _per_group, groups=lambda working: working.setting.groups),
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
        "height-width-swapped",
        later("height and width are swapped"),
        SHAPES,
        in_sizes(_swapped),
    ),
    Mistake(
        "channels-last",
        later("the channels are written last; here they come first"),
        WHOLE,
        _turned(True),
    ),
    Mistake(
        "channels-first",
        later("the channels are written first; here they come last"),
        WHOLE,
        _turned(False),
    ),
    Mistake(
        "channels-left-out",
        later("the channels are left out of the shape"),
        WHOLE,
        in_sizes(_without_channels),
    ),
    Mistake(
        "elements-for-shape",
        later("the sizes are multiplied; the shape was asked for"),
        WHOLE,
        in_sizes(_multiplied),
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
