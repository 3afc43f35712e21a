"""The commands together. Only the one a command line asks for is imported, and its work when it runs: start-up counts.

The help texts are said when a command is imported, so the language is settled before (see `language`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated, Any

import typer

from cnncalc.cli.options import LangOption
from cnncalc.cli.typer_words import Command, Group
from cnncalc.text import say

COMMANDS = (
    "summary",
    "explain",
    "count",
    "compare",
    "solve",
    "sweep",
    "plot",
    "run",
    "check",
    "grade",
    "quiz",
    "mistakes",
    "schema",
    "doctor",
)
"""In the order of the help; each is a module of `commands`."""


def _version(wanted: bool) -> None:
    if wanted:
        from cnncalc import __version__

        typer.echo(f"cnncalc {__version__}")
        raise typer.Exit


def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help=say("Print the version and stop."))
    ] = False,
    lang: LangOption = None,
) -> None:
    """Options before the command."""


def application(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """Return the program with these commands."""
    app = typer.Typer(
        name="cnncalc",
        cls=Group,
        help=say(
            "Shapes, parameters, MACs, receptive fields and memory of a CNN from a text file, "
            "each proven by running it."
        ),
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(root)
    for name in names:
        command: Any = import_module(f"cnncalc.cli.commands.{name}")
        example = say("Example: {command}", command=command.EXAMPLE)
        app.command(name, cls=Command, help=command.HELP, epilog=example)(getattr(command, name))
    return app


def asked_for(arguments: Sequence[str]) -> Sequence[str]:
    """Return the one command that a command line names; all where it names none, for the help and for near names."""
    before = ""
    for argument in arguments:
        if before != "--lang" and not argument.startswith("-"):
            return (argument,) if argument in COMMANDS else COMMANDS
        before = argument
    return COMMANDS
