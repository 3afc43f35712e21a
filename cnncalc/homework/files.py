"""From the names of files to marks: what `cnncalc.check` and the command do."""

from __future__ import annotations

from pathlib import Path

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.homework.assignment import Assignment, Question
from cnncalc.homework.assignment.read import assignment_for, load_assignment
from cnncalc.homework.check import Checker
from cnncalc.homework.marks import Checked
from cnncalc.homework.quantities import Asked
from cnncalc.homework.submission import Submission, load_submission
from cnncalc.spec.load import load
from cnncalc.text import say


def check(answers: str, *, spec: str | None = None, assignment: str | None = None) -> Checked:
    """Return the marks of the answers in a file (`-`: standard input), held against an assignment or a bare spec.

    Of a bare spec every layer's shape and parameters are asked, and whatever else the file answers. Without either, the
    answer file itself may name one (`spec: lenet.yaml` beside its `answers:`). Raises CnncalcError for what cannot be
    read.
    """
    submission = load_submission(answers)
    return Checker(assignment_of(submission, answers, spec, assignment)).check(submission)


def assignment_of(submission: Submission, answers: str, spec: str | None, assignment: str | None) -> Assignment:
    """Return what a submission is held against. Raises CnncalcError where nothing, or too much, says so (E504)."""
    if spec and assignment:
        raise _unclear(say("a spec and an assignment both say what was asked"), say("leave one of them out"))
    folder = Path() if answers == "-" else Path(answers).parent
    if not spec and not assignment:
        spec = str(folder / submission.spec) if submission.spec else None
        assignment = str(folder / submission.assignment) if submission.assignment else None
    if assignment:
        return load_assignment(assignment)
    if spec:
        return _with_answered(assignment_for(load(spec), source=spec), submission)
    raise _unclear(
        say("nothing says what was asked"),
        say("add --spec specs/lenet.yaml or --assignment FILE, or write spec: lenet.yaml beside answers:"),
    )


def _with_answered(assignment: Assignment, submission: Submission) -> Assignment:
    """Add questions on what was answered beyond those that are always asked."""
    checker = Checker(assignment)
    network = checker.taker.network_of(assignment.graph)
    found = [checker.question_of(answer.key) for answer in submission.answers]
    answered = dict.fromkeys(one for one in found if isinstance(one, Asked))
    more = [one for one in answered if network.value_or_none(one) is not None]
    return assignment._replace(questions=(*assignment.questions, *map(Question, more)))


def _unclear(message: str, help: str) -> CnncalcError:
    return CnncalcError([Diagnostic("E504", message, help=help)])
