"""The sheet holds no answer, the answer file is empty, and the JSON holds all."""

from __future__ import annotations

import json
import re
from hashlib import sha256

import pytest

from cnncalc.homework.assignment.read import read_assignment
from cnncalc.homework.quiz.make import Order, make_quiz
from cnncalc.homework.submission import read_submission
from cnncalc.homework.submission.collected import Student
from cnncalc.render.quiz.folder import sealed
from cnncalc.render.quiz.sheet import answer_file, key, sheet
from cnncalc.render.quiz.to_json import quiz_json
from cnncalc.render.quiz.words import feedback
from tests.render.quizzes import AWKWARD, every_topic, of_spec


def unescaped(text: str) -> str:
    return re.sub(r"\\([\\`*_\[\]<>&|~#])", r"\1", text)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_sheet_asks_everything_and_answers_nothing(level):
    quiz = every_topic(level)
    text = unescaped(sheet(quiz).decode())
    for item in quiz.items:
        part = text.split(f"## {item.label}\n")[1].split("\n## ")[0]
        assert [line[2:] for line in part.splitlines() if line.startswith("- ")] == list(item.lines)
        assert f"**{item.prompt}**" in part
        assert part.rstrip().endswith(f"{item.label}: ____________________")
        told = " ".join([*item.lines, item.prompt])
        if item.question.asked.quantity == "output_shape":
            assert item.text(item.answer) not in told
    assert "mistake" not in text


def test_what_markdown_reads_as_its_own_is_escaped():
    first = sheet(every_topic()).decode().splitlines()[0]
    assert unescaped(first) == f"# {AWKWARD}"
    assert not re.search(r"(?<!\\)[*_`<&#]", first[1:])


def test_sheet_and_key_tell_each_other():
    quiz = every_topic()
    data, seal = sealed(quiz)
    assert seal == sha256(data).hexdigest()
    handed_out = sheet(quiz, seal)
    assert seal in handed_out.decode()
    assert handed_out.startswith(sheet(quiz))
    assert data.decode().splitlines()[0].startswith("# ")
    assert sha256(sheet(quiz)).hexdigest() in data.decode().splitlines()[0]
    assert len(read_assignment(data.decode(), "key.yaml").questions) == len(quiz.items)


def test_the_answer_file_reads_as_one_in_which_nothing_is_answered():
    student = Student("2026 007", 'Ada "A" O\'Neil: #1 \\ 李雷 \x7f\x85\u2028\u202e')
    quiz = make_quiz(Order(("shape",), 3, 1), student)
    submission = read_submission(answer_file(quiz).decode(), "answers.yaml")
    assert submission.student == student
    assert not submission.found
    assert [(answer.key, answer.text) for answer in submission.answers] == [("q1", ""), ("q2", ""), ("q3", "")]


def test_the_key_for_people_derives_each_answer():
    quiz = of_spec()
    text = unescaped(key(quiz).decode())
    for item in quiz.items:
        part = text.split(f"## {item.label}\n")[1].split("\n## ")[0]
        assert f"Answer: {int(item.answer[0]):,}" in part or f"Answer: {item.text(item.answer)}" in part
        for derived in re.findall(r"^    .* = ([\d+*/() -]+) = ([\d,]+)$", part, re.MULTILINE):
            assert eval(derived[0]) == int(derived[1].replace(",", ""))  # plain arithmetic, matched by the pattern
        for distractor in item.distractors:
            assert all(f"  - {line}" in part for line in feedback(item, distractor))


def test_json_holds_questions_answers_and_mistakes():
    quiz = every_topic()
    data = json.loads(quiz_json(quiz))
    assert (data["schema_version"], data["title"]) == (1, AWKWARD)
    for item, question in zip(quiz.items, data["questions"], strict=True):
        assert question["label"] == item.label
        assert question["question"] == item.prompt
        assert question["description"] == list(item.lines)
        assert (question["answer"], question["value"]) == (item.text(item.answer), list(item.answer))
        assert question["partial"] == 0.5
        for distractor, given in zip(item.distractors, question["distractors"], strict=True):
            assert given["answer"] == item.text(distractor.value)
            assert given["feedback"] == feedback(item, distractor)
            assert given["mistakes"] == [[named.name for named in one.mistakes] for one in distractor.diagnoses]
