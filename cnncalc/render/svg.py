"""SVG written safely: elements whose texts and attributes are always escaped, and how wide a text is.

A picture holds no script, no link and nothing loaded from elsewhere. Its colours are classes of one `<style>` block,
which follows a reader's preference for light or dark; each class is a plain one, since the programs that make slides
understand no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from cnncalc.render.words import cells, clean

FONT_SIZE = 12.0
FONT = "'Helvetica Neue', Arial, 'DejaVu Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"

PAPER = {
    "cnn-page": ("fill:#ffffff", "fill:#15181d"),
    "cnn-ink": ("fill:#1b1f24", "fill:#e8eaed"),
    "cnn-dim": ("fill:#57606a", "fill:#a3abb5"),
    "cnn-line": ("fill:none;stroke:#57606a", "fill:none;stroke:#a3abb5"),
    "cnn-grid": ("fill:none;stroke:#d8dee4", "fill:none;stroke:#343b44"),
}
"""Classes every picture has: the page, texts, secondary texts, lines, and grid lines; declarations light and dark."""


class Markup(str):
    """Text that is XML already; any other text is escaped when it is put into an element."""

    __slots__ = ()


def escaped(text: str) -> str:
    """Return a text for XML: invisible characters made visible as in a terminal, and `<>&"'` as entities."""
    if text.isalnum() and text.isascii():
        return text
    visible = re.sub("[\ufdd0-\ufdef\ufffe\uffff]", lambda match: f"\\u{ord(match[0]):04x}", clean(text))
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        visible = visible.replace(character, entity)
    return visible


def element(tag: str, *children: str, **attributes: str | float | None) -> Markup:
    """Return `<tag attribute="value">children</tag>`; children that are no Markup are escaped.

    In the names of attributes `_` stands for `-` and one at the end is dropped (`class_`, `stroke_width`). An attribute
    that is None is left out. Numbers have at most two decimals.
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    if not children:
        return Markup(f"<{tag}{written}/>")
    inner = "".join(child if isinstance(child, Markup) else escaped(child) for child in children)
    return Markup(f"<{tag}{written}>{inner}</{tag}>")


def _value(value: str | float) -> str:
    return escaped(value) if isinstance(value, str) else coordinate(value)


def coordinate(value: float) -> str:
    """Write a number for an attribute: 12.50 is `12.5`."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else str(int(value))


def rectangle(
    x: float, y: float, width: float, height: float, class_: str, *, title: str = "", radius: float | None = None
) -> Markup:
    """Return a rectangle; `title` is what a pointer resting on it shows, and a screen reader reads."""
    inner = [element("title", title)] if title else []
    return element("rect", *inner, class_=class_, x=x, y=y, width=width, height=height, rx=radius)


def line(points: Iterable[tuple[float, float]], class_: str, *, title: str = "") -> Markup:
    """Return a line through points, in pixels."""
    first, *others = [f"{coordinate(x)} {coordinate(y)}" for x, y in points]
    inner = [element("title", title)] if title else []
    return element("path", *inner, class_=class_, d=f"M{first}{''.join(f'L{point}' for point in others)}")


def label(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    size: float = FONT_SIZE,
    class_: str = "cnn-ink",
    bold: bool = False,
    room: float | None = None,
) -> Markup:
    """Return one line of text with its baseline at `y`; `anchor` is start, middle or end.

    What is wider than `room` pixels is shortened, and whole in a `<title>`.
    """
    shown = text if room is None else shortened(text, room, size, bold=bold)
    inner = [Markup(escaped(shown))]
    if shown != text:
        inner.append(element("title", text))
    return element(
        "text",
        *inner,
        class_=class_,
        x=x,
        y=y,
        font_size=None if size == FONT_SIZE else size,
        font_weight="bold" if bold else None,
        text_anchor=None if anchor == "start" else anchor,
    )


_WIDTHS = {
    **dict.fromkeys("'ijl", 0.29),
    **dict.fromkeys(" ,.IJ/:;|\\", 0.34),
    **dict.fromkeys("-()[]tfr!", 0.41),
    **dict.fromkeys('"*_`szc?', 0.54),
    **dict.fromkeys("MWm%@", 1.0),
    **dict.fromkeys("w#+<=>^~OQDGHN&", 0.84),
    **dict.fromkeys("ABCKRUVXZ", 0.73),
    "×": 0.84,
    "…": 1.0,
}
"""Of DejaVu Sans, the widest of the usual sans-serif fonts, in parts of the font size; other letters and digits are
0.64."""
_BOLD = 1.13


def text_width(text: str, size: float = FONT_SIZE, *, bold: bool = False) -> float:
    """Return about how many pixels wide a text is drawn, rather too many than too few."""
    shown = clean(text)
    if shown.isascii():
        units = sum(_WIDTHS.get(character, 0.64) for character in shown)
    else:
        units = sum(_character_width(character) for character in shown)
    return units * size * (_BOLD if bold else 1.0)


def _character_width(character: str) -> float:
    if character.isascii() or character in _WIDTHS:
        return _WIDTHS.get(character, 0.64)
    return (0.0, 0.9, 1.05)[min(cells(character), 2)]


def shortened(text: str, room: float, size: float = FONT_SIZE, *, bold: bool = False) -> str:
    """Return a text with an ellipsis in its middle where it is wider than `room` pixels; a layer's name is told by both
    ends.
    """
    shown = clean(text[:1000])
    if len(text) <= 1000 and text_width(shown, size, bold=bold) <= room:
        return text
    most = len(shown)
    least = 0
    while least < most:  # the most characters that fit with the ellipsis
        middle = (least + most + 1) // 2
        if text_width(_cut(shown, middle), size, bold=bold) <= room:
            least = middle
        else:
            most = middle - 1
    return _cut(shown, least)


def _cut(text: str, kept: int) -> str:
    after = kept // 2
    return f"{text[: kept - after]}…{text[len(text) - after :]}"


Colors = Mapping[str, tuple[str, str]]
"""By class: its CSS declarations on a light and on a dark page."""


def document(
    width: float, height: float, title: str, description: str, parts: Iterable[Markup], colors: Colors | None = None
) -> str:
    """Return a whole SVG file, `width` by `height` pixels.

    `title` names the picture and `description` says what it shows, for those who cannot see it.
    """
    size = f"{coordinate(width)} {coordinate(height)}"
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" width="{coordinate(width)}" '
        f'height="{coordinate(height)}" role="img" font-family="{FONT}" font-size="{coordinate(FONT_SIZE)}">'
    )
    head = (
        element("title", title),
        element("desc", description),
        Markup(f"<style>{_style({**PAPER, **(colors or {})})}</style>"),
        rectangle(0, 0, width, height, "cnn-page"),
    )
    return "\n".join([opening, *head, *parts, "</svg>"]) + "\n"


def _style(colors: Colors) -> str:
    light = "".join(f".{name}{{{declarations}}}" for name, (declarations, _) in colors.items())
    dark = "".join(f".{name}{{{declarations}}}" for name, (_, declarations) in colors.items())
    return f"{light}@media (prefers-color-scheme:dark){{{dark}}}"
