"""The feedback for one student: Markdown to read, JSON for programs. What a student wrote is shown, never obeyed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cnncalc.diagnostics import Diagnostic
from cnncalc.homework.assignment import Counting, Question
from cnncalc.homework.hints import as_hints
from cnncalc.homework.marks import Checked, Mark
from cnncalc.render.check_json import mark_json, plain
from cnncalc.render.marks import VERDICTS, mark_sentences, points_text, question_key
from cnncalc.render.to_json import SCHEMA_VERSION
from cnncalc.render.words import clean
from cnncalc.text import language, later, say

LONGEST = 200
"""Characters of a student's text that are shown of each answer."""

STATUSES = {
    "graded": later("graded"),
    "unreadable": later("cannot be read"),
    "refused": later("refused"),
    "too large": later("too large"),
    "too slow": later("too slow"),
    "crashed": later("crashed"),
    "no key": later("no key"),
}
"""What became of a file, as people read it."""


class Feedback(NamedTuple):
    """Writes `feedback/<name>.md` and `.json` of each submission; with `hints_only` never an answer."""

    hints_only: bool = False

    def graded(self, file: str, checked: Checked) -> Mapping[str, str]:
        """Return both files of a checked submission."""
        hints_only = self.hints_only or not checked.assignment.reveal
        checked = as_hints(checked) if hints_only else checked
        return {
            "feedback/{}.md": feedback_markdown(file, checked, hints_only=hints_only),
            "feedback/{}.json": feedback_json(file, checked, hints_only=hints_only),
        }

    def failed(self, file: str, status: str, problem: str) -> Mapping[str, str]:
        """Return both files of a submission that has no marks."""
        found = {"schema_version": SCHEMA_VERSION, "file": file, "status": status, "problem": problem}
        return {
            "feedback/{}.md": failure_markdown(file, status, problem),
            "feedback/{}.json": json.dumps(found, indent=1) + "\n",
        }


def feedback_markdown(file: str, checked: Checked, *, hints_only: bool) -> str:
    """Return the score, a table of the questions, and what is to be said of those that are not simply right."""
    told = [_told(mark, checked.assignment.counting, hints_only) for mark in checked.marks]
    name = escaped(checked.assignment.name)
    points, of = points_text(checked.points), points_text(checked.of)
    lines = [
        f"# {say('{name}: {points} of {of} points', name=name, points=points, of=of)}",
        "",
        _who(file, checked),
        "",
        f"| {say('question')} | {say('result')} | {say('points')} | {say('you wrote')} |",
        "| :--- | :--- | ---: | :--- |",
        *(one.row for one in told),
    ]
    for items in ([item for one in told for item in one.items], list(_found(checked))):
        if items:
            lines += ["", *items]
    return "\n".join(lines) + "\n"


def feedback_json(file: str, checked: Checked, *, hints_only: bool) -> str:
    """Return the marks as JSON, a question a line; keys are those of `cnncalc check --json`."""
    student = checked.submission.student
    found = {
        "schema_version": SCHEMA_VERSION,
        "file": file,
        "status": "graded",
        "assignment": checked.assignment.name,
        "student": {"id": student.id, "name": student.name},
        "points": plain(checked.points),
        "of": plain(checked.of),
        "not_asked": [answer.key for answer in checked.unasked],
        "warnings": [_warning_json(one) for one in (*checked.submission.found, *checked.warnings)],
    }
    told = (_told(mark, checked.assignment.counting, hints_only).json for mark in checked.marks)
    questions = ",\n".join(told)
    return f'{json.dumps(found)[:-1]}, "questions": [\n{questions}\n]}}\n'


def _warning_json(one: Diagnostic) -> dict[str, object]:
    return {"code": one.code, "line": one.span.line if one.span else None, "message": one.message}


def failure_markdown(file: str, status: str, problem: str) -> str:
    """Return what a student reads whose file has no marks."""
    lines = [
        "# " + say("No points yet: the file could not be graded"),
        "",
        say("{file}: {status}", file=escaped(file), status=say(STATUSES[status])),
        "",
        *(f"- {escaped(line)}" for line in problem.splitlines()),
    ]
    return "\n".join(lines) + "\n"


class _Told(NamedTuple):
    """One mark as it is written: a row of the table, the items below it, a line of JSON."""

    row: str
    items: tuple[str, ...]
    json: str


MOST_KEPT = 8192
LONGEST_KEPT = 64
"""A class repeats its answers; what was written of so many is kept, of those that are no longer than this."""

_kept: dict[object, _Told] = {}


def _told(mark: Mark, counting: Counting, hints_only: bool) -> _Told:
    """Return what is written of a mark. Of two that differ in nothing but their places in the files, it is the same."""
    text = mark.answer.text if mark.answer else ""
    if len(text) > LONGEST_KEPT:
        return _tell(mark, counting, hints_only)
    # By its id, since a question's hash takes long; the question is kept with it, so that the id stays its own.
    key = (id(mark.question), mark.verdict, text, mark.diagnoses, mark.follows_from, mark.notes, hints_only, language())
    kept = _kept.get(key)
    if kept is None:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
            _questions.clear()
        _questions.append(mark.question)
        kept = _kept[key] = _tell(mark, counting, hints_only)
    return kept


_questions: list[Question] = []


def _tell(mark: Mark, counting: Counting, hints_only: bool) -> _Told:
    found = mark_json(mark, counting, hints_only=hints_only)
    del found["place"]
    return _Told(_row(mark), tuple(_items(mark, counting, hints_only)), json.dumps(found))


def _row(mark: Mark) -> str:
    points, of = points_text(mark.points), points_text(mark.question.points)
    written = escaped(mark.answer.text.strip()) if mark.answer else ""
    key = escaped(question_key(mark.question))
    return f"| {key} | {say(VERDICTS[mark.verdict])} | {points} / {of} | {written} |"


def _items(mark: Mark, counting: Counting, hints_only: bool) -> Iterator[str]:
    """Yield what is said of a mark, as list items."""
    if mark.verdict == "blank" or (mark.verdict == "right" and not mark.notes):
        return
    first, *others = mark_sentences(mark, counting, hints_only=hints_only)
    yield f"- **{escaped(question_key(mark.question))}**: {escaped(first)}"
    yield from (f"  - {escaped(sentence)}" for sentence in others)


def _who(file: str, checked: Checked) -> str:
    student = checked.submission.student
    return ", ".join(escaped(one) for one in (student.name, student.id, file) if one)


def _found(checked: Checked) -> Iterator[str]:
    """Yield what could not be read, and what nobody asked."""
    for one in (*checked.submission.found, *checked.warnings):
        if one.span:
            yield f"- {say('line {line}: {problem}', line=one.span.line, problem=escaped(one.message))}"
        else:
            yield f"- {escaped(one.message)}"
        for label in one.labels:
            yield f"  - {say('line {line}: {problem}', line=label.span.line, problem=escaped(label.text))}"
    for answer in checked.unasked:
        yield f"- {say('{key} is not asked, and counts for nothing', key=escaped(answer.key))}"


_SPECIAL = {ord(one): f"\\{one}" for one in "\\`*[]|~$@!#"} | {
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord("&"): "&amp;",
}
_MARKUP = re.compile(r"://|\bwww\.|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", re.IGNORECASE)
"""What makes a link of a plain word, and an underscore that is not inside one."""
_PLAIN = re.compile(r"(?:[A-Za-z0-9 ,.()+/=%-]|(?<=[A-Za-z0-9])_(?=[A-Za-z0-9]))*")


def escaped(text: str) -> str:
    """Return a user's text as Markdown that shows it letter by letter: no markup, no HTML, no link, not endless."""
    if len(text) <= LONGEST and _PLAIN.fullmatch(text) and "www." not in text:
        return text
    text = clean(text)
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}…"
    return _MARKUP.sub(lambda found: re.sub(r"([:/._])", r"\\\1", found[0]), text.translate(_SPECIAL))
