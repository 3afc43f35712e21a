"""`cnncalc check`: the marks of one student's answers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cnncalc.cli.guard import FINDING, INVALID, guard
from cnncalc.cli.options import Color, ColorOption, HintsOption, JsonOption, LangOption, complete_file, refused
from cnncalc.text import say

if TYPE_CHECKING:
    from cnncalc.homework.marks import Checked


HELP = say("Check answers to homework: which are right, and which mistake each wrong number comes from.")
EXAMPLE = "cnncalc check answers.yaml --spec specs/lenet.yaml"


def check(
    answers: Annotated[
        str,
        typer.Argument(
            metavar=say("ANSWERS"),
            help=say("The answers: YAML, JSON, a Markdown table or CSV; - reads standard input."),
            show_default=False,
            autocompletion=complete_file,
        ),
    ],
    spec: Annotated[
        str | None,
        typer.Option(
            "--spec",
            metavar=say("FILE"),
            help=say("The network: every layer's shape and parameters are asked."),
            show_default=False,
            autocompletion=complete_file,
        ),
    ] = None,
    assignment: Annotated[
        str | None,
        typer.Option(
            "--assignment",
            "-a",
            metavar=say("FILE"),
            help=say("What was asked, and what it is worth."),
            show_default=False,
            autocompletion=complete_file,
        ),
    ] = None,
    hints_only: HintsOption = False,
    explain: Annotated[bool, typer.Option("--explain", help=say("Derive the answers that are not right."))] = False,
    lang: LangOption = None,
    json: JsonOption = False,
    color: ColorOption = Color.auto,
) -> None:
    """Read the answers and what was asked, print the marks."""
    with guard(as_json=json, color=color.value):
        if hints_only and explain:
            raise refused(say("--explain shows the answers, which --hints-only hides"), say("leave one of them out"))
        from cnncalc.homework.files import check as check_files
        from cnncalc.homework.hints import as_hints

        checked = check_files(answers, spec=spec, assignment=assignment)
        _show_found(checked, color.value)
        hints_only = hints_only or not checked.assignment.reveal
        if hints_only:
            checked = as_hints(checked)
        _print(checked, hints_only=hints_only, explain=explain and not hints_only, as_json=json, color=color.value)
    raise typer.Exit(_exit_code(checked))


def _show_found(checked: Checked, color: str) -> None:
    """Say which parts of the file could not be read, or answer nothing there is."""
    submission = checked.submission
    found = [*submission.found, *checked.warnings]
    if found:
        from cnncalc.render.diagnostics import show_diagnostics
        from cnncalc.render.screen import Screen

        show_diagnostics(Screen(sys.stderr, color), found, {submission.source: submission.text})


def _print(checked: Checked, *, hints_only: bool, explain: bool, as_json: bool, color: str) -> None:
    if as_json:
        from cnncalc.render.check_json import checked_json
        from cnncalc.render.to_json import dumps

        sys.stdout.write(dumps(checked_json(checked, hints_only=hints_only)))
        return
    from cnncalc.render.check import show_checked
    from cnncalc.render.screen import Screen

    derive = None
    if explain:
        from cnncalc.homework.derivation import derivations

        derive = derivations(checked.assignment)
    show_checked(Screen(sys.stdout, color), checked, hints_only=hints_only, derive=derive)


def _exit_code(checked: Checked) -> int:
    """Return 0 where all is right, also where it follows; 2 where something could not be read; else 1."""
    verdicts = {mark.verdict for mark in checked.marks}
    if "unread" in verdicts:
        return INVALID
    return FINDING if verdicts & {"wrong", "blank"} else 0
