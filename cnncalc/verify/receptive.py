"""Receptive fields stated beside receptive fields measured: which units are asked, and on inputs of which size."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from cnncalc.analysis.fields import Field, Fields, Pattern
from cnncalc.analysis.report import LayerFacts, Report
from cnncalc.analysis.window import window
from cnncalc.engine.probe import measure
from cnncalc.engine.resize import resized
from cnncalc.graph import Graph, Node
from cnncalc.layers.adaptive import BinPool
from cnncalc.layers.base import Layer
from cnncalc.layers.crop import CenterCrop
from cnncalc.layers.upsample import Upsample
from cnncalc.text import Shape
from cnncalc.verify.checks import Check, FieldProof, UnitProof

Interval = tuple[int, int] | None

MOST_PHASES_ASKED = 16
"""Of a field with more phases only those are asked that decide its numbers."""
MORE_PERIODS = (0, 2, 8)
"""How much further from the border units are looked for that no border clips."""


def prove_fields(report: Report) -> tuple[tuple[UnitProof, ...], tuple[FieldProof, ...]]:
    """Measure what chosen units see: of the last feature map its corners and middle, and the output."""
    graph = report.graph
    facts = report.layer_facts
    wanted: dict[str, list[tuple[str, Shape]]] = {}
    last_map = next((node for node in reversed(graph.nodes) if any(size > 1 for size in node.output_shape[1:])), None)
    if last_map is not None:
        sizes = last_map.output_shape[1:]
        middle = tuple(size // 2 for size in sizes)
        wanted[last_map.name] = [
            ("first", (0,) * len(sizes)),
            ("interior", middle),
            ("last", tuple(size - 1 for size in sizes)),
        ]
    output = graph.nodes[-1]
    told = facts[output.name].receptive
    whole, exact = told.fields, not told.bound
    covered = bool(whole) and not any(field.jump for field in whole)
    anywhere = _on_data(graph) if covered and (output is not last_map or (told.flat and exact)) else None
    if anywhere is not None:
        wanted[output.name] = [("any", anywhere)]
    measured = measure(graph, {name: [position for _, position in units] for name, units in wanted.items()})
    proofs = [
        UnitProof(
            name,
            unit,
            position,
            Check(
                "input seen",
                _ends(whole) if unit == "any" and exact else window(graph, name, position),
                seen,
            ),
        )
        for name, units in wanted.items()
        for (unit, position), seen in zip(units, measured[name], strict=True)
    ]
    sliding = [node for node in _sliding(graph) if _is_map(facts[node.name])]
    return tuple(proofs), tuple(_fields(report, sliding[-1].name)) if sliding else ()


def _is_map(facts: LayerFacts) -> bool:
    return not facts.receptive.flat and any(size > 1 for size in facts.node.output_shape[1:])


def _on_data(graph: Graph) -> Shape | None:
    """Return the first, the middle or the last unit of the output, the first of them that sees more than padding."""
    output = graph.nodes[-1]
    sizes = output.output_shape[1:] or output.output_shape
    tried = (tuple(0 for _ in sizes), tuple(size // 2 for size in sizes), tuple(size - 1 for size in sizes))
    return next((place for place in tried if None not in window(graph, output.name, place)), None)


def _ends(whole: Fields) -> tuple[Interval, ...]:
    """Return the first and last position of fields that are the same for every unit."""
    return tuple((field.start, field.start + field.size - 1) if field.size else None for field in whole)


def _fields(report: Report, name: str) -> Iterator[FieldProof]:
    """Measure size, jump and start on each axis, on an input lengthened along it until enough neighbours are unclipped.

    It grows by multiples of what the windows repeat after, which leaves every layer's windows where they were. An axis
    where all units see the same has no such numbers to measure.
    """
    graph = report.graph
    sizes = report.layer(name).node.output_shape[1:]
    for axis, field in enumerate(report.layer(name).receptive.fields):
        found = _units(graph, name, axis, field, sizes)
        if found is None:
            continue
        larger = found.graph
        seen = [windows[axis] for windows in measure(larger, {name: found.units})[name]]
        measured = _size_jump_start(seen, len(field.phases) or 1, found.periods)
        check = Check("receptive field (size, jump, start)", (field.size, field.jump, field.start), measured)
        yield FieldProof(name, axis, larger.input_shape[1 + axis], check)


class _Places(NamedTuple):
    """Units to ask in a network for a longer input, `periods` of the field's phases behind the first."""

    graph: Graph
    units: list[Shape]
    periods: int


def _units(graph: Graph, name: str, axis: int, field: Field, sizes: Shape) -> _Places | None:
    """Return the units nearest to the border that see all of `field`; where none do, those furthest from it.

    What an inner layer cuts off and pads again reaches further than the padding, and so do windows that meet mirrored
    padding. Far from the border nothing does, and all there is asked, so that a wrong field is found out.
    """
    found = None
    for more in MORE_PERIODS:
        tried = _places(graph, name, axis, field, sizes, more)
        found = tried or found
        if tried and all(window(tried.graph, name, one)[axis] == Pattern(field).at(one[axis]) for one in tried.units):
            break
    return found


def _places(graph: Graph, name: str, axis: int, field: Field, sizes: Shape, more: int) -> _Places | None:
    """Return units `more` periods behind those that reach before the input, which is lengthened along `axis` for them.

    None where there are none.
    """
    count = len(field.phases) or 1
    moved = field.jump * count
    if moved == 0 or moved.denominator != 1 or not field.repeats:
        return None
    step = int(moved)
    ends = [one for one in field.phases or ((field.start, field.start + field.size - 1),) if one]
    periods = max(0, -(min(ends)[0] // step)) + more
    end = max(last for _, last in ends) + 1 + (periods + 1 + more) * step
    own = graph.input_shape[1 + axis]
    length = own + max(0, -((own - end) // step)) * step
    shape = tuple(length if at == 1 + axis else size for at, size in enumerate(graph.input_shape))
    asked = [periods * count + unit for unit in _deciding(field, sizes[axis])]
    larger = resized(graph, name, shape)
    if larger is None or larger.nodes[-1].output_shape[1 + axis] <= asked[-1]:
        return None
    line = _line_on_data(larger, name, axis, asked[0])
    if line is None:
        return None
    return _Places(larger, [(*line[:axis], one, *line[axis + 1 :]) for one in asked], periods)


def _deciding(field: Field, units: int) -> list[int]:
    """Return the units of the first period to ask: the first that sees anything, and at the end the one a period on.

    Of a field with phases all between that there are in the map of `units`, or where these are many the largest.
    """
    count = len(field.phases) or 1
    sizes = [ends[1] - ends[0] + 1 if ends else 0 for ends in field.phases[:units]] or [field.size]
    first = next(unit for unit, size in enumerate(sizes) if size)
    between = range(first, len(sizes)) if len(sizes) <= MOST_PHASES_ASKED else [first, sizes.index(field.size)]
    return [*between, first + count]


def _line_on_data(graph: Graph, name: str, axis: int, unit: int) -> Shape | None:
    """Return a place at `unit` on `axis` whose window meets data on the other axes too, not padding alone."""
    sizes = graph.nodes[-1].output_shape[1:]
    tried = [(size // 2, 0, size - 1) if at != axis else (unit,) for at, size in enumerate(sizes)]
    return next((place for place in product(*tried) if None not in window(graph, name, place)), None)


def _sliding(graph: Graph) -> list[Node]:
    """Return the nodes that only windows lead to which are the same on a larger input."""
    changing: set[str] = set()
    for node in graph.nodes:
        if _changes_with_the_input(node.layer) or changing.intersection(node.inputs):
            changing.add(node.name)
    return [node for node in graph.nodes if node.name not in changing]


def _changes_with_the_input(layer: Layer) -> bool:
    """Whether its windows follow from the input's size: bins, places between two ends, what a fixed crop cuts off."""
    if isinstance(layer, Upsample):
        return layer.size is not None or layer.align_corners or layer.recompute_scale_factor
    return isinstance(layer, BinPool) or (isinstance(layer, CenterCrop) and layer.size is not None)


def _size_jump_start(seen: list[Interval], period: int, periods: int) -> tuple[int, int | Fraction, int] | None:
    """Return the largest size, the jump of a unit, and where the first unit's window would begin `periods` before.

    `seen`: by units of one period, and at the end by the one a period behind the first.
    """
    first, last = seen[0], seen[-1]
    if first is None or last is None:
        return None
    moved = last[0] - first[0]
    jump = Fraction(moved, period)
    size = max(ends[1] - ends[0] + 1 for ends in seen if ends is not None)
    return size, jump.numerator if jump.denominator == 1 else jump, first[0] - periods * moved
