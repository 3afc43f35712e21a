"""Makes a quiz of as many questions as are wanted, the same for the same seed and student."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.graph import Graph
from cnncalc.homework.assignment import Counting
from cnncalc.homework.network import Network
from cnncalc.homework.quiz.draw import Draw
from cnncalc.homework.quiz.item import Item, Quiz
from cnncalc.homework.quiz.networks import Style
from cnncalc.homework.quiz.questions import Maker
from cnncalc.homework.submission.collected import Student
from cnncalc.text import say

MAX_QUESTIONS = 200


class Order(NamedTuple):
    """What is wanted.

    `graph`: the network to ask about; without one, small networks are drawn. `partial`: the share of the points for an
    answer that shows a mistake.
    """

    topics: Sequence[str]
    questions: int = 10
    seed: int = 0
    level: int = 1
    fractions: bool = False
    graph: Graph | None = None
    title: str = ""
    partial: Fraction = Fraction()


def make_quiz(order: Order, student: Student = Student()) -> Quiz:  # noqa: B008
    """Return the quiz that follows from the order and the student's id alone.

    The topics take turns. Raises CnncalcError (E581) where there are not so many good questions.
    """
    counting = Counting()
    maker = Maker(Style(order.level, order.fractions), counting, order.partial)
    network = Network(order.graph, counting) if order.graph else None
    items: list[Item] = []
    left = list(order.topics)
    while len(items) < order.questions and left:
        topic = left[len(items) % len(left)]
        label = f"q{len(items) + 1}"
        draw = Draw("quiz", order.seed, student.id, order.level, topic, label)
        item = maker.of_spec(draw, topic, label, network) if network else maker.drawn(draw, topic, label)
        if item:
            items.append(item)
        else:
            left.remove(topic)
    if len(items) < order.questions:
        raise _too_few(order, len(items))
    title = order.title or (say("Quiz on {name}", name=order.graph.name) if order.graph else say("Quiz"))
    return Quiz(title, tuple(items), counting, student)


def _too_few(order: Order, found: int) -> CnncalcError:
    message = say(
        "there are {found} good questions, and {count} are wanted: of the others, mistakes give the same number, "
        "sizes would have to be rounded, a question would tell another's answer, or its text would be too long",
        found=found,
        count=order.questions,
    )
    help = say("ask for fewer questions, for more topics, for --level 3, or with --fractions")
    return CnncalcError([Diagnostic("E581", message, help=help)])
