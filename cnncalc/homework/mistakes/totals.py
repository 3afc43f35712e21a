"""Mistakes in adding up layers, and answers that belong to another layer."""

from __future__ import annotations

from collections.abc import Callable

from cnncalc.homework.mistakes.making import COSTS, FIELDS, HELD, NONE, SHAPES, UNSHARED, Change, listed
from cnncalc.homework.quantities import QUANTITIES
from cnncalc.homework.workings import counts
from cnncalc.homework.workings.fields import Chain
from cnncalc.homework.workings.parts import Setting
from cnncalc.homework.workings.products import Fixed, Product, Share, Total
from cnncalc.homework.workings.sizes import Sizes
from cnncalc.homework.workings.working import Changed, Mistake, Working
from cnncalc.layers.conv import Conv
from cnncalc.layers.linear import Linear
from cnncalc.text import later

SUMMED = frozenset(name for name, about in QUANTITIES.items() if about.of_total) - {"peak_memory"}
ADDED = HELD | COSTS | {"weights", "biases", "memory"}
OF_LAYERS = SHAPES | FIELDS | SUMMED | UNSHARED | {"output_elements"}


def _counting(share: Share) -> bool:
    return share.each != 0


def _left_out(working: Working) -> tuple[Changed, ...]:
    """Leave out one layer, whichever adds something."""
    if not isinstance(working, Total):
        return NONE
    return tuple(
        Changed(working.replacing(at, share._replace(names=share.names[1:])), {"layers": listed(share.names)})
        for at, share in enumerate(working.shares)
        if _counting(share)
    )


def _twice(working: Working) -> tuple[Changed, ...]:
    """Count one layer twice."""
    if not isinstance(working, Total):
        return NONE
    return tuple(
        Changed(
            working.replacing(at, share._replace(names=share.names + share.names[:1])), {"layers": listed(share.names)}
        )
        for at, share in enumerate(working.shares)
        if _counting(share)
    )


def _only(wanted: Callable[[Setting], bool]) -> Change:
    def made(working: Working) -> tuple[Changed, ...]:
        if not isinstance(working, Total):
            return NONE
        shares = tuple(share for share in working.shares if wanted(share.product.setting))
        return (Changed(Total.of(working.quantity, shares)),) if any(map(_counting, shares)) else NONE

    return made


def _repeats_once(working: Working) -> tuple[Changed, ...]:
    """Count layers that are alike once."""
    if not isinstance(working, Total):
        return NONE
    shares = tuple(share._replace(names=share.names[:1]) if _counting(share) else share for share in working.shares)
    return (Changed(Total.of(working.quantity, shares)),)


def _neighbour(working: Working) -> tuple[Changed, ...]:
    """Give what a layer before or after gives."""
    if not isinstance(working, Product | Sizes | Chain):
        return NONE
    return tuple(Changed(Fixed(value), {"layer": name}) for name, value in working.others)


TOTAL_MISTAKES: tuple[Mistake, ...] = (
    Mistake("layer-left-out", later("one layer is left out of the sum: {layers}"), SUMMED, _left_out),
    Mistake("layer-twice", later("one layer is counted twice: {layers}"), SUMMED, _twice),
    Mistake(
        "convolutions-only",
        later("the convolutions only are added up"),
        ADDED,
        _only(lambda setting: isinstance(setting.layer, Conv)),
    ),
    Mistake(
        "convolutions-left-out",
        later("the convolutions are left out of the sum"),
        ADDED,
        _only(lambda setting: not isinstance(setting.layer, Conv)),
    ),
    Mistake(
        "fully-connected-only",
        later("the fully connected layers only are added up"),
        ADDED,
        _only(lambda setting: isinstance(setting.layer, Linear)),
    ),
    Mistake(
        "fully-connected-left-out",
        later("the fully connected layers are left out of the sum"),
        ADDED,
        _only(lambda setting: not isinstance(setting.layer, Linear)),
    ),
    Mistake(
        "weighted-layers-only",
        later("only the layers that have parameters are added up"),
        frozenset(("memory",)),
        _only(lambda setting: bool(counts.weights(setting))),
    ),
    Mistake(
        "repeats-counted-once",
        later("layers that are alike are counted once; each adds its own"),
        SUMMED,
        _repeats_once,
    ),
    Mistake("another-layer", later("this is the answer for {layer}"), OF_LAYERS, _neighbour),
)
