"""Typer's own sentences in the user's language. Its headings ask gettext; the rest is plain English, found here."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from cnncalc.text import language, later, say

HEADINGS = (
    later("Arguments"),
    later("Options"),
    later("Commands"),
    later("Error"),
    later("Aborted."),
    later("[default: {}]"),
    later("[required]"),
    later("Try [blue]'{command_path} {help_option}'[/] for help."),
)
"""What Typer looks up itself, in gettext's domain: here so that the catalogue has it."""

USAGE = frozenset((later("[OPTIONS]"), later("COMMAND [ARGS]...")))
"""Words of the line `Usage:`."""

OPTION_HELPS = frozenset(
    (
        later("Show this message and exit."),
        later("Install completion for the current shell."),
        later("Show completion for the current shell, to copy it or customize the installation."),
    )
)

REFUSALS = (
    later("Missing argument {name}."),
    later("Missing option {name}."),
    later("Missing command."),
    later("No such command {name}. Did you mean {names}?"),
    later("No such command {name}."),
    later("No such option: {name} (Possible options: {names})"),
    later("No such option: {name}"),
    later("Option {name} requires an argument."),
    later("Option {name} does not take a value."),
    later("Got unexpected extra argument(s) ({names})"),
    later("Invalid value for {name}: {problem}"),
    later("Invalid value: {problem}"),
    later("{value} is not a valid int range."),
    later("{value} is not a valid int."),
    later("{value} is not a valid float range."),
    later("{value} is not a valid float."),
    later("{value} is not in the range {range}."),
    later("{value} is not one of {values}."),
)
"""What Typer says of a wrong command line, the more particular first."""


def translated(sentence: str) -> str:
    """Return a sentence of Typer's in the user's language; one that is not known stays as it is."""
    for template in REFUSALS:
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(template))
        found = re.fullmatch(pattern, sentence, re.DOTALL)
        if found:
            values = found.groupdict()
            if "problem" in values:
                values["problem"] = translated(values["problem"])
            return say(template, **values)
    return sentence


class Refused(typer.BadParameter):
    """A wrong command line, told in the user's language."""

    def format_message(self) -> str:
        """Return the whole sentence."""
        return self.message


USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]
"""What all errors of a command line are; Typer does not export it."""


@contextmanager
def telling() -> Generator[None]:
    """Turn Typer's errors into ones in the user's language."""
    try:
        yield
    except USAGE_ERROR as error:
        told: Any = error
        if language() == "en" or type(error).__name__ == "NoArgsIsHelpError":
            raise
        raise Refused(translated(told.format_message()), ctx=told.ctx) from None


def fold_long_words() -> None:
    """Let Typer's tables fold what has no spaces, as Chinese has none, where they would cut it off."""
    from typer import rich_utils

    class Folding(rich_utils.OptionHighlighter):
        """Typer's own, which sees every text of the help."""

        def highlight(self, text: Any) -> None:
            super().highlight(text)
            text.overflow = "fold"

    rich_utils.highlighter = Folding()


class _Speaking:
    """What a command and a group share: their help and their usage line in the user's language."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, those that Typer adds among them."""
        above: Any = super()
        found: list[Any] = above.get_params(ctx)
        for parameter in found:
            if getattr(parameter, "help", None) in OPTION_HELPS:
                parameter.help = say(parameter.help)
        return found

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the usage line."""
        above: Any = self
        pieces = [say(piece) if piece in USAGE else piece for piece in above.collect_usage_pieces(ctx)]
        formatter.write_usage(ctx.command_path, " ".join(pieces), prefix=say("Usage: "))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        if language() != "en":
            fold_long_words()
        above: Any = super()
        above.format_help(ctx, formatter)


class Command(_Speaking, TyperCommand):
    """A command that speaks the user's language."""


class Group(_Speaking, TyperGroup):
    """The commands together; what is wrong with a command line passes through here."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Read the options before the command."""
        with telling():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with telling():
            return super().invoke(ctx)
