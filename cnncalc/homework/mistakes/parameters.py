"""Mistakes in counting parameters: of convolutions, fully connected layers, normalisation, and what has none."""

from __future__ import annotations

from math import prod

from cnncalc.homework.mistakes.making import COSTS, HELD, UNSHARED, WEIGHTED, Altered, in_product, in_products
from cnncalc.homework.working import Mistake
from cnncalc.homework.workings import counts
from cnncalc.homework.workings.parts import Factor, Number, Term, windows_of
from cnncalc.homework.workings.products import Product, factors
from cnncalc.layers.conv import Conv
from cnncalc.layers.linear import Linear
from cnncalc.layers.norm import BatchNorm
from cnncalc.layers.pool import Pool
from cnncalc.text import later, shape_text

COUNTED = HELD | {"weights", "biases", "buffers"}


def _biases(product: Product, *sizes: Number) -> Product:
    """Put as many biases as `sizes` multiply to in place of those there are."""
    term = product.term("biases")
    assert term is not None
    kept = tuple(factor for factor in term.factors if factor.name == "bytes")
    return product.replacing("biases", Term("biases", (*factors("filters", sizes), *kept)))


def _forgotten(product: Product) -> Altered | None:
    term = product.term("biases")
    return Altered(product.replacing("biases"), {"count": _number_of(term)}) if term else None


def _number_of(term: Term) -> Number:
    return term.without("bytes").value()


def _once(product: Product) -> Altered | None:
    return Altered(_biases(product, 1)) if product.term("biases") else None


def _per_input_channel(product: Product) -> Altered | None:
    setting = product.setting
    if not product.term("biases") or not isinstance(setting.layer, Conv):
        return None
    return Altered(_biases(product, setting.entering[0]), {"channels": setting.entering[0]})


def _per_input(product: Product) -> Altered | None:
    setting = product.setting
    if not product.term("biases") or not isinstance(setting.layer, Linear):
        return None
    return Altered(_biases(product, setting.entering[0]), {"inputs": setting.entering[0]})


def _per_kernel(product: Product) -> Altered | None:
    setting = product.setting
    if not product.term("biases") or not isinstance(setting.layer, Conv):
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


def _without(name: str, *, everywhere: bool = True):
    """Return the change that leaves out a factor of the weights, or of all terms."""

    def change(product: Product) -> Altered | None:
        if not isinstance(product.setting.layer, Conv | Linear):
            return None
        found = next((term for term in product.terms if term.has(name)), None)
        if found is None:
            return None
        main = product.terms[0].name

        def leave_out(term: Term) -> Term:
            return term.without(name) if everywhere or term.name == main else term

        return Altered(product.each(leave_out), {"count": found.first(name)})

    return in_products(change)


def _filters_forgotten(product: Product) -> Altered | None:
    if not product.terms or not product.terms[0].has("filters") or not isinstance(product.setting.layer, Conv):
        return None
    return Altered(product.each(lambda term: term.without("filters")), {"filters": product.terms[0].first("filters")})


def _filters_forgotten_in_weights(product: Product) -> Altered | None:
    altered = _filters_forgotten(product)
    if altered is None or len(product.terms) < 2:
        return None
    return altered._replace(product=product._replace(terms=(altered.product.terms[0], *product.terms[1:])))


def _groups_forgotten(product: Product) -> Altered | None:
    setting = product.setting
    if setting.groups == 1 or not isinstance(setting.layer, Conv) or not product.terms[:1]:
        return None
    changed = product.each(lambda term: term.setting("channels", setting.entering[0]))
    return Altered(changed, {"groups": setting.groups})


def _groups_twice(product: Product) -> Altered | None:
    setting = product.setting
    if setting.groups == 1 or not isinstance(setting.layer, Conv) or not product.terms[:1]:
        return None
    first = product.terms[0].setting("filters", setting.output[0] // setting.groups)
    return Altered(product._replace(terms=(first, *product.terms[1:])), {"groups": setting.groups})


def _kernel(sizes_of: str):
    """Return the change that puts another number of weights a kernel."""

    def change(product: Product) -> Altered | None:
        setting = product.setting
        if not isinstance(setting.layer, Conv) or not any(term.has("kernel") for term in product.terms):
            return None
        sides = tuple(window.kernel for window in setting.windows)
        sizes: tuple[Number, ...] = {
            "once": sides[:1],
            "added": (sum(sides),),
            "none": (),
            "extent": tuple(window.extent for window in setting.windows),
        }[sizes_of]

        def put(term: Term) -> Term:
            if not term.has("kernel"):
                return term
            at = next(index for index, factor in enumerate(term.factors) if factor.name == "kernel")
            rest = term.without("kernel").factors
            return term._replace(factors=(*rest[:at], *factors("kernel", sizes), *rest[at:]))

        extents = shape_text([window.extent for window in setting.windows])
        return Altered(product.each(put), {"kernel": shape_text(sides), "extent": extents})

    return in_products(change)


def _unshared(*, biases: bool):
    def change(product: Product) -> Altered | None:
        setting = product.setting
        if not isinstance(setting.layer, Conv) or not product.term("weights"):
            return None
        places = counts.positions(setting)

        def repeat(term: Term) -> Term:
            spread = term.name == "weights" or (biases and term.name == "biases")
            return term._replace(factors=(*term.factors, *places)) if spread else term

        return Altered(product.each(repeat)._replace(slides=()), {"positions": shape_text(setting.output[1:])})

    return in_product(change)


def _unshared_one_channel(product: Product) -> Altered | None:
    setting = product.setting
    if not isinstance(setting.layer, Conv) or not product.term("weights"):
        return None
    places = counts.positions(setting)
    kernel = factors("kernel", tuple(window.kernel for window in setting.windows))
    terms = (Term("weights", (*kernel, *places)), Term("biases", places))
    changed = product._replace(terms=terms if product.term("biases") else terms[:1], slides=())
    return Altered(changed, {"positions": shape_text(setting.output[1:])})


def _another(quantity: str):
    """Return the change that answers another question: what `quantity` would be."""

    def change(product: Product) -> Altered | None:
        if product.quantity == quantity or not product.terms:
            return None
        found = counts.COUNTED[quantity](product.setting)
        return Altered(product._replace(terms=found, quantity=quantity)) if found else None

    return in_products(change)


def _another_of_convolution(quantity: str):
    def change(product: Product) -> Altered | None:
        if not isinstance(product.setting.layer, Conv) or product.quantity == quantity:
            return None
        found = counts.COUNTED[quantity](product.setting)
        return Altered(product._replace(terms=found, quantity=quantity)) if found else None

    return in_product(change)


def _fed(which: str):
    """Return the change that gives a fully connected layer another number of inputs."""

    def change(product: Product) -> Altered | None:
        setting = product.setting
        shape = setting.before_pool if which == "pool" else setting.flattened
        if not isinstance(setting.layer, Linear) or len(shape) < 2 or not product.terms:
            return None
        inputs = {"channels": shape[0], "positions": prod(shape[1:]), "pool": prod(shape)}[which]
        changed = product.each(lambda term: term.setting("inputs", inputs))
        return Altered(changed, {"map": shape_text(shape), "channels": shape[0], "positions": shape_text(shape[1:])})

    return in_products(change)


def _norm(terms: str):
    """Return the change that counts a normalisation otherwise."""

    def change(product: Product) -> Altered | None:
        setting = product.setting
        if not isinstance(setting.layer, BatchNorm) or not product.terms:
            return None
        own = product.terms
        if terms == "stored":
            found = (*own, *_sized_like(own[0], counts.buffers(setting)))
        elif terms == "places":
            places = counts.positions(setting)
            found = tuple(term._replace(factors=(*term.factors, *places)) for term in own)
        elif terms == "counter":
            found = (*own, Term("batches", (Factor("channels", 1),)))
        elif terms == "one":
            found = own[:1]
        else:
            found = ()
        return Altered(product._replace(terms=found), {"channels": setting.entering[0]})

    return in_products(change)


def _sized_like(term: Term, added: tuple[Term, ...]) -> tuple[Term, ...]:
    kept = tuple(factor for factor in term.factors if factor.name == "bytes")
    return tuple(one._replace(factors=(*one.factors, *kept)) for one in added)


def _pool(which: str):
    """Return the change that gives a pool weights."""

    def change(product: Product) -> Altered | None:
        setting = product.setting
        if not isinstance(setting.layer, Pool) or product.terms:
            return None
        channels = setting.entering[0]
        kernel = factors(
            "kernel", tuple(window.kernel for window in windows_of(setting.layer, setting.inputs, setting.output))
        )
        more = {"kernel": (), "channel": (Factor("channels", channels),)}.get(
            which, (Factor("filters", channels), Factor("channels", channels))
        )
        return Altered(product.adding(Term("weights", (*more, *kernel))), {"channels": channels})

    return in_products(change)


def _weightless(which: str):
    """Return the change that gives parameters to a layer that holds nothing."""

    def change(product: Product) -> Altered | None:
        setting = product.setting
        if product.terms or isinstance(setting.layer, BatchNorm | Conv | Linear):
            return None
        found = (Factor("maps", setting.output[0]), *(counts.positions(setting) if which == "element" else ()))
        return Altered(product.adding(Term("imagined", found)))

    return in_product(change)


PARAMETERS: tuple[Mistake, ...] = (
    Mistake(
        "bias-forgotten",
        later("the biases ({count}) are left out"),
        HELD | UNSHARED | {"biases"},
        in_products(_forgotten),
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
        "channels-forgotten",
        later("the input channels ({count}) are left out: a filter is as deep as its input"),
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
        "units-forgotten",
        later("the number of units ({count}) is left out: this is one unit"),
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
        "bias-shared",
        later("there is one bias a filter; without sharing, each output element has its own"),
        UNSHARED,
        in_product(
            lambda product: Altered(_biases(product, product.setting.output[0])) if product.term("biases") else None
        ),
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
    Mistake(
        "fed-channels-only",
        later("the layer is fed the {channels} channels only; flattening {map} gives their product"),
        HELD | COSTS | {"weights"},
        _fed("channels"),
    ),
    Mistake(
        "fed-positions-only",
        later("the layer is fed the {positions} positions of one channel only; flattening {map} gives the product"),
        HELD | COSTS | {"weights"},
        _fed("positions"),
    ),
    Mistake(
        "flattened-before-pool",
        later("the layer is fed {map}, the map before the pool"),
        HELD | COSTS | {"weights"},
        _fed("pool"),
    ),
    Mistake(
        "statistics-counted",
        later("the running mean and variance of normalisation are counted; they are not trained"),
        HELD | {"weights"},
        _norm("stored"),
    ),
    Mistake(
        "scale-only",
        later("one number a channel is counted for normalisation ({channels} channels); it has two"),
        HELD | {"buffers"},
        _norm("one"),
    ),
    Mistake(
        "normalisation-forgotten",
        later("normalisation is taken for a layer that holds no numbers"),
        HELD | {"weights", "buffers"},
        _norm("none"),
    ),
    Mistake(
        "normalisation-per-element",
        later("the numbers of normalisation are counted at each position; there are two a channel"),
        HELD | {"weights", "buffers"},
        _norm("places"),
    ),
    Mistake(
        "batch-counter-counted",
        later("the count of batches, which PyTorch stores too, is counted"),
        frozenset(("buffers",)),
        _norm("counter"),
    ),
    Mistake(
        "pool-given-kernel",
        later("the pool is given the weights of a kernel; a pool learns nothing"),
        COUNTED - {"biases", "buffers"},
        _pool("kernel"),
    ),
    Mistake(
        "pool-given-kernels",
        later("the pool is given a kernel for each of its {channels} channels; a pool learns nothing"),
        COUNTED - {"biases", "buffers"},
        _pool("channel"),
    ),
    Mistake(
        "pool-given-filters",
        later("the pool is counted as a convolution with {channels} filters; a pool learns nothing"),
        COUNTED - {"biases", "buffers"},
        _pool("filters"),
    ),
    Mistake(
        "weightless-given-channels",
        later("a parameter is counted for each channel; this layer learns nothing"),
        frozenset(("parameters", "weights", "biases")),
        _weightless("channel"),
    ),
    Mistake(
        "weightless-given-elements",
        later("a parameter is counted for each element; this layer learns nothing"),
        frozenset(("parameters", "weights")),
        _weightless("element"),
    ),
)
