"""The characters of a written value: what is made equal before it is read, and what is refused by its code point."""

from __future__ import annotations

import re
import unicodedata

from cnncalc.text import say

MAX_WRITTEN = 4096
MAX_CHARACTERS = 200


class Unread(ValueError):
    """A value that could not be read: a sentence that says why, and `help`, how to write it."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help


_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""Control, bidirectional and zero-width characters. Not in it: U+202F, the narrow space between digits."""

_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_RAISED_RUN = re.compile("[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")

_EQUAL = str.maketrans(
    {
        **dict.fromkeys("×✕✖⨯╳", "x"),
        **dict.fromkeys("·⋅∙•∗⁎・", "*"),
        **dict.fromkeys("÷∕⁄", "/"),
        **dict.fromkeys("−–—‐‑‒―", "-"),
        **dict.fromkeys("≈≃≅≒∼∽〜", "~"),
        **dict.fromkeys("→⇒", "="),
        **dict.fromkeys("’‘ʼ", "'"),
        "、": ",",
        "。": ".",
        "【": "[",
        "】": "]",
        "〔": "(",
        "〕": ")",
    }
)
"""Applied after NFKC, which has made full-width digits, letters, signs and spaces into plain ones."""

_LATEX = re.compile(r"\\(?:times|cdot|left|right|approx|,|;|!| )|[$]|\{,\}")
_LATEX_MEANING = {"\\times": "x", "\\cdot": "*", "\\approx": "~", "{,}": ","}


def normal(text: str) -> str:
    """Return `text` with equal characters made one: full-width forms, signs, spaces, superscripts (`3²` is `3^(2)`).

    Raises Unread for what is too long and for characters that nobody can see.
    """
    if len(text) > MAX_WRITTEN:
        raise Unread(
            say("an answer of {count} characters", count=f"{len(text):,}"),
            say("write the value alone; at most {limit} characters are read", limit=f"{MAX_CHARACTERS:,}"),
        )
    hidden = _INVISIBLE.search(text)
    if hidden:
        raise Unread(say("the answer holds the invisible character {name}", name=named(hidden[0])), say("remove it"))
    if not text.isascii():
        text = _plain(text)
    if "\\" in text or "$" in text:
        text = _LATEX.sub(lambda match: _LATEX_MEANING.get(match[0], " "), text)
    text = " ".join(text.split())
    if len(text) > MAX_CHARACTERS:
        raise Unread(
            say("an answer of {count} characters; at most {limit} are read", count=len(text), limit=MAX_CHARACTERS),
            say("write the value alone"),
        )
    return text


def _plain(text: str) -> str:
    text = _RAISED_RUN.sub(lambda match: f"^({match[0].translate(_RAISED)})", text)
    odd = next((one for one in text if unicodedata.category(one) == "No"), "")
    if odd:
        raise Unread(
            say("{name} is not read as a number", name=named(odd)),
            say("write it with plain digits, a fraction as 1/2"),
        )
    text = unicodedata.normalize("NFKC", text).translate(_EQUAL)
    foreign = next((one for one in text if one.isdigit() and not one.isascii()), "")
    if foreign:
        raise Unread(say("the answer holds {name}", name=named(foreign)), say("write it with the digits 0 to 9"))
    return text


def named(character: str) -> str:
    """Name a character by its code point: `U+200B (zero width space)`."""
    name = unicodedata.name(character, "").lower()
    code = f"U+{ord(character):04X}"
    return say("{code} ({name})", code=code, name=name) if name else code
