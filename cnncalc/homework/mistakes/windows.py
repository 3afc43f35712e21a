"""Mistakes in the size that a sliding window gives: padding, stride, rounding, dilation."""

from __future__ import annotations

from collections.abc import Callable

from cnncalc.homework.mistakes.making import COSTS, ELEMENTS, SHAPES, UNSHARED, Change, in_slides
from cnncalc.homework.workings.parts import Slide
from cnncalc.homework.workings.working import Mistake
from cnncalc.text import later

SLIDING = SHAPES | ELEMENTS | COSTS | UNSHARED - {"fully_connected"}
SLIDING_ONLY = SHAPES | ELEMENTS
"""What one mistakes in a size, less likely in the work that rests on it."""


def _if(needed: Callable[[Slide], bool], changed: Callable[[Slide], Slide]) -> Change:
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
    return slide._replace(before=0, after=0, spans="nothing", plus=0, rounding="floor", fits=False)


WINDOWS: tuple[Mistake, ...] = (
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
        later("one too many is added after the division; the first window counts once"),
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
)
