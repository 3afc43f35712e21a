"""What can be asked of the networks of an assignment; what cannot is noted at its place."""

from __future__ import annotations

import re

from cnncalc.diagnostics import CnncalcError, Span
from cnncalc.graph import Graph
from cnncalc.homework.assignment import Counting
from cnncalc.homework.assignment.defaults import asks
from cnncalc.homework.network import Network
from cnncalc.homework.notation import Unread, read_value
from cnncalc.homework.quantities import ARGUMENTS, TOTAL, Asked, quantity_of, read_key
from cnncalc.spec.problems import Problems
from cnncalc.spec.source import Scalar
from cnncalc.text import say

_SIZES = re.compile(r"\d+(?:\s*[x×]\s*\d+)+", re.IGNORECASE)
"""What a student may write as a product, and who writes an assignment more likely means as a shape."""


class Askable:
    """Answers whether something can be asked; a network's facts are computed once."""

    def __init__(self, problems: Problems, counting: Counting) -> None:
        self.problems = problems
        self.counting = counting
        self._networks: dict[int, Network] = {}

    def network(self, graph: Graph) -> Network:
        """Return the facts of a graph."""
        if id(graph) not in self._networks:
            self._networks[id(graph)] = Network(graph, self.counting)
        return self._networks[id(graph)]

    def key(self, written: Scalar, graph: Graph) -> Asked | None:
        """Return what a key asks for. Of a lone layer, `output_shape` is that layer's."""
        places = [node.name for node in graph.executed]
        alone = self.lone(graph)
        text = written.text
        if alone and "." not in text.partition("[")[0]:
            text = f"{alone}.{text}"
        try:
            return read_key(text, places, written.span)
        except CnncalcError as error:
            self.note(error, written.span)
            return None

    def lone(self, graph: Graph) -> str | None:
        """Return the name of the one layer of a graph, a Flatten before it apart, or None where there are several."""
        names = [node.name for node in graph.executed if node.type != "Flatten"]
        return names[0] if len(names) == 1 else None

    def quantity(self, written: Scalar) -> str | None:
        """Return a quantity's one name."""
        found = quantity_of(written.text)
        if found is None:
            try:
                read_key(f"{TOTAL}.{written.text}", (), written.span)  # which says what is near
            except CnncalcError as error:
                self.note(error, written.span)
        return found

    def place(self, written: Scalar, graph: Graph) -> str | None:
        """Return a layer's full name, or TOTAL."""
        asked = self.key(Scalar(f"{written.text}.parameters", True, written.span), graph)
        return asked.place if asked else None

    def has(self, asked: Asked, graph: Graph, span: Span) -> bool:
        """Tell whether there is such a number; nothing is run for it."""
        network = self.network(graph)
        try:
            if asked.at and asked.place != TOTAL:
                network.nodes[asked.place].check_index(asked.at)
            else:
                network.value(asked)
        except CnncalcError as error:
            self.note(error, span)
            return False
        return True

    def is_worth_asking(self, asked: Asked, graph: Graph) -> bool:
        """Tell whether a sheet that asks this of every layer asks it of this one."""
        network = self.network(graph)
        return asks(network.nodes[asked.place], asked.quantity) and network.value_or_none(asked) is not None

    def is_argument(self, asked: Asked, graph: Graph, span: Span) -> bool:
        """Tell whether it is an argument of a layer, which can be chosen to meet a condition."""
        layer = self.network(graph).nodes[asked.place].layer if asked.place != TOTAL else None
        known = [name for name in ARGUMENTS if hasattr(layer, name)]
        if asked.quantity in known:
            return True
        message = say("such_that: {key} is not an argument of a layer", key=asked.key)
        help = say("ask for {names}", names=", ".join(f"{asked.place}.{name}" for name in known)) if known else ""
        self.problems.add("E523", message, span, help or say("ask for an argument of a convolution or a pooling"))
        return False

    def is_condition(self, asked: Asked, graph: Graph, span: Span) -> bool:
        """Tell whether it can be a condition: a number that follows without a run."""
        if asked.quantity != "output":
            return self.has(asked, graph, span)
        message = say("such_that: {key} would need a run for each answer", key=asked.key)
        self.problems.add("E523", message, span, say("write a shape, a receptive field or a number of parameters"))
        return False

    def is_readable(self, written: Scalar, asked: Asked) -> bool:
        """Tell whether a value that the assignment writes can be read as an answer would be."""
        try:
            read_value(written.text, asked.about.kind)
        except Unread as unread:
            self.problems.add("E524", str(unread), written.span, unread.help)
            return False
        if asked.about.kind == "number" and _SIZES.fullmatch(written.text.strip()):
            message = say("{text} is a shape, and {key} is one number", text=written.text.strip(), key=asked.key)
            self.problems.add("E524", message, written.span, say("write the number"))
            return False
        return True

    def note(self, error: CnncalcError, span: Span) -> None:
        """Note an error; one without a place is at `span`."""
        for found in error.diagnostics:
            self.problems.add(found.code, found.message, found.span or span, found.help)
