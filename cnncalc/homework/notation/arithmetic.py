"""Arithmetic as students write it: exact, bounded, over an allow-list of signs. Nothing is executed.

`x`, `*` and a number before a bracket multiply; `^` and `**` are powers; `[ ]` are brackets like `( )`.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import NamedTuple

from cnncalc.homework.notation.characters import Unread, named
from cnncalc.text import say

MAX_PARTS = 64
MAX_EXPONENT = 64
LARGEST = 2**63
LARGEST_BITS = 128
"""What an intermediate result may take."""

Exact = int | Fraction

_SPACED = r"\.?\d(?:[.,'_ ]?\d)*\.?"
NUMBER = rf"(?:{_SPACED})(?:[eE][+-]?\d{{1,4}}(?![\d.]))?"
"""A run of digits with whatever separates them; `number` says whether it is one."""

_PLAIN = re.compile(r"(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?", re.ASCII)
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:(?:,\d{3})+|(?: \d{3})+|(?:'\d{3})+|(?:_\d{3})+)(?![\d,' _])", re.ASCII)
_SEPARATORS = str.maketrans("", "", ",' _")
_TOKEN = re.compile(
    rf"\s*(?:(?P<number>{NUMBER})|(?P<sign>\*\*|//|[-+*/^()\[\]⌊⌋⌈⌉])"
    r"|(?P<times>[xX](?=[^A-Za-z]|floor|ceil))|(?P<word>[A-Za-z]+)|(?P<other>.))",
    re.ASCII | re.DOTALL,
)


_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+")
"""Words of scripts in which no letter looks like one of ours: they are named as they are, not by their code points."""


class Number(NamedTuple):
    """One written number: its value, and how finely it was written: `6.170e4` has 4 digits and steps of 10."""

    value: Exact
    step: Fraction
    digits: int
    has_point: bool
    has_exponent: bool


def number(text: str) -> Number:
    """Read one number without a sign; what may mean two numbers raises Unread."""
    plain = _PLAIN.fullmatch(_ungrouped(text))
    assert plain, text  # NUMBER lets nothing else through
    whole, part, exponent = plain[1], plain[2] or "", int(plain[3] or 0)
    if abs(exponent) > MAX_EXPONENT:
        raise _too_large()
    power = exponent - len(part)
    digits = int(whole + part)
    value = digits * 10**power if power >= 0 else _whole(Fraction(digits, 10**-power))
    step = Fraction(10**power) if power >= 0 else Fraction(1, 10**-power)
    written = len((whole + part).lstrip("0")) or 1
    return Number(bounded(value), step, written, plain[2] is not None, plain[3] is not None)


def _ungrouped(text: str) -> str:
    """Take the separators of thousands out. Raises Unread where they do not mark thousands."""
    grouped = _GROUPED.match(text)
    if grouped:
        text = grouped[0].translate(_SEPARATORS) + text[grouped.end() :]
    if _PLAIN.fullmatch(text):
        return text
    bare = re.sub(r"[^\deE+-]", "", text)
    if re.fullmatch(r"0,\d+", text):
        help = say("write {point} for a decimal", point=text.replace(",", "."))
        raise Unread(say("the comma in {text} may be a decimal point or an error", text=text), help)
    if re.fullmatch(r"\d+,\d+", text):
        help = say("write {point} for a decimal, {bare} for a whole number", point=text.replace(",", "."), bare=bare)
        raise Unread(say("the comma in {text} may be a decimal point or an error", text=text), help)
    if re.fullmatch(r"\d{1,3}(\.\d{3})+(,\d+)?", text):
        help = say("write it with commas between the thousands, or without: 1,234,567 or 1234567")
        raise Unread(say("the points in {text} may mark thousands or decimals", text=text), help)
    if re.fullmatch(r"[\d ]+", text):
        raise Unread(
            say("{text} looks like more than one number", text=text),
            say("write {bare} if it is one, or * between them", bare=bare),
        )
    raise Unread(
        say("the digits of {text} are not grouped by threes", text=text),
        say("write {bare} if it is a whole number", bare=bare),
    )


def evaluate(text: str) -> Exact:
    """Return the exact value of arithmetic in `text`, as `characters.normal` leaves it. Raises Unread."""
    parts = _parts(text)
    reader = _Reader(parts)
    value = reader.sum()
    if reader.at < len(parts):
        raise _unexpected(parts[reader.at])
    if abs(value) > LARGEST:
        raise _too_large()
    return value


class _Part(NamedTuple):
    text: str
    is_number: bool
    after_blank: bool


_END = _Part("", False, False)


def _parts(text: str) -> list[_Part]:
    parts: list[_Part] = []
    if re.search(r"(?<![\d.])0[xX](?=\d)", text):
        raise Unread(say("{text} begins like a hexadecimal number", text=text), say("write 0*10, or the number itself"))
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or ""
        content = found[kind]
        if kind == "word" and content.lower() not in ("floor", "ceil"):
            raise Unread(
                _no_part(content),
                say("write numbers with + - * / ^ and brackets, floor() or ceil(), and a unit only at the end"),
            )
        word = _EAST_ASIAN.match(text, found.start(kind))
        if word:
            raise Unread(
                _no_part(word[0]), say("write numbers with + - * / ^ and brackets, and a unit only at the end")
            )
        if kind == "other" and not content.isascii():
            raise Unread(
                say("the answer holds {name}", name=named(content)), say("write it with plain digits and signs")
            )
        parts.append(_Part("*" if kind == "times" else content, kind == "number", found.start() < found.start(kind)))
        if len(parts) > MAX_PARTS:
            raise Unread(say("arithmetic of more than {limit} parts", limit=MAX_PARTS), say("write the result"))
    return parts


def _no_part(word: str) -> str:
    return say("{word} is no part of arithmetic", word=word)


_CLOSING = {"(": ")", "[": "]", "⌊": "⌋", "⌈": "⌉"}


class _Reader:
    """Recursive descent: a sum of products of powers."""

    def __init__(self, parts: list[_Part]) -> None:
        self.parts = parts
        self.at = 0

    @property
    def next(self) -> _Part:
        return self.parts[self.at] if self.at < len(self.parts) else _END

    def take(self) -> _Part:
        part = self.next
        self.at += 1
        return part

    def sum(self) -> Exact:
        value = self.product()
        while self.next.text in ("+", "-"):
            sign = self.take().text
            other = self.product()
            value = bounded(value + other if sign == "+" else value - other)
        return value

    def product(self) -> Exact:
        value, divided = self.signed(), False
        while True:
            sign = self.next.text
            if sign in ("*", "/", "//"):
                self.take()
                value = _times(value, sign, self.signed())
                divided = sign != "*"
            elif sign in _CLOSING or self.next.is_number or sign.lower() in ("floor", "ceil"):
                self.check_side_by_side(divided)
                value = bounded(value * self.signed())
            else:
                return value

    def check_side_by_side(self, divided: bool) -> None:
        """Let `6(25+1)` multiply; a blank may mean something else, and so may a division before it."""
        part = self.next
        if part.after_blank or divided:
            raise Unread(
                say("it is not clear whether {part} is multiplied", part=part.text), say("write * where you multiply")
            )

    def signed(self) -> Exact:
        if self.next.text in ("+", "-"):
            return -self.signed() if self.take().text == "-" else self.signed()
        return self.power()

    def power(self) -> Exact:
        base = self.atom()
        if self.next.text not in ("^", "**"):
            return base
        self.take()
        exponent = self.signed()
        if exponent.denominator != 1 or abs(exponent) > MAX_EXPONENT:
            raise Unread(
                say("a power must be a whole number of at most {limit}", limit=MAX_EXPONENT), say("write the result")
            )
        if exponent < 0 and not base:
            raise _by_zero()
        if max(base.numerator.bit_length(), base.denominator.bit_length()) * abs(exponent) > 2 * LARGEST_BITS:
            raise _too_large()
        return bounded(_whole(Fraction(base) ** int(exponent)))

    def atom(self) -> Exact:
        part = self.take()
        if part.is_number:
            return number(part.text).value
        word = part.text.lower()
        if word in ("floor", "ceil"):
            if self.next.text != "(":
                raise _unexpected(self.next)
            inner = self.bracketed(self.take().text)
            return math.floor(inner) if word == "floor" else math.ceil(inner)
        if part.text in _CLOSING:
            return self.bracketed(part.text)
        raise _unexpected(part)

    def bracketed(self, opening: str) -> Exact:
        inner = self.sum()
        closing = self.take()
        if closing.text != _CLOSING[opening]:
            raise _unexpected(closing)
        if opening == "⌊":
            return math.floor(inner)
        if opening == "⌈":
            return math.ceil(inner)
        if opening == "[" and inner.denominator != 1:
            # Gauss's bracket is the floor; to most it is a bracket like any other.
            raise Unread(
                say("[ ] stands round {value}, which is not whole: it may be a bracket or the floor", value=inner),
                say("write floor(...) or (...)"),
            )
        return inner


def _times(left: Exact, sign: str, right: Exact) -> Exact:
    if sign == "*":
        return bounded(left * right)
    if not right:
        raise _by_zero()
    return bounded(_whole(Fraction(left) / right) if sign == "/" else left // right)


def _whole(value: Fraction) -> Exact:
    return value.numerator if value.denominator == 1 else value


def bounded(value: Exact) -> Exact:
    """Return `value` if it is small enough to go on with."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > LARGEST_BITS:
        raise _too_large()
    return value


def _too_large() -> Unread:
    return Unread(say("the number is too large; at most 2^63 is read"), say("check the exponent and the unit"))


def _by_zero() -> Unread:
    return Unread(say("the arithmetic divides by zero"))


def _unexpected(part: _Part) -> Unread:
    if not part.text:
        return Unread(say("the arithmetic ends too early"), say("look for a missing number or bracket"))
    return Unread(
        say("{part} does not fit where it stands", part=part.text),
        say("write one number such as 61,706 or 61.7k, or arithmetic such as (5*5*1+1)*6"),
    )
