"""Mistakes in counting biases."""

from __future__ import annotations

from cnncalc.homework.mistakes.making import HELD, UNSHARED, Altered, in_product, in_products
from cnncalc.homework.workings import counts
from cnncalc.homework.workings.parts import Convolving, Number, Term
from cnncalc.homework.workings.products import Product, factors
from cnncalc.homework.workings.working import Mistake
from cnncalc.layers.linear import Linear
from cnncalc.text import later


def _biases(product: Product, *sizes: Number) -> Product:
    """Put as many biases as `sizes` multiply to in place of those there are."""
    term = product.term("biases")
    assert term is not None
    kept = tuple(factor for factor in term.factors if factor.name == "bytes")
    return product.replacing("biases", Term("biases", (*factors("filters", sizes), *kept)))


def forgotten(product: Product) -> Altered | None:
    """Leave out the biases; None where there are none."""
    term = product.term("biases")
    return Altered(product.replacing("biases"), {"count": _number_of(term)}) if term else None


def _number_of(term: Term) -> Number:
    return term.without("bytes").value()


def _once(product: Product) -> Altered | None:
    return Altered(_biases(product, 1)) if product.term("biases") else None


def _per_input_channel(product: Product) -> Altered | None:
    setting = product.setting
    if not product.term("biases") or not isinstance(setting.layer, Convolving):
        return None
    return Altered(_biases(product, setting.entering[0]), {"channels": setting.entering[0]})


def _per_input(product: Product) -> Altered | None:
    setting = product.setting
    if not product.term("biases") or not isinstance(setting.layer, Linear):
        return None
    return Altered(_biases(product, setting.entering[0]), {"inputs": setting.entering[0]})


def _per_kernel(product: Product) -> Altered | None:
    setting = product.setting
    if not product.term("biases") or not isinstance(setting.layer, Convolving):
        return None
    channels = setting.entering[0] // setting.groups
    return Altered(_biases(product, setting.output[0], channels), {"channels": channels})


def _invented(product: Product) -> Altered | None:
    """Add a bias a filter where the layer has none: also to what a pool is taken for."""
    if product.quantity == "weights" or product.term("biases") or getattr(product.setting.layer, "bias", False):
        return None
    weights = product.term("weights")
    if weights is None:
        return None
    term = counts.bias_term(product.setting)
    kept = tuple(factor for factor in weights.factors if factor.name == "bytes")
    return Altered(product.adding(term._replace(factors=(*term.factors, *kept))), {"count": product.setting.output[0]})


def _counted(product: Product) -> Altered | None:
    """Add the biases where the question leaves them out."""
    setting = product.setting
    left_out = product.quantity == "weights" or (
        product.quantity == "parameters" and not setting.counting.bias_in_parameters
    )
    added = counts.biases(setting)
    if not left_out or not added or product.term(added[0].name):
        return None
    return Altered(product.adding(*added), {"count": setting.output[0]})


BIASES: tuple[Mistake, ...] = (
    Mistake(
        "bias-forgotten",
        later("the biases ({count}) are left out"),
        HELD | UNSHARED | {"biases"},
        in_products(forgotten),
    ),
    Mistake(
        "bias-once",
        later("one bias is counted for the whole layer; each filter or unit has its own"),
        HELD | UNSHARED | {"biases"},
        in_products(_once),
    ),
    Mistake(
        "bias-per-input-channel",
        later("a bias is counted for each input channel ({channels}); each filter has one"),
        HELD | {"biases"},
        in_products(_per_input_channel),
    ),
    Mistake(
        "bias-per-input",
        later("a bias is counted for each input ({inputs}), as in * (out + 1); each output has one"),
        HELD | {"biases"},
        in_products(_per_input),
    ),
    Mistake(
        "bias-per-kernel",
        later("a bias is counted for each kernel, {channels} a filter; a filter has one bias for all its channels"),
        HELD | {"biases"},
        in_products(_per_kernel),
    ),
    Mistake(
        "bias-invented",
        later("biases ({count}) are counted; this layer has no bias"),
        HELD,
        in_products(_invented),
    ),
    Mistake(
        "bias-counted",
        later("the biases ({count}) are counted; they were not asked for"),
        frozenset(("parameters", "weights")),
        in_products(_counted),
    ),
    Mistake(
        "bias-shared",
        later("there is one bias a filter; without sharing, each output element has its own"),
        UNSHARED,
        in_product(
            lambda product: Altered(_biases(product, product.setting.output[0])) if product.term("biases") else None
        ),
    ),
)
