"""How many equal layers see so many pixels, and which kernels, strides or dilations do with a number of layers.

n layers of kernel k, stride s and dilation d see 1 + (k - 1) d (1 + s + ... + s^(n-1)) pixels: each adds (k - 1) d
times the distance between its inputs (Araujo, Norris and Sim 2019). No rule here depends on the input or on padding.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import NamedTuple

from cnncalc.diagnostics import did_you_mean
from cnncalc.layers.base import Rule
from cnncalc.questions.solve.ranges import MOST_COMBINATIONS, Values, combination_count, refuse_too_many, refused
from cnncalc.text import number, say

NAMES = ("layers", "kernel", "stride", "dilation")

DEFAULT_RANGES = {
    "layers": range(1, 1001),
    "kernel": range(1, 12),
    "stride": range(1, 5),
    "dilation": range(1, 9),
}


MOST_LAYERS = 10_000
"""With strides, what more layers see has thousands of digits."""


class Stack(NamedTuple):
    """So many equal layers, one after the other."""

    layers: int
    kernel: int
    stride: int = 1
    dilation: int = 1


class FieldQuestion(NamedTuple):
    """What is given; None where it is not. `target` is the fewest pixels to be seen."""

    target: int | None = None
    layers: int | None = None
    kernel: int | None = None
    stride: int | None = None
    dilation: int | None = None

    @property
    def given(self) -> dict[str, int]:
        """What is given of NAMES."""
        return {name: getattr(self, name) for name in NAMES if getattr(self, name) is not None}


class Seen(NamedTuple):
    """A stack, the values of the unknowns in it, what it sees, and the derivation."""

    values: dict[str, int]
    stack: Stack
    size: int
    rule: Rule


class FieldAnswer(NamedTuple):
    """The smallest stacks that see enough: none sees enough with one of its unknowns a step smaller.

    `misses`: the most that stacks see that fall short. `tried`: how many combinations were.
    """

    question: FieldQuestion
    ranges: dict[str, Values]
    solutions: list[Seen]
    misses: list[Seen]
    tried: int

    @property
    def solved(self) -> bool:
        """Whether one sees enough."""
        return bool(self.solutions)

    @property
    def one_pixel(self) -> bool:
        """Whether nothing tried sees more than one pixel: kernels of 1, however many."""
        return not self.solved and all(seen.size == 1 for seen in self.misses)


def field_size(stack: Stack) -> int:
    """Return how many pixels a unit of the last layer sees, along one axis."""
    layers, kernel, stride, dilation = stack
    jumps = layers if stride == 1 else (stride**layers - 1) // (stride - 1)
    return 1 + (kernel - 1) * dilation * jumps


def solve_field(
    question: FieldQuestion,
    vary: Mapping[str, Values | None] | None = None,
    *,
    max_combinations: int = MOST_COMBINATIONS,
) -> FieldAnswer:
    """Return the smallest stacks of layers that see `target` pixels, in the order of `vary`.

    What is neither given nor varied is asked for where it has no default: `layers` and `kernel`. Without a target every
    stack is an answer. Raises CnncalcError: E720 for a question that makes no sense, E472 for too many combinations.
    """
    ranges = _ranges(question, dict(vary or {}))
    refuse_too_many(combination_count(ranges), max_combinations)
    sizes: dict[tuple[int, ...], int] = {}
    for places in product(*(range(len(values)) for values in ranges.values())):
        sizes[places] = field_size(_stack(question, ranges, places))
    target = question.target
    if target is None:
        enough = list(sizes)
        best: list[tuple[int, ...]] = []
    else:
        enough = [places for places, size in sizes.items() if size >= target and _least(places, sizes, target)]
        best = sorted((places for places, size in sizes.items() if size < target), key=lambda one: -sizes[one])[:1]
    return FieldAnswer(
        question,
        ranges,
        [_seen(question, ranges, places) for places in enough],
        [_seen(question, ranges, places) for places in best],
        len(sizes),
    )


def _least(places: tuple[int, ...], sizes: Mapping[tuple[int, ...], int], target: int) -> bool:
    """Tell whether no unknown could be a step smaller."""
    smaller = ((*places[:at], place - 1, *places[at + 1 :]) for at, place in enumerate(places) if place)
    return all(sizes[one] < target for one in smaller)


def _stack(question: FieldQuestion, ranges: Mapping[str, Values], places: tuple[int, ...]) -> Stack:
    values = {name: int(values[place]) for (name, values), place in zip(ranges.items(), places, strict=True)}
    return Stack(**{**question.given, **values})


def _seen(question: FieldQuestion, ranges: Mapping[str, Values], places: tuple[int, ...]) -> Seen:
    stack = _stack(question, ranges, places)
    values = {name: int(values[place]) for (name, values), place in zip(ranges.items(), places, strict=True)}
    return Seen(values, stack, field_size(stack), rule(stack))


def rule(stack: Stack) -> Rule:
    """Derive what a stack sees."""
    layers, kernel, stride, dilation = stack
    start = f"1 + ({kernel} - 1)*{dilation}"
    if stride == 1:
        symbols, numbers = "1 + (kernel - 1) dilation layers", f"{start}*{layers}"
    else:
        symbols = "1 + (kernel - 1) dilation (stride^layers - 1)/(stride - 1)"
        numbers = f"{start}*({stride}**{layers} - 1)//({stride} - 1)"
    return Rule(say("RF"), symbols, numbers, field_size(stack))


def _ranges(question: FieldQuestion, vary: dict[str, Values | None]) -> dict[str, Values]:
    """Return the values of each unknown."""
    given = question.given
    for name in vary:
        if name not in NAMES:
            near = did_you_mean(name, NAMES)
            help = say("did you mean {name}?", name=near) if near else say("there are {names}", names=", ".join(NAMES))
            raise refused(say("a stack of layers has no {name} to vary", name=name), help)
        if name in given:
            raise refused(say("{name} is given, and cannot be varied too", name=name), say("leave one of them out"))
    for name in ("layers", "kernel"):
        if name not in given:
            vary.setdefault(name, None)
    found: dict[str, Values] = {}
    for name, values in vary.items():
        found[name] = DEFAULT_RANGES[name] if values is None else values
        if not all(isinstance(one, int) and one >= 1 for one in found[name]):
            raise refused(
                say("{name} takes whole numbers of {least} or more", name=name, least=1),
                say("write {name}=1:8, {name}=12:48:4 or {name}={{1,3,5}}", name=name),
            )
    most = max(map(int, found.get("layers", (question.layers or 1,))))
    if most > MOST_LAYERS:
        raise refused(say("at most {count} layers are tried", count=number(MOST_LAYERS)))
    return found
