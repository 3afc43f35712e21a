"""All combinations of the values asked for, each found by its number, so that a worker needs no list of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import prod
from typing import NamedTuple

from cnncalc.diagnostics import CnncalcError, Diagnostic, did_you_mean
from cnncalc.graph import INPUT
from cnncalc.questions.sweep.values import Values, read_values, too_many
from cnncalc.spec.expressions import ExpressionError, evaluate
from cnncalc.spec.expressions import Value as Number
from cnncalc.spec.fields import WORDS
from cnncalc.text import Shape, say

LARGEST = 2**53


class Axis(NamedTuple):
    """Names that change together, and for each step their values."""

    names: tuple[str, ...]
    steps: tuple[tuple[Number | Shape, ...], ...]


class Plan(NamedTuple):
    """The axes; the last one changes fastest."""

    axes: tuple[Axis, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names that vary, in the order they were given."""
        return tuple(name for axis in self.axes for name in axis.names)

    @property
    def size(self) -> int:
        """How many combinations there are."""
        return prod(len(axis.steps) for axis in self.axes)

    def combination(self, index: int) -> dict[str, Number | Shape]:
        """Return the values of one combination: numbers, words and expressions as texts, and the input's shape."""
        picked: list[tuple[Number | Shape, ...]] = []
        for axis in reversed(self.axes):
            index, step = divmod(index, len(axis.steps))
            picked.append(axis.steps[step])
        return {
            name: value
            for axis, values in zip(self.axes, reversed(picked), strict=True)
            for name, value in zip(axis.names, values, strict=True)
        }


def make_plan(given: Sequence[str], together: Sequence[str], known: Sequence[str], input_axes: int, limit: int) -> Plan:
    """Return the plan of `NAME=VALUES` texts.

    `together`: names, with commas between, that change together instead of being combined. `known`: the spec's vars.
    `input_axes`: how many sizes the spec's own input has; `3x160` is 3x160x160 for an input of three. Raises
    CnncalcError: E730 to E732, and TooMany for more than `limit` combinations.
    """
    if not given:
        raise _refused(say("nothing varies"), say("add --set NAME=VALUES, such as --set width=16:64:16"))
    read: dict[str, Values] = {}
    for text in given:
        values = read_values(text, limit)
        if values.name in read:
            raise values.wrong(say("{name} is given twice", name=values.name), say("put all values into one --set"))
        if values.name not in (*known, INPUT):
            raise values.wrong(say("the spec has no var {name}", name=values.name), _near(values.name, known))
        read[values.name] = values
    steps = {name: tuple(_value(values, text, input_axes) for text in values.texts) for name, values in read.items()}
    axes = [
        Axis(names, tuple(zip(*(steps[name] for name in names), strict=True))) for names in _grouped(read, together)
    ]
    plan = Plan(tuple(axes))
    if plan.size > limit:
        raise too_many(limit)
    return plan


def _near(name: str, known: Sequence[str]) -> str:
    near = did_you_mean(name, (*known, INPUT))
    if near:
        return say("did you mean {name}?", name=near)
    if known:
        return say("its vars are {names}; input is varied too", names=", ".join(known))
    return say("it has no vars; add vars: to the spec, or vary its input")


def _grouped(read: Mapping[str, Values], together: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the names by axis; an axis stands where its first name was given. Raises CnncalcError (E732)."""
    groups = [tuple(name.strip() for name in text.split(",")) for text in together]
    named = [name for group in groups for name in group]
    for group in groups:
        for name in group:
            if name not in read:
                help = say("add --set {name}=VALUES", name=name)
                raise _refused(say("--together names {name}, which is not varied", name=name or '""'), help)
            if named.count(name) > 1:
                raise _refused(say("--together names {name} twice", name=name), say("name it once"))
        first, count = read[group[0]], len(read[group[0]].texts)
        for name in group[1:]:
            if len(read[name].texts) != count:
                message = say(
                    "{first} and {name} change together, and the number of their values is {count} and {other}",
                    first=first.name,
                    name=name,
                    count=count,
                    other=len(read[name].texts),
                )
                raise read[name].wrong(message, say("give both as many"), "E732")
    found: list[tuple[str, ...]] = []
    for name in read:
        group = next((group for group in groups if name in group), (name,))
        if group not in found:
            found.append(group)
    return found


def _refused(message: str, help: str) -> CnncalcError:
    return CnncalcError([Diagnostic("E732", message, help=help)])


def _value(values: Values, text: str, input_axes: int) -> Number | Shape:
    """Return a value; an expression that needs other names stays a text, and is judged in each combination."""
    if values.name == INPUT:
        return _shape(values, text, input_axes)
    if text in WORDS:
        return text
    try:
        return evaluate(text, {})
    except ExpressionError:
        return text


def _shape(values: Values, text: str, input_axes: int) -> Shape:
    sizes = tuple(map(int, re.split("[x×]", text))) if re.fullmatch(r"\d{1,16}(?:[x×]\d{1,16}){0,3}", text) else ()
    if not sizes or min(sizes) < 1 or max(sizes) > LARGEST:
        message = say("the input {text} is not a shape", text=text)
        raise values.wrong(message, say("write channels and sizes: --set input=3x{{160,192,224}}"))
    if len(sizes) == 2 and input_axes > 2:
        return (sizes[0], *(sizes[1],) * (input_axes - 1))
    return sizes
