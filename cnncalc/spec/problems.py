"""The errors of one spec, gathered so that a user sees all of them at once, and each only once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.diagnostics import CnncalcError, Diagnostic, Label, Span, did_you_mean
from cnncalc.spec.expressions import odd_character
from cnncalc.spec.source import Mapping, Scalar, Sequence, Tree
from cnncalc.text import say

if TYPE_CHECKING:
    from cnncalc.spec.scope import Scope


class Problem(NamedTuple):
    """A finding without its place in the blocks: what a checker returns where it knows only its value."""

    code: str
    message: str
    span: Span
    help: str = ""


class Problems:
    """Collects errors and warnings; the same code at the same place (in a repeated block, say) counts once.

    `unread`: what was found while the text was read. It is told with the rest, and what overlaps it is not judged.
    """

    def __init__(self, source: str, text: str, unread: Iterable[Diagnostic] = ()) -> None:
        self.source = source
        self.text = text
        self.errors: list[Diagnostic] = list(unread)
        self._unread = [found.span for found in self.errors if found.span]
        self.warnings: list[Diagnostic] = []
        self._seen: set[tuple[str, Span | None]] = set()

    def copy(self) -> Problems:
        """Return the same findings, to which more can be added apart."""
        other = Problems(self.source, self.text)
        other.errors, other.warnings = list(self.errors), list(self.warnings)
        other._unread, other._seen = list(self._unread), set(self._seen)
        return other

    def add(
        self,
        code: str,
        message: str,
        span: Span | None,
        help: str = "",
        *,
        labels: tuple[Label, ...] = (),
        calls: tuple[Label, ...] = (),
        shapes: tuple[str, ...] = (),
    ) -> None:
        """Note an error, or a warning where the code starts with W. Without a code it follows from one noted before."""
        if not code or (code, span) in self._seen or (span and self.is_unread(span)):
            return
        self._seen.add((code, span))
        found = Diagnostic(code, message, span, help, labels, calls, shapes)
        (self.warnings if found.severity == "warning" else self.errors).append(found)

    def is_unread(self, span: Span) -> bool:
        """Tell whether something in a stretch of the text could not be read."""
        return any(_start(one) < _end(span) and _start(span) < _end(one) for one in self._unread)

    def add_in(
        self,
        scope: Scope,
        code: str,
        message: str,
        span: Span | None,
        help: str = "",
        *,
        labels: tuple[Label, ...] = (),
        shapes: tuple[str, ...] = (),
    ) -> None:
        """Note an error with the block uses that led to its scope."""
        self.add(code, message, span, help, labels=labels, calls=scope.calls, shapes=shapes)

    def take(self, problem: Problem, calls: tuple[Label, ...] = ()) -> None:
        """Note a checker's finding."""
        self.add(problem.code, problem.message, problem.span, problem.help, calls=calls)

    def raise_if_any(self) -> None:
        """Raise CnncalcError where errors were noted, in the order of their places."""
        if self.errors:
            ordered = sorted(self.errors, key=lambda found: found.span[1:] if found.span else (0, 0, 0, 0))
            raise CnncalcError(ordered, {self.source: self.text})


def _start(span: Span) -> tuple[int, int]:
    return span.line, span.column


def _end(span: Span) -> tuple[int, int]:
    return span.end_line, span.end_column


def kind_of(tree: Tree) -> str:
    """Say what a tree is, for a message."""
    if isinstance(tree, Mapping):
        return say("a mapping")
    return say("a list") if isinstance(tree, Sequence) else tree.text or say("nothing")


def identifier_problem(scalar: Scalar) -> Problem | None:
    """Return what is wrong with a name: it must be an ASCII identifier."""
    text = scalar.text
    name, colon, rest = text.partition(":")
    if colon:
        return Problem(
            "E110",
            say("a space is missing after the colon of {key}", key=text),
            scalar.span,
            say("write {name}: {value}", name=name, value=rest.strip() or say("value")),
        )
    if any(mark in text for mark in "：，"):
        return Problem(
            "E111",
            say("{key} has a full-width colon or comma", key=text),
            scalar.span,
            say("write : and , from the English keyboard, each followed by a space"),
        )
    if not text.isascii():
        return Problem("E205", odd_character(text), scalar.span, say("use the letters a to z, digits and _"))
    if text.isidentifier():
        return None
    return Problem(
        "E205",
        say("{text} is not a name", text=text or '""'),
        scalar.span,
        say("use letters, digits and _, a letter first"),
    )


def suggestion(name: str, known: list[str], wanted: str = "") -> str:
    """Return the help for an unknown name: the one meant, the nearest, or all there are."""
    meant = wanted or did_you_mean(name, known)
    if meant:
        return say("did you mean {name}?", name=meant)
    return say("known here: {names}", names=", ".join(known)) if known else ""
