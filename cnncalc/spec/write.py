"""A graph -> a spec that gives the same graph: what an assignment holds where its network came from no file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import MISSING
from itertools import groupby
from typing import cast

from cnncalc.diagnostics import CnncalcError, Diagnostic
from cnncalc.graph import INPUT, Graph, Head, Node
from cnncalc.layers.base import argument_fields
from cnncalc.layers.kinds import PaddingPairs, PerAxis
from cnncalc.spec.flow import block
from cnncalc.spec.load import loads
from cnncalc.text import say

Spec = dict[str, object]


def network_spec(graph: Graph) -> Spec:
    """Return the spec of a graph as plain data; dotted names become nested Sequentials.

    Raises CnncalcError (E529) where no spec gives it: a Sequential whose layers do not stand together.
    """
    spec: Spec = {"name": graph.name} if graph.name else {}
    spec |= {"input": list(graph.input_shape), "layers": _items(graph.nodes, "", INPUT)}
    if graph.heads:
        spec["heads"] = {head.name: _head(head) for head in graph.heads}
    if graph.tensors:
        spec["tensors"] = graph.tensors
    if not _is_same(graph, spec):
        message = say("the network {name} cannot be written as a spec", name=graph.name)
        help = say("give each layer inside another a name that no layer outside has")
        raise CnncalcError([Diagnostic("E529", message, help=help)])
    return spec


def network_text(graph: Graph) -> str:
    """Return the YAML of a spec that gives the graph. Raises CnncalcError (E529) where none does."""
    return "\n".join(["cnncalc: 1", *block(network_spec(graph))]) + "\n"


def _is_same(graph: Graph, spec: Spec) -> bool:
    """Tell whether the spec gives the graph; a name that means another layer in an inner list would not."""
    try:
        again = loads(json.dumps(spec))
    except CnncalcError:
        return False
    own, other = (
        [(node.name, node.layer, node.inputs, node.functional) for node in each.every_node()] for each in (graph, again)
    )
    return own == other


def _head(head: Head) -> Spec:
    first = head.nodes[0].inputs[0]
    alone = head.nodes[0].name == head.name
    layers = _item(head.nodes[0], first) if alone else _items(head.nodes, f"{head.name}.", first)
    found: Spec = {"from": first, "layers": layers}
    return {**found, "train_only": True} if head.train_only else found


def _items(nodes: Iterable[Node], path: str, before: str) -> list[Spec]:
    """Return the items of a list at `path`; `before` is the layer that stands before it."""
    items: list[Spec] = []
    for part, group in groupby(nodes, key=lambda node: node.name[len(path) :].partition(".")[0]):
        inner = list(group)
        name: Spec = {} if part == str(len(items)) else {"name": part}
        if inner[0].name == path + part:
            items.append({**name, **_item(inner[0], before)})
        elif inner[-1].name == path + part:
            items.append({**name, **_branched(inner, f"{path}{part}.", before)})
        else:
            entering = inner[0].inputs if inner[0].inputs != (before,) else ()
            source: Spec = {"from": entering[0]} if len(entering) == 1 else {}
            start = entering[0] if len(entering) == 1 else before
            items.append({**name, "type": "Sequential", **source, "layers": _items(inner, f"{path}{part}.", start)})
        before = inner[-1].name
    return items


def _branched(nodes: Sequence[Node], path: str, before: str) -> Spec:
    """Return the item of a merge, the last of `nodes`, whose branches are the others; one that is empty is a number."""
    *inner, merge = nodes
    branches: dict[str, object] = {}
    for name in merge.inputs:
        part = name[len(path) :].partition(".")[0] if name.startswith(path) else str(len(branches))
        own = [node for node in inner if node.name == path + part or node.name.startswith(f"{path}{part}.")]
        alone = len(own) == 1 and own[0].name == path + part
        branches[part] = _item(own[0], before) if alone else _items(own, f"{path}{part}.", before)
    found = _item(merge, before)
    found.pop("from", None)
    return {**found, "branches": branches}


def _item(node: Node, before: str) -> Spec:
    found: Spec = {"type": node.type}
    if node.inputs != (before,):
        found["from"] = node.inputs[0] if len(node.inputs) == 1 else list(node.inputs)
    for name, (kind, field) in argument_fields(type(node.layer)).items():
        value = getattr(node.layer, name)
        default = None if field.default in (None, MISSING) else kind.normalise(field.default, node.layer.axes)
        if value != default:
            found[name] = _plain(value, short=isinstance(kind, PerAxis | PaddingPairs))
    return {**found, "functional": True} if node.functional else found


def _plain(value: object, *, short: bool) -> object:
    """Return lists for tuples; with `short`, 5 for (5, 5) and 2 for ((2, 2), (2, 2))."""
    if not isinstance(value, tuple):
        return value
    parts = [_plain(item, short=short) for item in cast(Sequence[object], value)]
    # [0, 1] is two axes, so that [before, after] of one axis, or of several alike, stays in its list
    return parts[0] if short and not isinstance(parts[0], list) and all(part == parts[0] for part in parts) else parts
