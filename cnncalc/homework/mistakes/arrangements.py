"""Mistakes in how a shape is written: its order, and what is written of it. They come after all others."""

from __future__ import annotations

from cnncalc.homework.mistakes.making import SHAPES, WHOLE, Change, in_sizes
from cnncalc.homework.workings.parts import Combined, Given
from cnncalc.homework.workings.sizes import Sizes
from cnncalc.homework.workings.working import Mistake
from cnncalc.text import later


def _swapped(working: Sizes) -> Sizes | None:
    if len(working.parts) < 3:
        return None
    *first, height, width = working.parts
    return working._replace(parts=(*first, width, height))


def _turned(last: bool) -> Change:
    """Return the change that writes the channels at the end though they come first; or the reverse."""

    def change(working: Sizes) -> Sizes | None:
        convention = working.setting.counting.channels
        if not working.whole or len(working.parts) < 2 or (convention == "last") == last:
            return None
        first, *rest = working.parts
        # what is read as channels last is turned round when it is read: (c, h, w) written becomes (w, c, h)
        parts = (*rest, first) if last else (rest[-1], first, *rest[:-1])
        return working._replace(arranged=True, parts=tuple(parts))

    return in_sizes(change)


def _without_channels(working: Sizes) -> Sizes | None:
    if not working.whole or len(working.parts) < 2:
        return None
    return working._replace(arranged=True, shown=working.shown[1:])


def _with_batch(working: Sizes) -> Sizes | None:
    if not working.whole:
        return None
    parts = (Given(working.setting.counting.batch), *working.parts)
    return working._replace(arranged=True, parts=parts, shown=tuple(range(len(parts))))


def _vector_as_map(working: Sizes) -> Sizes | None:
    if not working.whole or len(working.parts) != 1:
        return None
    return working._replace(arranged=True, parts=(*working.parts, Given(1), Given(1)), shown=(0, 1, 2))


def _map_as_vector(working: Sizes) -> Sizes | None:
    if not working.whole or len(working.parts) < 2 or any(part.value() != 1 for part in working.parts[1:]):
        return None
    return working._replace(arranged=True, shown=(0,))


def _multiplied(working: Sizes) -> Sizes | None:
    if not working.whole or len(working.parts) < 2:
        return None
    sizes = tuple(part.value() for part in working.parts)
    return working._replace(arranged=True, parts=(Combined(sizes),), shown=(0,))


ARRANGEMENTS: tuple[Mistake, ...] = (
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
        "batch-in-shape",
        later("the batch is written in front of the shape"),
        WHOLE,
        in_sizes(_with_batch, even_arranged=True),
    ),
    Mistake(
        "vector-as-map",
        later("a vector is written as a map with height and width"),
        WHOLE,
        in_sizes(_vector_as_map),
    ),
    Mistake(
        "map-as-vector",
        later("a map is written as a vector; height and width are there until it is flattened"),
        WHOLE,
        in_sizes(_map_as_vector),
    ),
    Mistake(
        "elements-for-shape",
        later("the sizes are multiplied; the shape was asked for"),
        WHOLE,
        in_sizes(_multiplied),
    ),
)
