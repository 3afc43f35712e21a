"""The smallest parts of a calculation: a factor, a term, and the size that a sliding window gives."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor, prod
from typing import Literal, NamedTuple

from cnncalc.homework.assignment import Counting
from cnncalc.layers.base import Layer, LayerError
from cnncalc.layers.conv import Conv
from cnncalc.layers.geometry import Window, Windows
from cnncalc.layers.transposed import ConvTranspose
from cnncalc.text import Shape

Number = int | Fraction

Convolving = Conv | ConvTranspose
"""What has filters: kernels that are as deep as its input."""


class Factor(NamedTuple):
    """A number to multiply by: what it counts (`kernel`, `positions`, ...), and on which axis where there are some."""

    name: str
    size: Number
    axis: int = 0


class Term(NamedTuple):
    """A product of factors, with what it counts: `weights`, `biases`. `minus`: it is taken off."""

    name: str
    factors: tuple[Factor, ...]
    minus: bool = False

    def value(self) -> Number:
        """Return the product, rounded up where it is no whole number of bytes."""
        size = plain(prod(factor.size for factor in self.factors))
        if not isinstance(size, int) and self.has("bytes") and not self.has("unit"):
            size = ceil(size)
        return -size if self.minus else size

    def text(self) -> str:
        """Return the product as arithmetic; a factor 1 is left out unless it is alone, or a size of its own."""
        shown = [
            _UNITS[factor.size] if factor.name == "unit" else number_text(factor.size)
            for factor in self.factors
            if factor.size != 1 or factor.name in _ALWAYS
        ]
        text = "*".join(shown) or "1"
        rounded = self.has("bytes") and not self.has("unit")
        return f"ceil({text})" if rounded and "/" in text else text

    def has(self, name: str) -> bool:
        """Whether a factor counts this."""
        return any(factor.name == name for factor in self.factors)

    def first(self, name: str) -> Number:
        """Return the first factor that counts this, or 1."""
        return next((factor.size for factor in self.factors if factor.name == name), 1)

    def without(self, *names: str) -> Term:
        """Return the term without these factors."""
        return self._replace(factors=tuple(factor for factor in self.factors if factor.name not in names))

    def setting(self, name: str, size: Number) -> Term:
        """Return the term with `size` for each factor of this name."""
        return self._replace(
            factors=tuple(factor._replace(size=size) if factor.name == name else factor for factor in self.factors)
        )


_UNITS: Mapping[Number, str] = {
    Fraction(by**times, of**times): f"{by**times}/{of**times}"
    for by, of in ((1000, 1024), (1024, 1000))
    for times in (1, 2)
}
"""How the ratios of units are written: 1000/1024, not 125/128."""

_ALWAYS = frozenset(("kernel", "channels", "positions", "sources"))

Spans = Literal["dilated", "kernel", "added", "multiplied", "nothing"]


class Slide(NamedTuple):
    """The size that a window gives sliding along an axis: floor((size + before + after - span) / stride) + plus.

    `spans`: what is taken off, d (k - 1) + 1 or what is mistaken for it. `fits`: with ceil, whether a window that
    would start in the padding after the input is left out. `inside`: the + 1 stands within the division.
    """

    size: Number
    before: Number
    after: Number
    kernel: int
    stride: Number
    dilation: int
    rounding: Literal["floor", "ceil", "none"] = "floor"
    plus: int = 1
    spans: Spans = "dilated"
    inside: bool = False
    fits: bool = False

    @staticmethod
    def of(size: int, window: Window, ceil_mode: bool = False) -> Slide:
        """Return the sliding of a layer's window over an axis."""
        kernel, stride, dilation, before, after = window
        return Slide(size, before, after, kernel, stride, dilation, "ceil" if ceil_mode else "floor", fits=ceil_mode)

    @property
    def span(self) -> int:
        """What is taken off the padded size."""
        if self.spans == "dilated":
            return self.dilation * (self.kernel - 1) + 1
        if self.spans == "kernel":
            return self.kernel
        if self.spans == "added":
            return self.kernel + 2 * (self.dilation - 1)
        return self.kernel * self.dilation if self.spans == "multiplied" else 0

    def value(self) -> Number:
        """Return the size; a fraction where it is not rounded."""
        count = self._count()
        return count - 1 if self._over(count) else count

    def _count(self) -> Number:
        room = self.size + self.before + self.after - self.span
        steps = Fraction(room + self.plus if self.inside else room) / self.stride
        rounded = {"floor": floor, "ceil": ceil}.get(self.rounding, plain)(steps)
        return rounded if self.inside else rounded + self.plus

    def _over(self, count: Number) -> bool:
        return self.fits and self.rounding == "ceil" and (count - 1) * self.stride >= self.size + self.before

    def text(self) -> str:
        """Return the size as arithmetic."""
        padded = [number_text(self.size)]
        if self.before or self.after:
            even = self.before == self.after
            padded.append(f"+ 2*{self.before}" if even else f"+ {self.before} + {self.after}")
        if self.spans == "dilated" and self.dilation > 1:
            padded.append(f"- ({self.dilation}*({self.kernel} - 1) + 1)")
        elif self.spans == "added":
            padded.append(f"- ({self.kernel} + 2*({self.dilation} - 1))")
        elif self.spans == "multiplied":
            padded.append(f"- {self.kernel}*{self.dilation}")
        elif self.spans != "nothing":
            padded.append(f"- {self.kernel}")
        plus = f" + {self.plus}" if self.plus else ""
        room = " ".join(padded) + (plus if self.inside else "")
        steps = f"({room})" if " " in room else room
        if self.stride != 1:
            steps = f"{steps} / {number_text(self.stride)}"
            steps = f"{self.rounding}({steps})" if self.rounding != "none" else steps
        return steps + ("" if self.inside else plus) + (" - 1" if self._over(self._count()) else "")


class Stretch(NamedTuple):
    """The size that a transposed convolution gives: (size - fewer) stride - sides padding + span + extra.

    `padding` is taken off so many `sides`, below 0 it is added; `extra` is the output_padding. `dilated`: whether the
    kernel spans d (k - 1) + 1, or k only.
    """

    size: int
    padding: int
    kernel: int
    stride: int
    dilation: int
    extra: int
    fewer: int = 1
    sides: int = 2
    dilated: bool = True

    def value(self) -> Number:
        """Return the size."""
        span = self.dilation * (self.kernel - 1) + 1 if self.dilated else self.kernel
        return (self.size - self.fewer) * self.stride - self.sides * self.padding + span + self.extra

    def text(self) -> str:
        """Return the size as arithmetic."""
        steps = f"({self.size} - {self.fewer})" if self.fewer else str(self.size)
        text = f"{steps}*{self.stride}"
        if self.padding and self.sides:
            text += f" {'-' if self.sides > 0 else '+'} {abs(self.sides)}*{self.padding}"
        dilated = self.dilated and self.dilation > 1
        text += f" + {self.dilation}*({self.kernel} - 1) + 1" if dilated else f" + {self.kernel}"
        return text + (f" + {self.extra}" if self.extra else "")

    def convolution(self) -> Slide:
        """Return the size that a convolution with the same arguments gives."""
        return Slide(self.size, self.padding, self.padding, self.kernel, self.stride, self.dilation)


class Given(NamedTuple):
    """A size that is simply there."""

    size: Number

    def value(self) -> Number:
        """Return it."""
        return self.size

    def text(self) -> str:
        """Return it, written."""
        return number_text(self.size)


class Combined(NamedTuple):
    """Sizes multiplied, or added."""

    sizes: tuple[Number, ...]
    added: bool = False

    def value(self) -> Number:
        """Return the product, or the sum."""
        return sum(self.sizes) if self.added else prod(self.sizes)

    def text(self) -> str:
        """Return it as arithmetic."""
        return (" + " if self.added else "*").join(map(number_text, self.sizes)) or "1"


Part = Slide | Stretch | Given | Combined


class Setting(NamedTuple):
    """What a mistake may look at besides the calculation: the layer, its shapes, what was flattened into it.

    `flattened`: the map that was laid out before a Linear, and `before_pool` the one before the pool in front of that;
    () where there is none. `windows`: one an axis, of what slides.
    """

    layer: Layer
    inputs: tuple[Shape, ...]
    output: Shape
    windows: tuple[Window, ...]
    counting: Counting
    flattened: Shape = ()
    before_pool: Shape = ()

    @property
    def entering(self) -> Shape:
        """The shape of the first input."""
        return self.inputs[0]

    @property
    def groups(self) -> int:
        """The groups of a convolution; 1 for what has none."""
        return getattr(self.layer, "groups", 1)


def windows_of(layer: Layer, inputs: tuple[Shape, ...], output: Shape) -> tuple[Window, ...]:
    """Return the window of each spatial axis for a layer that slides one, else ()."""
    try:
        relation = layer.windows(inputs, output)[0]
    except LayerError:  # the output is claimed, and the input does not fit
        return ()
    if not isinstance(relation, Windows) or len(output) < 2:
        return ()
    axes = tuple(axis for axis in relation.axes if isinstance(axis, Window))
    return axes if len(axes) == len(output) - 1 else ()


def plain(number: Number) -> Number:
    """Return a fraction that is whole as an int."""
    return number.numerator if isinstance(number, Fraction) and number.denominator == 1 else number


def number_text(number: Number) -> str:
    """Write a number in arithmetic; a fraction is one division, in parentheses."""
    number = plain(number)
    return str(number) if isinstance(number, int) else f"({number.numerator}/{number.denominator})"
