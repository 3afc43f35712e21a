"""How the receptive field grows along the main path, layer by layer, up to where every unit sees the same."""

from __future__ import annotations

from typing import NamedTuple

from cnncalc.analysis.receptive import Fields
from cnncalc.analysis.report import LayerFacts, Report
from cnncalc.graph import INPUT
from cnncalc.text import Shape


class Step(NamedTuple):
    """A layer of the path, what its units see (gates left out), and whether the size and the jump change there."""

    name: str
    type: str
    fields: Fields
    grows: bool
    jumps: bool


class Growth(NamedTuple):
    """The steps from the first layer on, the input's sizes, and the first layer whose units see the same, if any."""

    steps: list[Step]
    input_sizes: Shape
    whole_from: str | None


def growth(report: Report) -> Growth:
    """Return how the receptive field grows. Where paths join, the one that sees most is followed."""
    steps: list[Step] = []
    before: Fields = ()
    whole_from = None
    for facts in _main_path(report):
        fields = facts.receptive.without_gate
        if any(field.jump == 0 for field in fields):
            whole_from = facts.node.name
            break
        sizes, jumps = [field.size for field in fields], [field.jump for field in fields]
        grows = sizes != ([field.size for field in before] or [1] * len(sizes))
        strides = jumps != ([field.jump for field in before] or [1] * len(jumps))
        steps.append(Step(facts.node.name, facts.node.type, fields, grows, strides))
        before = fields
    return Growth(steps if before else [], report.graph.input_shape[1:], whole_from)


def _main_path(report: Report) -> list[LayerFacts]:
    """Return the layers from the input to the output, at each join through the input whose units see most."""
    known = {facts.node.name: facts for facts in report.layers}
    path: list[LayerFacts] = []
    name = report.layers[-1].node.name
    while name != INPUT:
        facts = known[name]
        path.append(facts)
        name = max(reversed(facts.node.inputs), key=lambda one: _seen(known.get(one)))
    return path[::-1]


def _seen(facts: LayerFacts | None) -> tuple[bool, int]:
    """Return how much a layer's units see, one whose units all see the same (a gate) least."""
    if facts is None:
        return (True, 0)
    fields = facts.receptive.without_gate
    return all(field.jump != 0 for field in fields), sum(field.size for field in fields)
