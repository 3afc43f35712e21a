"""Amounts with units as people write them: `5M` parameters, `600M` MACs, `20MiB` of memory. Read strictly."""

from __future__ import annotations

import re
from fractions import Fraction

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.text import say

COUNT_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
"""SI prefixes, for what is counted."""

BYTE_UNITS = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
"""Powers of ten, and the binary ones that the tables show."""

_AMOUNT = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?) ?([A-Za-z]{0,3})")


def parse_count(text: str) -> int:
    """Return the number of `5M`, `1.5k` or `61706`. Raises CnncalcError (E711) for anything else."""
    return _amount(text, COUNT_UNITS, say("write a number such as 5M, 600k or 61706"))


def parse_bytes(text: str) -> int:
    """Return the bytes of `20MiB`, `6.1MiB` or `512B`, to the nearest whole one. Raises CnncalcError (E711) for
    anything else, and for a part of a byte.
    """
    return _amount(text, BYTE_UNITS, say("write the unit: 20MiB, 1.5GB or 512B"))


def _amount(text: str, units: dict[str, int], help: str) -> int:
    match = _AMOUNT.fullmatch(text.strip())
    if match is None or match[2] not in units:
        raise CnncalcError([Diagnostic("E711", say("{text} is not an amount", text=text or '""'), help=help)])
    exact = Fraction(match[1]) * units[match[2]]
    if exact.denominator != 1 and (units is COUNT_UNITS or match[2] == "B"):
        raise CnncalcError([Diagnostic("E711", say("{text} is not a whole number", text=text), help=help)])
    return round(exact)
