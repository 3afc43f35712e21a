"""The marks of one student for programs: names never change with the language, sentences do."""

from __future__ import annotations

from fractions import Fraction

from cnncalc.homework.assignment import Counting
from cnncalc.homework.marks import Checked, Diagnosis, Mark
from cnncalc.homework.submission import Answer
from cnncalc.render.marks import as_written, diagnosis_text
from cnncalc.render.to_json import SCHEMA_VERSION


def checked_json(checked: Checked, *, hints_only: bool) -> dict[str, object]:
    """Return the marks of one student; with `hints_only` without the answers."""
    student = checked.submission.student
    return {
        "schema_version": SCHEMA_VERSION,
        "assignment": checked.assignment.name,
        "student": {"id": student.id, "name": student.name},
        "points": plain(checked.points),
        "of": plain(checked.of),
        "questions": [mark_json(mark, checked.assignment.counting, hints_only=hints_only) for mark in checked.marks],
        "not_asked": [answer.key for answer in checked.unasked],
    }


def mark_json(mark: Mark, counting: Counting, *, hints_only: bool) -> dict[str, object]:
    """Return the mark of one question; with `hints_only` without the answer."""
    question = mark.question
    found: dict[str, object] = {
        "question": question.label or question.asked.key,
        "quantity": question.asked.quantity,
        "layer": question.asked.place,
        "verdict": mark.verdict,
        "points": plain(mark.points),
        "of": plain(question.points),
        "written": mark.answer.text if mark.answer else None,
        "place": _place(mark.answer),
        "mistakes": [_diagnosis(as_written(one, mark, counting), mark) for one in mark.diagnoses],
        "follows_from": list(mark.follows_from),
        "notes": list(mark.notes),
    }
    if not hints_only:
        found["expected"] = [plain(number) for number in mark.expected]
        found["such_that"] = {one.asked.key: one.text for one in question.such_that}
    return found


def _diagnosis(diagnosis: Diagnosis, mark: Mark) -> dict[str, object]:
    return {
        "names": [one.name for one in diagnosis.mistakes],
        "sentences": [one.sentence for one in diagnosis.mistakes],
        "numbers": diagnosis.numbers,
        "given": list(diagnosis.given),
        "text": diagnosis_text(diagnosis, mark.answer.text if mark.answer else ""),
    }


def _place(answer: Answer | None) -> dict[str, object] | None:
    return answer.span._asdict() if answer and answer.span else None


def plain(number: Fraction | int) -> int | float:
    """Return a number as JSON has it: whole where it is whole."""
    return int(number) if number == int(number) else float(number)
