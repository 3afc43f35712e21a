"""The marks of one student on a terminal: a line a question, what went wrong under it, and the points."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cnncalc.homework.marks import Checked, Mark
from cnncalc.layers.base import Rule
from cnncalc.render.explain import rule_lines
from cnncalc.render.marks import VERDICTS, mark_sentences, points_text, question_key
from cnncalc.render.screen import Line, Piece, Screen
from cnncalc.render.words import cells, clean
from cnncalc.text import say

STYLES = {"right": "green", "followed": "cyan", "wrong": "bold red", "unread": "bold yellow", "blank": "yellow"}

Derive = Callable[[Mark], list[Rule]]
"""How the right answer of a question is derived."""


def show_checked(screen: Screen, checked: Checked, *, hints_only: bool, derive: Derive | None = None) -> None:
    """Draw the marks; `derive` adds the derivation of what is not right."""
    screen.show(checked_lines(checked, hints_only=hints_only, derive=derive))


def checked_lines(checked: Checked, *, hints_only: bool, derive: Derive | None = None) -> Iterator[Line]:
    """Yield the lines of the marks."""
    verdict_width = max(cells(say(text)) for text in VERDICTS.values())
    key_width = max((cells(question_key(mark.question)) for mark in checked.marks), default=0)
    margin = " " * (verdict_width + 4)
    for mark in checked.marks:
        word, key = say(VERDICTS[mark.verdict]), question_key(mark.question)
        first, *others = mark_sentences(mark, checked.assignment.counting, hints_only=hints_only)
        padding = " " * (verdict_width - cells(word) + 2)
        end = f"{key}{' ' * (key_width - cells(key) + 2)}{first}".rstrip()
        yield ["  ", Piece(word, STYLES[mark.verdict]), padding, end]
        if mark.verdict != "unread":  # why, and where, is said among the warnings
            yield from (f"{margin}{sentence}" for sentence in others)
        if derive and mark.verdict != "right":
            yield from _derivation(derive(mark), margin)
    for answer in checked.unasked:
        yield say("  {key} is not asked, and counts for nothing", key=clean(answer.key))
    yield [
        Piece(say("{points} of {of} points", points=points_text(checked.points), of=points_text(checked.of)), "bold")
    ]


def _derivation(rules: list[Rule], margin: str) -> Iterator[Line]:
    width = max((cells(rule.left) for rule in rules), default=0)
    for rule in rules:
        for line in rule_lines(rule, width):
            yield [margin, *([line] if isinstance(line, str) else line)]
