"""Published exercises with their published answers, marked as a student's would be: tests/data/published.yaml."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from cnncalc.homework.assignment.read import read_assignment
from cnncalc.homework.check import Checker
from cnncalc.homework.marks import Mark
from cnncalc.homework.submission import read_submission

ROOT = Path(__file__).parents[2]
PUBLISHED: list[dict[str, Any]] = yaml.safe_load((ROOT / "tests/data/published.yaml").read_text(encoding="utf-8"))


class Exercise(NamedTuple):
    """One question of a source. `assignment`: all the source's text but its questions."""

    assignment: dict[str, Any]
    asked: dict[str, Any]

    def mark(self, answer: str) -> Mark:
        """Mark one answer, and what the source had worked out before it, through the text of both files."""
        question = {"quantity": self.asked["ask"], "label": "q", "partial_credit": {"any": "1/2"}}
        if "such_that" in self.asked:
            question["such_that"] = self.asked["such_that"]
        before = self.asked.get("after", {})
        text = json.dumps({**self.assignment, "questions": [*before, question] if before else [question]})
        assignment = read_assignment(text, str(ROOT / "specs" / "published.yaml"))
        submission = read_submission(json.dumps({"answers": {**before, "q": answer}}), "answers.json")
        return Checker(assignment).check(submission).marks[-1]


EXERCISES = [Exercise(source["assignment"], asked) for source in PUBLISHED for asked in source["asked"]]
CHOICES = [
    (exercise, answer, mistake)
    for exercise in EXERCISES
    for answer, mistake in exercise.asked.get("choices", {}).items()
]


def named(mark: Mark) -> set[str]:
    return {" and ".join(sorted(each.name for each in diagnosis.mistakes)) for diagnosis in mark.diagnoses}


def is_named(mistake: str, mark: Mark) -> bool:
    return " and ".join(sorted(mistake.split(" and "))) in named(mark)


def test_every_source_says_who_and_where() -> None:
    assert len(EXERCISES) >= 40
    for source in PUBLISHED:
        assert source["author"]
        assert source["title"]
        assert source["where"]


@pytest.mark.parametrize(
    "exercise", EXERCISES, ids=lambda exercise: f"{exercise.asked['ask']} {exercise.asked['published']}"
)
def test_a_published_answer(exercise: Exercise) -> None:
    asked = exercise.asked
    mark = exercise.mark(asked.get("answered", asked["published"]))
    assert mark.verdict == asked.get("verdict", "right"), mark
    if "right" in asked:
        assert exercise.mark(asked["right"]).verdict == "right"
    if "mistake" in asked:
        assert is_named(asked["mistake"], mark), named(mark)


@pytest.mark.parametrize(
    ("exercise", "answer", "mistake"), CHOICES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_published_wrong_choice_is_wrong_and_why(exercise: Exercise, answer: str, mistake: str) -> None:
    mark = exercise.mark(answer)
    assert mark.verdict == "wrong"
    assert is_named(mistake, mark) if mistake else not named(mark), named(mark)
