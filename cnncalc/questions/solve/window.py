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
        return self._replace(**_fields(name, value))


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
        return max(setting.before, setting.after) <= setting.window.kernel // 2
    if question.kind == "transposed":
        return setting.output_padding == 0 or setting.output_padding < max(setting.step, setting.dilation)
    return True


def solve_axis(question: Question) -> AxisAnswer:
    """Try every combination; input sizes, with which the output never shrinks, are found by bisection."""
    solutions: list[Found] = []
    others: dict[int, Found] = {}
    tried = refused = 0
    sizes = question.unknown.get("in")
    names = [name for name in question.unknown if name != "in"]
    for changes in product(*(_changes(name, question.unknown[name]) for name in names)):
        setting = question.setting
        for change in changes:
            setting = setting._replace(**change.fields)
        if not allowed(question, setting):
            refused += 1
            continue
        tried += 1
        for found_setting, out, span in _outcomes(question, setting, sizes):
            solves = out and question.target in (None, out)
            if solves or out not in others:
                values = {name: change.value for name, change in zip(names, changes, strict=True)}
                found = Found(values, found_setting, out, span)
                if solves:
                    solutions.append(found)
                else:
                    others[out] = found
    misses = [] if solutions or question.target is None else _nearest(others, question.target)
    return AxisAnswer(question, solutions, misses, tried * len(sizes or (0,)), refused)


class _Change(NamedTuple):
    """A value of an unknown, and the fields of a setting that it stands for."""

    value: int
    fields: dict[str, int]


def _changes(name: str, values: Values) -> list[_Change]:
    """Return the changes that the values of an unknown make."""
    return [_Change(int(value), _fields(name, int(value))) for value in values]


def _fields(name: str, value: int) -> dict[str, int]:
    if name == "padding":
        return {"before": value, "after": value}
    if name == "total_padding":
        return {"before": value // 2, "after": value - value // 2}
    return {FIELDS.get(name, name): value}


Outcome = tuple[Setting, int, tuple[int, int]]
"""A setting, the size it gives, and the first and last input size for which it does."""


def _outcomes(question: Question, setting: Setting, sizes: Values | None) -> Iterator[Outcome]:
    """Yield what a combination gives: of varied input sizes those that solve it, and the nearest around them."""
    if sizes is None:
        yield setting, output_size(question, setting), (setting.size, setting.size)
        return
    if question.target is None:
        for size in map(int, sizes):
            yield _at(question, setting, size)
        return
    target = question.target

    def out(index: int) -> int:
        return output_size(question, setting._replace(size=int(sizes[index])))

    first = first_index(len(sizes), lambda index: out(index) >= target)
    past = first_index(len(sizes), lambda index: out(index) > target)
    if first < past:
        low, high = int(sizes[first]), int(sizes[past - 1])
        yield setting._replace(size=low), target, (low, high)
    for index in (first - 1, past):
        if 0 <= index < len(sizes):
            yield _at(question, setting, int(sizes[index]))


def _at(question: Question, setting: Setting, size: int) -> Outcome:
    placed = setting._replace(size=size)
    return placed, output_size(question, placed), (size, size)


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
