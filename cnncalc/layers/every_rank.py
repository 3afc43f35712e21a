"""What layers share that take maps of any number of spatial axes: their input, arguments an axis, rules an axis."""

from __future__ import annotations

from typing import TypeVar

from cnncalc.layers.base import LayerError, Rule, Shapes, single
from cnncalc.text import Shape, say, shape_text

Number = TypeVar("Number", int, float)


def spatial(inputs: Shapes) -> Shape:
    """Return the one input shape, which must be a map of 1 to 3 spatial axes."""
    shape = single(inputs)
    if len(shape) < 2:
        raise LayerError(
            say("needs a feature map, and its input is {shape}", shape=shape_text(shape)),
            code="E303",
            help=say("a vector has no spatial axes; this layer belongs before Flatten"),
        )
    return shape


def different(rules: list[Rule]) -> list[Rule]:
    """Return rules without those whose numbers another has shown: axes that are alike are derived once."""
    return [rule for at, rule in enumerate(rules) if all(rule.numbers != before.numbers for before in rules[:at])]


def each_axis(given: tuple[Number, ...], shape: Shape, field: str) -> tuple[Number, ...]:
    """Return one entry for each spatial axis; a single one is for all."""
    axes = len(shape) - 1
    if len(given) not in (1, axes):
        raise LayerError(
            say(
                "{field} has {got} entries, and the input has {axes} spatial axes",
                field=field,
                got=len(given),
                axes=axes,
            ),
            field=field,
            code="E316",
        )
    return given * axes if len(given) == 1 else given
