"""One kernel sliding along one axis: which of its settings turn one size into another.

Convolution and pooling follow `Window.output_size`, a transposed convolution `Spread.output_size`: PyTorch's rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Literal, NamedTuple

from cnncalc.layers.geometry import Spread, Window
from cnncalc.questions.solve.ranges import Values

Kind = Literal["conv", "pool", "transposed"]


class Setting(NamedTuple):
    """A kernel in its place. `size` is what enters; `stride` 0 stands for the kernel, as PyTorch's pools have it."""

    size: int
    kernel: int
    dilation: int = 1
    stride: int = 1
    before: int = 0
    after: int = 0
    output_padding: int = 0

    @property
    def step(self) -> int:
        """The stride in force."""
        return self.stride or self.kernel

    @property
    def window(self) -> Window:
        """The same as geometry."""
        return Window(self.kernel, self.step, self.dilation, self.before, self.after)

    def put(self, name: str, value: int) -> Setting:
        """Return the setting with another value of an unknown."""
        if name == "padding":
            return self._replace(before=value, after=value)
        if name == "total_padding":
            return self._replace(before=value // 2, after=value - value // 2)
        return self._replace(**{FIELDS.get(name, name): value})


FIELDS = {"in": "size"}

NAMES = ("kernel", "dilation", "stride", "padding", "total_padding", "output_padding", "in")
"""What can be asked for. `padding` is one number for both sides; `total_padding` is shared out, its odd unit after."""

DEFAULT_RANGES: dict[str, range] = {
    "kernel": range(1, 12),
    "dilation": range(1, 9),
    "stride": range(1, 9),
    "padding": range(12),
    "total_padding": range(24),
    "output_padding": range(8),
    "in": range(1, 65_537),
}


class Question(NamedTuple):
    """What is asked of one axis. `target` is the size wanted, None where every size that comes out is an answer.

    `setting` holds what is given, `unknown` the values tried of what is not, in the order they were asked for.
    """

    kind: Kind
    ceil_mode: bool
    setting: Setting
    unknown: Mapping[str, Values]
    target: int | None


class Found(NamedTuple):
    """One way to set the unknowns, and the size it gives; 0 where the kernel does not fit.

    `values` are the unknowns but `in`; `sizes` the first and the last of the input sizes for which it is so.
    """

    values: dict[str, int]
    setting: Setting
    out: int
    sizes: tuple[int, int]


class AxisAnswer(NamedTuple):
    """All of an axis: what solves it, else the nearest misses. `refused` combinations are not allowed by PyTorch."""

    question: Question
    solutions: list[Found]
    misses: list[Found]
    tried: int
    refused: int


def output_size(question: Question, setting: Setting) -> int:
    """Return the size that comes out; 0 where the kernel does not fit its input."""
    if question.kind == "transposed":
        _, kernel, dilation, _, before, after, extra = setting
        return max(0, Spread(kernel, setting.step, dilation, before, after - extra).output_size(setting.size))
    return max(0, setting.window.output_size(setting.size, question.ceil_mode))


def allowed(question: Question, setting: Setting) -> bool:
    """Tell whether PyTorch takes the setting: a pool pads at most half its kernel, output_padding is below stride."""
    if question.kind == "pool":
        return max(setting.before, setting.after) <= setting.window.extent // 2
    if question.kind == "transposed":
        return setting.output_padding == 0 or setting.output_padding < max(setting.step, setting.dilation)
    return True


def solve_axis(question: Question) -> AxisAnswer:
    """Try every combination; input sizes, with which the output never shrinks, are found by bisection."""
    solutions: list[Found] = []
    others: dict[int, Found] = {}
    tried = refused = 0
    sizes = question.unknown.get("in")
    for values in combinations(question):
        setting = question.setting
        for name, value in values.items():
            setting = setting.put(name, value)
        if not allowed(question, setting):
            refused += 1
            continue
        tried += 1
        for found in _outcomes(question, setting, values, sizes):
            if found.out and question.target in (None, found.out):
                solutions.append(found)
            else:
                others.setdefault(found.out, found)
    misses = [] if solutions or question.target is None else _nearest(others, question.target)
    return AxisAnswer(question, solutions, misses, tried * len(sizes or (0,)), refused)


def combinations(question: Question) -> Iterator[dict[str, int]]:
    """Yield the values of the unknowns but `in`, the first name changing slowest."""
    names = [name for name in question.unknown if name != "in"]
    for values in product(*(question.unknown[name] for name in names)):
        yield {name: int(value) for name, value in zip(names, values, strict=True)}


def _outcomes(question: Question, setting: Setting, values: dict[str, int], sizes: Values | None) -> Iterator[Found]:
    """Yield what a combination gives: of varied input sizes those that solve it, and the nearest around them."""
    if sizes is None:
        yield Found(values, setting, output_size(question, setting), (setting.size, setting.size))
        return
    if question.target is None:
        for size in map(int, sizes):
            yield _at(question, setting, values, size)
        return
    target = question.target

    def out(index: int) -> int:
        return output_size(question, setting._replace(size=int(sizes[index])))

    first = first_index(len(sizes), lambda index: out(index) >= target)
    past = first_index(len(sizes), lambda index: out(index) > target)
    if first < past:
        low, high = int(sizes[first]), int(sizes[past - 1])
        yield Found(values, setting._replace(size=low), target, (low, high))
    for index in (first - 1, past):
        if 0 <= index < len(sizes):
            yield _at(question, setting, values, int(sizes[index]))


def _at(question: Question, setting: Setting, values: dict[str, int], size: int) -> Found:
    placed = setting._replace(size=size)
    return Found(values, placed, output_size(question, placed), (size, size))


def first_index(count: int, holds: Callable[[int], bool]) -> int:
    """Return the first of `count` indices for which a condition holds that holds for all after it, else `count`."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


MISSES_SHOWN = 2
"""So many sizes below the wanted one and so many above are told."""


def _nearest(others: Mapping[int, Found], target: int) -> list[Found]:
    """Return the outcomes nearest below and above, in ascending order of what they give."""
    below = sorted(out for out in others if out < target)[-MISSES_SHOWN:]
    above = sorted(out for out in others if out > target)[:MISSES_SHOWN]
    return [others[out] for out in (*below, *above)]
