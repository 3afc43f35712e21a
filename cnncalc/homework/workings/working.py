"""How a number is worked out, in parts that a mistake can change: what the catalogue of mistakes is written on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from cnncalc.homework.marks import Value


class Worked(NamedTuple):
    """A result, and the arithmetic that gives it: `numbers` is plain arithmetic, so a test can evaluate it."""

    value: Value
    numbers: str


class Working(Protocol):
    """The parts of a calculation, immutable; `worked` puts them together."""

    @property
    def value(self) -> Value:
        """The result of the calculation as it stands. Sizes that were not rounded are fractions."""
        ...

    def worked(self) -> Worked:
        """Return the result, and the arithmetic that gives it."""
        ...


class Changed(NamedTuple):
    """A working with a mistake in it, and the values that the mistake's sentence names."""

    working: Working
    values: Mapping[str, object] = {}


class Mistake(NamedTuple):
    """A mistake of the catalogue.

    `name` is stable: assignments give partial credit by it. `sentence` is a template that tells the student what was
    done, said with the values of Changed. `quantities`: what it can be made in. `change` returns the ways in which it
    can be made, most often one, of a total one for each layer that can be left out; none where it cannot be made: no
    bias to forget, no groups. `slip`: the answer is right for something, or but for how it is written; that is neither
    made together with another mistake nor offered in a quiz.
    """

    name: str
    sentence: str
    quantities: frozenset[str]
    change: Callable[[Working], tuple[Changed, ...]]
    slip: bool = False
