"""specs/homework: what is said of each example's answers, through the files a teacher and a student write."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from cnncalc.homework.assignment.read import load_assignment
from cnncalc.homework.check import Checker
from cnncalc.homework.marks import Checked, Mark
from cnncalc.homework.submission import load_submission

FOLDER = Path(__file__).parents[2] / "specs" / "homework"
ASSIGNMENTS = ("lenet_table", "single_layers", "vgg16_fields")


ANSWERS = sorted(f"{name}/{path.name}" for name in ASSIGNMENTS for path in (FOLDER / name).iterdir())


def checked(answers: str) -> Checked:
    """Check `lenet_table/right.md` against `lenet_table.yaml`."""
    assignment = load_assignment(str(FOLDER / f"{answers.partition('/')[0]}.yaml"))
    return Checker(assignment).check(load_submission(str(FOLDER / answers)))


def by_key(found: Checked) -> dict[str, Mark]:
    return {mark.question.label or mark.question.asked.key: mark for mark in found.marks}


def mistakes(mark: Mark) -> set[str]:
    return {" and ".join(mistake.name for mistake in diagnosis.mistakes) for diagnosis in mark.diagnoses}


@pytest.mark.parametrize("name", ["lenet_table/right.md", "single_layers/right.yaml", "vgg16_fields/right.csv"])
def test_a_right_sheet_has_all_points(name: str) -> None:
    found = checked(name)
    assert {mark.verdict for mark in found.marks} == {"right"}
    assert found.points == found.of


WRONG = {
    "lenet_table/wrong.csv": {
        "conv1.output_shape": "one-forgotten",
        "conv1.parameters": "bias-forgotten",
        "pool1.output_shape": "",
        "pool1.parameters": "pool-given-kernels and bias-invented",
        "conv2.output_shape": "one-forgotten",
        "conv2.parameters": "bias-forgotten",
        "fc1.parameters": "bias-forgotten",
        "fc2.parameters": "bias-per-input",
        "conv1.macs": "flops-for-macs",
        "conv2.receptive_field": "strides-ignored",
        "conv2.memory": "kib-called-kb",
        "total.parameters": "bias-forgotten",
    },
    "lenet_table/followed.yaml": {"conv1.parameters": "bias-forgotten", "conv2.parameters": "bias-forgotten"},
    "single_layers/wrong.md": {
        "conv1.output_shape": "channels-first",
        "conv1.parameters": "bias-once",
        "q1": "bias-forgotten",
        "q2": "fed-positions-only",
        "q3": "input-channels-kept",
        "q4": "",
        "q5.output_shape": "one-forgotten",
        "q5.parameters": "pool-given-kernels",
        "q6": "kernel-flipped",
    },
    "single_layers/adversarial.csv": {"q4": "", "q5.output_shape": ""},
    "vgg16_fields/wrong.yaml": {
        "features.2.receptive_field": "kernel-whole",
        "features.4.receptive_field": "own-stride-included",
        "features.9.jump": "jump-added",
        "features.9.receptive_field": "own-window-left-out",
        "features.16.jump": "jump-added",
        "features.28.receptive_field": "pool-kernels-skipped",
        "features.30.receptive_field": "own-stride-included",
        "features.30.jump": "jump-added",
    },
    "vgg16_fields/adversarial.md": {"features.2.receptive_field": ""},
}
"""The wrong answers of each file, and one mistake that each shows; nothing where no mistake is known to give it."""


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_and_why(name: str) -> None:
    marks = by_key(checked(name))
    assert {key for key, mark in marks.items() if mark.verdict == "wrong"} == set(WRONG[name])
    for key, mistake in WRONG[name].items():
        assert mistake in mistakes(marks[key]) if mistake else not mistakes(marks[key]), key


UNREAD = {
    "lenet_table/adversarial.json": {
        *("pool1.output_shape", "conv1.parameters", "conv2.parameters", "fc1.parameters", "fc2.parameters"),
        *("fc3.parameters", "total.parameters"),
    },
    "single_layers/adversarial.csv": {"conv1.parameters", "q6"},
    "vgg16_fields/adversarial.md": {
        *("features.0.receptive_field", "features.4.jump", "features.9.receptive_field"),
        *("features.23.receptive_field", "features.30.receptive_field"),
    },
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_cannot_be_read_is_said_and_nothing_else(name: str) -> None:
    marks = by_key(checked(name))
    unread = {key: mark for key, mark in marks.items() if mark.verdict == "unread"}
    assert set(unread) == UNREAD.get(name, set())
    assert all(mark.notes and mark.points == 0 for mark in unread.values())


def test_a_bias_forgotten_costs_less_than_another_mistake() -> None:
    marks = by_key(checked("lenet_table/wrong.csv"))
    assert marks["conv1.parameters"].points == Fraction(3, 2)
    assert marks["fc2.parameters"].points == 1
    assert marks["pool1.output_shape"].points == 0


def test_a_sum_of_the_students_own_numbers_is_followed() -> None:
    found = checked("lenet_table/followed.yaml")
    total = by_key(found)["total.parameters"]
    assert (total.verdict, total.follows_from) == ("followed", ("conv1.parameters", "conv2.parameters"))
    # two bias-forgotten answers of 2 points keep three quarters each
    assert found.points == found.of - 1


def test_any_padding_that_keeps_the_size_is_right() -> None:
    assert by_key(checked("single_layers/right.yaml"))["q4"].verdict == "right"
    assert "32x61x61" in " ".join(by_key(checked("single_layers/wrong.md"))["q4"].notes)


def test_what_is_right_in_an_adversarial_file_counts() -> None:
    right = {key for key, mark in by_key(checked("single_layers/adversarial.csv")).items() if mark.verdict == "right"}
    assert right == {"q1", "q2", "q3"}
    assert by_key(checked("lenet_table/adversarial.json"))["conv1.output_shape"].verdict == "right"


def test_every_answer_file_says_what_it_shows() -> None:
    for path in (FOLDER / name for name in ANSWERS):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            assert json.loads(text)["comment"]
        elif path == FOLDER / "lenet_table" / "right.md":
            assert "All right" in text
        else:
            assert text.startswith(("# ", "<!-- ")), path.name
