"""What the units of a map see along one axis of the input, and what windows make of it.

Most often neighbouring units see equally much, a fixed distance apart. Behind a layer whose output is finer than its
input, and behind uneven bins of adaptive pooling, it depends on a unit's place, and repeats after some units: a field
then has phases. Behind a transposed convolution with stride 2, the even and the odd units are two phases.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import gcd, lcm
from typing import TYPE_CHECKING, NamedTuple

from cnncalc.layers.geometry import Axis, Bins, Sampling, Spread, Whole, Window

if TYPE_CHECKING:
    from fractions import Fraction

Ends = tuple[int, int] | None
"""First and last position of the input; None where there is none."""

MOST_PHASES = 4096
"""A map with more units and a pattern that only repeats after more is followed by the rule for plain windows, to
within a few positions."""


MOST_LOOKED_AT = 500_000
"""The same where each unit must look at so many others that all together are more than this."""


class Field(NamedTuple):
    """What unit y sees on one axis: `size` positions from `start + y*jump` on. Jump 0: every unit sees the same.

    With `phases`, unit y sees what `phases[y % len(phases)]` says, moved by the jumps of the units before these; `size`
    is then the largest there is in the map, and `start` is that of the first unit that sees anything. Where what units
    see does not repeat, or only after more units than are followed, `repeats` is false and the phases are those of all
    units of the map.
    """

    size: int
    jump: int | Fraction
    start: int
    phases: tuple[Ends, ...] = ()
    repeats: bool = True

    @property
    def smallest(self) -> int:
        """The size for the units that see least."""
        return min(map(_size, self.phases), default=self.size)


Fields = tuple[Field, ...]


def through(axis: Axis, field: Field, limit: int, count: int) -> Field:
    """Return the field of `count` units that look along `axis` at units with `field`. `limit`: the input's size."""
    if isinstance(axis, Whole):
        return _hull(field, axis.size, limit)
    if field.jump == 0:
        return field
    if isinstance(axis, Window) and not field.phases:
        return _beside(field, axis.kernel, axis.dilation, axis.stride, -axis.before)
    return _followed(axis, field, count)


def _beside(field: Field, kernel: int, dilation: int, stride: int | Fraction, first: int) -> Field:
    """Return the field behind a window whose first place is unit `first`, where all units see equally much."""
    return Field(
        field.size + _up((kernel - 1) * dilation * field.jump),
        _plain(field.jump * stride),
        field.start - _up(-first * field.jump),
    )


def _followed(axis: Window | Bins | Spread | Sampling, field: Field, count: int) -> Field:
    """Return the field behind any window, phase by phase."""
    outputs, inputs = axis.period
    pattern = Pattern(field)
    times = pattern.length // gcd(pattern.length, inputs)
    looked = 2 if pattern.ordered else min(span(axis), 2 * pattern.length)
    length = _followable(outputs * times if field.repeats else None, count, looked)
    if length is None:
        from fractions import Fraction

        first = axis.seen(0, 0)[0] if isinstance(axis, Spread) else axis.sees(0)[0]
        return _beside(field._replace(phases=(), repeats=True), span(axis), 1, Fraction(inputs, outputs), first)
    ends = [pattern.together(axis.sees(unit)) for unit in range(length)]
    return _field(ends, _parts(field.jump * inputs, outputs), count, field.repeats and length == outputs * times)


def _followable(period: int | None, count: int, looked: int) -> int | None:
    """Return how many units to follow, which look at so many others: a period, the map's `count`, or None: too many."""
    for length in (period, count):
        if length and length <= MOST_PHASES and length * looked <= MOST_LOOKED_AT:
            return length
    return None


def _field(ends: Sequence[Ends], jump: int | Fraction, count: int, repeats: bool) -> Field:
    """Return the field whose units see `ends`, `jump` positions apart on average."""
    starts = [one[0] for one in ends[:count] if one]
    if not starts:
        return Field(0, 0, 0)
    size = max(map(_size, ends[:count]))
    return Field(size, jump, starts[0], tuple(ends) if len(ends) > 1 else (), repeats or len(ends) == 1)


def span(axis: Window | Bins | Spread | Sampling) -> int:
    """Return how many neighbouring positions the output position spans that sees most."""
    if isinstance(axis, Window):
        return axis.extent
    if isinstance(axis, Bins):
        quotient, rest = divmod(axis.size, axis.bins)
        return quotient + ((2 if rest > gcd(axis.size, axis.bins) else 1) if rest else 0)
    if isinstance(axis, Sampling):
        outputs, _ = axis.period
        between = outputs > 1 or axis.shift % axis.parts
        return axis.lead + axis.trail + 1 if between else 1
    common = gcd(axis.stride, axis.dilation)
    return (axis.kernel - 1) * common // axis.stride * (axis.dilation // common) + 1


class Widest(NamedTuple):
    """The first unit of those that see most: which units of its input it looks at, and what it sees through them."""

    unit: int
    looks_at: range
    first: int
    last: int


def widest(axis: Window | Bins | Spread | Sampling, before: Field, after: Field) -> Widest | None:
    """Return the unit that decides the size of `after`, the field behind `axis`; None where none sees anything."""
    unit = next((at for at, ends in enumerate(after.phases) if _size(ends) == after.size), 0)
    looks_at = axis.sees(unit)
    ends = Pattern(before).together(looks_at)
    return Widest(unit, looks_at, *ends) if ends else None


class Pattern:
    """What each unit sees, one after the other, also beyond the map."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.length = len(field.phases) or field.jump.denominator
        self.step = int(field.jump * self.length)  # of a field that repeats
        self.ordered = not field.phases or self._never_back()

    def _never_back(self) -> bool:
        """Whether no unit's field begins or ends before that of the unit in front of it."""
        known = [one for one in self.field.phases if one]
        if len(known) < self.length:
            return False
        after = [(known[0][0] + self.step, known[0][1] + self.step)] if self.field.repeats else []
        return all(a[0] <= b[0] and a[1] <= b[1] for a, b in pairwise([*known, *after]))

    def at(self, unit: int) -> Ends:
        """Return what one unit sees."""
        if not self.field.phases:
            first = self.field.start + int(unit * self.field.jump // 1)
            return first, first + self.field.size - 1
        if self.field.repeats:
            periods, phase = divmod(unit, self.length)
            moved = periods * self.step
        else:  # beyond the map it goes on from the unit at its edge
            phase = min(max(0, unit), self.length - 1)
            moved = int((unit - phase) * self.field.jump // 1)
        ends = self.field.phases[phase]
        return ends and (ends[0] + moved, ends[1] + moved)

    def together(self, units: range) -> Ends:
        """Return the first and last position that any of these units sees."""
        # the same phase comes again, further on, after as many units as there are phases
        decisive = 1 if self.ordered else self.length
        looked = units[:decisive], units[-decisive:]
        return together(self.at(unit) for some in looked for unit in some)


def together(ends: Iterable[Ends]) -> Ends:
    """Return the first and last position of all."""
    known = [one for one in ends if one]
    return (min(first for first, _ in known), max(last for _, last in known)) if known else None


def _hull(field: Field, units: int, limit: int) -> Field:
    """Return what `units` neighbouring units see together, within the input."""
    ends = Pattern(field).together(range(units))
    if ends is None:
        return Field(0, 0, 0)
    first, last = max(0, ends[0]), min(limit - 1, ends[1])
    return Field(max(0, last - first + 1), 0, first)


def union(fields: Sequence[Field], limit: int, count: int) -> Field:
    """Return the union of what paths see on one axis, for each of `count` units."""
    first = fields[0]
    if all(field == first for field in fields):
        return first
    covering = [field for field in fields if field.jump == 0]
    if covering:
        start = min(max(0, field.start) for field in fields)
        end = max(min(limit, field.start + field.size) for field in covering)
        return Field(limit - start if len(covering) < len(fields) else end - start, 0, start)
    if all(field.jump == first.jump and not field.phases for field in fields):
        start = min(field.start for field in fields)
        return Field(max(field.start + field.size for field in fields) - start, first.jump, start)
    patterns = [Pattern(field) for field in fields]
    largest = max(patterns, key=lambda pattern: pattern.field.size)
    together_again = None  # paths that drift apart never come together again
    if all(field.repeats and field.jump == first.jump for field in fields):
        together_again = lcm(*(pattern.length for pattern in patterns))
    length = _followable(together_again, count, 1)
    if length is None:
        return largest.field
    ends = [together(pattern.at(unit) for pattern in patterns) for unit in range(length)]
    return _field(ends, largest.field.jump, count, length == together_again)


def centre(field: Field) -> float:
    """Return where unit 0 is centred; with phases where it would be, as the units are on average."""
    if not field.phases:
        return field.start + (field.size - 1) / 2
    from fractions import Fraction

    places = [
        Fraction(ends[0] + ends[1], 2) - unit * field.jump for unit, ends in enumerate(field.phases) if ends is not None
    ]
    return float(sum(places, Fraction(0)) / len(places))


def _size(ends: Ends) -> int:
    return ends[1] - ends[0] + 1 if ends else 0


def _parts(jump: int | Fraction, parts: int) -> int | Fraction:
    """Return one of so many equal parts of a jump."""
    if parts == 1:
        return _plain(jump)
    from fractions import Fraction  # few networks need it, and its import takes longer than most analyses

    return _plain(Fraction(jump) / parts)


def _plain(jump: int | Fraction) -> int | Fraction:
    """Return a fraction that is whole as an int."""
    return jump if isinstance(jump, int) or jump.denominator != 1 else jump.numerator


def _up(value: int | Fraction) -> int:
    """Round a distance in input positions up; it is whole unless a pattern was too long to follow."""
    return -(-value.numerator // value.denominator)
