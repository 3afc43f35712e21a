"""Mistakes in adding up layers."""

from __future__ import annotations

from collections.abc import Callable

from cnncalc.homework.mistakes.biases import forgotten
from cnncalc.homework.mistakes.making import (
    COSTS,
    HELD,
    NONE,
    Altered,
    Change,
    in_products,
    listed,
)
from cnncalc.homework.quantities import QUANTITIES
from cnncalc.homework.workings import counts
from cnncalc.homework.workings.parts import Setting
from cnncalc.homework.workings.products import Product, Share, Total
from cnncalc.homework.workings.working import Changed, Mistake, Working
from cnncalc.layers.base import Layer
from cnncalc.layers.conv import Conv
from cnncalc.layers.linear import Linear
from cnncalc.text import later

SUMMED = frozenset(name for name, about in QUANTITIES.items() if about.of_total) - {"peak_memory"}
ADDED = HELD | COSTS | {"weights", "biases", "memory"}


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


def _without_biases_of(layers: type[Layer]) -> Change:
    """Return the change that leaves out the biases of these layers, where others keep theirs."""

    def change(product: Product) -> Altered | None:
        return forgotten(product) if isinstance(product.setting.layer, layers) else None

    def made(working: Working) -> tuple[Changed, ...]:
        biased = [share for share in working.shares if forgotten(share.product)] if isinstance(working, Total) else []
        return in_products(change)(working) if any(not _of(share, layers) for share in biased) else NONE

    return made


def _of(share: Share, layers: type[Layer]) -> bool:
    return isinstance(share.product.setting.layer, layers)


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
    Mistake(
        "bias-forgotten-in-convolutions",
        later("the biases of the convolutions ({count}) are left out"),
        HELD,
        _without_biases_of(Conv),
    ),
    Mistake(
        "bias-forgotten-in-fully-connected",
        later("the biases of the fully connected layers ({count}) are left out"),
        HELD,
        _without_biases_of(Linear),
    ),
)
