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
from cnncalc.analysis.window import coverage, window
from cnncalc.diagnostics import Diagnostic
from cnncalc.graph import INPUT, Graph, Node
from cnncalc.layers.geometry import (
    Axis,
    Blocks,
    Everything,
    Reduced,
    Reindexed,
    Seen,
    SizeOnly,
    Split,
    Whole,
    Window,
    Windows,
)
from cnncalc.text import Shape, later, say


class Receptive(NamedTuple):
    """The fields of one node, one a spatial axis of the network's input.

    `fields`: over all paths. `without_gate`: leaving out gates, which see the whole input (squeeze and excitation), and
    the statistics that an input is normalised by; this is what papers quote. `smallest`: the path that sees least.
    `places`: along which axis of the node's shape each axis of the input lies (0: the channels); `sizes`: how many
    units there are along it, or were before it was flattened into others. `flat`: whether the node has other axes than
    the input. `bound`: whether `fields` may be more than what a unit sees: where windows slid along axes laid end to
    end, or such were taken apart, and where a path on which all units see the same, but not all there is, met another.
    """

    fields: Fields
    without_gate: Fields
    smallest: Fields
    sizes: Shape
    places: tuple[int, ...]
    flat: bool = False
    bound: bool = False


def receptive(graph: Graph) -> tuple[dict[str, Receptive], list[Diagnostic]]:
    """Return the receptive field of every node, heads included, and a warning for each join of unaligned paths."""
    sizes = graph.input_shape[1:]
    start = tuple(Field(1, 1, 0) for _ in sizes)
    found = {INPUT: Receptive(start, start, start, sizes, tuple(range(1, len(sizes) + 1)))}
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

    The rule takes padding between layers for input, and so reaches further than any unit. Where a path that
    all share meets others, the first unit and the last may still see less than all together.
    """
    seen = coverage(graph, name)
    exact = tuple(
        field if field.jump else Field(0, 0, 0) if ends is None else Field(ends[1] - ends[0] + 1, 0, ends[0])
        for field, ends in zip(after.fields, seen, strict=True)
    )
    shape = next(node.output_shape for node in graph.every_node() if node.name == name)
    sizes = shape[1:] or shape
    corners = [window(graph, name, place) for place in ((0,) * len(sizes), tuple(size - 1 for size in sizes))]
    alike = all(
        corner[axis] == ends for corner in corners for axis, ends in enumerate(seen) if not after.fields[axis].jump
    )
    return after._replace(
        bound=after.bound or not alike,
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
    apart = _apart([path.without_gate for path in paths])
    if apart:
        template, values = apart
        message = say(template, name=node.name, values=", ".join(map(str, values)))
        help = say("check the padding and stride of its branches, and how an Upsample lays its positions")
        warnings.append(Diagnostic("W510", message, node.span, help))
    ungated = [path for path, (_, relation) in zip(paths, read, strict=True) if not _is_gate(relation)] or paths
    largest = max(paths, key=lambda path: path.sizes)

    def joined(fields: Iterable[Fields]) -> Fields:
        found: list[Field] = []
        before_it: object = None
        for along in zip(_axes(fields), limits, largest.sizes, strict=True):
            found.append(found[-1] if along == before_it else union(*along))
            before_it = along
        return tuple(found)

    return Receptive(
        joined(path.fields for path in paths),
        joined(path.without_gate for path in ungated),
        tuple(min(axis, key=lambda field: field.size) for axis in _axes(path.smallest for path in paths)),
        largest.sizes,
        largest.places,
        any(path.flat for path in paths),
        any(path.bound for path in paths)
        or any(map(_half_covered, _axes(path.fields for path in paths), limits))
        or _partly_blind([path.fields for path in ungated]),
    )


def _axes(paths: Iterable[Fields]) -> list[Fields]:
    """Turn fields by path and axis into fields by axis and path."""
    return list(zip(*paths, strict=True))


def _step(before: Receptive, relation: Seen, node: Node, limits: Shape) -> Receptive:
    """Follow one input through a node."""
    if not before.fields:
        return before
    if isinstance(relation, Windows) and (
        len(node.output_shape) == 1  # in a vector each feature still sees what it saw
        or all(window == _IDENTITY for window in relation.axes)
    ):
        return before
    output = node.output_shape
    places = tuple(_place(place, relation) for place in before.places)
    axes = [_looks(before, at, relation, place, output) for at, place in enumerate(places)]
    mixed = any(
        isinstance(axis, Whole) and size > 1 and before.fields[at].jump and _may_see_less(before, at, relation)
        for at, (axis, size) in enumerate(zip(axes, before.sizes, strict=True))
    )
    sizes = tuple(
        output[place] if isinstance(relation, Windows) and place and _alone(before, at) else size
        for at, (place, size) in enumerate(zip(places, before.sizes, strict=True))
    )

    def follow(fields: Fields) -> Fields:
        found: list[Field] = []
        before_it: object = None
        for along in zip(axes, fields, limits, sizes, strict=True):
            # axes that are alike share their field, and so are found to be alike at once by the next layer
            axis, field, *_ = along
            found.append(found[-1] if along == before_it else field if axis == _IDENTITY else through(*along))
            before_it = along
        return tuple(found)

    fields = follow(before.fields)
    parted = len(output) == 1 and isinstance(relation, Reindexed | Reduced) and 0 in before.places
    bound = before.bound or mixed or parted
    if isinstance(relation, Windows) and relation.statistics:
        return before._replace(fields=fields, bound=bound)
    return Receptive(
        fields,
        fields if before.without_gate is before.fields else follow(before.without_gate),
        fields if before.smallest is before.fields else follow(before.smallest),
        sizes,
        places,
        before.flat or len(output) != len(before.sizes) + 1,
        bound,
    )


_IDENTITY = Window()


def _place(place: int, relation: Seen) -> int:
    """Return which axis of the output an axis of the input becomes, or is laid into; of one that is gone 0."""
    if isinstance(relation, Reindexed):
        return place if place <= relation.start else max(relation.start, place - (relation.end - relation.start))
    if isinstance(relation, Split):
        return place if place <= relation.axis else place + len(relation.sizes) - 1
    if isinstance(relation, Reduced):
        return 0 if place in relation.axes else place - sum(one < place for one in relation.axes)
    return place


def _looks(before: Receptive, at: int, relation: Seen, place: int, output: Shape) -> Axis:
    """Return what a unit of `output` looks at along axis `at` of the input, which lies along its axis `place`."""
    whole, own = Whole(before.sizes[at]), before.places[at]
    if isinstance(relation, Everything | Blocks) or (isinstance(relation, Reduced) and own in relation.axes):
        return whole
    if place == 0:  # a unit is all channels of a position; in a vector each feature is one
        return whole if len(output) > 1 else _IDENTITY
    if isinstance(relation, Split) and own == relation.axis and len(relation.sizes) > 1:
        return whole  # which of its positions lie on which of the new axes is not followed
    if not isinstance(relation, Windows) or relation.axes[own - 1] == _IDENTITY:
        return _IDENTITY
    return relation.axes[own - 1] if _alone(before, at) else whole


def _may_see_less(before: Receptive, at: int, relation: Seen) -> bool:
    """Whether a unit that is taken to see all along axis `at` may see only some of it."""
    if isinstance(relation, Split):
        return True
    return isinstance(relation, Windows | Blocks) and not _alone(before, at)


def _alone(before: Receptive, at: int) -> bool:
    """Whether no other axis of the input that has several units lies along the same axis."""
    shared = zip(before.places, before.sizes, strict=True)
    return before.places[at] > 0 and all(
        other == at or place != before.places[at] or size == 1 for other, (place, size) in enumerate(shared)
    )


def _half_covered(along: Fields, limit: int) -> bool:
    """Whether a path on which all units see the same part of an axis meets one on which each sees its own."""
    return any(field.jump for field in along) and any(field.jump == 0 and field.size < limit for field in along)


def _partly_blind(paths: list[Fields]) -> bool:
    """Whether units may see nothing on one path and something on another.

    So do those between the inputs of a transposed convolution, and those in padding, which a longer input leaves behind
    unless paths drift apart or all units see the same.
    """
    if all(path == paths[0] for path in paths):
        return False
    if any(field.jump == 0 for path in paths for field in path):
        return True
    return len(paths[0]) > 1 and any(
        any(None in field.phases for field in along) or len({field.jump for field in along}) > 1
        for along in _axes(paths)
    )


def _is_gate(relation: Seen) -> bool:
    return isinstance(relation, Windows) and any(isinstance(axis, Whole) for axis in relation.axes)


def _apart(paths: list[Fields]) -> tuple[str, Sequence[object]] | None:
    """Return how paths disagree, in jump or in where their windows are centred: a template, and the numbers."""
    for along in zip(*paths, strict=True):
        axis = [field for field in along if field.jump]  # a gate has no place of its own
        jumps = sorted({field.jump for field in axis})
        if len(jumps) > 1:
            return later("{name}: paths are not aligned: jumps {values}"), jumps
        centres = sorted({centre(field) for field in axis})
        if len(centres) > 1:
            return later("{name}: paths are not aligned: centres {values}"), centres
    return None
