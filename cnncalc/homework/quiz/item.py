"""A quiz as data: its questions, their answers, and the wrong answers that mistakes give."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from cnncalc.homework.assignment import Counting, Question
from cnncalc.homework.marks import Diagnosis, Value
from cnncalc.homework.network import Network
from cnncalc.homework.quiz.telling import Told
from cnncalc.homework.submission.collected import Student
from cnncalc.text import shape_text


class Distractor(NamedTuple):
    """A wrong answer: its value, and the mistakes of the catalogue each of which gives it."""

    value: Value
    diagnoses: tuple[Diagnosis, ...]


class Item(NamedTuple):
    """One question of a quiz. `lines` describe the network, `prompt` asks; `network` is where the answer is from.

    `told`: what the lines and the prompt state.
    """

    topic: str
    question: Question
    network: Network
    lines: tuple[str, ...]
    prompt: str
    answer: Value
    distractors: tuple[Distractor, ...]
    told: Told = Told()

    @property
    def label(self) -> str:
        """The key its answer is written under."""
        return self.question.label

    @property
    def partial(self) -> Fraction:
        """The share of the points for an answer that shows a mistake."""
        return self.question.partial.get("any", Fraction())

    @property
    def is_number(self) -> bool:
        """Whether one number answers it; else a shape does."""
        return self.question.asked.about.kind != "shape" and len(set(self.answer)) == 1

    def text(self, value: Value) -> str:
        """Return a value as an answer is written: 7600, 6x28x28."""
        return str(value[0]) if self.is_number and len(set(value)) == 1 else shape_text([int(size) for size in value])


class Quiz(NamedTuple):
    """A sheet of questions, for one student or for all."""

    title: str
    items: tuple[Item, ...]
    counting: Counting = Counting()
    student: Student = Student()
