"""Mistakes in counting the weights of a convolution: channels, filters, groups, kernel, and their sharing."""

from __future__ import annotations

from collections.abc import Callable

from cnncalc.homework.mistakes.making import HELD, UNSHARED, WEIGHTED, Altered, Change, in_product, in_products
from cnncalc.homework.workings import counts
from cnncalc.homework.workings.parts import Convolving, Number, Setting, Term
from cnncalc.homework.workings.products import Product, factors
from cnncalc.homework.workings.working import Mistake
from cnncalc.layers.conv import Conv
from cnncalc.layers.linear import Linear
from cnncalc.text import later, shape_text


def _without(name: str) -> Change:
    """Return the change that leaves out a factor."""

    def change(product: Product) -> Altered | None:
        if not isinstance(product.setting.layer, Convolving | Linear):
            return None
        found = next((term for term in product.terms if term.has(name)), None)
        if found is None:
            return None
        return Altered(product.each(lambda term: term.without(name)), {name: found.first(name)})

    return in_products(change)


def _filters_forgotten(product: Product) -> Altered | None:
    if not product.terms or not product.terms[0].has("filters") or not isinstance(product.setting.layer, Convolving):
        return None
    return Altered(product.each(lambda term: term.without("filters")), {"filters": product.terms[0].first("filters")})


def _filters_forgotten_in_weights(product: Product) -> Altered | None:
    altered = _filters_forgotten(product)
    if altered is None or len(product.terms) < 2:
        return None
    return altered._replace(product=product._replace(terms=(altered.product.terms[0], *product.terms[1:])))


def _count(name: str, size_of: Callable[[Setting], int]) -> Change:
    """Return the change that takes another number for the filters, or for the channels, of a convolution."""

    def change(product: Product) -> Altered | None:
        setting = product.setting
        if not isinstance(setting.layer, Convolving) or not any(term.has(name) for term in product.terms):
            return None
        values = {"filters": setting.output[0], "channels": setting.entering[0]}
        return Altered(product.each(lambda term: term.setting(name, size_of(setting))), values)

    return in_products(change)


def _groups_forgotten(product: Product) -> Altered | None:
    setting = product.setting
    if setting.groups == 1 or not isinstance(setting.layer, Convolving) or not product.terms[:1]:
        return None
    changed = product.each(lambda term: term.setting("channels", setting.entering[0]))
    return Altered(changed, {"groups": setting.groups})


def _groups_twice(product: Product) -> Altered | None:
    setting = product.setting
    if setting.groups == 1 or not isinstance(setting.layer, Convolving) or not product.terms[:1]:
        return None
    first = product.terms[0].setting("filters", setting.output[0] // setting.groups)
    return Altered(product._replace(terms=(first, *product.terms[1:])), {"groups": setting.groups})


def _kernel(sizes_of: str) -> Change:
    """Return the change that puts another number of weights a kernel."""

    def change(product: Product) -> Altered | None:
        setting = product.setting
        layer = setting.layer
        if not isinstance(layer, Convolving) or not any(term.has("kernel") for term in product.terms):
            return None
        sides = layer.kernel_size
        extents = tuple(d * (k - 1) + 1 for k, d in zip(sides, layer.dilation, strict=True))
        sizes: tuple[Number, ...] = {
            "once": sides[:1],
            "added": (sum(sides),),
            "none": (),
            "extent": extents,
        }[sizes_of]

        def put(term: Term) -> Term:
            if not term.has("kernel"):
                return term
            at = next(index for index, factor in enumerate(term.factors) if factor.name == "kernel")
            rest = term.without("kernel").factors
            return term._replace(factors=(*rest[:at], *factors("kernel", sizes), *rest[at:]))

        return Altered(product.each(put), {"kernel": shape_text(sides), "extent": shape_text(extents)})

    return in_products(change)


def _unshared(*, biases: bool) -> Change:
    def change(product: Product) -> Altered | None:
        setting = product.setting
        if not isinstance(setting.layer, Convolving) or not (product.term("weights") or product.term("biases")):
            return None
        places = counts.positions(setting)

        def repeat(term: Term) -> Term:
            spread = term.name == "weights" or (biases and term.name == "biases")
            return term._replace(factors=(*term.factors, *places)) if spread else term

        return Altered(product.each(repeat)._replace(slides=()), {"positions": shape_text(setting.output[1:])})

    return in_product(change)


def _unshared_one_channel(product: Product) -> Altered | None:
    setting = product.setting
    layer = setting.layer
    if not isinstance(layer, Convolving) or not product.term("weights"):
        return None
    places = counts.positions(setting)
    kernel = factors("kernel", layer.kernel_size)
    terms = (Term("weights", (*kernel, *places)), Term("biases", places))
    changed = product._replace(terms=terms if product.term("biases") else terms[:1], slides=())
    return Altered(changed, {"positions": shape_text(setting.output[1:])})


def _another(quantity: str) -> Change:
    """Return the change that answers another question: what `quantity` would be."""

    def change(product: Product) -> Altered | None:
        if product.quantity == quantity or not product.terms:
            return None
        found = counts.COUNTED[quantity](product.setting)
        return Altered(product._replace(terms=found, quantity=quantity)) if found else None

    return in_products(change)


def _another_of_convolution(quantity: str) -> Change:
    def change(product: Product) -> Altered | None:
        if not isinstance(product.setting.layer, Conv) or product.quantity == quantity:
            return None
        found = counts.COUNTED[quantity](product.setting)
        return Altered(product._replace(terms=found, quantity=quantity)) if found else None

    return in_product(change)


KERNELS: tuple[Mistake, ...] = (
    Mistake(
        "channels-forgotten",
        later("the input channels ({channels}) are left out: a filter is as deep as its input"),
        WEIGHTED,
        _without("channels"),
    ),
    Mistake(
        "filters-forgotten",
        later("the number of filters ({filters}) is left out: this is one filter"),
        WEIGHTED | {"biases"},
        in_products(_filters_forgotten),
    ),
    Mistake(
        "filters-forgotten-in-weights",
        later("the weights of one filter only are counted; there are {filters} filters"),
        HELD | UNSHARED,
        in_products(_filters_forgotten_in_weights),
    ),
    Mistake(
        "channels-for-filters",
        later("the input channels ({channels}) are taken for the number of filters"),
        WEIGHTED,
        _count("filters", lambda setting: setting.entering[0]),
    ),
    Mistake(
        "filters-for-channels",
        later("the number of filters ({filters}) is taken for the input channels"),
        WEIGHTED,
        _count("channels", lambda setting: setting.output[0]),
    ),
    Mistake(
        "units-forgotten",
        later("the number of units ({units}) is left out: this is one unit"),
        WEIGHTED | {"biases"},
        _without("units"),
    ),
    Mistake(
        "groups-forgotten",
        later("the groups ({groups}) are left out: a filter sees the channels of its group only"),
        WEIGHTED,
        in_products(_groups_forgotten),
    ),
    Mistake(
        "groups-twice",
        later("the filters are divided by the groups ({groups}) too; only the input channels are"),
        WEIGHTED,
        in_products(_groups_twice),
    ),
    Mistake(
        "kernel-once",
        later("the side of the kernel is counted once; a kernel is {kernel}"),
        WEIGHTED,
        _kernel("once"),
    ),
    Mistake(
        "kernel-sides-added",
        later("the sides of the kernel {kernel} are added; its weights are their product"),
        WEIGHTED,
        _kernel("added"),
    ),
    Mistake(
        "kernel-forgotten",
        later("the kernel ({kernel}) is left out"),
        WEIGHTED,
        _kernel("none"),
    ),
    Mistake(
        "kernel-dilated",
        later("the kernel is counted as {extent}, as far as it reaches; dilation adds no weights"),
        WEIGHTED,
        _kernel("extent"),
    ),
    Mistake(
        "sharing-forgotten",
        later("weights and biases are counted at each of the {positions} positions; all positions share them"),
        HELD | {"weights", "biases"},
        _unshared(biases=True),
    ),
    Mistake(
        "sharing-forgotten-in-weights",
        later("the weights are counted at each of the {positions} positions; all positions share them"),
        HELD,
        _unshared(biases=False),
    ),
    Mistake(
        "kernel-a-position",
        later(
            "a kernel of one channel is counted at each of the {positions} positions; all positions share the filters"
        ),
        HELD | {"weights"},
        in_products(_unshared_one_channel),
    ),
    Mistake(
        "full-connection",
        later("every input element is connected with every output element; a filter sees its window only"),
        HELD | {"weights", "locally_connected"},
        _another_of_convolution("fully_connected"),
    ),
    Mistake(
        "local-connection",
        later("each position has weights of its own; in a full connection it also sees the whole input"),
        frozenset(("fully_connected",)),
        _another_of_convolution("locally_connected"),
    ),
    Mistake(
        "sharing-kept",
        later("the weights are shared, as in the convolution; the question is without sharing"),
        UNSHARED,
        _another_of_convolution("parameters"),
    ),
    Mistake(
        "elements-for-parameters",
        later("the elements of the output are counted, not the parameters"),
        frozenset(("parameters", "weights")),
        _another("output_elements"),
    ),
    Mistake(
        "macs-for-parameters",
        later("the multiply-accumulates are counted, not the parameters"),
        frozenset(("parameters", "weights")),
        _another("macs"),
    ),
)
