"""Why an answer is wrong: the fewest mistakes that lead to what is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cnncalc.homework.assignment import Question
from cnncalc.homework.compare import Reading
from cnncalc.homework.condition import seeming_right
from cnncalc.homework.diagnose import Diagnoser
from cnncalc.homework.follow import Own, Rebuilt
from cnncalc.homework.marks import Diagnosis, Value
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import Asked
from cnncalc.homework.taken import LONGEST_KEPT, MOST_KEPT, Taken

MOST_NETWORKS = 100
"""How many networks with students' own shapes in them are remembered."""

FEWEST_DIGITS = 3
"""A rounded number with fewer digits is near what some mistake or other gives."""

Diagnoses = tuple[Diagnosis, ...]


class _FromTruth(NamedTuple):
    """What leads from the truth to an answer: one mistake of notation or of the catalogue, else two."""

    single: Diagnoses
    pairs: Diagnoses


class Reasons:
    """Finds why answers of a class are wrong; what students have in common is worked out once."""

    def __init__(self) -> None:
        self._diagnosers: dict[int, Diagnoser] = {}
        self._of_students: dict[int, Diagnoser] = {}
        self._rebuilt: dict[int, Rebuilt] = {}
        self._from_truth: dict[tuple[int, str], _FromTruth] = {}
        self._seeming: dict[int, dict[Value, Diagnoses]] = {}

    def rebuilt(self, network: Network) -> Rebuilt:
        """Return the versions of a network with students' own shapes in it that are known so far."""
        return self._rebuilt.setdefault(id(network), {})

    def of(self, taken: Taken, text: str, own: Own, followed: Mapping[Value, tuple[Asked, ...]]) -> Diagnoses:
        """Return the explanations of a wrong answer with the fewest mistakes.

        `text`: the answer as written. `followed`: what the answer might have been, given the student's other answers,
        with those it would follow from.
        """
        question = taken.mark.question
        key = (id(question), text)
        found = self._from_truth.get(key)
        if found is None:
            found = self._of_truth(taken, own.truth)
            if len(self._from_truth) >= MOST_KEPT:
                self._from_truth.clear()
            if len(text) <= LONGEST_KEPT:
                self._from_truth[key] = found
        if found.single:
            return found.single
        return self._given(question, taken, own, followed) or found.pairs

    def of_argument(self, question: Question, network: Network, value: Value) -> Diagnoses:
        """Return the mistakes that make a wrong argument seem right. Their working is of the condition, so not told."""
        found = self._seeming.get(id(question))
        if found is None:
            made = seeming_right(network, question)
            found = {value: tuple(one._replace(numbers="") for one in ways) for value, ways in made.items()}
            found |= {value[:1]: ways for value, ways in found.items() if len(set(value)) == 1}
            self._seeming[id(question)] = found
        return found.get(value, ())

    def _of_truth(self, taken: Taken, network: Network) -> _FromTruth:
        question, truth = taken.mark.question, taken.mark.expected
        slips = [Diagnosis((way.mistake,), "") for way in taken.ways if way.mistake and way.fits(truth)]
        written = taken.mark.written
        if written and written.slack and written.digits < FEWEST_DIGITS:
            return _FromTruth((*slips,), ())
        found = self._diagnose(network, question.asked, taken.plain)
        single = tuple(diagnosis for diagnosis in found if len(diagnosis.mistakes) == 1)
        if slips or single:
            return _FromTruth((*slips, *single), ())
        return _FromTruth((), found or self._slip_and_mistake(taken, network))

    def _slip_and_mistake(self, taken: Taken, network: Network) -> Diagnoses:
        """Return the pairs of one mistake of notation and one of the catalogue."""
        return tuple(
            diagnosis._replace(mistakes=(way.mistake, *diagnosis.mistakes))
            for way in taken.ways
            if way.mistake
            for diagnosis in self._diagnose(network, taken.mark.question.asked, way, pairs=False)
        )

    def _given(
        self, question: Question, taken: Taken, own: Own, followed: Mapping[Value, tuple[Asked, ...]]
    ) -> Diagnoses:
        """Return the single mistakes that lead from the student's own earlier answers to what is written."""
        network = own.network
        if not followed or network is None or taken.plain is None:
            return ()
        if network.value_or_none(question.asked) is None:
            return ()
        keys = tuple(asked.key for asked in next(iter(followed.values())))
        if len(self._of_students) >= MOST_NETWORKS:
            self._of_students.clear()
            self._rebuilt.clear()
        diagnoser = self._of_students.get(id(network))
        if diagnoser is None:
            diagnoser = self._of_students[id(network)] = Diagnoser(network, others=False)
        found = diagnoser.diagnose(question.asked, taken.plain.value, taken.plain.slack, pairs=False)
        return tuple(diagnosis._replace(given=keys) for diagnosis in found)

    def _diagnose(self, network: Network, asked: Asked, plain: Reading | None, *, pairs: bool = True) -> Diagnoses:
        if plain is None:
            return ()
        found = self._diagnosers.get(id(network))  # a diagnoser keeps its network, so that its id stays its own
        if found is None:
            found = self._diagnosers[id(network)] = Diagnoser(network)
        return found.diagnose(asked, plain.value, plain.slack, pairs=pairs)
