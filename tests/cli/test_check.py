"""`cnncalc check` as students and teachers use it."""

from __future__ import annotations

import pytest
from shell import LENET, SPECS, cnncalc, in_terminal

ANSWERS = """student: {id: 2026001, name: Ada}
answers:
  conv1.output_shape: 6x28x28
  conv2.parameters: 2,400
  total.parameters: 61,690
"""

ASKED = """assignment: LeNet
spec: SPEC
questions:
- conv1.output_shape
- {quantity: conv2.parameters, points: 5, partial_credit: {bias-forgotten: 0.5}}
- {quantity: total.parameters, points: 1}
- fc1.output_shape
"""


@pytest.fixture
def homework(tmp_path):
    (tmp_path / "answers.yaml").write_text(ANSWERS)
    (tmp_path / "asked.yaml").write_text(ASKED.replace("SPEC", LENET))
    return tmp_path


def check(homework, *more, **options):
    return cnncalc("check", homework / "answers.yaml", "--assignment", homework / "asked.yaml", *more, **options)


def test_the_marks(homework):
    done = check(homework)
    assert done.code == 1
    assert done.err == ""
    assert done.out.splitlines() == [
        "  right   conv1.output_shape  6x28x28",
        "  wrong   conv2.parameters    you wrote 2,400, expected 2,416",
        "          2,400 = 16*6*5*5: the biases (16) are left out",
        "          2.5 of 5 points",
        "  right*  total.parameters    61,690 follows from your conv2.parameters",
        "  blank   fc1.output_shape",
        "4.5 of 8 points",
    ]


def test_hints_never_show_an_answer(homework):
    done = check(homework, "--hints-only")
    assert done.code == 1
    assert "the biases (16) are left out" in done.out
    assert not {"2,416", "61,706", "120"} & set(done.out.replace(":", " ").split())
    as_json = check(homework, "--hints-only", "--json").out
    assert "2416" not in as_json
    assert "61706" not in as_json


def test_an_assignment_may_hide_its_answers(homework):
    asked = homework / "asked.yaml"
    asked.write_text("reveal: false\n" + asked.read_text())
    done = check(homework, "--explain")
    assert "2,416" not in done.out + done.err


def test_explain_derives_what_is_not_right(homework):
    done = check(homework, "--explain")
    assert "16*(6*5*5 + 1) = 2,416" in done.out
    assert "(400 + 1)" not in done.out  # fc1's parameters are not asked
    refused = check(homework, "--explain", "--hints-only")
    assert refused.code == 2
    assert "--hints-only" in refused.err


def test_json(homework):
    done = check(homework, "--json")
    found = done.json
    assert (done.code, found["schema_version"], found["points"], found["of"]) == (1, 1, 4.5, 8)
    assert found["student"] == {"id": "2026001", "name": "Ada"}
    assert [one["verdict"] for one in found["questions"]] == ["right", "wrong", "followed", "blank"]
    wrong = found["questions"][1]
    assert wrong["mistakes"][0]["names"] == ["bias-forgotten"]
    assert (wrong["expected"], wrong["written"]) == ([2416], "2,400")
    assert wrong["place"]["line"] == 4


def test_all_right_is_0(homework):
    (homework / "answers.yaml").write_text(
        "answers: {conv1.output_shape: 6x28x28, conv2.parameters: 2416, total.parameters: 61706, fc1.output_shape: 120}"
    )
    done = check(homework)
    assert done.code == 0
    assert done.out.endswith("8 of 8 points\n")


def test_what_cannot_be_read_is_2_and_has_a_place(homework):
    answers = homework / "answers.yaml"
    answers.write_text(ANSWERS.replace("6x28x28", "twenty-eight"))
    done = check(homework)
    assert done.code == 2
    assert "unread  conv1.output_shape" in done.out
    assert f"{answers}:3:23" in done.err


def test_a_bare_spec_asks_what_the_file_answers_too(homework):
    (homework / "answers.yaml").write_text("answers:\n  conv2.receptive_field: 14\n  total.macs: 416,520\n")
    done = cnncalc("check", homework / "answers.yaml", "--spec", LENET)
    assert "right   conv2.receptive_field" in done.out
    assert "right   total.macs" in done.out
    assert "blank   conv1.output_shape" in done.out


def test_the_file_may_name_its_spec(homework):
    (homework / "lenet.yaml").write_text((SPECS / "lenet.yaml").read_text())
    (homework / "answers.yaml").write_text("spec: lenet.yaml\nanswers:\n  conv1.parameters: 156\n")
    done = cnncalc("check", homework / "answers.yaml")
    assert "right   conv1.parameters" in done.out
    (homework / "answers.yaml").write_text("answers:\n  conv1.parameters: 156\n")
    nothing = cnncalc("check", homework / "answers.yaml")
    assert nothing.code == 2
    assert "--spec" in nothing.err


def test_a_key_that_means_nothing_is_said(homework):
    (homework / "answers.yaml").write_text("answers:\n  cnv1.parameters: 156\n")
    done = cnncalc("check", homework / "answers.yaml", "--spec", LENET)
    assert "did you mean conv1?" in done.err


def test_standard_input_and_other_forms():
    table = "Name: Ada\n\n| layer | output shape | parameters |\n|---|---|---|\n| conv1 | 6@28x28 | 156 |\n"
    done = cnncalc("check", "-", "--spec", LENET, stdin=table)
    assert "right   conv1.output_shape" in done.out
    done = cnncalc("check", "-", "--spec", LENET, stdin="layer,output_shape,parameters\nconv1,6x28x28,150\n")
    assert "150 = 6*1*5*5" in done.out
    done = cnncalc("check", "-", "--spec", LENET, stdin='{"answers": {"conv1": {"output_shape": [6, 28, 28]}}}')
    assert "right   conv1.output_shape" in done.out


def test_chinese(homework):
    done = check(homework, "--lang", "zh")
    assert done.code == 1
    assert "points" not in done.out
    assert "2,416" in done.out


def test_names_from_the_file_move_no_cursor(homework):
    (homework / "answers.yaml").write_text(
        'answers:\n  "conv1.\\e[2Jparameters": 1\n  conv1.parameters: "\\e[31m156"\n'
    )
    done = in_terminal("check", homework / "answers.yaml", "--spec", LENET, "--color", "never")
    assert "\x1b" not in done.out + done.err
