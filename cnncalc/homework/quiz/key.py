"""The key of a quiz: an assignment file that holds its networks, so that it can be read wherever it is kept."""

from __future__ import annotations

from cnncalc.homework.assignment import Assignment
from cnncalc.homework.assignment.write import write_assignment
from cnncalc.homework.quiz.item import Quiz


def key_text(quiz: Quiz) -> str:
    """Return the YAML of an assignment that asks what the quiz asks, each question under its label.

    Raises CnncalcError (E529) for a network that no spec gives.
    """
    first = quiz.items[0].network.graph
    questions = tuple(
        item.question._replace(graph=None if item.network.graph is first else item.network.graph) for item in quiz.items
    )
    return write_assignment(Assignment(quiz.title, first, questions, quiz.counting))
