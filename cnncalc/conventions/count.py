"""The pass: what a tool would print for a graph, item by item from the exact count on.

The first item is the exact count: the MACs of convolutions and linear layers, twice for FLOPs. Each further item is
what the tool counts besides, or does not see, summed by what is counted; the items sum to the total.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from cnncalc.conventions.quantities import Values
from cnncalc.conventions.read import TOOLS, UNITS, Also, Convention, Counted, Rule, convention
from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.graph import Graph, Node, check_network
from cnncalc.layers.base import Layer
from cnncalc.spec.expressions import ExpressionError, evaluate
from cnncalc.text import Shape, later, say

EXACT = {
    1: later("convolution and linear MACs, exact"),
    2: later("convolution and linear MACs, exact, 2 FLOPs each"),
}
MISSED = later("convolution and linear layers that it does not count")
NO_RULE = Rule("", False, "unknown", ())
"""Of a layer type that a file says nothing of."""


class Item(NamedTuple):
    """A part of the total. `what` and `wrong` are templates; `wrong`: why the tool itself would not mean it so."""

    what: str
    amount: int
    wrong: str = ""


class LeftOut(NamedTuple):
    """Layers of one type that add nothing. `state` is one of read.STATES."""

    state: str
    type: str
    layers: int


class LayerCount(NamedTuple):
    """What a tool counts of one layer; `state` where that is nothing."""

    name: str
    type: str
    output_shape: Shape
    amount: int
    items: tuple[Item, ...]
    state: str


class Number(NamedTuple):
    """Another number that the tool prints. `what` is a template."""

    key: str
    what: str
    unit: str
    value: int


class Count(NamedTuple):
    """The number a tool would print, and how it comes about: the items sum to the total."""

    tool: Convention
    batch: int
    total: int
    items: tuple[Item, ...]
    not_counted: tuple[LeftOut, ...]
    layers: tuple[LayerCount, ...]
    also: tuple[Number, ...]

    @property
    def unit(self) -> str:
        """MACs or FLOPs, as the total is to be read, whatever the tool calls it."""
        return self.tool.unit


def count(graph: Graph, tool: str, *, batch: int = 1) -> Count:
    """Return what `tool`, one of read.TOOLS, prints for a graph and a batch.

    Where the tool's number is for one input whatever the batch, so is this one. Raises CnncalcError for an unknown tool
    (E701), a batch below 1 (E222) or a count beyond 2^53 (E702).
    """
    check_network(graph)
    if batch < 1:
        raise CnncalcError([Diagnostic("E222", say("batch must be 1 or more, got {batch}", batch=batch))])
    rules = convention(tool)
    counted = _by_layer(graph.executed, rules, batch if rules.scales else 1)
    sums: Parts = {(EXACT[UNITS[rules.unit]], ""): 0}
    for _, _, parts in counted:
        for part, amount in parts.items():
            sums[part] = sums.get(part, 0) + amount
    items = _items(_in_order(sums, rules))
    left = Counter((state, node.type) for node, state, _ in counted if state)
    return Count(
        rules,
        batch,
        _total(items),
        items,
        tuple(LeftOut(state, kind, number) for (state, kind), number in left.items()),
        tuple(_layer_count(node, state, _items(parts)) for node, state, parts in counted),
        tuple(Number(also.key, also.what, also.unit, _sum_of(also, graph, batch)) for also in rules.also),
    )


def counts(graph: Graph, tools: Sequence[str] = TOOLS, *, batch: int = 1) -> list[Count]:
    """Return the counts of several tools, in their order."""
    return [count(graph, tool, batch=batch) for tool in tools]


Parts = dict[tuple[str, str], float]
"""(what, wrong) -> how much; some tools divide, so an amount may be no whole number until all are summed."""


def _by_layer(nodes: Sequence[Node], rules: Convention, times: int) -> list[tuple[Node, str, Parts]]:
    """Return what is counted of each node, and its state where that is nothing; alike layers are looked at once."""
    known: dict[tuple[Layer, tuple[Shape, ...], bool], tuple[str, Parts]] = {}
    found: list[tuple[Node, str, Parts]] = []
    for node in nodes:
        key = (node.layer, node.input_shapes, node.functional)
        if key not in known:
            known[key] = _counted(node, rules, times)
        found.append((node, *known[key]))
    return found


def _layer_count(node: Node, state: str, items: tuple[Item, ...]) -> LayerCount:
    return LayerCount(node.name, node.type, node.output_shape, _total(items), items, state)


def _items(parts: Parts) -> tuple[Item, ...]:
    return tuple(Item(what, int(amount), wrong) for (what, wrong), amount in parts.items())


def _total(items: Sequence[Item]) -> int:
    return sum(item.amount for item in items)


def _in_order(sums: Parts, rules: Convention) -> Parts:
    """Return the parts that are not 0, the exact count first and then in the order of the file."""
    listed = [counted.what for found in rules.rules.values() for rule in found for counted in _every(rule)]
    order = {what: at for at, what in reversed(list(enumerate(listed)))}
    (exact, amount), *rest = sums.items()
    rest.sort(key=lambda part: order.get(part[0][0], -1))
    return {exact: amount, **{part: amount for part, amount in rest if amount}}


def _every(rule: Rule) -> tuple[Counted, ...]:
    return rule.counts + (rule.functional.counts if rule.functional else ())


def rule_of(node: Node, rules: Convention) -> Rule:
    """Return the rule that applies to a node, its functional one where it is called as a function."""
    for rule in rules.rules.get(node.type, (NO_RULE,)):
        if not rule.when or _value(node, rule.when):
            return rule.functional if node.functional and rule.functional else rule
    return NO_RULE


def _counted(node: Node, rules: Convention, times: int) -> tuple[str, Parts]:
    """Return a layer's state, where it adds nothing, and its parts."""
    rule = rule_of(node, rules)
    weight = UNITS[rules.unit]
    exact = weight * times * node.layer.quantities(node.input_shapes, node.output_shape).mac
    parts: Parts = {(EXACT[weight], ""): exact} if exact else {}
    if exact and not rule.exact:
        parts[MISSED, ""] = -exact
    for counted in rule.counts:
        amount = _value(node, counted.amount, times) * (1 if counted.once else times)
        if amount:
            part = (counted.what, counted.wrong)
            parts[part] = parts.get(part, 0) + amount
    return rule.state, parts


def _sum_of(also: Also, graph: Graph, batch: int) -> int:
    nodes = graph.every_node() if also.heads else graph.executed
    total = sum(_value(node, also.amount) for node in nodes if also.functional or not node.functional)
    return int(total * (batch if also.grows else 1))


def _value(node: Node, expression: str, batch: int = 1) -> int | float:
    """Return an expression's value for a node. Raises CnncalcError (E702) where it is beyond 2^53."""
    try:
        found = evaluate(expression, Values(node, batch))
    except ExpressionError as error:
        message = say("{layer}: {problem}", layer=node.name, problem=error)
        raise CnncalcError([Diagnostic("E702", message, node.span)]) from None
    assert not isinstance(found, str)
    return found
