"""`cnncalc quiz`: questions with plain numbers, a sheet to hand out, and a key apart."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.cli.guard import guard
from cnncalc.cli.options import (
    Color,
    ColorOption,
    LangOption,
    complete_file,
    refused,
)
from cnncalc.text import say

if TYPE_CHECKING:
    from cnncalc.homework.quiz.item import Quiz
    from cnncalc.homework.quiz.make import Order


class QuizFormat(str, Enum):
    """Forms of a quiz."""

    markdown = "markdown"
    yaml = "yaml"
    gift = "gift"
    moodle_xml = "moodle-xml"
    qti = "qti"
    json = "json"


GRADES = (0, 5, 10, 20, 25, 30, 40, 50, 60, 70, 75, 80, 90)
"""The shares in percent that every Moodle takes; it refuses others."""


HELP = say("Set a quiz: questions with plain numbers, a sheet to hand out, and a key that check and grade read.")
EXAMPLE = "cnncalc quiz --topic shape,parameters --seed 42 -o quiz"


def quiz(
    topic: Annotated[
        str,
        typer.Option(
            "--topic",
            metavar=say("TOPICS"),
            help=say(
                "Any of shape, parameters, macs, flops, receptive-field, memory, sharing, solve; or all. "
                "Without it: shape, parameters, macs and receptive-field."
            ),
            show_default=False,  # it is too long for the column of defaults, where it would be cut
        ),
    ] = "shape,parameters,macs,receptive-field",
    count: Annotated[int, typer.Option("--count", min=1, max=200, help=say("How many questions."))] = 10,
    seed: Annotated[int, typer.Option("--seed", min=0, help=say("The same seed gives the same quiz."))] = 0,
    level: Annotated[
        int,
        typer.Option("--level", min=1, max=3, help=say("1: one simple layer; 2: any layer; 3: whole networks.")),
    ] = 1,
    spec: Annotated[
        str | None,
        typer.Option(
            "--spec",
            metavar=say("FILE"),
            help=say("Ask about this network, not about small ones."),
            show_default=False,
            autocompletion=complete_file,
        ),
    ] = None,
    fractions: Annotated[
        bool, typer.Option("--fractions", help=say("Ask for shapes where sizes do not divide and are rounded."))
    ] = False,
    partial: Annotated[
        int,
        typer.Option("--partial", metavar=say("PERCENT"), help=say("The share for an answer that shows a mistake.")),
    ] = 0,
    title: Annotated[
        str | None, typer.Option("--title", help=say("What the sheet is called."), show_default=False)
    ] = None,
    format: Annotated[
        QuizFormat,
        typer.Option("--format", help=say("markdown is the sheet, yaml the key; the others are for teaching systems.")),
    ] = QuizFormat.markdown,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar=say("FILE"), help=say("Write the key that check reads."), show_default=False),
    ] = None,
    class_: Annotated[
        str | None,
        typer.Option(
            "--class",
            metavar=say("FILE"),
            help=say("A CSV of id and name: a sheet of its own for each student, into the folder of -o."),
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar=say("FOLDER"), help=say("Write sheet, answer file and key."), show_default=False
        ),
    ] = None,
    lang: LangOption = None,
    color: ColorOption = Color.auto,
) -> None:
    """Make the quiz, and write it."""
    with guard(as_json=format is QuizFormat.json, color=color.value):
        from fractions import Fraction

        from cnncalc.homework.quiz.make import Order
        from cnncalc.homework.quiz.topics import read_topics
        from cnncalc.spec.load import load

        _check(partial, class_, output, key)
        graph = load(spec) if spec else None
        share = Fraction(partial, 100)
        order = Order(read_topics(topic), count, seed, level, fractions, graph, title or "", share)
        if class_:
            _for_class(order, class_, format.value, output or "")
        else:
            _for_all(order, format.value, key, output)


def _check(partial: int, class_: str | None, output: str | None, key: str | None) -> None:
    """Refuse options that do not go together. Raises CnncalcError."""
    if partial not in GRADES:
        problem = say("--partial {percent} is no share that Moodle takes", percent=partial)
        raise refused(problem, say("take one of {names}", names=", ".join(map(str, GRADES))))
    if class_ and not output:
        raise refused(say("--class writes many files, and there is no folder for them"), say("add -o FOLDER"))
    if key and output:
        raise refused(say("-o writes the key too"), say("leave one of --key and -o out"))


def _for_class(order: Order, path: str, form: str, output: str) -> None:
    from cnncalc.homework.quiz.class_list import read_class
    from cnncalc.homework.quiz.make import make_quiz
    from cnncalc.render.quiz.folder import a_sheet_each, write_files
    from cnncalc.spec.files import read_text

    students = read_class(read_text(path), path)
    write_files(output, a_sheet_each([make_quiz(order, student) for student in students], form))


def _for_all(order: Order, form: str, key: str | None, output: str | None) -> None:
    from cnncalc.homework.quiz.make import make_quiz
    from cnncalc.render.quiz.folder import one_sheet, sealed, write_files

    quiz = make_quiz(order)
    if output:
        write_files(output, one_sheet(quiz, form))
        return
    if key:
        write_files(Path(key).parent, {Path(key).name: sealed(quiz)[0]})
    data = _printed(quiz, form, with_seal=key is not None)
    if form == "qti" and sys.stdout.isatty():
        raise refused(
            say("a QTI package is no text for a terminal"),
            say("write it to a file: {command}", command="cnncalc quiz --format qti > quiz.zip"),
        )
    sys.stdout.flush()
    sys.stdout.buffer.write(data)


def _printed(quiz: Quiz, form: str, *, with_seal: bool) -> bytes:
    """Return what goes to standard output; a sheet carries the seal of the key that is written beside it."""
    from cnncalc.render.quiz import EXPORTS
    from cnncalc.render.quiz.folder import sealed
    from cnncalc.render.quiz.sheet import sheet

    if form in EXPORTS:
        return EXPORTS[form].write(quiz)
    if form == "yaml":
        return sealed(quiz)[0]
    return sheet(quiz, sealed(quiz)[1] if with_seal else "")
