"""Receptive fields stated beside receptive fields measured: which units are asked, and on inputs of which size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice, product
from math import prod
from typing import NamedTuple

from cnncalc.analysis.fields import Field, Fields, Pattern
from cnncalc.analysis.receptive import Receptive
from cnncalc.analysis.report import LayerFacts, Report
from cnncalc.analysis.window import view, window
from cnncalc.engine.probe import measure
from cnncalc.engine.resize import resized
from cnncalc.graph import Graph, Node
from cnncalc.layers.adaptive import BinPool
from cnncalc.layers.base import Layer
from cnncalc.layers.crop import CenterCrop
from cnncalc.layers.geometry import Axis, Relation, Sampling, Spread, Whole, Window, Windows
from cnncalc.layers.upsample import Upsample
from cnncalc.text import Shape
from cnncalc.verify.checks import Check, FieldProof, UnitProof

Interval = tuple[int, int] | None

MOST_PHASES_ASKED = 16
"""Of a field with more phases only those are asked that decide its numbers."""
MOST_LINES = 64
"""So many places on the other axes are tried for units that see all of a field."""
MOST_POSITIONS = 1_000_000
"""All axes are lengthened together for inputs of up to so many positions."""
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
        UnitProof(name, unit, position, _unit_check(graph, name, position, found, told if unit == "any" else None))
        for name, units in wanted.items()
        for (unit, position), found in zip(units, measured[name], strict=True)
    ]
    sliding = [node for node in _sliding(graph) if _is_map(facts[node.name])]
    return tuple(proofs), tuple(_fields(report, sliding[-1].name)) if sliding else ()


def _unit_check(graph: Graph, name: str, position: Shape, found: Sequence[Interval], told: Receptive | None) -> Check:
    """Compare what a unit was found to see with what is followed back from it, or with what is `told` of every unit.

    Where that is a bound only, what is found lies within it, and is what is followed back.
    """
    followed = view(graph, name, position)
    stated = followed.ends if told is None else _ends(told.fields)
    bound = not followed.exact or (told is not None and told.bound and followed.ends == tuple(found))
    return Check("input seen", stated, tuple(found), bound and all(map(_inside, found, stated)))


def _inside(found: Interval, stated: Interval) -> bool:
    return found is None or (stated is not None and stated[0] <= found[0] and found[1] <= stated[1])


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
    told = report.layer(name).receptive
    sizes = report.layer(name).node.output_shape[1:]
    for axis, field in enumerate(told.fields):
        found = _units(report.graph, name, axis, told.fields, sizes)
        if found is None:
            continue
        seen = [windows[axis] for windows in measure(found.graph, {name: found.units})[name]]
        measured = _size_jump_start(seen, len(field.phases) or 1, found.periods)
        within = told.bound and all(
            one == window(found.graph, name, unit)[axis] and _inside(one, Pattern(field).at(unit[axis]))
            for one, unit in zip(seen, found.units, strict=True)
        )
        check = Check("receptive field (size, jump, start)", (field.size, field.jump, field.start), measured, within)
        yield FieldProof(name, axis, found.graph.input_shape[1 + axis], check)


class _Places(NamedTuple):
    """Units to ask in a network for a longer input, `periods` of the field's phases behind the first.

    `clear`: whether they see all of the field.
    """

    graph: Graph
    units: list[Shape]
    periods: int
    clear: bool


def _units(graph: Graph, name: str, axis: int, fields: Fields, sizes: Shape) -> _Places | None:
    """Return the units nearest to the border that see all of the field; where none do, those furthest from it.

    What an inner layer cuts off and pads again reaches further than the padding, and so do windows that meet mirrored
    padding. Far from the border nothing does, and all there is asked, so that a wrong field is found out. Where the
    network's own map is too small on the other axes for a path to be seen, these are lengthened too.
    """
    found = tried = None
    for others in (False, True):
        for more in MORE_PERIODS:
            tried = _places(graph, name, axis, fields, sizes, more, others)
            if tried and tried.clear:
                return tried
        found = tried or found
    return found


def _places(
    graph: Graph, name: str, axis: int, fields: Fields, sizes: Shape, more: int, others: bool
) -> _Places | None:
    """Return units `more` periods behind those that reach before the input, which is lengthened along `axis` for them.

    With `others` it is lengthened along the other axes as well. None where there are none, or where the longer input
    makes other windows of the layers, such as a crop of more.
    """
    field = fields[axis]
    count = len(field.phases) or 1
    if not _measurable(field):
        return None
    lengths = list(graph.input_shape[1:])
    for at, along in enumerate(fields):
        if at == axis or (others and _measurable(along)):
            lengths[at] = _lengthened(lengths[at], along, more)
    if others and prod(lengths) > MOST_POSITIONS:
        return None
    periods = _clear_of_border(field, more)
    asked = [periods * count + unit for unit in _deciding(field, sizes[axis])]
    larger = resized(graph, name, (graph.input_shape[0], *lengths))
    if larger is None or larger.nodes[-1].output_shape[1 + axis] <= asked[-1] or not _same_windows(graph, larger):
        return None
    line, clear = _line(larger, name, axis, asked, Pattern(field))
    if line is None:
        return None
    return _Places(larger, [(*line[:axis], one, *line[axis + 1 :]) for one in asked], periods, clear)


def _measurable(field: Field) -> bool:
    """Whether units a period apart see the same, a whole number of positions apart."""
    return field.jump != 0 and field.repeats and (field.jump * (len(field.phases) or 1)).denominator == 1


def _clear_of_border(field: Field, more: int) -> int:
    """Return how many periods behind the first lies one whose units begin within the input, and `more`."""
    step = int(field.jump * (len(field.phases) or 1))
    return max(0, -(min(_phases(field))[0] // step)) + more


def _lengthened(own: int, field: Field, more: int) -> int:
    """Return a length, whole periods above an axis' `own`, that holds a period of units clear of its border."""
    step = int(field.jump * (len(field.phases) or 1))
    end = max(last for _, last in _phases(field)) + 1 + (_clear_of_border(field, more) + 1 + more) * step
    return own + max(0, -((own - end) // step)) * step


def _phases(field: Field) -> list[tuple[int, int]]:
    return [one for one in field.phases or ((field.start, field.start + field.size - 1),) if one]


def _same_windows(graph: Graph, larger: Graph) -> bool:
    """Whether the layers of `larger`, those of `graph` for a longer input, look at their inputs in the same way."""
    known = {node.name: node for node in graph.nodes}
    return all(
        list(map(_without_sizes, _relations(known[node.name]))) == list(map(_without_sizes, _relations(node)))
        for node in larger.nodes
    )


def _relations(node: Node) -> Sequence[Relation]:
    return node.layer.windows(node.input_shapes, node.output_shape)


def _without_sizes(relation: Relation) -> object:
    """Return a relation without what a longer input alone changes."""
    if not isinstance(relation, Windows):
        return relation
    return [(type(axis), _without_size(axis)) for axis in relation.axes]


def _without_size(axis: Axis) -> Axis:
    if isinstance(axis, Whole | Sampling):
        return axis._replace(size=0)
    return axis._replace(after=0) if isinstance(axis, Window | Spread) else axis


def _deciding(field: Field, units: int) -> list[int]:
    """Return the units of the first period to ask: the first that sees anything, and at the end the one a period on.

    Of a field with phases all between that there are in the map of `units`, or where these are many the largest.
    """
    count = len(field.phases) or 1
    sizes = [ends[1] - ends[0] + 1 if ends else 0 for ends in field.phases[:units]] or [field.size]
    first = next(unit for unit, size in enumerate(sizes) if size)
    between = range(first, len(sizes)) if len(sizes) <= MOST_PHASES_ASKED else [first, sizes.index(field.size)]
    return [*between, first + count]


def _line(graph: Graph, name: str, axis: int, asked: list[int], pattern: Pattern) -> tuple[Shape | None, bool]:
    """Return a place on the other axes at which all asked units see all that is stated, and True.

    Where there is none it is one whose first unit meets data, not padding alone, and False.
    """
    sizes = graph.nodes[-1].output_shape[1:]
    tried = [_tried(size) if at != axis else (asked[0],) for at, size in enumerate(sizes)]
    on_data = None
    for place in islice(product(*tried), MOST_LINES):
        first = window(graph, name, place)
        if None in first:
            continue
        on_data = on_data or place
        if first[axis] == pattern.at(asked[0]) and all(
            window(graph, name, (*place[:axis], unit, *place[axis + 1 :]))[axis] == pattern.at(unit)
            for unit in asked[1:]
        ):
            return place, True
    return on_data, False


def _tried(size: int) -> tuple[int, ...]:
    """Return places along an axis: the middle, both ends, and what follows the middle."""
    middle = size // 2
    return tuple(dict.fromkeys((middle, 0, size - 1, *range(middle + 1, min(size, middle + 6)))))


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
