"""Moodle XML, read back as https://docs.moodle.org/en/Moodle_XML_format says, and every question answered."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from cnncalc.render.quiz.moodle_xml import moodle_xml
from cnncalc.render.quiz.words import accepted, feedback
from tests.render.quizzes import AWKWARD, every_topic, lines_of, of_spec

GRADES = {100, 90, 83.33333, 80, 75, 70, 66.66667, 60, 50, 40, 33.33333, 30, 25, 20, 16.66667, 14.28571, 12.5, 10, 5, 0}
"""The shares Moodle knows; an import stops at any other, unless it is told to take the nearest."""


def grade(question: ElementTree.Element, response: str) -> tuple[float, list[str]]:
    """Answer as Moodle's numerical (within a tolerance) and shortanswer (no case) questions do: first match."""
    for answer in question.findall("answer"):
        text = answer.findtext("text")
        if question.get("type") == "numerical":
            matches = abs(float(response) - float(text)) <= float(answer.findtext("tolerance"))
        else:
            matches = response.strip().casefold() == text.casefold()
        if matches:
            told = answer.find("feedback")
            assert told.get("format") == "html"
            return float(answer.get("fraction")), lines_of(told.findtext("text"))
    return 0.0, []


@pytest.mark.parametrize("level", [1, 2, 3])
def test_every_question_can_be_answered(level):
    quiz = every_topic(level)
    root = ElementTree.fromstring(moodle_xml(quiz))
    assert root.tag == "quiz"
    for item, question in zip(quiz.items, root, strict=True):
        assert question.get("type") == ("numerical" if item.is_number else "shortanswer")
        assert question.findtext("name/text") == f"{AWKWARD} {item.label}"
        assert question.find("questiontext").get("format") == "html"
        assert lines_of(question.findtext("questiontext/text")) == [*item.lines, item.prompt]
        assert grade(question, item.text(item.answer)) == (100, ["Right."])
        for distractor in item.distractors:
            text = item.text(distractor.value)
            for way in [text] if item.is_number else accepted(text):
                assert grade(question, way) == (50, feedback(item, distractor))
        assert grade(question, "987654321") == (0, [])
        assert {float(answer.get("fraction")) for answer in question.findall("answer")} <= GRADES


def test_names_of_a_given_network_are_escaped():
    quiz = of_spec()
    root = ElementTree.fromstring(moodle_xml(quiz))
    assert [lines_of(question.findtext("questiontext/text"))[-1] for question in root] == [
        item.prompt for item in quiz.items
    ]
    assert all("{x} = ~y # z: <b> & \\ %" in question.findtext("name/text") for question in root)


def test_every_share_on_offer_is_one_that_moodle_takes():
    from cnncalc.cli.commands.quiz import GRADES as offered

    assert set(offered) <= GRADES
