"""Receptive fields, forward: how many input positions each unit sees, and where they lie.

Per axis, from r = 1, j = 1, P = 0: r += (k - 1) d j; P += p j; then j *= s (Araujo, Norris and Sim 2019, "Computing
receptive fields of convolutional neural networks"). Unit y sees input positions -P + y j to -P + y j + r - 1; positions
count from 0, those below 0 or past the end lie in padding. Where paths join, the union is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import gcd
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.analysis.window import coverage
from cnncalc.diagnostics import Diagnostic
from cnncalc.graph import INPUT, Graph, Node
from cnncalc.layers.geometry import Bins, Everything, Reduced, Reindexed, Relation, Whole, Window, Windows
from cnncalc.text import Shape, later, say

if TYPE_CHECKING:
    from fractions import Fraction


class Field(NamedTuple):
    """What unit y sees on one axis: `size` positions from `start + y*jump` on. Jump 0: every unit sees the same."""

    size: int
    jump: int | Fraction
    start: int


Fields = tuple[Field, ...]


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
    paths = [_step(one, relation, node, limits) for one, relation in zip(before, relations, strict=True)]
    if len(paths) == 1:
        return paths[0]
    apart = _apart([path.without_gate for path in paths if not _covers(path.without_gate)])
    if apart:
        template, values = apart
        message = say(template, name=node.name, values=", ".join(map(str, values)))
        warnings.append(Diagnostic("W510", message, node.span, say("check the padding and stride of its branches")))
    ungated = [path for path, relation in zip(paths, relations, strict=True) if not _is_gate(relation)] or paths
    return Receptive(
        tuple(_union(axis, limit) for axis, limit in zip(_axes(path.fields for path in paths), limits, strict=True)),
        tuple(
            _union(axis, limit)
            for axis, limit in zip(_axes(path.without_gate for path in ungated), limits, strict=True)
        ),
        tuple(min(axis, key=lambda field: field.size) for axis in _axes(path.smallest for path in paths)),
        max((path.sizes for path in paths), key=lambda shape: (len(shape), shape)),
        any(path.flat for path in paths),
    )


def _axes(paths: Iterable[Fields]) -> list[Fields]:
    """Turn fields by path and axis into fields by axis and path."""
    return list(zip(*paths, strict=True))


def _step(before: Receptive, relation: Relation, node: Node, limits: Shape) -> Receptive:
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
        axes: Sequence[Window | Bins | Whole] = [Whole(size) for size in before.sizes]
    elif isinstance(relation, Reduced):
        axes = [Whole(size) if at in relation.axes else _IDENTITY for at, size in enumerate(before.sizes, 1)]
    else:
        axes = relation.axes

    def follow(fields: Fields) -> Fields:
        return tuple(_through(axis, field, limit) for axis, field, limit in zip(axes, fields, limits, strict=True))

    flat = before.flat or len(node.output_shape) != len(before.sizes) + 1
    fields = follow(before.fields)
    if isinstance(relation, Windows) and relation.statistics and not before.flat:
        return before._replace(fields=fields)
    return Receptive(
        fields,
        fields if before.without_gate is before.fields else follow(before.without_gate),
        fields if before.smallest is before.fields else follow(before.smallest),
        before.sizes if flat else node.output_shape[1:],
        flat,
    )


_IDENTITY = Window()


def _through(axis: Window | Bins | Whole, field: Field, limit: int) -> Field:
    """Return the field of a unit that looks at units with `field` through a window."""
    if isinstance(axis, Whole):
        return _hull(field, axis.size, limit)
    if isinstance(axis, Bins):
        widest = largest_bin(axis)
        return Field(
            field.size + _whole((widest - 1) * field.jump),
            _between_bins(field.jump, axis),
            field.start,
        )
    return Field(
        field.size + _whole((axis.kernel - 1) * axis.dilation * field.jump),
        field.jump * axis.stride,
        field.start - _whole(axis.before * field.jump),
    )


def largest_bin(bins: Bins) -> int:
    """Return how many positions the widest adaptive-pooling bin has."""
    quotient, rest = divmod(bins.size, bins.bins)
    if not rest:
        return quotient
    return quotient + (2 if rest > gcd(bins.size, bins.bins) else 1)


def _hull(field: Field, units: int, limit: int) -> Field:
    """Return what `units` neighbouring units see together, within the input."""
    first = max(0, field.start)
    last = min(limit - 1, field.start + _whole((units - 1) * field.jump) + field.size - 1)
    return Field(max(0, last - first + 1), 0, first)


def _union(fields: tuple[Field, ...], limit: int) -> Field:
    """Return the union of what paths see on one axis."""
    first = fields[0]
    if all(field == first for field in fields):
        return first
    covering = [field for field in fields if field.jump == 0]
    if covering:
        start = min(max(0, field.start) for field in fields)
        end = max(min(limit, field.start + field.size) for field in covering)
        return Field(limit - start if len(covering) < len(fields) else end - start, 0, start)
    if len({field.jump for field in fields}) > 1:
        return max(fields, key=lambda field: field.size)
    start = min(field.start for field in fields)
    return Field(max(field.start + field.size for field in fields) - start, first.jump, start)


def _covers(fields: Fields) -> bool:
    return any(field.jump == 0 for field in fields)


def _is_gate(relation: Relation) -> bool:
    return isinstance(relation, Windows) and any(isinstance(axis, Whole) for axis in relation.axes)


def _apart(paths: list[Fields]) -> tuple[str, Sequence[object]] | None:
    """Return how paths disagree, in jump or in where their windows are centred: a template, and the numbers."""
    for axis in zip(*paths, strict=True):
        jumps = sorted({field.jump for field in axis})
        if len(jumps) > 1:
            return later("{name}: paths are not aligned: jumps {values}"), jumps
        centres = sorted({field.start + (field.size - 1) / 2 for field in axis})
        if len(centres) > 1:
            return later("{name}: paths are not aligned: centres {values}"), centres
    return None


def _between_bins(jump: int | Fraction, bins: Bins) -> int | Fraction:
    """Return the mean distance between adaptive-pooling bins, which is a fraction where they are uneven."""
    from fractions import Fraction  # few networks have such bins, and its import takes longer than most analyses

    exact = jump * Fraction(bins.size, bins.bins)
    return exact.numerator if exact.denominator == 1 else exact


def _whole(value: int | Fraction) -> int:
    """Round a distance in input positions up; it is whole unless adaptive bins are uneven."""
    return -(-value.numerator // value.denominator)
