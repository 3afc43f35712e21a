"""How marks are told: verdicts, values and mistakes in words, for the terminal and for feedback files alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from cnncalc.homework.assignment import Counting, Question
from cnncalc.homework.marks import Diagnosis, Mark, Value
from cnncalc.homework.quantities import Asked
from cnncalc.render.words import clean, size_text
from cnncalc.text import later, number, say

VERDICTS = {
    "right": later("right"),
    "followed": later("right*"),
    "wrong": later("wrong"),
    "unread": later("unread"),
    "blank": later("blank"),
}
"""Verdicts as people read them; the star is for what is right given the student's own earlier answers."""

MOST_EXPLANATIONS = 4
"""Of the ways to a wrong number, as many are told."""


_SAYS_NOTHING = re.compile(r"[0-9]+(, [0-9]+)*")
"""A working that is its result: `435, 435`."""


def question_key(question: Question) -> str:
    """Return what a question is called: its label, or what it asks for."""
    return clean(question.label or question.asked.key)


def points_text(points: Fraction) -> str:
    """Write points: `2`, `1.5`, `0.33`."""
    return number(int(points)) if points.denominator == 1 else f"{float(points):.2f}".rstrip("0")


def value_text(asked: Asked, value: Value, counting: Counting, decimals: int = 2) -> str:
    """Write a value as an answer is written: `6x28x28`, `61,706`, `18,816 B (18.4 KiB)`."""
    if asked.about.kind == "shape":
        sizes = (*value[1:], value[0]) if counting.channels == "last" else value
        return "x".join(_number(size, 2) for size in sizes)
    if asked.about.kind == "size":
        return _number(value[0], 2) if len(set(value)) == 1 else "x".join(_number(size, 2) for size in value)
    if asked.about.unit == "B" and value[0] >= 1024:
        return f"{number(int(value[0]))} B ({size_text(int(value[0]))})"
    return _number(value[0], decimals) + (" B" if asked.about.unit == "B" else "")


def _number(value: Fraction | int, decimals: int) -> str:
    if isinstance(value, int) or value.denominator == 1:
        return number(int(value))
    return f"{float(value):,.{decimals}f}"


def mark_sentences(mark: Mark, counting: Counting, *, hints_only: bool) -> Iterator[str]:
    """Yield what is said of one mark: first the outcome, then why. With `hints_only` never the answer."""
    yield _outcome(mark, counting, hints_only=hints_only)
    for diagnosis in mark.diagnoses[:MOST_EXPLANATIONS]:
        yield diagnosis_text(as_written(diagnosis, mark, counting), _written(mark))
    if mark.verdict == "wrong" and mark.follows_from:
        yield say("it follows from your {keys}, which earns no points here", keys=_keys(mark.follows_from))
    if mark.verdict == "wrong" and mark.points:
        yield say("{points} of {of} points", points=points_text(mark.points), of=points_text(mark.question.points))
    yield from map(clean, mark.notes)


def _outcome(mark: Mark, counting: Counting, *, hints_only: bool) -> str:
    question, written = mark.question, _written(mark)
    if mark.verdict == "right":
        return written
    if mark.verdict == "followed":
        return say("{written} follows from your {keys}", written=written, keys=_keys(mark.follows_from))
    if mark.verdict == "unread":
        return say("you wrote {written}, which could not be read", written=written)
    if mark.verdict == "blank":
        return ""
    if hints_only:
        return say("you wrote {written}", written=written)
    if question.such_that:
        wanted = ", ".join(f"{one.asked.key} = {clean(one.text)}" for one in question.such_that)
        return say("you wrote {written}, expected any with which {conditions}", written=written, conditions=wanted)
    return say("you wrote {written}, expected {value}", written=written, value=_expected(mark, counting))


def as_written(diagnosis: Diagnosis, mark: Mark, counting: Counting) -> Diagnosis:
    """Return a diagnosis with the working of a shape in the order in which the course writes shapes."""
    if mark.question.asked.about.kind != "shape" or counting.channels == "first":
        return diagnosis
    channels, *sizes = diagnosis.numbers.split(", ")
    return diagnosis._replace(numbers=", ".join([*sizes, channels]))


def diagnosis_text(diagnosis: Diagnosis, written: str) -> str:
    """Tell one way to a wrong number: `2,400 = 16*6*5*5: the biases (16) are left out`."""
    numbers = "" if _SAYS_NOTHING.fullmatch(diagnosis.numbers) else diagnosis.numbers
    sentences = [clean(one.sentence) for one in diagnosis.mistakes]
    told = (
        sentences[0] if len(sentences) == 1 else say("{first}; and {second}", first=sentences[0], second=sentences[1])
    )
    if diagnosis.given and numbers:
        return say(
            "{written} = {numbers}, from your {keys}: {mistake}",
            written=written,
            numbers=numbers,
            keys=_keys(diagnosis.given),
            mistake=told,
        )
    if diagnosis.given:
        return say("from your {keys}: {mistake}", keys=_keys(diagnosis.given), mistake=told)
    if numbers:
        return say("{written} = {numbers}: {mistake}", written=written, numbers=numbers, mistake=told)
    return told


def _expected(mark: Mark, counting: Counting) -> str:
    return value_text(mark.question.asked, mark.expected, counting, mark.question.decimals)


def _written(mark: Mark) -> str:
    return clean(mark.answer.text.strip()) if mark.answer else ""


def _keys(keys: Sequence[str]) -> str:
    return ", ".join(map(clean, keys))
