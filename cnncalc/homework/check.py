"""Check a student's answers: right, right given the earlier answers, or wrong and why."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from cnncalc.diagnostics import CnncalcError, Diagnostic, Label
from cnncalc.homework.assignment import Assignment, Question
from cnncalc.homework.compare import MISREAD
from cnncalc.homework.condition import Outcome, outcomes, with_arguments
from cnncalc.homework.marks import Checked, Diagnosis, Mark, Verdict
from cnncalc.homework.own_answers import OwnAnswers
from cnncalc.homework.quantities import TOTAL, Asked, read_key
from cnncalc.homework.reasons import Reasons
from cnncalc.homework.submission import Answer, Submission
from cnncalc.homework.taken import BLANK, MOST_KEPT, Taken, Taker
from cnncalc.text import say


class Checker:
    """Marks submissions of one assignment; what they have in common is worked out once."""

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self.taker = Taker(assignment)
        self._reasons = Reasons()
        self._keys: dict[str, Question | Asked | Diagnostic] = {}
        self._places = self.taker.network_of(assignment.graph).nodes
        self._labels = {question.label.casefold(): question for question in assignment.questions if question.label}
        self._asked = {question.asked: question for question in assignment.questions if not question.label}

    def check(self, submission: Submission) -> Checked:
        """Return the marks of a submission. What it says is data: nothing in it is executed or opened."""
        answers, others, warnings = self._by_question(submission)
        asked = [(question, answers[id(question)]) for question in self.assignment.questions if id(question) in answers]
        taken = {id(question): self.taker.take(question, answer.text) for question, answer in asked}
        own = OwnAnswers(self.taker, self._reasons, taken, others)
        marks = tuple(
            self._mark(answers[id(question)], taken[id(question)], own)
            if id(question) in taken
            else self.taker.blank(question)
            for question in self.assignment.questions
        )
        warnings += [_unread(mark) for mark in marks if mark.verdict == "unread"]
        return Checked(self.assignment, submission, marks, tuple(others.values()), tuple(warnings))

    def question_of(self, key: str) -> Question | Asked | Diagnostic:
        """Return the question that a key answers; else what it asks for, which was not asked; else why neither."""
        if key not in self._keys:
            if len(self._keys) >= MOST_KEPT:
                self._keys.clear()
            self._keys[key] = self._resolve(key)
        return self._keys[key]

    def _resolve(self, key: str) -> Question | Asked | Diagnostic:
        labelled = self._labels.get(key.strip().casefold())
        if labelled:
            return labelled
        try:
            asked = read_key(key, self._places)
        except CnncalcError as error:
            return error.diagnostics[0]._replace(code="W556")
        if asked.place == TOTAL and asked not in self._asked and len(self._places) == 1:
            # Of a lone layer, a quantity alone is the layer's: nobody was told its name.
            alone = asked._replace(place=next(iter(self._places)))
            asked = alone if alone in self._asked or not asked.about.of_total else asked
        return self._asked.get(asked, asked)

    def _by_question(self, submission: Submission) -> tuple[dict[int, Answer], dict[Asked, Answer], list[Diagnostic]]:
        """Sort answers by the question they answer, and those to nothing asked by what they are about."""
        answers: dict[int, Answer] = {}
        others: dict[Asked, Answer] = {}
        warnings: list[Diagnostic] = []
        for answer in submission.answers:
            found = self.question_of(answer.key)
            if isinstance(found, Diagnostic):
                warnings.append(found._replace(span=answer.span))
            elif not isinstance(found, Question):
                if answer.text.strip() not in BLANK:
                    others[found] = answer
            else:
                if id(found) in answers:
                    warnings.append(_twice(answer, answers[id(found)]))
                answers[id(found)] = answer
        return answers, others, warnings

    def _mark(self, answer: Answer, taken: Taken, own: OwnAnswers) -> Mark:
        mark = taken.mark._replace(answer=answer)
        if mark.verdict != "wrong":
            return mark
        if mark.question.such_that:
            return self._mark_condition(mark, own)
        return self._mark_wrong(mark, taken, answer.text, own)

    def _mark_wrong(self, mark: Mark, taken: Taken, text: str, own: OwnAnswers) -> Mark:
        """Mark what is not right as it stands: it may follow from other answers, or show a mistake."""
        question = mark.question
        mine = own.of(question)
        followed = mine.follow(question.asked)
        for value, sources in followed.items():
            if taken.plain and taken.plain.fits(value):
                keys = tuple(asked.key for asked in sources)
                if question.follow_through:
                    return _settled(mark, "followed", follows_from=keys)
                return mark._replace(follows_from=keys)
        return _explained(mark, self._reasons.of(taken, text, mine, followed))

    def _mark_condition(self, mark: Mark, own: OwnAnswers) -> Mark:
        """Mark an argument by what it brings about, together with the student's other arguments, else alone."""
        question = mark.question
        network = self.taker.network(question)
        value = mark.written.numbers if mark.written else ()
        mine = {question.asked: value}
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
        explained = _explained(mark, self._reasons.of_argument(question, network, value))
        return explained._replace(notes=(_what_comes_of_it(failed),))


def _explained(mark: Mark, diagnoses: tuple[Diagnosis, ...]) -> Mark:
    """Return a wrong mark with its reasons, and the points of the one that earns most."""
    share = max((_share(diagnosis, mark.question) for diagnosis in diagnoses), default=Fraction())
    misread = any(one.name in MISREAD for diagnosis in diagnoses for one in diagnosis.mistakes)
    notes = () if misread else mark.notes  # they tell of a conversion that was not meant
    return mark._replace(diagnoses=diagnoses, points=share * mark.question.points, notes=notes)


def _twice(later: Answer, earlier: Answer) -> Diagnostic:
    message = say("{key} answers what {other} has answered; the later counts", key=later.key, other=earlier.key)
    first = (Label(earlier.span, say("first here")),) if earlier.span else ()
    return Diagnostic("W551", message, later.span, say("remove one of them"), first)


def _unread(mark: Mark) -> Diagnostic:
    message = say("{key}: {problem}", key=mark.question.label or mark.question.asked.key, problem=mark.notes[0])
    return Diagnostic("W557", message, mark.answer.span if mark.answer else None, "".join(mark.notes[1:]))


def _settled(mark: Mark, verdict: Verdict, follows_from: tuple[str, ...] = ()) -> Mark:
    """Return a mark with all its points."""
    return mark._replace(verdict=verdict, points=mark.question.points, follows_from=follows_from)


def _share(diagnosis: Diagnosis, question: Question) -> Fraction:
    """Return the share of the points an explanation earns; two mistakes earn the product of their shares."""
    other = question.partial.get("any", Fraction())
    return prod((question.partial.get(one.name, other) for one in diagnosis.mistakes), start=Fraction(1))


def _what_comes_of_it(failed: Outcome) -> str:
    asked = failed.condition.asked
    if failed.value is None:
        return say("with it, the layers no longer fit together")
    return say("with it, {key} is {value}", key=asked.key, value="x".join(str(size) for size in failed.value))
