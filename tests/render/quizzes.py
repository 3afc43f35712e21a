"""Quizzes that the tests of all exports share."""

from __future__ import annotations

from fractions import Fraction
from html.parser import HTMLParser

from cnncalc.homework.quiz.item import Quiz
from cnncalc.homework.quiz.make import Order, make_quiz
from cnncalc.homework.quiz.topics import RECIPES
from cnncalc.spec.load import loads

AWKWARD = "100% {a} = ~b # c: \\ <i>&amp; *d* _e_ `f`"
"""A title with what each format reads as its own."""

NAMED = """
cnncalc: 1
name: "{x} = ~y # z: <b> & \\\\ %"
input: [3, 16, 16]
layers:
  - {name: conv_1, type: Conv2d, out_channels: 8, kernel_size: 3, padding: 2}
  - {name: conv_2, type: Conv2d, out_channels: 6, kernel_size: 5}
  - Flatten
  - {name: fc_1, type: Linear, out_features: 10}
"""


def every_topic(level: int = 2, partial: int = 50) -> Quiz:
    share = Fraction(partial, 100)
    return make_quiz(Order(tuple(RECIPES), 16, 4, level, partial=share, title=AWKWARD))


def of_spec() -> Quiz:
    return make_quiz(Order(("shape", "parameters", "macs"), 6, 4, graph=loads(NAMED)))


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def lines_of(html: str) -> list[str]:
    """Return the texts of an HTML fragment, as a browser shows them."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    return parser.text
