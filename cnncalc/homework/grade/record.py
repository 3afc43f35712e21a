"""What is kept of a graded file: plain values, one line of JSON, enough for the gradebook and the report."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from cnncalc.homework.grade.file import Status
from cnncalc.homework.marks import Checked, Mark, Verdict
from cnncalc.homework.submission import Submission

VERDICTS: Mapping[str, Verdict] = {"r": "right", "f": "followed", "w": "wrong", "u": "unread", "b": "blank"}
"""Every verdict by its letter."""

LONGEST_VALUE = 60


class Result(NamedTuple):
    """The mark of one question.

    `value`: what was written, in one form for all who mean the same. `mistakes`: each that is named, with its sentence.
    """

    verdict: Verdict
    points: Fraction
    value: str = ""
    mistakes: Mapping[str, str] = {}


class Record(NamedTuple):
    """One file.

    `answers`: a digest of its answers, the same where all are written alike. `found`: how many warnings of each code
    reading and checking it gave.
    """

    file: str
    status: Status
    problem: str = ""
    id: str = ""
    name: str = ""
    points: Fraction = Fraction()
    results: tuple[Result, ...] = ()
    answers: str = ""
    found: Mapping[str, int] = {}

    @property
    def is_graded(self) -> bool:
        """Whether it has marks."""
        return self.status == "graded"


_fraction = lru_cache(maxsize=4096)(Fraction)
"""Reading one takes long, and a class has few different points."""


def digest_of(data: bytes) -> str:
    """Return a digest that tells contents apart."""
    return sha256(data).hexdigest()[:32]


def of_checked(file: str, checked: Checked) -> Record:
    """Return the record of a checked submission."""
    student = checked.submission.student
    results = tuple(map(_result, checked.marks))
    answers = _answers_digest(checked.submission)
    found = Counter(one.code for one in (*checked.submission.found, *checked.warnings))
    return Record(file, "graded", "", student.id, student.name, checked.points, results, answers, found)


def _result(mark: Mark) -> Result:
    if mark.verdict == "right" or mark.written is None:
        return Result(mark.verdict, mark.points)
    mistakes = {one.name: one.sentence for diagnosis in mark.diagnoses for one in diagnosis.mistakes}
    return Result(mark.verdict, mark.points, _value(mark.written.numbers), mistakes)


def _value(numbers: tuple[Fraction | int, ...]) -> str:
    return "x".join(str(one) if one.denominator == 1 else f"{float(one):.6g}" for one in numbers)[:LONGEST_VALUE]


def _answers_digest(submission: Submission) -> str:
    lines = sorted(f"{answer.key}\0{answer.text}" for answer in submission.answers)
    return digest_of("\1".join(lines).encode("utf-8", "surrogatepass"))


def to_line(record: Record) -> bytes:
    """Return JSON in ASCII, without a line's end."""
    results = [(one.verdict[0], str(one.points), one.value, one.mistakes) for one in record.results]
    values = {**record._asdict(), "points": str(record.points), "results": results}
    return json.dumps([*values.values()], separators=(",", ":")).encode()


def from_values(found: Any) -> Record:
    """Return the record of what `to_line` wrote, parsed. Raises ValueError for anything else."""
    try:
        values: dict[str, Any] = dict(zip(Record._fields, found, strict=True))
        results = tuple(
            Result(VERDICTS[letter], _fraction(points), value, mistakes)
            for letter, points, value, mistakes in values["results"]
        )
        return Record(
            str(values["file"]),
            str(values["status"]),
            str(values["problem"]),
            str(values["id"]),
            str(values["name"]),
            _fraction(values["points"]),
            results,
            str(values["answers"]),
            {str(code): int(count) for code, count in values["found"].items()},
        )
    except (TypeError, AttributeError, KeyError, IndexError, ZeroDivisionError, RecursionError) as error:
        raise ValueError(str(error)) from None
