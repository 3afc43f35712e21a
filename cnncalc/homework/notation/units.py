"""The words behind a number: a multiplier such as k, Ki or 万, and a unit such as B, MACs or 个参数."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from cnncalc.homework.notation.characters import Unread
from cnncalc.text import say


class Tail(NamedTuple):
    """What stood behind a number, in canonical form."""

    multiplier: int
    prefix: str
    unit: str


_SIZES: dict[str, tuple[int, str]] = {
    **dict.fromkeys(("k", "thousand", "kilo", "千"), (10**3, "k")),
    **dict.fromkeys(("m", "million", "mega", "百万"), (10**6, "M")),
    **dict.fromkeys(("g", "billion", "bn", "giga", "十亿"), (10**9, "G")),
    **dict.fromkeys(("t", "trillion", "tera", "万亿"), (10**12, "T")),
    **dict.fromkeys(("ki", "kibi"), (2**10, "Ki")),
    **dict.fromkeys(("mi", "mebi"), (2**20, "Mi")),
    **dict.fromkeys(("gi", "gibi"), (2**30, "Gi")),
    **dict.fromkeys(("ti", "tebi"), (2**40, "Ti")),
    "万": (10**4, "万"),
    "亿": (10**8, "亿"),
}
"""A multiplier as written, folded -> its size and canonical name."""

MULTIPLIERS = {name: size for size, name in _SIZES.values()}
"""The size of each multiplier, by its canonical name."""

_UNITS = {
    "B": r"b|bytes?|字节",
    "bit": r"bits?|比特|位",
    "MAC": r"macc?s?|m(?:ult)?-?adds?|multiply[- ]?(?:adds?|accumulates?)(?: operations?)?|乘加(?:运算|操作)?",
    "FLOP": r"flops?|floating[- ]point operations?|浮点运算(?:次数)?",
    "parameter": r"(?:(?:learnable|trainable) )?(?:param(?:eter)?s?|weights?|bias(?:es)?)|(?:可学习)?参数|权重|偏置",
    "element": r"elem(?:ent)?s?|values?|numbers?|activations?|floats?|元素",
    "px": r"px|pixels?|像素",
    "": r"(?:(?:in|out)put )?channels?|filters?|kernels?|neurons?|units?|(?:feature ?)?maps?|features?"
    r"|通道|神经元|卷积核|",
}
"""Canonical unit -> the words for it, folded. The last are counters that say what is counted and change nothing."""

_TAIL = re.compile(
    rf"(?P<size>{'|'.join(sorted(_SIZES, key=len, reverse=True))}|) ?(?:个|次)? ?"
    rf"(?:{'|'.join(f'(?P<u{at}>{words})' for at, words in enumerate(_UNITS.values()))})"
)
_CANONICAL = list(_UNITS)


@lru_cache(maxsize=1024)
def read_tail(text: str) -> Tail:
    """Read what stands behind a number, without blanks at its ends. Raises Unread for words that are no unit."""
    folded = text.casefold()
    if folded in ("mil", "千万"):
        raise Unread(say("{unit} is not a multiplier that is read", unit=text), say("write k, M, G, 万, 亿 or digits"))
    found = _TAIL.fullmatch(folded)
    if not found:
        raise Unread(
            say("{unit} is not a unit that is read", unit=text),
            say(
                "known are B, KiB, kB, bit, MACs, FLOPs, parameters, elements and px, with k, M, G, T, 万 or 亿 before"
            ),
        )
    unit = next(name for at, name in enumerate(_CANONICAL) if found[f"u{at}"] is not None)
    if folded.endswith("b") and text.endswith("b"):
        raise Unread(
            say("the b in {unit} may stand for bits or for bytes", unit=text), say("write B or bit: 18.4 kB, 150 kbit")
        )
    multiplier, prefix = _SIZES.get(found["size"], (1, ""))
    return Tail(multiplier, prefix, unit)
