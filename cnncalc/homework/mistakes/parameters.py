"""Mistakes in counting the parameters of fully connected layers, of normalisation, and of what has none."""

from __future__ import annotations

from math import prod

from cnncalc.homework.mistakes.making import COSTS, HELD, NONE, Altered, Change, in_product, in_products
from cnncalc.homework.workings import counts
from cnncalc.homework.workings.parts import Convolving, Factor, Term, windows_of
from cnncalc.homework.workings.products import Product, factors
from cnncalc.homework.workings.working import Changed, Mistake, Working
from cnncalc.layers.layer_norm import GroupNorm
from cnncalc.layers.linear import Linear
from cnncalc.layers.norm import Normalisation
from cnncalc.layers.pool import Pool
from cnncalc.text import later, shape_text

COUNTED = HELD | {"weights", "biases", "buffers"}


def _fed(which: str) -> Change:
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


def _norm(terms: str) -> Change:
    """Return the change that counts a normalisation otherwise."""

    def change(product: Product) -> Altered | None:
        setting = product.setting
        if not isinstance(setting.layer, Normalisation) or not product.terms:
            return None
        own = product.terms
        if terms == "stored":
            found = (*own, *_sized_like(own[0], counts.buffers(setting)))
        elif terms == "counter":
            found = (*own, Term("batches", (Factor("channels", 1),)))
        else:
            found = ()
        return Altered(product._replace(terms=found), {"channels": setting.entering[0]})

    return in_products(change)


def _norm_a_channel(terms: str) -> Change:
    """Return the change in a normalisation that has its numbers for each channel."""

    def change(product: Product) -> Altered | None:
        setting = product.setting
        layer = setting.layer
        own = product.terms
        if not isinstance(layer, Normalisation) or not own or layer.learned(setting.entering) != setting.entering[:1]:
            return None
        channels = Factor("channels", setting.entering[0])
        values = {"channels": setting.entering[0]}
        if terms == "places":
            places = counts.positions(setting)
            found = tuple(term._replace(factors=(*term.factors, *places)) for term in own)
        elif terms == "one":
            found = own[:1]
        elif terms == "imagined" and not layer.buffers(setting.inputs):
            found = (*own, *_sized_like(own[0], (Term("mean", (channels,)), Term("variance", (channels,)))))
        elif terms == "groups" and isinstance(layer, GroupNorm):
            found = tuple(term.setting("channels", layer.num_groups) for term in own)
            values["groups"] = layer.num_groups
        else:
            return None
        return Altered(product._replace(terms=found), values)

    return in_products(change)


def _norm_an_element(terms: str) -> Change:
    """Return the change in a LayerNorm, which has its numbers for each element that is normalised with others."""

    def change(product: Product) -> Altered | None:
        setting = product.setting
        if not isinstance(setting.layer, Normalisation) or not product.term("scale") or len(setting.entering) < 2:
            return None
        sizes = setting.layer.learned(setting.entering)
        if sizes == setting.entering[:1]:
            return None
        values = {"elements": prod(sizes), "channels": setting.entering[0]}
        if terms == "one":
            return Altered(product._replace(terms=product.terms[:1]), values)
        channels = Factor("channels", setting.entering[0])
        return Altered(
            product.each(
                lambda term: term._replace(
                    factors=(channels, *(factor for factor in term.factors if factor.name != "elements"))
                )
            ),
            values,
        )

    return in_products(change)


def _sized_like(term: Term, added: tuple[Term, ...]) -> tuple[Term, ...]:
    kept = tuple(factor for factor in term.factors if factor.name == "bytes")
    return tuple(one._replace(factors=(*one.factors, *kept)) for one in added)


def _pool(which: str) -> Change:
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


def _coefficients(product: Product) -> Altered | None:
    """Give a pool what LeNet's of 1998 had: a coefficient and a bias a map."""
    setting = product.setting
    if not isinstance(setting.layer, Pool) or product.terms:
        return None
    channels = setting.entering[0]
    return Altered(product.adding(Term("weights", (Factor("each", 2), Factor("maps", channels)))), {"maps": channels})


def _sides_added(working: Working) -> tuple[Changed, ...]:
    """Add the inputs and the outputs of a fully connected layer, with the biases or without."""
    if not isinstance(working, Product) or not isinstance(working.setting.layer, Linear):
        return NONE
    term = working.term("weights")
    if term is None:
        return NONE
    inputs, units = (term.without(other) for other in ("units", "inputs"))
    values = {"inputs": inputs.first("inputs"), "units": units.first("units")}
    ways = dict.fromkeys((working._replace(terms=(inputs, units)), working.replacing("weights", inputs, units)))
    return tuple(Changed(way, values) for way in ways)


def _weightless(which: str) -> Change:
    """Return the change that gives parameters to a layer that holds nothing."""

    def change(product: Product) -> Altered | None:
        setting = product.setting
        if product.terms or isinstance(setting.layer, Convolving | Linear | Normalisation):
            return None
        found = (Factor("maps", setting.output[0]), *(counts.positions(setting) if which == "element" else ()))
        return Altered(product.adding(Term("imagined", found)))

    return in_product(change)


PARAMETERS: tuple[Mistake, ...] = (
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
        later("one number only is counted for each of the {channels} channels of the normalisation"),
        HELD | {"buffers"},
        _norm_a_channel("one"),
    ),
    Mistake(
        "normalisation-forgotten",
        later("normalisation is taken for a layer that holds no numbers"),
        HELD | {"weights", "buffers"},
        _norm("none"),
    ),
    Mistake(
        "normalisation-per-element",
        later("the numbers of normalisation are counted at each position; all positions share them"),
        HELD | {"weights", "buffers"},
        _norm_a_channel("places"),
    ),
    Mistake(
        "own-statistics-counted",
        later(
            "a mean and a variance are counted for each of the {channels} channels; this normalisation takes those of "
            "its input, and stores none"
        ),
        HELD | {"weights"},
        _norm_a_channel("imagined"),
    ),
    Mistake(
        "normalisation-per-group",
        later("the numbers of normalisation are counted for each of {groups} groups; each channel has its own"),
        HELD | {"weights", "biases"},
        _norm_a_channel("groups"),
    ),
    Mistake(
        "scale-only-of-elements",
        later("one number only is counted for each of the {elements} elements normalised together"),
        HELD,
        _norm_an_element("one"),
    ),
    Mistake(
        "normalisation-per-channel",
        later(
            "the numbers of normalisation are counted for each of the {channels} channels; here each of the {elements} "
            "elements normalised together has its own"
        ),
        HELD | {"weights", "biases"},
        _norm_an_element("channels"),
    ),
    Mistake(
        "batch-counter-counted",
        later("the count of batches, which PyTorch stores too, is counted"),
        frozenset(("buffers",)),
        _norm("counter"),
    ),
    Mistake(
        "pool-given-kernel",
        later("the pool is given the weights of a kernel, as a convolution has"),
        COUNTED - {"biases", "buffers"},
        _pool("kernel"),
    ),
    Mistake(
        "pool-given-kernels",
        later("the pool is given the weights of a kernel for each of its {channels} channels, as a convolution has"),
        COUNTED - {"biases", "buffers"},
        _pool("channel"),
    ),
    Mistake(
        "pool-given-filters",
        later("the pool is counted as a convolution with {channels} filters"),
        COUNTED - {"biases", "buffers"},
        _pool("filters"),
    ),
    Mistake(
        "pool-given-coefficients",
        later("a coefficient and a bias are counted for each of {maps} maps, as in LeNet of 1998; this pool has none"),
        COUNTED - {"biases", "buffers"},
        in_products(_coefficients),
    ),
    Mistake(
        "inputs-and-outputs-added",
        later("the inputs ({inputs}) and outputs ({units}) are added; each input has a weight to each output"),
        HELD | {"weights"},
        _sides_added,
    ),
    Mistake(
        "weightless-given-channels",
        later("a parameter is counted for each channel; which tensor would it be in?"),
        frozenset(("parameters", "weights", "biases")),
        _weightless("channel"),
    ),
    Mistake(
        "weightless-given-elements",
        later("a parameter is counted for each element; which tensor would it be in?"),
        frozenset(("parameters", "weights")),
        _weightless("element"),
    ),
)
