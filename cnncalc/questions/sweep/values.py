"""The values that one `--set NAME=VALUES` stands for.

`12:48:4` is every fourth number from 12 to 48, both included; `16,24,32` and `{16,24,32}` are lists, of ranges too; a
list in braces inside a text gives one text each (`3x{160,192}`), and several give all their combinations. What is left
is a number, a word, or an expression of other vars, which is worked out for each combination.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice, product
from typing import NamedTuple, NoReturn

from cnncalc.diagnostics import CnncalcError, Diagnostic, Span
from cnncalc.text import number, say

NUMBER = r"[+-]?\d{1,16}(?:\.\d{1,12})?"
LONGEST = 20_000
"""Characters of one set of values; a longer one is better made with a range."""


class Values(NamedTuple):
    """The texts that a name takes one after another. `text` is what was written, for errors."""

    name: str
    texts: tuple[str, ...]
    text: str

    def wrong(self, message: str, help: str = "", code: str = "E731") -> CnncalcError:
        """Return an error about these values."""
        return _error(code, message, help, self.text, 0, len(self.text))


class TooMany(CnncalcError):
    """More combinations than may be asked for; `limit` is how many may."""


def too_many(limit: int) -> TooMany:
    """Return the error for more than `limit` combinations."""
    message = say("there are more than {limit} combinations", limit=number(limit))
    return TooMany([Diagnostic("E406", message, help=say("take wider steps; --max-combinations raises the limit"))])


def read_values(text: str, limit: int) -> Values:
    """Return the name and the values of `NAME=VALUES`.

    Raises CnncalcError, with the place, for what cannot be read (E730), and TooMany for more than `limit` values.
    """
    name, equals, written = text.partition("=")
    if not equals or not name.strip() or not written.strip():
        raise _error("E730", say("{text} is not NAME=VALUES", text=text), say("write --set width=16:64:16"), text)
    if len(text) > LONGEST:
        message = say(
            "{count} characters of values; at most {limit} are read", count=number(len(text)), limit=number(LONGEST)
        )
        raise _error("E730", message, say("write a range: --set width=16:64:16"), text)
    reader = _Reader(text, len(name) + 1, limit)
    texts = tuple(islice(reader.values(), limit + 1))
    if len(texts) > limit:
        raise too_many(limit)
    return Values(name.strip(), texts, text)


class _Reader:
    """Reads the values of `text` from the place `start` on."""

    def __init__(self, text: str, start: int, limit: int) -> None:
        self.text = text
        self.start = start
        self.limit = limit

    def values(self) -> Iterator[str]:
        """Yield the values, one after another."""
        for first, last in self.pieces(self.start, len(self.text)):
            yield from self.piece(first, last)

    def pieces(self, first: int, last: int) -> list[tuple[int, int]]:
        """Return where the parts between commas lie that are in no brackets; none of them is empty."""
        cuts = [first - 1]
        opened: list[int] = []
        for at in range(first, last):
            character = self.text[at]
            if character in "({[":
                if character == "{" and any(self.text[one] == "{" for one in opened):
                    self.refuse(at, at + 1, say("braces inside braces"), say("write one list: {{16,24,32}}"))
                opened.append(at)
            elif character in ")}]":
                if not opened or self.text[opened.pop()] + character not in ("()", "{}", "[]"):
                    self.refuse(at, at + 1, say("{bracket} closes nothing", bracket=character), say("remove it"))
            elif character == "," and not opened:
                cuts.append(at)
        if opened:
            bracket = self.text[opened[-1]]
            self.refuse(opened[-1], opened[-1] + 1, say("{bracket} is not closed", bracket=bracket), say("close it"))
        found = [(cut + 1, end) for cut, end in zip(cuts, [*cuts[1:], last], strict=True)]
        for begin, end in found:
            if not self.text[begin:end].strip():
                place = min(begin, len(self.text) - 1)
                self.refuse(place, max(end, place + 1), say("a value is missing"), say("remove the comma"))
        return found

    def piece(self, first: int, last: int) -> Iterator[str]:
        """Yield what one part stands for."""
        parts: list[list[str]] = []
        at = first
        for brace in re.finditer(r"\{[^}]*\}", self.text[first:last]):
            begin, end = first + brace.start(), first + brace.end()
            parts.append([self.text[at:begin]])
            parts.append(
                [one for piece in self.pieces(begin + 1, end - 1) for one in self.numbers(*piece)],
            )
            at = end
        if not parts:
            yield from self.numbers(first, last)
            return
        parts.append([self.text[at:last]])
        for combination in product(*parts):
            yield "".join(combination).strip()

    def numbers(self, first: int, last: int) -> Iterator[str]:
        """Yield the numbers of a range, or the part as it is."""
        text = self.text[first:last].strip()
        if ":" not in text:
            yield text
            return
        ends = [one.strip() for one in text.split(":")]
        if not 2 <= len(ends) <= 3 or not all(re.fullmatch(NUMBER, one) for one in ends):
            message = say("{text} is not a range of numbers", text=text)
            self.refuse(first, last, message, say("write first:last or first:last:step, such as 12:48:4"))
        begin, end = Decimal(ends[0]), Decimal(ends[1])
        step = Decimal(ends[2]) if len(ends) == 3 else Decimal(1)
        if not step or (end - begin) / step < 0:
            message = say("{text} never gets to {end}", text=text, end=ends[1])
            self.refuse(first, last, message, say("the step leads from the first number to the last"))
        count = int((end - begin) / step) + 1
        if count > self.limit:
            raise too_many(self.limit)
        for at in range(count):
            yield _plain(begin + at * step)

    def refuse(self, first: int, last: int, message: str, help: str) -> NoReturn:
        """Raise the error for a stretch of the text."""
        raise _error("E730", message, help, self.text, first, last)


def _plain(value: Decimal) -> str:
    return str(int(value)) if value == int(value) else f"{value.normalize():f}"


def _error(code: str, message: str, help: str, text: str, first: int = 0, last: int | None = None) -> CnncalcError:
    span = Span("--set", 1, first + 1, 1, (len(text) if last is None else last) + 1)
    return CnncalcError([Diagnostic(code, message, span, help)], {"--set": text})
