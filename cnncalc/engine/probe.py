"""The receptive field, measured by running the network.

NaN spreads through every product, sum and maximum. So an input that is NaN from index t on along one axis makes a unit
NaN exactly where the unit depends on some index from t on; bisection over t finds the last index it depends on, and NaN
up to t the first. All units, axes and edges bisect at once, each distinct input a place in the batch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import NamedTuple

import numpy as np

from cnncalc.engine.reference.operation import Array
from cnncalc.engine.run import Step, execute
from cnncalc.engine.thin import averaging_weights, thin
from cnncalc.graph import INPUT, Graph
from cnncalc.layers.base import LayerError

Position = tuple[int, ...]
Span = tuple[int, int] | None
"""First and last input index along one axis; None where the unit depends on nothing."""

_BATCH_ELEMENTS = 4_000_000
"""Inputs run side by side up to so many elements of the largest feature map (16 MB in float32)."""


class _Probe(NamedTuple):
    """An input that is zero, and NaN on axis `axis` from `edge` on (`from_edge`) or up to and including it."""

    axis: int
    from_edge: bool
    edge: int


class _Search(NamedTuple):
    """One bisection: the edge of the field of one unit on one axis. The answer lies in `low` to `high`."""

    node: str
    position: Position
    axis: int
    last: bool
    low: int
    high: int

    def probe(self) -> _Probe:
        """Return the question for the middle: does the unit depend on anything there or beyond?"""
        middle = (self.low + self.high + 1) // 2 if self.last else (self.low + self.high) // 2
        return _Probe(self.axis, self.last, middle)

    def told(self, depends: bool) -> _Search:
        """Return the search narrowed by the answer."""
        middle = self.probe().edge
        if self.last:
            return self._replace(low=middle) if depends else self._replace(high=middle - 1)
        return self._replace(high=middle) if depends else self._replace(low=middle + 1)


def measure(graph: Graph, wanted: Mapping[str, Sequence[Position]]) -> dict[str, list[tuple[Span, ...]]]:
    """Return, for each position of each node, the first and last input index it depends on along each input axis.

    A position is the spatial index (y, x) in a feature map, taken over all channels, and (feature,) in a vector. The
    input axes are the spatial ones in order; padding is not input, so a window is clipped to the input. All bisections
    share the runs of the network.
    """
    runner = _Runner(graph, wanted)
    axes = len(graph.input_shape) - 1
    if axes == 0:
        return {name: [() for _ in positions] for name, positions in wanted.items()}
    units = [(name, tuple(position)) for name, positions in wanted.items() for position in positions]
    anything = runner.answers([(*unit, _Probe(0, True, 0)) for unit in units])
    searches = [
        _Search(*unit, axis, last, 0, graph.input_shape[1 + axis] - 1)
        for unit, depends in zip(units, anything, strict=True)
        if depends
        for axis in range(axes)
        for last in (False, True)
    ]
    found = {(s.node, s.position, s.axis, s.last): s.low for s in _bisected(runner, searches)}

    def span(name: str, position: Position, axis: int) -> Span:
        first = found.get((name, position, axis, False))
        return None if first is None else (first, found[name, position, axis, True])

    return {
        name: [tuple(span(name, tuple(position), axis) for axis in range(axes)) for position in positions]
        for name, positions in wanted.items()
    }


def _bisected(runner: _Runner, searches: list[_Search]) -> list[_Search]:
    while any(search.low < search.high for search in searches):
        open_ones = [search for search in searches if search.low < search.high]
        answers = runner.answers([(search.node, search.position, search.probe()) for search in open_ones])
        narrowed = [search.told(depends) for search, depends in zip(open_ones, answers, strict=True)]
        searches = [search for search in searches if search.low == search.high] + narrowed
    return searches


class _Runner:
    """Runs the thin network, as far as the wanted nodes need it, on batches of probes."""

    def __init__(self, graph: Graph, wanted: Collection[str]) -> None:
        try:
            whole, alone = thin(graph), False
        except LayerError:  # rare enough to pay for all channels
            whole, alone = replace(graph, nodes=tuple(graph.every_node()), heads=(), tensors={}), True
        self.graph = replace(whole, nodes=whole.needed_for(wanted))
        missing = set(wanted) - {INPUT, *(node.name for node in self.graph.nodes)}
        if missing:
            raise KeyError(f"the network has no node {sorted(missing)}")
        self.weights = averaging_weights(self.graph)
        shapes = [self.graph.input_shape, *(node.output_shape for node in self.graph.nodes)]
        # One probe at a time where a BatchNorm may still take its statistics over the whole batch.
        self.batch = 1 if alone else max(1, _BATCH_ELEMENTS // max(prod(shape) for shape in shapes))

    def answers(self, questions: list[tuple[str, Position, _Probe]]) -> list[bool]:
        """Return for each (node, position, probe) whether the unit comes out NaN."""
        answered: dict[tuple[str, Position, _Probe], bool] = {}
        probes = list(dict.fromkeys(probe for _, _, probe in questions))
        asked: dict[str, dict[_Probe, set[Position]]] = {}
        for name, position, probe in questions:
            asked.setdefault(name, {}).setdefault(probe, set()).add(position)
        for start in range(0, len(probes), self.batch):
            self._run(probes[start : start + self.batch], asked, answered)
        return [answered[question] for question in questions]

    def _run(
        self,
        probes: list[_Probe],
        asked: dict[str, dict[_Probe, set[Position]]],
        answered: dict[tuple[str, Position, _Probe], bool],
    ) -> None:
        def note(step: Step, output: Array) -> None:
            name = step.node.name
            output[np.isinf(output)] = 0  # the maximum of padding alone, which times the zeros of an input were NaN
            for place, probe in enumerate(probes):
                for position in asked.get(name, {}).get(probe, ()):
                    answered[name, position, probe] = _is_nan(output[place], position)

        x = np.zeros((len(probes), *self.graph.input_shape), np.float32)
        for place, probe in enumerate(probes):
            marked = slice(probe.edge, None) if probe.from_edge else slice(None, probe.edge + 1)
            x[(place, slice(None), *(slice(None),) * probe.axis, marked)] = np.nan
        execute(self.graph, x, self.weights, after_step=note)


def _is_nan(output: Array, position: Position) -> bool:
    """Whether any channel at a position of one output (C, *spatial) is NaN, or one feature of a vector."""
    unit: Array = output[position] if output.ndim == 1 else output[(slice(None), *position)]
    return bool(np.isnan(unit).any())
