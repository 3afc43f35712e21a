"""The kinds of arguments a layer takes: one object a kind, read by the checks, the JSON Schema and the documentation.

`normalise` turns a value as written (an int, a list, a word) into what the layer's field holds, or raises ValueError
with a whole sentence.
"""

from __future__ import annotations

from dataclasses import MISSING, field
from typing import Any, NamedTuple

from cnncalc.text import say

Sizes = tuple[int, ...]
Padding = tuple[tuple[int, int], ...] | str
"""(before, after) an axis, or one of PADDING_WORDS."""

PADDING_WORDS = ("same", "valid", "same_upper", "same_lower")
MOST_AXES = 4
"""Channels, and three spatial axes."""
LARGEST = 2**53
"""Numbers in a spec stay within what every JSON reader holds exactly."""


class Count(NamedTuple):
    """A whole number from `minimum`. `optional` accepts null."""

    minimum: int = 1
    optional: bool = False

    def normalise(self, value: object, axes: int) -> int | None:
        """Return the number."""
        if value is None and self.optional:
            return None
        return whole(value, self.minimum)


class Several(NamedTuple):
    """A whole number from `minimum`, or a list of up to `most`; with `fractions` any number above 0.

    `optional` accepts null.
    """

    minimum: int = 1
    optional: bool = False
    most: int = MOST_AXES
    fractions: bool = False

    def normalise(self, value: object, axes: int) -> tuple[int | float, ...] | None:
        """Return a tuple of the numbers."""
        if value is None and self.optional:
            return None
        items = listed(value) if isinstance(value, list | tuple) else [value]
        if not 1 <= len(items) <= self.most:
            raise ValueError(
                say("expected one number or a list of 1 to {most}, got a list of {got}", most=self.most, got=len(items))
            )
        return tuple(self._one(item) for item in items)

    def _one(self, value: object) -> int | float:
        if not self.fractions:
            return whole(value, self.minimum)
        number = Real(0).normalise(value, 0)
        if not number:
            raise ValueError(say("expected a number above 0, got {value}", value=show(value)))
        return int(number) if number.is_integer() else number


class Real(NamedTuple):
    """A finite number, from `minimum` to `maximum` where they are given."""

    minimum: float | None = None
    maximum: float | None = None

    def normalise(self, value: object, axes: int) -> float:
        """Return the number."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(say("expected a number, got {value}", value=show(value)))
        if not abs(value) <= LARGEST:  # so that nan is refused too
            raise ValueError(say("expected a number of at most 2^53, got {value}", value=show(value)))
        if self.minimum is not None and value < self.minimum:
            message = say("expected a number of at least {bound}, got {value}", bound=self.minimum, value=show(value))
            raise ValueError(message)
        if self.maximum is not None and value > self.maximum:
            raise ValueError(
                say("expected a number of at most {bound}, got {value}", bound=self.maximum, value=show(value))
            )
        return float(value)


class Flag(NamedTuple):
    """true or false."""

    def normalise(self, value: object, axes: int) -> bool:
        """Return the truth value."""
        if not isinstance(value, bool):
            raise ValueError(say("expected true or false, got {value}", value=show(value)))
        return value


class Choice(NamedTuple):
    """One of a few words."""

    words: tuple[str, ...]

    def normalise(self, value: object, axes: int) -> str:
        """Return the word."""
        if not isinstance(value, str) or value not in self.words:
            raise ValueError(
                say("expected one of {words}, got {value}", words=", ".join(self.words), value=show(value))
            )
        return value


class PerAxis(NamedTuple):
    """A whole number for all axes, or a list with one an axis. `gaps` accepts null in the list (adaptive pooling)."""

    minimum: int = 1
    optional: bool = False
    gaps: bool = False

    def normalise(self, value: object, axes: int) -> tuple[int | None, ...] | None:
        """Return a tuple with one entry an axis."""
        if value is None and self.optional:
            return None
        if not isinstance(value, list | tuple):
            return (self._one(value),) * axes
        items = listed(value)
        if len(items) != axes:
            raise ValueError(
                say("expected one number or a list of {axes}, got a list of {got}", axes=axes, got=len(items))
            )
        return tuple(self._one(item) for item in items)

    def _one(self, value: object) -> int | None:
        if value is None and self.gaps:
            return None
        return whole(value, self.minimum)


class PaddingPairs(NamedTuple):
    """Padding: a number, one an axis, a [before, after] pair an axis, or a word of PADDING_WORDS."""

    def normalise(self, value: object, axes: int) -> Padding:
        """Return (before, after) an axis, or the word; `valid` is no padding."""
        if isinstance(value, str):
            if value not in PADDING_WORDS:
                raise ValueError(
                    say(
                        "expected a number or one of {words}, got {value}",
                        words=", ".join(PADDING_WORDS),
                        value=show(value),
                    )
                )
            return ((0, 0),) * axes if value == "valid" else value
        if not isinstance(value, list | tuple):
            return (self._pair(value),) * axes
        items = listed(value)
        if len(items) != axes:
            raise ValueError(
                say(
                    "expected {axes} entries, one an axis (a number or a [before, after] pair), got {got}",
                    axes=axes,
                    got=len(items),
                )
            )
        return tuple(self._pair(item) for item in items)

    def _pair(self, value: object) -> tuple[int, int]:
        if not isinstance(value, list | tuple):
            both = whole(value, 0)
            return both, both
        pair = listed(value)
        if len(pair) != 2:
            raise ValueError(say("expected a [before, after] pair, got a list of {got}", got=len(pair)))
        return whole(pair[0], 0), whole(pair[1], 0)


class Sides(NamedTuple):
    """PyTorch's padding of ZeroPad layers: a number, or two an axis, the last first: [left, right, top, bottom]."""

    def normalise(self, value: object, axes: int) -> Sizes:
        """Return the flat tuple in PyTorch's order. Negative entries crop."""
        if not isinstance(value, list | tuple):
            return (whole(value, -LARGEST),) * (2 * axes)
        items = listed(value)
        if len(items) != 2 * axes:
            raise ValueError(
                say("expected one number or a list of {sides}, got a list of {got}", sides=2 * axes, got=len(items))
            )
        return tuple(whole(item, -LARGEST) for item in items)


Kind = Count | Several | Real | Flag | Choice | PerAxis | PaddingPairs | Sides


def argument(kind: Kind, doc: str, default: Any = MISSING) -> Any:
    """Declare a layer's argument: a dataclass field that carries its kind and one line of documentation.

    The line is a literal, which the catalogue is drawn from as from `later`, and is said where it is shown.
    """
    return field(default=default, metadata={"kind": kind, "doc": doc})


def whole(value: object, minimum: int) -> int:
    """Return `value` if it is a whole number from `minimum` to 2^53."""
    if isinstance(value, float) and value.is_integer():
        raise ValueError(
            say("expected a whole number, got {value}; write {whole}", value=show(value), whole=int(value))
        )
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(say("expected a whole number, got {value}", value=show(value)))
    if value < minimum:
        raise ValueError(say("expected {minimum} or more, got {value}", minimum=minimum, value=value))
    if value > LARGEST:
        raise ValueError(say("expected at most 2^53, got {value}", value=value))
    return value


def listed(value: Any) -> list[object]:
    """Return a list or tuple as a list of unknown things."""
    return list(value)


def show(value: object) -> str:
    """Write a value as a spec would."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(show(item) for item in listed(value)) + "]"
    return str(value)
