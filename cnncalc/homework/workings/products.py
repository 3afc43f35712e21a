"""Numbers that are sums of products: parameters, multiply-accumulates, bytes, of a layer and of all layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import NamedTuple

from cnncalc.homework.marks import Value
from cnncalc.homework.workings.parts import Factor, Number, Setting, Slide, Term, number_text, plain
from cnncalc.homework.workings.working import Worked

Others = tuple[tuple[Value, tuple[str, ...]], ...]
"""What the other layers give for the same quantity: each value, and the names of those that give it."""


class Product(NamedTuple):
    """A sum of terms. `slides`: where the factors `positions` come from, one an axis; () where they are as they are."""

    setting: Setting
    quantity: str
    terms: tuple[Term, ...]
    slides: tuple[Slide, ...] = ()
    others: Others = ()

    @property
    def value(self) -> Value:
        """The sum."""
        return (plain(sum(term.value() for term in self.terms)),)

    def worked(self) -> Worked:
        """Return the sum, and its terms."""
        return Worked(self.value, sum_text(self.terms))

    def term(self, name: str) -> Term | None:
        """Return the term that counts this, or None."""
        return next((term for term in self.terms if term.name == name), None)

    def each(self, change: Callable[[Term], Term]) -> Product:
        """Return the sum with each term changed."""
        return self._replace(terms=tuple(map(change, self.terms)))

    def replacing(self, name: str, *terms: Term) -> Product:
        """Return the sum with `terms` in place of the term that counts this."""
        found: list[Term] = []
        for term in self.terms:
            found.extend(terms if term.name == name else (term,))
        return self._replace(terms=tuple(found))

    def adding(self, *terms: Term) -> Product:
        """Return the sum with more terms."""
        return self._replace(terms=self.terms + terms)

    def sliding(self, slides: tuple[Slide, ...]) -> Product:
        """Return the sum with other positions."""
        sizes = [slide.value() for slide in slides]

        def put(factor: Factor) -> Factor:
            return factor._replace(size=sizes[factor.axis]) if factor.name == "positions" else factor

        changed = self.each(lambda term: term._replace(factors=tuple(map(put, term.factors))))
        return changed._replace(slides=slides)


class Altered(NamedTuple):
    """A layer's product with a mistake in it, and the values to name."""

    product: Product
    values: Mapping[str, object] = {}


class Summand:
    """What a layer adds to a total, and what mistakes make of it, each worked out once.

    Networks that students' own shapes are put into have most of their layers, and so their summands, in common.
    """

    def __init__(self, product: Product) -> None:
        self.product = product
        self.each = product.value[0]
        self._altered: dict[object, tuple[Summand, Mapping[str, object]] | None] = {}

    def altered(self, change: Callable[[Product], Altered | None]) -> tuple[Summand, Mapping[str, object]] | None:
        """Return what a change makes of it, and the values to name; None where it cannot be made."""
        if change not in self._altered:
            made = change(self.product)
            self._altered[change] = (Summand(made.product), made.values) if made else None
        return self._altered[change]


class Share(NamedTuple):
    """What a kind of layer adds to a total, and the layers that do."""

    summand: Summand
    names: tuple[str, ...]

    @property
    def product(self) -> Product:
        """The calculation of what one of them adds."""
        return self.summand.product

    @property
    def each(self) -> Number:
        """What one of them adds."""
        return self.summand.each


class Total(NamedTuple):
    """The sum over the executed layers; layers with the same calculation stand together. `amount`: the sum."""

    quantity: str
    shares: tuple[Share, ...]
    amount: Number

    @staticmethod
    def of(quantity: str, shares: tuple[Share, ...]) -> Total:
        """Return the sum of these shares."""
        return Total(quantity, shares, plain(sum(len(names) * summand.each for summand, names in shares)))

    def replacing(self, at: int, share: Share) -> Total:
        """Return the sum with another share; one without layers is left out."""
        old = self.shares[at]
        kept = (share,) if share.names else ()
        amount = self.amount + len(share.names) * share.each - len(old.names) * old.each
        return Total(self.quantity, (*self.shares[:at], *kept, *self.shares[at + 1 :]), plain(amount))

    @property
    def value(self) -> Value:
        """The sum."""
        return (self.amount,)

    def worked(self) -> Worked:
        """Return the sum, and what each layer adds; layers that add nothing are left out."""
        texts: list[str] = []
        for summand, names in self.shares:
            text = sum_text(summand.product.terms)
            text = f"({text})" if " " in text else text
            text = f"{len(names)}*{text}" if len(names) > 1 else text
            if summand.each:
                texts.append(text)
        return Worked(self.value, " + ".join(texts) or "0")


class Fixed(NamedTuple):
    """A result that nothing more can be done to: another layer's."""

    value: Value

    def worked(self) -> Worked:
        """Return it."""
        return Worked(self.value, ", ".join(map(number_text, self.value)))


def sum_text(terms: tuple[Term, ...]) -> str:
    """Write a sum of terms as arithmetic: `16*6*5*5 + 16`."""
    text = ""
    for term in terms:
        sign = " - " if term.minus else " + "
        text += (sign if text or term.minus else "") + term.text()
    return text.strip() or "0"


def factors(name: str, sizes: tuple[Number, ...]) -> tuple[Factor, ...]:
    """Return a factor an axis."""
    return tuple(Factor(name, size, axis) for axis, size in enumerate(sizes))


def bytes_of(bits: int) -> Factor:
    """Return the factor for the bytes of a number of so many bits; a fraction for less than a byte."""
    return Factor("bytes", plain(Fraction(bits, 8)))
