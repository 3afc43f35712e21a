"""Mistakes in computing one element of an output by hand."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from cnncalc.homework.mistakes.making import NONE, Change
from cnncalc.homework.workings.elements import Element, Window
from cnncalc.homework.workings.products import Fixed
from cnncalc.homework.workings.working import Changed, Mistake, Working
from cnncalc.text import later

OUTPUT = frozenset(("output",))


def _in_element(change: Callable[[Element], Element | None]) -> Change:
    def made(working: Working) -> tuple[Changed, ...]:
        changed = change(working) if isinstance(working, Element) else None
        return (Changed(changed),) if changed is not None and changed != working else NONE

    return made


def _kernels(change: Callable[[Window], tuple[float, ...]]) -> Change:
    """Make a change in each kernel of a convolution."""

    def in_windows(element: Element) -> Element | None:
        if not element.windows[0].kernel:
            return None
        return element._replace(windows=tuple(one._replace(kernel=change(one)) for one in element.windows))

    return _in_element(in_windows)


def _transposed(window: Window) -> tuple[float, ...]:
    if len(window.sides) != 2 or window.sides[0] != window.sides[1]:
        return window.kernel
    side = window.sides[0]
    return tuple(window.kernel[column * side + row] for row in range(side) for column in range(side))


def _first_channel(element: Element) -> Element | None:
    return element._replace(windows=element.windows[:1]) if len(element.windows) > 1 else None


def _bias_forgotten(element: Element) -> Element | None:
    return element._replace(bias=None) if element.bias is not None else None


def _bias_per_channel(element: Element) -> Element | None:
    return element._replace(times=len(element.windows)) if element.bias is not None else None


def _rectified(element: Element) -> Element | None:
    return element._replace(rectified=True) if element.windows[0].kernel else None


def _not_rectified(element: Element) -> Element | None:
    return None if element.windows[0].kernel else element._replace(rectified=False)


def _mean_for_max(element: Element) -> Element | None:
    window = element.windows[0]
    return element._replace(rule="mean", divisor=prod(window.sides)) if element.rule == "max" else None


def _max_for_mean(element: Element) -> Element | None:
    return element._replace(rule="max", divisor=1) if element.rule == "mean" else None


def _sum_for_mean(element: Element) -> Element | None:
    return element._replace(divisor=1) if element.rule == "mean" else None


def _divisor_of_data(element: Element) -> Element | None:
    return element._replace(divisor=sum(element.windows[0].inside)) if element.rule == "mean" else None


def _divisor_of_window(element: Element) -> Element | None:
    return element._replace(divisor=prod(element.windows[0].sides)) if element.rule == "mean" else None


def _padding_compared(element: Element) -> Element | None:
    return element._replace(padded=True) if element.rule == "max" else None


def _swapped(working: Working) -> tuple[Changed, ...]:
    if not isinstance(working, Element) or working.swapped is None:
        return NONE
    return (Changed(Fixed((working.swapped,))),)


ELEMENT_MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "kernel-flipped",
        later("the kernel is turned round, as in mathematical convolution; here it is laid on as it is"),
        OUTPUT,
        _kernels(lambda window: window.kernel[::-1]),
    ),
    Mistake(
        "kernel-transposed",
        later("rows and columns of the kernel are swapped"),
        OUTPUT,
        _kernels(_transposed),
    ),
    Mistake("element-bias-forgotten", later("the bias is not added"), OUTPUT, _in_element(_bias_forgotten)),
    Mistake(
        "element-bias-per-channel",
        later("the bias is added for each input channel; it is added once"),
        OUTPUT,
        _in_element(_bias_per_channel),
    ),
    Mistake(
        "first-channel-only",
        later("only the first input channel is counted; all are added up"),
        OUTPUT,
        _in_element(_first_channel),
    ),
    Mistake(
        "activation-applied",
        later("a ReLU is applied; the layer itself has none"),
        OUTPUT,
        _in_element(_rectified),
    ),
    Mistake(
        "activation-forgotten",
        later("the ReLU is not applied: the sum is given as it is"),
        OUTPUT,
        _in_element(_not_rectified),
    ),
    Mistake(
        "mean-for-largest",
        later("the mean of the window is taken; this pool takes the largest"),
        OUTPUT,
        _in_element(_mean_for_max),
    ),
    Mistake(
        "largest-for-mean",
        later("the largest of the window is taken; this pool takes the mean"),
        OUTPUT,
        _in_element(_max_for_mean),
    ),
    Mistake(
        "sum-for-mean",
        later("the window is added up, not divided"),
        OUTPUT,
        _in_element(_sum_for_mean),
    ),
    Mistake(
        "divisor-without-padding",
        later("the sum is divided by the elements that are data; here padding counts"),
        OUTPUT,
        _in_element(_divisor_of_data),
    ),
    Mistake(
        "divisor-with-padding",
        later("the sum is divided by the whole window; here it is divided otherwise at the border"),
        OUTPUT,
        _in_element(_divisor_of_window),
    ),
    Mistake(
        "padding-compared",
        later("the zeros of the padding are compared too; a max pool leaves them out"),
        OUTPUT,
        _in_element(_padding_compared),
    ),
    Mistake("row-column-swapped", later("this is the element with row and column swapped"), OUTPUT, _swapped),
)
