"""The Pareto front: the rows of which none is better in one number and as good in all others."""

from __future__ import annotations

from collections.abc import Sequence

Point = tuple[float, ...]
"""What is compared, the smaller the better: a quantity that should be large is given with a minus."""


def front(points: Sequence[Point]) -> set[int]:
    """Return the indices of the points that no other dominates: none is at most as large in all, and smaller in one.

    Points that are equal are all on the front. O(n log n) for two numbers; for more, n times the size of the front.
    """
    order = sorted(range(len(points)), key=points.__getitem__)
    if points and len(points[0]) <= 2:
        return _staircase(points, order)
    kept: list[Point] = []
    found: set[int] = set()
    for at in order:
        # In this order a point is dominated by an earlier one or by none.
        point = points[at]
        if kept and kept[-1] == point:
            found.add(at)
        elif not any(_at_most(other, point) for other in kept):
            kept.append(point)
            found.add(at)
    return found


def _at_most(a: Point, b: Point) -> bool:
    return all(one <= other for one, other in zip(a, b, strict=True))


def _staircase(points: Sequence[Point], order: Sequence[int]) -> set[int]:
    """Return the front of points of one or two numbers, in sorted order."""
    found: set[int] = set()
    last: Point | None = None
    for at in order:
        point = points[at]
        if last is None or point == last or (len(point) == 2 and point[1] < last[1]):
            found.add(at)
            last = point
    return found
