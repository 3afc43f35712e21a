"""Receptive fields, backward: exactly which input positions one chosen unit sees, clipped to the input.

Position sets are followed from the unit to the input, so that dilation, strides wider than the kernel, and padding of
every mode come out exactly, not as an interval that merely contains them. Where paths join, and where axes had been
laid end to end, what is seen is several boxes, which are followed one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import gcd, prod
from typing import NamedTuple

from cnncalc.graph import INPUT, Graph, Node
from cnncalc.layers.geometry import (
    Axis,
    Bins,
    Blocks,
    Everything,
    Reduced,
    Reindexed,
    Relation,
    Sampling,
    SizeOnly,
    Split,
    Spread,
    Whole,
    Window,
    Windows,
)
from cnncalc.text import Shape

Interval = tuple[int, int]
Positions = tuple[Interval, ...]
"""Sorted, disjoint, not touching intervals, both ends included."""

Need = tuple[Positions, ...]
"""A box of what is seen of one tensor: positions an axis, the channel axis first."""

Needs = tuple[Need, ...]
"""All that is seen of one tensor: boxes, which may overlap."""

MOST_POINTS = 200_000
"""Sets with gaps are followed point by point up to this size; larger ones are closed to an interval."""
MOST_BOXES = 32
"""What is seen of one tensor in more boxes is closed to one."""


class View(NamedTuple):
    """What a unit sees, by spatial axis of the input: the first and last position, None where there is none.

    `exact`: whether these are seen. Otherwise there was too much to follow, and what is seen lies within them.
    """

    ends: tuple[Interval | None, ...]
    exact: bool


def window(graph: Graph, name: str, position: Sequence[int]) -> tuple[Interval | None, ...]:
    """Return, for each spatial axis of the network's input, the first and last position that a unit of a node sees.

    `name` is the node's, `position` the unit's place: one index a spatial axis for a feature map, one index for a
    vector. None: it sees nothing but padding.
    """
    return view(graph, name, position).ends


def view(graph: Graph, name: str, position: Sequence[int]) -> View:
    """Return what `window` does, and whether it is exact."""
    shape = next(node.output_shape for node in graph.every_node() if node.name == name)
    point: Need = tuple(((index, index),) for index in position)
    return _followed(graph, {name: (point if len(shape) == 1 else (_all(shape[0]), *point),)})


def coverage(graph: Graph, name: str) -> tuple[Interval | None, ...]:
    """Return, for each spatial axis of the input, the first and last position that any unit of node `name` sees."""
    shape = next(node.output_shape for node in graph.every_node() if node.name == name)
    return _followed(graph, {name: (tuple(map(_all, shape)),)}).ends


def _followed(graph: Graph, needs: dict[str, Needs]) -> View:
    """Follow what is needed of some nodes back to the input."""
    exact = True
    for node in reversed(list(graph.every_node())):
        boxes = needs.get(node.name, ())
        if len(boxes) > MOST_BOXES:
            boxes, exact = (_closed(boxes),), False
        for box in boxes:
            _spread(node, box, needs)
    boxes = needs.get(INPUT)
    if boxes is None:
        return View((None,) * (len(graph.input_shape) - 1), exact)
    return View(tuple((axis[0][0], axis[-1][1]) for axis in _closed(boxes)[1:]), exact)


def _spread(node: Node, need: Need, needs: dict[str, Needs]) -> None:
    """Add what a box of the output of `node` needs of its inputs."""
    relations = node.layer.windows(node.input_shapes, node.output_shape)
    for name, shape, relation in zip(node.inputs, node.input_shapes, relations, strict=True):
        for wanted in _behind(relation, shape, need):
            if all(wanted):
                needs[name] = _with(wanted, needs.get(name, ()))


def _with(box: Need, boxes: Needs) -> Needs:
    """Return `boxes` and one more. What lies in another is left out, and what lies beside one is made one with it."""
    if not boxes or len(boxes) > MOST_BOXES:
        return (*boxes, box)
    if any(_inside(box, other) for other in boxes):
        return boxes
    apart = tuple(other for other in boxes if not _inside(other, box))
    for at, other in enumerate(apart):
        if sum(a != b for a, b in zip(box, other, strict=True)) == 1:
            return _with(tuple(map(_joined, box, other)), (*apart[:at], *apart[at + 1 :]))
    return (*apart, box)


def _inside(box: Need, other: Need) -> bool:
    return all(_joined(a, b) == b for a, b in zip(box, other, strict=True))


def _closed(boxes: Needs) -> Need:
    """Return one box around all."""
    if len(boxes) == 1:
        return boxes[0]
    return tuple(_merge(piece for positions in axis for piece in positions) for axis in zip(*boxes, strict=True))


def _behind(relation: Relation, shape: Shape, need: Need) -> Iterable[Need]:
    """Return what is needed of one input of `shape`, box by box."""
    if isinstance(relation, Reindexed):
        before, after = need[: relation.start], need[relation.start + 1 :]
        laid = _unravel(need[relation.start], shape[relation.start : relation.end + 1])
        return ((*before, *box, *after) for box in laid)
    if isinstance(relation, Split):
        end = relation.axis + len(relation.sizes)
        return ((*need[: relation.axis], _ravel(need[relation.axis : end], relation.sizes), *need[end:]),)
    return (_box_behind(relation, shape, need),)


def _box_behind(relation: Windows | Everything | Blocks | Reduced | SizeOnly, shape: Shape, need: Need) -> Need:
    """Return the box that is needed of one input of `shape`."""
    if isinstance(relation, Everything):
        return tuple(map(_all, shape))
    if isinstance(relation, SizeOnly):
        return ((),) * len(shape)
    if isinstance(relation, Blocks):
        size = relation.size
        return (_merge((first // size * size, last // size * size + size - 1) for first, last in need[0]),)
    if isinstance(relation, Reduced):
        kept = iter(need)
        return tuple(_all(size) if axis in relation.axes else next(kept) for axis, size in enumerate(shape))
    if len(shape) == 1:
        return (_axis(relation.axes[0] if relation.axes else Window(), need[0], shape[0], relation.mode),)
    axes = zip(relation.axes, need[1:], shape[1:], strict=True)
    return (_all(shape[0]), *(_axis(axis, positions, size, relation.mode) for axis, positions, size in axes))


def _axis(axis: Axis, positions: Positions, size: int, mode: str) -> Positions:
    if isinstance(axis, Window) and len(positions) == 1:
        ((first, last),) = positions
        if axis.dilation == 1 and (axis.stride <= axis.kernel or first == last):  # all without gaps: most layers
            start, end = first * axis.stride - axis.before, last * axis.stride - axis.before + axis.kernel - 1
            if mode == "zeros" or (start >= 0 and end < size):
                return ((max(0, start), min(size - 1, end)),) if start < size and end >= 0 else ()
    if isinstance(axis, Whole):
        return _all(size)
    if isinstance(axis, Bins):
        return _merge((axis.bounds(first)[0], axis.bounds(last)[1]) for first, last in positions)
    if isinstance(axis, Spread):
        reached = (piece for first, last in positions for piece in _reached(axis, first, last))
        return _merge((max(0, first), min(size - 1, last)) for first, last in reached if first < size and last >= 0)
    if isinstance(axis, Sampling):
        read = (piece for first, last in positions for piece in _read(axis, first, last))
        return _merge((min(max(0, first), size - 1), min(max(0, last), size - 1)) for first, last in read)
    return _merge(piece for met in _met(axis, positions) for piece in _folded(met, size, mode))


def _met(axis: Window, positions: Positions) -> Iterable[Interval]:
    """Yield the positions that windows meet, before padding is taken off."""
    for first, last in positions:
        start, end = first * axis.stride - axis.before, last * axis.stride - axis.before
        gapless = axis.dilation == 1 and (axis.stride <= axis.kernel or first == last)
        if gapless or (last - first + 1) * axis.kernel > MOST_POINTS:
            yield start, end + axis.extent - 1
            continue
        for at in range(start, end + 1, axis.stride):
            for tap in range(axis.kernel):
                yield at + tap * axis.dilation, at + tap * axis.dilation


def _reached(axis: Spread, first: int, last: int) -> Iterable[Interval]:
    """Yield the inputs that a transposed convolution adds to the outputs `first` to `last`."""
    points = (last - first + 1) * ((axis.kernel - 1) // (axis.stride // gcd(axis.stride, axis.dilation)) + 1)
    if axis.dilation == 1 or points > MOST_POINTS:
        seen = axis.seen(first, last)
        if seen[0] <= seen[1]:
            yield seen
        return
    for output in range(first, last + 1):
        for at in axis.sees(output):
            yield at, at


def _read(axis: Sampling, first: int, last: int) -> Iterable[Interval]:
    """Yield the positions that the outputs `first` to `last` of an upsampling are read from."""
    if axis.step <= axis.parts or last - first >= MOST_POINTS:  # the place moves on by at most one position
        # one that lies on a position sees that alone, so that its neighbour may see further
        seen = [axis.sees(output) for output in (first, min(first + 1, last), max(first, last - 1), last)]
        yield min(one[0] for one in seen), max(one[-1] for one in seen)
        return
    for output in range(first, last + 1):
        seen = axis.sees(output)
        yield seen[0], seen[-1]


def _folded(met: Interval, size: int, mode: str) -> Iterable[Interval]:
    """Yield what an interval that reaches into the padding sees of the input."""
    first, last = met
    if first <= size - 1 and last >= 0:
        yield max(0, first), min(size - 1, last)
    if mode == "zeros":
        return
    if first < 0:
        below, above = -first, max(1, -last)
        yield {"replicate": (0, 0), "reflect": (above, below), "circular": (size - below, size - above)}[mode]
    if last >= size:
        below, above = max(0, first - size), last - size
        yield {
            "replicate": (size - 1, size - 1),
            "reflect": (size - 2 - above, size - 2 - below),
            "circular": (below, above),
        }[mode]


def _unravel(positions: Positions, shape: Shape) -> Iterable[Need]:
    """Yield boxes of the elements given by their row-major index: those of each interval lie in 2 boxes an axis."""
    for first, last in positions:
        yield from _laid_out(first, last, shape)


def _laid_out(first: int, last: int, shape: Shape) -> Iterable[Need]:
    """Yield the boxes of one interval: the end of a row, whole rows, the start of a row."""
    if len(shape) == 1:
        yield (((first, last),),)
        return
    row = prod(shape[1:])
    (start, before), (end, after) = divmod(first, row), divmod(last + 1, row)
    if before and start < end:
        yield from _rows(start, before, row - 1, shape)
        start, before = start + 1, 0
    if start < end:
        yield (((start, end - 1),), *map(_all, shape[1:]))
    if after > before or (after and start < end):
        yield from _rows(end, before if start == end else 0, after - 1, shape)


def _rows(row: int, first: int, last: int, shape: Shape) -> Iterable[Need]:
    """Yield the boxes of the elements `first` to `last` of one row."""
    for rest in _laid_out(first, last, shape[1:]):
        yield (((row, row),), *rest)


def _ravel(need: Need, sizes: Shape) -> Positions:
    """Return the row-major indices of the elements at these positions, axis by axis; many with gaps are closed."""
    laid, count = need[-1], sizes[-1]
    for positions, size in zip(reversed(need[:-1]), reversed(sizes[:-1]), strict=True):
        if laid == _all(count):
            laid = tuple((first * count, last * count + count - 1) for first, last in positions)
        elif sum(last - first + 1 for first, last in positions) * len(laid) > MOST_POINTS:
            laid = ((positions[0][0] * count + laid[0][0], positions[-1][1] * count + laid[-1][1]),)
        else:
            rows = (at for first, last in positions for at in range(first, last + 1))
            laid = _merge((at * count + first, at * count + last) for at in rows for first, last in laid)
        count *= size
    return laid


def _all(size: int) -> Positions:
    return ((0, size - 1),)


def _joined(a: Positions, b: Positions) -> Positions:
    return a if a == b else _merge((*a, *b))


def _merge(intervals: Iterable[Interval]) -> Positions:
    merged: list[Interval] = []
    for first, last in sorted(intervals):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)
