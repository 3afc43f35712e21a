"""The passes in order, and the Report they add up to: the one object that everything a person sees is drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cnncalc.analysis.costs import Cost, costs
from cnncalc.analysis.memory import BITS, Memory, Training, memory
from cnncalc.analysis.parameters import Held, parameters
from cnncalc.analysis.receptive import Receptive, receptive
from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.graph import Graph, Node, check_network
from cnncalc.text import say


class LayerFacts(NamedTuple):
    """All that is known of one node without running it. Bytes are for the batch; costs are for one input."""

    node: Node
    held: Held
    cost: Cost
    receptive: Receptive
    activation_bytes: int


class HeadFacts(NamedTuple):
    """A side output's layers. One that is `train_only` is in no total but the memory to train."""

    name: str
    train_only: bool
    layers: tuple[LayerFacts, ...]


class Totals(NamedTuple):
    """Over all layers that inference runs. Counts of work are for one input, bytes for the batch."""

    parameters: int
    buffers: int
    macs: int
    macs_without_padding: int
    flops: int
    parameter_bytes: int
    buffer_bytes: int
    activation_bytes: int
    peak_bytes: int
    peak_at: str
    training: Training


class Report(NamedTuple):
    """The facts of a network for one batch size and dtype."""

    graph: Graph
    batch: int
    dtype: str
    layers: tuple[LayerFacts, ...]
    heads: tuple[HeadFacts, ...]
    totals: Totals
    warnings: tuple[Diagnostic, ...]

    @property
    def layer_facts(self) -> dict[str, LayerFacts]:
        """The facts of every node, of the main line and the heads, by name."""
        return {facts.node.name: facts for facts in self.every_layer()}

    def every_layer(self) -> Iterator[LayerFacts]:
        """Yield the facts of the main line, then of each head."""
        yield from self.layers
        for head in self.heads:
            yield from head.layers

    def layer(self, name: str) -> LayerFacts:
        """Return the facts of a node, of the main line or a head; KeyError where there is none."""
        for facts in self.every_layer():
            if facts.node.name == name:
                return facts
        raise KeyError(name)

    def _repr_html_(self) -> str:
        # Notebooks ask the object itself. Drawing stays render's work, so it is fetched only when asked for.
        from cnncalc.render.html import report_html

        return report_html(self)


def analyze(graph: Graph, *, batch: int = 1, dtype: str = "float32") -> Report:
    """Run every pass. `batch` scales bytes, not counts.

    `dtype` is one of float64, float32, float16, bfloat16, int8, int4. Raises CnncalcError for a batch
    below 1 or a dtype there is not.
    """
    check_network(graph)
    if batch < 1:
        raise CnncalcError([Diagnostic("E222", say("batch must be 1 or more, got {batch}", batch=batch))])
    if dtype not in BITS:
        known = say("there are {names}", names=", ".join(BITS))
        raise CnncalcError([Diagnostic("E222", say("there is no dtype {dtype}", dtype=dtype), help=known)])
    held = parameters(graph)
    cost = costs(graph)
    fields, warnings = receptive(graph)
    stored = memory(graph, held, batch=batch, dtype=dtype)

    def facts(nodes: Sequence[Node]) -> tuple[LayerFacts, ...]:
        return tuple(
            LayerFacts(node, held[node.name], cost[node.name], fields[node.name], stored.activations[node.name])
            for node in nodes
        )

    layers = facts(graph.nodes)
    heads = tuple(HeadFacts(head.name, head.train_only, facts(head.nodes)) for head in graph.heads)
    counted = [*layers, *(one for head in heads if not head.train_only for one in head.layers)]
    return Report(graph, batch, dtype, layers, heads, _totals(counted, stored), (*graph.warnings, *warnings))


def _totals(counted: Sequence[LayerFacts], stored: Memory) -> Totals:
    return Totals(
        parameters=sum(facts.held.parameter_count for facts in counted),
        buffers=sum(facts.held.buffer_count for facts in counted),
        macs=sum(facts.cost.macs for facts in counted),
        macs_without_padding=sum(facts.cost.macs_without_padding for facts in counted),
        flops=sum(facts.cost.flops for facts in counted),
        parameter_bytes=stored.parameters,
        buffer_bytes=stored.buffers,
        activation_bytes=sum(facts.activation_bytes for facts in counted),
        peak_bytes=stored.peak,
        peak_at=stored.peak_at,
        training=stored.training,
    )
