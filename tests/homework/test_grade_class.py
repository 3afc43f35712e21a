"""What is counted of a class and how it is told, held against a class of four worked out by hand."""

from __future__ import annotations

import csv
import io
import json
from fractions import Fraction
from xml.etree import ElementTree

import pytest

from cnncalc.homework.assignment import Question
from cnncalc.homework.assignment.read import read_assignment
from cnncalc.homework.check import Checker
from cnncalc.homework.grade.record import Record, of_checked
from cnncalc.homework.grade.tally import tally
from cnncalc.homework.submission import read_submission
from cnncalc.render.class_bars import bars_svg
from cnncalc.render.class_report import class_html, class_json, class_markdown, gradebook_csv, summary_lines
from cnncalc.render.feedback import escaped, failure_markdown, feedback_json, feedback_markdown
from cnncalc.text import use_language

ASSIGNMENT = read_assignment(
    """assignment: "<b>Week 1</b> | =1+1"
network: {input: [6, 14, 14], layers: [{type: Conv2d, name: conv, out_channels: 16, kernel_size: 5}]}
partial_credit: {bias-forgotten: 0.5}
questions:
  - conv.output_shape
  - {quantity: conv.parameters, points: 2}
""",
    "hw.yaml",
)
CHECKER = Checker(ASSIGNMENT)


@pytest.fixture
def chinese():
    use_language("zh")
    yield
    use_language("en")


def checked(shape: str, parameters: str, student: str = "{}"):
    text = f"student: {student}\nanswers:\n  conv.output_shape: {shape}\n  conv.parameters: {parameters}\n"
    return CHECKER.check(read_submission(text, "a.yaml"))


# 14 - 5 + 1 = 10; 16 filters of 6 x 5 x 5 weights and a bias: 16 * 151 = 2,416, and 2,400 without the biases.
CLASS = [
    of_checked("a.yaml", checked("16x10x10", "2,416", "{id: '1', name: Ada}")),
    of_checked("b.yaml", checked("16x10x10", "2400", "{id: '2', name: '=HYPERLINK(1)'}")),
    of_checked("c.yaml", checked("16x9x9", "2,400", "{id: ' 2 '}")),
    of_checked("d.yaml", checked("16x9x9", "2,400", "{id: '3'}")),
    Record("e.yaml", "unreadable", "line 1: <script>\nline 2: |"),
]


def test_a_class_is_counted():
    found = tally(ASSIGNMENT, CLASS)
    assert (found.files, found.graded, found.of) == (5, 4, 3)
    # points: 1 + 2, 1 + 1, 0 + 1, 0 + 1
    assert [record.points for record in CLASS] == [3, 2, 1, 1, 0]
    assert (found.mean, found.median, found.lowest, found.highest) == (Fraction(7, 4), Fraction(3, 2), 1, 3)
    assert found.bands == (0, 0, 0, 2, 0, 0, 1, 0, 0, 1)
    shape, parameters = found.questions
    assert shape.verdicts == {"right": 2, "wrong": 2}
    assert (shape.mean, parameters.mean) == (Fraction(1, 2), Fraction(5, 4))
    assert parameters.verdicts == {"right": 1, "wrong": 3}
    # First by name: 2,400 may also be 2,416 rounded to hundreds.
    assert (parameters.mistakes[0].name, parameters.mistakes[0].times) == ("bias-forgotten", 3)
    assert "16" in parameters.mistakes[0].sentence
    assert [(one.name, one.times) for one in parameters.wrong] == [("2400", 3)]
    assert [(one.name, one.times) for one in shape.wrong] == [("16x9x9", 2)]
    assert found.same_id == {"2": ("b.yaml", "c.yaml")}
    assert found.alike == (("c.yaml", "d.yaml"),)
    assert [(one.file, one.status) for one in found.failures] == [("e.yaml", "unreadable")]


def test_a_class_in_which_nothing_could_be_graded_is_counted_too():
    found = tally(ASSIGNMENT, CLASS[-1:])
    assert (found.graded, found.mean, found.median) == (0, 0, 0)
    for text in (class_markdown(ASSIGNMENT, found, "x.svg"), class_html(ASSIGNMENT, found), bars_svg(found)):
        assert text
    assert tally(ASSIGNMENT, []).files == 0


def test_the_gradebook_has_a_row_a_file_and_no_formula():
    text = b"".join(gradebook_csv(ASSIGNMENT, CLASS, ["2"])).decode()
    head, *rows = csv.reader(io.StringIO(text))
    assert head == ["id", "name", "file", "status", "points", "of", "note", "conv.output_shape", "conv.parameters"]
    assert [row[:6] for row in rows] == [
        ["1", "Ada", "a.yaml", "graded", "3", "3"],
        ["2", "'=HYPERLINK(1)", "b.yaml", "graded", "2", "3"],
        ["2", "", "c.yaml", "graded", "1", "3"],
        ["3", "", "d.yaml", "graded", "1", "3"],
        ["", "", "e.yaml", "unreadable", "", "3"],
    ]
    assert [row[7:] for row in rows] == [["1", "2"], ["1", "1"], ["0", "1"], ["0", "1"], ["", ""]]
    assert [bool(row[6]) for row in rows] == [False, True, True, False, True]


def gradebook(*records: Record, same_id=()) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(gradebook_csv(ASSIGNMENT, records, same_id)).decode())))


DOUBTFUL = """student: {id: '2', name: Ada}
answers:
  conv.output_shape: no idea
  conv.parameters: 2416
  conv.params: 2400
  conv.colour: red
  cnv.params: 3
  conv.parameters: '2,400'
other: 3
"""


def test_the_gradebook_tells_what_was_not_read_from_what_is_wrong():
    record = of_checked("a.yaml", CHECKER.check(read_submission(DOUBTFUL, "a.yaml")))
    (row,) = gradebook(record)
    # An answer nobody could read has no points, and one that is wrong has those of its mistake: half of 2.
    assert (row["conv.output_shape"], row["conv.parameters"], row["points"]) == ("", "1", "1")
    assert row["note"].split("; ") == [
        "1 answer could not be read",
        "2 keys were not understood",
        "2 questions are answered twice, and the later answers count",
        "1 part of the file is not read",
    ]
    (row,) = gradebook(of_checked("a.yaml", checked("16x9x9", "7")))
    assert (row["conv.output_shape"], row["note"]) == ("0", "")


def test_a_file_that_failed_keeps_its_student_and_its_note():
    failed = Record("x.yaml", "too slow", "checking it takes long", "2", "Ada")
    (row,) = gradebook(failed, same_id=["2"])
    assert (row["id"], row["name"], row["points"]) == ("2", "Ada", "")
    assert row["note"] == "checking it takes long; this id is in more than one file"


def test_notes_are_joined_as_the_language_does(chinese):
    record = Record("x.yaml", "unreadable", "甲\n乙")
    assert gradebook(record)[0]["note"] == "甲；乙"


def test_feedback_tells_both_places_of_an_answer_given_twice():
    marks = CHECKER.check(read_submission(DOUBTFUL, "a.yaml"))
    text = feedback_markdown("a.yaml", marks, hints_only=True)
    assert "- line 8: conv.parameters is answered twice; the later answer counts\n  - line 4: first here\n" in text
    told = json.loads(feedback_json("a.yaml", marks, hints_only=True))["warnings"]
    assert {"code": "W551", "line": 8, "message": "conv.parameters is answered twice; the later answer counts"} in told
    assert [one["code"] for one in told].count("W556") == 2


def test_the_report_for_programs_has_the_same_numbers():
    found = json.loads(json.dumps(class_json(ASSIGNMENT, tally(ASSIGNMENT, CLASS))))
    assert (found["files"], found["graded"], found["mean"], found["of"]) == (5, 4, 1.75, 3)
    assert found["questions"][1]["wrong"] == [{"name": "2400", "times": 3}]
    assert found["mistakes"][0] == {"name": "bias-forgotten", "times": 3}


def test_texts_of_others_are_escaped_in_the_page_and_the_picture():
    found = tally(ASSIGNMENT, CLASS)
    page = class_html(ASSIGNMENT, found)
    assert "<script" not in page
    assert "<b>" not in page
    assert "default-src 'none'" in page
    picture = ElementTree.fromstring(bars_svg(found))
    texts = [one.text for one in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert "conv.parameters" in texts
    assert texts.count("3") >= 1
    assert "mean 1.25 of 2" in texts
    assert texts[texts.index("bias-forgotten") + 1] == "3"


def test_the_report_names_the_mistake_the_answer_and_who_to_look_at():
    text = class_markdown(ASSIGNMENT, tally(ASSIGNMENT, CLASS), "report.svg")
    for part in ("mean 1.75", "bias-forgotten: 3", "conv.parameters: 2400 (3)", "2: b.yaml, c.yaml", "c.yaml, d.yaml"):
        assert part in text
    assert "<b>" not in text
    assert "4 of 5 submissions graded" in next(iter(summary_lines(tally(ASSIGNMENT, CLASS))))


# The feedback of one student.


def test_feedback_says_score_result_and_mistake():
    text = feedback_markdown("b.yaml", checked("16x10x10", "2400", "{id: '2', name: Ada}"), hints_only=False)
    assert "2 of 3 points" in text
    assert "| conv.parameters | wrong | 1 / 2 | 2400 |" in text
    assert "expected 2,416" in text
    assert "biases" in text


@pytest.mark.parametrize("wrong", ["2400", "7", "no idea", ""])
def test_hints_only_never_shows_the_answer(wrong):
    marks = checked("16x9x9", wrong or "''")
    for text in (
        feedback_markdown("b.yaml", marks, hints_only=True),
        feedback_json("b.yaml", marks, hints_only=True),
    ):
        assert "2,416" not in text
        assert "2416" not in text
        assert "10x10" not in text
        assert "[16, 10, 10]" not in text


def test_feedback_for_programs_is_json_with_a_question_a_line():
    found = json.loads(feedback_json("b.yaml", checked("16x10x10", "2400", "{id: '2'}"), hints_only=False))
    assert (found["points"], found["of"], found["student"]["id"]) == (2, 3, "2")
    assert [one["verdict"] for one in found["questions"]] == ["right", "wrong"]
    assert found["questions"][1]["mistakes"][0]["names"] == ["bias-forgotten"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("6x28x28", "6x28x28"),
        ("conv1.output_shape", "conv1.output_shape"),
        ("a | b", r"a \| b"),
        ("<img src=x onerror=1>", "&lt;img src=x onerror=1&gt;"),
        ("[x](javascript:1)", r"\[x\](javascript:1)"),
        ("![x](http://a.b/c)", r"\!\[x\](http\:\/\/a.b/c)"),
        ("_a_ **b** `c`", r"\_a\_ \*\*b\*\* \`c\`"),
        ("www.evil.com @someone", r"www\.evil.com \@someone"),
        ("\x1b[2J\u202e", "\\\\u001b\\[2J\\\\u202e"),
        ("x" * 300, "x" * 200 + "…"),
    ],
)
def test_what_a_student_wrote_is_shown_letter_by_letter(text, shown):
    assert escaped(text) == shown


def test_what_is_escaped_comes_back_as_written():
    """Python-Markdown's rules are CommonMark's here: a backslash before punctuation, and entities."""
    import html
    import re

    for text in ("a|b*c_d`e[f]g<h>&i~j$k@l!m#n\\o", "http://x.y www.z _q_"):
        assert html.unescape(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escaped(text))) == text


def test_a_line_break_in_an_answer_does_not_end_a_row():
    marks = checked("16x10x10", '"1\\n| x | right | 9 / 9 | 2,416 |"')
    rows = [line for line in feedback_markdown("a.yaml", marks, hints_only=True).splitlines() if line.startswith("|")]
    assert len(rows) == 4


def test_a_file_without_marks_has_feedback_that_says_why():
    text = failure_markdown("a|b.yaml", "too slow", "checking it takes more than 10 seconds")
    assert "a\\|b.yaml: too slow" in text
    assert "10 seconds" in text


def test_questions_of_equal_text_but_other_points_are_told_apart():
    """What is kept of a mark belongs to its question."""
    asked = ASSIGNMENT.questions[0].asked
    for points in (1, 5):
        only = ASSIGNMENT._replace(questions=(Question(asked, Fraction(points)),))
        submission = read_submission("answers: {conv.output_shape: 16x10x10}", "a.yaml")
        assert f"{points} / {points}" in feedback_markdown("a.yaml", Checker(only).check(submission), hints_only=False)
