"""A lone window over a signal, an image or a volume: each axis by itself, and what solves all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cnncalc.diagnostics import did_you_mean
from cnncalc.layers.base import Rule
from cnncalc.layers.transposed import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from cnncalc.layers.windowed import AXIS_NAMES, size_rules
from cnncalc.questions.solve.proof import LEAST, Proof, prove
from cnncalc.questions.solve.ranges import MOST_COMBINATIONS, Values, combination_count, refuse_too_many, refused
from cnncalc.questions.solve.window import (
    DEFAULT_RANGES,
    NAMES,
    AxisAnswer,
    Found,
    Kind,
    Question,
    Setting,
    solve_axis,
)
from cnncalc.text import say

Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


class WindowQuestion(NamedTuple):
    """What is given of a window; None where it is not. One number stands for all axes, `padding` is (before, after).

    `stride` None is 1, or the kernel for a pool. What is neither given nor in `vary` and has no default is asked.
    """

    size: Sizes | None = None
    out: Sizes | None = None
    kernel: Sizes | None = None
    stride: Sizes | None = None
    dilation: Sizes | None = None
    padding: Pairs | None = None
    output_padding: Sizes | None = None
    kind: Kind = "conv"
    ceil_mode: bool = False

    @property
    def given(self) -> dict[str, tuple[object, ...]]:
        """What is given, by the name that asks for it."""
        fields = {
            "in": self.size,
            "kernel": self.kernel,
            "dilation": self.dilation,
            "stride": self.stride,
            "padding": self.padding,
            "output_padding": self.output_padding,
            "out": self.out,
        }
        return {name: value for name, value in fields.items() if value is not None}

    @property
    def axes(self) -> int:
        """How many axes the longest of the numbers has."""
        return max((len(value) for value in self.given.values()), default=1)


class Together(NamedTuple):
    """Settings that solve every axis at once: the shared values, what each axis makes of them, and the size rules."""

    values: dict[str, int]
    axes: tuple[Found, ...]
    rules: list[Rule]


class WindowAnswer(NamedTuple):
    """The answer. `axes` has one entry where all axes ask the same; `together` is empty where none solves all.

    `names` are the axes', `proofs` stand beside the axes, None where an axis is solved.
    """

    question: WindowQuestion
    ranges: dict[str, Values]
    names: tuple[str, ...]
    axes: tuple[AxisAnswer, ...]
    proofs: tuple[Proof | None, ...]
    together: tuple[Together, ...]

    @property
    def solved(self) -> bool:
        """Whether every axis has a solution, shared or its own."""
        return all(axis.solutions for axis in self.axes)


def solve_window(
    question: WindowQuestion,
    vary: Mapping[str, Values | None] | None = None,
    *,
    max_combinations: int = MOST_COMBINATIONS,
) -> WindowAnswer:
    """Return every way to set what is asked, smallest first in the order of `vary`, or why there is none.

    `vary`: {name of NAMES: its values, None for DEFAULT_RANGES}. Raises CnncalcError: E720 for a question that makes no
    sense, E472 where there are more combinations than `max_combinations`.
    """
    if not 1 <= question.axes <= 3:
        raise refused(say("a window has at most 3 axes, and {count} are given", count=question.axes))
    _check_kind(question)
    ranges = _ranges(question, dict(vary or {}))
    kept = {name: values for name, values in ranges.items() if name != "in" or question.out is None}
    refuse_too_many(combination_count(kept), max_combinations)
    questions = [_on_axis(question, ranges, axis) for axis in range(question.axes)]
    solved: dict[tuple[Setting, int | None], AxisAnswer] = {}
    for one in questions:
        if (one.setting, one.target) not in solved:
            solved[one.setting, one.target] = solve_axis(one)
    answers = tuple(solved[one.setting, one.target] for one in questions)
    shown = answers[:1] if len(solved) == 1 else answers
    proofs = tuple(None if one.solutions else prove(one.question) for one in shown)
    return WindowAnswer(question, ranges, AXIS_NAMES[question.axes], shown, proofs, _together(answers))


def _check_kind(question: WindowQuestion) -> None:
    """Refuse arguments that PyTorch's layer of the kind does not have."""
    if question.ceil_mode and question.kind != "pool":
        raise refused(say("only pools have ceil_mode"), say("add --pool"))
    if question.output_padding is not None and question.kind != "transposed":
        raise refused(say("only transposed convolutions have output_padding"), say("add --transposed"))
    if question.kind == "transposed" and any(before != after for before, after in question.padding or ()):
        raise refused(
            say("the padding of a transposed convolution is the same on both sides"),
            say("output_padding makes the output larger at its end"),
        )


def _ranges(question: WindowQuestion, vary: dict[str, Values | None]) -> dict[str, Values]:
    """Return the values of each unknown: what is varied, then what is neither given nor has a default."""
    given = question.given
    for name in vary:
        if name not in NAMES:
            near = did_you_mean(name, NAMES)
            help = say("did you mean {name}?", name=near) if near else say("there are {names}", names=", ".join(NAMES))
            raise refused(say("a window has no {name} to vary", name=name), help)
        if name in given or (name == "total_padding" and "padding" in given):
            raise refused(say("{name} is given, and cannot be varied too", name=name), say("leave one of them out"))
    if {"padding", "total_padding"} <= set(vary):
        raise refused(say("padding and total_padding are the same thing"), say("leave one of them out"))
    if "output_padding" in vary and question.kind != "transposed":
        raise refused(say("only transposed convolutions have output_padding"), say("add --transposed"))
    if "total_padding" in vary and question.kind == "transposed":
        raise refused(
            say("the padding of a transposed convolution is the same on both sides"),
            say("write --vary padding"),
        )
    for name in ("kernel", "in"):
        if name not in given:
            vary.setdefault(name, None)
    found: dict[str, Values] = {}
    for name, values in vary.items():
        found[name] = DEFAULT_RANGES[name] if values is None else values
        if not all(isinstance(one, int) and one >= LEAST[name] for one in (found[name][0], *found[name])):
            raise refused(
                say("{name} takes whole numbers of {least} or more", name=name, least=LEAST[name]),
                say("write {name}=1:8, {name}=12:48:4 or {name}={{1,3,5}}", name=name),
            )
    return found


def _on_axis(question: WindowQuestion, ranges: Mapping[str, Values], axis: int) -> Question:
    """Return what is asked of one axis."""

    def of(values: Sequence[int] | None, default: int) -> int:
        return default if values is None else values[min(axis, len(values) - 1)]

    for name, value in question.given.items():
        if len(value) not in (1, question.axes):
            raise refused(
                say(
                    "{name} has {count} sizes, and others have {axes}", name=name, count=len(value), axes=question.axes
                ),
                say("write one number for all axes, or one an axis"),
            )
    before, after = (0, 0) if question.padding is None else question.padding[min(axis, len(question.padding) - 1)]
    setting = Setting(
        size=of(question.size, 1),
        kernel=of(question.kernel, 1),
        dilation=of(question.dilation, 1),
        stride=of(question.stride, 0 if question.kind == "pool" else 1),
        before=before,
        after=after,
        output_padding=of(question.output_padding, 0),
    )
    target = None if question.out is None else of(question.out, 1)
    return Question(question.kind, question.ceil_mode, setting, ranges, target)


def _together(answers: Sequence[AxisAnswer]) -> tuple[Together, ...]:
    """Return the settings that solve every axis, in order."""
    by_values = [_by_values(answer) for answer in answers]
    found: list[Together] = []
    for solution in answers[0].solutions:
        key = _key(solution, answers[0].question)
        if all(key in one for one in by_values):
            axes = tuple(one[key] for one in by_values)
            found.append(Together(solution.values, axes, rules(answers[0].question, axes)))
    return tuple(found)


def _key(found: Found, question: Question) -> tuple[int, ...]:
    """Return what two axes must share: the values, and the size where every size that comes out is an answer."""
    return tuple(found.values.values()) + (() if question.target is not None else found.sizes)


def _by_values(answer: AxisAnswer) -> dict[tuple[int, ...], Found]:
    return {_key(found, answer.question): found for found in answer.solutions}


def rules(question: Question, axes: Sequence[Found]) -> list[Rule]:
    """Derive the size of each axis; axes with the same numbers are derived once."""
    sizes = tuple(found.setting.size for found in axes)
    outs = tuple(found.out for found in axes)
    if question.kind != "transposed":
        windows = tuple(found.setting.window for found in axes)
        return size_rules(sizes, windows, (1, *outs), ceil_mode=question.ceil_mode)
    layer_type = (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)[len(axes) - 1]
    settings = [found.setting for found in axes]
    layer = layer_type(
        out_channels=1,
        kernel_size=tuple(one.kernel for one in settings),
        stride=tuple(one.step for one in settings),
        dilation=tuple(one.dilation for one in settings),
        padding=tuple(one.before for one in settings),
        output_padding=tuple(one.output_padding for one in settings),
    )
    return layer.shape_rules([(1, *sizes)], (1, *outs))
