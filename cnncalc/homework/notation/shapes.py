"""Shapes and sides as students write them: `6x28x28`, `6@28x28`, `(6, 28, 28)`, `28*28*6 (HWC)`, `C=6, H=28, W=28`."""

from __future__ import annotations

import re
from fractions import Fraction
from math import prod

from cnncalc.homework.notation import Written, arithmetic, read_number, results, units, without_note
from cnncalc.homework.notation.characters import Unread
from cnncalc.text import say

MOST_SIZES = 8

_CALL = re.compile(r"^(?:torch\.Size|(?:tf\.)?TensorShape|Size|shape) ?(?=\()", re.IGNORECASE)
_LETTERS = r"(?:[NBCDHW](?:,? ?|[x*]| [x*] ))"
_ORDER = rf"(?:\({_LETTERS}{{2,5}}\)|\[{_LETTERS}{{2,5}}\]|{_LETTERS}{{2,5}})"
_ORDER_BEHIND = re.compile(rf"(.*[\d)\]]) ?,?:? ?({_ORDER})", re.DOTALL)
_ORDER_BEFORE = re.compile(rf"({_ORDER}) ?[:=]? ?(?=[\d(\[])(.*)", re.DOTALL)
_FIRST_OR_LAST = re.compile(
    r"(.*[\d)\]]) ?,? ?\(? ?(?:(channels?[- _]first|通道在前)|(channels?[- _]last|通道在后)) ?\)?", re.IGNORECASE
)
_NAMED_SIZE = re.compile(
    r"(?:(?P<name>batch|channels?|height|width|depth|[NBCDHW]) ?[=:]|(?P<chinese>通道数?|高度?|宽度?) ?[=:为是]?)"
    r" ?(?P<size>\d+(?:\.\d+)?)",
    re.IGNORECASE,
)
_AXIS = {"通": "C", "高": "H", "宽": "W"}
_MAPS = re.compile(
    r"(?P<count>\d+) ?(?:channels?|(?:feature )?maps?|filters?|个(?:通道|特征图)?|通道)"
    r"(?: ?[,x]| of| with)?(?: size)? ?(?P<sides>[\d(\[].*?)(?:的?特征图| (?:feature )?maps?)?",
    re.IGNORECASE,
)
_CHANNELS_LAST = re.compile(
    r"(?P<sides>.*[\d)\]]) ?(?:,|x|with|and|) ?(?<!\d)(?P<count>\d+) ?(?:channels?|个?通道)", re.IGNORECASE
)
_BATCH = re.compile(r"(?:N|B|None|-1|\?|batch(?:[_ ]?size)?|bs)", re.IGNORECASE)
_WORDS = re.compile(r"(.*[\d)\]])( ?[^\W\d_]+)", re.DOTALL)
_PIXELS = re.compile(r"(?<=\d) ?(?:pixels?|px|像素)", re.IGNORECASE)
_NESTED = re.compile(r"[(\[] ?[(\[][^()\[\]]*,")
_BY = re.compile(r"(?<=[\d)\]]) ?by ?(?=[\d(\[])", re.IGNORECASE)
_TIMES = re.compile(r"(?<=[\d)\]?. NBe])[xX](?=[\d(\[.⌊⌈ fc+-])")


def read_shape(text: str, plain: str) -> Written:
    """Read a shape from `plain`, the normal form of `text`. Raises Unread."""
    plain = _BY.sub("x", plain)
    sides = results(plain)
    named = _named(text, plain)
    if named:
        return named
    if len(sides) > 1 and _order(sides[-2]):
        return _with_layout(text, sides[-1], _order(sides[-2]))
    last = _shape(text, sides[-1])
    if len(sides) == 1:
        return last
    try:
        before = _shape(text, sides[-2])
    except Unread:
        return last
    if len(last.numbers) == 1 and len(before.numbers) > 1:
        if prod(before.numbers) != last.numbers[0]:
            raise Unread(
                say("{shape} does not make {product}", shape=sides[-2], product=sides[-1]),
                say("write the shape alone"),
            )
        return before._replace(total=last.numbers[0])
    return last


def read_size(text: str, plain: str) -> Written:
    """Read one number, or a number a side, from `plain`, the normal form of `text`; `*` multiplies. Raises Unread."""
    if _NESTED.match(plain):
        raise Unread(say("a list in a list is not read as a size"), say("write one number a side: (2, 1)"))
    plain = _BY.sub("x", plain)
    bare = _PIXELS.sub("", plain)
    unit = "px" if bare != plain else ""
    if _TIMES.search(bare) or "@" in bare or _is_list(bare) or _NAMED_SIZE.match(bare):
        return read_shape(text, bare)._replace(unit=unit)
    return read_number(text, bare)._replace(unit=unit) if unit else read_number(text, bare)


def _is_list(plain: str) -> bool:
    inner = _inner(plain)
    return len(_split(inner, ",;")) > 1 and (inner != plain or ", " in plain or ";" in plain)


def _named(text: str, plain: str) -> Written | None:
    """Read `C=6, H=28, W=28`, in whatever order."""
    inner = _inner(plain)
    found = list(_NAMED_SIZE.finditer(inner))
    if len(found) < 2 or _NAMED_SIZE.sub("", inner).strip(" ,;x*"):
        return None
    layout = "".join(one["name"][0].upper() if one["name"] else _AXIS[one["chinese"][0]] for one in found)
    if len(set(layout)) < len(layout):
        raise Unread(say("an axis is named twice"), say("name each axis once: C=6, H=28, W=28"))
    return Written(text, tuple(Fraction(_size(one["size"])) for one in found), True, layout=layout)


def _order(side: str) -> str:
    """Return the letters of an order of axes, `(H, W, C)` or `HxWxC`, or nothing."""
    letters = "".join(re.findall("[NBCDHW]", side)) if re.fullmatch(_ORDER, side) else ""
    return letters if len(set(letters)) == len(letters) else ""


def _shape(text: str, side: str) -> Written:
    side = _CALL.sub("", side).rstrip(".")
    behind = _ORDER_BEHIND.fullmatch(side)
    if behind and _order(behind[2]):
        return _with_layout(text, behind[1], _order(behind[2]))
    before = _ORDER_BEFORE.fullmatch(side)
    if before and _order(before[1]):
        return _with_layout(text, before[2], _order(before[1]))
    stated = _FIRST_OR_LAST.fullmatch(side)
    if stated:
        return _with_layout(text, stated[1], "CHW" if stated[2] else "HWC")
    side = without_note(side)
    maps = _MAPS.fullmatch(side) or _CHANNELS_LAST.fullmatch(side)
    if maps:
        return _counted(text, maps["count"], maps["sides"], maps.re is _MAPS)
    if side.count("@") == 1:
        left, right = (part.strip() for part in _inner(side).split("@"))
        return _counted(text, left, right, True) if left.isdigit() else _counted(text, right, left, False)
    words = _WORDS.fullmatch(side)
    tail = units.Tail(1, "", "")
    if words and words[2].strip() not in "xX" and not _BATCH.fullmatch(words[2].strip()):
        side, tail = words[1], units.read_tail(words[2].strip())
        if tail.prefix or tail.unit not in ("", "px", "element"):
            raise Unread(say("a shape has no unit {unit}", unit=words[2].strip()), _way_out())
    return Written(text, tuple(Fraction(size) for size in _sizes(side)), True, unit=tail.unit)


def _counted(text: str, count: str, sides: str, channels_first: bool) -> Written:
    """Read channels apart from their sides: `6@28x28`, `6 channels of 28x28`, `28x28, 6 channels`."""
    inner = tuple(Fraction(size) for size in _sizes(sides))
    if not count.isdigit() or len(inner) != 2:
        raise Unread(say("channels with their height and width are needed"), say("write 6@28x28 or 6x28x28"))
    channels = Fraction(arithmetic.number(count).value)
    sizes = (channels, *inner) if channels_first else (*inner, channels)
    return Written(text, sizes, True, layout="CHW" if channels_first else "HWC")


def _with_layout(text: str, side: str, layout: str) -> Written:
    found = _shape(text, side)
    if layout[0] in "NB" and len(found.numbers) == len(layout) - 1:
        layout = layout[1:]
    elif layout in ("CHW", "HWC") and len(found.numbers) == 4:
        layout = f"N{layout}"
    if len(found.numbers) != len(layout) or (found.layout and found.layout != layout):
        raise Unread(say("{layout} does not fit {sizes}", layout=layout, sizes=side), say("name an axis for each size"))
    return found._replace(layout=layout)


_OPENING = {"(": ")", "[": "]"}


def _inner(plain: str) -> str:
    """Take away brackets round the whole."""
    while plain and _OPENING.get(plain[0]) == plain[-1] and _closes_at(plain) == len(plain) - 1:
        plain = plain[1:-1].strip()
    return plain


def _closes_at(plain: str) -> int:
    depth = 0
    for at, one in enumerate(plain):
        depth += (one in "([") - (one in ")]")
        if not depth:
            return at
    return -1


def _split(plain: str, marks: str) -> list[str]:
    """Split at `marks` outside of brackets."""
    parts, depth, start = list[str](), 0, 0
    for at, one in enumerate(plain):
        depth += (one in "([⌊⌈") - (one in ")]⌋⌉")
        if not depth and one in marks:
            parts.append(plain[start:at].strip())
            start = at + 1
    parts.append(plain[start:].strip())
    return parts


def _sizes(side: str) -> list[arithmetic.Exact]:
    """Read the sizes of a shape, the batch left out where it is a name."""
    inner = _inner(side)
    listed = _split(inner, ",;")
    if len(listed) > 1 and not listed[-1]:
        listed.pop()  # (400,)
    crossed = _split(_TIMES.sub("×", inner), "×*")
    if len(listed) > 1:
        parts = _checked_list(inner, listed, crossed, inner != side)
    elif len(crossed) > 1:
        parts = _checked_product(inner, crossed)
    else:
        parts = _spaced(inner.rstrip(","))
    if len(parts) > 1 and _BATCH.fullmatch(parts[0]):
        parts = parts[1:]
    if len(parts) > MOST_SIZES:
        raise Unread(say("a shape of {count} sizes", count=len(parts)), _way_out())
    return [_size(part) for part in parts]


def _checked_list(inner: str, listed: list[str], crossed: list[str], is_bracketed: bool) -> list[str]:
    if len(crossed) > 1:
        raise Unread(
            say("{text} separates some sizes with a comma and some with a sign", text=inner),
            say("use one of them: 6x28x28 or (6, 28, 28)"),
        )
    if not is_bracketed and re.fullmatch(r"[1-9]\d{0,2},\d{3}", inner):
        number, first, second = inner.replace(",", ""), *listed
        raise Unread(
            say("{text} may be one size or two", text=inner),
            say("write {number} or {first}x{second}", number=number, first=first, second=second),
        )
    return listed


def _checked_product(inner: str, crossed: list[str]) -> list[str]:
    for part in crossed:
        if len(_split(part.lstrip("+-"), "+-/")) > 1:
            raise Unread(
                say("it is not clear where the size {part} begins and ends", part=part),
                say("put parentheses round a size that is calculated: 6x(32-4)x(32-4)"),
            )
    return crossed


def _spaced(inner: str) -> list[str]:
    """Split `6 28 28`; two groups that may be one number are not split."""
    parts = inner.split(" ")
    if len(parts) > 1 and all(part.isdigit() or _BATCH.fullmatch(part) for part in parts):
        if len(parts) == 2 and re.fullmatch(r"[1-9]\d{0,2} \d{3}", inner):
            raise Unread(
                say("{text} may be one size or two", text=inner),
                say("write {number} or {first}x{second}", number="".join(parts), first=parts[0], second=parts[1]),
            )
        return parts
    return [inner]


def _size(part: str) -> arithmetic.Exact:
    try:
        return arithmetic.evaluate(part)
    except Unread as error:
        raise Unread(str(error), error.help if "[" in part else _way_out()) from None


def _way_out() -> str:
    return say("write the sizes with x between them, such as 6x28x28, or (6, 28, 28)")
