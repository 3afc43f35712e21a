"""What checking finds: a mark for each question, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Literal, NamedTuple

from cnncalc.diagnostics import Diagnostic
from cnncalc.homework.assignment import Assignment, Question
from cnncalc.homework.notation import Written
from cnncalc.homework.submission import Answer, Submission

Verdict = Literal["right", "followed", "wrong", "unread", "blank"]
"""`followed`: right given the student's own earlier answers. `unread`: nobody can say whether it is right."""

Value = tuple[Fraction | int, ...]
"""One number, or the sizes of a shape, channels first."""


class Named(NamedTuple):
    """A mistake that gives the number written: its stable name, and the sentence that tells it."""

    name: str
    sentence: str


class Diagnosis(NamedTuple):
    """One way to the number written: one or two mistakes made together.

    `numbers`: the working that gives it, `16*6*5*5`. `given`: the student's own earlier answers it starts from, as
    keys; empty where it starts from the truth.
    """

    mistakes: tuple[Named, ...]
    numbers: str
    given: tuple[str, ...] = ()


class Mark(NamedTuple):
    """The mark of one question. `notes` are sentences: how a rounded number or another unit was taken."""

    question: Question
    verdict: Verdict
    expected: Value
    points: Fraction
    answer: Answer | None = None
    written: Written | None = None
    diagnoses: tuple[Diagnosis, ...] = ()
    follows_from: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Checked(NamedTuple):
    """A student's marks.

    `unasked`: answers to what the assignment does not ask, which count for nothing. `warnings`: of answers whose key
    means nothing in this network, of questions that are answered twice, and of answers that could not be read.
    """

    assignment: Assignment
    submission: Submission
    marks: tuple[Mark, ...]
    unasked: tuple[Answer, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def points(self) -> Fraction:
        """The points reached."""
        return _total(mark.points for mark in self.marks)

    @property
    def of(self) -> Fraction:
        """The points there are."""
        return _total(mark.question.points for mark in self.marks)


def _total(points: Iterable[Fraction]) -> Fraction:
    """Add points; those over one denominator as integers, since a class has many."""
    sums: dict[int, int] = {}
    for one in points:
        sums[one.denominator] = sums.get(one.denominator, 0) + one.numerator
    return sum((Fraction(total, denominator) for denominator, total in sums.items()), Fraction())
