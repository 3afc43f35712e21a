"""Receptive fields stated beside receptive fields measured: which units are asked, and on inputs of which size."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from cnncalc.analysis.receptive import Fields
from cnncalc.analysis.report import LayerFacts, Report
from cnncalc.analysis.window import window
from cnncalc.engine.probe import measure
from cnncalc.engine.resize import resized
from cnncalc.graph import Graph, Node
from cnncalc.layers.adaptive import BinPool
from cnncalc.text import Shape
from cnncalc.verify.checks import Check, FieldProof, UnitProof

Interval = tuple[int, int] | None


def prove_fields(report: Report) -> tuple[tuple[UnitProof, ...], tuple[FieldProof, ...]]:
    """Measure what chosen units see: of the last feature map its corners and middle, and the output."""
    graph = report.graph
    facts = report.layer_facts
    wanted: dict[str, list[tuple[str, Shape]]] = {}
    last_map = next((node for node in reversed(graph.nodes) if _is_map(facts[node.name])), None)
    if last_map is not None:
        sizes = last_map.output_shape[1:]
        middle = tuple(size // 2 for size in sizes)
        wanted[last_map.name] = [
            ("first", (0,) * len(sizes)),
            ("interior", middle),
            ("last", tuple(size - 1 for size in sizes)),
        ]
    output = graph.nodes[-1]
    whole = facts[output.name].receptive.fields
    sees_whole = output is not last_map and bool(whole) and all(field.jump == 0 for field in whole)
    if sees_whole:
        wanted[output.name] = [("any", (0,) * max(1, len(output.output_shape) - 1))]
    measured = measure(graph, {name: [position for _, position in units] for name, units in wanted.items()})
    proofs = [
        UnitProof(
            name,
            unit,
            position,
            Check(
                "input seen",
                _ends(whole) if name == output.name and sees_whole else window(graph, name, position),
                seen,
            ),
        )
        for name, units in wanted.items()
        for (unit, position), seen in zip(units, measured[name], strict=True)
    ]
    sliding = [node for node in _without_bins(graph) if _is_map(facts[node.name])]
    return tuple(proofs), tuple(_fields(report, sliding[-1].name)) if sliding else ()


def _is_map(facts: LayerFacts) -> bool:
    return not facts.receptive.flat and any(size > 1 for size in facts.node.output_shape[1:])


def _ends(whole: Fields) -> tuple[Interval, ...]:
    """Return the first and last position of fields that are the same for every unit."""
    return tuple((field.start, field.start + field.size - 1) if field.size else None for field in whole)


def _fields(report: Report, name: str) -> Iterator[FieldProof]:
    """Measure size, jump and start on each axis, on an input lengthened along it until two neighbours are unclipped.

    It grows by multiples of the jump, which leaves every layer's windows where they were. An axis where all units see
    the same has no such numbers to measure.
    """
    graph = report.graph
    for axis, field in enumerate(report.layer(name).receptive.fields):
        if not isinstance(field.jump, int) or field.jump == 0:
            continue
        unit = max(0, -(field.start // field.jump))
        end = field.start + (unit + 1) * field.jump + field.size
        own = graph.input_shape[1 + axis]
        length = own + max(0, -((own - end) // field.jump)) * field.jump
        shape = tuple(length if at == 1 + axis else size for at, size in enumerate(graph.input_shape))
        larger = resized(graph, name, shape)
        if larger is None or larger.nodes[-1].output_shape[1 + axis] < unit + 2:
            continue
        line = _line_on_data(larger, name, axis, unit)
        if line is None:
            continue
        places = [(*line[:axis], one, *line[axis + 1 :]) for one in (unit, unit + 1)]
        seen = [windows[axis] for windows in measure(larger, {name: places})[name]]
        measured = _size_jump_start(seen[0], seen[1], unit)
        check = Check("receptive field (size, jump, start)", (field.size, field.jump, field.start), measured)
        yield FieldProof(name, axis, length, check)


def _line_on_data(graph: Graph, name: str, axis: int, unit: int) -> Shape | None:
    """Return a place at `unit` on `axis` whose window meets data on the other axes too, not padding alone."""
    sizes = graph.nodes[-1].output_shape[1:]
    tried = [(size // 2, 0, size - 1) if at != axis else (unit,) for at, size in enumerate(sizes)]
    return next((place for place in product(*tried) if None not in window(graph, name, place)), None)


def _without_bins(graph: Graph) -> list[Node]:
    """Return the nodes that only sliding windows lead to: adaptive pooling's bins change with the size of the input."""
    binned: set[str] = set()
    for node in graph.nodes:
        if isinstance(node.layer, BinPool) or binned.intersection(node.inputs):
            binned.add(node.name)
    return [node for node in graph.nodes if node.name not in binned]


def _size_jump_start(seen: Interval, beside: Interval, unit: int) -> tuple[int, int, int] | None:
    if seen is None or beside is None:
        return None
    jump = beside[0] - seen[0]
    return seen[1] - seen[0] + 1, jump, seen[0] - unit * jump
