"""What a class did: points, questions, mistakes and wrong answers counted, and what a teacher should look at."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from statistics import median
from typing import NamedTuple

from cnncalc.homework.assignment import Assignment, Question
from cnncalc.homework.grade.file import Status
from cnncalc.homework.grade.record import Record

BANDS = 10
"""Bars of the distribution, each as wide as another."""
MOST_SHOWN = 10
"""Mistakes and wrong answers that are named, a question."""


class Counted(NamedTuple):
    """A mistake or an answer, and in how many submissions. `sentence`: that tells a mistake, as one student read it."""

    name: str
    times: int
    sentence: str = ""


class QuestionTally(NamedTuple):
    """One question. `mean`: points reached. `mistakes` and `wrong`: the most frequent first, MOST_SHOWN of them."""

    question: Question
    verdicts: Mapping[str, int]
    mean: Fraction
    mistakes: tuple[Counted, ...]
    wrong: tuple[Counted, ...]


class Failure(NamedTuple):
    """A file without marks."""

    file: str
    status: Status
    problem: str


class ClassTally(NamedTuple):
    """A class. `bands`: how many reached 0 to 10 % of the points, and so on; the last holds 100 %.

    `mistakes`: over all questions. `same_id`: files by the student's id that stands in
    more than one. `alike`: groups of files whose answers are written alike, wrong ones among them.
    """

    files: int
    graded: int
    of: Fraction
    mean: Fraction
    median: Fraction
    lowest: Fraction
    highest: Fraction
    bands: tuple[int, ...]
    questions: tuple[QuestionTally, ...]
    mistakes: tuple[Counted, ...]
    failures: tuple[Failure, ...]
    same_id: Mapping[str, tuple[str, ...]]
    alike: tuple[tuple[str, ...], ...]


class _OfQuestion:
    def __init__(self) -> None:
        self.verdicts: Counter[str] = Counter()
        self.points: Counter[int] = Counter()  # numerators, by their denominator: adding fractions takes long
        self.mistakes: Counter[str] = Counter()
        self.sentences: dict[str, str] = {}
        self.wrong: Counter[str] = Counter()


def tally(assignment: Assignment, records: Iterable[Record]) -> ClassTally:
    """Count a class; the records are read once, and none is kept."""
    counts = [_OfQuestion() for _ in assignment.questions]
    of = sum((question.points for question in assignment.questions), Fraction())
    points: list[Fraction] = []
    files = 0
    failures: list[Failure] = []
    ids: defaultdict[str, list[str]] = defaultdict(list)
    answers: defaultdict[str, list[str]] = defaultdict(list)
    for record in records:
        files += 1
        if not record.is_graded:
            failures.append(Failure(record.file, record.status, record.problem))
            continue
        points.append(record.points)
        if record.id:
            ids[folded_id(record.id)].append(record.file)
        if any(result.verdict in ("wrong", "followed") for result in record.results):
            answers[record.answers].append(record.file)
        _count(counts, record)
    total = sum((one.mistakes for one in counts), Counter[str]())
    return ClassTally(
        files,
        len(points),
        of,
        sum(points, Fraction()) / max(1, len(points)),
        median(points) if points else Fraction(),
        min(points, default=Fraction()),
        max(points, default=Fraction()),
        _bands(points, of),
        tuple(_question(*pair, len(points)) for pair in zip(assignment.questions, counts, strict=True)),
        _most(total),
        tuple(failures),
        {id: tuple(names) for id, names in sorted(ids.items()) if len(names) > 1},
        tuple(sorted(tuple(names) for names in answers.values() if len(names) > 1)),
    )


def folded_id(id: str) -> str:
    """Return a student's id as it is compared: without case, width and blanks."""
    return "".join(unicodedata.normalize("NFKC", id).casefold().split())


def _count(counts: Sequence[_OfQuestion], record: Record) -> None:
    for one, result in zip(counts, record.results, strict=True):
        one.verdicts[result.verdict] += 1
        one.points[result.points.denominator] += result.points.numerator
        for name, sentence in result.mistakes.items():
            one.mistakes[name] += 1
            one.sentences.setdefault(name, sentence)
        if result.verdict == "wrong":
            one.wrong[result.value] += 1


def _question(question: Question, counts: _OfQuestion, graded: int) -> QuestionTally:
    points = sum((Fraction(total, below) for below, total in counts.points.items()), Fraction())
    return QuestionTally(
        question,
        counts.verdicts,
        points / max(1, graded),
        _most(counts.mistakes, counts.sentences),
        _most(counts.wrong),
    )


def _most(counts: Counter[str], sentences: Mapping[str, str] = {}) -> tuple[Counted, ...]:
    """Return the most frequent; of equal ones the first by name, so that no order of files shows."""
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(Counted(name, count, sentences.get(name, "")) for name, count in ranked[:MOST_SHOWN])


def _bands(points: Iterable[Fraction], of: Fraction) -> tuple[int, ...]:
    bands = [0] * BANDS
    for one in points:
        share = one / of if of else Fraction(1)
        bands[min(BANDS - 1, max(0, int(share * BANDS)))] += 1
    return tuple(bands)
