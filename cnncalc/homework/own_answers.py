"""What one student answered and could be read, by the network it is about: what later answers may start from."""

from __future__ import annotations

from collections.abc import Mapping

from cnncalc.homework.assignment import Question
from cnncalc.homework.follow import Own
from cnncalc.homework.marks import Value
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import Asked
from cnncalc.homework.reasons import Reasons
from cnncalc.homework.submission import Answer
from cnncalc.homework.taken import Taker

Answers = Mapping[int, Answer]
"""Answers by the id of their question."""


class OwnAnswers:
    """A student's answers, and the networks as they have them. `others`: the answers to what was not asked."""

    def __init__(self, taker: Taker, reasons: Reasons, answers: Answers, others: Mapping[Asked, Answer]) -> None:
        self._taker = taker
        self._reasons = reasons
        self._answers = answers
        self._others = others
        self._own: dict[int, Own] = {}

    def of(self, question: Question) -> Own:
        """Return the student's version of the network of a question."""
        network = self._taker.network(question)
        found = self._own.get(id(network))
        if found is None:
            given = self._given(network)
            found = self._own[id(network)] = Own(network, given, self._reasons.rebuilt(network))
        return found

    def arguments(self, question: Question) -> dict[Asked, Value]:
        """Return the arguments that the student chose in questions of the same kind about the same network."""
        found: dict[Asked, Value] = {}
        for other in self._taker.assignment.questions:
            answer = self._answers.get(id(other))
            if other.such_that and answer and self._taker.network(other) is self._taker.network(question):
                written = self._taker.take(other, answer.text).mark.written
                if written:
                    found[other.asked] = written.numbers
        return found

    def _given(self, network: Network) -> dict[Asked, Value]:
        taker = self._taker
        given: dict[Asked, Value] = {}
        for question in taker.assignment.questions:
            answer = self._answers.get(id(question))
            if answer and not question.such_that and taker.network(question) is network:
                self._go_on_with(question, answer, given)
        if network is taker.network_of(taker.assignment.graph):
            for asked, answer in self._others.items():
                if asked.quantity != "output" and network.value_or_none(asked) is not None:
                    self._go_on_with(taker.unasked(asked), answer, given)
        return given

    def _go_on_with(self, question: Question, answer: Answer, given: dict[Asked, Value]) -> None:
        if question.asked.quantity != "output":
            plain = self._taker.take(question, answer.text).plain
            if plain:
                given[question.asked] = plain.value
