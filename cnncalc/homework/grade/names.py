"""Names for what is written of each submission: derived from the submission's name, safe on every system, unique."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from hashlib import sha256

LONGEST = 120
"""Bytes of UTF-8; file systems allow 255, and what is written adds an ending."""

_RESERVED = frozenset(
    ("con", "prn", "aux", "nul", *(f"com{digit}" for digit in range(10)), *(f"lpt{digit}" for digit in range(10)))
)
"""What Windows takes for a device, whatever follows a dot."""


def safe_names(files: Iterable[str]) -> dict[str, str]:
    """Return {file: name}: `alice/hw1.yaml` is `alice_hw1`; a second of the same name, without case, gets `-2`."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for file in sorted(files):
        base = name = _safe(file)
        copies = 1
        while name.casefold() in taken:
            copies += 1
            name = f"{base}-{copies}"
        taken.add(name.casefold())
        names[file] = name
    return names


def _safe(file: str) -> str:
    """Keep letters and digits of any script, dots, hyphens and underscores, but none of them in front or behind."""
    plain = unicodedata.normalize("NFC", re.sub(r"(?<=[^/])\.[A-Za-z0-9]{1,8}$", "", file))
    name = "".join(one if one.isalnum() or one in ".-_" else "_" for one in plain).strip("._-") or "submission"
    if name.split(".")[0].casefold() in _RESERVED:
        name = f"_{name}"
    if len(name.encode()) > LONGEST:
        # isalnum() is false for surrogates, so this encodes; a letter that is cut in two is dropped.
        mark = sha256(file.encode("utf-8", "surrogateescape")).hexdigest()[:8]
        name = f"{name.encode()[: LONGEST - 9].decode(errors='ignore')}-{mark}"
    return name
