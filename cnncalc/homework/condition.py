"""Questions with many right answers: whether an argument brings about what was asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from cnncalc.analysis.rebuild import rebuilt
from cnncalc.homework.assignment import Condition, Question
from cnncalc.homework.compare import means
from cnncalc.homework.diagnose import Diagnoser
from cnncalc.homework.marks import Diagnosis, Value
from cnncalc.homework.network import Network
from cnncalc.homework.notation import read_value
from cnncalc.homework.quantities import Asked
from cnncalc.layers.base import Layer, argument_fields


class Outcome(NamedTuple):
    """What a condition's quantity becomes: `value` is None where a layer does not fit its input any more."""

    condition: Condition
    value: Value | None
    holds: bool


def with_arguments(network: Network, values: Mapping[Asked, Value]) -> Network:
    """Return the network with these arguments of its layers. Raises ValueError for a value an argument cannot have."""
    layers: dict[str, Layer] = {}
    for asked, value in values.items():
        layer = layers.get(asked.place, network.nodes[asked.place].layer)
        layers[asked.place] = _with_argument(layer, asked.quantity, value)
    return Network(rebuilt(network.graph, layers=layers), network.counting, network.seed)


def _with_argument(layer: Layer, name: str, value: Value) -> Layer:
    from dataclasses import replace

    if any(size != int(size) for size in value):
        raise ValueError
    sizes = [int(size) for size in value]
    kind = argument_fields(type(layer))[name][0]
    changed = {name: kind.normalise(sizes[0] if len(set(sizes)) == 1 else sizes, layer.axes)}
    return replace(layer, **changed)


def other_arguments(network: Network, asked: Asked) -> Iterator[tuple[Value, Network]]:
    """Yield the other values that somebody might give an argument, and the network with each."""
    own = network.value(asked)
    for size in range(max(2 * int(own[0]), 16) + 1):
        value = (size,) * len(own)
        try:
            if value != own:
                yield value, with_arguments(network, {asked: value})
        except ValueError:
            continue


def seeming_right(network: Network, question: Question) -> dict[Value, tuple[Diagnosis, ...]]:
    """Return the wrong arguments that a mistake in working out the condition makes seem right, with the mistakes.

    A mistake that fits several arguments leaves the argument out, and so leads to none of them.
    """
    condition = question.such_that[0]
    found: dict[Value, list[Diagnosis]] = {}
    for argument, other in other_arguments(network, question.asked):
        if other.value_or_none(condition.asked) is not None and not outcomes(other, (condition,))[0].holds:
            made = Diagnoser(other).single(condition.asked)
            found[argument] = [one for value, told in made if _is(condition, value, other) for one in told()]
    fits = Counter(one.mistakes[0].name for ways in found.values() for one in ways)
    chosen = {value: tuple(one for one in ways if fits[one.mistakes[0].name] == 1) for value, ways in found.items()}
    return {value: ways for value, ways in chosen.items() if ways}


def outcomes(network: Network, conditions: tuple[Condition, ...]) -> list[Outcome]:
    """Return what becomes of each condition in `network`."""
    found: list[Outcome] = []
    for condition in conditions:
        value = network.value_or_none(condition.asked)
        found.append(Outcome(condition, value, value is not None and _is(condition, value, network)))
    return found


def _is(condition: Condition, value: Value, network: Network) -> bool:
    return means(_read(condition.text, condition.asked.about.kind), condition.asked, value, network.counting)


_read = lru_cache(maxsize=64)(read_value)
"""A condition is asked of many networks."""
