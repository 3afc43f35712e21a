"""Moodle XML: https://docs.moodle.org/en/Moodle_XML_format. Numbers are `numerical`, shapes `shortanswer` questions."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from cnncalc.homework.quiz.item import Item, Quiz
from cnncalc.render.quiz.words import accepted, feedback_html, percent, question_html
from cnncalc.render.words import clean
from cnncalc.text import say


def moodle_xml(quiz: Quiz) -> bytes:
    """Return the quiz in Moodle XML."""
    root = Element("quiz")
    for item in quiz.items:
        root.append(_question(item, quiz.title))
    indent(root, " ")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode").encode() + b"\n"


def _question(item: Item, title: str) -> Element:
    question = Element("question", type="numerical" if item.is_number else "shortanswer")
    SubElement(SubElement(question, "name"), "text").text = clean(f"{title} {item.label}")
    _text(question, "questiontext", question_html(item))
    SubElement(question, "defaultgrade").text = f"{float(item.question.points):g}"
    if not item.is_number:
        SubElement(question, "usecase").text = "0"
    _answers(question, item, item.text(item.answer), "100", say("Right."))
    for distractor in item.distractors:
        _answers(question, item, item.text(distractor.value), percent(item.partial), feedback_html(item, distractor))
    return question


def _answers(question: Element, item: Item, value: str, fraction: str, told: str) -> None:
    for way in [value] if item.is_number else accepted(value):
        answer = SubElement(question, "answer", fraction=fraction, format="plain_text")
        SubElement(answer, "text").text = way
        if item.is_number:
            SubElement(answer, "tolerance").text = "0"
        _text(answer, "feedback", told)


def _text(parent: Element, tag: str, html: str) -> None:
    SubElement(SubElement(parent, tag, format="html"), "text").text = html
