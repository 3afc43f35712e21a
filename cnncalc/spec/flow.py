"""Values as YAML that reads back as they were: in its flow style, longer ones laid out as blocks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import cast


def flow(value: object) -> str:
    """Return a value in YAML's flow style; keys that are plain words stay so."""
    if isinstance(value, Mapping):
        entries = cast(Mapping[str, object], value)
        return "{" + ", ".join(f"{_key(key)}: {flow(entry)}" for key, entry in entries.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, cast(list[object], value))) + "]"
    if isinstance(value, str):
        return value if _is_plain(value) else quoted(value)
    return json.dumps(value)


def _is_plain(text: str) -> bool:
    """Whether a text is a word that every reader of YAML takes for text."""
    return re.fullmatch("[A-Za-z][A-Za-z_0-9]*", text) is not None and text.lower() not in _NOT_TEXT


_NOT_TEXT = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))


def quoted(text: str) -> str:
    """Write a text as YAML reads it back, whatever is in it; letters of any script stay as they are."""
    written = json.dumps(text, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in written)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[a-z][a-z_0-9]*", key) else quoted(key)


def block(entries: Mapping[str, object], indent: str = "") -> list[str]:
    """Return the lines of a mapping: an entry each; lists of mappings are laid out too, everything else is flow."""
    lines: list[str] = []
    for key, value in entries.items():
        start = f"{indent}{_key(key)}:"
        if _is_list(value):
            lines += [start, *(line for item in cast(_Items, value) for line in _item(item, f"{indent}  "))]
        elif _is_nested(value):
            lines += [start, *block(cast(Mapping[str, object], value), f"{indent}  ")]
        else:
            lines.append(f"{start} {flow(value)}")
    return lines


_Items = list[Mapping[str, object]]


def _is_list(value: object) -> bool:
    """Whether a value is a list of mappings."""
    return isinstance(value, list) and any(isinstance(item, Mapping) for item in cast(list[object], value))


def _is_nested(value: object) -> bool:
    """Whether there is a list of mappings in a value."""
    if isinstance(value, Mapping):
        return any(map(_is_nested, cast(Mapping[str, object], value).values()))
    return _is_list(value)


def _item(item: Mapping[str, object], indent: str) -> list[str]:
    if not _is_nested(item):
        return [f"{indent}- {flow(item)}"]
    first, *rest = block(item, f"{indent}  ")
    return [f"{indent}- {first.lstrip()}", *rest]
