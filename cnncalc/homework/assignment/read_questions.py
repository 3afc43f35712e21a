"""The questions of an assignment, each checked against the network that it is asked of."""

from __future__ import annotations

import re
from collections.abc import Mapping as NamesMapping

from cnncalc.diagnostics import Label, Span
from cnncalc.graph import Graph
from cnncalc.homework.assignment import Condition, Counting, Question, terms
from cnncalc.homework.assignment.askable import Askable
from cnncalc.homework.assignment.defaults import default_questions
from cnncalc.homework.assignment.read_network import NetworkReader
from cnncalc.homework.assignment.solvable import ToSolve, note_unsolvable
from cnncalc.homework.assignment.terms import Terms, read_terms
from cnncalc.homework.assignment.values import Values
from cnncalc.homework.quantities import TOTAL, Asked
from cnncalc.layers import CANONICAL
from cnncalc.spec.keys import known_keys, lacks
from cnncalc.spec.problems import Problems, kind_of, suggestion
from cnncalc.spec.source import Entry, Mapping, Scalar, Sequence, Tree
from cnncalc.text import say

MAX_QUESTIONS = 10_000

OWN = ("spec", "network")
"""Keys of a question that name its own network."""
ANY = ("label", *terms.KEYS, *OWN)
ONE = ("quantity", "accept", "such_that", "wording", *ANY)
"""Keys of a question that asks one thing."""
MANY = ("quantities", "layer", "layers", *ANY)
"""Keys of a question that asks several."""


def own_networks(entry: Entry | None) -> list[Entry]:
    """Return the entry that names each question's own network; none where a question has no own."""
    items = entry.value.items if entry and isinstance(entry.value, Sequence) else ()
    found = [_own_network(item) for item in items]
    return [own for own in found if own] if all(found) else []


def _own_network(tree: Tree) -> Entry | None:
    return next(filter(None, map(tree.get, OWN)), None) if isinstance(tree, Mapping) else None


class QuestionReader:
    """Reads questions; what is wrong with one is noted, and the others are read on."""

    def __init__(
        self, problems: Problems, networks: NetworkReader, graph: Graph, counting: Counting, standard: Terms
    ) -> None:
        self.problems = problems
        self.values = Values(problems)
        self.networks = networks
        self.graph = graph
        self.askable = Askable(problems, counting)
        self.standard = standard
        self.questions: list[Question] = []
        self._asked: dict[str, Span] = {}
        self._to_solve: list[ToSolve] = []

    def read(self, entry: Entry | None) -> tuple[Question, ...]:
        """Return the questions of `questions`; the default ones where there is no such key."""
        if entry is None or (isinstance(entry.value, Scalar) and not entry.value.text):
            return tuple(self._question(asked, self.standard, self.graph) for asked in default_questions(self.graph))
        if not isinstance(entry.value, Sequence):
            message = say("questions is a list, and this is {kind}", kind=kind_of(entry.value))
            help = say("write each on a line of its own: - conv1.output_shape")
            self.problems.add("E201", message, entry.value.span, help)
            return ()
        if not entry.value.items:
            help = say("leave the key out: every layer's shape and parameters are asked then")
            self.problems.add("E209", say("there are no questions"), entry.span, help)
        for item in entry.value.items:
            self._item(item)
            if len(self.questions) > MAX_QUESTIONS:
                message = say("there are more than {limit} questions", limit=f"{MAX_QUESTIONS:,}")
                self.problems.add("E404", message, item.span, say("make several assignments of them"))
                break
        note_unsolvable(self._to_solve, self.problems)
        return tuple(self.questions)

    def _question(self, asked: Asked, of: Terms, graph: Graph, label: str = "") -> Question:
        own = None if graph is self.graph else graph
        return Question(asked, of.points, of.partial, of.follow_through, decimals=of.decimals, label=label, graph=own)

    def _item(self, tree: Tree) -> None:
        if isinstance(tree, Scalar) and tree.text.strip():
            asked = self.askable.key(tree, self.graph)
            if asked and self.askable.has(asked, self.graph, tree.span):
                self._add(self._question(asked, self.standard, self.graph), tree.span)
        elif isinstance(tree, Mapping):
            self._mapping(tree)
        else:
            message = say("expected a question, got {kind}", kind=kind_of(tree))
            self.problems.add("E201", message, tree.span, say("write conv1.output_shape"))

    def _mapping(self, tree: Mapping) -> None:
        several = any(tree.get(key) for key in ("quantities", "layer", "layers"))
        known, needed = (MANY, "quantities") if several else (ONE, "quantity")
        keys = known_keys(self.problems, tree, known, say("a question"))
        of = read_terms(keys, self.values, self.standard)
        label = self._label(keys.get("label"))
        graph = self._graph(keys)
        if needed not in keys:
            if lacks(keys, tree, needed, known):
                help = say("write quantity: conv1.output_shape, or layer: conv1 and quantities: [output_shape]")
                self.problems.add("E203", say("the question has no {key}", key=needed), tree.span, help)
        elif graph is not None and several:
            self._several(keys, graph, of, label)
        elif graph is not None:
            self._one(keys, graph, of, label)

    def _graph(self, keys: NamesMapping[str, Entry]) -> Graph | None:
        """Return the network the question is asked of: the assignment's where it names none."""
        own = keys.get("spec") or keys.get("network")
        if own is None:
            return self.graph
        if "label" not in keys:
            message = say("a question on a network of its own needs a label, under which it is answered")
            self.problems.add("E203", message, own.key.span, say("write label: q1"))
        return self.networks.read(own)

    def _label(self, entry: Entry | None) -> str:
        label = (self.values.line(entry) if entry else "") or ""
        if entry and label and not re.fullmatch(r"[\w.\-]{1,64}", label):
            help = say("write letters, digits, - and _: label: q1")
            self.problems.add("E205", say("{label} is not a label", label=label), entry.value.span, help)
        return label

    def _one(self, keys: NamesMapping[str, Entry], graph: Graph, of: Terms, label: str) -> None:
        entry = keys["quantity"]
        if not isinstance(entry.value, Scalar):
            self.values.line(entry)
            return
        span = entry.value.span
        asked = self.askable.key(entry.value, graph)
        if asked is None:
            return
        conditions: tuple[Condition, ...] = ()
        if "such_that" in keys:
            if self.askable.is_argument(asked, graph, span):
                conditions = self._conditions(keys["such_that"], graph)
            if not conditions:
                return
        elif not self.askable.has(asked, graph, span):
            return
        texts = self.values.lines(keys["accept"]) if "accept" in keys else []
        question = self._question(asked, of, graph, label)._replace(
            accept=tuple(text.text for text in texts if self.askable.is_readable(text, asked)),
            such_that=conditions,
            wording=(self.values.line(keys["wording"]) or "") if "wording" in keys else "",
        )
        self._add(question, span)
        if conditions:
            self._to_solve.append(ToSolve(question, self.askable.network(graph), keys["such_that"].span))

    def _conditions(self, entry: Entry, graph: Graph) -> tuple[Condition, ...]:
        if not isinstance(entry.value, Mapping) or not entry.value.entries:
            message = say(
                "such_that: expected a mapping of quantities to values, got {kind}", kind=kind_of(entry.value)
            )
            self.problems.add("E201", message, entry.span, say("write such_that: {{conv1.output_shape: 6x28x28}}"))
            return ()
        found: list[Condition] = []
        for given in entry.value.entries:
            asked = self.askable.key(given.key, graph)
            if asked is None or not self.askable.is_condition(asked, graph, given.key.span):
                continue
            text = self.values.line(given)
            if isinstance(given.value, Scalar) and text and self.askable.is_readable(given.value, asked):
                found.append(Condition(asked, text))
        return tuple(found)

    def _several(self, keys: NamesMapping[str, Entry], graph: Graph, of: Terms, label: str) -> None:
        """Ask quantities of layers, a layer after another. Under a label, each adds its name: `q1.parameters`."""
        names = [(self.askable.quantity(name), name.span) for name in self.values.lines(keys["quantities"])]
        places, chosen = self._places(keys.get("layers") or keys.get("layer"), graph)
        for place in places:
            for quantity, span in names:
                if quantity is None:
                    continue
                asked = Asked(place, quantity)
                asks = self.askable.is_worth_asking(asked, graph) if chosen else self.askable.has(asked, graph, span)
                if not asks:
                    continue
                own = [label, *([place] if len(places) > 1 else []), quantity] if label else []
                self._add(self._question(asked, of, graph, ".".join(own)), span)

    def _places(self, entry: Entry | None, graph: Graph) -> tuple[list[str], bool]:
        """Return the layers to ask of, and whether a rule chose them (`all`, a type) and not their names."""
        nodes = {node.name: node for node in graph.executed}
        if entry is None:
            return [self.askable.lone(graph) or TOTAL], False
        names = self.values.lines(entry)
        if entry.key.text == "layers" and isinstance(entry.value, Scalar) and names:
            word = names[0].text.strip()
            if word == "all":
                return [*nodes], True
            if word.casefold() in CANONICAL:
                found = [name for name, node in nodes.items() if node.type.casefold() == word.casefold()]
                if not found:
                    types = list(dict.fromkeys(node.type for node in nodes.values()))
                    message = say("the network has no layer of type {type}", type=word)
                    self.problems.add("E522", message, entry.value.span, suggestion(word, types))
                return found, True
        found = [self.askable.place(name, graph) for name in names]
        return [place for place in found if place], False

    def _add(self, question: Question, span: Span) -> None:
        key = question.label or question.asked.key
        if key.casefold() in self._asked:
            labels = (Label(self._asked[key.casefold()], say("first here")),)
            help = say("remove one of them, or give it a label")
            self.problems.add("E525", say("{key} is asked twice", key=key), span, help, labels=labels)
            return
        self._asked[key.casefold()] = span
        self.questions.append(question)
