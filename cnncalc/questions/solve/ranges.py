"""What is varied, and over which values: `padding`, `stride=1:8`, `growth=12:48:4`, `kernel={1,3,5}`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.text import number, say

Value = int | float | bool | str
Values = Sequence[Value]
"""In ascending order where they are numbers; a `range` where they are whole numbers in even steps."""

MOST_VALUES = 10**7
"""Of one range, so that counting it cannot go wrong."""

MOST_COMBINATIONS = 400_000
"""Tried without being told to; a lone window takes some microseconds."""

_RANGE = re.compile(r"(-?[0-9]{1,15}):(-?[0-9]{1,15})(?::([0-9]{1,15}))?")
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")


def refused(problem: str, help: str = "") -> CnncalcError:
    """Return the error for a question that cannot be read."""
    return CnncalcError([Diagnostic("E720", problem, help=help)])


def parse_vary(given: Sequence[str]) -> dict[str, Values | None]:
    """Return {name: values, None where no range was written} of texts such as `kernel,padding=0:4`, in their order.

    Raises CnncalcError (E720).
    """
    found: dict[str, Values | None] = {}
    for part in (part for text in given for part in _split(text)):
        name, equals, values = (piece.strip() for piece in part.partition("="))
        if not name or (equals and not values):
            raise refused(
                say("--vary {text} is not a name, nor a name and its values", text=part),
                say("write --vary padding or --vary stride=1:8"),
            )
        name = name.replace("-", "_")
        if name in found:
            raise refused(say("{name} is varied twice", name=name), say("leave one of them out"))
        found[name] = parse_values(name, values) if equals else None
    return found


def _split(text: str) -> list[str]:
    """Split at the commas that do not stand in braces."""
    return re.split(r",(?![^{]*\})", text)


def parse_values(name: str, text: str) -> Values:
    """Return the values of `1:8` (both ends belong to it), `12:48:4`, `{1,3,5}` or `3`. Raises CnncalcError."""
    match = _RANGE.fullmatch(text)
    if match:
        first, last, step = int(match[1]), int(match[2]), int(match[3] or 1)
        if step < 1 or last < first:
            raise refused(
                say("the range {text} of {name} is empty", text=text, name=name),
                say("write the smaller end first, and a step of 1 or more"),
            )
        values = range(first, last + 1, step)
        if (last - first) // step >= MOST_VALUES:
            raise refused(
                say("the range {text} of {name} is too long", text=text, name=name),
                say("at most {count} values are tried", count=number(MOST_VALUES)),
            )
        return values
    listed = text[1:-1].split(",") if text.startswith("{") and text.endswith("}") else [text]
    return sorted_values([_value(name, one.strip()) for one in listed])


def sorted_values(values: Sequence[Value]) -> Values:
    """Return numbers in ascending order and words as they were written, each once."""
    once = list(dict.fromkeys(values))
    if all(isinstance(value, int | float) for value in once):
        return sorted(once, key=lambda value: (float(value), str(value)))
    return once


def _value(name: str, text: str) -> Value:
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    if text in ("true", "false"):
        return text == "true"
    if text.isidentifier():
        return text
    raise refused(
        say("{name}: {text} is not a value", name=name, text=text or '""'),
        say("write {name}=1:8, {name}=12:48:4 or {name}={{1,3,5}}", name=name),
    )


def values_text(values: Values) -> str:
    """Write values as they are given: `1:8`, `12:48:4`, `{1,3,5}`."""
    if isinstance(values, range):
        if len(values) == 1:
            return str(values[0])
        step = f":{values.step}" if values.step != 1 else ""
        return f"{values[0]}:{values[-1]}{step}"
    words = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
    return words[0] if len(words) == 1 else "{" + ",".join(words) + "}"


def combination_count(ranges: Mapping[str, Values]) -> int:
    """Return how many combinations there are."""
    count = 1
    for values in ranges.values():
        count *= len(values)
    return count


def refuse_too_many(count: int, most: int) -> None:
    """Raise CnncalcError, a limit (E472), where there are more combinations than may be tried."""
    if count > most:
        problem = say("{count} combinations are more than {most}", count=number(count), most=number(most))
        help = say("narrow the ranges, such as --vary stride=1:4, or raise --max-combinations")
        raise CnncalcError([Diagnostic("E472", problem, help=help)])
