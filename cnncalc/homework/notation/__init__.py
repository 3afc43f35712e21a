"""Values as students write them, `61,706`, `6.17×10^4`, `18.4 KiB`, `(28-4)/1+1 = 25`, read exactly or not at all.

What could mean two things raises Unread with a way to write it. These readings are fixed:
`1.234` is a decimal and `1,234` a thousand; in a shape of three sizes or more commas separate sizes;
behind `=`, `→` or `≈` stands the result, and it counts: what stands before it is working;
parentheses with words behind a value are a note; `[ ]` in arithmetic are brackets like `( )`.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Literal, NamedTuple

from cnncalc.homework.notation import arithmetic, units
from cnncalc.homework.notation.arithmetic import Exact
from cnncalc.homework.notation.characters import Unread, normal
from cnncalc.text import say

__all__ = ["Kind", "Unread", "Written", "read_value"]

Kind = Literal["number", "shape", "size"]

LONGEST_KEPT = 64
"""Longer texts are read anew each time, so that what is kept stays small."""


class Written(NamedTuple):
    """A value as a student wrote it.

    `text` as written, stripped. `numbers` exact and in base units (bytes, not KiB): one for a number, the sizes of a
    shape in the order written. `slack` half a unit of the last written digit where the notation rounds (`61.7k`: 50),
    0 where it is exact, and `digits` the significant digits written there. `prefix` the multiplier that was written
    (k, M, G, T, Ki, Mi, Gi, Ti, 万, 亿), `unit` one of B, bit, MAC, FLOP, parameter, element, px or nothing.
    `layout` the order of the axes where it was named (`28*28*6 (HWC)`), a letter a size.
    `working` what stands before the `=`, where its value is not the result's. `total` the product behind a shape
    (`28x28x6 = 4704`).
    """

    text: str
    numbers: tuple[Fraction, ...]
    is_shape: bool = False
    slack: Fraction = Fraction(0)
    prefix: str = ""
    unit: str = ""
    layout: str = ""
    digits: int = 0
    working: str = ""
    total: Fraction | None = None


_SIZES = re.compile(r"\d{1,9}(?:[x×]\d{1,9}){1,5}", re.ASCII)
_LIST = re.compile(r"\[\d{1,9}(?:, ?\d{1,9}){1,5}\]|\(\d{1,9}(?:, ?\d{1,9}){1,5}\)", re.ASCII)
_INTEGER = re.compile(r"-?(?:\d{1,18}|[1-9]\d{0,2}(?:,\d{3}){1,5})", re.ASCII)


def read_value(text: str, kind: Kind) -> Written:
    """Read a number, a shape, or a size (one number or a number a side). Raises Unread."""
    return _kept(text, kind) if len(text) <= LONGEST_KEPT else _read(text, kind)


def _read(text: str, kind: Kind) -> Written:
    text = text.strip()
    if kind != "number":
        if _SIZES.fullmatch(text):
            return Written(text, tuple([Fraction(int(size)) for size in text.replace("×", "x").split("x")]), True)
        if _LIST.fullmatch(text):
            return Written(text, tuple([Fraction(int(size)) for size in text[1:-1].split(",")]), True)
    if (kind == "number" or text.isdigit()) and _INTEGER.fullmatch(text):
        return Written(text, (Fraction(int(text.replace(",", ""))),), kind == "shape")
    plain = normal(text)
    if not plain.strip("=~ "):
        raise Unread(say("nothing is written"), say("write the value"))
    if kind == "number":
        return read_number(text, plain)
    from cnncalc.homework.notation.shapes import read_shape, read_size  # it builds upon this file

    return read_shape(text, plain) if kind == "shape" else read_size(text, plain)


_kept = lru_cache(maxsize=8192)(_read)

_RESULT = re.compile(r"=>|=|(?<=[^=~])~")
_ABOUT = re.compile(r"(?:~|(?:about|around|approximately|approx\.?|circa|ca\.|约等于|大约|约为|约)\s*)+", re.IGNORECASE)
_NOTE = re.compile(r"(.*[^\s*/^+x=-])\s*\([^()]*(?:[^\W\d_xX]|=)[^()]*\)", re.DOTALL)
_VALUE_AND_TAIL = re.compile(r"(.*[\d.)\]⌋⌉])(.*)", re.DOTALL)
_WRITTEN_NUMBER = re.compile(rf"([-+]?) ?({arithmetic.NUMBER})(?: ?[x*] ?10 ?(?:\^|\*\*) ?\(?([-+]?\d{{1,2}})\)?)?")
_DASHES = frozenset(("-", "--", "---", "/", "n/a", "null"))
_NOTHING = re.compile(r"(?:none|zero|no(?![a-z])|没有|无|零)(?: ?(\w[\w ]*))?", re.IGNORECASE)


def read_number(text: str, plain: str) -> Written:
    """Read one number from `plain`, the normal form of `text`. Raises Unread."""
    sides = results(without_note(plain))
    written = _one(text, sides[-1], is_about="~" in plain)
    for side in sides[:-1]:
        try:
            before = _one(text, side, is_about=False)
        except Unread:
            continue  # a formula with names, or the name of the result
        if abs(before.numbers[0] - written.numbers[0]) > written.slack + before.slack:
            return written._replace(working=side)
    return written


def results(plain: str) -> list[str]:
    """Split `plain` at its `=` and `≈`; the last side is the result."""
    return [side.strip() for side in _RESULT.split(plain) if side.strip()] or [plain]


def _one(text: str, side: str, is_about: bool) -> Written:
    about = _ABOUT.match(side)
    if about:
        is_about, side = True, side[about.end() :].strip()
    if side.casefold() in _DASHES:
        raise Unread(say("{text} is not a number", text=side), say("write 0 where there is none"))
    parts = _VALUE_AND_TAIL.fullmatch(side)
    if not parts and (nothing := _NOTHING.fullmatch(side)):
        return Written(text, (Fraction(),), unit=units.read_tail(nothing[1]).unit if nothing[1] else "")
    if not parts:
        raise Unread(say("no number is written"), say("write digits, such as 61,706 or 61.7k"))
    value, words = parts[1].strip(), parts[2].strip()
    if words and not any(map(str.isalpha, words)):
        value += words  # signs that arithmetic says more about than a table of units
        words = ""
    tail = units.read_tail(words) if words else units.Tail(1, "", "")
    found = _WRITTEN_NUMBER.fullmatch(value)
    if not found:
        result = Fraction(_calculated(value)) * tail.multiplier
        return Written(text, (_small(result),), prefix=tail.prefix, unit=tail.unit)
    return _rounded(text, found, tail, is_about)


def without_note(side: str) -> str:
    """Leave out words in parentheses behind a value: `0 (none)`, `61,706 (with biases)`."""
    note = _NOTE.fullmatch(side)
    return note[1] if note else side


def _rounded(text: str, found: re.Match[str], tail: units.Tail, is_about: bool) -> Written:
    """Read a number that is written out, and how far its notation rounds."""
    one = arithmetic.number(found[2])
    scale = tail.multiplier * Fraction(10) ** int(found[3] or 0)
    value = Fraction(-one.value if found[1] == "-" else one.value)
    if tail.unit == "B" and not tail.prefix and value.denominator != 1:
        raise Unread(
            say("{text} is not a whole number of bytes", text=found[0]),
            say("write KiB, MiB or GiB for bytes, and G or billion for thousands of millions"),
        )
    step, digits = one.step * scale, one.digits
    if not (is_about or one.has_exponent or found[3] or tail.multiplier != 1):
        return Written(text, (_small(value),), unit=tail.unit)
    if is_about and not one.has_point and one.value:
        # "about 61,700" was rounded to hundreds
        zeros = digits - len(str(one.value // one.step).rstrip("0"))
        step, digits = step * 10**zeros, digits - zeros
    return Written(text, (_small(value * scale),), False, step / 2, tail.prefix, tail.unit, digits=digits)


def _small(value: Fraction) -> Fraction:
    """Return `value` if it is at most 2^63."""
    if abs(value) > arithmetic.LARGEST:
        raise Unread(say("the number is too large; at most 2^63 is read"), say("check the exponent and the unit"))
    return value


_BESIDE = re.compile(r"(.*[\d)\]]) ?\(([^()]*)\)", re.DOTALL)


def _calculated(value: str) -> Exact:
    """Evaluate arithmetic; `4704 (6*28*28)` is a value with its working as a note where both agree."""
    beside = _BESIDE.fullmatch(value)
    if beside:
        try:
            before = arithmetic.evaluate(beside[1])
            if before == arithmetic.evaluate(beside[2]):
                return before
        except Unread:
            pass
    return arithmetic.evaluate(value)
