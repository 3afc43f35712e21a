"""Check a student's answers: right, right given the earlier answers, or wrong and why."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import prod
from typing import NamedTuple

from cnncalc.diagnostics import CnncalcError, Diagnostic, Label
from cnncalc.graph import Graph
from cnncalc.homework.assignment import Assignment, Question
from cnncalc.homework.compare import Reading, readings
from cnncalc.homework.condition import Outcome, outcomes, seeming_right, with_arguments
from cnncalc.homework.diagnose import Diagnoser
from cnncalc.homework.follow import Own, Rebuilt
from cnncalc.homework.marks import Checked, Diagnosis, Mark, Value, Verdict
from cnncalc.homework.network import Network
from cnncalc.homework.notation import Unread, read_value
from cnncalc.homework.quantities import TOTAL, Asked, read_key
from cnncalc.homework.submission import Answer, Submission
from cnncalc.text import say

BLANK = frozenset(("", "-", "--", "?", "n/a", "N/A", "~", "null", "…", "..."))
"""What stands where nothing is answered."""


MOST_KEPT = 100_000
"""How many different answers are remembered."""

MOST_NETWORKS = 500
"""How many networks with students' own shapes in them are remembered."""


class Taken(NamedTuple):
    """What can be said of an answer alone. `ways`: how it can be taken; `plain`: as it is written."""

    mark: Mark
    ways: tuple[Reading, ...] = ()
    plain: Reading | None = None


class Checker:
    """Marks submissions of one assignment; what they have in common is worked out once."""

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self._networks: dict[int, Network] = {}
        self._diagnosers: dict[int, Diagnoser] = {}
        self.rebuilt: dict[int, Rebuilt] = {}
        self._taken: dict[tuple[int, str], Taken] = {}
        self._seeming: dict[int, dict[Value, tuple[Diagnosis, ...]]] = {}
        self._keys: dict[str, Question | Asked | None] = {}
        self._unasked: dict[Asked, Question] = {}
        self._places = self.network_of(assignment.graph).nodes
        self._labels = {question.label.casefold(): question for question in assignment.questions if question.label}
        self._asked = {question.asked: question for question in assignment.questions if not question.label}

    def check(self, submission: Submission) -> Checked:
        """Return the marks of a submission. What it says is data: nothing in it is executed or opened."""
        answers, others, warnings = self._by_question(submission)
        own = _OwnAnswers(self, answers, others)
        marks = tuple(self._mark(question, answers.get(id(question)), own) for question in self.assignment.questions)
        warnings += [_unread(mark) for mark in marks if mark.verdict == "unread"]
        return Checked(self.assignment, submission, marks, tuple(others.values()), tuple(warnings))

    def _unknown(self, answer: Answer) -> Diagnostic:
        """Return a warning of an answer under a key that means nothing here."""
        try:
            read_key(answer.key, self._places)
        except CnncalcError as error:
            found = error.diagnostics[0]
            return found._replace(code="W556", span=answer.span)
        raise AssertionError(answer.key)

    def network(self, question: Question) -> Network:
        """Return the network that a question is asked of."""
        return self.network_of(question.graph or self.assignment.graph)

    def network_of(self, graph: Graph) -> Network:
        """Return the network of one of the assignment's graphs."""
        found = self._networks.get(id(graph))
        if found is None:
            found = self._networks[id(graph)] = Network(graph, self.assignment.counting, self.assignment.seed)
        return found

    def question_of(self, key: str) -> Question | Asked | None:
        """Return the question that a key answers; else what the key asks for, which was not asked; else None."""
        if key not in self._keys:
            self._keys[key] = self._resolve(key)
        return self._keys[key]

    def _resolve(self, key: str) -> Question | Asked | None:
        labelled = self._labels.get(key.strip().casefold())
        if labelled:
            return labelled
        try:
            asked = read_key(key, self._places)
        except CnncalcError:
            return None
        return self._asked.get(asked, asked)

    def unasked(self, asked: Asked) -> Question:
        """Return a question for what was answered and not asked: it earns nothing, and may be gone on with."""
        return self._unasked.setdefault(asked, Question(asked, Fraction()))

    def _by_question(self, submission: Submission) -> tuple[dict[int, Answer], dict[Asked, Answer], list[Diagnostic]]:
        """Sort answers by the question they answer, and those to nothing asked by what they are about."""
        answers: dict[int, Answer] = {}
        others: dict[Asked, Answer] = {}
        warnings: list[Diagnostic] = []
        for answer in submission.answers:
            found = self.question_of(answer.key)
            if found is None:
                warnings.append(self._unknown(answer))
            elif not isinstance(found, Question):
                if answer.text.strip() not in BLANK:
                    others[found] = answer
            elif id(found) not in answers:
                answers[id(found)] = answer
            else:
                warnings.append(_twice(answer, answers[id(found)]))
                answers[id(found)] = answer
        return answers, others, warnings

    def _mark(self, question: Question, answer: Answer | None, own: _OwnAnswers) -> Mark:
        if answer is None:
            return self._blank(question)
        taken = self.take(question, answer.text)
        mark = taken.mark._replace(answer=answer)
        if mark.verdict != "wrong":
            return mark
        if question.such_that:
            return self._mark_condition(mark, own)
        return self._mark_wrong(mark, taken, own)

    def take(self, question: Question, text: str) -> Taken:
        """Return what can be said of an answer without the student's other answers; kept, for a class repeats them."""
        key = (id(question), text)
        taken = self._taken.get(key)
        if taken is None:
            if len(self._taken) >= MOST_KEPT:
                self._taken.clear()
            taken = self._taken[key] = self._take(question, text)
        return taken

    def _blank(self, question: Question) -> Mark:
        truth = () if question.such_that else self.network(question).value(question.asked)
        return Mark(question, "blank", truth, Fraction())

    def _take(self, question: Question, text: str) -> Taken:
        blank = self._blank(question)
        if text.strip() in BLANK:
            return Taken(blank)
        try:
            written = read_value(text, question.asked.about.kind)
        except Unread as problem:
            notes = tuple(filter(None, (str(problem), problem.help)))
            return Taken(blank._replace(verdict="unread", notes=notes))
        mark = blank._replace(verdict="wrong", written=written)
        if question.such_that:
            return Taken(mark)
        truth = mark.expected
        ways = tuple(readings(written, question.asked, truth, self.assignment.counting, question.decimals))
        plain = next((way for way in ways if not way.mistake), None)
        notes = plain.notes if plain else ()
        if written.working:
            notes = (*notes, say("the result counts, and the working {working} gives another", working=written.working))
        if plain is None or not self._is_right(question, plain, truth):
            return Taken(mark._replace(notes=notes), ways, plain)
        if plain.slack and plain.value != truth and question.asked.quantity != "output":
            notes = (*notes, say("it is rounded, and right to the digits written"))
        return Taken(_settled(mark, "right", notes=notes), ways, plain._replace(value=truth))

    def _is_right(self, question: Question, plain: Reading, truth: Value) -> bool:
        return plain.fits(truth) or any(plain.fits(self._accepted(question, text, truth)) for text in question.accept)

    def _accepted(self, question: Question, text: str, truth: Value) -> Value:
        written = read_value(text, question.asked.about.kind)
        return next(readings(written, question.asked, truth, self.assignment.counting, question.decimals)).value

    def _mark_wrong(self, mark: Mark, taken: Taken, own: _OwnAnswers) -> Mark:
        question = mark.question
        followed = own.of(question).follow(question.asked)
        for value, sources in followed.items():
            if taken.plain and taken.plain.fits(value):
                keys = tuple(asked.key for asked in sources)
                if question.follow_through:
                    return _settled(mark, "followed", follows_from=keys, notes=mark.notes)
                return mark._replace(follows_from=keys)
        diagnoses = self._diagnose(question, taken, own, [*followed.values()])
        share = max((_share(diagnosis, question) for diagnosis in diagnoses), default=Fraction())
        return mark._replace(diagnoses=diagnoses, points=share * question.points)

    def _diagnose(
        self, question: Question, taken: Taken, own: _OwnAnswers, sources: list[tuple[Asked, ...]]
    ) -> tuple[Diagnosis, ...]:
        """Return the explanations with the fewest mistakes: from the truth, then from the student's own answers."""
        truth = taken.mark.expected
        slips = [Diagnosis((way.mistake,), "") for way in taken.ways if way.mistake and way.fits(truth)]
        found = self._from(self.network(question), question.asked, taken.plain)
        single = tuple(diagnosis for diagnosis in found if len(diagnosis.mistakes) == 1)
        if slips or single:
            return (*slips, *single)
        given = self._given(question, taken, own, sources)
        return given or found or self._slip_and_mistake(question, taken)

    def _given(
        self, question: Question, taken: Taken, own: _OwnAnswers, sources: list[tuple[Asked, ...]]
    ) -> tuple[Diagnosis, ...]:
        """Return the single mistakes that lead from the student's own earlier answers to what is written."""
        network = own.of(question).network
        if not sources or network is None or question.asked.place not in {*network.nodes, TOTAL}:
            return ()
        if network.value_or_none(question.asked) is None:
            return ()
        keys = tuple(asked.key for asked in sources[0])
        found = self._from(network, question.asked, taken.plain, pairs=False)
        return tuple(diagnosis._replace(given=keys) for diagnosis in found)

    def _from(
        self, network: Network, asked: Asked, plain: Reading | None, *, pairs: bool = True
    ) -> tuple[Diagnosis, ...]:
        if plain is None:
            return ()
        return self._diagnoser(network).diagnose(asked, plain.value, plain.slack, pairs=pairs)

    def _slip_and_mistake(self, question: Question, taken: Taken) -> tuple[Diagnosis, ...]:
        """Return the pairs of one mistake of notation and one of the catalogue."""
        return tuple(
            diagnosis._replace(mistakes=(way.mistake, *diagnosis.mistakes))
            for way in taken.ways
            if way.mistake
            for diagnosis in self._from(self.network(question), question.asked, way, pairs=False)
        )

    def _diagnoser(self, network: Network) -> Diagnoser:
        found = self._diagnosers.get(id(network))  # a diagnoser keeps its network, so that its id stays its own
        if found is None:
            if len(self._diagnosers) >= MOST_NETWORKS:
                self._diagnosers.clear()
                self.rebuilt.clear()
            found = self._diagnosers[id(network)] = Diagnoser(network)
        return found

    def _mark_condition(self, mark: Mark, own: _OwnAnswers) -> Mark:
        """Mark an argument by what it brings about, together with the student's other arguments, else alone."""
        question = mark.question
        network = self.network(question)
        mine = {question.asked: mark.written.numbers if mark.written else ()}
        results: list[Outcome] = []
        for values in ({**own.arguments(question), **mine}, mine):
            try:
                changed = with_arguments(network, values)
            except ValueError:
                return mark._replace(notes=(say("{key} cannot have this value", key=question.asked.key),))
            results = outcomes(changed, question.such_that)
            if all(result.holds for result in results):
                return _settled(mark, "right")
        failed = next(result for result in results if not result.holds)
        diagnoses = self._seeming_right(question).get(mine[question.asked], ())
        share = max((_share(diagnosis, question) for diagnosis in diagnoses), default=Fraction())
        return mark._replace(notes=(_what_comes_of_it(failed),), diagnoses=diagnoses, points=share * question.points)

    def _seeming_right(self, question: Question) -> dict[Value, tuple[Diagnosis, ...]]:
        """Return the mistakes that make wrong arguments seem right; a working of theirs is of the condition."""
        found = self._seeming.get(id(question))
        if found is None:
            made = seeming_right(self.network(question), question)
            found = {value: tuple(one._replace(numbers="") for one in ways) for value, ways in made.items()}
            found |= {value[:1]: ways for value, ways in found.items() if len(set(value)) == 1}
            self._seeming[id(question)] = found
        return found


class _OwnAnswers:
    """What a student answered and could be read, by the network it is about: for follow-through."""

    def __init__(self, checker: Checker, answers: Mapping[int, Answer], others: Mapping[Asked, Answer]) -> None:
        self._checker = checker
        self._answers = answers
        self._others = others
        self._own: dict[int, Own] = {}

    def of(self, question: Question) -> Own:
        """Return the student's version of the network of a question."""
        network = self._checker.network(question)
        found = self._own.get(id(network))
        if found is None:
            known = self._checker.rebuilt.setdefault(id(network), {})
            found = self._own[id(network)] = Own(network, self._given(network), known)
        return found

    def arguments(self, question: Question) -> dict[Asked, Value]:
        """Return the arguments that the student chose in questions of the same kind about the same network."""
        found: dict[Asked, Value] = {}
        for other in self._checker.assignment.questions:
            answer = self._answers.get(id(other))
            if other.such_that and answer and self._checker.network(other) is self._checker.network(question):
                written = self._checker.take(other, answer.text).mark.written
                if written:
                    found[other.asked] = written.numbers
        return found

    def _given(self, network: Network) -> dict[Asked, Value]:
        checker = self._checker
        given: dict[Asked, Value] = {}
        for question in checker.assignment.questions:
            answer = self._answers.get(id(question))
            if answer and not question.such_that and checker.network(question) is network:
                self._go_on_with(question, answer, given)
        if network is checker.network_of(checker.assignment.graph):
            for asked, answer in self._others.items():
                if network.value_or_none(asked) is not None:
                    self._go_on_with(checker.unasked(asked), answer, given)
        return given

    def _go_on_with(self, question: Question, answer: Answer, given: dict[Asked, Value]) -> None:
        plain = self._checker.take(question, answer.text).plain
        if plain and question.asked.quantity != "output":
            given[question.asked] = plain.value


def _twice(later: Answer, earlier: Answer) -> Diagnostic:
    message = say("{key} answers what {other} has answered; the later counts", key=later.key, other=earlier.key)
    first = (Label(earlier.span, say("first here")),) if earlier.span else ()
    return Diagnostic("W551", message, later.span, say("remove one of them"), first)


def _unread(mark: Mark) -> Diagnostic:
    message = say("{key}: {problem}", key=mark.question.label or mark.question.asked.key, problem=mark.notes[0])
    return Diagnostic("W557", message, mark.answer.span if mark.answer else None, "".join(mark.notes[1:]))


def _settled(mark: Mark, verdict: Verdict, follows_from: tuple[str, ...] = (), notes: tuple[str, ...] = ()) -> Mark:
    """Return a mark with all its points."""
    return mark._replace(verdict=verdict, points=mark.question.points, follows_from=follows_from, notes=notes)


def _share(diagnosis: Diagnosis, question: Question) -> Fraction:
    """Return the share of the points an explanation earns; two mistakes earn the product of their shares."""
    other = question.partial.get("any", Fraction())
    return prod((question.partial.get(one.name, other) for one in diagnosis.mistakes), start=Fraction(1))


def _what_comes_of_it(failed: Outcome) -> str:
    asked = failed.condition.asked
    if failed.value is None:
        return say("with it, the layers no longer fit together")
    return say("with it, {key} is {value}", key=asked.key, value="x".join(str(size) for size in failed.value))
