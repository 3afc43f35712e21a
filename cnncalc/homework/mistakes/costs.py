"""Mistakes in counting work: multiply-accumulates and FLOPs."""

from __future__ import annotations

from cnncalc.homework.mistakes.making import COSTS, ELEMENTS, UNSHARED, Altered, Change, in_products
from cnncalc.homework.workings import counts
from cnncalc.homework.workings.parts import Convolving, Factor, Setting, Term
from cnncalc.homework.workings.products import Product, factors
from cnncalc.homework.workings.working import Mistake
from cnncalc.layers.linear import Linear
from cnncalc.layers.norm import Normalisation
from cnncalc.layers.pool import Pool
from cnncalc.text import later, shape_text


def _has_places(product: Product) -> bool:
    return any(term.has("positions") for term in product.terms)


def _positions_forgotten(product: Product) -> Altered | None:
    if not _has_places(product):
        return None
    changed = product.each(lambda term: term.without("positions"))._replace(slides=())
    return Altered(changed, {"positions": shape_text(product.setting.output[1:])})


def _one_axis(product: Product) -> Altered | None:
    if not _has_places(product) or len(product.setting.output) < 3:
        return None

    def first_only(term: Term) -> Term:
        kept = tuple(factor for factor in term.factors if factor.name != "positions" or factor.axis == 0)
        return term._replace(factors=kept)

    changed = product.each(first_only)
    return Altered(changed, {"positions": shape_text(product.setting.output[1:])})


def _input_positions(product: Product) -> Altered | None:
    sizes = product.setting.entering[1:]
    if not _has_places(product) or len(sizes) != len(product.setting.output) - 1:
        return None

    def put(term: Term) -> Term:
        return term._replace(
            factors=tuple(
                factor._replace(size=sizes[factor.axis]) if factor.name == "positions" else factor
                for factor in term.factors
            )
        )

    return Altered(product.each(put)._replace(slides=()), {"positions": shape_text(sizes)})


def _on_data_only(product: Product) -> Altered | None:
    setting = product.setting
    padded = any(window.before or window.after for window in setting.windows)
    if not padded or getattr(setting.layer, "padding_mode", "") != "zeros" or not product.term("products"):
        return None
    axes = zip(setting.windows, setting.entering[1:], setting.output[1:], strict=True)
    taps = factors("taps", tuple(window.taps_inside(size, count) for window, size, count in axes))

    def put(term: Term) -> Term:
        bare = term.without("kernel", "positions")
        return term._replace(factors=(*bare.factors, *taps)) if term.name == "products" else term

    return Altered(product.each(put)._replace(slides=()))


def _undoubled(product: Product) -> Altered | None:
    if not any(term.has("two") for term in product.terms):
        return None
    return Altered(product.each(lambda term: term.without("two")))


def _doubled(product: Product) -> Altered | None:
    if product.quantity == "flops" and product.setting.counting.flops_per_mac == 2:
        return None
    found = [term for term in product.terms if term.name == "products"]
    if not found:
        return None
    double = tuple(term._replace(factors=(Factor("two", 2), *term.factors)) for term in found)
    rest = tuple(term for term in product.terms if term.name != "products")
    return Altered(product._replace(terms=(*double, *rest)))


def _one_addition_fewer(product: Product) -> Altered | None:
    term = product.term("products")
    if term is None or not term.has("two") or term.has("sources"):
        return None
    each = tuple(factor for factor in term.factors if factor.name in ("filters", "units", "positions"))
    return Altered(product.adding(Term("unmade", each, minus=True)))


def _bias_additions(product: Product) -> Altered | None:
    if product.setting.counting.bias_in_macs or not product.term("products") or product.term("additions"):
        return None
    added = counts.bias_additions(product.setting)
    return Altered(product.adding(*added), {"count": added[0].value()}) if added else None


def _bias_once_a_channel(product: Product) -> Altered | None:
    setting = product.setting
    if not counts.bias_additions(setting) or not isinstance(setting.layer, Convolving) or not product.term("products"):
        return None
    added = Term("additions", counts.bias_term(setting).factors)
    bare = product.replacing("additions")
    return Altered(bare.adding(added), {"channels": setting.output[0]})


def _bias_as_mac(product: Product) -> Altered | None:
    added = counts.bias_additions(product.setting)
    term = product.term("products")
    if not added or term is None or not term.has("two"):
        return None
    double = added[0]._replace(factors=(Factor("two", 2), *added[0].factors))
    return Altered(product.replacing("additions").adding(double))


def _additions_forgotten(product: Product) -> Altered | None:
    term = product.term("additions")
    if term is None or not product.setting.counting.bias_in_macs:
        return None
    return Altered(product.replacing("additions"), {"count": term.value()})


def _work_of_pool(setting: Setting) -> tuple[Factor, ...]:
    kernel = factors("kernel", tuple(window.kernel for window in setting.windows))
    return Factor("maps", setting.output[0]), *kernel, *counts.positions(setting)


def _pool_counted(product: Product) -> Altered | None:
    setting = product.setting
    if not isinstance(setting.layer, Pool) or product.terms or not setting.windows:
        return None
    return Altered(product.adding(Term("products", _work_of_pool(setting))))


def _norm_counted(times: int) -> Change:
    def change(product: Product) -> Altered | None:
        setting = product.setting
        if not isinstance(setting.layer, Normalisation) or product.terms:
            return None
        (term,) = counts.elements(setting)
        return Altered(product.adding(Term("norm", (Factor("each", times), *term.factors))), {"times": times})

    return in_products(change)


def _element_counted(product: Product) -> Altered | None:
    setting = product.setting
    if product.terms or isinstance(setting.layer, Convolving | Linear | Normalisation):
        return None
    (term,) = counts.elements(setting)
    return Altered(product.adding(term._replace(name="each")))


def _given(quantity: str) -> Change:
    """Return the change that answers another question: how many elements or parameters there are."""

    def change(product: Product) -> Altered | None:
        found = counts.COUNTED[quantity](product.setting)
        return Altered(product._replace(terms=found, quantity=quantity)) if product.terms and found else None

    return in_products(change)


COST_MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "macs-for-flops",
        later("multiply-accumulates are given; here each is two FLOPs"),
        frozenset(("flops",)),
        in_products(_undoubled),
    ),
    Mistake(
        "flops-for-macs",
        later("multiplications and additions are counted apart; here the two together are one"),
        COSTS,
        in_products(_doubled),
    ),
    Mistake(
        "positions-forgotten",
        later("the {positions} positions of the output are left out: this is the work for one position"),
        COSTS | UNSHARED,
        in_products(_positions_forgotten),
    ),
    Mistake(
        "one-axis-of-positions",
        later("one axis of the output only is counted; it has {positions} positions"),
        COSTS | UNSHARED | ELEMENTS,
        in_products(_one_axis),
    ),
    Mistake(
        "input-positions",
        later("the positions of the input ({positions}) are counted, not those of the output"),
        COSTS | UNSHARED | ELEMENTS,
        in_products(_input_positions),
    ),
    Mistake(
        "padded-zeros-left-out",
        later("products with padded zeros are left out; here they count"),
        COSTS,
        in_products(_on_data_only),
    ),
    Mistake(
        "addition-fewer",
        later("one addition fewer is counted for each output element; here a multiply-add is always two"),
        frozenset(("flops",)),
        in_products(_one_addition_fewer),
    ),
    Mistake(
        "bias-additions-counted",
        later("the additions of the bias ({count}) are counted; here they are not"),
        COSTS,
        in_products(_bias_additions),
    ),
    Mistake(
        "bias-additions-forgotten",
        later("the additions of the bias ({count}) are left out; here they count"),
        COSTS,
        in_products(_additions_forgotten),
    ),
    Mistake(
        "bias-once-a-channel",
        later(
            "an addition of the bias is counted once for each of the {channels} channels; it is done at each position"
        ),
        COSTS,
        in_products(_bias_once_a_channel),
    ),
    Mistake(
        "bias-as-product",
        later("the bias is counted as a multiplication and an addition; it is added only"),
        frozenset(("flops",)),
        in_products(_bias_as_mac),
    ),
    Mistake(
        "elements-for-work",
        later("the elements of the output are counted, not the work for them"),
        COSTS,
        _given("output_elements"),
    ),
    Mistake(
        "parameters-for-work",
        later("the parameters are counted, not the work: each weight is used at each position"),
        COSTS,
        _given("parameters"),
    ),
    Mistake(
        "pool-work-counted",
        later("the elements that a pool looks at are counted, as if it multiplied them with weights"),
        COSTS,
        in_products(_pool_counted),
    ),
    Mistake(
        "normalisation-work-counted",
        later("one operation an element is counted for normalisation; only products of layers with kernels count"),
        COSTS,
        _norm_counted(1),
    ),
    Mistake(
        "normalisation-work-counted-twice",
        later(
            "a scale and a shift an element are counted for normalisation; only products of layers with kernels count"
        ),
        COSTS,
        _norm_counted(2),
    ),
    Mistake(
        "element-work-counted",
        later("an operation is counted for each element; only products with weights count here"),
        COSTS,
        in_products(_element_counted),
    ),
)
