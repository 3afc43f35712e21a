"""From a graph to a plan: translation, then one pass after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cnncalc.engine.kernels.movement import CopyIn, CopyOut
from cnncalc.engine.plan.build_elementwise import passes_through
from cnncalc.engine.plan.choose import choose
from cnncalc.engine.plan.concatenate import concatenate
from cnncalc.engine.plan.draft import Draft, Unsupported
from cnncalc.engine.plan.fallback import Fallback
from cnncalc.engine.plan.flattened import Flattened, settled
from cnncalc.engine.plan.fold import fold
from cnncalc.engine.plan.fuse import fuse_additions, fuse_clamps, fuse_prologues
from cnncalc.engine.plan.in_place import in_place
from cnncalc.engine.plan.operation import Array, Operation
from cnncalc.engine.plan.translate import BUILDERS
from cnncalc.engine.plan.unread import without_unread
from cnncalc.engine.plan.value import LANES, PLAIN, Value
from cnncalc.graph import INPUT, Graph, Node
from cnncalc.text import Shape

LAZY = frozenset({"Flatten", "Linear", *(kind for kind, build in BUILDERS.items() if build is passes_through)})
"""Layer types whose builders know what to do with a map that only passes for a vector."""


class Plan(NamedTuple):
    """Operations in an order in which they could run. `results`: the value of each node that has one of its own.

    `values`: the value each node had before operations were joined. `taken`: the shapes of the tensors that were packed
    for each node, by their short names.
    """

    operations: list[Operation]
    entry: CopyIn
    exits: dict[str, CopyOut]
    results: dict[str, Value]
    values: dict[str, Value]
    taken: dict[str, dict[str, Shape]]

    @property
    def fallbacks(self) -> list[Fallback]:
        """The nodes that run on the reference kernel."""
        return [operation for operation in self.operations if isinstance(operation, Fallback)]


def plan(graph: Graph, weights: Mapping[str, Array], batch: int, *, fused: bool = True, keep: bool = False) -> Plan:
    """Plan a graph for inputs (batch, *input_shape), with tensors by their full names.

    Without `fused` every node has a result of its own; with `keep` none is overwritten by the next.
    """
    draft, entry, results = translate(graph, weights, batch)
    exits = {name: CopyOut(name, settled(draft, results[name])) for name in graph.outputs}
    kept = [operation.inputs[0] for operation in exits.values()]
    operations: Sequence[Operation] = draft.operations
    if fused:
        for improve in (without_unread, fold, fuse_clamps, fuse_additions, fuse_prologues):
            operations = improve(operations, kept)
    operations = concatenate(choose(operations))
    if fused and not keep:
        in_place(operations, kept)
    there = {operation.output for operation in operations}
    there |= {operation.output.root for operation in operations}
    own = {name: value for name, value in results.items() if _known(value, there)}
    return Plan([*operations, *exits.values()], entry, exits, own, results, draft.taken)


def translate(graph: Graph, weights: Mapping[str, Array], batch: int) -> tuple[Draft, CopyIn, dict[str, Value]]:
    """Return operations for each node, as they stand in the graph, and the value of each node."""
    draft = Draft(weights, batch)
    entry = CopyIn(INPUT, Value(INPUT, graph.input_shape, batch, _entry_lanes(graph)))
    results: dict[str, Value] = {INPUT: draft.add(entry)}
    for node in graph.executed:
        inputs = [results[name] for name in node.inputs]
        if node.type not in LAZY:
            inputs = [settled(draft, value) for value in inputs]
        results[node.name] = _build(draft, node, inputs)
    return draft, entry, results


def _build(draft: Draft, node: Node, inputs: list[Value]) -> Value:
    done = len(draft.operations)
    try:
        builder = BUILDERS.get(node.type)
        if builder is None:
            raise Unsupported(node.type)
        return builder(draft, node, inputs)
    except Unsupported:
        del draft.operations[done:]
        inputs = [settled(draft, value) for value in inputs]
        return draft.add(Fallback(node, inputs, draft.value(node), draft.weights))


def _entry_lanes(graph: Graph) -> int:
    """Plain where only convolutions over few channels read the input: in blocks of 16 most of it would be zeros."""
    readers = [node for node in graph.executed if INPUT in node.inputs]
    few = graph.input_shape[0] < LANES // 2 and INPUT not in graph.outputs
    return PLAIN if few and all(_reads_plain(node) for node in readers) else LANES


def _reads_plain(node: Node) -> bool:
    layer = node.layer
    return (
        node.type in ("Conv1d", "Conv2d", "Conv3d")
        and getattr(layer, "groups", 1) == 1
        and getattr(layer, "padding_mode", "zeros") == "zeros"
    )


def _known(value: Value, there: set[Value]) -> bool:
    """Whether a value is written, itself, as a part of what is, or as the map it stands for."""
    if isinstance(value, Flattened):
        return _known(value.map, there)
    return value in there or (value.parent is not None and _known(value.parent, there))
