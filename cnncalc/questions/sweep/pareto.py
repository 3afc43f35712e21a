"""The Pareto front: the rows of which none is better in one number and as good in all others."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

Point = tuple[float, ...]
"""What is compared, the smaller the better: a quantity that should be large is given with a minus."""


def front(points: Sequence[Point]) -> set[int]:
    """Return the indices of the points that no other dominates: none is at most as large in all, and smaller in one.

    Points that are equal are all on the front. O(n log n) for up to three numbers; for more, n times the size of the
    front.
    """
    order = sorted(range(len(points)), key=points.__getitem__)
    if points and len(points[0]) <= 3:
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
    """Return the front of points of up to three numbers, taken in the order of the first.

    What came before is as good in the first number, so that the stairs of the other two tell: the larger the second
    number, the smaller the third (Kung, Luccio and Preparata 1975, "On finding the maxima of a set of vectors").
    """
    seconds: list[float] = []
    thirds: list[float] = []
    found: set[int] = set()
    last: Point | None = None
    is_kept = False
    for at in order:
        if points[at] != last:
            last = points[at]
            _, second, third = (*last, 0, 0)[:3]
            place = bisect_right(seconds, second)
            is_kept = not (place and thirds[place - 1] <= third)
            if is_kept:
                start = end = bisect_left(seconds, second)
                while end < len(thirds) and thirds[end] >= third:
                    end += 1
                seconds[start:end], thirds[start:end] = [second], [third]
        if is_kept:
            found.add(at)
    return found
