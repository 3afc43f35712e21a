"""Receptive fields, forward: how many input positions each unit sees, and where they lie.

Per axis, from r = 1, j = 1, P = 0: r += (k - 1) d j; P += p j; then j *= s (Araujo, Norris and Sim 2019, "Computing
receptive fields of convolutional neural networks"). Unit y sees input positions -P + y j to -P + y j + r - 1; positions
count from 0, those below 0 or past the end lie in padding. Where paths join, the union is taken. What a transposed
convolution, an upsampling and uneven bins make of it is followed unit by unit, see `fields`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cnncalc.analysis.fields import Field, Fields, centre, through, union
from cnncalc.analysis.window import coverage
from cnncalc.diagnostics import Diagnostic
from cnncalc.graph import INPUT, Graph, Node
from cnncalc.layers.geometry import Axis, Everything, Reduced, Reindexed, Seen, SizeOnly, Whole, Window, Windows
from cnncalc.text import Shape, later, say


class Receptive(NamedTuple):
    """The fields of one node, one a spatial axis of the network's input.

    `fields`: over all paths. `without_gate`: leaving out gates, which see the whole input (squeeze and excitation), and
    the statistics that an input is normalised by; this is what papers quote. `smallest`: the path that sees least.
    `sizes`: the node's own spatial sizes, or those of the map that was flattened into it (`flat`).
    """

    fields: Fields
    without_gate: Fields
    smallest: Fields
    sizes: Shape
    flat: bool


def receptive(graph: Graph) -> tuple[dict[str, Receptive], list[Diagnostic]]:
    """Return the receptive field of every node, heads included, and a warning for each join of unaligned paths."""
    sizes = graph.input_shape[1:]
    start = tuple(Field(1, 1, 0) for _ in sizes)
    found = {INPUT: Receptive(start, start, start, sizes, False)}
    warnings: list[Diagnostic] = []
    for node in graph.every_node():
        before = [found[name] for name in node.inputs]
        after = _node(node, before, sizes, warnings)
        found[node.name] = _extent(graph, node.name, after) if _becomes_whole(before, after) else after
    del found[INPUT]
    return found, warnings


def _becomes_whole(before: list[Receptive], after: Receptive) -> bool:
    """Whether every unit sees the same here, and did not before."""
    return any(
        field.jump == 0 and not all(one.fields[axis].jump == 0 for one in before)
        for axis, field in enumerate(after.fields)
    )


def _extent(graph: Graph, name: str, after: Receptive) -> Receptive:
    """Put what is really seen in place of what the forward rule gives where it is the same for every unit.

    The rule takes padding between layers for input, and so reaches further than any unit.
    """
    seen = coverage(graph, name)
    exact = tuple(
        field if field.jump else Field(0, 0, 0) if ends is None else Field(ends[1] - ends[0] + 1, 0, ends[0])
        for field, ends in zip(after.fields, seen, strict=True)
    )
    return after._replace(
        fields=exact,
        without_gate=exact if after.without_gate == after.fields else after.without_gate,
        smallest=exact if after.smallest == after.fields else after.smallest,
    )


def _node(node: Node, before: list[Receptive], limits: Shape, warnings: list[Diagnostic]) -> Receptive:
    relations = node.layer.windows(node.input_shapes, node.output_shape)
    read = [
        (one, relation) for one, relation in zip(before, relations, strict=True) if not isinstance(relation, SizeOnly)
    ]
    paths = [_step(one, relation, node, limits) for one, relation in read]
    if len(paths) == 1:
        return paths[0]
    apart = _apart([path.without_gate for path in paths if not _covers(path.without_gate)])
    if apart:
        template, values = apart
        message = say(template, name=node.name, values=", ".join(map(str, values)))
        warnings.append(Diagnostic("W510", message, node.span, say("check the padding and stride of its branches")))
    ungated = [path for path, (_, relation) in zip(paths, read, strict=True) if not _is_gate(relation)] or paths
    sizes = max((path.sizes for path in paths), key=lambda shape: (len(shape), shape))

    def joined(fields: Iterable[Fields]) -> Fields:
        found: list[Field] = []
        before_it: object = None
        for along in zip(_axes(fields), limits, sizes, strict=True):
            found.append(found[-1] if along == before_it else union(*along))
            before_it = along
        return tuple(found)

    return Receptive(
        joined(path.fields for path in paths),
        joined(path.without_gate for path in ungated),
        tuple(min(axis, key=lambda field: field.size) for axis in _axes(path.smallest for path in paths)),
        sizes,
        any(path.flat for path in paths),
    )


def _axes(paths: Iterable[Fields]) -> list[Fields]:
    """Turn fields by path and axis into fields by axis and path."""
    return list(zip(*paths, strict=True))


def _step(before: Receptive, relation: Seen, node: Node, limits: Shape) -> Receptive:
    """Follow one input through a node."""
    if isinstance(relation, Reindexed):
        flat = before.flat or len(node.output_shape) != len(before.sizes) + 1
        return before._replace(flat=flat) if flat else before
    if not before.fields:
        return before
    moves_features = len(node.output_shape) == 1  # in a vector: each still sees what it saw
    if isinstance(relation, Windows) and (moves_features or all(window == _IDENTITY for window in relation.axes)):
        return before
    if before.flat or isinstance(relation, Everything):
        axes: Sequence[Axis] = [Whole(size) for size in before.sizes]
    elif isinstance(relation, Reduced):
        axes = [Whole(size) if at in relation.axes else _IDENTITY for at, size in enumerate(before.sizes, 1)]
    else:
        axes = relation.axes

    flat = before.flat or len(node.output_shape) != len(before.sizes) + 1
    sizes = before.sizes if flat else node.output_shape[1:]

    def follow(fields: Fields) -> Fields:
        found: list[Field] = []
        before_it: object = None
        for along in zip(axes, fields, limits, sizes, strict=True):
            # axes that are alike share their field, and so are found to be alike at once by the next layer
            found.append(found[-1] if along == before_it else through(*along))
            before_it = along
        return tuple(found)

    fields = follow(before.fields)
    if isinstance(relation, Windows) and relation.statistics and not before.flat:
        return before._replace(fields=fields)
    return Receptive(
        fields,
        fields if before.without_gate is before.fields else follow(before.without_gate),
        fields if before.smallest is before.fields else follow(before.smallest),
        sizes,
        flat,
    )


_IDENTITY = Window()


def _covers(fields: Fields) -> bool:
    return any(field.jump == 0 for field in fields)


def _is_gate(relation: Seen) -> bool:
    return isinstance(relation, Windows) and any(isinstance(axis, Whole) for axis in relation.axes)


def _apart(paths: list[Fields]) -> tuple[str, Sequence[object]] | None:
    """Return how paths disagree, in jump or in where their windows are centred: a template, and the numbers."""
    for axis in zip(*paths, strict=True):
        jumps = sorted({field.jump for field in axis})
        if len(jumps) > 1:
            return later("{name}: paths are not aligned: jumps {values}"), jumps
        centres = sorted({centre(field) for field in axis})
        if len(centres) > 1:
            return later("{name}: paths are not aligned: centres {values}"), centres
    return None
