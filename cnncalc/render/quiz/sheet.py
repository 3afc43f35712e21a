"""What is handed out, a sheet without answers and an empty answer file; and the key for the teacher to read."""

from __future__ import annotations

import re

from cnncalc.homework.derivation import Derivations
from cnncalc.homework.quiz.item import Item, Quiz
from cnncalc.render.quiz.words import feedback
from cnncalc.render.words import clean
from cnncalc.spec.flow import quoted
from cnncalc.text import number, say


def sheet(quiz: Quiz, seal: str = "") -> bytes:
    """Return the sheet. `seal`: the SHA-256 of the key's file, which shows afterwards that the key was not changed."""
    lines = [f"# {escaped(quiz.title)}", ""]
    known = quiz.student
    lines += [say("Name: {name}", name=escaped(known.name) or "____________________"), ""]
    lines += [say("Student number: {id}", id=escaped(known.id) or "____________________"), ""]
    lines += [escaped(say("Write each answer here, or in answers.yaml after its number: q1: 6x28x28.")), ""]
    for item in quiz.items:
        lines += [*_question(item), f"{item.label}: ____________________", ""]
    if seal:
        text = say("The key was fixed before this sheet was handed out: the SHA-256 of its file is {seal}.", seal=seal)
        lines += ["---", "", text, ""]
    return "\n".join(lines).encode()


def key(quiz: Quiz) -> bytes:
    """Return the sheet with the answers, where each comes from, and the wrong answers that mistakes give."""
    lines = [f"# {escaped(say('Key: {title}', title=quiz.title))}", ""]
    for item in quiz.items:
        lines += [*_question(item), say("Answer: {answer}", answer=_plain(item)), ""]
        derivations = Derivations(item.network)
        for asked in [one.asked for one in item.question.such_that] or [item.question.asked]:
            for rule in derivations.of(asked):
                lines.append(f"    {rule.left} = {rule.numbers} = {number(rule.value)}")
        lines.append("")
        for distractor in item.distractors:
            lines.append(f"- {item.text(distractor.value)}")
            lines.extend(f"  - {escaped(sentence)}" for sentence in feedback(item, distractor))
        lines.append("")
    return "\n".join(lines).encode()


def _plain(item: Item) -> str:
    return number(int(item.answer[0])) if item.is_number else item.text(item.answer)


def _question(item: Item) -> list[str]:
    return [
        f"## {item.label}",
        "",
        *(f"- {escaped(line)}" for line in item.lines),
        "",
        f"**{escaped(item.prompt)}**",
        "",
    ]


def answer_file(quiz: Quiz) -> bytes:
    """Return an empty answer file in YAML, for `check` and `grade` to read when it is filled in."""
    student = {name: quoted(value) for name, value in quiz.student._asdict().items()}
    lines = [f"# {clean(quiz.title)}", "student:", *(f"  {name}: {value}" for name, value in student.items())]
    lines += ["answers:", *(f"  {item.label}:" for item in quiz.items), ""]
    return "\n".join(lines).encode()


def escaped(text: str) -> str:
    """Put a backslash before what Markdown reads as its own."""
    return re.sub(r"([\\`*_\[\]<>&|~#])", r"\\\1", clean(text))
