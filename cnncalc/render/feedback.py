"""The feedback for one student: Markdown to read, JSON for programs. What a student wrote is shown, never obeyed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cnncalc.homework.marks import Checked, Mark
from cnncalc.render.check_json import checked_json
from cnncalc.render.marks import VERDICTS, mark_sentences, points_text, question_key
from cnncalc.render.to_json import SCHEMA_VERSION
from cnncalc.render.words import clean
from cnncalc.text import later, say

LONGEST = 200
"""Characters of a student's text that are shown of each answer."""

STATUSES = {
    "graded": later("graded"),
    "unreadable": later("cannot be read"),
    "refused": later("refused"),
    "too large": later("too large"),
    "too slow": later("too slow"),
    "crashed": later("crashed"),
}
"""What became of a file, as people read it."""


class Feedback(NamedTuple):
    """Writes `feedback/<name>.md` and `.json` of each submission; with `hints_only` never an answer."""

    hints_only: bool = False

    def graded(self, file: str, checked: Checked) -> Mapping[str, str]:
        """Return both files of a checked submission."""
        hints_only = self.hints_only or not checked.assignment.reveal
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
    return "\n".join(_lines(file, checked, hints_only=hints_only)) + "\n"


def feedback_json(file: str, checked: Checked, *, hints_only: bool) -> str:
    """Return the marks as JSON, a question a line."""
    found = {"file": file, "status": "graded", **checked_json(checked, hints_only=hints_only)}
    questions = ",\n".join(map(json.dumps, found.pop("questions")))  # type: ignore[call-overload]
    return f'{json.dumps(found)[:-1]}, "questions": [\n{questions}\n]}}\n'


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


def _lines(file: str, checked: Checked, *, hints_only: bool) -> Iterator[str]:
    points, of = points_text(checked.points), points_text(checked.of)
    name = escaped(checked.assignment.name)
    yield "# " + say("{name}: {points} of {of} points", name=name, points=points, of=of)
    yield ""
    yield _who(file, checked)
    yield ""
    yield f"| {say('question')} | {say('result')} | {say('points')} | {say('you wrote')} |"
    yield "| :--- | :--- | ---: | :--- |"
    yield from map(_row, checked.marks)
    yield from _section(_told(checked, hints_only=hints_only))
    yield from _section(_found(checked))


def _who(file: str, checked: Checked) -> str:
    student = checked.submission.student
    known = [escaped(one) for one in (student.name, student.id, file) if one]
    return ", ".join(known)


def _row(mark: Mark) -> str:
    points, of = points_text(mark.points), points_text(mark.question.points)
    written = escaped(mark.answer.text.strip()) if mark.answer else ""
    key = escaped(question_key(mark.question))
    return f"| {key} | {say(VERDICTS[mark.verdict])} | {points} / {of} | {written} |"


def _told(checked: Checked, *, hints_only: bool) -> Iterator[str]:
    """Yield what is said of each mark, as list items."""
    for mark in checked.marks:
        if mark.verdict == "blank" or (mark.verdict == "right" and not mark.notes):
            continue
        first, *others = mark_sentences(mark, checked.assignment.counting, hints_only=hints_only)
        yield f"- **{escaped(question_key(mark.question))}**: {escaped(first)}"
        yield from (f"  - {escaped(sentence)}" for sentence in others)


def _found(checked: Checked) -> Iterator[str]:
    """Yield what could not be read, and what nobody asked."""
    for one in (*checked.submission.found, *checked.warnings):
        if one.span:
            yield f"- {say('line {line}: {problem}', line=one.span.line, problem=escaped(one.message))}"
        else:
            yield f"- {escaped(one.message)}"
    for answer in checked.unasked:
        yield f"- {say('{key} is not asked, and counts for nothing', key=escaped(answer.key))}"


def _section(items: Iterator[str]) -> Iterator[str]:
    found = list(items)
    if found:
        yield ""
        yield from found


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
