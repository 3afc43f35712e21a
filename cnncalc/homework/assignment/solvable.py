"""Whether a question with a condition has an answer at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, product
from typing import NamedTuple

from cnncalc.diagnostics import Span
from cnncalc.homework.assignment import Question
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import Asked
from cnncalc.spec.problems import Problems
from cnncalc.text import say

LEAST_MOST = 16
"""Arguments up to twice the spec's own are tried, and at least up to this, as when an answer is marked."""


class ToSolve(NamedTuple):
    """A question with a condition, its network, and the place of the condition."""

    question: Question
    network: Network
    span: Span


def note_unsolvable(found: Sequence[ToSolve], problems: Problems) -> None:
    """Note each question (E523) that no argument answers. Several arguments of a layer are chosen together: not those.

    The spec's own argument always counts, so that a teacher can show an answer outside what is tried.
    """
    for one in found:
        asked = one.question.asked
        layer = (id(one.network), asked.place)
        others = [other for other in found if (id(other.network), other.question.asked.place) == layer]
        if len(others) == 1 and not _is_solvable(one):
            message = say("such_that: no {key} from 0 to {most} brings this about", key=asked.key, most=_most(one))
            help = say("correct the condition, or write an argument in the spec with which it holds")
            problems.add("E523", message, one.span, help)


def _is_solvable(one: ToSolve) -> bool:
    from cnncalc.homework.condition import outcomes  # loads all mistakes: only where there is a condition

    return any(
        all(outcome.holds for outcome in outcomes(network, one.question.such_that))
        for network in _tried(one.network, one.question.asked, _most(one))
    )


def _most(one: ToSolve) -> int:
    own = one.network.value_or_none(one.question.asked)
    return max(2 * int(max(own)), LEAST_MOST) if own else LEAST_MOST


def _tried(network: Network, asked: Asked, most: int) -> Iterator[Network]:
    """Yield the network, and with each other argument: the same on all axes, and of two axes each on its own."""
    from cnncalc.homework.condition import with_arguments

    yield network
    axes = len(network.value_or_none(asked) or (0,))
    sizes = range(most + 1)
    alike = ((size,) * axes for size in sizes)
    for value in chain(alike, product(sizes, repeat=2) if axes == 2 else ()):
        try:
            yield with_arguments(network, {asked: value})
        except ValueError:
            continue
