"""Results as other systems read them: one file of JSON a submission, or one CSV of a class.

Gradescope: gradescope-autograders.readthedocs.io, "Autograder Specifications". PrairieLearn: docs.prairielearn.com,
"External grading". Classroom 50: its wiki, "Advanced Autograding". nbgrader: the columns of its own CSV export.

In a container, name the one file, and its results stand where they are looked for:

    cnncalc grade /autograder/submission/answers.yaml -a hw1.yaml --format gradescope -o /autograder/results
    cnncalc grade /grade/student/answers.yaml -a /grade/tests/hw1.yaml --format prairielearn -o /grade/results
    cnncalc grade answers.yaml -a "$CLASSROOM50_BUNDLE_DIR/hw1.yaml" --format classroom50 -o .

A folder or an archive of submissions gives a folder of results for each.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from fractions import Fraction
from math import lcm
from re import sub
from typing import NamedTuple

from cnncalc.homework.assignment import Assignment, Question
from cnncalc.homework.grade.record import Record
from cnncalc.homework.hints import as_hints
from cnncalc.homework.marks import Checked, Mark
from cnncalc.render.feedback import STATUSES, escaped
from cnncalc.render.marks import VERDICTS, mark_sentences, points_text, question_key
from cnncalc.render.tables import safe_cell
from cnncalc.render.words import clean
from cnncalc.text import say

LARGEST = 1_000_000
"""Bytes PrairieLearn takes."""

FINEST = 100
"""Points are split into so many parts at most where a system takes whole numbers alone."""


class Gradescope(NamedTuple):
    """Writes `results.json` for Gradescope: with the answers, after publication only; else visible."""

    path: str
    hints_only: bool = False

    def graded(self, file: str, checked: Checked) -> Mapping[str, str]:
        """Return the results of a checked submission."""
        hints_only = self.hints_only or not checked.assignment.reveal
        checked = as_hints(checked) if hints_only else checked
        found = {
            "score": float(checked.points),
            "output": _points_sentence(checked),
            "output_format": "md",
            "visibility": "visible" if hints_only else "after_published",
            "tests": [_gradescope_test(at, mark, checked, hints_only) for at, mark in enumerate(checked.marks, 1)],
        }
        return {self.path: _json(found)}

    def failed(self, file: str, status: str, problem: str) -> Mapping[str, str]:
        """Return the results of a submission without marks."""
        text = "\n\n".join(escaped(line) for line in _failure(status, problem))
        return {self.path: _json({"score": 0.0, "output": text, "output_format": "md", "visibility": "visible"})}


def _gradescope_test(at: int, mark: Mark, checked: Checked, hints_only: bool) -> dict[str, object]:
    return {
        "name": question_key(mark.question),
        "number": str(at),
        "score": float(mark.points),
        "max_score": float(mark.question.points),
        "status": "passed" if mark.verdict in ("right", "followed") else "failed",
        "output": "\n\n".join(escaped(line) for line in _sentences(mark, checked, hints_only)),
        "output_format": "md",
    }


class PrairieLearn(NamedTuple):
    """Writes `results.json` for PrairieLearn; a file that cannot be read costs no attempt."""

    path: str
    hints_only: bool = False

    def graded(self, file: str, checked: Checked) -> Mapping[str, str]:
        """Return the results of a checked submission, without messages where they would be too long."""
        hints_only = self.hints_only or not checked.assignment.reveal
        checked = as_hints(checked) if hints_only else checked
        found: dict[str, object] = {
            "gradable": True,
            "score": float(checked.points / checked.of) if checked.of else 0.0,
            "message": _points_sentence(checked),
            "tests": [_prairielearn_test(mark, checked, hints_only) for mark in checked.marks],
        }
        text = _json(found)
        if len(text) > LARGEST:
            found["tests"] = [_prairielearn_test(mark, None, hints_only) for mark in checked.marks]
            text = _json(found)
        return {self.path: text}

    def failed(self, file: str, status: str, problem: str) -> Mapping[str, str]:
        """Return the results of a submission without marks."""
        return {self.path: _json({"gradable": False, "format_errors": _failure(status, problem)})}


def _prairielearn_test(mark: Mark, checked: Checked | None, hints_only: bool) -> dict[str, object]:
    test: dict[str, object] = {
        "name": question_key(mark.question),
        "points": float(mark.points),
        "max_points": float(mark.question.points),
    }
    if checked:
        test["message"] = "\n".join(_sentences(mark, checked, hints_only))
    return test


class Classroom50(NamedTuple):
    """Writes `result.json` for Classroom 50. `fields`: what the runner's environment says of the submission."""

    path: str
    fields: tuple[tuple[str, str], ...]
    scale: int

    def graded(self, file: str, checked: Checked) -> Mapping[str, str]:
        """Return the result of a checked submission; points are multiplied until they are whole."""
        return self._result([self._test(mark) for mark in checked.marks])

    def failed(self, file: str, status: str, problem: str) -> Mapping[str, str]:
        """Return the result of a submission without marks: one test that failed, which says why."""
        name = clean(" ".join(_failure(status, problem)))[:200]
        return self._result([{"test-name": name, "passed": False, "score": 0, "max-score": 0}])

    def _test(self, mark: Mark) -> dict[str, object]:
        return {
            "test-name": question_key(mark.question),
            "passed": mark.verdict in ("right", "followed"),
            "score": round(mark.points * self.scale),
            "max-score": round(mark.question.points * self.scale),
        }

    def _result(self, tests: list[dict[str, object]]) -> Mapping[str, str]:
        found = {
            "schema": "classroom50/result/v1",
            **dict(self.fields),
            "score": sum(int(str(test["score"])) for test in tests),
            "max-score": sum(int(str(test["max-score"])) for test in tests),
            "tests": tests,
        }
        return {self.path: _json(found)}


def classroom50_fields(environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return what identifies a submission, from the runner's environment, as its contract names it.

    `datetime` is the instant in the submission's tag; where the tag has none, now.
    """
    tag = environment.get("SUBMISSION_TAG", "")
    commit = environment.get("COMMIT_URL", "")
    return (
        ("classroom", environment.get("CLASSROOM", "")),
        ("assignment", environment.get("ASSIGNMENT", "")),
        ("submission", tag),
        ("commit", commit),
        ("release", environment.get("RELEASE_URL", "")),
        ("review", environment.get("REVIEW_URL", "") or commit),
        ("datetime", _instant(tag)),
    )


def _instant(tag: str) -> str:
    """Return the time in `submit/2026-06-01T14-32-05Z-a1b2c3d` as `2026-06-01T14:32:05Z`."""
    found = sub(r"^submit/(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\dZ)-.*$", r"\1:\2:\3", tag)
    return found if found != tag else datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def whole_scale(assignment: Assignment) -> int:
    """Return by what points are multiplied so that all that can be reached are whole; FINEST where that is too fine."""
    scale = lcm(1, *(share.denominator for question in assignment.questions for share in _shares(question)))
    return scale if scale <= FINEST else FINEST


def _shares(question: Question) -> Iterator[Fraction]:
    """Yield the points that one mistake, two, or none leave."""
    yield question.points
    for share in question.partial.values():
        yield from (question.points * share * other for other in (1, *question.partial.values()))


NBGRADER = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
)


class Nothing(NamedTuple):
    """Writes nothing for single students."""

    def graded(self, file: str, checked: Checked) -> Mapping[str, str]:
        """Return no file."""
        return {}

    def failed(self, file: str, status: str, problem: str) -> Mapping[str, str]:
        """Return no file."""
        return {}


def nbgrader_csv(assignment: Assignment, records: Iterable[Record]) -> Iterator[bytes]:
    """Yield the rows of nbgrader's export. A file without marks has none: no 0 is given for what was not read."""
    of = sum((question.points for question in assignment.questions), Fraction())
    yield _row(NBGRADER)
    for record in records:
        if record.is_graded:
            first, last = _names(record.name)
            student = record.id or record.file
            points = float(record.points)
            yield _row([assignment.name, "", "", student, last, first, "", points, 0.0, points, float(of)])


def _names(name: str) -> tuple[str, str]:
    """Return first and last names: of `Ada King Lovelace`, of `Lovelace, Ada`; a single word is a last name."""
    last, comma, first = name.partition(",")
    if not comma:
        first, _, last = name.rpartition(" ")
    return first.strip(), last.strip()


def _row(cells: Iterable[object]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(
        [safe_cell(clean(cell)) if isinstance(cell, str) else cell for cell in cells]
    )
    return out.getvalue().encode()


def _sentences(mark: Mark, checked: Checked, hints_only: bool) -> list[str]:
    lines = list(mark_sentences(mark, checked.assignment.counting, hints_only=hints_only))
    return [say(VERDICTS[mark.verdict]), *filter(None, lines)]


def _points_sentence(checked: Checked) -> str:
    return say("{points} of {of} points", points=points_text(checked.points), of=points_text(checked.of))


def _failure(status: str, problem: str) -> list[str]:
    return [say(STATUSES[status]), *map(clean, problem.splitlines())]


def _json(found: object) -> str:
    return json.dumps(found, indent=1) + "\n"
