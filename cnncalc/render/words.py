"""How single values are written for people: numbers, bytes, kernels, and text that came from the user."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from cnncalc.analysis.receptive import Fields
from cnncalc.graph import Node
from cnncalc.layers.kinds import Padding, Sizes
from cnncalc.text import number, say, shape_text

_INVISIBLE = (
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def clean(text: str) -> str:
    """Make control, bidirectional and zero-width characters visible, so that a terminal obeys none of them."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_INVISIBLE, lambda match: _code(ord(match[0])), text.replace("\t", " "))


def _code(point: int) -> str:
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def cells(text: str) -> int:
    """Return how many columns a terminal gives the text; Chinese characters take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def left(text: str, width: int) -> str:
    """Fill a text up to `width` columns of a terminal, at its right."""
    return text + " " * (width - cells(text))


def right(text: str, width: int) -> str:
    """Fill a text up to `width` columns of a terminal, at its left."""
    return " " * (width - cells(text)) + text


def folded(line: str, width: int) -> list[str]:
    """Return a line as lines of at most `width` columns, broken at spaces and between Chinese characters.

    A word that is longer stays whole, and below 20 columns nothing becomes narrower.
    """
    if cells(line) <= width:
        return [line]
    width = max(20, width)
    lines = [""]
    for part in _PARTS.findall(line):
        if cells(lines[-1]) + cells(part.rstrip()) > width and lines[-1]:
            lines.append("")
        lines[-1] += part if lines[-1] else part.lstrip()
    return [one.rstrip() for one in lines]


_PARTS = re.compile(
    r"[\uff08\u201c]*(?:[\u2e80-\u9fff\uff00-\uffef]|[^ \u2e80-\u9fff\uff00-\uffef]+)"
    r"[\uff0c\u3002\uff1b\uff1a\u3001\uff09\u201d]* *| +"
)
"""What a line may be broken between: a Chinese character with the punctuation after it, or a word."""


def size_text(count: int) -> str:
    """Write a number of bytes with a binary unit: 37632 is `36.8 KiB`."""
    if count < 1024:
        return f"{count} B"
    power = min((count.bit_length() - 1) // 10, len(_UNITS) - 1)
    return f"{count / 1024**power:,.1f} {_UNITS[power]}"


def time_text(seconds: float) -> str:
    """Write a time in milliseconds, with three digits or more."""
    milliseconds = seconds * 1000
    return f"{milliseconds:,.1f} ms" if milliseconds >= 100 else f"{milliseconds:.3g} ms"


def kernel_text(node: Node) -> str:
    """Write a window as size/stride, padding, output padding, dilation and groups: `3/2 p1 d2 g32`.

    Nothing for a layer without one.
    """
    layer: Any = node.layer
    kernel = getattr(layer, "kernel_size", None)
    if kernel is None:
        return ""
    stride = getattr(layer, "strides", None) or layer.stride
    parts = [f"{_sizes(kernel)}/{_sizes(stride)}"]
    padding = padding_text(layer.padding)
    if padding != "0" or hasattr(layer, "out_channels"):
        parts.append(f"p{padding}")
    if any(getattr(layer, "output_padding", ())):
        parts.append(f"o{_sizes(layer.output_padding)}")
    dilation = getattr(layer, "dilation", (1,))
    if set(dilation) != {1}:
        parts.append(f"d{_sizes(dilation)}")
    if getattr(layer, "groups", 1) != 1:
        parts.append(f"g{layer.groups}")
    return " ".join(parts)


def _sizes(sizes: tuple[int, ...]) -> str:
    return str(sizes[0]) if len(set(sizes)) == 1 else shape_text(sizes)


def padding_text(padding: Padding | Sizes) -> str:
    """Write padding: `1`, `1x2` an axis, `[0,1]` where the sides differ, or its word."""
    if isinstance(padding, str):
        return f" {padding}"
    pairs = [(side, side) if isinstance(side, int) else side for side in padding]
    sides = [str(before) if before == after else f"[{before},{after}]" for before, after in pairs]
    return sides[0] if len(set(sides)) == 1 else "x".join(sides)


def field_text(fields: Fields) -> str:
    """Write a receptive field's size: `5`, or `5x7` where the axes differ; a dash where the input has no axes."""
    if not fields:
        return "-"
    sizes = [field.size for field in fields]
    return number(sizes[0]) if len(set(sizes)) == 1 else shape_text(sizes)


def jump_text(fields: Fields) -> str:
    """Write a jump or `all`, where every unit sees the same."""
    if not fields:
        return "-"
    jumps = [say("all") if field.jump == 0 else str(field.jump) for field in fields]
    return jumps[0] if len(set(jumps)) == 1 else "x".join(jumps)


def start_text(fields: Fields) -> str:
    """Write where the first unit's window starts, an axis."""
    starts = [str(field.start) for field in fields]
    return "-" if not starts else starts[0] if len(set(starts)) == 1 else ",".join(starts)


Seen = Sequence[tuple[int, int] | None]
"""First and last input position, an axis; None where nothing but padding is seen."""


def seen_text(seen: Seen) -> str:
    """Write what a unit sees: `8..23 x 8..23`."""
    return " x ".join(say("nothing") if axis is None else f"{axis[0]}..{axis[1]}" for axis in seen) or "-"
