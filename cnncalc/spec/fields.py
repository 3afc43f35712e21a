"""Arguments as written -> checked, normalised values of a layer's dataclass fields, each error at its own place."""

from __future__ import annotations

from collections.abc import Mapping as NamesMapping
from dataclasses import MISSING
from typing import Any

from cnncalc.diagnostics import did_you_mean
from cnncalc.layers.base import Layer, argument_fields
from cnncalc.layers.kinds import PADDING_WORDS, Choice, Kind, PaddingPairs
from cnncalc.spec import other_tools
from cnncalc.spec.expressions import ExpressionError, UnknownValue, Value, evaluate
from cnncalc.spec.problems import Problem, identifier_problem, suggestion
from cnncalc.spec.source import Entry, Mapping, Scalar, Sequence, Tree, plain_value
from cnncalc.text import say

Names = NamesMapping[str, Value]

WORDS = frozenset((*PADDING_WORDS, "zeros", "reflect", "replicate", "circular", "none", "tanh"))
"""Words that an argument may take, so that a block's parameter can carry one."""


class Bad(Exception):
    """A value that cannot be read, with its problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def value_of(tree: Tree, names: Names, words: frozenset[str] = frozenset()) -> Any:
    """Return numbers, truth values, words and lists of them, with expressions evaluated. Raises Bad."""
    if isinstance(tree, Sequence):
        return [value_of(item, names, words) for item in tree.items]
    if isinstance(tree, Mapping):
        raise Bad(Problem("E204", say("expected a value, got a mapping"), tree.span))
    try:
        value = plain_value(tree)
    except ValueError as error:
        raise Bad(Problem("E204", str(error), tree.span)) from None
    if not isinstance(value, str):
        return value
    if value in words and value not in names:
        return value
    try:
        return evaluate(value, names)
    except UnknownValue as error:
        raise Bad(Problem("", str(error), tree.span)) from None
    except ExpressionError as error:
        raise Bad(Problem("E206", str(error), tree.span, _words_help(value, names, words) or error.help)) from None


def _words_help(text: str, names: Names, words: frozenset[str]) -> str:
    """Return the help for a word that is none of those the argument takes."""
    if words is WORDS or not words or not text.isidentifier():
        return ""
    near = did_you_mean(text, [*words, *names])
    return say("did you mean {near}?", near=near) if near else say("one of {words}", words=", ".join(sorted(words)))


def words_of(kind: Kind) -> frozenset[str]:
    """Return the words an argument of this kind may take."""
    if isinstance(kind, Choice):
        return frozenset(kind.words)
    return frozenset(PADDING_WORDS) if isinstance(kind, PaddingPairs) else frozenset()


def read_arguments(
    layer_type: type[Layer], entries: list[Entry], names: Names
) -> tuple[dict[str, object], list[Problem]]:
    """Return the normalised arguments and every problem with them: unknown, unreadable, out of range.

    An argument with a problem is absent from the result.
    """
    known = argument_fields(layer_type)
    values: dict[str, object] = {}
    problems: list[Problem] = []
    for entry in entries:
        name = entry.key.text
        if name not in known:
            problems.append(unknown_argument(layer_type.__name__, entry.key, list(known)))
            continue
        kind, field = known[name]
        try:
            written = value_of(entry.value, names, words_of(kind))
            kind.normalise(written, layer_type.axes)
        except Bad as bad:
            problems.append(_naming(bad.problem, name))
        except ValueError as error:
            meaning = say("{name}: {doc}", name=name, doc=say(field.metadata["doc"]))
            problem = say("{name}: {problem}", name=name, problem=error)
            problems.append(Problem("E204", problem, entry.span, meaning))
        else:
            values[name] = written
    return values, problems


def _naming(problem: Problem, name: str) -> Problem:
    """Name the argument in a problem with its value."""
    if problem.code not in ("E204", "E206"):
        return problem
    return problem._replace(message=say("{name}: {problem}", name=name, problem=problem.message))


def unknown_argument(type_name: str, key: Scalar, known: list[str]) -> Problem:
    """Say what an argument that the type does not have might have meant."""
    name = key.text
    if name.startswith("kernel_") and name[7:].isdigit():
        wanted = "kernel_size"
    else:
        wanted = next((own for own in other_tools.ARGUMENTS.get(name.casefold(), ()) if own in known), "")
    message = say("{type} has no argument {name}", type=type_name, name=name)
    if ":" in name or not name.isascii():
        return identifier_problem(key) or Problem("E202", message, key.span)
    if name.casefold() in other_tools.ELSEWHERE:
        return Problem("E202", message, key.span, say(other_tools.ELSEWHERE[name.casefold()]))
    return Problem("E202", message, key.span, suggestion(name, known, wanted))


def missing_arguments(layer_type: type[Layer], given: set[str]) -> list[str]:
    """Return the arguments that have no default and were not given, nor written under a name near theirs."""
    known = argument_fields(layer_type)
    meant = {did_you_mean(name, known) for name in given if name not in known}
    required = [name for name, (_, field) in known.items() if field.default is MISSING]
    return [name for name in required if name not in given and name not in meant]
