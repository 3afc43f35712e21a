"""An assignment: a network, the questions asked of it, what each is worth, and what counts as right."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal, NamedTuple

from cnncalc.graph import Graph
from cnncalc.homework.quantities import Asked


class Condition(NamedTuple):
    """What an answer must bring about: the quantity `asked` has the value that is written in `text`."""

    asked: Asked
    text: str


class Question(NamedTuple):
    """One thing to answer.

    `partial`: the share of the points for an answer that shows this mistake, by the mistake's name; `any` is for
    every mistake that is recognised. `accept`: other answers that count as right, as they would be written.
    `decimals`: to how many an element of an output must be right. `such_that`: the answer is any argument with
    which these hold. `wording`: the question as a sheet shows it, where the teacher wrote one.
    `label`: the key its answer is written under, `q1`, where that is not `asked.key`. `graph`: the network it is asked
    of, where that is not the assignment's.
    """

    asked: Asked
    points: Fraction = Fraction(1)
    partial: Mapping[str, Fraction] = {}
    follow_through: bool = True
    accept: tuple[str, ...] = ()
    decimals: int = 2
    such_that: tuple[Condition, ...] = ()
    wording: str = ""
    label: str = ""
    graph: Graph | None = None


class Counting(NamedTuple):
    """What counts, where courses differ. `flops_per_mac`: 1 where a course calls a multiply-add one FLOP."""

    flops_per_mac: Literal[1, 2] = 2
    bias_in_macs: bool = False
    bias_in_parameters: bool = True
    channels: Literal["first", "last"] = "first"
    dtype: str = "float32"
    batch: int = 1


class Assignment(NamedTuple):
    """What a class was asked. `reveal`: whether feedback for students may show the expected answers."""

    name: str
    graph: Graph
    questions: tuple[Question, ...]
    counting: Counting = Counting()
    reveal: bool = True
    source: str = ""
    seed: int = 0
