"""What can be said of an answer alone, without the student's other answers; kept, for a class repeats its answers."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from cnncalc.graph import Graph
from cnncalc.homework.assignment import Assignment, Question
from cnncalc.homework.compare import Reading, readings
from cnncalc.homework.marks import Mark, Value
from cnncalc.homework.network import Network
from cnncalc.homework.notation import Unread, read_value
from cnncalc.homework.quantities import Asked
from cnncalc.text import say

BLANK = frozenset(("", "-", "--", "/", "?", "??", "???", "n/a", "N/A", "~", "null", "…", "...", "TODO", "todo"))
"""What stands where nothing is answered."""

MOST_KEPT, LONGEST_KEPT = 8_192, 64
"""How many different answers are remembered, and how long they may be: a class is large, and some of it hostile."""


class Taken(NamedTuple):
    """An answer as it is taken. `ways`: how it can be read; `plain`: as it is written; `mark`: without the answer."""

    mark: Mark
    ways: tuple[Reading, ...] = ()
    plain: Reading | None = None


class Taker:
    """Takes the answers to one assignment's questions, and has the networks they are about."""

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self._networks: dict[int, Network] = {}
        self._asked_of: dict[int, list[Question]] = {}
        self._unasked: dict[Asked, Question] = {}
        self._taken: dict[tuple[int, str], Taken] = {}

    def network(self, question: Question) -> Network:
        """Return the network that a question is asked of."""
        return self.network_of(question.graph or self.assignment.graph)

    def network_of(self, graph: Graph) -> Network:
        """Return the network of one of the assignment's graphs."""
        found = self._networks.get(id(graph))
        if found is None:
            found = self._networks[id(graph)] = Network(graph, self.assignment.counting, self.assignment.seed)
        return found

    def asked_of(self, network: Network) -> list[Question]:
        """Return the questions that are asked of a network."""
        if not self._asked_of:
            for question in self.assignment.questions:
                self._asked_of.setdefault(id(self.network(question)), []).append(question)
        return self._asked_of.get(id(network), [])

    def take(self, question: Question, text: str) -> Taken:
        """Return what can be said of an answer to a question of the assignment's, or to one of `unasked`."""
        if len(text) > LONGEST_KEPT:
            return self._take(question, text)
        key = (id(question), text)
        taken = self._taken.get(key)
        if taken is None:
            if len(self._taken) >= MOST_KEPT:
                self._taken.clear()
            taken = self._taken[key] = self._take(question, text)
        return taken

    def unasked(self, asked: Asked) -> Question:
        """Return a question for what was answered and not asked: it earns nothing, and may be gone on with."""
        return self._unasked.setdefault(asked, Question(asked, Fraction()))

    def blank(self, question: Question) -> Mark:
        """Return the mark of a question without an answer."""
        truth = () if question.such_that else self.network(question).value(question.asked)
        return Mark(question, "blank", truth, Fraction())

    def _take(self, question: Question, text: str) -> Taken:
        blank = self.blank(question)
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
        quoted = self.network(question).quoted(question.asked)
        if plain is not None and quoted is not None and plain.fits(quoted):
            notes = (*notes, say("gates and statistics, which see the whole input, are left out, as in papers"))
        elif plain is None or not self._is_right(question, plain, truth):
            return Taken(mark._replace(notes=notes), ways, plain)
        if plain.slack and plain.value not in (truth, quoted) and question.asked.quantity != "output":
            notes = (*notes, say("it is rounded, and right to the digits written"))
        right = mark._replace(verdict="right", points=question.points, notes=notes)
        return Taken(right, ways, plain._replace(value=truth))

    def _is_right(self, question: Question, plain: Reading, truth: Value) -> bool:
        return plain.fits(truth) or any(plain.fits(self._accepted(question, text, truth)) for text in question.accept)

    def _accepted(self, question: Question, text: str, truth: Value) -> Value:
        written = read_value(text, question.asked.about.kind)
        return next(readings(written, question.asked, truth, self.assignment.counting, question.decimals)).value
