"""What a student handed in, as it is gathered: answers under their keys, whose they are, and what could not be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from cnncalc.diagnostics import CnncalcError, Diagnostic, Label, Span
from cnncalc.text import say

MAX_ANSWERS = 2000
MAX_KEY = 200
MAX_FOUND = 200
"""So many findings are kept; a file with more of them is not an honest one."""


class Answer(NamedTuple):
    """One answer: its key as written (`conv1.output_shape`), the value as written, and the place of the value."""

    key: str
    text: str
    span: Span | None = None


class Student(NamedTuple):
    """Whose answers they are, as written; either may be missing."""

    id: str = ""
    name: str = ""


class Submission(NamedTuple):
    """One file that was handed in. `found`: what could not be read but did not stop the reading (warnings W55x).

    `spec`, `assignment`: the file it says it answers, as written; whoever grades a class does not look there.
    """

    source: str
    student: Student
    answers: tuple[Answer, ...]
    found: tuple[Diagnostic, ...]
    text: str = ""
    spec: str = ""
    assignment: str = ""


class Collector:
    """Gathers the answers of one file within the limits; of two answers under one key the later counts, and is said.

    `lines` holds (offset, line with its end) of each line of `text`.
    """

    def __init__(self, text: str, source: str) -> None:
        self.text = text
        self.source = source
        self.lines = list(lines_of(text))
        self.answers: dict[str, Answer] = {}
        self.found: list[Diagnostic] = []
        self.id = ""
        self.name = ""
        self.spec = ""
        self.assignment = ""

    def answer(self, key: str, text: str, span: Span) -> None:
        """Keep an answer. Raises CnncalcError (E552) past MAX_ANSWERS."""
        key = key_text(key)
        if not key or len(key) > MAX_KEY:
            message = say("a key must have 1 to {limit} characters", limit=MAX_KEY)
            self.warn("W553", message, span, say("write layer.quantity, such as conv1.parameters"))
            return
        earlier = self.answers.pop(key, None)
        if earlier and earlier.span:
            message = say("{key} is answered twice; the later answer counts", key=key)
            label = Label(earlier.span, say("first here"))
            self.warn("W551", message, span, say("remove one of them"), (label,))
        if len(self.answers) >= MAX_ANSWERS:
            message = say("the file has more than {limit} answers", limit=f"{MAX_ANSWERS:,}")
            raise self.error("E552", message, span, say("hand in one answer a question"))
        self.answers[key] = Answer(key, text, span)

    def identify(self, id: str = "", name: str = "") -> None:
        """Keep the student's id or name; the first of each counts."""
        self.id = self.id or id.strip()
        self.name = self.name or name.strip()

    def warn(self, code: str, message: str, span: Span | None, help: str, labels: tuple[Label, ...] = ()) -> None:
        """Keep a finding that does not stop the reading."""
        if len(self.found) < MAX_FOUND:
            self.found.append(Diagnostic(code, message, span, help, labels))

    def error(self, code: str, message: str, span: Span | None, help: str) -> CnncalcError:
        """Return the error that stops the reading."""
        return CnncalcError([Diagnostic(code, message, span, help)], {self.source: self.text})

    def finish(self) -> Submission:
        """Return what was gathered. Raises CnncalcError (E551) where there is no answer."""
        if not self.answers:
            missing = Diagnostic(
                "E551",
                say("no answers were found"),
                Span(self.source, 1, 1, 1, 1),
                say("write answers: and below it one layer.quantity: value a line, or a table with a header"),
            )
            raise CnncalcError([missing, *self.found], {self.source: self.text})
        student = Student(self.id, self.name)
        answers = tuple(self.answers.values())
        return Submission(self.source, student, answers, tuple(self.found), self.text, self.spec, self.assignment)


def key_text(key: str) -> str:
    """Return a key without blanks round its dots, an underscore for each other blank: `conv1 . output shape`."""
    if " " not in key and key.isprintable():
        return key
    return re.sub(r"_*\._*", ".", "_".join(key.split()))


_EMPHASIS = re.compile(r"(\*\*|__|[*_`])((?:(?!\1).)+)\1")


def without_emphasis(text: str) -> str:
    """Return a value without the bold, italics and backticks of Markdown round it: `**156**` is 156."""
    for _ in range(3):
        found = _EMPHASIS.fullmatch(text)
        if not found:
            break
        text = found[2].strip()
    return text


_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield (offset, line with its end) of each line, broken where YAML and those who draw the places break it."""
    start = 0
    for found in _BREAK.finditer(text):
        yield start, text[start : found.end()]
        start = found.end()
    if start < len(text):
        yield start, text[start:]


_ID = ("student id", "student_id", "student no.", "student number", "student", "id", "学号", "学生")
_NAME = ("student name", "student_name", "full name", "name", "姓名", "名字")
_LABEL = re.compile(rf"({'|'.join(sorted(map(re.escape, (*_ID, *_NAME)), key=len, reverse=True))})\W?\W? ?[:：]", re.I)
_MARKUP = " \t\r\n*_#>-|,;，；"


def student_line(line: str) -> Student:
    """Read `Name: Ada   ID: 2026001` or `**学号：** 2026001`; both parts are empty where a line says something else."""
    line = line.strip(_MARKUP)
    if len(line) > MAX_KEY or not _LABEL.match(line):
        return Student()
    labels = list(_LABEL.finditer(line))
    values = {"id": "", "name": ""}
    for at, label in enumerate(labels):
        end = labels[at + 1].start() if at + 1 < len(labels) else len(line)
        value = line[label.end() : end].strip(_MARKUP)
        part = student_key(label[1], value)
        values[part] = values[part] or value
    return Student(**values)


def student_key(key: str, value: str = "") -> str:
    """Return `id` or `name` where a key asks for it, else nothing; `student` is either, which `value` shows."""
    folded = key.strip().casefold()
    if folded in ("student", "学生") and re.fullmatch(r"[^0-9]+", value) and (" " in value or not value.isascii()):
        return "name"
    return "name" if folded in _NAME else "id" if folded in _ID else ""
