"""Mistakes in bytes: units, widths, and whose memory it is."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from cnncalc.homework.mistakes.making import NONE, Altered, Change, in_product, in_products
from cnncalc.homework.workings import counts
from cnncalc.homework.workings.parts import Factor, Term
from cnncalc.homework.workings.peak import Peak
from cnncalc.homework.workings.products import Product
from cnncalc.homework.workings.working import Changed, Mistake, Working
from cnncalc.text import later

BYTES = frozenset(("memory", "parameter_memory", "peak_memory"))
MEMORY = frozenset(("memory",))
PEAK = frozenset(("peak_memory",))


def _each(change: Callable[[Term], Term | None]) -> Change:
    """Make a change in each term that has bytes: of a layer, a total, or the peak."""

    def in_terms(product: Product) -> Altered | None:
        found = _changed(product.terms, change)
        return Altered(product._replace(terms=found)) if found else None

    in_layers = in_products(in_terms)

    def made(working: Working) -> tuple[Changed, ...]:
        if not isinstance(working, Peak):
            return in_layers(working)
        found = _changed(working.terms, change)
        return (Changed(working._replace(terms=found)),) if found else NONE

    return made


def _changed(terms: tuple[Term, ...], change: Callable[[Term], Term | None]) -> tuple[Term, ...] | None:
    found = [change(term) if term.has("bytes") else None for term in terms]
    if not any(found):
        return None
    return tuple(new or term for new, term in zip(found, terms, strict=True))


def _wide(size: int | Fraction) -> Callable[[Term], Term | None]:
    return lambda term: term.setting("bytes", size) if term.first("bytes") != size else None


def _times(size: Fraction) -> Callable[[Term], Term | None]:
    return lambda term: None if term.has("unit") else term._replace(factors=(*term.factors, Factor("unit", size)))


def _with_gradient(term: Term) -> Term | None:
    return None if term.has("two") else term._replace(factors=(*term.factors, Factor("two", 2)))


def _without_batch(term: Term) -> Term | None:
    return term.without("batch") if term.has("batch") else None


def _of_input(product: Product) -> Altered | None:
    """Count the elements that enter."""
    if product.quantity not in ("memory", "output_elements"):
        return None
    entering = product.setting.entering

    def put(term: Term) -> Term:
        kept = tuple(factor for factor in term.factors if factor.name in ("batch", "bytes", "unit"))
        return term._replace(factors=(*counts.shape_factors(entering), *kept))

    return Altered(product.each(put)._replace(slides=()))


def _of_parameters(product: Product) -> Altered | None:
    if product.quantity != "memory":
        return None
    found = counts.parameter_memory(product.setting)
    return Altered(product._replace(terms=found, quantity="parameter_memory")) if found else None


def _of_output(product: Product) -> Altered | None:
    if product.quantity != "parameter_memory" or not product.terms:
        return None
    return Altered(product._replace(terms=counts.memory(product.setting), quantity="memory"))


def _with_input(product: Product) -> Altered | None:
    if product.quantity != "memory":
        return None
    entering = _of_input(product)
    return Altered(product.adding(*entering.product.terms)) if entering else None


def _maps(product: Product) -> Altered | None:
    """Leave out the channels of a map."""
    if not any(term.has("maps") for term in product.terms):
        return None
    return Altered(product.each(lambda term: term.without("maps")))


def _of_peak(terms: Callable[[Peak], tuple[Term, ...]]) -> Change:
    def made(working: Working) -> tuple[Changed, ...]:
        return (Changed(working._replace(terms=terms(working))),) if isinstance(working, Peak) else NONE

    return made


MEMORY_MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "elements-for-bytes",
        later("numbers are counted, not the bytes that each takes"),
        BYTES,
        _each(_wide(1)),
    ),
    Mistake(
        "bits-for-bytes",
        later("bits are counted; a byte has 8"),
        BYTES,
        _each(lambda term: term.setting("bytes", term.first("bytes") * 8)),
    ),
    Mistake(
        "two-bytes-a-number",
        later("2 bytes are counted for each number; the numbers here are of another width"),
        BYTES,
        _each(_wide(2)),
    ),
    Mistake(
        "four-bytes-a-number",
        later("4 bytes are counted for each number; the numbers here are of another width"),
        BYTES,
        _each(_wide(4)),
    ),
    Mistake(
        "eight-bytes-a-number",
        later("8 bytes are counted for each number; the numbers here are of another width"),
        BYTES,
        _each(_wide(8)),
    ),
    Mistake(
        "gradients-counted",
        later("each number is counted twice, as for its gradient"),
        BYTES,
        _each(_with_gradient),
    ),
    Mistake(
        "kib-called-kb",
        later("the bytes were divided by 1024 and called kB; a kB is 1000 bytes, a KiB 1024"),
        BYTES,
        _each(_times(Fraction(1000, 1024))),
    ),
    Mistake(
        "kb-called-kib",
        later("the bytes were divided by 1000 and called KiB; a KiB is 1024 bytes, a kB 1000"),
        BYTES,
        _each(_times(Fraction(1024, 1000))),
    ),
    Mistake(
        "mib-called-mb",
        later("the bytes were divided by 1024 twice and called MB; an MB is 1000*1000 bytes, a MiB 1024*1024"),
        BYTES,
        _each(_times(Fraction(1000**2, 1024**2))),
    ),
    Mistake(
        "mb-called-mib",
        later("the bytes were divided by 1000 twice and called MiB; a MiB is 1024*1024 bytes, an MB 1000*1000"),
        BYTES,
        _each(_times(Fraction(1024**2, 1000**2))),
    ),
    Mistake(
        "batch-forgotten",
        later("one input is counted, not the batch"),
        MEMORY | PEAK,
        _each(_without_batch),
    ),
    Mistake(
        "output-channels-forgotten",
        later("one channel of the output is counted, not all of them"),
        MEMORY | {"output_elements"},
        in_products(_maps),
    ),
    Mistake(
        "input-counted",
        later("the input of the layer is counted; its output was asked for"),
        MEMORY | {"output_elements"},
        in_product(_of_input),
    ),
    Mistake(
        "input-added",
        later("the input of the layer is counted too; its output alone was asked for"),
        MEMORY,
        in_product(_with_input),
    ),
    Mistake(
        "parameters-for-memory",
        later("the memory of the parameters is given; that of the output was asked for"),
        MEMORY,
        in_products(_of_parameters),
    ),
    Mistake(
        "output-for-parameters",
        later("the memory of the output is given; that of the parameters was asked for"),
        frozenset(("parameter_memory",)),
        in_products(_of_output),
    ),
    Mistake(
        "all-maps-kept",
        later("the outputs of all layers are added up; most are freed before the fullest moment"),
        PEAK,
        _of_peak(lambda peak: peak.maps),
    ),
    Mistake(
        "largest-map-only",
        later("the largest output alone is counted; what it is made from is alive at the same time"),
        PEAK,
        _of_peak(lambda peak: (max(peak.maps, key=Term.value),)),
    ),
    Mistake(
        "parameters-added",
        later("the parameters are counted too; feature maps alone were asked for"),
        PEAK,
        _of_peak(lambda peak: peak.terms + peak.stored),
    ),
)
