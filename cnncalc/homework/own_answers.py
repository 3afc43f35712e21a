"""What one student answered and could be read, by the network it is about: what later answers may start from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cnncalc.homework.assignment import Question
from cnncalc.homework.follow import Own
from cnncalc.homework.marks import Value
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import Asked
from cnncalc.homework.reasons import Reasons
from cnncalc.homework.submission import Answer
from cnncalc.homework.taken import Taken, Taker


class OwnAnswers:
    """A student's answers, and the networks as they have them.

    `taken`: the answers to what was asked, by the id of the question. `others`: those to what was not asked.
    """

    def __init__(
        self, taker: Taker, reasons: Reasons, taken: Mapping[int, Taken], others: Mapping[Asked, Answer]
    ) -> None:
        self._taker = taker
        self._reasons = reasons
        self._taken = taken
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
        for other in self._taker.asked_of(self._taker.network(question)):
            taken = self._taken.get(id(other))
            if other.such_that and taken and taken.mark.written:
                found[other.asked] = taken.mark.written.numbers
        return found

    def _given(self, network: Network) -> dict[Asked, Value]:
        given: dict[Asked, Value] = {}
        for question in self._taker.asked_of(network):
            taken = self._taken.get(id(question))
            if taken and taken.plain and question.asked.quantity != "output":
                given[question.asked] = taken.plain.value
        if network is self._taker.network_of(self._taker.assignment.graph):
            given.update(self._unasked(network))
        return given

    def _unasked(self, network: Network) -> Iterator[tuple[Asked, Value]]:
        for asked, answer in self._others.items():
            if asked.quantity != "output" and network.value_or_none(asked) is not None:
                plain = self._taker.take(self._taker.unasked(asked), answer.text).plain
                if plain:
                    yield asked, plain.value
