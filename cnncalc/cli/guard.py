"""From an error to what the user sees and the exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import typer

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.text import reason_text, say

FINDING, INVALID, LIMIT = 1, 2, 3


@contextmanager
def guard(*, as_json: bool = False, color: str = "auto") -> Generator[None]:
    """Turn the errors of a command's body into diagnostics and an exit code; with `as_json` into JSON on stdout too."""
    try:
        yield
        sys.stdout.flush()
    except (CnncalcError, OSError, MemoryError) as error:
        raise typer.Exit(settle(error, as_json=as_json, color=color)) from None


def settle(error: CnncalcError | OSError | MemoryError, *, as_json: bool = False, color: str = "auto") -> int:
    """Report an error and return the exit code; a closed pipe is none, since its reader has had enough."""
    if isinstance(error, BrokenPipeError):
        drop_stdout()
        return 0
    if isinstance(error, OSError):
        drop_stdout()
        found = CnncalcError([Diagnostic("E190", say("the system says: {reason}", reason=reason_text(error)))])
    elif isinstance(error, MemoryError):
        problem = say("this needs more memory than there is")
        found = CnncalcError([Diagnostic("E401", problem, help=say("use a smaller batch or input"))])
    else:
        found = error
    try:
        report_errors(found, as_json=as_json and not isinstance(error, OSError), color=color)
    except OSError:
        drop_stdout()
    return exit_code(found.diagnostics)


def drop_stdout() -> None:
    """Throw away what could not be written, so that Python does not fail again at exit."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        return


def exit_code(found: Sequence[Diagnostic]) -> int:
    """Return 3 where only limits were met, else 2."""
    errors = [one for one in found if one.severity == "error"]
    return LIMIT if errors and all(one.is_limit for one in errors) else INVALID


def report_errors(error: CnncalcError, *, as_json: bool, color: str) -> None:
    """Show errors: people's form on stderr, a program's on stdout."""
    from cnncalc.render.diagnostics import show_diagnostics
    from cnncalc.render.screen import Screen

    show_diagnostics(Screen(sys.stderr, color), error.diagnostics, error.sources)
    if as_json:
        from cnncalc.render.to_json import dumps, errors_json

        sys.stdout.write(dumps(errors_json(error.diagnostics)))
        sys.stdout.flush()


def show_warnings(found: Sequence[Diagnostic], source: str, color: str) -> None:
    """Show warnings on stderr."""
    if not found:
        return
    from cnncalc.render.diagnostics import show_diagnostics
    from cnncalc.render.screen import Screen
    from cnncalc.spec.files import read_text

    texts = {source: read_text(source)} if source and source != "<stdin>" else {}
    show_diagnostics(Screen(sys.stderr, color), found, texts)
