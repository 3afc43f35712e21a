"""A class list: CSV with a column of student numbers and one of names; and a folder's name for each student."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from hashlib import sha256
from io import StringIO

from cnncalc.diagnostics import CnncalcError, Diagnostic, Span
from cnncalc.homework.submission.collected import Student
from cnncalc.text import say

ID = ("id", "student_id", "student", "number", "学号", "编号", "学生号")
NAME = ("name", "student_name", "姓名", "名字", "学生姓名")

MOST = 5000
LONGEST = 200
"""An id or a name is no longer."""

_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])", re.IGNORECASE)
"""Names that Windows keeps for devices."""


def read_class(text: str, source: str) -> list[Student]:
    """Return the students of a class list. Raises CnncalcError (E582 to E584) with every line that is wrong."""
    rows = _rows(text, source)
    header = [cell.strip().casefold().replace(" ", "_") for cell in rows[0][1]] if rows else []
    at_id = next((at for at, cell in enumerate(header) if cell in ID), None)
    at_name = next((at for at, cell in enumerate(header) if cell in NAME), None)
    if at_id is None:
        message = say("{path} has no column of student numbers", path=source)
        help = say("start with the line id,name")
        raise CnncalcError([Diagnostic("E582", message, _line(source, 1), help)], {source: text})
    problems: list[Diagnostic] = []
    students: dict[str, Student] = {}
    for number, row in rows[1:]:
        if not any(cell.strip() for cell in row):
            continue
        student = Student(_cell(row, at_id), _cell(row, at_name))
        problem = _problem(student, students)
        if problem:
            problems.append(Diagnostic("E583", problem, _line(source, number), say("give each student one number")))
        students[student.id] = student
    if not students:
        problems.append(Diagnostic("E582", say("{path} lists no students", path=source), help=say("write one a line")))
    if len(students) > MOST:
        message = say("{path} lists more than {most} students", path=source, most=f"{MOST:,}")
        problems.append(Diagnostic("E484", message, help=say("split the list")))
    if problems:
        raise CnncalcError(problems, {source: text})
    return list(students.values())


def _rows(text: str, source: str) -> list[tuple[int, list[str]]]:
    """Return the rows of a CSV, each with the line it ends on."""
    reader = csv.reader(StringIO(text, newline=""))
    try:
        return [(reader.line_num, row) for row in reader]
    except csv.Error:
        message = say("{path} is not a CSV from line {line} on", path=source, line=reader.line_num)
        help = say("save the list as CSV in UTF-8")
        raise CnncalcError(
            [Diagnostic("E582", message, _line(source, reader.line_num), help)], {source: text}
        ) from None


def _cell(row: Sequence[str], at: int | None) -> str:
    return row[at].strip() if at is not None and at < len(row) else ""


def _problem(student: Student, known: dict[str, Student]) -> str:
    """Return what is wrong with a line, or nothing."""
    if not student.id:
        return say("a student has no number")
    if max(len(student.id), len(student.name)) > LONGEST:
        return say("a number or a name is longer than {most} characters", most=LONGEST)
    if student.id in known:
        return say("the number {id} comes twice", id=student.id)
    return ""


def _line(source: str, number: int) -> Span:
    return Span(source, number, 1, number, 1)


def folder_names(students: Sequence[Student]) -> dict[str, str]:
    """Return for each student's id the name of a folder: safe on every system, and no two alike in any case.

    An id of ASCII letters, digits, - and _ stays as it is; others, and those that differ in case only, get a digest.
    """
    plain = [_plain(student.id) for student in students]
    folded = [name.casefold() for name in plain]
    return {
        student.id: name if name == student.id and folded.count(name.casefold()) == 1 else _marked(name, student.id)
        for student, name in zip(students, plain, strict=True)
    }


def _plain(id: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_-]", "_", id)[:40]
    return f"_{name}" if _RESERVED.fullmatch(name) or name.startswith("-") else name


def _marked(name: str, id: str) -> str:
    return f"{name}-{sha256(id.encode()).hexdigest()[:8]}"
