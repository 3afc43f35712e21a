"""What the exports of a quiz share: a question and its feedback as HTML, and the notations a shape is accepted in."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement, tostring

from cnncalc.homework.quiz.item import Distractor, Item
from cnncalc.render.marks import diagnosis_text
from cnncalc.render.words import clean


def feedback(item: Item, distractor: Distractor) -> list[str]:
    """Return what a student is told who gives this wrong answer: each way to it, the arithmetic and the mistakes.

    An argument is wrong because of what is worked out with it, so there it is the condition that the mistakes give.
    """
    conditions = item.question.such_that
    made = conditions[0].text if conditions else item.text(distractor.value)
    return [diagnosis_text(diagnosis, made) for diagnosis in distractor.diagnoses]


def question_html(item: Item) -> str:
    """Return a question as HTML: what it is about as a list, and the sentence that asks."""
    listed = Element("ul")
    for line in item.lines:
        SubElement(listed, "li").text = clean(line)
    return _html([listed, _paragraph(item.prompt)])


def feedback_html(item: Item, distractor: Distractor) -> str:
    """Return what a wrong answer is told, as HTML."""
    return _html(map(_paragraph, feedback(item, distractor)))


def all_feedback_html(item: Item) -> str:
    """Return what each wrong answer shows, as one list, for systems that tell all wrong answers the same."""
    listed = Element("ul")
    for distractor in item.distractors:
        SubElement(listed, "li").text = clean(
            " ".join([f"{item.text(distractor.value)}:", *feedback(item, distractor)])
        )
    return _html([listed])


def accepted(text: str) -> list[str]:
    """Return the ways in which people write the shape 6x28x28, the usual one first."""
    plain = [between.join(text.split("x")) for between in ("x", " x ", "×", " × ", ",", ", ")]
    closed = [opening + listed + closing for opening, closing in ("()", "[]") for listed in plain[-2:]]
    return list(dict.fromkeys([*plain, *closed]))


def percent(share: Fraction | int) -> str:
    """Write a share of the points as Moodle does: 0.5 is `50`, a third `33.33333`."""
    return f"{float(share * 100):.5f}".rstrip("0").rstrip(".")


def _paragraph(text: str) -> Element:
    element = Element("p")
    element.text = clean(text)
    return element


def _html(elements: Iterable[Element]) -> str:
    return "".join(tostring(element, encoding="unicode", method="html") for element in elements)
