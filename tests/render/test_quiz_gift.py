"""GIFT, read back as https://docs.moodle.org/en/GIFT_format says, and every question answered."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from cnncalc.render.quiz.gift import escaped, gift
from cnncalc.render.quiz.words import accepted, feedback
from tests.render.quizzes import AWKWARD, every_topic, lines_of, of_spec


class Answer(NamedTuple):
    text: str
    share: float
    feedback: str


class Question(NamedTuple):
    name: str
    text: str
    numerical: bool
    answers: list[Answer]


def plain(text: str) -> str:
    r"""Undo the escapes: "\~ \= \# \{ \} \:" are the characters, "\n" a new line, and "\\" a backslash."""
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)


def read_gift(text: str) -> list[Question]:
    """Questions are separated by blank lines; `::name:: [html]text {answers}`, or `{#` for numbers."""
    return [read_question(block) for block in re.split(r"\n\s*\n", text.strip())]


def read_question(block: str) -> Question:
    named = re.fullmatch(
        r"::((?:\\.|[^\\:])*)::\[html\]((?:\\.|[^\\{}])*)\{((?:\\.|[^\\{}])*)\}", block.strip(), re.DOTALL
    )
    assert named, block
    numerical = named[3].startswith("#")
    answers = [read_answer(one, numerical) for one in pieces(named[3].removeprefix("#"), "=") if one.strip()]
    return Question(plain(named[1]), plain(named[2]).strip(), numerical, answers)


def pieces(text: str, at: str) -> list[str]:
    found, last = [], 0
    for match in re.finditer(rf"\\.|{at}", text, re.DOTALL):
        if match[0] == at:
            found.append(text[last : match.start()])
            last = match.end()
    return [*found, text[last:]]


def read_answer(text: str, numerical: bool) -> Answer:
    """`%50%7600:0#feedback`: a weight counts in percent, none is full; a number has an error margin after a colon."""
    value, told = pieces(text.strip(), "#")
    weight = re.match(r"%(-?\d{1,2}(?:\.\d+)?)%", value)
    share = float(weight[1]) / 100 if weight else 1.0
    value = value[weight.end() :] if weight else value
    if numerical:
        value, margin = pieces(value, ":")
        assert margin == "0"
        assert re.fullmatch(r"-?\d+", value)
    return Answer(plain(value), share, plain(told))


@pytest.mark.parametrize("level", [1, 2, 3])
def test_every_question_can_be_answered(level):
    quiz = every_topic(level)
    questions = read_gift(gift(quiz).decode())
    for item, question in zip(quiz.items, questions, strict=True):
        assert question.name == f"{AWKWARD} {item.label}"
        assert lines_of(question.text) == [*item.lines, item.prompt]
        assert question.numerical == item.is_number
        given = {answer.text: answer for answer in question.answers}
        assert len(given) == len(question.answers)
        assert {text for text, answer in given.items() if answer.share == 1} == ways(item, item.answer)
        for distractor in item.distractors:
            for way in ways(item, distractor.value):
                assert given[way].share == 0.5
                assert lines_of(given[way].feedback) == feedback(item, distractor)


def ways(item, value) -> set[str]:
    text = item.text(value)
    return {text} if item.is_number else set(accepted(text))


def test_a_shape_is_accepted_as_people_write_it():
    assert {"6x28x28", "6×28×28", "6 x 28 x 28", "(6, 28, 28)", "6,28,28", "[6,28,28]"} <= set(accepted("6x28x28"))
    assert not any("*" in way for way in accepted("6x28x28")), "Moodle reads * as anything"


def test_names_of_a_given_network_are_escaped():
    quiz = of_spec()
    questions = read_gift(gift(quiz).decode())
    assert [lines_of(question.text)[-1] for question in questions] == [item.prompt for item in quiz.items]
    assert all("{x} = ~y # z: <b> & \\ %" in question.name for question in questions)


def test_without_partial_points_a_mistake_earns_nothing():
    questions = read_gift(gift(every_topic(partial=0)).decode())
    assert {answer.share for question in questions for answer in question.answers} == {0, 1}


def test_what_gift_reads_as_its_own_is_escaped():
    assert escaped("a~b=c#d{e}f:g\\h\ni") == "a\\~b\\=c\\#d\\{e\\}f\\:g\\\\h\\ni"
