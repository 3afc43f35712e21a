"""The bars of a class as SVG: how many reached which points, how questions were answered, which mistakes were made."""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.homework.grade.tally import BANDS, ClassTally, Counted, QuestionTally
from cnncalc.render.marks import VERDICTS, points_text, question_key
from cnncalc.render.svg import Markup, element
from cnncalc.text import number, say

MOST_QUESTIONS = 200
"""So many questions have a bar; the table has them all."""
MOST_MISTAKES = 20
"""So many mistakes, the most frequent."""

_COLORS = {"right": "#2a7d2e", "followed": "#7fc97f", "wrong": "#c0392b", "unread": "#e6a23c", "blank": "#c8c8c8"}
_LABEL, _BAR, _NOTE = 260, 380, 160
_WIDTH = _LABEL + _BAR + _NOTE
_LINE = 24
_HISTOGRAM = 140


def bars_svg(tally: ClassTally) -> str:
    """Return one picture; what its colours say stands beside them as numbers."""
    questions = tally.questions[:MOST_QUESTIONS]
    mistakes = tally.mistakes[:MOST_MISTAKES]
    top = _HISTOGRAM + 3 * _LINE
    below = top + (len(questions) + 2) * _LINE
    height = below + (len(mistakes) + 2) * _LINE * bool(mistakes)
    parts = [*_histogram(tally), *_legend(top - _LINE // 2)]
    for at, question in enumerate(questions):
        parts += _bar(question, top + (at + 1) * _LINE, tally.graded)
    if mistakes:
        parts.append(_text(_LABEL, below, say("Mistakes, and how often each was made")))
    for at, mistake in enumerate(mistakes):
        parts += _mistake(mistake, below + (at + 1) * _LINE, mistakes[0].times)
    title = element("title", say("Points of the class, how each question was answered, and which mistakes were made"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" font-family="sans-serif" font-size="13">\n{title}\n'
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _histogram(tally: ClassTally) -> Iterator[Markup]:
    width, most = (_WIDTH - 40) / BANDS, max(1, *tally.bands)
    for at, count in enumerate(tally.bands):
        high = (_HISTOGRAM - 40) * count / most
        left, base = 20 + at * width, _HISTOGRAM
        yield _rect(left + 3, base - high, width - 6, high, "#4878a8")
        yield _text(left + width / 2, base - high - 5, number(count), "middle")
        start, end = tally.of * at / BANDS, tally.of * (at + 1) / BANDS
        span = say("{start} to {end}", start=points_text(start), end=points_text(end))
        yield _text(left + width / 2, base + 17, span, "middle")


def _legend(top: int) -> Iterator[Markup]:
    step = _WIDTH / len(VERDICTS)
    for at, (verdict, text) in enumerate(VERDICTS.items()):
        yield _rect(20 + at * step, top - 11, 13, 13, _COLORS[verdict])
        yield _text(40 + at * step, top, say(text))


def _bar(one: QuestionTally, base: int, graded: int) -> Iterator[Markup]:
    """Yield a question's label, its bar, and the mean of its points."""
    label = question_key(one.question)
    yield _text(_LABEL - 8, base, label if len(label) <= 34 else f"{label[:33]}…", "end")
    left = float(_LABEL)
    for verdict, color in _COLORS.items():
        count = one.verdicts.get(verdict, 0)
        width = _BAR * count / max(1, graded)
        if count:
            yield _rect(left, base - 14, width, 18, color, f"{say(VERDICTS[verdict])}: {number(count)}")
        if width > 9 * len(number(count)):
            ink = "#ffffff" if verdict in ("right", "wrong") else "#000000"
            yield _text(left + width / 2, base, number(count), "middle", ink)
        left += width
    mean, of = points_text(one.mean), points_text(one.question.points)
    yield _text(_LABEL + _BAR + 8, base, say("mean {mean} of {of}", mean=mean, of=of))


def _mistake(one: Counted, base: int, most: int) -> Iterator[Markup]:
    """Yield a mistake's name, its bar, and how often it was made."""
    yield _text(_LABEL - 8, base, one.name, "end")
    yield _rect(_LABEL, base - 14, _BAR * one.times / most, 18, _COLORS["wrong"], one.sentence)
    yield _text(_LABEL + _BAR + 8, base, number(one.times))


def _rect(left: float, top: float, width: float, height: float, color: str, title: str = "") -> Markup:
    inner = [element("title", title)] if title else []
    return element("rect", *inner, x=left, y=top, width=width, height=height, fill=color)


def _text(left: float, base: float, text: str, anchor: str = "start", color: str = "#000000") -> Markup:
    return element("text", text, x=left, y=base, text_anchor=anchor, fill=color)
