"""Where a right answer comes from: the rule and the numbers put in, for any quantity that can be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cnncalc.analysis.explain import explain
from cnncalc.analysis.report import Report, analyze
from cnncalc.homework.assignment import Assignment
from cnncalc.homework.marks import Mark
from cnncalc.homework.network import Network
from cnncalc.homework.quantities import AXES, TOTAL, Asked
from cnncalc.homework.workings import working_of
from cnncalc.layers.base import Rule
from cnncalc.text import say

_RULES: Mapping[str, str] = {
    "output_shape": "shape",
    **dict.fromkeys(AXES, "shape"),
    "parameters": "parameters",
    "macs": "macs",
    "receptive_field": "receptive_field",
    "jump": "receptive_field",
    "memory": "memory",
}
"""Which of the layer's own derivations a quantity is part of."""


def derivations(assignment: Assignment) -> Callable[[Mark], list[Rule]]:
    """Return what derives the right answer of a mark's question."""
    known: dict[int, Derivations] = {}

    def derive(mark: Mark) -> list[Rule]:
        graph = mark.question.graph or assignment.graph
        if id(graph) not in known:
            known[id(graph)] = Derivations(Network(graph, assignment.counting, assignment.seed))
        asked = [one.asked for one in mark.question.such_that] or [mark.question.asked]
        return [rule for one in asked for rule in known[id(graph)].of(one)]

    return derive


class Derivations:
    """The derivations of one network; its report is made when first needed."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._report: Report | None = None

    def of(self, asked: Asked) -> list[Rule]:
        """Return the rules that give `asked`; of what no layer has a rule for, the arithmetic alone."""
        counting = self.network.counting
        plain = counting.bias_in_parameters and not counting.bias_in_macs
        if asked.place != TOTAL and asked.quantity in _RULES and plain:
            if self._report is None:
                self._report = analyze(self.network.graph, batch=counting.batch, dtype=counting.dtype)
            return explain(self._report, asked.place).rules[_RULES[asked.quantity]]
        working = working_of(self.network, asked)
        if working is None:
            return []
        worked = working.worked()
        symbols = say("the sum over the layers") if asked.place == TOTAL else say(asked.about.title)
        return [Rule(asked.quantity, symbols, worked.numbers, int(worked.value[0]))] if len(worked.value) == 1 else []
