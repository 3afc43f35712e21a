"""How a change of one part becomes a mistake in whatever has such parts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from cnncalc.homework.workings.fields import Chain, Step
from cnncalc.homework.workings.parts import Slide
from cnncalc.homework.workings.products import Altered, Product, Share, Total
from cnncalc.homework.workings.sizes import Sizes
from cnncalc.homework.workings.working import Changed, Working
from cnncalc.text import number

Change = Callable[[Working], tuple[Changed, ...]]
NONE: tuple[Changed, ...] = ()

SHAPES = frozenset(
    ("output_shape", "output_channels", "output_depth", "output_height", "output_width", "output_length")
)
WHOLE = frozenset(("output_shape",))
ELEMENTS = frozenset(("output_elements", "memory"))
HELD = frozenset(("parameters", "parameter_memory"))
COSTS = frozenset(("macs", "flops"))
UNSHARED = frozenset(("locally_connected", "fully_connected"))
FIELDS = frozenset(("receptive_field", "jump"))
WEIGHTED = HELD | COSTS | UNSHARED | {"weights"}
"""What has a product of filters, channels and kernel in it."""


def in_product(change: Callable[[Product], Altered | None]) -> Change:
    """Make a change in the product of a single layer."""

    def made(working: Working) -> tuple[Changed, ...]:
        altered = change(working) if isinstance(working, Product) else None
        return (Changed(altered.product, altered.values),) if altered else NONE

    return made


def in_products(change: Callable[[Product], Altered | None]) -> Change:
    """Make a change in the product of a layer; in a total, in every layer in which it can be made."""

    def made(working: Working) -> tuple[Changed, ...]:
        if isinstance(working, Product):
            altered = change(working)
            return (Changed(altered.product, altered.values),) if altered else NONE
        if not isinstance(working, Total):
            return NONE
        found = [(share.summand.altered(change), share) for share in working.shares]
        if not any(altered for altered, _ in found):
            return NONE
        shares = tuple(Share(altered[0], share.names) if altered else share for altered, share in found)
        values = [(altered[1], len(share.names)) for altered, share in found if altered]
        return (Changed(Total.of(working.quantity, shares), _together(values)),)

    return made


def _together(values: list[tuple[Mapping[str, object], int]]) -> dict[str, object]:
    """Return the values of several layers as one: counts are added, others listed, the first four."""
    names = {name for one, _ in values for name in one}
    together: dict[str, object] = {}
    for name in sorted(names):
        found = [(one[name], times) for one, times in values if name in one]
        counts = [(one, times) for one, times in found if isinstance(one, int)]
        together[name] = (
            sum(one * times for one, times in counts)
            if name == "count" and len(counts) == len(found)
            else listed(one for one, _ in found)
        )
    return together


def listed(values: Iterable[object]) -> str:
    """Write values one after the other, each once; after the fourth an ellipsis."""
    texts = list(dict.fromkeys(number(one) if isinstance(one, int) else str(one) for one in values))
    return ", ".join([*texts[:4], "..."] if len(texts) > 4 else texts)


def in_slides(change: Callable[[Slide], Slide | None]) -> Change:
    """Make a change in the size that a window gives, on every axis, wherever such a size is used."""

    def each(slides: tuple[Slide, ...]) -> tuple[Slide, ...] | None:
        changed = [change(slide) for slide in slides]
        if not any(changed):
            return None
        return tuple(new or slide for new, slide in zip(changed, slides, strict=True))

    def made(working: Working) -> tuple[Changed, ...]:
        if isinstance(working, Product) and working.slides:
            slides = each(working.slides)
            return (Changed(working.sliding(slides), window_values(slides)),) if slides else NONE
        if not isinstance(working, Sizes):
            return NONE
        found = tuple(part for part in working.parts if isinstance(part, Slide))
        slides = each(found)
        if slides is None:
            return NONE
        following = iter(slides)
        parts = tuple(next(following) if isinstance(part, Slide) else part for part in working.parts)
        return (Changed(working._replace(parts=parts), window_values(found)),)

    return made


def window_values(slides: tuple[Slide, ...]) -> dict[str, object]:
    """Return what a sentence may say of windows: axes that are alike are said once."""
    return {
        "padding": listed(
            slide.before if slide.before == slide.after else f"{slide.before}+{slide.after}" for slide in slides
        ),
        "kernel": listed(slide.kernel for slide in slides),
        "stride": listed(slide.stride for slide in slides),
        "dilation": listed(slide.dilation for slide in slides),
        "size": listed(slide.size for slide in slides),
    }


def in_sizes(
    change: Callable[[Sizes], Sizes | None], *, even_arranged: bool = False, **values: Callable[[Sizes], object]
) -> Change:
    """Make a change in a shape, with the values that its sentence names; in one that is arranged only where told."""

    def made(working: Working) -> tuple[Changed, ...]:
        if not isinstance(working, Sizes) or (working.arranged and not even_arranged):
            return NONE
        changed = change(working)
        if changed is None:
            return NONE
        return (Changed(changed, {name: value(working) for name, value in values.items()}),)

    return made


def in_chain(change: Callable[[Chain], Chain | None], **values: Callable[[Chain], object]) -> Change:
    """Make a change in a chain of windows; what is whole has no chain to change."""

    def made(working: Working) -> tuple[Changed, ...]:
        if not isinstance(working, Chain) or working.whole:
            return NONE
        changed = change(working)
        if changed is None or changed == working:
            return NONE
        return (Changed(changed, {name: value(working) for name, value in values.items()}),)

    return made


def in_steps(change: Callable[[Step], Step]) -> Change:
    """Make a change in each window of a chain."""
    return in_chain(lambda chain: chain.each(change))
