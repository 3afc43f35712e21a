"""What is wrong, where, and what to do: errors and warnings as data. Drawing them is `render`'s work."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from cnncalc.text import say

MAX_SHOWN = 20
"""A user sees this many errors of a file at once; the rest are counted."""

Severity = Literal["error", "warning"]


class Span(NamedTuple):
    """A stretch of one source text. Lines and columns count from 1; `end_column` is one past the last character."""

    source: str
    line: int
    column: int
    end_line: int
    end_column: int


class Label(NamedTuple):
    """A second place that belongs to a diagnostic, with what it shows."""

    span: Span
    text: str


class Diagnostic(NamedTuple):
    """One finding.

    `code` is stable: E1xx the text and its YAML, E2xx names and arguments, E3xx shapes, E4xx limits that an option
    raises, W5xx warnings. `calls` holds the block uses it happened in, outermost first;
    `shapes` the last steps before it.
    """

    code: str
    message: str
    span: Span | None = None
    help: str = ""
    labels: tuple[Label, ...] = ()
    calls: tuple[Label, ...] = ()
    shapes: tuple[str, ...] = ()

    @property
    def severity(self) -> Severity:
        """Whether it stops the work."""
        return "warning" if self.code.startswith("W") else "error"

    @property
    def is_limit(self) -> bool:
        """Whether an option or a larger machine would let it pass."""
        return self.code.startswith("E4")


class CnncalcError(Exception):
    """One or more errors in what the user gave, as diagnostics; `str()` is their plain text, with what to do.

    `sources` maps the names used in the spans to their texts, so that whoever draws an error can show its line.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic], sources: dict[str, str] | None = None) -> None:
        self.diagnostics = list(diagnostics)
        self.sources = sources or {}
        super().__init__("\n".join(_with_help(diagnostic) for diagnostic in self.diagnostics))


def plain(diagnostic: Diagnostic) -> str:
    """One line for one diagnostic: `specs/a.yaml:3:5: error[E310]: ...`."""
    place = f"{diagnostic.span.source}:{diagnostic.span.line}:{diagnostic.span.column}: " if diagnostic.span else ""
    return f"{place}{heading(diagnostic)}{say(': {message}', message=diagnostic.message)}"


def _with_help(diagnostic: Diagnostic) -> str:
    help = say("help: {text}", text=diagnostic.help)
    return f"{plain(diagnostic)}\n  = {help}" if diagnostic.help else plain(diagnostic)


def heading(diagnostic: Diagnostic) -> str:
    """Return what stands before the message: `error[E310]`."""
    if diagnostic.severity == "error":
        return say("error[{code}]", code=diagnostic.code)
    return say("warning[{code}]", code=diagnostic.code)


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return the name in `known` nearest to `name`, without regard to case, or None where nothing is near."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    folded = name.casefold()
    if folded in by_folded:
        return by_folded[folded]
    import difflib  # only a mistake needs it

    near = difflib.get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None
