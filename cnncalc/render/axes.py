"""Axes: where values lie in a picture, round numbers along them, and how those are written."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, floor, log10
from typing import NamedTuple

from cnncalc.render.svg import Markup, label, line, text_width

_STEPS = (1, 2, 5, 10)
_POWERS = ("", "k", "M", "G", "T", "P", "E")
TICK_SIZE = 11.0


def si_text(value: float, digits: int = 3) -> str:
    """Write a count with an SI prefix and so many significant digits: 25557032 is `25.6M`, 4100 is `4.1k`.

    Counts below 1000 are whole as they are; zeros at the end of a fraction are left out.
    """
    for power, prefix in enumerate(_POWERS):
        scaled = value / 1000**power
        rounded = float(f"{scaled:.{digits}g}")
        if abs(rounded) < 1000 or power == len(_POWERS) - 1:
            return f"{rounded:,.10f}".rstrip("0").rstrip(".") + prefix
    raise AssertionError("the last prefix takes any value")


class Scale(NamedTuple):
    """Values from `low` to `high` laid along pixels from `start` to `end`, which may run upwards (`end` < `start`).

    With `log` each factor of ten is as long as any other, and `low` is above 0.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """Return the pixel of a value."""
        if self.high == self.low:
            return self.start
        if self.log:
            part = (log10(value) - log10(self.low)) / (log10(self.high) - log10(self.low))
        else:
            part = (value - self.low) / (self.high - self.low)
        return self.start + part * (self.end - self.start)

    def ticks(self, count: int = 6, *, whole: bool = False) -> list[float]:
        """Return about `count` round values from `low` to `high`, ascending; with `whole` integers only."""
        if self.log:
            return _log_ticks(self.low, self.high, count)
        return linear_ticks(self.low, self.high, count, whole=whole)


def linear_ticks(low: float, high: float, count: int = 6, *, whole: bool = False) -> list[float]:
    """Return the multiples of 1, 2 or 5 times a power of ten between two values, at most `count` + 1 of them."""
    span = high - low
    if span <= 0:
        return [low]
    power = 10.0 ** floor(log10(span / count))
    step = next(power * one for one in _STEPS if span / (power * one) <= count * (1 + 1e-9))
    if whole:
        step = max(1.0, step)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [float(f"{at * step:.12g}") for at in range(first, last + 1)]


def _log_ticks(low: float, high: float, count: int) -> list[float]:
    """Return powers of ten, with 2 and 5 times them where there are few."""
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        found = [10.0**power * factor for power in powers for factor in factors]
        inside = [value for value in found if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        if len(inside) <= count + 1 or factors == (1,):
            return inside[:: max(1, ceil(len(inside) / (count + 1)))]
    raise AssertionError("the last factors take any range")


def horizontal_axis(scale: Scale, top: float, bottom: float, title: str, count: int = 6) -> Iterator[Markup]:
    """Yield an axis along `bottom`: grid lines up to `top`, round numbers below, and what they count."""
    for value in scale.ticks(count):
        x = scale.at(value)
        yield line([(x, top), (x, bottom)], "cnn-grid")
        yield label(x, bottom + 16, si_text(value), anchor="middle", size=TICK_SIZE, class_="cnn-dim")
    yield line([(scale.start, bottom), (scale.end, bottom)], "cnn-line")
    yield label((scale.start + scale.end) / 2, bottom + 34, title, anchor="middle")


def vertical_axis(scale: Scale, left: float, right: float, title: str, count: int = 6) -> Iterator[Markup]:
    """Yield an axis along `left`: grid lines to `right`, round numbers beside it, and what they count, above."""
    ticks = scale.ticks(count)
    for value in ticks:
        y = scale.at(value)
        yield line([(left, y), (right, y)], "cnn-grid")
        yield label(left - 6, y + 4, si_text(value), anchor="end", size=TICK_SIZE, class_="cnn-dim")
    yield line([(left, scale.start), (left, scale.end)], "cnn-line")
    wide = max((text_width(si_text(value), TICK_SIZE) for value in ticks), default=0.0)
    yield label(left - 6 - wide, min(scale.start, scale.end) - 12, title)
