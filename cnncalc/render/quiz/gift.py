"""Moodle's GIFT: https://docs.moodle.org/en/GIFT_format. Numbers are `numerical`, shapes `short answer` questions.

Each wrong answer that a mistake gives has its feedback, and its share of the points. A question's text is HTML.
"""

from __future__ import annotations

import re
from fractions import Fraction

from cnncalc.homework.quiz.item import Item, Quiz
from cnncalc.render.quiz.words import accepted, feedback_html, percent, question_html
from cnncalc.render.words import clean
from cnncalc.text import say


def gift(quiz: Quiz) -> bytes:
    """Return the quiz in GIFT."""
    return "\n".join(_question(item, quiz.title) for item in quiz.items).encode()


def _question(item: Item, title: str) -> str:
    opening = "{#" if item.is_number else "{"
    lines = [f"::{escaped(clean(title))} {item.label}::[html]{escaped(question_html(item))} {opening}"]
    for way in _ways(item, item.text(item.answer)):
        lines.append(_answer(item, way, 1, say("Right.")))
    for distractor in item.distractors:
        for way in _ways(item, item.text(distractor.value)):
            lines.append(_answer(item, way, item.partial, feedback_html(item, distractor)))
    return "\n".join([*lines, "}", ""])


def _ways(item: Item, text: str) -> list[str]:
    return [text] if item.is_number else accepted(text)


def _answer(item: Item, text: str, share: Fraction | int, told: str) -> str:
    """Write one answer. Without a weight it counts fully; a number is right exactly: its error margin is 0."""
    weight = "" if share == 1 else f"%{percent(share)}%"
    margin = ":0" if item.is_number else ""
    return f"={weight}{escaped(text)}{margin}#{escaped(told)}"


def escaped(text: str) -> str:
    r"""Put a backslash before what GIFT reads as its own: ~ = # { } : and the backslash itself; a new line is \n."""
    return re.sub(r"([\\~=#{}:])", r"\\\1", text).replace("\r", "").replace("\n", "\\n")
