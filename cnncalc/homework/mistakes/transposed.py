"""Mistakes in transposed convolutions: sized or counted by the convolution's rule, and slips in their own."""

from __future__ import annotations

from collections.abc import Callable

from cnncalc.homework.mistakes.making import COSTS, SHAPES, Altered, Change, in_products, in_sizes, listed
from cnncalc.homework.workings.parts import Combined, Part, Stretch, Term
from cnncalc.homework.workings.products import Product
from cnncalc.homework.workings.sizes import Sizes
from cnncalc.homework.workings.working import Mistake
from cnncalc.text import later, shape_text


def _in_stretches(change: Callable[[Stretch], Part]) -> Change:
    """Make a change in the size that a transposed convolution gives, on every axis."""

    def changed(working: Sizes) -> Sizes | None:
        if not any(isinstance(part, Stretch) for part in working.parts):
            return None
        parts = tuple(change(part) if isinstance(part, Stretch) else part for part in working.parts)
        return None if parts == working.parts else working._replace(parts=parts)

    return in_sizes(
        changed,
        size=_each(lambda part: part.size),
        stride=_each(lambda part: part.stride),
        kernel=_each(lambda part: part.kernel),
        padding=_each(lambda part: part.padding),
        dilation=_each(lambda part: part.dilation),
        extra=_each(lambda part: part.extra),
    )


def _each(number: Callable[[Stretch], int]) -> Callable[[Sizes], str]:
    """Return what says a number of every axis, where they are alike once."""
    return lambda working: listed(number(part) for part in working.parts if isinstance(part, Stretch))


def _by_convolution(part: Stretch) -> Part:
    """Slide the kernel over the input; one that does not fit gives no number anyone would write."""
    slide = part.convolution()
    return slide if slide.value() > 0 else part


def _positioned(product: Product) -> Altered | None:
    """Count a product at each position of the output, as a convolution makes them."""
    sizes = product.setting.output[1:]
    if not any(term.has("sources") for term in product.terms):
        return None

    def put(term: Term) -> Term:
        return term._replace(
            factors=tuple(
                factor._replace(name="positions", size=sizes[factor.axis]) if factor.name == "sources" else factor
                for factor in term.factors
            )
        )

    values = {"positions": shape_text(sizes), "sources": shape_text(product.setting.entering[1:])}
    return Altered(product.each(put), values)


def _sources_forgotten(product: Product) -> Altered | None:
    if not any(term.has("sources") for term in product.terms):
        return None
    changed = product.each(lambda term: term.without("sources"))
    return Altered(changed, {"sources": shape_text(product.setting.entering[1:])})


TRANSPOSED: tuple[Mistake, ...] = (
    Mistake(
        "transposed-as-convolution",
        later("the size follows the convolution's rule; a transposed convolution turns it round"),
        SHAPES,
        _in_stretches(_by_convolution),
    ),
    Mistake(
        "transposed-counted-as-convolution",
        later(
            "the products are counted at the {positions} positions of the output; each of the {sources} input "
            "positions is multiplied with the kernel"
        ),
        COSTS,
        in_products(_positioned),
    ),
    Mistake(
        "sources-forgotten",
        later("the {sources} input positions are left out; each is multiplied with the kernel"),
        COSTS,
        in_products(_sources_forgotten),
    ),
    Mistake(
        "transposed-size-times-stride",
        later("the size is taken for input * stride, {size}*{stride}; kernel and padding count too"),
        SHAPES,
        _in_stretches(lambda part: Combined((part.size, part.stride))),
    ),
    Mistake(
        "transposed-size-kept",
        later("the stride {stride} is left out: the kernel is laid down so many positions apart"),
        SHAPES,
        _in_stretches(lambda part: part._replace(stride=1)),
    ),
    Mistake(
        "transposed-step-too-many",
        later("as many strides as inputs ({size}) are counted; there is one fewer between them"),
        SHAPES,
        _in_stretches(lambda part: part._replace(fewer=0)),
    ),
    Mistake(
        "transposed-padding-added",
        later("padding {padding} is added; in a transposed convolution it is cut off the output"),
        SHAPES,
        _in_stretches(lambda part: part._replace(sides=-2) if part.padding else part),
    ),
    Mistake(
        "transposed-padding-once",
        later("padding {padding} is taken off one side only; it is taken off both"),
        SHAPES,
        _in_stretches(lambda part: part._replace(sides=1) if part.padding else part),
    ),
    Mistake(
        "transposed-padding-forgotten",
        later("padding {padding} is not taken off"),
        SHAPES,
        _in_stretches(lambda part: part._replace(sides=0) if part.padding else part),
    ),
    Mistake(
        "transposed-kernel-forgotten",
        later("the kernel {kernel} is left out: the last one reaches further than the place where it is laid"),
        SHAPES,
        _in_stretches(lambda part: part._replace(kernel=1)),
    ),
    Mistake(
        "transposed-dilation-forgotten",
        later("dilation {dilation} is left out: the kernel {kernel} reaches further than its side"),
        SHAPES,
        _in_stretches(lambda part: part._replace(dilated=False) if part.dilation > 1 else part),
    ),
    Mistake(
        "output-padding-forgotten",
        later("output_padding {extra} is left out"),
        SHAPES,
        _in_stretches(lambda part: part._replace(extra=0)),
    ),
    Mistake(
        "output-padding-twice",
        later("output_padding {extra} is added on both sides; it is added at the end only"),
        SHAPES,
        _in_stretches(lambda part: part._replace(extra=2 * part.extra)),
    ),
)
