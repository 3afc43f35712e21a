"""What the statements of a question tell, so that no sheet answers one of its own questions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, cast

from cnncalc.homework.assignment import Question
from cnncalc.homework.marks import Value
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import ARGUMENTS, Asked
from cnncalc.homework.quiz.describe import ACROSS, described, entering
from cnncalc.layers.base import argument_fields
from cnncalc.text import Shape

FILTERS = ("out_channels", "out_features")
"""What the shape of a layer's output says of its arguments."""

FIRST = {"receptive_field": "kernel_size", "jump": "stride"}
"""The argument of a layer that is the answer where no layer before it has a window."""


class Told(NamedTuple):
    """What is stated: shapes, arguments of layers, and all numbers that either holds."""

    shapes: frozenset[Shape] = frozenset()
    arguments: frozenset[Asked] = frozenset()
    numbers: frozenset[int] = frozenset()


def told_by(network: Network, question: Question, *, alone: bool) -> Told:
    """Return what `description` and the sentence that asks state. See `description` for `alone`."""
    shapes = {*entering(network.graph, question, alone=alone)}
    numbers: set[int] = set()
    for condition in question.such_that:
        value = tuple(map(int, network.value(condition.asked)))
        shapes.add(value)
        numbers.update(value)
    arguments = {*_arguments(network, question, alone=alone)}
    for node in described(network.graph, question, alone=alone):
        numbers.update(_whole(tuple(getattr(node.layer, name) for name in argument_fields(type(node.layer)))))
    for given in (*shapes, *(network.value_or_none(asked) or () for asked in arguments)):
        numbers.update(map(int, given))
    return Told(frozenset(shapes), frozenset(arguments), frozenset(numbers))


def _whole(value: object) -> Iterator[int]:
    """Yield each whole number of an argument, such as a Slice's end."""
    if isinstance(value, tuple):
        for one in cast(tuple[object, ...], value):
            yield from _whole(one)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield value


def _arguments(network: Network, question: Question, *, alone: bool) -> Iterator[Asked]:
    for node in described(network.graph, question, alone=alone):
        for name in ARGUMENTS:
            asked = Asked(node.name, name)
            hidden = question.such_that and asked == question.asked
            if hasattr(node.layer, name) and not hidden:
                yield asked


def tells(told: Told, network: Network, asked: Asked, answer: Value) -> bool:
    """Whether the answer to what is asked of the same network can be read off what is told.

    An argument is told by its name, or by the shape it gives; a field or jump by the first window. A shape or a count
    is told wherever the same one is stated, of whatever.
    """
    if asked.quantity in ARGUMENTS:
        by_shape = asked.quantity in FILTERS and network.nodes[asked.place].output_shape in told.shapes
        return asked in told.arguments or by_shape
    if asked.quantity in ACROSS:
        same = Asked(asked.place, FIRST[asked.quantity])
        return same in told.arguments and network.value_or_none(same) == answer
    if asked.about.kind == "shape":
        return tuple(map(int, answer)) in told.shapes
    return int(answer[0]) in told.numbers
